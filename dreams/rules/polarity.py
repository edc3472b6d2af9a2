"""Whether a "not" came, went or changed sides between two tellings: followed clause by clause."""

import re
from functools import lru_cache
from typing import NamedTuple

from dreams.rules.phrasing import plainly
from dreams.rules.terms import terms
from dreams.rules.vocabulary import OPPOSITES

NEGATION, ORDER, MODAL = "negation", "order", "modal"
# So many of the words denied on either side must be so on one only.
TURNED = 0.5
_CLAUSE = re.compile(
    r"[,;:()|–—]|\.\s|(?=\b(?:except|unless|ausgenommen|außer)\b)"
    r"|\b(?:but|so|since|because|which|who|if|when|whoever"
    r"|and(?=\ (?:not|no|never|is|are|was|were|has|have|will|must|may|can|should)\b)"
    r"|aber|sondern)\b"
    r"|\b(?P<against>rather than|instead of|in place of|over(?=\ [a-z]+$)|statt)\b"
)
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*-?|~~")
_NOT = frozenset(
    "not no never none nobody nothing neither nor without cannot nowhere nicht nie niemals ohne kein keine keinen "
    "keiner keinem niemand nunca jamás sin ningún ninguna pas jamais sans aucun aucune ~~".split()
)
# Words that take something back without a "not"; where only one side has one, nothing is said about polarity.
_HALF_NOT = frozenset(
    "free out refuse lack omit skip avoid except unless only instead rather over ruled leave left stop "
    "else drop missing limit longer anlassen sonst nur away refrain lone gone ignore ignores ignored anywhere "
    "elsewhere ends ended until hardly rarely seldom otherwise off-limits limits least most either half banned "
    "anymore spare spares weist zurück abgelehnt verweigert exclusively solely exempt alone needless cease "
    "ceased home forget asleep gets".split()
)
# What is so is not let in.
_OUT = frozenset("out avoid avoided banned refuse refused rejected forbidden excluded off-limits".split())
# Of the words that turn a statement round those that deny it as a "not" does.
_DENYING = frozenset(
    "disable disables disabled disabling deny denies denied forbid forbids forbidden prohibit prohibited exclude "
    "excludes excluded excluding false off fail fails failed reject rejects rejected unsafe invalid inactive "
    "incompatible unsupported impossible dislikes stopped".split()
)
_HINT = re.compile(
    rf"\b(?:{'|'.join(sorted(_NOT | OPPOSITES.keys()))})\b"
    r"|n['’]t\b|\bun[a-z]+(?:ed|able|en)\b|rather than|instead|prefer|statt|\bexcept|\binclud(?:ed|ing)\b"
)
_UN = re.compile("un[a-z]{4,}")
# "Untranslated" is not translated; "under" and "unless" are none of these.
_UNDONE = re.compile(r"un(?!der|less|til|ion|i[tq]|iv|if)[a-z]{3,}(?:ed|able|en)")
_NOT_MORE = re.compile(
    r"\b(?:no|not|never|nothing|nobody) (?:\w+ ){0,3}(?:more|longer|above|over|beyond|higher|later)(?: than)?\b"
    r"|(?:\bnot|n't|\bnever) (?:exceed|go over|go above|go beyond)(?:ed|ing|s)?\b"
)
_NOT_LESS = re.compile(
    r"\b(?:no|not|never|nothing|nobody) (?:\w+ ){0,3}(?:less|fewer|below|under|shorter)(?: than)?\b"
)
_MOST = re.compile(
    r"\b(?:at (?:the )?most|up to|max(?:imum)?\b\.?|(?:less|fewer|shorter) than|below|under|within"
    r"|höchstens|bis zu|tops|(?:como )?máximo|a lo sumo|au plus|au maximum|maximal)\b"
)
_LEAST = re.compile(
    r"\b(?:at (?:the )?least|min(?:imum)?\b\.?|(?:more|longer|greater|higher) than|above|over|exceeds?|exceeding"
    r"|beyond|mindestens|wenigstens|über|at the earliest|(?:como )?mínimo|(?:al|por lo) menos|au moins|au minimum)\b"
)
_NOT_BEFORE = re.compile(r"\b(?:not|no|never|nicht|none) (?:before|earlier than|sooner than|until|vor)(?= \d)")
# Up to a day before is a day before or more.
_AHEAD = re.compile(r"\b(?:up to|until|bis) ((?:\w+ ){1,2}(?:before|ahead|vorher|davor))")
# What pays off is not off.
_OFF = re.compile(
    r"\b((?:pay|pa[iy]d|take|took|drop|log|sign|kick|show|hand|dropp|logg|day|time|week)(?:s|ed|ing)?) off\b"
)
# What is taken out, and what is expressly not.
_EXCEPT = re.compile(
    r"\b(?:except(?: for)?|apart from|(?:all|any|every|each|no)\b[^,;:]{1,40} but|other than) ([^,;:.]{3,60})"
)
_INCLUDED = re.compile(r"(?:\b(?:including|even) ([^,;:.]{3,60})|\b([^,;:.]{3,40}) included\b)")
# What one is without says nothing of the rest of the sentence.
_WITHOUT = re.compile(r"\b((?:without|ohne) (?:an? |any |the |eine?n? )?[^\W\d_]+)\b")
_CJK_NOT = re.compile("ない|ません|なし|禁止|不可|没|無|无|别|않|없|금지")
_CJK_ONLY = re.compile("だけ|のみ|只|仅|만")
_AGAINST = re.compile(r"\b(?:rather than|instead of|prefers?)\b")

