"""Statement by statement: what is lost, what says something else now, and what came from nowhere."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice

from dreams.rules.change_types import Altered, Place
from dreams.rules.meaning import Meaning, Meanings, changed_kinds, stem
from dreams.rules.sentences import Sentence

# Thresholds, all in one place. A pair is altered when this part of the old statement's plain words is in
# the new one and this part of the new one's in the old, and words and facts together are so much alike.
OLD_KEPT, NEW_KNOWN = 0.8, 0.6
ALIKE, ALIKE_SAME_PATH = 0.6, 0.5
# So much of a new statement has to be known from the few nearest old ones.
SOURCED = 0.6
# Candidates are found by their rarest words and facts, until too many share them; else in the same memory.
PROBES, TOO_COMMON, CANDIDATES = 5, 250, 8
# A heading never became a sentence with another meaning, nor did a line of code.
_APART = ("heading", "code")


@dataclass(frozen=True, slots=True)
class Ledger:
    """The statements a reviewer has to see, in the order of the stores given."""

    lost: tuple[Place, ...]
    altered: tuple[Altered, ...]
    unsourced: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    old: Sentence
    new: Sentence
    kinds: tuple[str, ...]


def ledger(before: Sequence[Sentence], after: Sequence[Sentence]) -> Ledger:
    """Compares all statements of two stores.

    A statement found anywhere after, letter by letter or with the same words and facts in another wording,
    is neither lost nor altered. A doubtful one is lost: a false alarm costs a look, a hidden loss a fact.
    """
    kept_keys = {sentence.key for sentence in after}
    old_keys = {sentence.key for sentence in before}
    gone = [sentence for sentence in before if sentence.key not in kept_keys]
    fresh = [sentence for sentence in after if sentence.key not in old_keys]
    meanings = Meanings()
    altered: list[_Pair] = []
    if gone:
        index = _Index(after, meanings)
        same, into = _reworded(gone, index)
        gone = [sentence for sentence in gone if sentence.key not in same]
        fresh = [sentence for sentence in fresh if sentence.key not in into]
        altered = _altered(gone, {sentence.key for sentence in fresh}, index)
    explained = {id(pair.old) for pair in altered} | {id(pair.new) for pair in altered}
    sources = _Index(before, meanings) if fresh else None
    paths = {sentence.path for sentence in (*before, *after)}
    return Ledger(
        lost=tuple(_place(old) for old in gone if id(old) not in explained),
        altered=tuple(
            sorted(
                (Altered(_place(pair.old), _place(pair.new), pair.kinds) for pair in altered),
                key=lambda each: (each.old.path, each.old.line, each.new.path, each.new.line),
            )
        ),
        unsourced=tuple(
            _place(new) for new in fresh if id(new) not in explained and sources and not _sourced(new, sources, paths)
        ),
    )


def _place(sentence: Sentence) -> Place:
    return Place(sentence.path, sentence.line, sentence.text)


class _Index:
    """Finds the statements that share the rarest words and facts with a given one."""

    def __init__(self, sentences: Iterable[Sentence], meanings: Meanings) -> None:
        # A statement that stands twice in a memory is found once.
        self.sentences = list({(each.key, each.path): each for each in sentences}.values())
        self.meanings = meanings
        self.holders: dict[str, list[int]] = defaultdict(list)
        self.by_path: dict[str, list[int]] = defaultdict(list)
        self.found: dict[tuple[str, str], list[Sentence]] = {}
        for at, sentence in enumerate(self.sentences):
            self.by_path[sentence.path].append(at)
            for item in meanings[sentence.key].everything:
                self.holders[item].append(at)

    def near(self, sentence: Sentence) -> list[Sentence]:
        """At most eight candidates, the likeliest first, never the very same statement."""
        asked = (sentence.path, sentence.key)
        if asked not in self.found:
            shared = self._shared(sentence)
            enough = max(shared.values(), default=0) / 2
            ranked = sorted(
                [at for at, common in shared.items() if common >= enough],
                key=lambda at: (-shared[at], self.sentences[at].path != sentence.path, at),
            )
            near = (self.sentences[at] for at in ranked)
            self.found[asked] = list(islice((each for each in near if each.key != sentence.key), CANDIDATES))
        return self.found[asked]

    def _shared(self, sentence: Sentence) -> Counter[int]:
        """How many of its rarest words and facts other statements share."""
        everything = self.meanings[sentence.key].everything
        probes = sorted((len(self.holders[item]), item) for item in everything if item in self.holders)
        shared: Counter[int] = Counter()
        looked_at = 0
        for common, item in probes[:PROBES]:
            looked_at += common
            if looked_at <= TOO_COMMON:
                shared.update(self.holders[item])
        if not shared:
            for at in self.by_path[sentence.path][:TOO_COMMON]:
                if common := len(everything & self.meanings[self.sentences[at].key].everything):
                    shared[at] = common
        return shared


def _unknown(one: Meaning, other: Meaning) -> list[str]:
    """The words of one that the other has neither as a word nor as a name."""
    return [word for word in one.words if word not in other.everything]


def _reworded(gone: Sequence[Sentence], index: _Index) -> tuple[set[str], set[str]]:
    """The normal forms that are said in other words after, and the normal forms that say them."""
    same: set[str] = set()
    into: set[str] = set()
    parts: dict[str, dict[str, Meaning]] = defaultdict(dict)
    for old in gone:
        was = index.meanings[old.key]
        # Code means what it says letter by letter, and a word or two say too little to recognise.
        if old.kind == "code" or len(was.everything) < 2:
            continue
        for new in index.near(old):
            says = index.meanings[new.key]
            if new.kind == "code" or _unknown(was, says):
                continue
            if sorted(was.order) == sorted(says.order) and not changed_kinds(was, says):
                same.add(old.key)
                into.add(new.key)
            else:
                parts[new.key][old.key] = was
    for new_key, olds in parts.items():
        if joined := _joined(olds, index.meanings[new_key].sequence):
            same |= joined
            into.add(new_key)
    return same, into


def _joined(parts: Mapping[str, Meaning], whole: Sequence[str]) -> set[str]:
    """The parts that make up a whole, one after the other and nothing else; empty when they do not.

    Looser tests hide harm: with "never use A; never use B" every word and fact of "never use A, use B" is
    accounted for.
    """
    used: set[str] = set()
    at = 0
    while at < len(whole):
        fitting = [
            (len(part.sequence), key)
            for key, part in parts.items()
            if part.sequence == tuple(whole[at : at + len(part.sequence)])
        ]
        if not fitting:
            return set()
        length, key = max(fitting)
        used.add(key)
        at += length
    return used


def _altered(gone: Sequence[Sentence], fresh: Set[str], index: _Index) -> list[_Pair]:
    """The likeliest pairs first; an old statement is in one pair at most, and so is a new one.

    A statement that stood there before may answer for several, but only as a twin apart by one value.
    """
    pairs = []
    for at, old in enumerate(gone):
        was = index.meanings[old.key]
        for rank, new in enumerate(index.near(old)):
            says = index.meanings[new.key]
            kinds = changed_kinds(was, says)
            likeness = _likeness(old, new, was, says) if kinds else 0
            if likeness and (new.key in fresh or _one_value_apart(was, says, kinds)):
                pairs.append(((-likeness, at, rank), _Pair(old, new, tuple(kinds))))
    taken: set[int] = set()
    altered = []
    for _, pair in sorted(pairs, key=lambda ranked: ranked[0]):
        if id(pair.old) not in taken and id(pair.new) not in taken:
            altered.append(pair)
            taken.add(id(pair.old))
            if pair.new.key in fresh:
                taken.add(id(pair.new))
    return altered


def _likeness(old: Sentence, new: Sentence, was: Meaning, says: Meaning) -> float:
    """How alike two statements are, from 0 to 1; 0 when they are not about the same thing."""
    if (old.kind in _APART or new.kind in _APART) and old.kind != new.kind:
        return 0
    missing, extra = len(_unknown(was, says)), len(_unknown(says, was))
    if missing > (1 - OLD_KEPT) * len(was.words) or extra > (1 - NEW_KNOWN) * len(says.words):
        return 0
    same_path = old.path == new.path
    one, other = was.everything, says.everything
    alike = 2 * len(one & other) / (len(one) + len(other))
    return alike + 0.1 * same_path if alike >= (ALIKE_SAME_PATH if same_path else ALIKE) else 0


def _one_value_apart(was: Meaning, says: Meaning, kinds: Sequence[str]) -> bool:
    """Whether a statement that stood there before all along is the other's twin with one other value.

    For names only at the end, where the value stands and not whom it is about: "… for Norway is NO-".
    """
    if len(kinds) != 1 or _unknown(was, says) or _unknown(says, was):
        return False
    one, other = was.of(kinds[0]), says.of(kinds[0])
    if len(one) != len(other) or sum(a != b for a, b in zip(one, other, strict=True)) != 1:
        return False
    return kinds[0] != "name" or (was.ends_in_fact and one[:-1] == other[:-1])


def _sourced(new: Sentence, sources: _Index, paths: set[str]) -> bool:
    """Whether the nearest old statements together hold what a new one says."""
    says = sources.meanings[new.key]
    # A heading of a word or two orders the text and claims nothing.
    if not says.everything or (new.kind == "heading" and len(says.words) < 4 and not _values(says)):
        return True
    near = [sources.meanings[old.key] for old in sources.near(new)[: CANDIDATES // 2]]
    known = {word for old in near for word in old.order}
    known_values = {value for old in near for value in _values(old)}
    unknown = sum(word not in known for word in says.words)
    if unknown > (1 - SOURCED) * len(says.words) or not near:
        return False
    if any(value not in known_values and stem(value[1].lower()) not in known for value in _values(says, paths)):
        return False
    return any({"negation", "modal"}.isdisjoint(changed_kinds(old, says)) for old in near)


def _values(said: Meaning, known: Set[str] = frozenset()) -> set[tuple[str, str]]:
    """The facts of a statement that have to come from somewhere; the paths of the store itself need not."""
    return {
        (kind, value)
        for kind, values in said.facts.items()
        for value in values
        if kind not in ("negation", "modal", "unit") and value not in known
    }
