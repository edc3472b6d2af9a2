"""What somebody else wrote to a store meanwhile, beside what a dream did to it: change by change, path by path."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from dreams.rules.changes import compare
from dreams.rules.grouping import groups
from dreams.rules.review_states import BOTH_SAME, CONFLICTING, DRIFT_ONLY, MERGEABLE
from dreams.rules.text_merge import Conflict, Merge, three_way

__all__ = ["Conflict", "Drifted", "Merge", "MergedChange", "Piece", "StoreMerge", "merge_stores", "three_way"]

UNTOUCHED, DREAM_ONLY = "untouched", "dream_only"
# The worst one of a change is its own.
STANDINGS = (UNTOUCHED, DREAM_ONLY, DRIFT_ONLY, BOTH_SAME, MERGEABLE, CONFLICTING)

# Why a drifted path stands as it does.
EDITED, DELETED_SINCE, DELETED_BY_DREAM = "edited", "deleted_since", "deleted_by_dream"
ADDED, BOTH_ADDED, MOVED_SINCE = "added", "both_added", "moved_since"


class Piece(Protocol):
    """Paths that are decided together, as `grouping.groups` gives them; `edges`: (old path, new path) of a lineage."""

    @property
    def olds(self) -> Sequence[str]: ...

    @property
    def news(self) -> Sequence[str]: ...

    @property
    def edges(self) -> Sequence[tuple[str, str]]: ...


@dataclass(frozen=True, slots=True)
class Drifted:
    """One path whose bytes in `theirs` are not those of `base`: how it stands, and why, by a name of this module.

    `now`: where it is in `theirs`, "" when it is gone. `onto`: the paths after the dream that hold what it held;
    `merge` is how the texts go together in the first of them, None where one side has none.
    """

    path: str
    now: str
    standing: str
    why: str
    onto: tuple[str, ...] = ()
    merge: Merge | None = None

    def as_dict(self) -> dict[str, object]:
        """The same as data, without texts."""
        return {"path": self.path, "standing": self.standing, "why": self.why, "onto": list(self.onto)}


@dataclass(frozen=True, slots=True)
class MergedChange:
    """One piece of what the dream did, or of what it left alone, with all drift that touches it; `texts` is what it
    leaves in the store, with git's markers where texts conflict and the dream's where there is only one."""

    standing: str
    olds: tuple[str, ...]
    news: tuple[str, ...]
    drift: tuple[Drifted, ...]
    texts: Mapping[str, str]

    @property
    def offered(self) -> Mapping[str, str] | None:
        """`texts` with each conflict as its words resolve it; None when somebody has to choose."""
        texts = dict(self.texts)
        takers = [each.onto[0] for each in self.drift if each.onto]
        for each in self.drift:
            if each.standing == CONFLICTING:
                if each.merge is None or each.merge.resolved is None or takers.count(each.onto[0]) > 1:
                    return None
                texts[each.onto[0] if each.onto[0] in texts else each.now] = each.merge.resolved
        return texts


@dataclass(frozen=True, slots=True)
class StoreMerge:
    """Every change by its standing, in the order of the pieces; then what only the drift added."""

    changes: tuple[MergedChange, ...]

    @property
    def texts(self) -> dict[str, str]:
        """The store with both sides' changes."""
        return {path: text for change in self.changes for path, text in change.texts.items()}

    @property
    def conflicts(self) -> tuple[MergedChange, ...]:
        """The changes that need somebody to choose."""
        return tuple(change for change in self.changes if change.standing == CONFLICTING)

    def as_dict(self) -> dict[str, list[dict[str, object]]]:
        """By standing, the changes and their drifted paths as data; without what nobody touched."""
        return {
            standing: [
                {
                    "olds": list(change.olds),
                    "news": list(change.news),
                    "drift": [each.as_dict() for each in change.drift],
                }
                for change in self.changes
                if change.standing == standing
            ]
            for standing in STANDINGS[1:]
        }


def merge_stores(
    base: Mapping[str, str],
    ours: Mapping[str, str],
    theirs: Mapping[str, str],
    pieces: Iterable[Piece] | None = None,
) -> StoreMerge:
    """What the dream made of `base` (`ours`, its output) beside what became of it meanwhile (`theirs`, the store now),
    each {path: text}. Drift on a memory that was merged away belongs to the one that took it in, and that of a split
    memory to the part that has the edited lines. `pieces`: what the dream did, when it is known already; then only
    what drifted costs anything, and pieces that did not may be left out."""
    if pieces is None:
        pieces = groups(compare(base, ours), base, ours)
    drifted = {path for path in base.keys() | theirs.keys() if base.get(path) != theirs.get(path)}
    moved = _moves(base, theirs, drifted)
    drifted -= set(moved.values()) - ours.keys()
    sides, changes = _Sides(base, ours, theirs, moved), []
    for piece in pieces:
        paths = drifted.intersection((*piece.olds, *piece.news))
        drifted -= paths
        changes.append(sides.change(piece, sorted(paths - {moved.get(old) for old in piece.olds})))
    for path in sorted(drifted):
        texts = {path: theirs.get(path, "")}
        alone = sides.left_alone(path, texts) if path in base else Drifted(path, path, DRIFT_ONLY, ADDED)
        changes.append(MergedChange(DRIFT_ONLY, (), (), (alone,), texts))
    return StoreMerge(tuple(changes))