_Sign = tuple[int, frozenset[str]]


def denies(key: str) -> bool:
    """Whether a statement holds anything that may deny."""
    lower = key.lower()
    # Words are looked up, since a search for so many takes far longer.
    return any(map(_hints, lower.split())) and bool(_HINT.search(lower))


@lru_cache(maxsize=50_000)
def _hints(word: str) -> bool:
    return bool(_HINT.search(word) or _HINT.search(f"{word} than"))


def polarity(old: str, new: str, *, alone: bool, joined: bool) -> set[str]:
    """Says "negation" when a "not" came or went, "modal" when the most became the least, "order" when what is denied
    and what is not changed places."""
    if len(_CJK_NOT.findall(plainly(old))) % 2 != len(_CJK_NOT.findall(plainly(new))) % 2:
        return set() if _CJK_ONLY.search(old + new) else {NEGATION}
    if alone and (bound := _bound(old)) and (bounds := _bound(new)) and not bound & bounds and not _outside(old, new):
        return {MODAL}
    if _excepted(old, new):
        return {NEGATION}
    if _AGAINST.search(old) or _AGAINST.search(new):
        old, new = old.replace(" before ", " rather than "), new.replace(" before ", " rather than ")
    if not (denies(old) or denies(new)):
        return set()
    was, denials = _signed(old)
    says, other_denials = _signed(new)
    shared = [(was[term], says[term]) for term in was if term in says]
    if {one[0][0] for one, other in shared if one[0][0] != other[0][0]} == {1, -1}:
        return {ORDER}
    denied = [pair for pair in shared if any(sign < 0 for side in pair for sign, _ in side)]
    turned = [
        (one, other) for one, other in denied if {sign for sign, _ in one}.isdisjoint({sign for sign, _ in other})
    ]
    # With "free", "except" or the like on one side only nobody knows.
    turned = [(one, other) for one, other in turned if one[0][1] == other[0][1]]
    if (denials % 2 == other_denials % 2 and not joined) or not turned:
        return set()
    return {NEGATION} if len(turned) >= TURNED * len(denied) else set()


