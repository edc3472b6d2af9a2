"""A foreign text with some of its words marked, as a search shows it."""

from collections.abc import Sequence

from django.utils.safestring import SafeString, mark_safe

from dreams.render.visible import visible


def marked(text: str, places: Sequence[tuple[int, int]]) -> SafeString:
    """`text` escaped as by `visible`, with what stands at these (start, end), in order and apart, in <mark>."""
    html, at = [], 0
    for start, end in places:
        html += [visible(text[at:start]), f"<mark>{visible(text[start:end])}</mark>"]
        at = end
    return mark_safe("".join([*html, visible(text[at:])]))  # noqa: S308
