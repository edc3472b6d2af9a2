"""Numbered source and differences as tables, built from strings: a template loop over lines is ten times slower."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString, mark_safe

from dreams.render.visible import visible
from dreams.rules.words import Hunk, Line, TextDiff

# A change of more lines is cut there, a text after that many, and a stretch of so many characters in its middle.
FOLD_LINES, MAX_LINES, LONG = 200, 600, 1_500
_ENDINGS = {"LF": "LF", "CRLF": "CRLF (Windows)", "mixed": "mixed ones", "": "none"}
_CSS = {"equal": "", "insert": "add", "delete": "cut", "rewrapped": "rewrap"}
_TAG = {"insert": "ins", "delete": "del"}
_SIGN = {"equal": "", "insert": ' data-s="+"', "delete": ' data-s="−"', "rewrapped": ' data-s="↵" title="re-wrapped"'}
_UNIFIED = '<colgroup><col class="n"><col class="n"><col class="s"><col></colgroup>'
_SPLIT = '<colgroup><col class="n"><col><col class="n"><col></colgroup>'


@dataclass(frozen=True, slots=True)
class Mark:
    """What a page says about one line: a class (lost, flag, moved), an id to jump to, a sentence under it, and in a
    few signs which memory it came from or went to."""

    css: str = ""
    id: str = ""
    note: str = ""
    tone: str = ""
    source: str = ""


# Marks by side ("old" or "new") and line number, which counts from 1.
Marks = Mapping[tuple[str, int], Mark]


def source(text: str, marks: Marks | None = None) -> SafeString:
    """The whole text with its line numbers (marks are those of the "new" side). Lines end at "\\n" only."""
    marks = marks or {}
    lines = text.split("\n")
    ends = not lines[-1] and len(lines) > 1
    rows = "".join(
        f'<tr{_attributes("", found)}><td class="n" data-n="{number}"></td>'
        f'<td class="t"{_source(found)}>{visible(line)}</td></tr>{_notes(found, 2)}'
        for number, line in enumerate(lines[:-1] if ends else lines, 1)
        for found in [_at(marks, ("new", number))]
    )
    end = "" if ends or not text else _gap("no newline at the end", 2)
    return _safe(
        f'<table class="diff diff--source"><colgroup><col class="n"><col></colgroup><tbody>{rows}{end}</tbody></table>'
    )


def unified(diff: TextDiff, *, caption: str = "", marks: Marks | None = None, more: str = "") -> SafeString:
    """The difference as one column: gone lines above new ones, words marked. Hunks of more than 200 lines are cut
    there when `more` (an address that shows all of them) is given."""
    body = "".join(_folded(diff, _unified_rows, marks or {}, more))
    return _safe(f'<table class="diff diff--unified">{_caption(caption)}{_UNIFIED}<tbody>{body}</tbody></table>')


def side_by_side(
    diff: TextDiff, *, caption: str = "", marks: Marks | None = None, more: str = "", heads: tuple[str, str] = ("", "")
) -> SafeString:
    """The difference in two columns under `heads`; otherwise as `unified`."""
    head = "".join(f'<th colspan="2" scope="col">{visible(words)}</th>' for words in heads) if any(heads) else ""
    body = "".join(_folded(diff, _split_rows, marks or {}, more))
    return _safe(
        f'<table class="diff diff--split">{_caption(caption)}{_SPLIT}'
        f"{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"
    )


def _folded(
    diff: TextDiff, rows_of: Callable[[Hunk, Marks, str], Iterator[str]], marks: Marks, more: str
) -> Iterator[str]:
    said = _said(diff)
    if said:
        yield _gap(said, 4)
    drawn = 0
    for number, hunk in enumerate(diff.hunks):
        if more and drawn >= MAX_LINES:
            yield _gap(_count(len(diff.hunks) - number, "more changed place"), 4, more)
            return
        if hunk.skipped:
            yield _gap(_count(hunk.skipped, "unchanged line"), 4)
        if hunk.rewrapped:
            yield _gap("re-wrapped: the same words, broken into other lines", 4)
        elif any(line.kind == "rewrapped" for line in hunk.lines):
            yield _gap("↵ re-wrapped: in these lines only the marked words changed", 4)
        rows = rows_of(hunk, marks, more)
        for at, row in enumerate(rows):
            if at == FOLD_LINES and more:
                rest = sum(1 for _ in rows) + 1
                yield _gap(_count(rest, "more line"), 4, more)
                break
            yield row
        drawn += min(len(hunk.lines), FOLD_LINES)
    if diff.hunks and diff.skipped:
        yield _gap(_count(diff.skipped, "unchanged line"), 4)
    if diff.old_without_newline != diff.new_without_newline:
        yield _gap(f"{'no' if diff.new_without_newline else 'a'} newline at the end now", 4)


def _said(diff: TextDiff) -> str:
    """What is to know of the bytes that no line shows."""
    old, new = diff.endings
    if diff.only_line_endings:
        return f"only the line endings differ: {_ENDINGS[old]} became {_ENDINGS[new]}"
    if "CRLF" in (old, new) and old and new:
        if old == new:
            return "lines end in CRLF, as on Windows, on both sides"
        tail = "" if "mixed" in (old, new) else "; the lines are compared without them"
        return f"the line endings changed too: {_ENDINGS[old]} became {_ENDINGS[new]}{tail}"
    return "the same letters, written as other code points (Unicode normalisation)" if diff.only_normalised else ""


def _unified_rows(hunk: Hunk, marks: Marks, more: str) -> Iterator[str]:
    before = "equal"
    for line in hunk.lines:
        starts = _starts(line.kind, before)
        before = line.kind
        found = _marks_of(line, marks)
        css = _CSS[line.kind] + (" whole" if line.whole else "")
        yield (
            f"<tr{_attributes(css, found)}{starts}>{_number(line.old_no)}{_number(line.new_no)}"
            f'<td class="s"{_SIGN[line.kind]}></td><td class="t"{_source(found)}>'
            f"{_further(found)}{_words(line, more)}</td></tr>{_notes(found)}"
        )


def _split_rows(hunk: Hunk, marks: Marks, more: str) -> Iterator[str]:
    before = "equal"
    for row in hunk.rows:
        starts = _starts(row.op, before)
        before = row.op
        left = _at(marks, ("old", row.left.old_no or 0)) if row.left else []
        right = _at(marks, ("new", row.right.new_no or 0)) if row.right else []
        css = " ".join(dict.fromkeys(mark.css for mark in left + right if mark.css))
        cells = _half(row.left, "old_no", left, more) + _half(row.right, "new_no", right, more)
        yield f"<tr{_class(css)}{starts}>{cells}</tr>{_notes(left + right)}"


def _starts(kind: str, before: str) -> str:
    """Where the keys n and p stop: at the first row of each change."""
    quiet = ("equal", "rewrapped")
    changes = kind != "equal" and (before == "equal" or (kind == "rewrapped") != (before == "rewrapped"))
    return ' data-hunk=""' if changes and (kind not in quiet or before == "equal") else ""


def _half(line: Line | None, number: str, marks: Sequence[Mark], more: str) -> str:
    if line is None:
        return '<td class="n void"></td><td class="t void"></td>'
    css = f" {_CSS[line.kind]}".rstrip()
    cell = f'<td class="t{css}{" whole" if line.whole else ""}"{_source(marks)}>{_words(line, more)}</td>'
    return f'<td class="n{css}" data-n="{getattr(line, number)}"{_id(marks)}></td>{cell}'


def _words(line: Line, more: str) -> str:
    own = _TAG.get(line.kind, "ins")
    if line.whole:
        return f"<{own}>{_long(line.text, more)}</{own}>" if line.text else ""
    html = []
    for text, changed, gone in line.pieces:
        tag = "del" if gone else own
        html.append(f"<{tag}>{visible(text)}</{tag}>" if changed else _long(text, more))
    return "".join(html)


def _long(text: str, more: str) -> str:
    """A text whose middle is left out, with a way to see it, when it is very long."""
    if not more or len(text) <= LONG:
        return visible(text)
    start = text.rfind(" ", 0, LONG // 6) + 1 or LONG // 6
    end = text.find(" ", len(text) - LONG // 6)
    end = end if end >= 0 else len(text) - LONG // 6
    left_out = f'<a class="elided" href="{escape(more)}">{_count(end - start, "more character")}</a>'
    return f"{visible(text[:start])} {left_out} {visible(text[end:])}"


def _marks_of(line: Line, marks: Marks) -> list[Mark]:
    olds = range(line.old_no or 0, (line.old_end or line.old_no or 0) + 1)
    return _at(marks, *(("old", number) for number in olds), ("new", line.new_no or 0)) if marks else []


def _at(marks: Marks, *places: tuple[str, int]) -> list[Mark]:
    return [marks[place] for place in places if place in marks]


def _attributes(css: str, marks: Sequence[Mark]) -> str:
    return _class(" ".join(dict.fromkeys(filter(None, [css, *(mark.css for mark in marks)])))) + _id(marks)


def _class(names: str) -> str:
    return f' class="{escape(names)}"' if names else ""


def _id(marks: Sequence[Mark]) -> str:
    names = [mark.id for mark in marks if mark.id]
    return f' id="{escape(names[0])}"' if names else ""


def _further(marks: Sequence[Mark]) -> str:
    """Places to jump to beside the first one, which the row itself is."""
    names = [mark.id for mark in marks if mark.id][1:]
    return "".join(f'<span id="{escape(name)}"></span>' for name in names)


def _source(marks: Sequence[Mark]) -> str:
    signs = [mark.source for mark in marks if mark.source]
    return f' data-source="{escape(signs[-1])}"' if signs else ""


def _number(number: int | None) -> str:
    return f'<td class="n" data-n="{number}"></td>' if number else '<td class="n"></td>'


def _notes(marks: Sequence[Mark], width: int = 4) -> str:
    return "".join(_note(mark, width) for mark in marks if mark.note)


def _note(mark: Mark, width: int) -> str:
    tone = f' data-tone="{escape(mark.tone)}"' if mark.tone else ""
    return f'<tr class="note"{tone}><td colspan="{width}">{visible(mark.note)}</td></tr>'


def _gap(words: str, width: int, href: str = "") -> str:
    said = f'<a href="{escape(href)}">{words}</a>' if href else words
    return f'<tr class="gap"><td colspan="{width}">{said}</td></tr>'


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _caption(words: str) -> str:
    return f'<caption class="quiet-words">{visible(words)}</caption>' if words else ""


def _safe(html: str) -> SafeString:
    return mark_safe(html)  # noqa: S308  # every foreign part of it went through `visible` or `escape`
