"""A memory as a list of statements: sentences, list items, table rows, code lines and headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["heading", "prose", "row", "code"]
# Blocks up to this length are remembered.
SHORT = 400

_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"\s{0,3}#{1,6}(?:\s+|$)")
_UNDERLINE = re.compile(r"\s{0,3}(?:=+|-{2,})\s*$")
_RULE = re.compile(r"\s{0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$")
_QUOTE = re.compile(r"\s{0,3}>\s?")
_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,9}[.)])\s+")
_DELIMITER_ROW = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_FIELD = re.compile(r"\s*[\w*`][\w ./()*`-]{0,40}:(?:\s|\*|$)")
_HARD_BREAK = ("  ", "\\")
# One line, one sentence, no mark of any sort, as most blocks are.
_SIMPLE = re.compile(
    r"""[A-Za-z0-9](?:[-A-Za-z0-9,;:()/%'"+=&<>#@$~_\[\]{}]++|\ (?=[!-~])|\.(?=[A-Za-z0-9]))*+\.?""", re.VERBOSE
)

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
# After a full stop comes a blank and what a sentence begins with: a small letter only after a real word.
# CJK stops need no blank. Each run of stops is tried once, from its start, to stay linear.
_STOP = re.compile(
    rf"(?<![.!?…])[.!?…]+[\"'”’)\]*_`]*(?=\s+[^\s\Wa-z]|\s+[\"'“‘(\[*_`~<]|\s*[{_CJK}])"
    r"|(?<=[a-z]{3})\.(?=\s+[a-z])"
    "|[。！？]+[」』）”]*"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|nr|fig|dr|mr|mrs|ms|st|jr|inc|ltd|prof|mag|dipl|ing|incl|excl|bzw|ca)|(?:^|[\s(])[A-Za-z])\.$",
    re.IGNORECASE,
)
# "no. 41", "max. 5" and the days of German dates, "3. bis 21. August", end nothing.
_ORDINAL = re.compile(
    r"(?:\b(?:[nN]o|[mM]ax|(?<!\d )[mM]in)\.\s+\d"
    r"|(?<![\w.])\d{1,2}\.\s+(?:bis|und|Jan|Feb|März|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)\w*)"
)
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3})(?=[^\s*])([^*\n]{0,400}?[^\s*])\1(?![\w*])")
_BLANKS = re.compile(r"\s+")
_CJK_BREAK = re.compile(rf"(?<=[{_CJK}。！？、，])\s+(?=[{_CJK}])")
_QUOTES = str.maketrans("‘’‚“”„«»", '\'\'\'"""""')


@dataclass(frozen=True, slots=True)
class Sentence:
    """One statement: where it begins (line from 1), as it reads without list marker, and its normal form.

    Two statements say the same, letter by letter, exactly when their `key` is equal: white space, line
    breaks, Markdown's emphasis, quotation style and a final full stop do not count; case does.
    """

    path: str
    line: int
    text: str
    key: str
    kind: Kind


def split(path: str, text: str) -> list[Sentence]:
    """The statements of a memory in their order; what holds no letter or digit is none."""
    return [
        Sentence(path, line + lines, shown, key, kind)
        for line, raw, kind in _blocks(text.split("\n"))
        for lines, shown, key in (_kept(raw, kind) if len(raw) <= SHORT else _stated(raw, kind))
    ]


def _stated(raw: str, kind: Kind) -> tuple[tuple[int, str, str], ...]:
    """The statements of a block: the number of its lines above, as it reads, and its normal form."""
    if kind in ("prose", "heading") and _SIMPLE.fullmatch(raw):
        return ((0, raw, raw.rstrip(" .;,:")),)
    found = []
    for offset, part in [(0, raw)] if kind != "prose" else _sentences(raw):
        shown = _BLANKS.sub(" ", _CJK_BREAK.sub("", part)).strip()
        key = normal(shown, kind)
        if key:
            found.append((raw.count("\n", 0, offset), shown, key))
    return tuple(found)


# Most blocks of a dream stand on both sides.
_kept = lru_cache(maxsize=50_000)(_stated)


