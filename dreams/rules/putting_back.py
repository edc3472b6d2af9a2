"""Where a lost statement goes when it is put back into the texts that are left, and how it stands there."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from dreams.rules.sentences import Kind, Sentence, normal, split

# {path: text} of the memories that something may be put into.
Texts = Mapping[str, str]
# Old (path, line) of a statement and the new ones it became, in the texts as they were found.
Became = Mapping[tuple[str, int], Sequence[tuple[str, int]]]

# What such a decision gives as its reason, before the sentence.
PUT_BACK = "Put back: "
# So like must a statement be to count as a neighbour told anew, in percent.
ALIKE = 70
_ITEM = re.compile(r"(\s*)([-*+•]|(\d{1,9})([.)]))(\s+)")
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_DELIMITERS = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")


@dataclass(frozen=True, slots=True)
class Spot:
    """Behind line `line` of a memory (0: at its top); `why` there, in a few words."""

    path: str
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Lost:
    """A statement as it stood: the path and the whole text of its memory, its line from 1, and how it reads."""

    path: str
    line: int
    text: str
    memory: str


def keys_in(text: str) -> frozenset[str]:
    """The normal forms of all statements of a text."""
    return frozenset(each.key for each in split("", text))


def says(keys: Set[str], statement: str) -> bool:
    """Whether a text with these keys holds a statement, letter by letter in its normal form."""
    kinds: tuple[Kind, ...] = ("prose", "row", "code")
    return any(normal(statement, kind) in keys for kind in kinds)


def spot_for(lost: Lost, now: Texts, found: Texts, became: Became) -> Spot:
    """The place in `now` that suits best: behind the statement that stood before it, before the one behind it (both in
    its own section first), else the end of its old memory, of the first one, or its old path anew.

    `found`: the texts as they were when `became` was told; `now` may have been edited since.
    """
    statements = split(lost.path, lost.memory)
    at = next((n for n, each in enumerate(statements) if (each.line, each.text) == (lost.line, lost.text)), 0)
    known = _Known(now, found, became, own=lost.path)
    for step, near in _neighbours(statements, at):
        if place := known.place_of(near):
            path, line = place.path, _end_of(now[place.path], place) if step < 0 else place.line - 1
            return Spot(path, line, f"{'after' if step < 0 else 'before'} “{_short(near.text)}”, as it stood")
    path = lost.path if lost.path in now else next(iter(now), lost.path)
    if path in now:
        return end_of(path, now[path])
    return Spot(path, 0, "at its old path, which nothing holds now")


def end_of(path: str, text: str) -> Spot:
    """The end of a memory."""
    return Spot(path, _filled(text.split("\n")), "at the end")


def sections(text: str) -> list[tuple[int, str]]:
    """The headings of a memory: the line each section ends on, and how it reads."""
    lines = text.split("\n")
    heads = [each for each in split("", text) if each.kind == "heading"]
    ends = [*(each.line - 1 for each in heads[1:]), len(lines)]
    return [(max(head.line, _filled(lines[:end])), head.text) for head, end in zip(heads, ends, strict=False)]


def put_in(lost: Lost, text: str, line: int) -> str:
    """`text` with the lost statement behind line `line`: with the list mark, the indent and the blank lines that suit
    both the place it had and the one it gets."""
    lines = text.split("\n") if text else [""]
    old = lost.memory.split("\n")
    kind = _kind_of(lost)
    raw = old[lost.line - 1].rstrip("\r") if lost.line <= len(old) else lost.text
    fenced = _fenced(lines, line)
    if fenced and kind != "code":
        line = fenced
    while kind != "row" and line and _row(lines, line - 1) and _row(lines, line):
        line += 1  # words in the middle of a table would end it
    before = lines[line - 1] if line else ""
    starts = _ITEM.sub("", raw).lstrip("> #|*_`").startswith(lost.text.lstrip("#|*_` ")[:12])
    block = _block(lost.text, raw, kind, before, starts=starts)
    if kind == "code" and not fenced:
        block = ["```", *block, "```"]
    if starts:
        line, block = _spaced(old, lost.line, lines, line, block)
    if kind != "row" and line and _row(lines, line - 1) and block[0]:
        block = ["", *block]
    if not text:
        return "\n".join(block) + "\n"
    returns = text.count("\n") and text.count("\n") == text.count("\r\n")
    block = [f"{each}\r" for each in block] if returns else block
    return _apart(lost, text, lines, line, block, "\r" if returns else "")


def _apart(lost: Lost, text: str, lines: Sequence[str], line: int, block: Sequence[str], blank: str) -> str:
    """`text` with the block behind `line`; where it would run into what stands around it, or through it, with blank
    lines, behind the whole paragraph, or at the end, with the end of a code block that has none."""
    behind = next((at for at in range(line, len(lines)) if not lines[at].strip()), len(lines))
    before = Counter(each.key for each in split("", text))
    fences = [[fence + blank, blank, *block] for fence in ("```", "~~~") if fence in text]
    made = []
    for at in sorted({line, behind, len(lines)}):
        for padded in (block, [blank, *block], [*block, blank], [blank, *block, blank], *fences):
            made.append("\n".join([*lines[:at], *padded, *lines[at:]]))
            after = Counter(each.key for each in split("", made[-1]))
            if before < after and (after - before).total() == 1 and says(after.keys(), lost.text):
                return made[-1]
    return made[0]


def put_instead(text: str, line: int, statement: str, instead: str) -> str | None:
    """`text` with the statement that begins on line `line`, or near it, told as `instead`; None when it is not there
    in one piece any more."""
    words = statement.split()
    pattern = re.compile(r"(?:\s|(?<=\n)>)+".join(re.escape(word) for word in words))
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    places = list(pattern.finditer(text)) if words else []
    if not places:
        return None
    wanted = starts[min(line, len(starts)) - 1]
    nearest = min(places, key=lambda found: abs(found.start() - wanted))
    return text[: nearest.start()] + instead + text[nearest.end() :]


def _neighbours(statements: Sequence[Sentence], at: int) -> Iterator[tuple[int, Sentence]]:
    """(−1 before, 1 behind; statement), the nearest first: those of the same section, then all others."""
    above, below = list(reversed(statements[:at])), list(statements[at + 1 :])
    own = next((n + 1 for n, each in enumerate(above) if each.kind == "heading"), len(above))
    rest = next((n for n, each in enumerate(below) if each.kind == "heading"), len(below))
    yield from ((-1, each) for each in above[:own])
    yield from ((1, each) for each in below[:rest])
    yield from ((-1, each) for each in above[own:])
    yield from ((1, each) for each in below[rest:])


class _Known:
    """The statements of the texts that are left, to be found by what they say or by what they were."""

    def __init__(self, now: Texts, found: Texts, became: Became, *, own: str) -> None:
        paths = sorted(now, key=lambda path: (path != own, path))
        self.all = [each for path in paths for each in split(path, now[path])]
        self.by_key: dict[str, list[Sentence]] = {}
        for each in self.all:
            self.by_key.setdefault(each.key, []).append(each)
        self.became = became
        told = {path for places in became.values() for path, _ in places}
        self.found = {(path, each.line): each for path in told & found.keys() for each in split(path, found[path])}
        self.tries = 20

    def place_of(self, old: Sentence) -> Sentence | None:
        if old.key in self.by_key:
            return self.by_key[old.key][0]
        for place in self.became.get((old.path, old.line), ()):
            told = self.found.get(place)
            for each in self.by_key.get(told.key, ()) if told else ():
                if each.path == place[0]:
                    return each
        if old.kind == "heading" or not self.tries:
            return None
        self.tries -= 1  # each looks at every statement
        best = process.extractOne(old.key, [each.key for each in self.all], scorer=fuzz.ratio, score_cutoff=ALIKE)
        return self.all[best[2]] if best else None


def _end_of(text: str, statement: Sentence) -> int:
    """The last line of a statement, the rule below a table's head included."""
    lines, bare = text.split("\n"), _bare([statement.text])
    last = statement.line
    for end in range(statement.line, min(statement.line + 60, len(lines)) + 1):
        if bare in _bare(lines[statement.line - 1 : end]):
            last = end
            break
    if statement.kind == "row" and last < len(lines) and "|" in lines[last] and _DELIMITERS.match(lines[last]):
        last += 1
    return last


