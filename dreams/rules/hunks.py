"""How changed places of a text are laid out as lines: old above new, words marked, re-wrapped paragraphs as one."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, zip_longest
from typing import Literal, NamedTuple

from dreams.rules.marks import Cut, Match, matches, word_cuts
from dreams.rules.units import Unit, code_lines, sentences_in, soft_breaks, units_of

# A paragraph that kept less of its letters than this is not called re-wrapped: it reads better old above new.
MIN_REWRAPPED = 0.5


class Piece(NamedTuple):
    """A part of a line; `changed` marks what differs from the other side. In a re-wrapped line what is `gone` stands
    beside what came."""

    text: str
    changed: bool = False
    gone: bool = False


# What differs in a line: its first character, the one behind its last, and whether it is gone.
Mark = tuple[int, int, bool]


class Line(NamedTuple):
    """A line without its newline. Numbers count from 1; None: not there. `whole`: none of it is on the other side, and
    no mark in it; the others mark what differs, in order.

    A re-wrapped line is one of the new text, with the words that went out of it; the old lines from `old_no` to
    `old_end` begin in it. Side by side it is a line of its side.
    """

    kind: Literal["equal", "insert", "delete", "rewrapped"]
    old_no: int | None
    new_no: int | None
    text: str
    marks: Sequence[Mark] = ()
    whole: bool = False
    old_end: int | None = None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The line cut at its marks, one piece at least."""
        found = []
        at = 0
        for start, end, gone in self.marks:
            if at < start:
                found.append(Piece(self.text[at:start]))
            found.append(Piece(self.text[start:end], True, gone))
            at = end
        if at < len(self.text) or not found:
            found.append(Piece(self.text[at:]))
        return tuple(found)


class Row(NamedTuple):
    """One row of the side by side view; an equal line stands on both sides."""

    op: Literal["equal", "insert", "delete", "replace", "rewrapped"]
    left: Line | None
    right: Line | None


@dataclass(frozen=True, slots=True)
class Hunk:
    """Changes that lie close together, with context; the same lines unified (`lines`) and paired (`rows`).

    `skipped` unchanged lines are folded before it; `rewrapped`: all words are equal, only the breaks moved. `blocks`
    are the lines that stand beside each other.
    """

    skipped: int
    rewrapped: bool
    lines: Sequence[Line]
    blocks: Sequence[tuple[Sequence[Line], Sequence[Line]]]

    @property
    def rows(self) -> tuple[Row, ...]:
        """The lines side by side."""
        return tuple(_row(left, right) for lefts, rights in self.blocks for left, right in zip_longest(lefts, rights))


def _row(left: Line | None, right: Line | None) -> Row:
    if left is None or right is None:
        kept = left or right
        return Row(kept.kind if kept else "equal", left, right)
    return Row("replace" if left.kind == "delete" else left.kind, left, right)


