"""Words as search knows them: how a text is cut into words, and how a person's query is read."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

MAX_QUERY = 500  # characters of a query that are read
MAX_PARTS = 20  # words and phrases of a query that are looked for
MAX_WORD = 64  # characters of one word; the rest is cut, in texts as in queries
MIN_PREFIX = 2  # letters before *: fewer would gather most words there are

# What begins with one of these is no word of a text, so no query can name it: a word of the path, a mark.
IN_PATH, MARK = "\ue001", "\ue000"
LONG = MARK + "long"  # on PostgreSQL: so many words that it keeps no pairs of them (migration 0009)
_END = "\ue002"  # keeps phrases from reaching across the end of the path

_MARKS = "".join(
    chr(code) for code in (*range(0x300, 0x10000), *range(0x1E000, 0x1E900))
    if unicodedata.category(chr(code)).startswith("M")
)  # fmt: skip
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}])*")
_PLAIN = re.compile("[a-z0-9]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
# Scripts that write no blank between words: kana, Han, Hangul, Thai, Lao, Myanmar, Khmer.
_DENSE = (
    "\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\U00020000-\U0003ffff"
)
_PIECE = re.compile(f"([{_DENSE}]+)|[^{_DENSE}]+")
_PART = re.compile(r'(-?)(?:"([^"]*)(?:"|$)|([^\s"]+))(\*?)')
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUOTES = str.maketrans(dict.fromkeys("“”„«»＂", '"'))


@dataclass(frozen=True, slots=True)
class Part:
    """Words that stand beside each other in this order; `prefix`: the last one may go on."""

    words: tuple[str, ...]
    prefix: bool = False

    @property
    def run(self) -> str:
        """What `index_words` of a text contains exactly if the text contains this part."""
        return f" {' '.join(self.words)}{'' if self.prefix else ' '}"


@dataclass(frozen=True, slots=True)
class Query:
    """What a person looks for: all of `parts`, none of `without`. `cut`: there was more than is looked for;
    `short`: prefixes that were too short and are taken as whole words."""

    parts: tuple[Part, ...] = ()
    without: tuple[Part, ...] = ()
    cut: bool = False
    short: tuple[str, ...] = ()

    @property
    def phrase(self) -> Part | None:
        """Several parts as one phrase, which ranks higher; None when there is none to form."""
        if len(self.parts) < 2 or any(part.prefix for part in self.parts[:-1]):
            return None
        return Part(tuple(word for part in self.parts for word in part.words), self.parts[-1].prefix)


def parse(typed: str) -> Query:
    """Reads a query: words, "phrases", prefixes wor*, exclusions -word. Any string is one; what holds no letter and
    no digit asks for nothing. A word with something inside (on-call, a.md) is a phrase."""
    cut = len(typed) > MAX_QUERY
    parts: dict[Part, bool] = {}
    short = []
    for minus, phrase, word, star in _PART.findall(typed[:MAX_QUERY].translate(_QUOTES)):
        prefix = bool(star) or word.endswith("*")
        part = part_of(phrase or word, prefix=prefix)
        if part is None:
            continue
        if len(parts) == MAX_PARTS and part not in parts:
            cut = True
            break
        if prefix and not part.prefix:
            short.append(part.words[-1])
        parts.setdefault(part, bool(minus))
    return Query(
        tuple(part for part, minus in parts.items() if not minus),
        tuple(part for part, minus in parts.items() if minus),
        cut,
        tuple(short),
    )


def part_of(typed: str, *, prefix: bool = False) -> Part | None:
    """The words of a phrase or of one typed word; None when there are none."""
    words = [word for word, _, _ in spans(typed)]
    if not words:
        return None
    if re.fullmatch(f"[{_DENSE}]", words[-1]):
        # The end of a dense run says nothing about what follows it in a text; alone, the sign may begin any pair.
        whole = len(words) > 1 and words[-2].endswith(words[-1])
        return Part(tuple(words[:-1])) if whole else Part(tuple(words), True)
    return Part(tuple(words), prefix and len(words[-1]) >= MIN_PREFIX)


def spans(text: str) -> Iterator[tuple[str, int, int]]:
    """(word, start, end) of every word of a text in its order: case and accents folded, long ones cut, dense scripts
    as overlapping pairs and the last sign once more. Start and end are those of the whole written word, but in dense
    scripts those of the pair, where folding kept the length."""
    for found in _WORD.finditer(text):
        raw, start = found[0], found.start()
        folded = raw.lower() if raw.isascii() else _folded(raw)
        if folded.isascii() and folded.isalnum():
            yield folded[:MAX_WORD], start, found.end()
            continue
        same = len(folded) == len(raw)
        for word in _WORD.finditer(folded):
            for piece, at in _pieces(word[0]):
                here = start + word.start() + at
                yield (piece, here, here + len(piece)) if same else (piece, start, found.end())


def words_of(text: str) -> list[str]:
    """The words of `spans`, faster."""
    if text.isascii():
        return [word[:MAX_WORD] for word in _PLAIN.findall(text.lower())]
    return [word for word, _, _ in spans(text)]


def _folded(raw: str) -> str:
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", raw.casefold()).casefold())
    return unicodedata.normalize("NFC", bare)


def _pieces(word: str) -> Iterator[tuple[str, int]]:
    for found in _PIECE.finditer(word):
        run, at = found[0], found.start()
        if not found[1]:
            yield run[:MAX_WORD], at
            continue
        for place in range(len(run) - 1):
            yield run[place : place + 2], at + place
        yield run[-1], at + len(run) - 1


def index_words(path: str, text: str, marks: Iterable[str]) -> str:
    """Everything that is indexed of one text at one path, as words between single blanks, one at either end: those of
    the path, those of the text, those of the path once more as such, the marks."""
    of_path = words_of(path)
    words = (*of_path, _END, *words_of(text), _END, *(IN_PATH + word for word in of_path), *marks)
    return f" {' '.join(words)} "


def mark(kind: str, value: object) -> str:
    """A word that no text holds, for what a search filters by: it says of an entry that its `kind` is `value`."""
    return f"{MARK}{kind}{value if isinstance(value, int) else sha256(str(value).encode()).hexdigest()[:16]}"


def folder_marks(path: str) -> list[str]:
    """A mark for each folder that a path lies in."""
    ends = [place for place, sign in enumerate(path) if sign == "/" and place]
    return [mark("folder", path[: end + 1]) for end in ends]


def entry_id(at: datetime, tie: str, taken: set[int]) -> int:
    """The key of an entry: 42 bits of the millisecond it was written in, 21 of `tie` (what tells it from others of
    that moment), so that the order of keys is that of time, the same in every database. The next free one if taken."""
    key = first_id(at) | int(sha256(tie.encode()).hexdigest()[:6], 16) >> 3
    while key in taken:
        key += 1
    return key


def first_id(at: datetime) -> int:
    """The least key of an entry written at or after this moment, by the millisecond."""
    return min(max((at - _EPOCH) // timedelta(milliseconds=1), 0), 2**42 - 1) << 21


def excerpt(text: str, parts: Sequence[Part], most: int = 260) -> tuple[int, int, list[tuple[int, int]]]:
    """(start, end, hits) of the piece of a text, of about `most` characters, in which the most of the parts stand;
    hits are (start, end) inside the text, in its order. The beginning when none does."""
    hits = _hits(text, parts)
    if not hits:
        return 0, _cut_at(text, most), []
    best, last = (0, 0), 0
    for first in range(len(hits)):
        while last < len(hits) and hits[last][1] <= hits[first][0] + most - 60:
            last += 1
        worth = len({hit[2] for hit in hits[first:last]})
        if worth > best[0]:
            best = (worth, first)
    start = max(0, hits[best[1]][0] - 60)
    while 0 < start < hits[best[1]][0] and not text[start - 1].isspace():
        start += 1
    end = start + _cut_at(text[start : start + 2 * most], most)
    return start, end, [(a, b) for a, b, _ in hits if a >= start and b <= end]


def _cut_at(text: str, most: int) -> int:
    """A length of at most `most` at which no word is torn, where words are short enough."""
    if len(text) <= most:
        return len(text)
    blank = max(text.rfind(" ", most - 40, most), text.rfind("\n", most - 40, most))
    return blank if blank > 0 else most


def _hits(text: str, parts: Sequence[Part], most: int = 400) -> list[tuple[int, int, int]]:
    """(start, end, number of the part) of the first places where a part stands as a whole."""
    found: list[tuple[int, int, int]] = []
    firsts: dict[str, list[int]] = {}
    for number, part in enumerate(parts):
        if len(part.words) > 1 or not part.prefix:
            firsts.setdefault(part.words[0], []).append(number)
    open_ended = [(n, part.words[0]) for n, part in enumerate(parts) if len(part.words) == 1 and part.prefix]
    every = list(spans(text))
    for place, (word, start, end) in enumerate(every):
        numbers = [n for n in firsts.get(word, ()) if _stands(every, place, parts[n])]
        numbers += [n for n, head in open_ended if word.startswith(head)]
        for number in numbers:
            last = every[place + len(parts[number].words) - 1][2]
            if not found or found[-1][1] <= start:
                found.append((start, max(end, last), number))
            elif last > found[-1][1]:
                found[-1] = (found[-1][0], last, found[-1][2])
        if len(found) >= most:
            break
    return found


def _stands(every: Sequence[tuple[str, int, int]], place: int, part: Part) -> bool:
    here = [word for word, _, _ in every[place : place + len(part.words)]]
    if len(here) < len(part.words) or here[:-1] != list(part.words[:-1]):
        return False
    return here[-1].startswith(part.words[-1]) if part.prefix else here[-1] == part.words[-1]
