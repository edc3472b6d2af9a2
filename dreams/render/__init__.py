"""The only HTML that is built in Python: texts with nothing hidden, Markdown, numbered source, differences."""

from dreams.render.marked import marked
from dreams.render.panels import Look, Panel, panels
from dreams.render.prose import markdown
from dreams.render.tables import Mark, side_by_side, source, unified
from dreams.render.visible import visible

__all__ = ["Look", "Mark", "Panel", "markdown", "marked", "panels", "side_by_side", "source", "unified", "visible"]
