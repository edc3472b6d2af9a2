"""Two texts that began as one, brought together: line by line as git does it, and word by word as an offer."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel

from dreams.rules.marks import common_ends

MARKS = ("<<<<<<< ours", "=======", ">>>>>>> theirs")
# Conflicts with so few common lines between them are one, as in git.
NEAR = 3
# Looking at every alignment takes two numbers for each cell near the diagonal: 40 MB; beyond, the changed part is one.
MAX_CELLS = 10_000_000
MAX_LINE_PAIRS = 400_000_000
MAX_WORDS = 6_000

_WORD = re.compile(r"\w+|\s|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Conflict:
    """One place that both changed, each in another way: the three texts, and which lines they are, counted from 1 and
    up to, but without, the second number. `resolved`: both edits together, where they touch no common word; it is
    an offer, since two edits of one sentence can make nonsense."""

    base: str
    ours: str
    theirs: str
    base_lines: tuple[int, int]
    ours_lines: tuple[int, int]
    theirs_lines: tuple[int, int]
    resolved: str | None


@dataclass(frozen=True, slots=True)
class Merge:
    """Both sides' edits in one text; where they conflict, git's markers stand in it, one set for each conflict.
    `resolved`: the whole text with each conflict resolved by its words; None unless that is offered for all of them.
    """

    text: str
    conflicts: tuple[Conflict, ...] = ()
    resolved: str | None = None

    @property
    def clean(self) -> bool:
        """Whether no overlapping edits were found."""
        return not self.conflicts


@dataclass(frozen=True, slots=True)
class Place:
    """One place that either side changed: the three texts, whole lines; `line` of base, from 1. `who` changed it:
    ours, theirs, both (in the same way) or clash (each in another way; then `resolved` is what is offered)."""

    who: str
    line: int
    base: str
    ours: str
    theirs: str
    resolved: str | None = None


# Half-open ranges that differ: base first, base end, side first, side end.
_Hunk = tuple[int, int, int, int]
# The same for a place that either side changed: base, ours, theirs.
_Region = tuple[int, int, int, int, int, int]
_Numbers = NDArray[np.int32]


def three_way(base: str, ours: str, theirs: str) -> Merge:
    """`ours` with the edits that made `theirs` of `base`, by lines, which end at "\\n" only. Any text is taken.

    Edits that overlap or touch conflict, unless they are the same. Where git would have to choose between alignments,
    all of them count: a merge is clean only if they all agree, so that it is never wrong silently.
    """
    if ours == theirs or base == theirs:
        return Merge(ours)
    if base == ours:
        return Merge(theirs)
    lines = _lines(base), _lines(ours), _lines(theirs)
    end = "\r\n" if all(side[:1] and side[0].endswith("\r\n") for side in lines) else "\n"
    marked: list[str] = []
    by_words: list[str] = []
    conflicts: list[Conflict] = []
    at = 0
    for region in _together(_regions(_hunks(lines[0], lines[1]), _hunks(lines[0], lines[2])), *lines):
        for piece in ("".join(lines[0][at : region[0]]), *_refined(region, *lines)):
            if isinstance(piece, Conflict):
                conflicts.append(piece)
                marked += _marked(piece, end)
                by_words.append(piece.resolved or "")
            else:
                marked.append(piece)
                by_words.append(piece)
        at = region[1]
    rest = lines[0][at:]
    offered = conflicts and all(conflict.resolved is not None for conflict in conflicts)
    return Merge("".join(marked + rest), tuple(conflicts), "".join(by_words + rest) if offered else None)


def places(base: str, ours: str, theirs: str) -> list[Place]:
    """Every place that either side changed, in the order of base, as `three_way` takes them."""
    lines = _lines(base), _lines(ours), _lines(theirs)
    found = []
    for region in _together(_regions(_hunks(lines[0], lines[1]), _hunks(lines[0], lines[2])), *lines):
        was, one, other = (
            "".join(side[start:end])
            for side, start, end in zip(lines, region[::2], region[1::2], strict=True)
        )
        who = "both" if one == other else "theirs" if one == was else "ours" if other == was else "clash"
        offer = resolved(was, one, other) if who == "clash" else None
        found.append(Place(who, region[0] + 1, was, one, other, offer))
    return found


def resolved(base: str, ours: str, theirs: str) -> str | None:
    """The text with both sides' edits taken word by word; None when they change the same words, or are huge."""
    words = _WORD.findall(base), _WORD.findall(ours), _WORD.findall(theirs)
    if max(map(len, words)) > MAX_WORDS:
        return None
    parts: list[str] = []
    at = 0
    for region in _regions(_hunks(words[0], words[1]), _hunks(words[0], words[2])):
        taken = _agreed(region, *words)
        if taken is None:
            return None
        parts += words[0][at : region[0]] + taken
        at = region[1]
    return "".join(parts + words[0][at:])