class Layout:
    """Lays out two texts, given whole and as lines, range after range; `added` and `removed` count what changed."""

    def __init__(self, before: str, old: list[str], after: str, new: list[str]) -> None:
        self.before, self.old, self.after, self.new = before, old, after, new
        self.lines: list[Line] = []
        self.blocks: list[tuple[list[Line], list[Line]]] = []
        self.quiet = True  # no word changed in this hunk
        self.added = self.removed = 0
        self._code: tuple[frozenset[int], frozenset[int]] | None = None
        self._waiting: list[Line] = []  # inserted lines, which stand below the deleted ones

    def begin(self) -> None:
        """A new hunk."""
        self.lines, self.blocks, self.quiet = [], [], True

    def hunk(self, skipped: int) -> Hunk:
        """What was laid out since it began."""
        return Hunk(skipped, self.quiet, self.lines, self.blocks)

    def keep(self, start: int, end: int, offset: int) -> None:
        """Lines that are equal on both sides; the new number is the old one and `offset`."""
        kept = [Line("equal", at + 1, at + 1 + offset, self.old[at]) for at in range(start, end)]
        self.lines += kept
        self.blocks.append((kept, kept))

    def change(self, i1: int, i2: int, j1: int, j2: int) -> None:
        """One range that differs."""
        if i1 == i2 or j1 == j2:
            self._leftover(i1, i2, j1, j2)
        elif i2 - i1 == j2 - j1 == 1 and not sentences_in(self.old[i1]) and not sentences_in(self.new[j1]):
            self._reworded(i1, j1)
        else:
            self._compare(i1, i2, j1, j2)
        self._flush()

    def _reworded(self, i: int, j: int) -> None:
        """One line that became another."""
        old, new = self.old[i], self.new[j]
        cuts = word_cuts(old, new)
        if cuts is None:
            return self._leftover(i, i + 1, j, j + 1)
        one, other = _sides(cuts)
        return self._pair([self._delete(i, *_marked(old, 0, one))], [self._insert(j, *_marked(new, 0, other))])

    def _compare(self, i1: int, i2: int, j1: int, j2: int) -> None:
        olds, news = self.old[i1:i2], self.new[j1:j2]
        soft_old, soft_new = [False], [False]
        if len(olds) > 1 or len(news) > 1:
            self._code = self._code or (code_lines(self.before, self.old), code_lines(self.after, self.new))
            soft_old = soft_breaks(self.old, i1, i2, self._code[0])
            soft_new = soft_breaks(self.new, j1, j2, self._code[1])
        sides = _Side(olds, i1, soft_old), _Side(news, j1, soft_new)
        i, j = i1, j1
        for group in _groups(*sides):
            self._leftover(i, group.a + i1, j, group.c + j1)
            i, j = group.b + i1 + 1, group.d + j1 + 1
            if group.rewrapped(*sides):
                self._flush()
                self._rewrap(group, *sides)
            else:
                self._marked(group, *sides)
        self._leftover(i, i2, j, j2)

    def _leftover(self, i1: int, i2: int, j1: int, j2: int) -> None:
        """Lines that have no partner; blank ones between two paragraphs have one."""
        if i1 == i2 and j1 == j2:
            return
        blank = i1 < i2 and j1 < j2 and not self.old[i1].strip() and self.old[i1] == self.new[j1]
        if blank:
            self._flush()
            self.keep(i1, i1 + 1, j1 - i1)
            i1, j1 = i1 + 1, j1 + 1
        end = i1 < i2 and j1 < j2 and not self.old[i2 - 1].strip() and self.old[i2 - 1] == self.new[j2 - 1]
        deletes = [self._delete(at, self.old[at]) for at in range(i1, i2 - end)]
        inserts = [self._insert(at, self.new[at]) for at in range(j1, j2 - end)]
        self._pair(deletes, inserts)
        if end:
            self._flush()
            self.keep(i2 - 1, i2, j2 - i2)

    def _marked(self, group: "_Group", old: "_Side", new: "_Side") -> None:
        """Old lines and new lines with their words marked."""
        one, other = _sides(group.cuts)
        deletes = [
            self._delete(old.first + at, *_marked(old.lines[at], old.offsets[at], one))
            for at in range(group.a, group.b + 1)
        ]
        inserts = [
            self._insert(new.first + at, *_marked(new.lines[at], new.offsets[at], other))
            for at in range(group.c, group.d + 1)
        ]
        self._pair(deletes, inserts)

    def _pair(self, deletes: list[Line], inserts: list[Line]) -> None:
        self.blocks.append((deletes, inserts))
        self.lines += deletes
        self._waiting += inserts
        self.quiet = self.quiet and not deletes and not inserts

    def _delete(self, at: int, text: str, marks: Sequence[Mark] = (), whole: bool = True) -> Line:
        self.removed += 1
        return Line("delete", at + 1, None, text, marks, whole)

    def _insert(self, at: int, text: str, marks: Sequence[Mark] = (), whole: bool = True) -> Line:
        self.added += 1
        return Line("insert", None, at + 1, text, marks, whole)

    def _flush(self) -> None:
        self.lines += self._waiting
        self._waiting = []

    def _rewrap(self, group: "_Group", old: "_Side", new: "_Side") -> None:
        """A paragraph that breaks elsewhere: the new lines, with what went and came in its place."""
        self.quiet = self.quiet and not group.cuts
        self.lines += _inline(group, old, new)
        one, other = _sides(group.cuts)
        lefts, rights = [], []
        for at in range(group.a, group.b + 1):
            marks = _within(old.lines[at], old.offsets[at], one, gone=True)
            lefts.append(Line("rewrapped", old.first + at + 1, None, old.lines[at], marks))
        for at in range(group.c, group.d + 1):
            marks = _within(new.lines[at], new.offsets[at], other)
            rights.append(Line("rewrapped", None, new.first + at + 1, new.lines[at], marks))
        self.blocks.append((lefts, rights))
        self.removed += sum(bool(line.marks) for line in lefts)
        self.added += sum(bool(line.marks) for line in rights)


