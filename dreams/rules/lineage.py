"""Which memory became which: moved, merged and split, by equal bytes and equal statements."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

from dreams.rules.change_types import Merged, Moved, Split

# So much of a memory's own statements has to be found in the other one.
SHARED = 0.6
# A statement that more memories hold than this is boilerplate and ties nothing together.
BOILERPLATE = 4
# Shorter statements (in characters) are said by too many: "Notes", "Yes".
SUBSTANTIAL = 12

Keys = Mapping[str, Set[str]]


@dataclass(slots=True)
class Lineage:
    """The edges between paths before and after, and the paths left without one."""

    removed: list[str]
    added: list[str]
    moved: list[Moved] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    split: list[Split] = field(default_factory=list)


def lineage(shas_before: Mapping[str, str], shas_after: Mapping[str, str], before: Keys, after: Keys) -> Lineage:
    """The lineage of two stores, given each path's sha256 and its statements' normal forms.

    Equal bytes first; then a memory belongs to the one that holds most of its statements letter by letter.
    Reworded memories are not traced: they stay removed and added.
    """
    before, after = _telling(before), _telling(after)
    search = _Search(shas_before, shas_after, before, after)
    search.equal_bytes()
    search.splits()
    search.statements()
    return search.result()


def _telling(keys: Keys) -> Keys:
    """Only the statements that tell memories apart."""
    held = Counter(key for statements in keys.values() for key in statements)
    return {
        path: {key for key in statements if len(key) >= SUBSTANTIAL and held[key] <= BOILERPLATE}
        for path, statements in keys.items()
    }


class _Search:
    """The state of one search; each step consumes what it explains."""

    def __init__(
        self, shas_before: Mapping[str, str], shas_after: Mapping[str, str], before: Keys, after: Keys
    ) -> None:
        self.shas_before, self.shas_after = shas_before, shas_after
        self.before, self.after = before, after
        self.removed = set(shas_before.keys() - shas_after.keys())
        self.added = set(shas_after.keys() - shas_before.keys())
        self.modified = {
            path for path in shas_before.keys() & shas_after.keys() if shas_before[path] != shas_after[path]
        }
        self.sources: dict[str, list[str]] = defaultdict(list)
        self.split: list[Split] = []

    def equal_bytes(self) -> None:
        """Memories without statements never move: any two empty ones would be equal."""
        news: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self.shas_after):
            news[self.shas_after[path]].append(path)
        for old in sorted(self.removed):
            targets = news.get(self.shas_before[old])
            if targets and self.before[old]:
                free = [path for path in targets if path in self.added and not self.sources[path]]
                self.sources[max(free or targets, key=lambda new: (_likeness(old, new), new))].append(old)
                self.removed.discard(old)
        self.added.difference_update(new for new, olds in self.sources.items() if olds)

    def splits(self) -> None:
        """A memory that gave its statements to several, or gave some away and lives on."""
        holders = _holders(self.before, self.removed | self.modified)
        children: dict[str, list[str]] = defaultdict(list)
        for new in sorted(self.added):
            if old := _best(new, self.after[new], holders):
                children[old].append(new)
        for old, news in children.items():
            if old in self.removed and len(news) > 1:
                self.split.append(Split(old, tuple(news)))
                self.removed.discard(old)
                self.added.difference_update(news)
            elif old in self.modified:
                left = self.after[old]
                news = [
                    new
                    for new in news
                    if 2 * len(self.after[new] & self.before[old] & left) < len(self.after[new] & self.before[old])
                ]
                if news:
                    self.split.append(Split(old, tuple(sorted([old, *news]))))
                    self.added.difference_update(news)

    def statements(self) -> None:
        """What is left of the removed memories belongs where most of their statements are."""
        parts = {new for split in self.split for new in split.news if new != split.old}
        holders = _holders(self.after, self.after.keys() - parts)
        for old in sorted(self.removed):
            if new := _best(old, self.before[old], holders):
                self.sources[new].append(old)
        self.removed.difference_update(old for olds in self.sources.values() for old in olds)
        self.added.difference_update(new for new, olds in self.sources.items() if olds)

    def result(self) -> Lineage:
        found = Lineage(sorted(self.removed), sorted(self.added), split=sorted(self.split, key=lambda s: s.old))
        for new, olds in sorted(self.sources.items()):
            lived = [new] if new in self.shas_before else []
            if lived or len(olds) > 1:
                found.merged.append(Merged(tuple(sorted(olds + lived)), new))
            elif olds:
                found.moved.append(Moved(olds[0], new, self._similarity(olds[0], new)))
        found.moved.sort(key=lambda moved: moved.old)
        return found

    def _similarity(self, old: str, new: str) -> float:
        if self.shas_before[old] == self.shas_after[new]:
            return 1.0
        one, other = self.before[old], self.after[new]
        # Only equal bytes are the whole 1: what differs outside the telling statements still differs.
        return min(0.99, round(2 * len(one & other) / (len(one) + len(other)), 2))


def _holders(keys: Keys, paths: Iterable[str]) -> dict[str, list[str]]:
    holders: dict[str, list[str]] = defaultdict(list)
    for path in sorted(paths):
        for key in keys[path]:
            holders[key].append(path)
    return holders


def _best(path: str, statements: Set[str], holders: Mapping[str, list[str]]) -> str | None:
    """The path that holds most of these statements, when it is enough of them."""
    shared = Counter(holder for key in statements for holder in holders.get(key, ()))
    if not shared:
        return None
    best = max(shared, key=lambda other: (shared[other], _likeness(path, other), other))
    return best if shared[best] >= SHARED * len(statements) else None


def _likeness(one: str, other: str) -> tuple[bool, bool]:
    """Among equals the same file name goes first, then the same folder."""
    folder, _, name = one.rpartition("/")
    other_folder, _, other_name = other.rpartition("/")
    return name == other_name, folder == other_folder