def _lines(text: str) -> list[str]:
    """Lines with their ends: one without a newline is another line than one with it."""
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _marked(conflict: Conflict, end: str) -> Iterator[str]:
    for mark, text in zip(MARKS, (conflict.ours, conflict.theirs, ""), strict=True):
        yield mark + end
        yield text if not text or text.endswith("\n") else text + end


def _regions(ours: Sequence[_Hunk], theirs: Sequence[_Hunk]) -> Iterator[_Region]:
    """The places that either side changed; hunks that overlap or touch are one place."""
    waiting = (list(reversed(ours)), list(reversed(theirs)))
    shift = [0, 0]  # how far each side is ahead of base behind what was yielded
    while waiting[0] or waiting[1]:
        start = end = min(side[-1][0] for side in waiting if side)
        before = tuple(shift)
        taken = True
        while taken:
            taken = False
            for which, side in enumerate(waiting):
                while side and side[-1][0] <= end:
                    _, base_end, _, side_end = side.pop()
                    end, shift[which], taken = max(end, base_end), side_end - base_end, True
        yield start, end, start + before[0], end + shift[0], start + before[1], end + shift[1]


def _agreed(region: _Region, base: list[str], ours: list[str], theirs: list[str]) -> list[str] | None:
    """What stands there when only one side changed it, or both did the same; None: a conflict."""
    was, one, other = base[region[0] : region[1]], ours[region[2] : region[3]], theirs[region[4] : region[5]]
    if one == other or was == other:
        return one
    return other if was == one else None


def _together(
    regions: Iterator[_Region], base: list[str], ours: list[str], theirs: list[str]
) -> Iterator[_Region]:
    """The same, with neighbouring conflicts as one where next to nothing stands between them."""
    last: _Region | None = None  # a conflict
    for region in regions:
        conflicts = _agreed(region, base, ours, theirs) is None
        if last and conflicts and _near(base[last[1] : region[0]]):
            region = last[0], region[1], last[2], region[3], last[4], region[5]
        elif last:
            yield last
        last = region if conflicts else None
        if not conflicts:
            yield region
    if last:
        yield last


def _near(between: Sequence[str]) -> bool:
    """Whether so little stands between two conflicts that git reads them as one."""
    return len(between) <= NEAR or not any(c.isalnum() for line in between for c in line)


def _refined(region: _Region, base: list[str], ours: list[str], theirs: list[str]) -> Iterator[str | Conflict]:
    """The text of a region, and its conflicts without the lines that both sides have in common."""
    taken = _agreed(region, base, ours, theirs)
    if taken is not None:
        yield "".join(taken)
        return
    base_at, base_end, ours_at, ours_end, theirs_at, theirs_end = region
    was, one, other = base[base_at:base_end], ours[ours_at:ours_end], theirs[theirs_at:theirs_end]
    from_ours, from_theirs = _hunks(was, one), _hunks(was, other)
    at = 0
    for i1, i2, j1, j2 in _joined(_hunks(one, other), one):
        yield "".join(one[at:i1])
        at = i2
        b1 = min(_origin(from_ours, i1, end=False), _origin(from_theirs, j1, end=False))
        b2 = max(_origin(from_ours, i2, end=True), _origin(from_theirs, j2, end=True))
        texts = "".join(was[b1:b2]), "".join(one[i1:i2]), "".join(other[j1:j2])
        yield Conflict(
            *texts,
            base_lines=(base_at + b1 + 1, base_at + b2 + 1),
            ours_lines=(ours_at + i1 + 1, ours_at + i2 + 1),
            theirs_lines=(theirs_at + j1 + 1, theirs_at + j2 + 1),
            resolved=resolved(*texts),
        )
    yield "".join(one[at:])


def _joined(hunks: Sequence[_Hunk], lines: Sequence[str]) -> list[_Hunk]:
    """Hunks that are near each other as one."""
    joined: list[_Hunk] = []
    for hunk in hunks:
        if joined and _near(lines[joined[-1][1] : hunk[0]]):
            joined[-1] = (joined[-1][0], hunk[1], joined[-1][2], hunk[3])
        else:
            joined.append(hunk)
    return joined


