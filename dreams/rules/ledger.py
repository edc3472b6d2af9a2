"""Statement by statement: what is lost, what says something else now, what came from nowhere, what clashes."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log

from dreams.rules.alarms import Told, alarms
from dreams.rules.change_types import Altered, Clash, Doubt, Place
from dreams.rules.closeness import frame, same_frames
from dreams.rules.contradictions import clash
from dreams.rules.meaning import FACT_KINDS, Meanings, meaning
from dreams.rules.pairing import CARRIES, GONE, SURELY, UNKNOWN, Pairing
from dreams.rules.polarity import NEGATION
from dreams.rules.sentences import Sentence, normal
from dreams.rules.terms import senses, terms

# A pair has to be so likely before what differs between the two is called altered; a second partner likelier still.
SURE, SURE_BESIDE = 0.5, 0.85
# What another source may have denied is called denied only if the pair is so likely.
SURE_TURNED = 0.7
# A statement that more others clash with is one of a form.
MOST_CLASHES = 2
# So much of both statements' words is the same in a light rewording.
LIGHT = 0.6
# The facts that tell a statement from its twin.
VALUES = ("number", "date", "name", "path", "version", "url")
# Of these, what is compared letter by letter.
EXACT = ("path", "version", "url")
# Statements with the same frame are so likely a pair.
FRAMED = 0.95
# So many partners of a statement are looked at.
NEAREST = 6
# So much of a statement's words has to be in one that stood there before, or that tells another one lightly anew; and
# so much of what it says beyond that one.
COVERS, BEYOND = 0.8, 0.3
# So much of it, values and all, in the new sentences of a memory with no more statements than this.
ABSORBED, SHORT = 0.75, 12
# Of all its words, the little ones too, so many have to be in one that stood there before.
SPELLED = 0.6

# Words made of several, and what joins them.
_JOINED = re.compile(r"[^\W_]+(?:[-_./:#][^\W_]+)+")
_JOINTS = str.maketrans("-_./:#", "      ")


@dataclass(frozen=True, slots=True)
class Ledger:
    """The statements a reviewer has to see, in the order of the stores given."""

    lost: tuple[Place, ...]
    altered: tuple[Altered, ...]
    unsourced: tuple[Place, ...]
    contradictions: tuple[Clash, ...]
    uncertain: tuple[Doubt, ...]


def ledger(before: Sequence[Sentence], after: Sequence[Sentence], pairing: Pairing) -> Ledger:
    """Compares all statements of two stores, given which may carry which.

    A statement found anywhere after, letter by letter or told anew with the same facts, is neither lost nor altered.
    What may be lost is: a false alarm costs a look, a hidden loss a fact. `uncertain` are the pairs that were taken
    for the same without being sure.
    """
    book = _Book(before, after, pairing)
    altered = book.altered()
    lost = book.lost({old for old, _, _ in altered})
    clashes = book.clashes()
    unsourced = book.unsourced({new for _, new, _ in altered}, {new for _, new in clashes})
    explained = {old for old, _, _ in altered}.union(lost)
    return Ledger(
        lost=tuple(_place(before[at]) for at in lost),
        altered=tuple(
            sorted(
                (Altered(_place(before[old]), _place(after[new]), kinds) for old, new, kinds in altered),
                key=lambda each: (each.old.path, each.old.line, each.new.path, each.new.line),
            )
        ),
        unsourced=tuple(_place(after[at]) for at in unsourced),
        contradictions=tuple(Clash(_place(after[one]), _place(after[other])) for one, other in clashes),
        uncertain=tuple(
            Doubt(_place(before[old]), _place(after[new]))
            for old, new in book.doubts()
            if old not in explained and new not in unsourced
        ),
    )


def _place(sentence: Sentence) -> Place:
    return Place(sentence.path, sentence.line, sentence.text, sentence.kind == "heading")


class _Book:
    """Both stores' statements by number, with the likely partners of each, the likeliest first."""

    def __init__(self, before: Sequence[Sentence], after: Sequence[Sentence], pairing: Pairing) -> None:
        self.before, self.after, self.pairing = before, after, pairing
        self.meanings = Meanings()
        self.old_keys, self.new_keys = {each.key for each in before}, {each.key for each in after}
        self.stood = {(each.path, each.key) for each in before}
        self.places = {each.key: at for at, each in reversed(list(enumerate(after)))}
        self.ways: dict[int, list[int]] = defaultdict(list)
        self.sources: dict[int, list[int]] = defaultdict(list)
        self.chances: dict[tuple[int, int], float] = {}
        for old, new, chance in zip(pairing.old, pairing.new, pairing.chance, strict=True):
            if chance >= CARRIES and len(self.ways[old]) < NEAREST:
                self.ways[old].append(new)
                self.sources[new].append(old)
                self.chances[old, new] = chance
        fresh = [at for at, each in enumerate(after) if each.key not in self.old_keys]
        for old, new in same_frames(before, after, list(self.gone()), fresh) if fresh else ():
            self._join(old, new)
        self.old_terms, self.new_terms = (
            Counter(term for key in keys for term in terms(key)) for keys in (self.old_keys, self.new_keys)
        )
        self.heirs = self._heirs()
        held = self.old_terms + self.new_terms
        self.weights = {term: log((len(self.old_keys) + len(self.new_keys) + 1) / many) for term, many in held.items()}

    def _join(self, old: int, new: int) -> None:
        """Makes a pair the likeliest of both."""
        for partners, other in ((self.ways[old], new), (self.sources[new], old)):
            if other in partners:
                partners.remove(other)
            partners.insert(0, other)
        self.chances[old, new] = FRAMED

    def gone(self) -> Iterator[int]:
        """The old statements that are nowhere after, letter by letter."""
        return (at for at, each in enumerate(self.before) if each.key not in self.new_keys)

    def altered(self) -> list[tuple[int, int, tuple[str, ...]]]:
        """Old statements with the new one that says something else now, and in what."""
        found = []
        taken: set[int] = set()
        pairs = []
        for old in self.gone():
            ways = self.ways[old]
            for rank, new in enumerate(sorted(ways, key=lambda new: self.after[new].key in self.old_keys)[:2]):
                chance = self.chances[old, new]
                if chance >= (SURE_BESIDE if rank else SURE) and self._may_answer(old, new):
                    pairs.append((-chance, old, new))
        for _, old, new in sorted(pairs):
            # What stood there before, too, is no other's new wording, unless as its twin apart by one value.
            if old not in taken and (kinds := self._alarms(old, new)) and self._answers(old, new, kinds):
                found.append((old, new, kinds))
                taken.add(old)
        return found

    def _may_answer(self, old: int, new: int) -> bool:
        one, other = self.before[old], self.after[new]
        return "heading" not in (one.kind, other.kind) and (one.kind == "code") == (other.kind == "code")

    def _answers(self, old: int, new: int, kinds: Sequence[str]) -> bool:
        """Whether a new statement may be the old one's successor: one that stood there before all along is so only as
        its twin with one other value. For names at the end only, where the value stands and not whom it is about."""
        if self.after[new].key not in self.old_keys:
            key = self.before[old].key
            return frame(key) == frame(self.after[new].key) or self._tells(new, old, _said(key))
        if self._beside(old, new):
            return False
        was, says = self.meanings[self.before[old].key], self.meanings[self.after[new].key]
        if len(kinds) != 1 or kinds[0] not in FACT_KINDS or set(was.words) != set(says.words):
            return False
        if kinds[0] != "name" and set(was.order) != set(says.order):
            return False
        one, other = was.of(kinds[0]), says.of(kinds[0])
        if len(one) != len(other) or sum(a != b for a, b in zip(one, other, strict=True)) != 1:
            return False
        return kinds[0] != "name" or (was.ends_in_fact and one[:-1] == other[:-1])

    def _beside(self, old: int, new: int) -> bool:
        """Whether both stood in one memory before, where what is nearly the same is another case or step."""
        return (self.before[old].path, self.after[new].key) in self.stood

    def _alarms(self, old: int, new: int) -> tuple[str, ...]:
        """In which facts the two differ, seen together with all that is sure to have gone the same way."""
        one, other = set(terms(self.before[old].key)), set(terms(self.after[new].key))
        # What stood there before has its own source, which says nothing of where this one went.
        standing = self.after[new].key in self.old_keys
        olds = [at for at in self.sources[new] if at == old or (self.chances[at, new] >= SURE and not standing)]
        stays = self.before[old].key in self.new_keys
        news = [at for at in self.ways[old] if at == new or (self.chances[old, at] >= SURE and not stays)]
        kinds = tuple(
            alarms(
                self._told(self.before[old]),
                self._told(self.after[new]),
                olds=[self._told(self.before[at]) for at in olds],
                news=[self._told(self.after[at]) for at in news],
                light=2 * len(one & other) >= LIGHT * (len(one) + len(other)),
                strange=self._strange,
            )
        )
        doubtful = len(self.sources[new]) > 1 and self.chances[old, new] < SURE_TURNED
        return () if doubtful and kinds == (NEGATION,) else kinds

    def _told(self, each: Sentence) -> Told:
        return Told(each.key, self.meanings, each.kind == "row")

    def _strange(self, word: str) -> bool:
        return any(term not in self.old_terms or term not in self.new_terms for term in terms(word))

    def lost(self, altered: set[int]) -> list[int]:
        """The old statements that nobody says any more, in their order."""
        found = []
        for old in self.gone():
            each = self.before[old]
            if old in altered:
                continue
            if each.kind == "heading":
                # It orders the text and claims nothing, but a word of it that is nowhere else may be all that is said.
                gone = not any(set(terms(each.key)) <= set(terms(self.after[new].key)) for new in self.ways[old])
            elif each.kind == "code":
                # Without its fence a line is in a paragraph; told in other words it is another line.
                gone = not any(_squeezed(each) in _squeezed(self.after[new]) for new in self.ways[old])
            else:
                gone = (self.pairing.gone[old] >= GONE or not self._answered(old)) and not self._absorbed(old)
            if gone:
                found.append(old)
        return found

    def _absorbed(self, old: int) -> bool:
        """Whether the short memory that most of this one went into says nearly all of it in new sentences: what two of
        them tell together, or one that tells much else, is hardly likely as a pair."""
        was = self.before[old]
        held = self.heirs.get(was.path, set())
        return self._share(_said(was.key), held) >= ABSORBED and self._values(was) <= held

    def _heirs(self) -> dict[str, set[str]]:
        """For each memory before the terms that are new in the one that took in the most of it, if that is short."""
        sizes = Counter(each.path for each in self.after)
        held: dict[str, set[str]] = defaultdict(set)
        for each in self.after:
            if each.key not in self.old_keys and sizes[each.path] <= SHORT:
                held[each.path] |= _said(each.key)
        went: dict[str, Counter[str]] = defaultdict(Counter)
        for old in self.gone():
            if self.ways[old] and self.chances[old, self.ways[old][0]] >= SURE:
                went[self.before[old].path][self.after[self.ways[old][0]].path] += 1
        return {path: held[ways.most_common(1)[0][0]] for path, ways in went.items()}

    def _answered(self, old: int) -> bool:
        """Whether a partner tells what this statement says, rather than what its own source said all along."""
        mine = _said(self.before[old].key)
        return any(self._tells(new, old, mine) for new in self.ways[old])

    def _tells(self, new: int, old: int, mine: set[str]) -> bool:
        was, says = self.before[old], self.after[new]
        theirs = _said(says.key)
        if says.key in self.old_keys:
            return (
                _spelled(was, says)
                and self._has_values(was, says, theirs)
                and (mine <= theirs or (not self._beside(old, new) and self._covers(mine, theirs, was, says)))
            )
        first = self.before[self.sources[new][0]]
        source = _said(first.key)
        if first is was or 2 * len(source & theirs) < LIGHT * (len(source) + len(theirs)):
            return True
        if self._share(mine, source) >= COVERS:
            return first.path != was.path and _spelled(was, says) and self._share(mine, theirs) >= COVERS
        return self._share(mine - source, theirs) >= BEYOND

    def _covers(self, mine: set[str], theirs: set[str], was: Sentence, says: Sentence) -> bool:
        """Whether hardly a word is missing, and none stands for another."""
        return (
            not self._values(says) - mine
            and len(mine - theirs) != len(theirs - mine)
            and self._share(mine, theirs.union(terms(says.path))) >= COVERS
        )

    def _share(self, words: set[str], held: set[str]) -> float:
        """How much of some words is held, by their weight."""
        whole = sum(self.weights[word] for word in words)
        return sum(self.weights[word] for word in words & held) / whole if whole else 1.0

    def _has_values(self, was: Sentence, says: Sentence, theirs: set[str]) -> bool:
        exact = [value for kind in EXACT for value in self.meanings[was.key].of(kind)]
        held = says.key.translate(_JOINTS)
        joined = (word.translate(_JOINTS) for word in [*exact, *_JOINED.findall(was.key)])
        return self._values(was) <= theirs and all(word in held for word in joined)

    def _values(self, each: Sentence) -> set[str]:
        facts = self.meanings[each.key].facts
        return {term for kind in VALUES for value in facts.get(kind, ()) for term in terms(value)}

    def clashes(self) -> list[tuple[int, int]]:
        """Pairs of new statements that cannot both hold: one that stood there before and a new one, or two new ones of
        one source. Where a statement clashes with many, they are cases of one form."""
        found: dict[int, set[int]] = defaultdict(set)
        for new, sources in self.sources.items():
            each = self.after[new]
            if each.key in self.old_keys or each.kind in ("heading", "code"):
                continue
            for old in sources[:NEAREST]:
                standing = self.places.get(self.before[old].key)
                if standing is not None and self._clash(standing, new, old == sources[0]) and self._alarms(old, new):
                    found[standing].add(new)
        for old in self.gone():
            for one, other in combinations(sorted(self.ways[old]), 2):
                if not {self.after[one].key, self.after[other].key} & self.old_keys and self._clash(one, other, False):
                    found[one].add(other)
        return sorted((one, other) for one, others in found.items() if len(others) <= MOST_CLASHES for other in others)

    def _clash(self, one: int, other: int, alone: bool) -> bool:
        """Whether two statements after cannot both hold; in one memory, where they may be two cases, only if the new
        one has no other source (`alone`)."""
        first, second = self.after[one], self.after[other]
        if first.kind in ("heading", "code") or (first.path == second.path and not alone):
            return False
        return bool(clash(first.key, second.key, self.meanings))

    def unsourced(self, altered: set[int], clashing: set[int]) -> list[int]:
        """The new statements that nobody said before, in their order."""
        paths = {term for each in (*self.before, *self.after) for term in terms(each.path)}
        paths |= {term for each in self.before if each.kind == "heading" for term in terms(each.key)}
        found = []
        for new, each in enumerate(self.after):
            if each.key in self.old_keys or new in altered or (each.kind == "heading" and len(terms(each.key)) < 5):
                continue
            # Names of memories order the store and claim nothing.
            if new in clashing or (self.pairing.unknown[new] >= UNKNOWN and not paths.issuperset(terms(each.key))):
                found.append(new)
        return found

    def doubts(self) -> list[tuple[int, int]]:
        """The likeliest partner of each old statement where it is not likely enough to be sure."""
        return [
            (old, self.ways[old][0])
            for old in self.gone()
            if self.ways[old] and self.chances[old, self.ways[old][0]] < SURELY and self.before[old].kind != "heading"
        ]


def _squeezed(each: Sentence) -> str:
    """What is left of a line of code without blanks, and without what normal forms drop."""
    return normal(each.key.lstrip("> ")).replace(" ", "")


def _spelled(was: Sentence, says: Sentence) -> bool:
    """Whether most of a statement's words are in another, the little ones counted too."""
    whole = senses(was.key)
    return len(whole & senses(says.key)) >= SPELLED * len(whole)


def _said(key: str) -> set[str]:
    """The terms of a statement; of a quantity neither number nor unit by itself."""
    found = set(terms(key))
    if any(" " in term and term[0].isdigit() for term in found):
        amounts = meaning(key).amounts
        found -= {part for number, unit, _, base in amounts if unit and base for part in (number, unit)}
    return found
