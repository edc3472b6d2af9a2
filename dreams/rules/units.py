"""How a text falls into what is compared: paragraphs and hard lines, their sentences, and words that are never cut."""

import re
from typing import NamedTuple

# Hangul is written with blanks between words; Han, Hiragana and Thai are not.
_HAN = "\u3005-\u3007\u3041-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KATAKANA = "\u30a0-\u30ff\u31f0-\u31ff\uff66-\uff9f"
# What stays with the character before it: accents, selectors, joiners, skin tones, the tags of flags.
_MARKS = (
    "\u0300-\u036f\u200c\u20d0-\u20f0\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f"
    "\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\U000e0100-\U000e01ef"
)
_TAIL = rf"(?:[{_MARKS}]|\u200d[^\s{_MARKS}]?)*"
# A word runs on through combining marks of any script. Addresses and numbers are one word: a changed digit of a
# version, a date or a price is not to be read as the change of a digit.
_ADDRESS = r"(?:https?|ftp|mailto|file):[^\s<>\"'`|)\]}]*[^\s<>\"'`|)\]}.,;:!?]"
_NUMBER = (
    r"(?:(?<![^\s(\[=:~<>≤≥])[-+−±])?[$€£¥]?[vV]?[0-9][0-9A-Za-z]*(?:[.,:/\-–_][0-9][0-9A-Za-z]*)*[%‰°]?"
)
_TOKEN = re.compile(
    rf"\n[ \t>]*|[ \t]+{_TAIL}|\s|{_ADDRESS}|{_NUMBER}{_TAIL}|[{_KATAKANA}]+{_TAIL}|[{_HAN}]{_TAIL}"
    rf"|[^\W{_HAN}{_KATAKANA}]"
    rf"[^\s\x00-/:-@\[-^`{{-\xbf\u2000-\u200b\u200e-\u206f\u3000-\u303f\uff00-\uff65{_HAN}{_KATAKANA}]*"
    rf"|[\U0001f1e6-\U0001f1ff]{{2}}|.{_TAIL}",
    re.DOTALL,
)
# The same for texts that have nothing but ASCII, in a third of the time.
_ASCII = re.compile(
    rf" |{_ADDRESS}|[A-Za-z_]{{3,}}[A-Za-z0-9_]*|{_NUMBER}|\w+|\n[ \t>]*|[ \t]+|.", re.DOTALL | re.ASCII
)
# A break within a paragraph, with the indentation or the quotation marks behind it.
BREAK = re.compile(r"\n[ \t>]*")
_BREAK_AT_WORD = re.compile(r"\n(?![ \t>])")
_BLANK_WITH_TAIL = re.compile(rf" [{_MARKS}\u200d]")
WORD = re.compile(r"\w")
_WORDS = re.compile(r"\w+")
_STOP = re.compile(
    # It begins with one set of characters, which is what the search for it is fast at.
    # Each run of stops is tried once, from its start: a line of nothing else must not take minutes.
    r"[.!?…。！？](?:(?<=[。！？])[。！？]*[」』）”]*\s*"
    r"|(?<![.!?…].)[.!?…]*+[\"'”’)\]*_`]*+(?=\s+[^\s\Wa-z]|\s+[\"'“‘(\[*_`~<])\s+)"
)
# A line that begins something of its own, and one that nothing goes on behind.
_BEGINS = re.compile(r"\s*(?:$|[-*+]\s|\d{1,9}[.)]\s|\||```|~~~|#{1,6}\s|[=-]{2,}\s*$|<|\[[^\]]*\]:)")
# How by far the most of those begin.
_OWN = ("- ", "* ", "|", "```", "## ")
_ENDS = re.compile(r"\s*(?:$|\||#{1,6}\s|```|~~~|[=-]{2,}\s*$)|.*(?:  |\\)\r?$", re.DOTALL)
_FIELD = re.compile(r"\s*[\w.-]+(?: [\w.-]+){0,3}:(?:\s|$)")
_FENCE = re.compile(r"\s{0,3}(```|~~~)", re.MULTILINE)
# By far the most lines of prose: nothing in them can be a mark of anything.
_PLAIN = re.compile(r"[A-Za-z][^|:\\]*[^|:\\ \r]$")
_QUOTE = re.compile(r"[ ]{0,3}(?:>[ ]?)*")