def normal(text: str, kind: Kind = "prose") -> str:
    """The normal form of a statement, "" when it states nothing."""
    if not any(character.isalnum() for character in text):
        return ""
    text = _BLANKS.sub(" ", text).strip()
    if kind == "code":
        return text
    if kind == "row":
        text = " | ".join(cell.strip() for cell in text.strip("| ").split("|"))
    if "*" in text:
        text = _EMPHASIS.sub(r"\2", text)
    text = text.replace("`", "").translate(_QUOTES)
    return _CJK_BREAK.sub("", text).rstrip(" .;,:。、")


def _sentences(block: str) -> Iterator[tuple[int, str]]:
    """The sentences of a paragraph, each with its offset; the paragraph's line breaks are still in it."""
    start = 0
    for stop in _STOP.finditer(block):
        if block[stop.start()] == "." and _ABBREVIATION.search(block, max(start, stop.start() - 8), stop.start() + 1):
            continue
        if block[stop.start()] == "." and _ORDINAL.match(block, max(start, block.rfind(" ", 0, stop.start()) + 1)):
            continue
        yield _trimmed(block, start, stop.end())
        start = stop.end()
    if block[start:].strip():
        yield _trimmed(block, start, len(block))


def _trimmed(block: str, start: int, end: int) -> tuple[int, str]:
    part = block[start:end]
    return start + len(part) - len(part.lstrip()), part


def _blocks(lines: list[str]) -> Iterator[tuple[int, str, Kind]]:
    """Paragraphs, items, rows, headings and code lines with the number of their first line."""
    paragraph: list[str] = []
    first = 1
    fence = ""
    quoted = False
    front_matter = _front_matter(lines)
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip("\r")
        if number <= front_matter:
            yield number, line, "row"
            continue
        if fence:
            closing = _FENCE.match(line)
            if closing and closing[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
            else:
                yield number, line, "code"
            continue
        begin = line.lstrip()[:1]
        opening = _FENCE.match(line) if begin in "`~" else None
        if paragraph and begin in "=-" and _UNDERLINE.match(line) and not _ITEM.match(paragraph[0]):
            yield first, "\n".join(paragraph), "heading" if len(paragraph) == 1 else "prose"
            paragraph = []
            continue
        kind = _alone(line) if begin in "#|-*_" or "|" in line else None
        if opening or kind or not line.strip():
            yield from _paragraph(first, paragraph)
            paragraph = []
            if opening:
                fence = opening[1]
            elif kind:
                yield number, _HEADING.sub("", line).rstrip(" #") if kind == "heading" else line, kind
            continue
        was_quoted, quoted = quoted, begin == ">" and bool(_QUOTE.match(line))
        line = _unquoted(line) if quoted else line
        item = _ITEM.match(line)
        if item or (quoted and not was_quoted) or (paragraph and paragraph[-1].endswith(_HARD_BREAK)):
            yield from _paragraph(first, paragraph)
            paragraph = []
        if not paragraph:
            first = number
        paragraph.append(line[item.end() :] if item else line)
    yield from _paragraph(first, paragraph)


def _alone(line: str) -> Kind | None:
    """The kind of a line that is a statement by itself, whatever stands around it."""
    if _HEADING.match(line):
        return "heading"
    if line.lstrip().startswith("|") and not _DELIMITER_ROW.match(line):
        return "row"
    if _RULE.match(line) or ("|" in line and _DELIMITER_ROW.match(line)):
        return "row"
    return None


def _front_matter(lines: list[str]) -> int:
    """How many lines at the top are YAML front matter, its two rules included."""
    if lines[0].rstrip() != "---":
        return 0
    closed = (number for number, line in enumerate(lines[1:60], 2) if line.rstrip() in ("---", "..."))
    return next(closed, 0)


def _unquoted(line: str) -> str:
    while quote := _QUOTE.match(line):
        line = line[quote.end() :]
    return line


def _paragraph(first: int, lines: list[str]) -> Iterator[tuple[int, str, Kind]]:
    """A paragraph as one block; lines that are all `name: value` each stand for themselves."""
    if len(lines) > 1 and all(_FIELD.match(line) for line in lines):
        for offset, line in enumerate(lines):
            yield first + offset, line, "prose"
    elif lines:
        yield first, "\n".join(lines), "prose"
