"""Reads of one memory beside its text, from the mirror only."""

from dreams.models import Memory


def neighbours(memory: Memory) -> tuple[Memory | None, Memory | None]:
    """The memories before and after this one in path order."""
    rows = Memory.objects.filter(store=memory.store).only("remote_id", "path", "store")
    before = rows.filter(path__lt=memory.path).order_by("-path").first()
    return before, rows.filter(path__gt=memory.path).order_by("path").first()