def words_in(text: str) -> frozenset[str]:
    """The different words of a text."""
    return frozenset(_WORDS.findall(text) if text.isascii() else filter(WORD.search, tokens_of(text)))


def sentences_in(text: str) -> bool:
    """Whether a sentence ends before the end of this line."""
    stop = _STOP.search(text)
    return stop is not None and stop.end() < len(text)


def tokens_of(text: str) -> list[str]:
    """Words, and what stands between them, which together are the text; a break within a paragraph is one of them,
    with the indentation or the quotation marks behind it."""
    return (_ASCII if text.isascii() else _TOKEN).findall(text)


def at_blanks(old: str, new: str) -> tuple[str, str] | None:
    """Both, of the same length, with a blank for each break within the paragraph, if a word ends at each blank and
    nothing else stands for one: not so with several together, indented or quoted lines, or a mark over a blank."""
    if "\n" in old or "\n" in new:
        old, new = _BREAK_AT_WORD.sub(" ", old), _BREAK_AT_WORD.sub(" ", new)
    for text in (old, new):
        if "  " in text or "\n" in text or (not text.isascii() and _BLANK_WITH_TAIL.search(text)):
            return None
    return old, new


class Unit(NamedTuple):
    """A sentence with the white space behind it, or what of a line is one: its place in the text and its lines."""

    start: int
    end: int
    first: int
    last: int


def code_lines(text: str, lines: list[str]) -> frozenset[int]:
    """The indexes of the lines within fences and of those of the front matter, where every break counts."""
    if "```" not in text and "~~~" not in text and not text.startswith("---"):
        return frozenset()
    found = set()
    fence = ""
    for at, line in enumerate(lines):
        opened = _FENCE.match(line)
        if fence or opened:
            found.add(at)
        if opened:
            fence = "" if fence == opened[1] else fence or opened[1]
    if lines and lines[0].rstrip() == "---":
        end = next((at for at, line in enumerate(lines[1:60], 1) if line.rstrip() in ("---", "...")), 0)
        found.update(range(end + 1))
    return frozenset(found)


def soft_breaks(lines: list[str], start: int, end: int, code: frozenset[int]) -> list[bool]:
    """For each of these lines whether it goes on the paragraph of the line before it; the first one never does."""
    return [
        at > start and not lines[at].startswith(_OWN) and at not in code and _goes_on(lines, at)
        for at in range(start, end)
    ]


def _goes_on(lines: list[str], at: int) -> bool:
    before, line = lines[at - 1], lines[at]
    if _PLAIN.match(before) and _PLAIN.match(line):
        return True
    if line.lstrip().startswith(">"):
        deep, deeper = _QUOTE.match(before), _QUOTE.match(line)
        if not deep or not deeper or deep[0].count(">") != deeper[0].count(">") or ">" not in deep[0]:
            return False
        before, line = before[deep.end() :], line[deeper.end() :]
    if _BEGINS.match(line) or _ENDS.match(before) or ("|" in line and "|" in before):
        return False
    if _FIELD.match(line) and _FIELD.match(before):
        return False
    return not line.startswith(("    ", "\t")) or not _indented_code(lines, at)


def _indented_code(lines: list[str], at: int) -> bool:
    """Whether the indented lines above begin after a blank line: those of an item begin at its mark."""
    while at and lines[at].startswith(("    ", "\t")):
        at -= 1
    return not lines[at].strip()


def units_of(lines: list[str], soft: list[bool]) -> list[Unit]:
    """The sentences of these lines, joined by "\\n"; the blank lines between them belong to none."""
    text = "\n".join(lines)
    stops = _STOP.finditer(text)
    stop = next(stops, None)
    units: list[Unit] = []
    at = offset = 0
    while at < len(lines):
        last = at
        size = len(lines[at])
        while last + 1 < len(lines) and soft[last + 1]:
            last += 1
            size += 1 + len(lines[last])
        end = offset + size
        start, line = offset, at
        while stop and stop.start() < end:
            # One that runs into what follows this block ends nothing but the block.
            until = stop.end()
            if until < end:
                breaks = text.count("\n", start, until) if last > at else 0
                # The break behind a sentence is of its unit, but the line that it begins is not.
                units.append(Unit(start, until, line, line + breaks - stop[0].count("\n")))
                start, line = until, line + breaks
            stop = next(stops, None)
        if start > offset or (size and not text[offset:end].isspace()):
            units.append(Unit(start, end, line, last))
        offset = end + 1
        at = last + 1
    return units
