"""How a dream of the stand-in reads foreign text: words, headings, topics, lines that state a value, likeness."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations, pairwise
from zlib import crc32

from rapidfuzz import process
from rapidfuzz.distance import Indel

SKETCH, CROWD = 256, 20  # shingles kept of a text; holders of a shingle before only neighbours are compared
LONG_LINE, REWORDED = 8, 0.9  # words; share of the words that two such lines have in common
SAME = Indel.normalized_similarity

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_FACT = re.compile(
    r"^\s*(?P<bullet>[-*+]\s+)?(?P<subject>[^:=]{3,60}?)(?P<link>\**[:=]\**\s+|\s+(?:is|are)\s+(?:now\s+)?)"
    r"(?P<value>\S(?:.{0,78}\S)?)\s*$"
)
_OLD_MARK = re.compile(r"(?:copy|old|backup|bak|dup|duplicate|outdated|superseded)")
_SMALL_WORD = re.compile(r"(?:new|final|draft|v\d+|the|a|an|and|of|from|notes?)")
_OF_YEAR = re.compile(r"\(?notes? (?:from|of) 20\d\d\)?", re.I)
_NO_SUBJECT = re.compile(
    r"(?:th(?:is|at|ere|ese|ose|ey|ing)|it|here|wh\w+|if|and|but|so|or|one|note|see|s?he|we|you|i|last)"
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
_EMPTY_WORD = re.compile(
    r"(?:an?|the|and|or|but|of|to|in|on|at|by|for|with|from|as|is|are|was|were|be|been|its?|th(?:is|at|ese|ose|en|an)"
    r"|i|you|we|they|s?he|my|y?our|us|me|do|does|did|done|not?|yes|so|if|there|here|ha(?:s|d|ve)|wh\w+|how|also|into"
    r"|[wc]ill|(?:w|c|sh)ould|can|may|lets?|ll|[vr]e|[stdm]|just|now|please|ok|okay|thanks?|up|out|all|any|some)"
)
_DATE_OR_SCRATCH = re.compile(
    r"\d{4}-?\d\d-?\d\d|(?:^|[\W_])(?:scratch|tmp|temp|todo|log|wip|debug|draft)(?:[\W_]|$)", re.I
)
_SCRATCH_PLACE = re.compile(r"(?:^|/)(?:tmp|temp|scratch)(?:/|\.\w+$|$)", re.I)
_PASSING = re.compile(r"\b(?:temporary|one-off|scratch|throwaway|today only|delete (?:this )?after)\b", re.I)


def words_of(text: str) -> list[str]:
    """Case folded words; in Chinese, Japanese and Korean every character is one."""
    return _WORD.findall(text.casefold())


def clean(text: str, limit: int) -> str:
    """Foreign text as one short printable line."""
    line = " ".join(_UNPRINTABLE.sub(" ", text[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def heading_of(content: str) -> str:
    """The first Markdown heading; "" when there is none near the top."""
    lines = content[:2_000].splitlines()
    return next((line.strip("# ") for line in lines if line.startswith("#") and line.strip("# ")), "")


def name_of(path: str, content: str) -> str:
    """What a note calls itself: its heading, else its file name without ending and number."""
    stem = re.sub(r"[-_ ]*\(?\b\d\)?$", "", path.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    return (heading_of(content) or stem).replace("_", " ")


def topic_of(path: str, content: str) -> frozenset[str]:
    """What a note is about: "Deploy (old)" and "Deployment" are one topic, "Deploy staging" and "Deploy production"
    are two, however alike their texts."""
    named = words_of(_OF_YEAR.sub("", name_of(path, content)))
    return frozenset(word[:5] for word in named if not _SMALL_WORD.fullmatch(word) and not _OLD_MARK.fullmatch(word))


def calls_itself_old(path: str, content: str) -> bool:
    """Whether a note says in its heading or file name that there is, or should be, a newer one."""
    name = name_of(path, content) + " " + name_of(path, "")
    return bool(_OF_YEAR.search(name)) or any(map(_OLD_MARK.fullmatch, words_of(name)))


def prose_lines(content: str) -> Iterator[tuple[int, str, bool]]:
    """The lines outside of code fences: number, text, whether it stands alone between blank lines."""
    lines, fenced = content.split("\n"), False
    for number, line in enumerate(lines):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            around = lines[max(0, number - 1) : number] + lines[number + 1 : number + 2]
            yield number, line, not "".join(around).strip()


def fact_in(line: str, alone: bool) -> tuple[tuple[str, ...], str] | None:
    """(("staging", "db"), "db-3") of "- Staging DB: db-3"; None when a line does not give something a value.

    "X is Y" counts in a list, or as a sentence that stands alone and gives a number: prose says it all the time.
    """
    match = _FACT.match(line) if len(line) <= 200 and not line.startswith("#") else None
    if not match or match["value"].endswith(":"):
        return None
    says_is = match["link"].strip("* \t") not in (":", "=")
    if says_is and not match["bullet"] and not (alone and re.search(r"\d", match["value"])):
        return None
    subject = tuple(word for word in words_of(match["subject"]) if word not in ("the", "our", "a", "an"))
    fits = 2 <= len(subject) <= 6 and not _NO_SUBJECT.fullmatch(subject[0]) and len(words_of(match["value"])) <= 8
    return (subject, match["value"].rstrip(".;")) if fits else None


def passing_mark(path: str, content: str) -> str | None:
    """Why a note looks made for the day: it is empty, lies in a scratch place, or is named so and calls itself so."""
    if not content.strip():
        return "empty"
    if place := _SCRATCH_PLACE.search(path):
        return f'one-off note: "{place[0].strip("/")}"'
    match = _DATE_OR_SCRATCH.search(path) and _PASSING.search(content)
    return f'one-off note: it says "{match[0].lower()}"' if match else None


def names_in(text: str) -> set[str]:
    """What may be file names in a text (every word may); a name with spaces is not seen."""
    return {name.strip(".-") for name in re.findall(r"[\w.-]+", text)}


def contradict(old: str, new: str) -> bool:
    """Whether two values cannot both hold; one that only adds words to the other does not contradict it."""
    before, after = set(words_of(old)), set(words_of(new))
    return not before <= after and not after <= before


def unsaid(content: str, newer: str) -> list[str]:
    """The lines that the newer text does not hold. Not carried over is what differs in numbers, in the value of a
    fact, or (a long line) in a word out of ten: there the newer text is believed."""
    facts = {fact[0] for _, line, alone in prose_lines(newer) if (fact := fact_in(line, alone))}
    said = {_but_numbers(line) for _, line, _ in prose_lines(newer)} | {()}
    long = [line for line in said if len(line) >= LONG_LINE]
    found = []
    for _, line, alone in prose_lines(content):
        words, fact = _but_numbers(line), fact_in(line, alone)
        if line.startswith("#") or words in said or (fact and fact[0] in facts):
            continue
        if len(words) < LONG_LINE or not process.extractOne(words, long, scorer=SAME, score_cutoff=REWORDED):
            found.append(line)
    return found


def _but_numbers(line: str) -> tuple[str, ...]:
    """The words with their digits taken out; of a line that holds nothing else, the words."""
    words = words_of(line)
    return tuple(bare for word in words if (bare := re.sub(r"\d+", "", word))) or tuple(words)


def sentences(text: str) -> list[str]:
    """Sentences and lines, the first 20,000 characters of a text."""
    return _SENTENCE.split(text[:20_000])


def telling_words(sentence: str) -> list[str]:
    """The words that carry meaning, the first 400 characters of a sentence."""
    return [word for word in words_of(sentence[:400]) if not _EMPTY_WORD.fullmatch(word)]


def is_telling(run: tuple[str, str]) -> bool:
    """Whether two words in a row are likely to name something: "days ago" is not, "nightly round" is."""
    return len("".join(run)) >= 9 or not "".join(run).isascii()


def likely_copies(texts: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Pairs that share half of the smaller sketch: the lowest hashes of three-word runs, so never all pairs."""
    holders: dict[int, list[str]] = defaultdict(list)
    sizes = {}
    for path, words in texts.items():
        runs = {" ".join(words[i : i + 3]) for i in range(min(4_000, max(1, len(words) - 2)))}
        sketch = sorted({crc32(run.encode("utf-8", "replace")) for run in runs if run})[:SKETCH]
        sizes[path] = len(sketch)
        for shingle in sketch:
            holders[shingle].append(path)
    shared: Counter[tuple[str, str]] = Counter()
    for paths in holders.values():
        # What many notes hold is a form, or a note copied many times: then its neighbours link the copies too.
        shared.update(combinations(paths, 2) if len(paths) <= CROWD else pairwise(paths))
    return [pair for pair, common in shared.items() if 2 * common >= min(sizes[path] for path in pair)]
