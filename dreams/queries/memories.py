"""Reads of one memory and its history, from the mirror only."""

from dataclasses import dataclass

from dreams.models import Memory, MemoryVersion, Store, Text
from dreams.queries.people import Author, authors_of


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version in the history; `text` when its bytes are kept here, `current` for the one that stands now."""

    version: MemoryVersion
    author: Author
    text: Text | None
    current: bool


def history_of(store: Store, memory_id: str, current_version: str, limit: int = 50) -> list[VersionRow]:
    """The versions of a memory, newest first; three queries."""
    versions = list(
        MemoryVersion.objects.filter(store=store, memory_id=memory_id).order_by("-created_at", "-pk")[:limit]
    )
    authors = authors_of(store.workspace, versions)
    shas = {version.sha256 for version in versions if version.sha256}
    kept = {t.sha256: t for t in Text.objects.filter(workspace=store.workspace, sha256__in=shas, purged_at=None)}
    return [VersionRow(v, authors[v.remote_id], kept.get(v.sha256), v.remote_id == current_version) for v in versions]


def neighbours(memory: Memory) -> tuple[Memory | None, Memory | None]:
    """The memories before and after this one in path order."""
    rows = Memory.objects.filter(store=memory.store).only("remote_id", "path", "store")
    before = rows.filter(path__lt=memory.path).order_by("-path").first()
    return before, rows.filter(path__gt=memory.path).order_by("path").first()