@lru_cache(maxsize=50_000)
def _signed(key: str) -> tuple[dict[str, list[_Sign]], int]:
    """Each term at its places: 1, or -1 where it is denied, and the half denials around; and how many denials."""
    text = _bounded(plainly(key).lower().replace("’", "'"))
    signs: dict[str, list[_Sign]] = {}
    denials, start, against = 0, 0, False
    ends = [(found.start(), found.end(), bool(found["against"])) for found in _CLAUSE.finditer(text)]
    for stop, end, starts_against in [*ends, (len(text), len(text), False)]:
        words = [_role(word) for word in _WORD.findall(text[start:stop])]
        count = sum(word.denies for word in words)
        count += against - (count > 1 and any(word.nor for word in words))
        denials += count + sum(word.turned for word in words)
        half = frozenset(word.half for word in words if word.half and (word.half != "either" or count))
        for word in words:
            sign = -1 if (count + word.opposite) % 2 else 1
            for term in word.terms:
                signs.setdefault(term, []).append((sign, half))
        start, against = end, starts_against
    return signs, denials


class _Role(NamedTuple):
    """What a word does to its clause: denies it, says the contrary by itself, denies it by half; and its terms."""

    denies: bool
    nor: bool
    turned: bool
    half: str
    opposite: bool
    terms: tuple[str, ...]


@lru_cache(maxsize=50_000)
def _role(word: str) -> _Role:
    opposite = OPPOSITES.get(word) or (word[2:] if _UNDONE.fullmatch(word) else None)
    turned = _turned(word)
    return _Role(
        word in _NOT or word in _DENYING or word.endswith("n't"),
        word == "nor",
        turned,
        word if word in _HALF_NOT or (_UN.fullmatch(word) and not turned) else "",
        opposite is not None and word not in _DENYING,
        terms(opposite or word),
    )


def _turned(word: str) -> bool:
    """Whether a word says the contrary of another by itself."""
    return (word in OPPOSITES and word not in _DENYING) or bool(_UNDONE.fullmatch(word))


def _bounded(text: str) -> str:
    if "prefer" in text or "lieber" in text:
        text = re.sub(r"(prefer.{1,80}?) to ", r"\1 rather than ", text)
    denials = [word for word in _WORD.findall(text) if word in _NOT or word in _HALF_NOT or word.endswith("n't")]
    if len(denials) == 1:
        text = _WITHOUT.sub(r" | \1 | ", text)
    text = _OFF.sub(r"\1", text).replace("not even", "even").replace("fail over", "failover")
    if any(part in text for part in ("no", "never", "n't", "nicht")):
        text = _NOT_LESS.sub(" ", _NOT_MORE.sub(" ", _NOT_BEFORE.sub(" from ", text)))
    for bound in (_MOST, _LEAST):
        text = bound.sub(" ", text)
    return text


def _excepted(old: str, new: str) -> bool:
    """Whether what one excepts the other includes by name."""
    one, other = plainly(old).lower(), plainly(new).lower()
    if not any(word in text for word in ("includ", "even") for text in (one, other)):
        return False
    pairs = ((one, other), (other, one))
    return any(
        set(terms(one)) & set(terms(other))
        for but, included in pairs
        for one in _EXCEPT.findall(but)
        for other in map("".join, _INCLUDED.findall(included))
    )


def _outside(old: str, new: str) -> bool:
    """Whether one says "not under 50" and the other "under 50 is out"."""
    one, other = (plainly(text).lower() for text in (old, new))
    return any(
        (_NOT_LESS.search(text) or _NOT_MORE.search(text)) and not _OUT.isdisjoint(_WORD.findall(rest))
        for text, rest in ((one, other), (other, one))
    )


def _bound(text: str) -> set[str]:
    """Whether a number in it is the most or the least."""
    lower = _AHEAD.sub(r"at least \1", plainly(text).lower())
    if not any(map(str.isdigit, lower)):
        return set()
    least = bool(_NOT_LESS.search(lower) or _LEAST.search(_MOST.sub(" ", _NOT_MORE.sub(" ", lower))))
    most = bool(_NOT_MORE.search(lower) or _MOST.search(_LEAST.sub(" ", _NOT_LESS.sub(" ", lower))))
    return {name for name, said in (("least", least), ("most", most)) if said}
