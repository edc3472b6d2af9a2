"""Which turns of a session say, or deny, what a sentence of a review says: told by the words and values they share."""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from dreams.rules.alarms import Told, alarms
from dreams.rules.meaning import Meaning, Meanings
from dreams.rules.polarity import denies
from dreams.rules.scans import without_secrets
from dreams.rules.sentences import Sentence, normal, split
from dreams.rules.terms import terms
from dreams.rules.transcript_parts import Message, Outcome, Part, Prose, Text, Tool, Turn

Who = Literal["user", "agent", "tool", "system", "outcome"]
Says = Literal["supports", "contradicts"]

# So much of a sentence's weight a statement must share, with what stands around it, to say it; and that much alone. So
# much of its own weight must be shared, too. A short sentence is found anywhere: more of it, and of the other.
SHARED, ALONE, BACK = 0.62, 0.45, 0.2
SHORT, SHARED_SHORT, BACK_SHORT = 5, 0.75, 0.5
# What denies it must be about the same: that much of both, apart from the values. With another value it is more likely
# about another thing than with a "not".
ABOUT, ABOUT_NOT, ABOUT_BACK = 0.8, 0.66, 0.45
# Where a sentence was altered, what has the value of one telling only need share so much of it.
TOLD = 0.4
# Fewer terms than these are in any talk.
LEAST = 3
# What stands around a statement counts so much: the whole message, or NEAR statements of one of more than LONG.
AROUND, NEAR, LONG = 0.5, 2, 12
# Differences that keep two sentences from being true both. Another name or path is about another thing.
CLASHES = frozenset({"number", "unit", "date", "version", "negation", "modal"})
# So many sources of one sentence are worth a look.
KEPT = 3
EXCERPT = 400
# Characters of one transcript that are read for this.
MOST_READ = 2_000_000
# What a tool is given to be written or done; what it replaces is nobody's word.
_GIVEN = frozenset({"content", "new_string", "new_str", "file_text", "insert_text", "text", "command"})
_VALUES = ("date", "path", "version", "url")


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said in a session: the event's id, who said it, its words; `lines`: each line stands for itself."""

    id: str
    who: Who
    text: str
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A sentence that is asked about; `was` is how it read before, where it was altered."""

    text: str
    was: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A turn that says (or denies) question number `question`; `score` from 0 to 1, `excerpt` in its own words."""

    question: int
    id: str
    who: Who
    says: Says
    score: float
    excerpt: str


def heard(turns: Iterable[Turn], mounts: Iterable[str]) -> Iterator[Said]:
    """All that was said and answered. What a tool answered about a path below one of the `mounts` is left out: that is
    the memory itself, and no source of it."""
    roots = [mount for mount in mounts if mount]
    for turn in turns:
        id = ""
        for part in turn.parts:
            id = part.id or id
            yield from (Said(id, *words) for words in _words(turn.who, part, roots) if words[1].strip())


def _words(who: str, part: Part, roots: Sequence[str]) -> Iterator[tuple[Who, str, bool]]:
    if isinstance(part, Text):
        yield "user" if who == "user" else "system", part.text, False
    elif isinstance(part, Prose):
        yield "agent", part.text, False
    elif isinstance(part, Message):
        yield "agent", part.text.text, False
    elif isinstance(part, Outcome):
        yield "outcome", part.text.text, False
        yield "outcome", part.rubric.text, False
    elif isinstance(part, Tool):
        for name, value in part.asked:
            if name in _GIVEN:
                yield "agent", value.text, name == "command"
        if part.answer and not any(root in value.text for root in roots for _, value in part.asked):
            yield "tool", part.answer.text, True


