"""One change of a review as panels: which path stands beside which, where lines went, and the HTML of each."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import partial
from hashlib import sha256
from html import escape
from typing import Protocol

from django.utils.safestring import SafeString, mark_safe

from dreams.render.prose import markdown
from dreams.render.tables import Mark, Marks, side_by_side, source, unified
from dreams.rules.words import TextDiff, text_diff

Texts = Mapping[str, str]
# Marks by side ("old", "new"), path and line.
PathMarks = Mapping[tuple[str, str, int], Mark]
# The same keys, with the few signs that say where a line came from or went.
Sources = Mapping[tuple[str, str, int], str]

# What is kept of older drawings is of no use once this is another number.
VERSION = 1
MAX_BYTES = 50_000
MAX_PANELS = 20
# The first memories of a change are drawn with it: so many, of so many bytes together. The others when looked at.
FIRST_PANELS, FIRST_BYTES = 4, 100_000
# A change of so many pairs is no rewording of one memory: each is shown by itself.
MAX_PAIRS = 2_500
# Stands in what is kept for the address that shows more. No foreign text can say it: its quotes are escaped.
_MORE = "<more>"
_HREF = f'href="{escape(_MORE)}"'


@dataclass(frozen=True, slots=True)
class Look:
    """How the reader wants a memory: `split` or in one column, `rendered` or source, `whole` or capped; of all the
    memories of a change `only` this one, which counts from 0."""

    split: bool = False
    rendered: bool = False
    whole: bool = False
    only: int | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """One memory before and after ("" where it is not there), `size` bytes both. `html` is "" for one that is
    `capped`, being too large to show unasked, or that comes `later`, when it is looked at; in rendered prose `was` is
    the prose before, when both are wanted beside each other; `same`: not a byte of it changed."""

    old: str
    new: str
    size: int
    html: str
    was: str = ""
    same: bool = False
    number: int = 0
    later: bool = False
    capped: bool = False


class Shelf(Protocol):
    """Where drawings are kept by what went into them."""

    def fetch(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Those that are kept."""
        ...

    def put(self, key: str, html: str) -> None:
        """One that was not."""
        ...


def panels(
    before: Texts,
    after: Texts,
    marks: PathMarks,
    look: Look,
    more: str,
    sources: Sources | None = None,
    shelf: Shelf | None = None,
) -> list[Panel]:
    """The memories of a change. Of several on a side, each new one stands beside the old one it came from; lines that
    only went from one memory of the change to another are marked so, as neither gone nor new. `sources` says in a few
    signs where a line came from or went. `more` is the address that shows what is capped here, "" caps nothing within
    a memory; with "{n}" in it, it is that of the n-th memory alone, and only the first ones are drawn at once. What
    the `shelf` has is not drawn anew."""
    change = _Change(before, after, marks, look, _MORE if more and not look.whole else "", sources or {})
    found, drawn = [], 0
    for number, (old, new) in enumerate(pairs(before, after)):
        was, says = before.get(old, "").encode(errors="replace"), after.get(new, "").encode(errors="replace")
        size = len(was) + len(says)
        panel = Panel(old, new, size, "", same=old != "" and was == says, number=number)
        if look.only is not None and look.only != number:
            continue
        if not look.whole and max(len(was), len(says)) > MAX_BYTES:
            found.append(replace(panel, capped=True))
        elif look.whole or look.only is not None or _at_once("{n}" in more, len(found), drawn + size):
            found.append(panel)
            drawn += size
        else:
            found.append(replace(panel, later="{n}" in more, capped="{n}" not in more))
    keys = {panel.number: change.keys(panel) for panel in found if not panel.later and not panel.capped}
    kept = dict(shelf.fetch([key for pair in keys.values() for key in pair])) if shelf and keys else {}
    for key, draw in {key: draw for pair in keys.values() for key, draw in pair.items()}.items():
        if key not in kept:
            kept[key] = draw()
            if shelf:
                shelf.put(key, kept[key])
    return [_filled(panel, [kept[key] for key in keys.get(panel.number, ())], more) for panel in found]


def _at_once(lazy: bool, panels: int, size: int) -> bool:
    if not lazy:
        return panels < MAX_PANELS
    return panels < FIRST_PANELS and (not panels or size <= FIRST_BYTES)


def _filled(panel: Panel, html: list[str], more: str) -> Panel:
    address = escape(more.replace("{n}", str(panel.number)))
    live = f' hx-get="{address}" hx-target="#panel-{panel.number}" hx-swap="outerHTML"' if "{n}" in more else ""
    safe = [mark_safe(each.replace(_HREF, f'href="{address}"{live}')) for each in html]  # noqa: S308
    return replace(panel, html=safe[0] if safe else "", was=safe[1] if len(safe) > 1 else "")


class _Change:
    """What the drawing of one memory of a change depends on."""

    def __init__(
        self, before: Texts, after: Texts, marks: PathMarks, look: Look, more: str, sources: Sources
    ) -> None:
        self.before, self.after, self.marks = before, after, marks
        self.look, self.more, self.sources = look, more, sources
        self.digests = [{path: _digest(text) for path, text in side.items()} for side in (before, after)]

    def keys(self, panel: Panel) -> dict[str, Callable[[], str]]:
        """Each part of the drawing by a digest of all that goes into it, with the way to draw it."""
        old, new = panel.old, panel.new
        was, says = self.before.get(old, ""), self.after.get(new, "")
        if self.look.rendered:
            texts = [says if new else was] + ([was] if self.look.split and old and new else [])
            return {_digest(f"{VERSION} prose {_digest(text)}"): partial(markdown, text, 3) for text in texts}
        here = {("old", old), ("new", new)}
        marks = [[*key, *astuple(mark)] for key, mark in self.marks.items() if key[:2] in here]
        signs = [[*key, sign] for key, sign in self.sources.items() if key[:2] in here]
        look = [VERSION, self.look.split, self.more]
        return {_digest(json.dumps([look, old, new, self.digests, marks, signs])): partial(self._draw, old, new)}

    def _draw(self, old: str, new: str) -> str:
        return _difference(old, new, self.before, self.after, self.marks, self.look, self.more, self.sources)


def _digest(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


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
