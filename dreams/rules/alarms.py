"""Which facts of a statement are others where it is told anew, told apart from mere rewording."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

from dreams.rules.closeness import changed_at, spot
from dreams.rules.meaning import FACT_KINDS, Amount, Meaning, changed_kinds
from dreams.rules.naming import called, renamed
from dreams.rules.phrasing import SMALL, plainly
from dreams.rules.polarity import ORDER, denies, polarity
from dreams.rules.terms import terms
from dreams.rules.vocabulary import MONTHS, NUMBER_WORDS, RIVALS, TIMES, UNITS

VALUE = "value"
_RAW = re.compile(r"[^\W_]+(?:[-./:@_][^\W_]+)*[-%€$£]?|[€$£~]")
# Words, and what comes near them where they are not parted by blanks: a run of one script.
_PIECE = re.compile("[\u3041-\u309f]+|[\u30a0-\u30ff]+|[\u3400-\u9fff]+|[^\\W_\u3040-\u30ff\u3400-\u9fff]+")
# More amounts than these are not read of one statement.
MOST_AMOUNTS = 100

_BINDING = frozenset(
    "must shall mandatory required obligatory has have had need needs may can could might optional optionally "
    "allowed permitted should ought recommended only solely exclusively just alone or too also both either per "
    "each every within at most least up to max maximum min minimum less fewer more longer than below above under "
    "over exceed exceeds beyond half quarter plus moins muss müssen darf dürfen kann können soll sollte sollten "
    "debe deben debería puede pueden doit doivent devrait peut peuvent".split()
).union(RIVALS, SMALL, TIMES, MONTHS, NUMBER_WORDS, (unit for unit in UNITS if unit.isalpha()))
_RATE = re.compile(
    r"(?:\b(?:per|an?|each|every|in|within)\s+|/\s?)(?:\w+\s(?:and|or)\s)?"
    r"(second|minute|hour|day|week|month|quarter|year|h|min|s)\b"
    r"|\b(?:(hour|dai|week|month|quarter|year)ly)\b"
)
_RATE_NAMES = {"h": "hour", "min": "minute", "s": "second", "dai": "day"}
_SPOKEN = re.compile(
    r"(?:\b(?:half|quarter|five|ten|twenty) (?:past|to)|\bhalb|\bviertel (?:nach|vor)|\ba las"
    r"|\b(?:at|by|until|to|from|after|before)) "
    rf"(?:{'|'.join(SMALL)})\b"
    r"(?! (?:in the|at night|[ap]\.?m)\b)",
    re.IGNORECASE,
)
# Not in "the first visit", nor in "two days before".
_STEPS = re.compile(
    r"\b(?:then|(?<!minutes )(?<!hour )(?<!hours )(?<!day )(?<!days )(?<!week )(?<!weeks )before"
    r"|zuerst|dann|vor)\b|→|->"
    r"|(?:^|[,;:(.] )first\b|\bfirst(?=[,;:.)]| and\b|$)|\bsecond(?=[,;:.)]|$)|\b(?:never|not) after\b"
)
_BOTH = re.compile(r"\b(?:both|all|each|every|alike|everything)\b")
_OTHER = re.compile(r"\b(?:other|another|next|last|latter)\b")
_ALONE = re.compile(r"\b(?:only|solely|exclusively|nur|just|alone|nowhere else|nothing but|no other|nobody else)\b")
_MORE = re.compile(
    r"\b(?:or|too|also|as well|both|oder|auch|either|everybody|everyone|anyone|anybody|alle|jeder"
    r"|so (?:is|are|does|do))\b"
)
_SOLE = re.compile(r"\b(?:alone|nobody else|no other)\b")
_BESIDES = re.compile(r"\b(?:and|as well as|along with|included)\b")
_MUST = re.compile(
    r"\b(?:must|shall|mandatory|required|obligatory|(?:has|have|had|need|needs) to|needs?|müssen|muss"
    r"|deben?|hay que|tienen? que|obligatori[oa]s?|doit|doivent|il faut|obligatoires?)\b"
)
_MAY = re.compile(
    r"\b(?:may|can|could|might|optional|optionally|allowed|permitted|darf|dürfen|kann|können"
    r"|pueden?|opcional|peut|peuvent|facultatif)\b"
)
_SHOULD = re.compile(r"\b(?:should|ought|recommended|sollte|sollten|soll|deberían?|devrai(?:en)?t)\b")
_SOFT = re.compile(
    r"\b(?:if|when|where|as far as) possible\b|\b(?:preferably|ideally|wants?|would like|by choice|bitte|möglichst"
    r"|wenn möglich|better|best|if it can be helped)\b"
)
_ALL = re.compile(r"\b(?:above|after|at|in) all\b|\ball (?:in all|in|together)\b")
_DENIED = re.compile(r"^(?:'t)?\s*(?:not|n't|never|nicht)\b")


@dataclass(frozen=True, slots=True)
class Told:
    """One statement as it is compared: its normal form, where its meaning is read, and whether it is a table's row."""

    key: str
    meanings: Mapping[str, Meaning]
    row: bool = False

    @property
    def meaning(self) -> Meaning:
        """What it says; read at the first question, since most pairs are told apart without."""
        return self.meanings[self.key]


