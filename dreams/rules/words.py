"""What differs between two texts, line by line and word by word, as data for a page to draw (never HTML)."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz.distance import Indel

from dreams.rules.hunks import Hunk, Layout, Line, Piece, Row
from dreams.rules.marks import common_ends

__all__ = ["Hunk", "Line", "Piece", "Row", "TextDiff", "line_hunks", "text_diff"]

CONTEXT = 3
# The alignment needs n·m/8 bytes: 4e8 line pairs 50 MB.
MAX_LINE_PAIRS = 400_000_000

# Half-open ranges of lines that differ: old first, old end, new first, new end.
_Range = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class TextDiff:
    """Everything a page needs to show how one text became another.

    `skipped` unchanged lines are folded after the last hunk. `endings` are how the lines of both sides end, "LF",
    "CRLF", "mixed", or "" for one line; where neither is mixed, no line shows its carriage return. With
    `only_line_endings` there is no hunk. `only_normalised`: the same letters in other code points.
    """

    hunks: tuple[Hunk, ...]
    skipped: int
    added_lines: int
    removed_lines: int
    endings: tuple[str, str]
    only_line_endings: bool
    only_rewrapped: bool
    only_normalised: bool
    old_without_newline: bool
    new_without_newline: bool


def line_hunks(old: str, new: str) -> list[Hunk]:
    """The changed places of two texts, three lines of context around each."""
    return list(text_diff(old, new).hunks)


def text_diff(old: str, new: str, *, context: int | None = CONTEXT) -> TextDiff:
    """How `old` became `new`; lines end at "\\n" only. `context` None folds nothing.

    Paragraphs that only break elsewhere are re-wrapped, not changed. Any text is taken: CRLF, lines of 100 kB, NUL,
    lone surrogates. Beyond 6,000 words a side a changed place has no word marks.
    """
    endings = _ending(old), _ending(new)
    bare_old, bare_new = old, new
    if "CRLF" in endings and "mixed" not in endings:
        bare_old, bare_new = old.replace("\r\n", "\n"), new.replace("\r\n", "\n")
    before, after = _lines(bare_old), _lines(bare_new)
    only_endings = old != new and old.replace("\r\n", "\n") == new.replace("\r\n", "\n")
    ranges = [] if only_endings else _changed_ranges(before, after)
    around = len(before) if context is None else context
    layout = Layout(bare_old, before, bare_new, after)
    hunks = []
    shown = 0
    for group in _grouped(ranges, around):
        hunk, upto = _hunk(group, layout, shown, around)
        hunks.append(hunk)
        shown = upto
    return TextDiff(
        hunks=tuple(hunks),
        skipped=len(before) - shown,
        added_lines=layout.added,
        removed_lines=layout.removed,
        endings=endings,
        only_line_endings=only_endings,
        only_rewrapped=bool(hunks) and all(hunk.rewrapped for hunk in hunks),
        only_normalised=old != new and _composed(old) == _composed(new),
        old_without_newline=bool(old) and not old.endswith("\n"),
        new_without_newline=bool(new) and not new.endswith("\n"),
    )


def _ending(text: str) -> str:
    returns = text.count("\r\n") if "\r" in text else 0
    if returns:
        return "CRLF" if returns == text.count("\n") else "mixed"
    return "LF" if "\n" in text else ""


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _changed_ranges(old: list[str], new: list[str]) -> list[_Range]:
    start, end = common_ends(old, new)
    # An empty line has a hash that is also the code of NUL; no line is a line break.
    middle_old = [line or "\n" for line in old[start : len(old) - end]]
    middle_new = [line or "\n" for line in new[start : len(new) - end]]
    if not middle_old and not middle_new:
        return []
    if not middle_old or not middle_new or len(middle_old) * len(middle_new) > MAX_LINE_PAIRS:
        return [(start, len(old) - end, start, len(new) - end)]
    ranges: list[_Range] = []
    i = j = start
    for block in Indel.opcodes(middle_old, middle_new).as_matching_blocks():
        a, b = block[0] + start, block[1] + start
        if i < a or j < b:
            # An alignment matches any blank line with any other; a change that spans them is one change.
            if ranges and not any(line.strip() for line in old[ranges[-1][1] : i]):
                ranges[-1] = (ranges[-1][0], a, ranges[-1][2], b)
            else:
                ranges.append((i, a, j, b))
        i, j = a + block[2], b + block[2]
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


def _hunk(group: list[_Range], layout: Layout, shown: int, context: int) -> tuple[Hunk, int]:
    """The hunk of a group, and the index of the first old line after it."""
    first = max(shown, group[0][0] - context)
    last = min(len(layout.old), group[-1][1] + context)
    layout.begin()
    at, offset = first, group[0][2] - group[0][0]
    for found in group:
        layout.keep(at, found[0], offset)
        layout.change(*found)
        at, offset = found[1], found[3] - found[1]
    layout.keep(at, last, offset)
    return layout.hunk(first - shown), last