def _origin(hunks: Sequence[_Hunk], at: int, *, end: bool) -> int:
    """Where a boundary between lines of a side lies in base: within a changed place at that place's start or end."""
    shift = 0
    for i1, i2, j1, j2 in hunks:
        if j1 < at < j2 or at == (j2 if end else j1):
            return i2 if end else i1
        if j2 > at:
            break
        shift = i2 - j2
    return at + shift


def _hunks(base: Sequence[str], side: Sequence[str]) -> list[_Hunk]:
    """The places in which two sequences differ, each as wide as the shortest edits could make it: between them stands
    what is the same in every one of those. One block that could slide stands at its last place, as in git."""
    start, end = common_ends(base, side)
    if start + end == max(len(base), len(side)):
        return []
    end -= _sliding(base, side, start, end)
    middle, other = base[start : len(base) - end], side[start : len(side) - end]
    anchors = [(-1, -1), *_anchors(middle, other), (len(middle), len(other))]
    hunks = []
    for (i1, j1), (i2, j2) in pairwise(anchors):
        if i2 - i1 == 1 == j2 - j1:
            continue
        hunk = _settled(middle, other, (i1 + 1, i2, j1 + 1, j2))
        hunks.append((hunk[0] + start, hunk[1] + start, hunk[2] + start, hunk[3] + start))
    return hunks


def _sliding(base: Sequence[str], side: Sequence[str], start: int, end: int) -> int:
    """How many of the items that both end with could take part in the change: a block slides over its like only."""
    known = {*base[start : len(base) - end], *side[start : len(side) - end]}
    for count, item in enumerate(base[len(base) - end :]):
        if item not in known:
            return count
    return end


def _settled(base: Sequence[str], side: Sequence[str], hunk: _Hunk) -> _Hunk:
    """A hunk that is one block put in or taken out, without what it could slide over."""
    i1, i2, j1, j2 = hunk
    start, end = common_ends(base[i1:i2], side[j1:j2])
    if start + end < min(i2 - i1, j2 - j1):
        return hunk
    return i1 + start, i2 - end, j1 + start, j2 - end


def _anchors(base: Sequence[str], side: Sequence[str]) -> list[tuple[int, int]]:
    """The pairs of equal items that stand in every longest common subsequence."""
    if not base or not side or len(base) * len(side) > MAX_LINE_PAIRS:
        return []
    numbers: dict[str, int] = {}
    a, b = ([numbers.setdefault(item, len(numbers)) for item in items] for items in (base, side))
    common = (len(a) + len(b) - Indel.distance("".join(map(chr, a)), "".join(map(chr, b)))) // 2
    cut, put = len(a) - common, len(b) - common
    if len(a) * (cut + put + 1) > MAX_CELLS:
        return []
    one, other = np.array(a, np.int32), np.array(b, np.int32)
    same = _same(one, other, cut, put)
    ahead = _lengths(same)
    behind = _lengths(_same(one[::-1], other[::-1], cut, put))[::-1, ::-1]
    columns = np.arange(len(a))[:, None] + np.arange(cut + put + 1) - cut
    inside = (columns >= 0) & (columns <= len(b))
    left_out = (inside[:, 1:] & (ahead[:-1, 1:] + behind[1:, :-1] == common)).any(axis=1)
    matched = same & (ahead[:-1] + behind[1:] == common - 1)
    rows = np.flatnonzero(~left_out & (matched.sum(axis=1) == 1))
    return [(int(row), int(columns[row, matched[row].argmax()])) for row in rows]


def _same(a: _Numbers, b: _Numbers, cut: int, put: int) -> NDArray[np.bool_]:
    """Whether a[row] equals b[row + column - cut]: the cells that so many left out and put in items can reach."""
    width = cut + put + 1
    padded = np.concatenate([np.full(cut, -1, np.int32), b, np.full(max(0, len(a) + put - len(b)), -1, np.int32)])
    reached: NDArray[np.bool_] = np.lib.stride_tricks.sliding_window_view(padded, width)[: len(a)] == a[:, None]
    return reached


def _lengths(same: NDArray[np.bool_]) -> _Numbers:
    """The length of a longest common subsequence up to each cell, one row more than `same` has."""
    lengths = np.zeros((len(same) + 1, same.shape[1]), np.int32)
    for row, equal in enumerate(same):
        best = lengths[row] + equal
        np.maximum(best[:-1], lengths[row, 1:], out=best[:-1])
        np.maximum.accumulate(best, out=lengths[row + 1])
    return lengths
