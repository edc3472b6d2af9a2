"""What differs between two texts, line by line and word by word, as data for a page to draw (never HTML)."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Literal

from rapidfuzz.distance import Indel, Opcodes

CONTEXT = 3
# The alignment needs n·m/8 bytes: 6,000 words a side are 4.5 MB and about 20 ms, 4e8 line pairs 50 MB.
MAX_WORDS = 6_000
MAX_LINE_PAIRS = 400_000_000
# A line that shares less than this part of its words with the other side is simply another line.
MIN_SHARED = 0.3

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff"
# A word runs on through combining marks of any script; an emoji keeps its modifiers and joined parts.
_TOKEN = re.compile(
    rf"[ \t]+|\s|[{_CJK}]"
    rf"|[^\W{_CJK}][^\s\x00-/:-@\[-^`{{-\xbf\u2000-\u200c\u200e-\u206f\u3000-\u303f\uff00-\uffef{_CJK}]*"
    "|[\U0001f1e6-\U0001f1ff]{2}"
    "|.(?:[\u0300-\u036f\u20e3\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]|\u200d.)*",
    re.DOTALL,
)

# Half-open ranges of lines that differ: old first, old end, new first, new end.
_Range = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line; `changed` marks the words that differ from the line on the other side."""

    text: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its newline (a carriage return stays in it). Numbers count from 1; None: not there."""

    kind: Literal["equal", "insert", "delete"]
    old_no: int | None
    new_no: int | None
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the side by side view; an equal line stands on both sides."""

    op: Literal["equal", "insert", "delete", "replace"]
    left: Line | None
    right: Line | None


