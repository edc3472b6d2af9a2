"""Quantities and times as people write them, in the one spelling that can be compared."""

import re
from functools import lru_cache

from dreams.rules.ideographs import spelled_out
from dreams.rules.vocabulary import MONTHS

_UNITS = "second|minute|hour|day|week|month|year"
_SMALL = {
    word: str(value)
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve",
        "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    )
    for value, word in enumerate(words.split())
}
_ORDINALS = {
    word: str(value)
    for value, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(), 1
    )
}
_SHARES = {"half": 50, "third": 33, "quarter": 25, "fifth": 20, "eighth": 12.5, "tenth": 10, "twentieth": 5}
_NUMBER = rf"(\d{{1,4}}|{'|'.join(_SMALL)})"
_MONTHS = "|".join(word for word in MONTHS if len(word) > 2)
_HALF = r"\ ?([ap])\.?m\b\.?"

# Where a number meets a sign that is a word by itself, or a degree sign of one piece.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_SIGNS = re.compile(f"[{_CJK}]")
_CJK_NUMBER = re.compile(rf"(?<=[{_CJK}])(?=[-+]?\d)|(?<=\d)(?=[{_CJK}℃])")

# Only a text with one of these is worth a closer look.
_WORTH = re.compile(
    rf"\d ?(?:[ap]\.?m\b|h\b|Uhr|o'clock|-|–|to\b|bis\b|until\b)|(?i:no\. ?\d|\b(?:half|quarters?|third"
    rf"|fifth|eighth|tenth|twentieth|dozen|fortnight|midnight|noon|an? (?:{_UNITS})|twice"
    rf"|{'|'.join(_ORDINALS)}|{'|'.join(_SMALL)})\b)"
)


def _number(word: str) -> float:
    return float(_SMALL.get(word.lower(), word))


def _clock(hour: str, minutes: int, half: str | None) -> str:
    at = int(_number(hour)) * 60 + minutes
    if half:
        at = at % 720 + (720 if half.lower() == "p" else 0)
    return f"{at // 60 % 24:02}:{at % 60:02}"


def _span(found: "re.Match[str]") -> str:
    start, start_minutes, end, end_minutes, half = found.groups()
    return f"{_clock(start, int(start_minutes or 0), half)} to {_clock(end, int(end_minutes or 0), half)}"


def _past(found: "re.Match[str]") -> str:
    minutes = {"half past": 30, "quarter past": 15, "quarter to": -15}[" ".join(found[1].lower().split())]
    return _clock(found[2], minutes, found[3])


# Each spelling with what it stands for, the more special first.
_SPELLINGS = [
    (re.compile(pattern, re.IGNORECASE | re.VERBOSE), stands_for)
    for pattern, stands_for in (
        (r"\bno\.\ ?(?=\d)", lambda m: "number "),
        (rf"\b(\d\d?)\.?\ ?(?:-|–|to|bis|until)\ ?(?=\d\d?\.?\ ({_MONTHS})\b)", lambda m: f"{m[1]} {m[2]} to "),
        (r"\b(\d\d?)\.\ ?(?:-|–|bis)\ ?(?=\d\d?\.(\d\d?)\.(\d{4})\b)", lambda m: f"{m[1]}.{m[2]}.{m[3]} to "),
        (rf"\b({_MONTHS})\ (\d\d?)(?:-|–|\ to\ )(?=\d\d?\b(?!:))", lambda m: f"{m[1]} {m[2]} to {m[1]} "),
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
        (rf"\b(\d\d?)(?::(\d\d))?\ ?(?:-|–|to|and|until)\ ?(\d\d?)(?::(\d\d))?{_HALF}", _span),
        (
            r"\b(\d\d?)(?::(\d\d))?\ ?(?:-|–|to|and|und|bis)\ ?(\d\d?)(?::(\d\d))?\ ?(?:(h)\b|Uhr\b|o'clock\b)",
            lambda m: f"{_clock(m[1], int(m[2] or 0), None)} to {_clock(m[3], int(m[4] or 0), None)}",
        ),
        (rf"\b(\d\d?)(?::(\d\d))?{_HALF}", lambda m: _clock(m[1], int(m[2] or 0), m[3])),
        (r"\b(\d\d?)(?::(\d\d))?\ (?:Uhr|o'clock)\b", lambda m: _clock(m[1], int(m[2] or 0), None)),
        (r"\bmidnight\b", lambda m: "00:00"),
        (r"\b(?:noon|midday)\b", lambda m: "12:00"),
        (r"\b(?:a|one)\ dozen\b", lambda m: "12"),
        (r"\b(?:an?|the|one)\ fortnight\b", lambda m: "2 weeks"),
        (rf"\b(?:an?|one)\ ({'|'.join(_SHARES)})\ of\b", lambda m: f"{_SHARES[m[1].lower()]:g} % of"),
        (r"\btwice\ (?=a\b)", lambda m: "2 times "),
        (rf"\bone\ ({_UNITS})\b", lambda m: f"1 {m[1]}"),
        (rf"\b({'|'.join(_ORDINALS)})\b(?!\ of\ all)", lambda m: f"{_ORDINALS[m[1].lower()]}th"),
        (rf"\b({'|'.join(word for word in _SMALL if word not in ('one', 'eins'))})\b", lambda m: _SMALL[m[1].lower()]),
    )
]


@lru_cache(maxsize=50_000)
def plainly(text: str) -> str:
    """The text with "half an hour" as "0.5 hours", "quarter past four pm" as "16:15", "thirty" left to others."""
    if not text.isascii() and _SIGNS.search(text):
        text = _CJK_NUMBER.sub(" ", spelled_out(text))
    if not _WORTH.search(text):
        return text
    for spelling, stands_for in _SPELLINGS:
        text = spelling.sub(stands_for, text)
    return text
