"""What a statement says, apart from its wording: its content words, and the facts that must not change."""

import re
from dataclasses import dataclass
from functools import lru_cache

from dreams.rules.ideographs import people
from dreams.rules.phrasing import plainly
from dreams.rules.vocabulary import (
    EXTENSIONS,
    FILLERS,
    FORBIDDING,
    MODALS,
    MONTHS,
    NEGATIONS,
    NUMBER_WORDS,
    OPPOSITES,
    RELATIONS,
    TIMES,
    UNITS,
    VERSIONED,
)

# What a word or value is: its kind, its normal value, and the word it came from.
_Event = tuple[str, str, str]
# A number, its unit, the quantity in base units, the base unit.
Amount = tuple[str, str, str, str]

FACT_KINDS = ("number", "unit", "date", "negation", "modal", "name", "path", "version", "url")


def _any(words: "list[str] | tuple[str, ...]") -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_MONTH = f"(?i:{_any([*MONTHS])})"
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
# Tried in this order at each place, the plain word first because most are. Every repeat has a bound, so
# that no text makes the search quadratic.
_TOKEN = re.compile(
    rf"""
    (?P<plain>\b(?!(?:{_any([*NUMBER_WORDS])})\b)[a-z]{{1,40}}(?=[,;)]?(?:\ (?!\d)|$)))
    |(?P<url>[A-Za-z][A-Za-z0-9+]{{1,12}}://[^\s<>"'`)\]]{{1,2000}}
        |[\w.+-]{{1,64}}@(?!\d+(?:\.\d+)*(?![\w.]))[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,6}}
        |(?<![\w.])\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?::\d{{1,5}})?(?![\w.]))
    |(?P<date>(?<![\w.])(?:\d{{4}}-\d\d?-\d\d?|\d{{4}}/\d\d?/\d\d?|\d\d?\.\d\d?\.\d{{4}}|\d\d?/\d\d?/\d{{4}}
        |\d\d?(?:st|nd|rd|th|er|\.)?\ (?:of\ |de\ )?{_MONTH}\b\.?(?:,?\ (?:de\ )?\d{{4}})?
        |{_MONTH}\b\.?\ \d\d?(?:st|nd|rd|th)?\b(?:,?\ \d{{4}})?
        |{_MONTH}\b\.?\ \d{{4}}|Q[1-4](?:[ /-]\d{{4}})?)(?![\w-]))
    |(?P<time>(?<![\w.:])(?:\d\d?:\d\d(?::\d\d)?(?:\ ?[apAP]\.?[mM]\b)?|\d\d?\ ?[apAP][mM]\b)(?![\w:]))
    |(?P<version>(?<![\w.])(?:v\d+(?:\.\d+){{0,4}}|\d+\.\d+(?:\.\d+){{1,3}})(?:[-+][\w.+-]{{1,40}})?(?![\w/]))
    |(?P<path>(?<![\w.])(?:~|[\w.@$+-]{{1,80}})?(?:/[\w.@$*{{}}+=:-]{{1,80}}){{1,30}}/?
        |(?<![\w.])[\w-]{{1,80}}(?:\.[\w-]{{1,40}}){{0,4}}\.(?:{_any(EXTENSIONS)})\b(?!\.\w))
    |(?P<dotted>(?<![\w.])[A-Za-z_][\w-]{{0,63}}(?:\.[A-Za-z_][\w-]{{0,63}}){{1,8}})
    |(?P<number>(?<![\w.])(?P<sign>[-−+]?)(?P<currency>[$€£¥]?)
        (?P<value>(?:\d{{1,3}}(?:[,_' ]\d{{3}})+|\d{{1,40}})(?:\.\d{{1,40}})?|(?i:{_any([*NUMBER_WORDS])})\b)
        (?:(?P<ordinal>st|nd|rd|th)\b|[ -]?(?P<unit>{_any([*UNITS])})(?!\w)|(?!\w))(?:\ ?(?P<after>[$€£¥]))?)
    |(?P<cjk>[{_CJK}]+)
    |(?P<word>[^\W{_CJK}](?:[\w'’-]{{0,200}}\w)?(?:-(?![\w>-]))?)
    |(?P<mark>~~|\[[xX]\](?=\s))
    |(?P<opening>[:|(\["“]|[.!?](?=\s))
    """,
    re.VERBOSE,
)
_CJK_NOT = re.compile("ない|ません|なし|禁止|不|没|無|无|别|않|없|금지")
_IDENTIFIER = re.compile(r"[\w-]*[\d_]|\w*[a-z][A-Z]|[A-Z]{2}|.*-$")
_YEAR = re.compile(r"(?:19|20)\d\d")
# Written small, these are no months.
_LOWER = frozenset(("march", "mars", "august", "sept"))
_ENDING = re.compile("(?:ations?|ions?|ings?|ies|ied|ers?|es|ed|ly|y|e|s)$")


