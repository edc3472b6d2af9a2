"""What two statements are matched by: stems of their words, with synonyms as one, and their values."""

import re
from functools import lru_cache
from itertools import chain

from dreams.rules.phrasing import plainly
from dreams.rules.synonyms import SENSES
from dreams.rules.vocabulary import FILLERS, MONTHS, NUMBER_WORDS, TIMES, UNITS

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
_DIGITS = r"\d{1,3}(?:[,_']\d{3})+(?:\.\d+)?|\d{4}-\d\d?-\d\d?|\d\d?:\d\d|\d{1,40}(?:\.\d{1,40}){0,8}"
_PIECE = re.compile(rf"[{_CJK}]{{1,400}}|{_DIGITS}|[^\W\d_{_CJK}]{{1,200}}")
_ASCII = re.compile(rf"[A-Za-z]{{1,200}}|{_DIGITS}")
_SIGN, _AMOUNT = re.compile(f"[{_CJK}]"), re.compile(r"[\d,]+(?:\.\d+)?")
# Two or three capitals are a code, whatever they spell, unless somebody shouts.
_CODE = re.compile("(?!NOT|DO|ALL|AND|OR|IF|THE|ANY|IS|BE|TO|ARE|FOR|CAN|MAY)[A-Z]{2,3}")
_ENDING = re.compile("(?:ations?|ions?|ments?|ings?|ness|ies|ied|ally|ity|ers?|ors?|est|es|ed|en|ly|al|y|e|s)$")


@lru_cache(maxsize=100_000)
def terms(key: str) -> tuple[str, ...]:
    """The terms of a statement in its normal form, each once, in order of appearance."""
    text = plainly(key)
    pieces = (_ASCII if text.isascii() else _PIECE).findall(text)
    read = [_terms(piece) for piece in pieces]
    for at, piece in enumerate(pieces):
        if piece in UNITS and at and _AMOUNT.fullmatch(pieces[at - 1]) and not _SIGN.match(piece):
            _, base, factor = UNITS[piece]
            read[at] = (f"{float(pieces[at - 1].replace(',', '')) * factor:.12g} {base}", *read[at])
    return tuple(dict.fromkeys(chain.from_iterable(read)))


@lru_cache(maxsize=100_000)
def _terms(piece: str) -> tuple[str, ...]:
    if _SIGN.match(piece):
        return tuple(piece[at : at + 2] for at in range(len(piece) - 1)) or (piece,)
    if piece[0].isdecimal():
        return _number(piece)
    lower = piece.lower()
    if lower in MONTHS and (len(lower) > 3 or piece[0].isupper()) and lower != "may":
        return (f"month {MONTHS[lower]:02}",)
    if lower in TIMES:
        return (TIMES[lower],)
    if lower in NUMBER_WORDS:
        return (f"{NUMBER_WORDS[lower]:g}",)
    if (len(lower) < 2 and lower.isascii()) or (lower in _FILLERS and not _CODE.fullmatch(piece)):
        return ()
    if lower in UNITS and len(lower) > 2:
        return (UNITS[lower][0],)
    cut = stem(lower)
    return (CLUSTERS.get(cut, cut),)


def _number(piece: str) -> tuple[str, ...]:
    if "-" in piece:
        year, month, day = piece.split("-")
        return year, f"month {int(month):02}", f"{int(day)}"
    if ":" in piece:
        hour, minute = piece.split(":")
        return (f"{int(hour)}:{minute}",)
    plain = re.sub("[,_']", "", piece)
    return (f"{float(plain):.12g}",) if plain.count(".") < 2 else (plain,)


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """A word without its endings, at most seven letters, so that "rotation" meets "rotates"."""
    for _ in range(2):
        cut = _ENDING.sub("", word)
        if len(cut) < 3:
            break
        word = cut
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word[:7]


_FILLERS = FILLERS.union(
    "no not never none nor neither when while if or any all some can could may might must shall should because since "
    "someone somebody something anyone anything nobody nothing everyone everything up out off down per only even way "
    "doesn don isn hasn aren won didn wasn way whoever whether get gets got go goes one thing things otherwise him "
    "himself herself themselves without within upon under nicht kein keine "
    "der die das den dem des ein eine einen einem einer eines und oder ist sind war wird werden wurde hat haben "
    "für von vom zum zur mit auf bei im in an am aus nach zu als auch sich es er sie wir ihr man dass so nur".split(),
)


@lru_cache(maxsize=50_000)
def senses(key: str) -> frozenset[str]:
    """All words of a statement but its articles, the little ones too, with synonyms as one."""
    cuts = (stem(word) for word in re.findall(r"[^\W_]+", plainly(key).lower()) if word not in ("a", "an", "the"))
    return frozenset(CLUSTERS.get(cut, cut) for cut in cuts)


def _senses() -> dict[str, str]:
    """The stem of each synonym with its sense; a word of two senses keeps the first."""
    clusters: dict[str, str] = {}
    for line in SENSES.strip().split("\n"):
        words = [stem(word) for word in line.split() if "-" not in word]
        sense = clusters.get(words[0], words[0])
        for word in words:
            clusters.setdefault(word, sense)
    return clusters


CLUSTERS = _senses()
