"""Which memory became which: moved, merged and split, by equal bytes and by the statements that were carried over."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dreams.rules.change_types import Carried, Merged, Moved, Place, Split
from dreams.rules.pairing import CARRIES, Pairing
from dreams.rules.sentences import Sentence

# A memory belongs to the one that carries so much of its statements; a part of a split has so much from there.
SHARED = 0.5
# A statement is carried into its likeliest memory, and into any other with such a chance.
SURE = 0.5
# A statement that more memories hold than this is boilerplate and ties nothing together.
BOILERPLATE = 4
# So many sources of a statement are named.
SOURCES = 3

# {memory on one side: {memory on the other: how much of its statements, up to 1}}
_Shares = Mapping[str, Mapping[str, float]]


@dataclass(slots=True)
class Lineage:
    """The edges between paths before and after, and the paths left without one."""

    removed: list[str]
    added: list[str]
    moved: list[Moved] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    split: list[Split] = field(default_factory=list)


def lineage(
    shas_before: Mapping[str, str],
    shas_after: Mapping[str, str],
    before: Sequence[Sentence],
    after: Sequence[Sentence],
    pairing: Pairing,
) -> Lineage:
    """The lineage of two stores, given each path's sha256, all their statements and which carries which.

    Equal bytes first; then a memory belongs to the one that carries at least half of its statements.
    """
    search = _Search(shas_before, shas_after, *_shares(before, after, pairing))
    search.equal_bytes()
    search.splits()
    search.statements()
    return search.result()


def carried(
    before: Sequence[Sentence], after: Sequence[Sentence], pairing: Pairing, found: Lineage
) -> tuple[Carried, ...]:
    """Which statements before the new ones carry, the likeliest first: for each in a merged or split memory, and for
    each that was at another path.

    A statement of a merge may have several sources; boilerplate has one, and none elsewhere where it stood all along.
    """
    shared = {merged.new for merged in found.merged} | {new for each in found.split for new in each.news}
    holders = Counter(key for key, _ in {(each.key, each.path) for each in before})
    sources: dict[int, list[int]] = defaultdict(list)
    for old, new, chance in zip(pairing.old, pairing.new, pairing.chance, strict=True):
        if chance < CARRIES:
            continue
        one, held = before[old], sources[new]
        several = after[new].path in shared and chance >= SURE and holders[one.key] <= BOILERPLATE
        if not held or (several and len(held) < SOURCES):
            held.append(old)
        elif chance == 1 and one.path == after[new].path and before[held[0]].path != one.path:
            held[0] = old
    return tuple(
        Carried(place(before[old]), place(after[new]))
        for new, olds in sorted(sources.items())
        for old in olds
        if after[new].path in shared or before[old].path != after[new].path
    )


def place(sentence: Sentence) -> Place:
    """Where a statement is, as the records name it."""
    return Place(sentence.path, sentence.line, sentence.text, sentence.kind == "heading")


def _shares(
    before: Sequence[Sentence], after: Sequence[Sentence], pairing: Pairing
) -> tuple[_Shares, _Shares, _Shares]:
    """How much of each old memory went into each new one, how much of each new one came from each old one, and how
    much of that is still at the old path too."""
    telling_old, telling_new = _telling(before), _telling(after)
    into: dict[int, set[str]] = defaultdict(set)
    source: dict[int, set[str]] = defaultdict(set)
    stayed: dict[int, set[str]] = defaultdict(set)
    pairs = list(zip(pairing.old, pairing.new, pairing.chance, strict=True))
    at_home = {old for old, new, chance in pairs if chance >= SURE and before[old].path == after[new].path}
    for old, new, chance in pairs:
        if chance < CARRIES:
            continue
        if chance >= SURE or not into[old]:
            into[old].add(after[new].path)
        if chance >= SURE or not source[new]:
            source[new].add(before[old].path)
            if old in at_home:
                stayed[new].add(before[old].path)
    return (
        _parts(before, telling_old, into),
        _parts(after, telling_new, source),
        _parts(after, telling_new, stayed),
    )


def _parts(statements: Sequence[Sentence], telling: Sequence[bool], found: Mapping[int, Iterable[str]]) -> _Shares:
    whole = Counter(each.path for each, tells in zip(statements, telling, strict=True) if tells)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for at, paths in found.items():
        if telling[at]:
            counts[statements[at].path].update(paths)
    return {path: {other: many / whole[path] for other, many in held.items()} for path, held in counts.items()}


def _telling(statements: Sequence[Sentence]) -> list[bool]:
    """Which statements tell memories apart: neither headings, unless there is nothing else, nor boilerplate."""
    holders = Counter(key for key, _ in {(each.key, each.path) for each in statements})
    tells = [each.kind != "heading" and holders[each.key] <= BOILERPLATE for each in statements]
    told = {each.path for each, telling in zip(statements, tells, strict=True) if telling}
    return [
        telling or (each.path not in told and holders[each.key] <= BOILERPLATE)
        for each, telling in zip(statements, tells, strict=True)
    ]


class _Search:
    """The state of one search; each step consumes what it explains."""

    def __init__(
        self,
        shas_before: Mapping[str, str],
        shas_after: Mapping[str, str],
        given: _Shares,
        taken: _Shares,
        stayed: _Shares,
    ) -> None:
        self.shas_before, self.shas_after = shas_before, shas_after
        self.given, self.taken, self.stayed = given, taken, stayed
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
            if targets and self.given.get(old):
                free = [path for path in targets if path in self.added and not self.sources[path]]
                self.sources[max(free or targets, key=lambda new: (_likeness(old, new), new))].append(old)
                self.removed.discard(old)
        self.added.difference_update(new for new, olds in self.sources.items() if olds)

    def splits(self) -> None:
        """A memory that gave its statements to several, or gave some away and lives on."""
        children: dict[str, list[str]] = defaultdict(list)
        for new in sorted(self.added):
            candidates = {
                old: share for old, share in self.taken.get(new, {}).items() if old in self.removed | self.modified
            }
            if old := _best(new, candidates):
                children[old].append(new)
        for old, news in children.items():
            if old in self.removed and len(news) > 1:
                self.split.append(Split(old, tuple(news)))
                self.removed.discard(old)
                self.added.difference_update(news)
            elif old in self.modified:
                # What also stayed where it was is a copy.
                left = {new: self.stayed.get(new, {}).get(old, 0) for new in news}
                news = [new for new in news if 2 * left[new] < self.taken[new][old]]
                if news:
                    self.split.append(Split(old, tuple(sorted([old, *news]))))
                    self.added.difference_update(news)

    def statements(self) -> None:
        """What is left of the removed memories belongs where most of their statements are."""
        parts = {new for split in self.split for new in split.news if new != split.old}
        for old in sorted(self.removed):
            if new := _best(old, {new: share for new, share in self.given.get(old, {}).items() if new not in parts}):
                self.sources[new].append(old)
        self.removed.difference_update(old for olds in self.sources.values() for old in olds)
        self.added.difference_update(new for new, olds in self.sources.items() if olds)

    def result(self) -> Lineage:
        found = Lineage(sorted(self.removed), sorted(self.added), split=sorted(self.split, key=lambda s: s.old))
        for new, olds in sorted(self.sources.items()):
            lived = [new] if new in self.shas_before else []
            if olds and (lived or len(olds) > 1):
                found.merged.append(Merged(tuple(sorted(olds + lived)), new))
            elif olds:
                found.moved.append(Moved(olds[0], new, self._similarity(olds[0], new)))
        found.moved.sort(key=lambda moved: moved.old)
        return found

    def _similarity(self, old: str, new: str) -> float:
        if self.shas_before[old] == self.shas_after[new]:
            return 1.0
        one, other = self.given[old][new], self.taken.get(new, {}).get(old, 0.0)
        # Only equal bytes are the whole 1: what differs outside the telling statements still differs.
        return min(0.99, round((one + other) / 2, 2))


def _best(path: str, shares: Mapping[str, float]) -> str | None:
    """The path with the greatest share, when that is enough."""
    best = max(shares, key=lambda other: (shares[other], _likeness(path, other), other), default=None)
    return best if best is not None and shares[best] >= SHARED else None


def _likeness(one: str, other: str) -> tuple[bool, bool]:
    """Among equals the same file name goes first, then the same folder."""
    folder, _, name = one.rpartition("/")
    other_folder, _, other_name = other.rpartition("/")
    return name == other_name, folder == other_folder