@dataclass(frozen=True, slots=True)
class Meaning:
    """A statement's content, in order: stems of its content words, and the values of its facts by kind.

    `order`: stems of words and names together; `sequence`: the same with the other facts between.
    `quantities`: the numbers in base units (90 minutes equal 1.5 hours).
    `amounts`: each number with its unit, its quantity in base units and that base. `frame`: the fillers and modals as
    written. `related`: a word such as "over" or "before" makes the order count. `ends_in_fact`: nothing but
    fillers follows the last fact. `everything`: stems and facts as one set, for likeness.
    """

    words: tuple[str, ...]
    order: tuple[str, ...]
    sequence: tuple[str, ...]
    facts: dict[str, tuple[str, ...]]
    quantities: tuple[str, ...]
    amounts: tuple[Amount, ...]
    frame: tuple[str, ...]
    related: bool
    ends_in_fact: bool
    everything: frozenset[str]

    def of(self, kind: str) -> tuple[str, ...]:
        """The values of one kind, in order."""
        return self.facts.get(kind, ())


class Meanings(dict[str, "Meaning"]):
    """The meanings of statements by their normal form, each read once."""

    def __missing__(self, text: str) -> "Meaning":
        self[text] = meaning(text)
        return self[text]


@lru_cache(maxsize=10_000)
def meaning(text: str) -> Meaning:
    """What a statement in its normal form says. Takes time linear in its length."""
    events: list[_Event] = []
    amounts: list[Amount] = []
    start, previous = True, ""
    frame: list[str] = []
    for found in _TOKEN.finditer(plainly(text)):
        token, kind = found[0], found.lastgroup or ""
        if kind == "opening":
            start = True
            continue
        if kind in ("plain", "word"):
            stands_for = _word(token, start, previous in ("have", "has", "had"))
            events += stands_for
            if not stands_for or stands_for[0][0] == "modal":
                frame.append(token.lower())
        elif kind == "number":
            events += _number(found, previous, amounts)
        elif kind == "cjk":
            events += _cjk(token)
        else:
            events.append(_value(kind, token))
        start, previous = False, token
    return _settled(events, tuple(amounts), tuple(frame))


def _settled(events: list[_Event], amounts: tuple[Amount, ...], frame: tuple[str, ...]) -> Meaning:
    """The events of a statement sorted by kind."""
    facts: dict[str, list[str]] = {}
    words: list[str] = []
    sequence: list[str] = []
    for at, (kind, value, word) in enumerate(events):
        if kind == "word":
            words.append(value)
            sequence.append(value)
            continue
        if kind == "modal" and word in FORBIDDING and at + 1 < len(events) and _forbids(events[at + 1]):
            continue
        sequence.append(stem(value.lower()) if kind == "name" else f"{kind}:{value}")
        if kind != "modal" or value not in facts.get("modal", ()):
            facts.setdefault(kind, []).append(value)
    return Meaning(
        words=tuple(words),
        order=tuple([item for item in sequence if ":" not in item]),
        sequence=tuple(sequence),
        facts={kind: tuple(values) for kind, values in facts.items()},
        quantities=tuple(quantity for _, _, quantity, _ in amounts),
        amounts=amounts,
        frame=frame,
        related=not (RELATIONS.isdisjoint(frame) and RELATIONS.isdisjoint([word for _, _, word in events])),
        ends_in_fact=bool(events) and events[-1][0] != "word",
        everything=frozenset(sequence).union(f"name:{name}" for name in facts.get("name", ())),
    )