def alarms(
    old: Told, new: Told, *, olds: Sequence[Told], news: Sequence[Told], light: bool, strange: Callable[[str], bool]
) -> list[str]:
    """The kinds of fact that differ between an old statement and the new one that carries it.

    `olds`: all that the new one carries; `news`: all that carry the old one: what stands in another part is not
    missing, and what another source brought is not foreign. `light`: hardly a word changed; `strange`: whether a word
    is in one of the stores only.
    """
    if (close := spot(old.key, new.key)) and (kind := changed_at(close, old.meaning, new.meaning)):
        return [kind]
    if _telling(old.key) == _telling(new.key) and not (denies(old.key) or denies(new.key)):
        # No value, name or binding word differs: only single words or the order may.
        return _swapped(old, new) or ([ORDER] if _sequence(old.key, new.key) else [])
    sources, places = [each.meaning for each in olds], [each.meaning for each in news]
    kinds = {kind for kind in ("path", "version", "url") if _replaced(kind, old.meaning, new.meaning, sources, places)}
    kinds |= _amounts(old, new, olds, news, light)
    known, kept = [each.key for each in olds], [each.key for each in news]
    if _rates(old.key) - _rates(*kept) and _rates(new.key) - _rates(*known):
        kinds.add("unit")
    twelve = bool(_SPOKEN.search(f"{old.key} {new.key}"))
    if _dates(old.meaning, new.meaning, sources, places, twelve):
        kinds.add("date")
    if renamed(old, new, known, kept, light, strange):
        kinds.add("name")
    kinds |= polarity(old.key, new.key, alone=len(news) == 1, joined=len(olds) > 1 and _whole(olds, new))
    if _modals(old.key, " ".join(kept)):
        kinds.add("modal")
    if _sequence(old.key, new.key):
        kinds.add(ORDER)
    if not kinds and _exchanged(old, new, olds):
        kinds.add(ORDER)
    if not kinds and _rivals(olds, news, old.key, new.key):
        kinds.add(VALUE)
    elif not kinds:
        kinds.update(_swapped(old, new))
    return sorted(kinds, key=[*FACT_KINDS, ORDER, VALUE].index)


@lru_cache(maxsize=50_000)
def _telling(key: str) -> tuple[str, ...]:
    """The words that a fact may hang on: with a digit or a capital inside, and those of units, times and duties."""
    words = _RAW.findall(key)
    return tuple([word for at, word in enumerate(words) if _tells(word) or (at and not word.islower())])


@lru_cache(maxsize=50_000)
def _tells(word: str) -> bool:
    return word.lower() in _BINDING or not word.isalpha() or not word.isascii()