def _bare(lines: Iterable[str]) -> str:
    return "".join("".join(line.lstrip("> ").split()) for line in lines)


def _block(text: str, raw: str, kind: Kind, before: str, *, starts: bool) -> list[str]:
    """The line that a statement becomes, behind the line `before`."""
    if kind in ("code", "row") or (kind == "heading" and raw.lstrip().startswith("#")):
        return [raw]
    if kind == "heading":
        return [f"## {text}"]
    item, near = _ITEM.match(raw), _ITEM.match(before)
    if item and starts:
        if not near:
            return [item[0] + text]
        number = f"{int(near[3]) + 1}{near[4]}" if near[3] else near[2]
        return [f"{near[1]}{number}{near[5]}{text}"]
    if starts:
        return [text]
    # A sentence from the middle of an item or a paragraph goes on in one.
    inset = len(near[0]) if near else len(before) - len(before.lstrip())
    return [" " * inset + text]


def _kind_of(lost: Lost) -> Kind:
    found = (each.kind for each in split("", lost.memory) if (each.line, each.text) == (lost.line, lost.text))
    return next(found, "prose")


def _spaced(
    old: Sequence[str], was: int, lines: Sequence[str], line: int, block: list[str]
) -> tuple[int, list[str]]:
    """The place and the block with blank lines around it, where there were some around line `was`; items of a list
    stay together."""
    before, first, item = (lines[line - 1] if line else ""), line, bool(_ITEM.match(block[0]))
    if _blank(old, was - 2) and before.strip():
        while _blank(lines, line):
            line += 1
        if line == first and not (item and _ITEM.match(before)):
            block = ["", *block]
    behind = lines[line] if line < len(lines) else ""
    together = item and _ITEM.match(behind) and not (line > first and _ITEM.match(before))
    if behind.strip() and not together and (line > first or _blank(old, was)):
        block = [*block, ""]
    return line, block


def _fenced(lines: Sequence[str], line: int) -> int:
    """The last line of the code block that the place behind `line` is inside of; 0 when it is in none."""
    opened = ""
    for number, each in enumerate(lines, 1):
        fence = _FENCE.match(each)
        if not opened and number > line:
            return 0
        if fence and not opened:
            opened = fence[1]
        elif fence and fence[1].startswith(opened):
            if number > line:
                return number
            opened = ""
    return len(lines) if opened else 0


def _filled(lines: Sequence[str]) -> int:
    """How many lines there are up to the last one that says something."""
    return max((number for number, each in enumerate(lines, 1) if each.strip()), default=0)


def _row(lines: Sequence[str], at: int) -> bool:
    return at < len(lines) and lines[at].lstrip().startswith("|")


def _blank(lines: Sequence[str], at: int) -> bool:
    return 0 <= at < len(lines) - 1 and not lines[at].strip()


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59].rstrip()}…"
