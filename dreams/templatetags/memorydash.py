"""Filters and tags of our templates."""

from django import template

from dreams import render
from dreams.rules import sizes

register = template.Library()

# {{ path|visible }}: foreign text in an element, with hidden characters named (dreams/render/visible.py).
register.filter("visible", render.visible)

# {{ text|marked:places }}: the same with what stands at these places marked (dreams/render/marked.py).
register.filter("marked", render.marked)

# {{ text|markdown }}: foreign text as sanitised prose, to stand in an element `.prose` (dreams/render/prose.py).
register.filter("markdown", render.markdown)

# {{ bytes|size }}: a size in words, the same on every page.
register.filter("size", sizes.size_words)