def _whole(olds: Iterable[Told], new: Told) -> bool:
    """Whether all the old ones together have just the words of the new one."""
    return {term for each in olds for term in terms(each.key)} == set(terms(new.key))


def _replaced(kind: str, old: Meaning, new: Meaning, olds: Iterable[Meaning], news: Iterable[Meaning]) -> bool:
    """Whether a value is gone and one that no source has stands there."""
    known, kept = _all(kind, olds), _all(kind, news)
    gone, come = set(old.of(kind)) - kept, set(new.of(kind)) - known
    if kind == "path":
        # Told from another folder, a path begins later.
        gone, come = _apart(gone, come), _apart(come, gone)
    return bool(gone and come)


def _apart(paths: Iterable[str], others: Iterable[str]) -> set[str]:
    """The paths that are neither the end of one of the others nor end with one."""
    ends = [f"/{other.lstrip('./')}" for other in sorted(others)[:MOST_AMOUNTS]]
    return {path for path in paths if not any(_ends(f"/{path.lstrip('./')}", end) for end in ends)}


def _ends(one: str, other: str) -> bool:
    return one.endswith(other) or other.endswith(one)


def _all(kind: str, meanings: Iterable[Meaning]) -> set[str]:
    return {value for each in meanings for value in each.of(kind)}


def _counts(amount: Amount, light: bool) -> bool:
    """Whether an amount is one: no year, and a place in a row ("the second one") only where hardly a word changed."""
    return not _year(amount) and (light or amount[1] != "th")


def _amounts(old: Told, new: Told, olds: Sequence[Told], news: Sequence[Told], light: bool) -> set[str]:
    # "The other one" may be the second.
    light = light and not _OTHER.search(f"{old.key} {new.key}".lower())
    gone = [each for each in _distinct(old) if _counts(each, light) and not _among(each, new, news)]
    come = [each for each in _distinct(new) if _counts(each, light) and not _among(each, old, olds)]
    kinds = set()
    for one in list(gone):
        if other := next((each for each in come if one[0] == each[0] and one[1] and each[1]), None):
            kinds.add("unit")
            gone.remove(one)
            come.remove(other)
    if any(one[3] == other[3] or not (one[1] and other[1]) for one in gone for other in come):
        kinds.add("number")
    if (
        not old.meaning.amounts
        and _bare(old.key) - _bare(*(each.key for each in news))
        and _bare(new.key) - _bare(*(each.key for each in olds))
    ):
        kinds.add("unit")
    if gone and not come and len(olds) > 1:
        # Two that were told apart by a number share one now.
        same = {(unit, base) for _, unit, _, base in new.meaning.amounts}
        if len(_distinct(old)) == len(_distinct(new)) == 1 and any((unit, base) in same for _, unit, _, base in gone):
            kinds.add("number")
    return kinds


def _distinct(said: Told) -> list[Amount]:
    return list(dict.fromkeys(said.meaning.amounts))[:MOST_AMOUNTS]


_BARE = {
    spelling: name
    for spelling, (name, base, _) in UNITS.items()
    if len(spelling) > 3 and base not in ("second", "month", "")
}


def _bare(*texts: str) -> set[str]:
    """The units of measure in some texts, with a number or without: "in kilometres"."""
    return {_BARE[word] for text in texts for word in re.findall("[a-z]+", text.lower()) if word in _BARE}


def _among(amount: Amount, partner: Told, others: Sequence[Told]) -> bool:
    """Whether an amount is in the partner, where either may leave out the unit, or elsewhere with its unit."""
    number, unit, quantity, _ = amount
    return any(
        quantity == other or (number == other_number and not (unit and other_unit))
        for other_number, other_unit, other, _ in _readings(partner)
    ) or any(quantity == other for each in others for _, _, other, _ in _readings(each))


