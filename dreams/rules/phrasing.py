"""Quantities and times as people write them, in the one spelling that can be compared."""

import re
from functools import lru_cache

from dreams.rules.ideographs import spelled_out
from dreams.rules.vocabulary import MONTHS, NUMBER_WORDS

_UNITS = "second|minute|hour|day|week|month|year"
SMALL = {
    word: str(value)
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve",
        "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    )
    for value, word in enumerate(words.split())
}
# Of Spanish and French without what is a word of English as well: "once", "sept".
SMALL |= {
    word: str(value)
    for start, words in (
        (2, "dos tres cuatro cinco seis siete ocho nueve diez"),
        (12, "doce"),
        (2, "deux trois quatre cinq"),
        (8, "huit neuf dix onze douze"),
    )
    for value, word in enumerate(words.split(), start)
}
_TENS = [word for word, value in NUMBER_WORDS.items() if 20 <= value < 100]
_ORDINALS = {
    word: str(value)
    for value, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(), 1
    )
}
_SHARES = {"half": 50, "third": 33, "quarter": 25, "fifth": 20, "eighth": 12.5, "tenth": 10, "twentieth": 5}
_NUMBER = rf"(\d{{1,4}}|{'|'.join(SMALL)})"
_MONTHS = "|".join(word for word in MONTHS if len(word) > 2)
_HALF = r"\ ?([ap])\.?m\b\.?"

# Where a number meets a sign that is a word by itself, or a degree sign of one piece.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
# A search that ignores case takes these for the others, a look into a table does not.
_LETTERS = str.maketrans("ſıİ\u212a", "siIK")
_SIGNS = re.compile(f"[{_CJK}]")
_CJK_NUMBER = re.compile(rf"(?<=[{_CJK}])(?=[-+]?\d)|(?<=\d)(?=[{_CJK}℃])")

# Only a text with one of these is worth a closer look.
_NUMBERED = (
    r"\d ?(?:[ap]\.?m\b|h\d*\b|Uhr|o'clock|-|–|to\b|bis\b|until\b|in the\b|at night\b)"
    r"|(?i:no\. ?\d|\ba las? \d\b)"
)
_DIGIT = re.compile(r"\d")
_BY_NUMBER = re.compile(_NUMBERED)
_WORTH = re.compile(
    rf"{_NUMBERED}|(?i:ty-[a-z]|und[a-zß]+ig\b"
    rf"|\b(?:half|quarters?|third"
    rf"|fifth|eighth|tenth|twentieth|dozen|fortnight|midnight|noon|an? (?:{_UNITS})|twice"
    rf"|{'|'.join(_ORDINALS)}|{'|'.join(SMALL)})\b)"
)


def _number(word: str) -> float:
    return float(SMALL.get(word.lower(), word))


def _clock(hour: str, minutes: int, half: str | None) -> str:
    at = int(_number(hour)) * 60 + minutes
    if half:
        at = at % 720 + (720 if half.lower() == "p" else 0)
    return f"{at // 60 % 24:02}:{at % 60:02}"


def _span(found: "re.Match[str]") -> str:
    start, start_minutes, end, end_minutes, half = found.groups()
    return f"{_clock(start, int(start_minutes or 0), half)} to {_clock(end, int(end_minutes or 0), half)}"


_MINUTES = {"half past": 30, "quarter past": 15, "quarter to": -15}
_MINUTES |= {"halb": -30, "viertel nach": 15, "viertel vor": -15}
_NAMED = {"five": 5, "ten": 10, "twenty": 20, "twenty-five": 25}


def _minutes(found: "re.Match[str]") -> str:
    minutes = _NAMED[found[1].lower()]
    return _clock(found[3], minutes if found[2].lower() == "past" else -minutes, None)


def _past(found: "re.Match[str]") -> str:
    return _clock(found[2], _MINUTES[" ".join(found[1].lower().split())], found[3])


def _compound(found: "re.Match[str]") -> str:
    """ "Twenty-five" or "fünfundzwanzig" in digits."""
    words = [word.lower() for word in found.groups()]
    tens = sum(NUMBER_WORDS[word] for word in words if word in _TENS)
    ones = sum(int(SMALL.get(word, 0)) or (word == "ein") for word in words if word not in _TENS)
    return f"{tens + ones:g}" if 0 < ones < 10 else found[0]


def _part_of_day(found: "re.Match[str]") -> str:
    """A time with the part of the day it is in; "15:00 in the afternoon" says it twice."""
    return _clock(found[1], int(found[2] or 0), "a" if found[3] == "morning" else "p")


def _media(found: "re.Match[str]") -> str:
    return _clock(found[1], int(found[2] or {"media": 30, "cuarto": 15}.get(found[3] or "", 0)), None)