def _forbids(event: _Event) -> bool:
    """Whether an event is a "not" by itself, rather than one half of a word such as "disable"."""
    return event[0] == "negation" and event[2] not in OPPOSITES


@lru_cache(maxsize=50_000)
def _word(token: str, start: bool, had: bool = False) -> tuple[_Event, ...]:
    """What a word stands for; `start`: a capital says nothing there; `had`: "have" stood before."""
    lower = token.lower().replace("’", "'")
    if had and lower == "to":
        return (("modal", "must", "have to"),)
    if lower in NEGATIONS:
        return (("negation", "not", lower),)
    if lower.endswith("n't"):
        stemmed = {"can't": "can", "won't": "will"}.get(lower, lower.removesuffix("n't"))
        return (*_word(stemmed, True), ("negation", "not", lower))
    if lower in MODALS:
        return (("modal", MODALS[lower], lower),)
    if lower in OPPOSITES:
        return ("negation", "not", lower), ("word", stem(OPPOSITES[lower]), lower)
    if lower in TIMES:
        return (("date", TIMES[lower], lower),)
    if lower in MONTHS and len(lower) > 3 and (token[0].isupper() or lower not in _LOWER):
        return (("date", f"{MONTHS[lower]:02}", lower),)
    if lower in FILLERS:
        return ()
    if _IDENTIFIER.match(token) or (token[0].isupper() and not start):
        return (("name", token.removesuffix("'s").removesuffix("’s"), token),)
    return tuple(("word", stem(part), part) for part in lower.split("-") if part not in FILLERS and part)


def _number(found: "re.Match[str]", previous: str, amounts: list[Amount]) -> list[_Event]:
    text = found["value"]
    value = NUMBER_WORDS.get(text.lower())
    if value is None:
        value = float(re.sub("[,_' ]", "", text))
    if found["sign"] and found["sign"] != "+":
        value = -value
    unit = found["unit"] or found["currency"] or found["after"] or ""
    if not unit and _is_version(found, previous):
        return [("version", text, text)]
    name, base, factor = UNITS.get(unit, (unit, unit, 1.0))
    number = ("number", f"{value:.12g}", text)
    # A place in a row is no amount: the third is not one of three.
    name, base = (name, base) if name or not found["ordinal"] else ("th", "th")
    amounts.append((number[1], name, f"{value * factor:.12g} {base}", base))
    return [number, ("unit", name, unit)] if unit and name else [number]


def _is_version(found: "re.Match[str]", previous: str) -> bool:
    """Whether a number is one of a version: by its name ("Python 3", "postgres:16") or how it is pinned ("==5.2")."""
    if found["sign"] or not found["value"][0].isdigit() or _YEAR.fullmatch(found["value"]):
        return False
    pin = found.string[max(0, found.start() - 2) : found.start()]
    dotted = "." in found["value"]
    return (
        previous.lower().rpartition("-")[2] in VERSIONED
        or pin == "=="
        or (dotted and (previous[:1].isupper() or pin[-1:] == "@" or bool(re.fullmatch("[a-z]:", pin))))
    )


def _cjk(text: str) -> list[_Event]:
    pairs = [text[at : at + 2] for at in range(len(text) - 1)] or [text]
    negations = [("negation", "not", text) for _ in _CJK_NOT.findall(text)]
    names = [("name", name, name) for name in people(text)]
    return [*negations, *names, *(("word", pair, pair) for pair in pairs)]


def _value(kind: str, token: str) -> _Event:
    text = token.rstrip(".,;:!?")
    if kind == "mark":
        return "negation", text.lower(), token
    if kind == "date":
        return "date", _date(text), token
    if kind == "time":
        return "date", _time(text), token
    if kind == "version":
        return "version", text.removeprefix("v"), token
    return ("name" if kind == "dotted" else kind), text, token