@dataclass(frozen=True, slots=True)
class Hunk:
    """Changes that lie close together, with context; the same lines unified (`lines`) and paired (`rows`).

    `skipped` unchanged lines are folded before it; `rewrapped`: the words are equal, only the breaks moved.
    """

    skipped: int
    rewrapped: bool
    lines: tuple[Line, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class TextDiff:
    """Everything a page needs to show how one text became another.

    `skipped` unchanged lines are folded after the last hunk. With `only_line_endings` there is no hunk.
    """

    hunks: tuple[Hunk, ...]
    skipped: int
    added_lines: int
    removed_lines: int
    only_line_endings: bool
    only_rewrapped: bool
    old_without_newline: bool
    new_without_newline: bool


def line_hunks(old: str, new: str) -> list[Hunk]:
    """The changed places of two texts, three lines of context around each."""
    return list(text_diff(old, new).hunks)


def text_diff(old: str, new: str, *, context: int | None = CONTEXT) -> TextDiff:
    """How `old` became `new`; lines end at "\\n" only. `context` None folds nothing.

    Any text is taken: CRLF, lines of 100 kB, NUL, lone surrogates. Beyond 6,000 words a side a changed
    place has no word marks.
    """
    before, after = _lines(old), _lines(new)
    endings = old != new and old.replace("\r\n", "\n") == new.replace("\r\n", "\n")
    ranges = [] if endings else _changed_ranges(before, after)
    hunks = []
    shown = 0
    for group in _grouped(ranges, len(before) if context is None else context):
        hunk, upto = _hunk(group, before, after, shown, len(before) if context is None else context)
        hunks.append(hunk)
        shown = upto
    return TextDiff(
        hunks=tuple(hunks),
        skipped=len(before) - shown,
        added_lines=sum(j2 - j1 for _, _, j1, j2 in ranges),
        removed_lines=sum(i2 - i1 for i1, i2, _, _ in ranges),
        only_line_endings=endings,
        only_rewrapped=old != new and not endings and old.split() == new.split(),
        old_without_newline=bool(old) and not old.endswith("\n"),
        new_without_newline=bool(new) and not new.endswith("\n"),
    )


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _common_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many items are equal at the start, and how many of the rest at the end."""
    shorter = min(len(old), len(new))
    start = 0
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return start, end


def _opcodes(old: list[str], new: list[str]) -> Opcodes:
    """The alignment of two lists of strings.

    Each string goes in as one character, its number: rapidfuzz takes a single character in a list by its
    code point and anything else by its hash, so that "" would equal NUL; and text is its fastest input.
    """
    numbers: dict[str, str] = {}
    as_text = ["".join([numbers.setdefault(item, chr(len(numbers))) for item in side]) for side in (old, new)]
    return Indel.opcodes(*as_text)


def _changed_ranges(old: list[str], new: list[str]) -> list[_Range]:
    start, end = _common_ends(old, new)
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    if not middle_old and not middle_new:
        return []
    if len(middle_old) * len(middle_new) > MAX_LINE_PAIRS:
        return [(start, len(old) - end, start, len(new) - end)]
    ranges: list[_Range] = []
    for op in _opcodes(middle_old, middle_new):
        if op.tag == "equal":
            continue
        found = (op.src_start + start, op.src_end + start, op.dest_start + start, op.dest_end + start)
        # An alignment matches any blank line with any other; a change that spans them is one change.
        if ranges and not any(line.strip() for line in old[ranges[-1][1] : found[0]]):
            ranges[-1] = (ranges[-1][0], found[1], ranges[-1][2], found[3])
        else:
            ranges.append(found)
    return ranges


def _grouped(ranges: list[_Range], context: int) -> Iterator[list[_Range]]:
    """Ranges whose context would touch, together."""
    group: list[_Range] = []
    for found in ranges:
        if group and found[0] - group[-1][1] > 2 * context:
            yield group
            group = []
        group.append(found)
    if group:
        yield group


def _hunk(group: list[_Range], old: list[str], new: list[str], shown: int, context: int) -> tuple[Hunk, int]:
    """The hunk of a group, and the index of the first old line after it."""
    first = max(shown, group[0][0] - context)
    last = min(len(old), group[-1][1] + context)
    lines: list[Line] = []
    rows: list[Row] = []
    rewrapped = True
    at, offset = first, group[0][2] - group[0][0]
    for i1, i2, j1, j2 in group:
        _add_equal(lines, rows, old, at, i1, offset)
        deletes, inserts, pairs = _replaced(old, i1, i2, new, j1, j2)
        lines += deletes + inserts
        rows += pairs
        rewrapped = rewrapped and " ".join(old[i1:i2]).split() == " ".join(new[j1:j2]).split()
        at, offset = i2, j2 - i2
    _add_equal(lines, rows, old, at, last, offset)
    return Hunk(first - shown, rewrapped, tuple(lines), tuple(rows)), last


def _add_equal(lines: list[Line], rows: list[Row], old: list[str], start: int, end: int, offset: int) -> None:
    for at in range(start, end):
        line = Line("equal", at + 1, at + 1 + offset, (Piece(old[at]),))
        lines.append(line)
        rows.append(Row("equal", line, line))


def _replaced(
    old: list[str], i1: int, i2: int, new: list[str], j1: int, j2: int
) -> tuple[list[Line], list[Line], list[Row]]:
    """The lines of one changed place, deleted and inserted ones, and how they stand side by side."""
    old_pieces, new_pieces, partners = _marked(old[i1:i2], new[j1:j2])
    deletes = [Line("delete", i1 + n + 1, None, pieces) for n, pieces in enumerate(old_pieces)]
    inserts = [Line("insert", None, j1 + n + 1, pieces) for n, pieces in enumerate(new_pieces)]
    rows: list[Row] = []
    at_old = at_new = 0
    for left, right in [*partners, (len(deletes), len(inserts))]:
        for one, other in zip_longest(deletes[at_old:left], inserts[at_new:right]):
            rows.append(Row("insert" if one is None else "delete" if other is None else "replace", one, other))
        if left < len(deletes):
            rows.append(Row("replace", deletes[left], inserts[right]))
        at_old, at_new = left + 1, right + 1
    return deletes, inserts, rows


_Pieces = tuple[Piece, ...]


def _marked(old: list[str], new: list[str]) -> tuple[list[_Pieces], list[_Pieces], list[tuple[int, int]]]:
    """The pieces of both sides' lines, and which lines belong together, in order on both sides."""
    tokens_old, tokens_new = _tokens(old), _tokens(new)
    # A break and a blank are the same, so that re-wrapped words still find each other.
    words_old = [" " if word == "\n" else word for word, _ in tokens_old]
    words_new = [" " if word == "\n" else word for word, _ in tokens_new]
    start, end = _common_ends(words_old, words_new)
    middle_old, middle_new = words_old[start : len(words_old) - end], words_new[start : len(words_new) - end]
    if not old or not new or max(len(middle_old), len(middle_new)) > MAX_WORDS:
        return [(Piece(line),) for line in old], [(Piece(line),) for line in new], []
    equal = [(n, n) for n in range(start)]
    for op in _opcodes(middle_old, middle_new):
        if op.tag == "equal":
            equal += [(start + op.src_start + n, start + op.dest_start + n) for n in range(op.src_end - op.src_start)]
    equal += [(len(words_old) - n, len(words_new) - n) for n in range(end, 0, -1)]
    kept_old, kept_new = {left for left, _ in equal}, {right for _, right in equal}
    shared: Counter[tuple[int, int]] = Counter()
    for left, right in equal:
        if _is_word(words_old[left]):
            shared[tokens_old[left][1], tokens_new[right][1]] += 1
    pieces_old, pieces_new = _pieces(tokens_old, kept_old, len(old)), _pieces(tokens_new, kept_new, len(new))
    partners = _partners(shared)
    if len(old) + len(new) > 2:
        lefts, rights = Counter(left for left, _ in shared), Counter(right for _, right in shared)
        for left, right in partners:
            # Lines that share words with each other alone: a dash of some other line is no part of the comparison.
            if lefts[left] == rights[right] == 1:
                (pieces_old[left],), (pieces_new[right],), _ = _marked([old[left]], [new[right]])
    return pieces_old, pieces_new, partners


def _tokens(lines: list[str]) -> list[tuple[str, int]]:
    """The words and what stands between them, each with the index of its line."""
    tokens = []
    for at, line in enumerate(lines):
        tokens += [(token, at) for token in _TOKEN.findall(line)]
        tokens.append(("\n", at))
    return tokens


def _is_word(token: str) -> bool:
    return token[0].isalnum() or token[0] == "_"


def _partners(shared: Counter[tuple[int, int]]) -> list[tuple[int, int]]:
    """For each old line the new line that holds most of its words; shared words are in order already."""
    best: dict[int, tuple[int, int]] = {}
    for (left, right), words in sorted(shared.items()):
        if words > best.get(left, (0, 0))[0]:
            best[left] = (words, right)
    partners: list[tuple[int, int]] = []
    for left, (_, right) in best.items():
        if not partners or right > partners[-1][1]:
            partners.append((left, right))
    return partners


def _pieces(tokens: list[tuple[str, int]], kept: set[int], count: int) -> list[_Pieces]:
    """The tokens of each line joined into pieces, marked where they changed."""
    lines: list[list[tuple[str, bool]]] = [[] for _ in range(count)]
    for at, (word, line) in enumerate(tokens):
        if word != "\n":
            lines[line].append((word, at not in kept))
    return [_joined(line) for line in lines]


def _joined(line: list[tuple[str, bool]]) -> _Pieces:
    text = "".join(token for token, _ in line)
    words = [changed for token, changed in line if _is_word(token)]
    if not any(changed for _, changed in line) or words.count(False) < MIN_SHARED * len(words):
        return (Piece(text),)
    # A blank or a comma between two changed words is no island of sameness.
    joined: list[tuple[bool, str]] = []
    runs = [(changed, list(run)) for changed, run in groupby(line, key=lambda marked: marked[1])]
    for at, (changed, run) in enumerate(runs):
        island = 0 < at < len(runs) - 1 and not any(_is_word(token) for token, _ in run)
        joined.append((changed or island, "".join(token for token, _ in run)))
    return tuple(
        Piece("".join(part for _, part in parts), changed)
        for changed, parts in groupby(joined, key=lambda part: part[0])
    )
