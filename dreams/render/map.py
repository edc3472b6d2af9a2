"""The map of a dream: which old memory became which new one, as SVG; old paths at the left, new ones at the right."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape, unescape
from itertools import groupby

from django.utils.safestring import SafeString, mark_safe

from dreams.render.visible import visible

# More strands than these are a list: nobody follows the forty-first curve.
MOST = 40
# Units of the drawing. A glyph of the monospaced face at 12 is 7.3 wide: 50 of them fit at either side.
_WIDTH, _ROW, _GAP, _LEFT, _RIGHT, _LETTERS = 960, 20, 10, 384, 576, 50
_TAGS = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class Strand:
    """One old path that became one new path; `old` or `new` is "" where nothing came before or after. `change` is the
    number of the piece it is decided in, and `lost` how many sentences that piece loses."""

    change: int
    kind: str
    old: str
    new: str
    lost: int = 0


def draw_map(strands: Sequence[Strand], address: Callable[[int], str]) -> SafeString:
    """The map of at most MOST strands, those of a change beside each other; `address` of a change is where its paths
    lead. Equal strands give equal bytes, whatever the paths hold."""
    parts, top = [], _GAP
    for change, group in groupby(strands, key=lambda strand: strand.change):
        block, height = _block(list(group), top, escape(address(change)))
        parts += block
        top += height + _GAP
    return mark_safe(  # noqa: S308
        f'<svg class="lineage-map" viewBox="0 0 {_WIDTH} {top}" role="group" aria-labelledby="lineage-title"'
        ' aria-describedby="lineage-words"><title id="lineage-title">Map of what became of what</title>'
        '<desc id="lineage-words">Old paths at the left, new ones at the right. The list below says the same.</desc>'
        f"{''.join(parts)}</svg>"
    )


def _block(strands: Sequence[Strand], top: int, href: str) -> tuple[list[str], int]:
    """One change: its curves, then its paths, each side in the middle of the taller one; and how tall it is."""
    olds, news = _sorted(strand.old for strand in strands), _sorted(strand.new for strand in strands)
    rows = max(len(olds), len(news))
    left = {path: top + _ROW * (n + (rows - len(olds)) / 2 + 0.5) for n, path in enumerate(olds)}
    right = {path: top + _ROW * (n + (rows - len(news)) / 2 + 0.5) for n, path in enumerate(news)}
    kind, lost = strands[0].kind, strands[0].lost
    parts = [_curve(strand, left, right) for strand in strands]
    # What a piece loses is said once: at its first new path, or where it was left out.
    says = (news or olds)[0]
    for path, y in left.items():
        parts.append(_end(path, y, href, kind, left=True, lost=lost if path == says and not news else 0))
    for path, y in right.items():
        parts.append(_end(path, y, href, kind, left=False, lost=lost if path == says else 0))
    return parts, rows * _ROW


def _sorted(paths: Iterable[str]) -> list[str]:
    return sorted({path for path in paths if path})


def _curve(strand: Strand, left: dict[str, float], right: dict[str, float]) -> str:
    """From the old path to the new one; what has only one end is a stub with a cross or a plus at its other."""
    if not strand.new:
        y = left[strand.old]
        d = f"M{_LEFT} {y:g}h40m8 -4l8 8m0 -8l-8 8"
    elif not strand.old:
        y = right[strand.new]
        d = f"M{_RIGHT} {y:g}h-40m-12 -5v10m-5 -5h10"
    else:
        middle = (_LEFT + _RIGHT) / 2
        start, end = left[strand.old], right[strand.new]
        d = f"M{_LEFT} {start:g}C{middle:g} {start:g} {middle:g} {end:g} {_RIGHT} {end:g}"
    return f'<path data-kind="{escape(strand.kind)}" d="{d}"/>'


def _end(path: str, y: float, href: str, kind: str, *, left: bool, lost: int) -> str:
    """A path as a link to its change, with the whole of it as title."""
    whole = unescape(_TAGS.sub("", visible(path)))
    short = whole if len(whole) <= _LETTERS else f"…{whole[1 - _LETTERS :]}"
    x, anchor = (_LEFT - 10, "end") if left else (_RIGHT + 10, "start")
    more = f'<tspan class="bad"> {lost} lost</tspan>' if lost else ""
    word = {"removed": ", gone", "added": ", new"}.get(kind, "")
    return (
        f'<circle data-kind="{escape(kind)}" cx="{_LEFT if left else _RIGHT}" cy="{y:g}" r="3"/>'
        f'<a href="{href}"><title>{escape(whole)}{word}</title>'
        f'<text x="{x}" y="{y + 4:g}" text-anchor="{anchor}">{escape(short)}{more}</text></a>'
    )
