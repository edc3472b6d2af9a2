"""Which memory became which: moved, merged and split, by equal bytes, by what was said, and by what they share."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import Indel

from dreams.rules.change_types import Carried, Merged, Moved, Place, Split
from dreams.rules.pairing import CARRIES, Pairing
from dreams.rules.prints import PRINTS, Prints, Words
from dreams.rules.sentences import Sentence
from dreams.rules.shares import BOILERPLATE, SHARED, SURE, Shares, Sides, shares

# So many sources of a statement are named.
SOURCES = 3


@dataclass(slots=True)
class Lineage:
    """The edges between paths before and after, and the paths left without one."""

    removed: list[str]
    added: list[str]
    modified: list[str]
    moved: list[Moved] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    split: list[Split] = field(default_factory=list)


def lineage(
    before: Mapping[str, str],
    after: Mapping[str, str],
    *,
    evidence: Mapping[str, Collection[str]] | None = None,
    prints: Prints = PRINTS,
) -> Lineage:
    """The lineage of two stores, given as {path: text}: the change list but for what is unchanged.

    Equal bytes first; then a memory belongs to the one that has most of it. `evidence`, {new path: old paths it was
    made of}, goes before likeness where the words do not contradict it. `prints` are fingerprints to use again.
    """
    search = _Search(before, after, prints)
    search.equal_bytes()
    if search.removed or search.added:
        search.read(evidence or {})
        search.splits()
        search.rest()
    return search.result()


def carried(
    before: Sequence[Sentence], after: Sequence[Sentence], pairing: Pairing, found: Lineage
) -> tuple[Carried, ...]:
    """Which statements before the new ones carry, the likeliest first: for each in a merged or split memory, and for
    each that was at another path.

    A statement of a merge may have several sources; boilerplate has one, and none elsewhere where it stood all along.
    """
    joined = {merged.new for merged in found.merged} | {new for each in found.split for new in each.news}
    holders = Counter(key for key, _ in {(each.key, each.path) for each in before})
    sources: dict[int, list[int]] = defaultdict(list)
    for old, new, chance in zip(pairing.old, pairing.new, pairing.chance, strict=True):
        if chance < CARRIES:
            continue
        one, held = before[old], sources[new]
        several = after[new].path in joined and chance >= SURE and holders[one.key] <= BOILERPLATE
        if not held or (several and len(held) < SOURCES):
            held.append(old)
        elif chance == 1 and one.path == after[new].path and before[held[0]].path != one.path:
            held[0] = old
    return tuple(
        Carried(place(before[old]), place(after[new]))
        for new, olds in sorted(sources.items())
        for old in olds
        if after[new].path in joined or before[old].path != after[new].path
    )


def place(sentence: Sentence) -> Place:
    """Where a statement is, as the records name it."""
    return Place(sentence.path, sentence.line, sentence.text, sentence.kind == "heading")


class _Search:
    """The state of one search; each step consumes what it explains."""

    def __init__(self, before: Mapping[str, str], after: Mapping[str, str], prints: Prints) -> None:
        self.before, self.after, self.prints = before, after, prints
        self.removed = set(before.keys() - after.keys())
        self.added = set(after.keys() - before.keys())
        self.modified = {path for path in before.keys() & after.keys() if before[path] != after[path]}
        self.sources: dict[str, list[str]] = defaultdict(list)
        self.exchanged: set[str] = set()
        self.split: list[Split] = []
        self.shares = Shares()
        self.words_before: Mapping[str, Words] = {}
        self.words_after: Mapping[str, Words] = {}

    def equal_bytes(self) -> None:
        """Memories that state nothing never move: any two empty ones would be equal."""
        wanted = {self.before[path] for path in self.removed | self.modified}
        news: dict[str, list[str]] = defaultdict(list)
        for path in sorted(path for path, text in self.after.items() if text in wanted):
            if any(character.isalnum() for character in self.after[path]):
                news[self.after[path]].append(path)
        self._exchanges(news)
        self._pair_equal(news)
        for old in sorted(self.removed):
            if targets := news.get(self.before[old]):
                # A duplicate that was dropped.
                self.sources[max(targets, key=lambda new: (_likeness(old, new), new))].append(old)
                self.removed.discard(old)
        self.added.difference_update(new for new, olds in self.sources.items() if olds)

    def _pair_equal(self, news: Mapping[str, Sequence[str]]) -> None:
        """Of equal memories each goes to a place of its own, as far as there are any: one with its file name first,
        then one in its folder."""
        for alike in (lambda path: path.rpartition("/")[2], lambda path: path.rpartition("/")[0], lambda path: ""):
            free: dict[tuple[str, str], list[str]] = defaultdict(list)
            for text, paths in news.items():
                for new in reversed(paths):
                    if new in self.added and not self.sources[new]:
                        free[text, alike(new)].append(new)
            for old in sorted(self.removed):
                if targets := free.get((self.before[old], alike(old))):
                    self.sources[targets.pop()].append(old)
                    self.removed.discard(old)

    def _exchanges(self, news: Mapping[str, Sequence[str]]) -> None:
        """Paths that live on with another's text and whose own text lives on elsewhere: swapped, or moved in a row."""
        changed = self.added | self.modified
        free = {text: iter([new for new in paths if new in changed]) for text, paths in news.items()}
        ways: dict[str, str] = {}
        for old in sorted(self.removed | self.modified):
            if (new := next(free.get(self.before[old], iter(())), None)) is not None:
                ways[old] = new
        back = {new: old for old, new in ways.items()}
        through = self.modified & ways.keys() & back.keys()
        ends = list(self.modified - through)
        while ends:
            end = ends.pop()
            for old in {end, back.get(end, end)} & ways.keys():
                both = {old, ways.pop(old)}
                ends += through & both
                through -= both
        for old, new in ways.items():
            if old in through or new in through:
                self.sources[new].append(old)
        self.exchanged = through
        self.modified -= through
        self.removed.difference_update(old for olds in self.sources.values() for old in olds)

    def read(self, evidence: Mapping[str, Collection[str]]) -> None:
        """Looks at the words of all that may have to do with what is left."""
        olds = sorted(self.removed | (self.modified if self.added else set()))
        news = sorted(self.after.keys() - self.exchanged if self.removed else self.added)
        prints = self.prints.of([*(self.before[old] for old in olds), *(self.after[new] for new in news)])
        self.words_before = dict(zip(olds, prints, strict=False))
        self.words_after = dict(zip(news, prints[len(olds) :], strict=True))
        self.words_after |= {
            old: self.prints.of([self.after[old]])[0] for old in olds if old in self.modified and not self.removed
        }
        self.shares = shares(
            Sides(self.before, self.after, self.removed, self.added, self.words_before, self.words_after), evidence
        )

    def splits(self) -> None:
        """A memory that gave its statements to several, or gave some away and lives on."""
        children: dict[str, list[str]] = defaultdict(list)
        sources = self.removed | self.modified
        for new in sorted(self.added):
            candidates = {old: share for old, share in self.shares.taken[new].items() if old in sources}
            if old := _best(new, candidates):
                children[old].append(new)
        for old, news in children.items():
            if old in self.removed and len(news) > 1:
                self.split.append(Split(old, tuple(news)))
                self.removed.discard(old)
                self.added.difference_update(news)
            elif old in self.modified:
                # What also stayed where it was is a copy.
                left = {new: self.shares.stayed[new].get(old, 0.0) for new in news}
                news = [new for new in news if 2 * left[new] < self.shares.taken[new][old]]
                if news:
                    self.split.append(Split(old, tuple(sorted([old, *news]))))
                    self.added.difference_update(news)

    def rest(self) -> None:
        """What is left of the removed memories belongs where most of them is."""
        parts = {new for split in self.split for new in split.news if new != split.old}
        for old in sorted(self.removed):
            held = self.shares.given[old].items()
            if new := _best(old, {new: share for new, share in held if new not in parts}):
                self.sources[new].append(old)
        self.removed.difference_update(old for olds in self.sources.values() for old in olds)
        self.added.difference_update(new for new, olds in self.sources.items() if olds)

    def result(self) -> Lineage:
        """The edges found, and the paths that are in none of them."""
        found = Lineage(sorted(self.removed), sorted(self.added), [], split=sorted(self.split, key=lambda s: s.old))
        for new, olds in sorted(self.sources.items()):
            lived = [new] if new in self.before and new not in self.exchanged else []
            if olds and (lived or len(olds) > 1):
                found.merged.append(Merged(tuple(sorted(olds + lived)), new))
            elif olds:
                found.moved.append(Moved(olds[0], new, self._similarity(olds[0], new)))
        found.moved.sort(key=lambda moved: moved.old)
        joined = {each.new for each in found.merged} | {each.old for each in found.split}
        found.modified = sorted(self.modified - joined)
        return found

    def _similarity(self, old: str, new: str) -> float:
        """How many of their words two memories have in common, in the same order."""
        if self.before[old] == self.after[new]:
            return 1.0
        one, other = (array("I", words.tobytes()) for words in (self.words_before[old], self.words_after[new]))
        # Only equal bytes are the whole 1: case and punctuation may differ where words do not.
        return min(0.99, round(Indel.normalized_similarity(one, other), 2))


def _best(path: str, shares: Mapping[str, float]) -> str | None:
    """The path with the greatest share, when that is enough."""
    best = max(shares, key=lambda other: (shares[other], _likeness(path, other), other), default=None)
    return best if best is not None and shares[best] >= SHARED else None


def _likeness(one: str, other: str) -> tuple[bool, bool]:
    """Among equals the same file name goes first, then the same folder."""
    folder, _, name = one.rpartition("/")
    other_folder, _, other_name = other.rpartition("/")
    return name == other_name, folder == other_folder
