"""One change of a review as panels: which path stands beside which, where lines went, and the HTML of each."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.safestring import SafeString

from dreams.render.prose import markdown
from dreams.render.tables import Mark, Marks, side_by_side, source, unified
from dreams.rules.words import TextDiff, text_diff

Texts = Mapping[str, str]
# Marks by side ("old", "new"), path and line.
PathMarks = Mapping[tuple[str, str, int], Mark]
# The same keys, with the few signs that say where a line came from or went.
Sources = Mapping[tuple[str, str, int], str]

MAX_BYTES = 50_000
MAX_PANELS = 20
# A change of so many pairs is no rewording of one memory: each is shown by itself.
MAX_PAIRS = 2_500


@dataclass(frozen=True, slots=True)
class Look:
    """How the reader wants a memory: `split` or in one column, `rendered` or source, `whole` or capped."""

    split: bool = False
    rendered: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One memory before and after ("" where it is not there), `size` bytes both. `html` is "" for one that is too
    large to show unasked; in rendered prose `was` is the prose before, when both are wanted beside each other; `same`:
    not a byte of it changed."""

    old: str
    new: str
    size: int
    html: str
    was: str = ""
    same: bool = False


def panels(
    before: Texts, after: Texts, marks: PathMarks, look: Look, more: str, sources: Sources | None = None
) -> list[Panel]:
    """The memories of a change. Of several on a side, each new one stands beside the old one it came from; lines that
    only went from one memory of the change to another are marked so, as neither gone nor new. `sources` says in a few
    signs where a line came from or went. `more` is the address that shows what is capped here."""
    found = []
    for old, new in pairs(before, after):
        was, says = before.get(old, ""), after.get(new, "")
        size, same = len(was.encode(errors="replace")) + len(says.encode(errors="replace")), old != "" and was == says
        if not look.whole and (size > MAX_BYTES or len(found) >= MAX_PANELS):
            found.append(Panel(old, new, size, "", same=same))
        elif look.rendered:
            beside = markdown(was, 3) if look.split and old and new else ""
            found.append(Panel(old, new, size, markdown(says if new else was, 3), beside, same))
        else:
            html = _difference(old, new, before, after, marks, look, more, sources or {})
            found.append(Panel(old, new, size, html, same=same))
    return found


def pairs(before: Texts, after: Texts) -> list[tuple[str, str]]:
    """(old path, new path) side by side, "" where there is no partner: equal paths first, then the likest texts."""
    both = [path for path in after if path in before]
    olds = [path for path in before if path not in after]
    news = [path for path in after if path not in before]
    partner = {path: path for path in both}
    words = {path: Counter(text.split()) for path, text in (*before.items(), *after.items())}
    every = [(old, new) for old in olds for new in news] if len(olds) * len(news) <= MAX_PAIRS else []
    likeness = [(sum((words[old] & words[new]).values()), old, new) for old, new in every]
    for shared, old, new in sorted(likeness, key=lambda each: (-each[0], each[1], each[2])):
        if shared and new not in partner and old not in partner.values():
            partner[new] = old
    left = [old for old in olds if old not in partner.values()]
    return [(partner.get(new, ""), new) for new in after] + [(old, "") for old in left]


def _difference(
    old: str, new: str, before: Texts, after: Texts, marks: PathMarks, look: Look, more: str, sources: Sources
) -> SafeString:
    was, says = before.get(old, ""), after.get(new, "")
    if old and new and was == says:
        return source(says, _sourced(_own(marks, "new", new), sources, old, new))
    diff = text_diff(was, says)
    wandered = {
        **_wandered(diff, "delete", old, {path: text for path, text in after.items() if path != new}),
        **_wandered(diff, "insert", new, {path: text for path, text in before.items() if path != old}),
    }
    here = _sourced({**wandered, **_own(marks, "old", old), **_own(marks, "new", new)}, sources, old, new)
    more = "" if look.whole else more
    if look.split and old and new:
        heads = (f"Before: {old}", f"After: {new}")
        return side_by_side(diff, caption=f"{old} and {new}", marks=here, more=more, heads=heads)
    return unified(
        diff, caption=f"What changed from {old} to {new}" if old and new else old or new, marks=here, more=more
    )


def _sourced(marks: Marks, sources: Sources, old: str, new: str) -> Marks:
    """The same with the source of each line that has one, which says what a note would say at length."""
    found = dict(marks)
    for (side, path, line), signs in sources.items():
        if path == (old if side == "old" else new):
            mark = found.get((side, line), Mark())
            note = "" if mark.css == "wandered" else mark.note
            found[side, line] = Mark(mark.css, mark.id, note, mark.tone, signs)
    return found


def _own(marks: PathMarks, side: str, path: str) -> Marks:
    return {(side, line): mark for (of, at, line), mark in marks.items() if of == side and at == path}


def _wandered(diff: TextDiff, kind: str, path: str, others: Texts) -> Marks:
    """Marks on lines of this kind that stand word for word in another memory of the change."""
    if not path or not others:
        return {}
    places = {
        line.strip(): (other, number)
        for other, text in others.items()
        for number, line in enumerate(text.split("\n"), 1)
        if any(character.isalnum() for character in line)
    }
    side = "old" if kind == "delete" else "new"
    word = "now in" if kind == "delete" else "from"
    marks: dict[tuple[str, int], Mark] = {}
    before = ""
    for number, text in _lines_of(diff, kind):
        other, line = places.get(text.strip(), ("", 0))
        if other:
            note = f"{word} {other}, line {line}" if other != before else ""
            marks[side, number] = Mark("wandered", "", note, "moved")
        before = other or (before if not text.strip() else "")
    return marks


def _lines_of(diff: TextDiff, kind: str) -> Iterator[tuple[int, str]]:
    for hunk in diff.hunks:
        for line in hunk.lines:
            number = line.old_no if kind == "delete" else line.new_no
            if line.kind == kind and number:
                yield number, line.text