def _date(text: str) -> str:
    """Dates written with a month's name, or year first, as year-month-day; others as they are."""
    numbers = re.findall(r"\d+", text)
    month = next((MONTHS[word] for word in re.findall("[a-z]+", text.lower()) if word in MONTHS), None)
    if month is None:
        if re.match(r"\d{4}[-/]", text):
            return "-".join(number.zfill(2) for number in numbers)
        return text
    year = next((number for number in numbers if len(number) == 4), "")
    day = next((number.zfill(2) for number in numbers if len(number) < 4), "")
    return f"{year}-{month:02}-{day}".strip("-")


def _time(text: str) -> str:
    hour, *rest = re.findall(r"\d+", text)
    hours = int(hour)
    if re.search("[pP]", text):
        hours = hours % 12 + 12
    elif re.search("[aA]", text):
        hours = hours % 12
    return ":".join([f"{hours:02}", *(rest or ["00"])])


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A word without its ending, so that "expires" and "expiry" meet; short words stay as they are."""
    cut = _ENDING.sub("", word)
    if len(cut) < 3 or not word.isascii():
        return word
    return cut[:-1] if len(cut) > 3 and cut[-1] == cut[-2] else cut


def changed_kinds(old: Meaning, new: Meaning) -> list[str]:
    """Which kinds of fact differ between two statements; "order" when the same facts changed places."""
    kinds = [
        kind
        for kind in FACT_KINDS
        if kind not in ("number", "unit", "name") and not _equal(old.of(kind), new.of(kind))
    ]
    if not _equal(old.quantities, new.quantities):
        kinds += [kind for kind in ("number", "unit") if not _equal(old.of(kind), new.of(kind))] or ["number"]
    if _names_differ(old, new) or _names_differ(new, old):
        kinds.append("name")
    if not kinds and _order_differs(old, new):
        kinds.append("order")
    return sorted(kinds, key=[*FACT_KINDS, "order"].index)


def _equal(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether the same values occur, in any order."""
    return one == other or (len(one) == len(other) and sorted(one) == sorted(other))


def _names_differ(one: Meaning, other: Meaning) -> bool:
    """Whether a name of one is absent from the other, where it may stand at the start as a plain word."""
    known = other.of("name")
    return any(name not in known and stem(name.lower()) not in other.words for name in one.of("name"))


def _order_differs(old: Meaning, new: Meaning) -> bool:
    for kind in FACT_KINDS:
        one, other = old.of(kind), new.of(kind)
        if kind in ("negation", "modal", "unit", "name") or one == other or not _equal(one, other):
            continue
        # A time and a weekday may change places, two times may not.
        if kind != "date" or any(_sorted_out(one, sort) != _sorted_out(other, sort) for sort in _DATE_SORTS):
            return True
    words = [word for word in old.order if word in new.everything]
    placed = [word for word in new.order if word in old.everything]
    if words == placed:
        # The same words with the "not" at another one: "use A, never B", "never use A, B".
        return old.order == new.order and _denials(old) != _denials(new)
    if sorted(words) != sorted(placed):
        return False
    if old.related and new.related and old.frame.count("by") == new.frame.count("by"):
        return True
    # Without such a word: the same sentence with two words exchanged.
    moved = [pair for pair in zip(words, placed, strict=True) if pair[0] != pair[1]]
    return old.frame == new.frame and len(moved) == 2 and moved[0] == moved[1][::-1]


_DATE_SORTS = (re.compile(r"\d\d:"), re.compile(r"[a-z]"), re.compile(r"\d+(?!:|\d)"))


def _sorted_out(values: tuple[str, ...], sort: "re.Pattern[str]") -> list[str]:
    return [value for value in values if sort.match(value)]


def _denials(said: Meaning) -> list[str]:
    return [item for item in said.sequence if ":" not in item or item.startswith("negation:")]
