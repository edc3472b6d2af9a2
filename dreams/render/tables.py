"""Numbered source and differences as tables, built from strings: a template loop over lines is ten times slower."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from html import escape

from django.utils.safestring import SafeString, mark_safe

from dreams.render.visible import visible
from dreams.rules.words import Hunk, Line, TextDiff

FOLD_LINES = 200
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
        f'<tr{_attributes("", marks.get(("new", number)))}><td class="n" data-n="{number}"></td>'
        f'<td class="t"{_source(marks.get(("new", number)))}>{visible(line)}</td></tr>'
        f"{_note(marks.get(('new', number)), 2)}"
        for number, line in enumerate(lines[:-1] if ends else lines, 1)
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


def _folded(diff: TextDiff, rows_of: Callable[[Hunk, Marks], Iterator[str]], marks: Marks, more: str) -> Iterator[str]:
    if diff.only_line_endings:
        yield _gap("only the line endings differ", 4)
    for hunk in diff.hunks:
        if hunk.skipped:
            yield _gap(_lines(hunk.skipped, "unchanged line"), 4)
        if hunk.rewrapped:
            yield _gap("the same words, broken into other lines", 4)
        rows = rows_of(hunk, marks)
        for number, row in enumerate(rows):
            if number == FOLD_LINES and more:
                rest = sum(1 for _ in rows) + 1
                yield _gap(_lines(rest, "more line"), 4, more)
                break
            yield row
    if diff.hunks and diff.skipped:
        yield _gap(_lines(diff.skipped, "unchanged line"), 4)
    if diff.hunks and diff.old_without_newline != diff.new_without_newline:
        yield _gap(f"{'no' if diff.new_without_newline else 'a'} newline at the end now", 4)


def _unified_rows(hunk: Hunk, marks: Marks) -> Iterator[str]:
    before = "equal"
    for line in hunk.lines:
        starts = ' data-hunk=""' if line.kind != "equal" and before == "equal" else ""
        before = line.kind
        mark = _mark(line, marks)
        css = {"equal": "", "insert": "add", "delete": "cut"}[line.kind] + _whole(line)
        sign = {"equal": "", "insert": ' data-s="+"', "delete": ' data-s="−"'}[line.kind]
        yield (
            f"<tr{_attributes(css, mark)}{starts}>{_number(line.old_no)}{_number(line.new_no)}"
            f'<td class="s"{sign}></td><td class="t"{_source(mark)}>{_words(line)}</td></tr>{_note(mark, 4)}'
        )


def _split_rows(hunk: Hunk, marks: Marks) -> Iterator[str]:
    before = "equal"
    for row in hunk.rows:
        starts = ' data-hunk=""' if row.op != "equal" and before == "equal" else ""
        before = row.op
        left = marks.get(("old", row.left.old_no or 0)) if row.left else None
        right = marks.get(("new", row.right.new_no or 0)) if row.right else None
        css = " ".join(dict.fromkeys(mark.css for mark in (left, right) if mark))
        cells = _half(row.left, "old_no", left) + _half(row.right, "new_no", right)
        yield f"<tr{_class(css)}{starts}>{cells}</tr>{_note(left, 4)}{_note(right, 4)}"


def _half(line: Line | None, number: str, mark: Mark | None) -> str:
    if line is None:
        return '<td class="n void"></td><td class="t void"></td>'
    css = {"equal": "", "insert": " add", "delete": " cut"}[line.kind]
    cell = f'<td class="t{css}{_whole(line)}"{_source(mark)}>{_words(line)}</td>'
    return f'<td class="n{css}" data-n="{getattr(line, number)}"{_id(mark)}></td>{cell}'


def _words(line: Line) -> str:
    tag = {"equal": "", "insert": "ins", "delete": "del"}[line.kind]
    if _whole(line):
        return f"<{tag}>{visible(line.text)}</{tag}>" if line.text else ""
    return "".join(
        f"<{tag}>{visible(piece.text)}</{tag}>" if piece.changed else visible(piece.text) for piece in line.pieces
    )


def _whole(line: Line) -> str:
    """whole, when no word of the line stands on the other side."""
    return "" if line.kind == "equal" or len(line.pieces) > 1 else " whole"


def _mark(line: Line, marks: Marks) -> Mark | None:
    old = marks.get(("old", line.old_no)) if line.old_no and line.kind != "insert" else None
    new = marks.get(("new", line.new_no)) if line.new_no else None
    return replace(old, source=new.source) if old and new and new.source else old or new


def _attributes(css: str, mark: Mark | None) -> str:
    return _class(f"{css} {mark.css}".strip() if mark else css) + _id(mark)


def _class(names: str) -> str:
    return f' class="{escape(names)}"' if names else ""


def _id(mark: Mark | None) -> str:
    return f' id="{escape(mark.id)}"' if mark and mark.id else ""


def _source(mark: Mark | None) -> str:
    return f' data-source="{escape(mark.source)}"' if mark and mark.source else ""


def _number(number: int | None) -> str:
    return f'<td class="n" data-n="{number}"></td>' if number else '<td class="n"></td>'


def _note(mark: Mark | None, width: int) -> str:
    if mark is None or not mark.note:
        return ""
    tone = f' data-tone="{escape(mark.tone)}"' if mark.tone else ""
    return f'<tr class="note"{tone}><td colspan="{width}">{visible(mark.note)}</td></tr>'


def _gap(words: str, width: int, href: str = "") -> str:
    said = f'<a href="{escape(href)}">{words}</a>' if href else words
    return f'<tr class="gap"><td colspan="{width}">{said}</td></tr>'


def _lines(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _caption(words: str) -> str:
    return f'<caption class="quiet-words">{visible(words)}</caption>' if words else ""


def _safe(html: str) -> SafeString:
    return mark_safe(html)  # noqa: S308  # every foreign part of it went through `visible` or `escape`