class _Side:
    """The lines of one side of a range, the index of the first one, their sentences and which breaks are soft."""

    def __init__(self, lines: list[str], first: int, soft: list[bool]) -> None:
        self.lines, self.first, self.soft = lines, first, soft
        self.units = units_of(lines, soft)
        self.text = lines[0] if len(lines) == 1 else "\n".join(lines)
        self.offsets = [0]
        for line in lines[:-1]:
            self.offsets.append(self.offsets[-1] + len(line) + 1)


@dataclass(slots=True)
class _Group:
    """Old lines a to b and new lines c to d that share sentences, and what differs in them."""

    a: int
    b: int
    c: int
    d: int
    cuts: list[Cut]

    def rewrapped(self, old: _Side, new: _Side) -> bool:
        """Whether this is one paragraph on both sides, with most of its letters, that breaks at other words."""
        count = self.b - self.a
        if not count and self.c == self.d:
            return False
        if not all(old.soft[self.a + 1 : self.b + 1]) or not all(new.soft[self.c + 1 : self.d + 1]):
            return False
        if count == self.d - self.c and all(
            _same_break(old.lines, self.a + at, new.lines, self.c + at) for at in range(count)
        ):
            return False
        letters = [sum(map(len, side)) for side in (old.lines[self.a : self.b + 1], new.lines[self.c : self.d + 1])]
        changed = sum(end - at for at, end, _, _ in self.cuts), sum(end - at for _, _, at, end in self.cuts)
        return all(size - cut >= MIN_REWRAPPED * size for size, cut in zip(letters, changed, strict=True))


def _same_break(old: list[str], i: int, new: list[str], j: int) -> bool:
    """Whether the break behind these two lines stands between the same words, one of which may have changed."""
    after = [line.lstrip(" \t>").split()[:1] for line in (old[i + 1], new[j + 1])]
    return old[i].split()[-1:] == new[j].split()[-1:] or after[0] == after[1]


def _groups(old: _Side, new: _Side) -> list[_Group]:
    """Lines that hang together by their sentences; a sentence without a partner is cut out of the lines it shares
    with others."""
    found = matches(old.text, old.units, new.text, new.units)
    groups: list[_Group] = []
    for match in found:
        one, other = old.units[match.old], new.units[match.new]
        last = groups[-1] if groups else None
        if last and (one.first <= last.b or other.first <= last.d):
            last.b, last.d = max(last.b, one.last), max(last.d, other.last)
            last.cuts += match.cuts
        else:
            groups.append(_Group(one.first, one.last, other.first, other.last, list(match.cuts)))
    if len(found) < len(old.units) or len(found) < len(new.units):
        _cut_out_loners(groups, found, old, new)
    return groups


def _cut_out_loners(groups: list[_Group], found: list[Match], old: _Side, new: _Side) -> None:
    """Adds a cut for each sentence without a partner that shares a line with a group, where it stood or stands."""
    across, back = {match.old: match.new for match in found}, {match.new: match.old for match in found}
    by_old = {line: group for group in groups for line in range(group.a, group.b + 1)}
    by_new = {line: group for group in groups for line in range(group.c, group.d + 1)}
    at = 0
    for number, unit in enumerate(old.units):
        if number in across:
            at = new.units[across[number]].end
            continue
        for group in _meeting(by_old, unit):
            group.cuts.append((unit.start, unit.end, at, at))
    at = 0
    for number, unit in enumerate(new.units):
        if number in back:
            at = old.units[back[number]].end
            continue
        for group in _meeting(by_new, unit):
            group.cuts.append((at, at, unit.start, unit.end))
    for group in groups:
        group.cuts.sort(key=lambda cut: (cut[2], cut[3], cut[0]))