def sentences_of(findings: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """(finding, place, how it read before) of what came, went or was altered in a change; an altered one by its new
    place."""
    for finding in ("lost", "unsourced"):
        for place in findings.get(finding, []):
            yield finding, place, ""
    for pair in findings.get("altered", []):
        yield "altered", pair["new"], pair["old"]["text"]


def worth_asking(place: Mapping[str, Any]) -> bool:
    """Whether a sentence says enough to be told from other talk; headings and shorter ones do not."""
    return not place.get("heading") and len(terms(normal(place["text"]))) >= LEAST


def fingerprint(text: str) -> str:
    """Which sentence was asked about: hex SHA-256."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


class Weights:
    """How telling a term is: the rarer in the stores, the more."""

    def __init__(self, texts: Iterable[str]) -> None:
        keys = {each.key for text in texts for each in split("", text)}
        self._counts = Counter(term for key in keys for term in terms(key))
        self._most = math.log(max(len(keys), 100) + 1)

    def of(self, term: str) -> float:
        """From 1, for a word in nearly every statement, to about 7, for one in no other of a thousand."""
        return max(1.0, self._most - math.log(1 + self._counts[term]))

    def sum(self, held: Iterable[str]) -> float:
        """The weight of several terms."""
        return sum(map(self.of, held))


class Questions:
    """The sentences that are asked about, ready to be held against any number of sessions."""

    def __init__(self, asked: Sequence[Question], weights: Weights) -> None:
        self._weights, self._meanings = weights, Meanings()
        now = [_Telling(each.text, weights, self._meanings) for each in asked]
        was = [_Telling(each.was, weights, self._meanings) if each.was else None for each in asked]
        self._asked = list(zip(now, was, strict=True))
        self._holders: dict[str, list[int]] = defaultdict(list)
        for number, (one, other) in enumerate(self._asked):
            if len(one.terms) >= LEAST:
                for term in one.needed() | (other.needed() if other else set()):
                    self._holders[term].append(number)

    def answers(self, said: Iterable[Said]) -> list[Source]:
        """The nearest sources in one session, at most KEPT for each sentence, the nearest first. What is only near is
        left out: a wrong source is worse than none."""
        best: dict[int, dict[str, Source]] = defaultdict(dict)
        read = 0
        for each in said:
            read += len(each.text)
            if read > MOST_READ:
                break
            for found in self._of(each):
                known = best[found.question].get(found.id)
                if known is None or found.score > known.score:
                    best[found.question][found.id] = found
        return [
            source
            for _, found in sorted(best.items())
            for source in sorted(found.values(), key=lambda source: -source.score)[:KEPT]
        ]

    def _of(self, said: Said) -> Iterator[Source]:
        statements = _statements(said)
        held = [frozenset(terms(each.key)) for each in statements]
        for at, own in enumerate(held):
            likely = {number for term in own for number in self._holders.get(term, ())}
            if len(own) < LEAST or not likely:
                continue
            near = NEAR if said.lines or len(held) > LONG else LONG
            scene = _Scene(statements, held, at, near, self._meanings)
            for number in sorted(likely):
                now, was = self._asked[number]
                if judged := _of_altered(now, was, scene) if was else _of_stated(now, scene, self._weights):
                    yield Source(number, said.id, said.who, *judged, _excerpt(statements, at, lines=said.lines))


class _Telling:
    """One wording of a question: its terms with their weight, and the values in it."""

    def __init__(self, text: str, weights: Weights, meanings: Meanings) -> None:
        self.told = Told(normal(text), meanings)
        self.weight = {term: weights.of(term) for term in terms(self.told.key)}
        self.terms = frozenset(self.weight)
        self.values = values_of(self.told.meaning)
        self._whole = max(1e-9, sum(self.weight.values()))

    def share(self, held: frozenset[str]) -> float:
        """How much of its weight is in these terms."""
        return sum(weight for term, weight in self.weight.items() if term in held) / self._whole

    def needed(self) -> set[str]:
        """Its heaviest terms: what has none of them cannot have enough of its weight. They are rare, so that few
        statements are looked at."""
        found: set[str] = set()
        left = self._whole
        for term in sorted(self.weight, key=lambda term: (-self.weight[term], term)):
            if left < TOLD * self._whole:
                break
            found.add(term)
            left -= self.weight[term]
        return found


class _Scene:
    """One statement of a session with what stands around it; that is looked at only when somebody asks."""

    def __init__(
        self, statements: Sequence[Sentence], held: Sequence[frozenset[str]], at: int, near: int, meanings: Meanings
    ) -> None:
        self.told, self.own = Told(statements[at].key, meanings), held[at]
        self.row = statements[at].kind == "row"
        self._beside = [*range(max(0, at - near), at), *range(at + 1, min(len(held), at + near + 1))]
        self._statements, self._held, self._meanings = statements, held, meanings

    @cached_property
    def around(self) -> frozenset[str]:
        """The terms that stand around it."""
        return frozenset[str]().union(*(self._held[other] for other in self._beside)) - self.own

    @cached_property
    def values(self) -> frozenset[str]:
        """The values of the statement itself."""
        return values_of(self.told.meaning)

    def values_around(self) -> frozenset[str]:
        """The same with those that stand around it."""
        meanings = (self._meanings[self._statements[other].key] for other in self._beside)
        return self.values.union(*map(values_of, meanings))


def values_of(said: Meaning) -> frozenset[str]:
    """What can be right or wrong by itself: amounts in base units, dates, paths, versions, addresses."""
    amounts = {quantity for _, _, quantity, base in said.amounts if base != "th"}
    return frozenset(amounts).union(value for kind in _VALUES for value in said.of(kind))


def _of_stated(asked: _Telling, scene: _Scene, weights: Weights) -> tuple[Says, float] | None:
    """What a statement says of a sentence that came or went."""
    alone = asked.share(scene.own)
    if alone < ALONE or len(asked.terms & scene.own) < LEAST:
        return None
    if kinds := _differing(scene.told, asked.told):
        return _denied(asked, scene, weights, kinds) if kinds <= CLASHES else None
    share = min(1.0, alone + AROUND * asked.share(scene.around))
    back = weights.sum(asked.terms & scene.own) / weights.sum(scene.own)
    short = len(asked.terms) < SHORT
    near = share >= (SHARED_SHORT if short else SHARED) and back >= (BACK_SHORT if short else BACK)
    # A "no" in a cell is about the row's head, wherever that stands.
    unclear = scene.row and denies(asked.told.key) != denies(scene.told.key)
    if not near or unclear or not asked.values <= scene.values_around():
        return None
    return "supports", round(share, 3)


def _denied(asked: _Telling, scene: _Scene, weights: Weights, kinds: frozenset[str]) -> tuple[Says, float] | None:
    words, back = (frozenset(filter(_is_word, each)) for each in (asked.terms, scene.own))
    common = weights.sum(words & back)
    about, about_back = (common / max(1e-9, weights.sum(each)) for each in (words, back))
    least = ABOUT_NOT if kinds == {"negation"} else ABOUT
    if about < least or about_back < ABOUT_BACK or len(words & back) < LEAST:
        return None
    return "contradicts", round(about, 3)


def _of_altered(now: _Telling, was: _Telling, scene: _Scene) -> tuple[Says, float] | None:
    """Which of its two tellings a statement is for; None where it could be either."""
    sides: tuple[tuple[_Telling, _Telling, Says], ...] = ((was, now, "contradicts"), (now, was, "supports"))
    for one, other, says in sides:
        share = one.share(scene.own)
        if share < TOLD or sum(map(_is_word, one.terms & scene.own)) < LEAST - 1:
            continue
        own, foreign = one.values - other.values, other.values - one.values
        if own and foreign:
            fits = own <= scene.values and scene.values.isdisjoint(foreign)
        else:
            fits = share >= SHARED and not _differing(scene.told, one.told) and _clashes(scene.told, other.told)
        if fits:
            return says, round(share, 3)
    return None


def _differing(said: Told, asked: Told) -> frozenset[str]:
    return frozenset(alarms(said, asked, olds=[said], news=[asked], light=False, strange=lambda word: False))


def _clashes(said: Told, asked: Told) -> bool:
    return not CLASHES.isdisjoint(_differing(said, asked))


def _is_word(term: str) -> bool:
    """Whether a term is no value, nor part of one."""
    return not term[0].isdigit() and not term.startswith("month ") and term not in ("minute", "hour", "second", "day")


def _statements(said: Said) -> list[Sentence]:
    if not said.lines:
        return split("", said.text)
    lines = enumerate(said.text.split("\n"), 1)
    return [Sentence("", number, line.strip(), key, "code") for number, line in lines if (key := normal(line))]


def _excerpt(statements: Sequence[Sentence], at: int, *, lines: bool) -> str:
    """The statement, with the one before and the one after it where there is room; at most EXCERPT characters, and
    secrets masked before anything is cut: half a secret looks like none."""
    near = range(max(0, at - 1), min(len(statements), at + 2))
    shown = {number: without_secrets(statements[number].text) for number in near}
    text = shown[at]
    for beside, before in ((at - 1, True), (at + 1, False)):
        more = shown.get(beside, "")
        if more and len(text) + len(more) < EXCERPT * 2 // 3:
            text = ("\n" if lines else " ").join((more, text) if before else (text, more))
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"