def _readings(said: Told) -> list[Amount]:
    """The amounts of a statement; one without a unit also with that of the others ("50 minutes, in Frankfurt 90"), and
    the numbers in its dates by themselves."""
    amounts = _distinct(said)
    units = {
        (unit, base, float(quantity.split()[0]) / float(number))
        for number, unit, quantity, base in amounts
        if unit and float(number)
    }
    found = list(amounts)
    for number, unit, _, _ in amounts:
        if not unit:
            found += [(number, other, f"{float(number) * factor:.12g} {base}", base) for other, base, factor in units]
    parts = {f"{int(part)}" for value in said.meaning.of("date") for part in re.findall(r"\d{1,9}", value)}
    return found + [(part, "", f"{part} ", "") for part in sorted(parts)[:MOST_AMOUNTS]]


def _year(amount: Amount) -> bool:
    number, unit, _, _ = amount
    return not unit and len(number) == 4 and number[:2] in ("19", "20")


def _dates(old: Meaning, new: Meaning, olds: Sequence[Meaning], news: Iterable[Meaning], twelve: bool) -> bool:
    """Whether a date, a time or a weekday is gone and one of the same sort, from no source, stands there."""
    known = [date for each in olds for date in _times(each)]
    kept = [date for each in news for date in _times(each)]
    gone = [date for date in _times(old) if not any(_agree(date, other, twelve) for other in kept)]
    come = [date for date in _times(new) if not any(_agree(date, other, twelve) for other in known)]
    if gone and not come and len(olds) > 1 and len(_times(old)) == 1:
        # Two that were told apart by a date share one now.
        come = _times(new) if len(_times(new)) == 1 else []
    return any(one[0] == other[0] for one in gone for other in come)


_Time = tuple[str, ...]
_FREQUENCIES = frozenset("hourly daily nightly weekly biweekly monthly quarterly yearly".split())
_DAYS = {"weekday": frozenset("mon tue wed thu fri".split()), "weekend": frozenset(("sat", "sun"))}
_WEEKDAYS = frozenset("mon tue wed thu fri sat sun weekday weekend".split())


def _times(said: Meaning) -> list[_Time]:
    """Each time as its sort and its parts: ("date", year, month, day) with "" for what is not said."""
    found: list[_Time] = [("date", number, "", "") for number, *_ in said.amounts if _year((number, *_))]
    for value in said.of("date"):
        if value in _WEEKDAYS:
            found.append(("weekday", value))
        elif value in _FREQUENCIES:
            found.append(("frequency", value))
        elif value in TIMES.values():
            continue
        elif ":" in value:
            found.append(("time", value))
        elif parts := _date(value):
            found.append(("date", *parts))
    return list(dict.fromkeys(found))[:MOST_AMOUNTS]


def _date(value: str) -> tuple[str, str, str] | None:
    if found := re.fullmatch(r"(\d{4})-(\d\d)(?:-(\d\d))?", value):
        return found[1], found[2], found[3] or ""
    if found := re.fullmatch(r"(\d\d)-(\d\d)|(\d\d)", value):
        return "", found[1] or found[3], found[2] or ""
    if found := re.fullmatch(r"(\d\d?)\.(\d\d?)\.(\d{4})", value):
        return found[3], found[2].zfill(2), found[1].zfill(2)
    return None


def _agree(one: _Time, other: _Time, twelve: bool) -> bool:
    """Whether two times may be the same one, as far as both say."""
    if one[0] == other[0] == "time" and twelve:
        return abs(int(one[1][:2]) - int(other[1][:2])) % 12 == 0 and one[1][2:] == other[1][2:]
    if one[0] == other[0] == "weekday":
        return one == other or one[1] in _DAYS.get(other[1], ()) or other[1] in _DAYS.get(one[1], ())
    return one[0] == other[0] and all(a == b or not (a and b) for a, b in zip(one[1:], other[1:], strict=True))


def _rates(*texts: str) -> set[str]:
    """The spans of time that something is counted by."""
    found = (part for text in texts for pair in _RATE.findall(plainly(text).lower()) for part in pair if part)
    return {_RATE_NAMES.get(name, name) for name in found}