# Each spelling with what it stands for, the more special first.
_SPELLINGS = [
    (re.compile(pattern, re.IGNORECASE | re.VERBOSE), stands_for)
    for pattern, stands_for in (
        (r"\bno\.\ ?(?=\d)", lambda m: "number "),
        (rf"\b(\d\d?)\.?\ ?(?:-|–|to|bis|until)\ ?(?=\d\d?\.?\ ({_MONTHS})\b)", lambda m: f"{m[1]} {m[2]} to "),
        (r"\b(\d\d?)\.\ ?(?:-|–|bis)\ ?(?=\d\d?\.(\d\d?)\.(\d{4})\b)", lambda m: f"{m[1]}.{m[2]}.{m[3]} to "),
        (rf"\b({_MONTHS})\ (\d\d?)(?:-|–|\ to\ )(?=\d\d?\b(?!:))", lambda m: f"{m[1]} {m[2]} to {m[1]} "),
        (rf"(?<=\bà\ ){_NUMBER}\ ?h(?:eures?)?(?:\ ?(\d\d))?\b", lambda m: _clock(m[1], int(m[2] or 0), None)),
        (
            r"\b(\d{1,3})\ ?h(?:ours?)?\ (\d\d?)(?:\ ?min(?:utes)?)?\b",
            lambda m: f"{int(m[1]) * 60 + int(m[2])} minutes",
        ),
        (
            rf"\b(a|an|{_NUMBER})\ ({_UNITS})s?\ and\ a\ half\b",
            lambda m: f"{(1 if m[1].lower() in ('a', 'an') else _number(m[1])) + 0.5:g} {m[3]}s",
        ),
        (rf"\bhalf\ (?:an?|the|of\ the)\ ({_UNITS})\b", lambda m: f"0.5 {m[1]}s"),
        (r"\b(?:(?:a|the\ first)\ )?quarter\ of\ an\ hour\b", lambda m: "15 minutes"),
        (r"\bthree\ quarters\ of\ an\ hour\b", lambda m: "45 minutes"),
        (rf"\b(half\ past|quarter\ past|quarter\ to)\ {_NUMBER}(?:{_HALF})?", _past),
        (rf"\b(halb|viertel\ nach|viertel\ vor)\ {_NUMBER}()\b(?:\ Uhr\b)?", _past),
        (rf"(?<=\bat\ |\bby\ )(five|ten|twenty|twenty-five)\ (past|to)\ {_NUMBER}\b", _minutes),
        (
            rf"\b{_NUMBER}(?::(\d\d))?(?:\ o'clock)?\ (?:in\ the\ (morning|afternoon|evening)|at\ night)\b",
            _part_of_day,
        ),
        (rf"(?<=\ba\ las\ ){_NUMBER}(?::(\d\d))?\b(?:\ y\ (media|cuarto)\b)?", _media),
        (rf"\b(\d\d?)(?::(\d\d))?\ ?(?:-|–|to|and|until)\ ?(\d\d?)(?::(\d\d))?{_HALF}", _span),
        (
            r"\b(\d\d?)(?::(\d\d))?\ ?(?:-|–|to|and|und|bis)\ ?(\d\d?)(?::(\d\d))?\ ?(?:(h)\b|Uhr\b|o'clock\b)",
            lambda m: f"{_clock(m[1], int(m[2] or 0), None)} to {_clock(m[3], int(m[4] or 0), None)}",
        ),
        (rf"\b(\d\d?)(?::(\d\d))?{_HALF}", lambda m: _clock(m[1], int(m[2] or 0), m[3])),
        (rf"\b{_NUMBER}(?::(\d\d))?\ (?:Uhr|o'clock)\b", lambda m: _clock(m[1], int(m[2] or 0), None)),
        (rf"\b({'|'.join(_TENS)})-(\w{{3,5}})\b", _compound),
        (rf"\b(\w{{3,6}})und({'|'.join(_TENS)})\b", _compound),
        (r"\bmidnight\b", lambda m: "00:00"),
        (r"\b(?:noon|midday)\b", lambda m: "12:00"),
        (r"\b(?:a|one)\ dozen\b", lambda m: "12"),
        (r"\b(?:an?|the|one)\ fortnight\b", lambda m: "2 weeks"),
        (rf"\b(?:an?|one)\ ({'|'.join(_SHARES)})\ of\b", lambda m: f"{_SHARES[m[1].lower()]:g} % of"),
        (r"\btwice\ (?=a\b)", lambda m: "2 times "),
        (rf"\bone\ ({_UNITS})\b", lambda m: f"1 {m[1]}"),
        (rf"\b({'|'.join(_ORDINALS)})\b(?!\ of\ all)", lambda m: f"{_ORDINALS[m[1].lower()]}th"),
        (rf"\b({'|'.join(word for word in SMALL if word not in ('one', 'eins'))})\b", lambda m: SMALL[m[1].lower()]),
    )
]



@lru_cache(maxsize=50_000)
def telling(word: str) -> bool:
    """Whether a run without blanks may be of a quantity or a time: without any a text has only those with digits."""
    return bool(_WORTH.search(word) or _WORTH.search(f"a {word}"))


@lru_cache(maxsize=50_000)
def plainly(text: str) -> str:
    """The text with "half an hour" as "0.5 hours", "quarter past four pm" as "16:15", "thirty" left to others."""
    if not text.isascii():
        text = text.translate(_LETTERS)
        if _SIGNS.search(text):
            text = _CJK_NUMBER.sub(" ", spelled_out(text))
    # Words are looked up, since a search for all that are worth it takes far longer.
    among = _WORTH if any(map(telling, text.split())) else _BY_NUMBER
    if not (among is _WORTH or _DIGIT.search(text)) or not among.search(text):
        return text
    for spelling, stands_for in _SPELLINGS:
        text = spelling.sub(stands_for, text)
    return text
