"""Statements of one store that cannot both hold: the same words about the same names, but for one value."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from dreams.rules.meaning import Meaning, Meanings, changed_kinds
from dreams.rules.sentences import Sentence, split
from dreams.rules.terms import terms
from dreams.rules.vocabulary import TIMES, UNITS

# Fewer words and names say too little to be about the same thing; with so many one of them may differ.
LEAST_WORDS, LONG = 3, 6
# Of two statements that are compared by themselves: so many words have to be there, and so many of them the same.
LEAST_SUBJECT, SAME_SUBJECT = 2, 0.8
# What more statements than these say, each with another value, is a form that was filled in, no contradiction.
FORM = 4
# What two statements may differ in. Another name, path or address is about another thing.
_VALUES = ("number", "unit", "date", "version", "negation", "modal")
_UNITS = {name for name, _, _ in UNITS.values()}.union(TIMES.values())


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two statements of different memories, and which kinds of value they differ in."""

    one: Sentence
    other: Sentence
    kinds: tuple[str, ...]


def contradictions(texts: Mapping[str, str]) -> list[Contradiction]:
    """The pairs that agree but for a number, a date, a "not" or a "must": likely, not proven. The surest first.

    Within one memory nothing is looked for: there, such lines are mostly steps, cases or a history. Takes time linear
    in the words of the store.
    """
    statements = _statements(texts)
    meanings = Meanings()
    found: dict[tuple[str, str], Contradiction] = {}
    for bucket in _buckets(statements, meanings):
        if len({each.key for each in bucket}) > FORM:
            continue
        for one, other in combinations(bucket, 2):
            pair = (one.key, other.key) if one.key < other.key else (other.key, one.key)
            if one.path == other.path or pair in found or one.key == other.key:
                continue
            if kinds := _clash(meanings[one.key], meanings[other.key]):
                found[pair] = Contradiction(one, other, kinds)
    return sorted(found.values(), key=lambda each: (_doubt(each, meanings), each.one.path, each.one.line))


def clash(one: str, other: str, meanings: Mapping[str, Meaning]) -> tuple[str, ...]:
    """The kinds of value that two statements in their normal form differ in, if both are about one thing and cannot be
    true together; else ()."""
    about, too = _subject(one), _subject(other)
    if min(len(about), len(too)) < LEAST_SUBJECT or len(about & too) < SAME_SUBJECT * max(len(about), len(too)):
        return ()
    return _clash(meanings[one], meanings[other])


def _subject(key: str) -> set[str]:
    """The terms of a statement that are no values."""
    return {term for term in terms(key) if term not in _UNITS and not any(map(str.isdigit, term))}


def _statements(texts: Mapping[str, str]) -> list[Sentence]:
    """What may contradict, each wording once: the same statement in two memories is a duplicate."""
    found: dict[str, Sentence] = {}
    for path in sorted(texts):
        for sentence in split(path, texts[path]):
            if sentence.kind not in ("heading", "code"):
                found.setdefault(sentence.key, sentence)
    return list(found.values())


def _buckets(statements: Iterable[Sentence], meanings: Meanings) -> Iterator[Sequence[Sentence]]:
    """The statements by what they are about: their words, names, paths and addresses; long ones also without each one
    of their words, so that two meet that differ in one."""
    buckets: dict[frozenset[str], list[Sentence]] = defaultdict(list)
    for sentence in statements:
        said = meanings[sentence.key]
        about = _about(said)
        telling = {word for word in said.order if len(word) > 1}
        if len(telling) < LEAST_WORDS:
            continue
        buckets[about].append(sentence)
        if len(telling) >= LONG:
            for word in set(said.words):
                buckets[about - {word} | {""}].append(sentence)
    return (bucket for bucket in buckets.values() if len(bucket) > 1)


def _about(said: Meaning) -> frozenset[str]:
    """A "not" and values do not count, nor does it whether a name stood at the start, where it reads as a word."""
    fixed = (f"{kind}:{value}" for kind in ("path", "url") for value in said.of(kind))
    return frozenset(said.order).union(fixed)


def _clash(one: Meaning, other: Meaning) -> tuple[str, ...]:
    """The kinds of value that the two differ in, () when that does not keep both from being true."""
    kinds = changed_kinds(one, other)
    if not kinds or not set(kinds) <= set(_VALUES):
        return ()
    if kinds == ["modal"]:
        # A "sometimes", "if" or "only" adds to a statement; that one must what one should or may does not.
        strong, weak = ("must" in each.of("modal") for each in (one, other))
        softer = (other if strong else one).of("modal")
        return ("modal",) if strong != weak and not {"may", "should"}.isdisjoint(softer) else ()
    if "negation" in kinds:
        return tuple(kinds) if set(kinds) <= {"negation", "modal"} else ()
    if kinds in (["date"], ["version"]):
        return tuple(kinds) if _one_apart(one.of(kinds[0]), other.of(kinds[0])) else ()
    return tuple(kinds) if set(kinds) <= {"number", "unit"} and _one_apart(one.quantities, other.quantities) else ()


def _one_apart(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the values are as many, and all but one of them the same at the same place."""
    return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1


def _doubt(found: Contradiction, meanings: Meanings) -> tuple[bool, int]:
    """How unsure: the very same words come first, then the more of them the surer."""
    one, other = meanings[found.one.key], meanings[found.other.key]
    return _about(one) != _about(other), -len(one.words)