def _meeting(groups: dict[int, _Group], unit: Unit) -> list[_Group]:
    ends = groups.get(unit.first), groups.get(unit.last)
    return [group for at, group in enumerate(ends) if group and (not at or group is not ends[0])]


def _sides(cuts: Sequence[Cut]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The characters that differ on the old side, and those on the new one."""
    olds = [(at, end) for at, end, _, _ in cuts if at < end]
    return sorted(olds), [(at, end) for _, _, at, end in cuts if at < end]


def _within(line: str, offset: int, changed: Sequence[tuple[int, int]], *, gone: bool = False) -> list[Mark]:
    """What of these characters is of a line which begins at `offset`."""
    marks: list[Mark] = []
    at, size = 0, len(line)
    for start, end in changed:
        start, end = start - offset, end - offset
        if start < at:
            start = at
        if end > size:
            end = size
        if start < end:
            marks.append((start, end, gone))
            at = end
    return marks


def _marked(line: str, offset: int, changed: Sequence[tuple[int, int]]) -> tuple[str, Sequence[Mark], bool]:
    """A line with its marks, and whether there is nothing in it that did not change: then it has none."""
    marks = _within(line, offset, changed)
    at = 0
    for start, end, _ in marks:
        if at < start and not line[at:start].isspace():
            return line, marks, False
        at = end
    whole = bool(marks) and not line[at:].strip()
    return line, () if whole else marks, whole


def _inline(group: _Group, old: _Side, new: _Side) -> list[Line]:
    """The new lines of a re-wrapped paragraph with what went out of it before what came, and the old lines that begin
    in each."""
    rows: list[list[Piece]] = [[]]

    def put(text: str, changed: bool = False) -> None:
        first, *others = text.split("\n")
        rows[-1] += [Piece(first, changed)] if first else []
        rows.extend([Piece(other, changed)] if other else [] for other in others)

    at, end = new.offsets[group.c], new.offsets[group.d] + len(new.lines[group.d])
    first, last = old.offsets[group.a], old.offsets[group.b] + len(old.lines[group.b])
    for one, one_end, other, other_end in group.cuts:
        start = min(max(other, at), end)
        put(new.text[at:start])
        gone = old.text[max(one, first) : min(one_end, last)].replace("\n", " ")
        rows[-1] += [Piece(gone, True, True)] if gone else []
        at = min(max(other_end, start), end)
        put(new.text[start:at], True)
    put(new.text[at:end])
    begins = _beginnings(group, old, new)
    lines = []
    for number, row in enumerate(rows, group.c):
        old_no, old_end = begins.get(number, (None, None))
        ends = list(accumulate((len(piece.text) for piece in row), initial=0))
        marks = [(*place, piece.gone) for place, piece in zip(pairwise(ends), row, strict=True) if piece.changed]
        text = "".join([piece.text for piece in row])
        lines.append(Line("rewrapped", old_no, new.first + number + 1, text, marks, False, old_end))
    return lines


def _beginnings(group: _Group, old: _Side, new: _Side) -> dict[int, tuple[int, int]]:
    """By index of a new line the numbers of the first and the last old line that begin in it."""
    found: dict[int, tuple[int, int]] = {}
    number, shift = 0, new.offsets[group.c] - old.offsets[group.a]
    for line in range(group.a, group.b + 1):
        begin = old.offsets[line]
        while number < len(group.cuts) and group.cuts[number][1] <= begin:
            shift = group.cuts[number][3] - group.cuts[number][1]
            number += 1
        place = begin + shift
        if number < len(group.cuts) and group.cuts[number][0] <= begin:
            place = group.cuts[number][2]
        row = min(max(bisect_right(new.offsets, place) - 1, group.c), group.d)
        found[row] = (found[row][0] if row in found else old.first + line + 1, old.first + line + 1)
    return found