def _sequence(old: str, new: str) -> bool:
    """Whether steps, told one after the other on both sides, come in another order."""
    if len(_STEPS.findall(old.lower())) < 2 or len(_STEPS.findall(new.lower())) < 2:
        return False
    one, other = terms(old), terms(new)
    return [term for term in one if term in other] != [term for term in other if term in one]


def _exchanged(old: Told, new: Told, olds: Sequence[Told]) -> bool:
    """Whether the very same words and facts stand in another order that changes what belongs to what."""
    if len(olds) > 1:
        parts = [each.meaning.sequence for each in olds]
        whole = new.meaning.sequence
        if sorted(item for part in parts for item in part) != sorted(whole):
            return False
        return not any(whole == sum(order, ()) for order in permutations(parts[:4]))
    return sorted(old.meaning.sequence) == sorted(new.meaning.sequence) and bool(
        changed_kinds(old.meaning, new.meaning)
    )


def _swapped(old: Told, new: Told) -> list[str]:
    """The kind of what another stands for, if all else is the same, word by word or cell by cell."""
    if old.row and new.row:
        one, other = (each.key.split(" | ") for each in (old, new))
    else:
        one, other = (_PIECE.findall(_unsigned(each.key).lower()) for each in (old, new))
    if len(one) != len(other) or len(one) < 3:
        return []
    spots = [at for at, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]]
    if len(spots) != 1:
        return []
    at = spots[0]
    gone, come = one[at], other[at]
    # In a table an empty word such as "none" is a value as well.
    telling = any if old.row and new.row else all
    if not (gone and come and telling((terms(gone), terms(come))) and set(terms(gone)).isdisjoint(terms(come))):
        return []
    return ["name" if not old.row and called(one, at) and gone not in RIVALS else VALUE]


def _unsigned(key: str) -> str:
    return key if key.isascii() else plainly(key)


def _rivals(olds: Sequence[Told], news: Sequence[Told], old: str, new: str) -> bool:
    """Whether a word of a sort, such as a colour, is gone and another of that sort has come."""
    known, kept = ({word for each in side for word in _plain_words(each.key)} for side in (olds, news))
    gone = {RIVALS[word] for word in _plain_words(old) if word in RIVALS and word not in kept}
    come = {RIVALS[word] for word in _plain_words(new) if word in RIVALS and word not in known}
    # "The blue one for this, the black one for that" became "both with the black one".
    held = {RIVALS[word] for word in _plain_words(new) if word in RIVALS}
    return bool(gone & come) or bool(gone & held and _BOTH.search(new.lower()) and not _BOTH.search(old.lower()))


def _plain_words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", _ALL.sub(" ", text.lower()))


def _modals(old: str, new: str) -> bool:
    """Whether a duty became an option, or the other way round."""
    was, says = _binding(old), _binding(new)
    one, other = old.lower(), new.lower()
    for alone, more in ((_ALONE, _MORE), (_SOLE, _BESIDES)):
        if alone.search(one) and not _ALONE.search(other) and more.search(other) and not more.search(one):
            return True
    if was and says:
        return not was & says
    strict, soft = (_MUST.search(text) or _ALONE.search(text) for text in (one, other)), _SOFT.search(other)
    return bool(soft and next(strict) and not next(strict) and not _SOFT.search(one))


@lru_cache(maxsize=50_000)
def _binding(text: str) -> frozenset[str]:
    lower = plainly(text).lower().replace("’", "'")
    found = set()
    for name, pattern in (("must", _MUST), ("may", _MAY), ("should", _SHOULD)):
        for word in pattern.finditer(lower):
            if _DENIED.match(lower[word.end() : word.end() + 8]):
                # "Need not" leaves the choice; "must not" and "may not" forbid, which is for the polarity to say.
                found |= {"may"} if word[0].startswith("need") else set()
            else:
                found.add(name)
    return frozenset(found)