def _moves(base: Mapping[str, str], theirs: Mapping[str, str], drifted: Iterable[str]) -> dict[str, str]:
    """{old path: new path} of what the drift itself moved."""
    gone = {path: base[path] for path in drifted if path not in theirs}
    new = {path: theirs[path] for path in drifted if path not in base}
    return {each.old: each.new for each in compare(gone, new).moved} if gone and new else {}


@dataclass(frozen=True, slots=True)
class _Sides:
    """The three stores, and what moved from base to theirs."""

    base: Mapping[str, str]
    ours: Mapping[str, str]
    theirs: Mapping[str, str]
    moved: Mapping[str, str]

    def change(self, piece: Piece, touched: Sequence[str]) -> MergedChange:
        """A piece with its drift."""
        texts = {path: self.ours[path] for path in piece.news}
        alone = not piece.edges and all(self.base.get(path) == self.ours.get(path) for path in (*piece.olds, *texts))
        moved = [self.moved[old] for old in piece.olds if old in self.moved]
        elsewhere = any(self.theirs[now] != self.ours.get(now) for now in moved)
        same = all(self.theirs.get(path) == self.ours.get(path) for path in (*piece.olds, *texts))
        if same and not alone and not elsewhere:
            drift = [self._same(path, texts) for path in touched]
        else:
            drift = [self.left_alone(path, texts) if alone else self._both(path, piece, texts) for path in touched]
            for each in drift:
                if each.onto == (each.path,) and each.now not in self.ours and each.now:
                    texts[each.now] = texts.pop(each.path)
        standings = [each.standing for each in drift] or [UNTOUCHED if alone else DREAM_ONLY]
        return MergedChange(
            max(standings, key=STANDINGS.index), tuple(piece.olds), tuple(piece.news), tuple(drift), texts
        )

    def _same(self, path: str, texts: Mapping[str, str]) -> Drifted:
        """Drift on a piece that is the same on both sides."""
        why = BOTH_ADDED if path not in self.base else EDITED if path in texts else DELETED_SINCE
        here = path if path in texts else ""
        return Drifted(path, here or self.moved.get(path, ""), BOTH_SAME, why, (here,) if here else ())

    def left_alone(self, path: str, texts: dict[str, str]) -> Drifted:
        """Drift on what the dream did not touch: it stays as it is now."""
        del texts[path]
        now = self.moved.get(path, path)
        if now not in self.theirs:
            return Drifted(path, "", DRIFT_ONLY, DELETED_SINCE)
        if now == path or now not in self.ours:  # else both added that path
            texts[now] = self.theirs[now]
        return Drifted(path, now, DRIFT_ONLY, EDITED if now == path else MOVED_SINCE, (now,))

    def _both(self, path: str, piece: Piece, texts: dict[str, str]) -> Drifted:
        """Drift on what the dream changed too."""
        if path not in self.base:
            merge = three_way("", texts[path], self.theirs[path])
            texts[path] = merge.text
            return Drifted(path, path, MERGEABLE if merge.clean else CONFLICTING, BOTH_ADDED, (path,), merge)
        now = self.moved.get(path, path)
        onto = tuple(new for old, new in piece.edges if old == path) or (path,) * (path in texts)
        if now not in self.theirs:
            return Drifted(path, "", CONFLICTING if onto else BOTH_SAME, DELETED_SINCE, onto)
        if not onto:
            return Drifted(path, now, CONFLICTING, DELETED_BY_DREAM)
        new, merge, sure = self._merged(path, self.theirs[now], onto, texts)
        texts[new] = merge.text
        apart = now != path and onto != (now,) and (onto != (path,) or now in self.ours)
        standing = CONFLICTING if apart or not sure else MERGEABLE
        if new == now and self.ours[new] == self.theirs[now]:
            standing = BOTH_SAME
        why = MOVED_SINCE if now != path else EDITED
        return Drifted(path, now, standing, why, (new, *(each for each in onto if each != new)), merge)

    def _merged(
        self, path: str, text: str, onto: Sequence[str], texts: Mapping[str, str]
    ) -> tuple[str, Merge, bool]:
        """The one of `onto` that takes the edits in, and whether that is sure: where several parts of a split memory
        do, or none, nobody but a person can say."""
        merges = {new: three_way(self.base[path], texts[new], text) for new in onto}
        taking = [new for new, merge in merges.items() if merge.clean and merge.text != texts[new]]
        torn = [new for new, merge in merges.items() if not merge.clean]
        new = (taking or torn or onto)[0]
        return new, merges[new], len(taking) == 1 or not (taking or torn)
