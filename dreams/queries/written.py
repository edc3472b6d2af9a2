"""What versions changed in their memories: the version before each, which texts are held, the difference in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.db.models import F, OuterRef, Q, Subquery
from django.utils.safestring import SafeString

from dreams import render
from dreams.models import Memory, MemoryVersion, Text, VersionGap, Workspace
from dreams.queries.people import KIND_WORDS
from dreams.rules.sizes import id_words
from dreams.rules.words import text_diff

# Of a list: how many bytes of both texts one difference may have, and all of them together, to be drawn unasked.
INLINE_BYTES = 4_000
LIST_BYTES = 24_000

KINDS = {"created": "added", "deleted": "removed"}


@dataclass(frozen=True, slots=True)
class Written:
    """One version and what it changed. `before` is the version it replaced, None where there was none or it is not
    known; `gap`: between the two something was written that is not known here; `living`: the memory still exists.

    `state` says what can be shown: "redacted" · "unheld" (a text was never read here) · "purged" (`words` say when) ·
    "lost" (what a deletion removed is not known) · "same" (only the path changed) · "alone" (the text, without what it
    replaced) · "difference". `html` is "" where nothing can be, or where it is too large to be drawn unasked."""

    version: MemoryVersion
    before: MemoryVersion | None
    living: bool
    gap: bool
    state: str
    words: str = ""
    html: SafeString | str = ""

    @property
    def kind(self) -> str:
        """The drawing of _kind.html."""
        return KINDS.get(self.version.operation) or ("moved" if self.was else "modified")

    @property
    def was(self) -> str:
        """The path before, when it was another one."""
        moved = self.before and self.before.path and self.version.path and self.before.path != self.version.path
        return self.before.path if self.before and moved else ""

    @property
    def grew(self) -> int | None:
        """By how many bytes; None when what was before is not known."""
        if self.version.redacted_at or (self.before is None and self.version.operation != "created"):
            return None
        if self.before is not None and self.before.redacted_at:
            return None
        return self.version.size - (self.before.size if self.before else 0)

    @property
    def size(self) -> int:
        """Bytes of both texts."""
        return self.version.size + (self.before.size if self.before else 0)

    @property
    def redacted_by(self) -> str:
        """Who redacted it, in words; "" when the vendor does not tell."""
        kind, id = self.version.redacted_by_kind, self.version.redacted_by_id
        return id_words(KIND_WORDS.get(kind, kind), id)


def with_before(versions: Iterable[MemoryVersion]) -> list[tuple[MemoryVersion, MemoryVersion | None]]:
    """Each version with the one before it of the same memory; two queries."""
    versions = list(versions)
    older = MemoryVersion.objects.filter(
        Q(created_at__lt=OuterRef("created_at")) | Q(pk__lt=OuterRef("pk")),
        store=OuterRef("store"),
        memory_id=OuterRef("memory_id"),
        created_at__lte=OuterRef("created_at"),
    ).order_by("-created_at", "-pk")
    rows = MemoryVersion.objects.filter(pk__in=[version.pk for version in versions])
    before = dict(rows.annotate(before=Subquery(older.values("pk")[:1])).values_list("pk", F("before")))
    found = MemoryVersion.objects.in_bulk([pk for pk in before.values() if pk])
    return [(version, found.get(before.get(version.pk) or 0)) for version in versions]


def written(workspace: Workspace, versions: Sequence[MemoryVersion], *, whole: bool = False) -> list[Written]:
    """What each of these changed, in their order; with the small differences drawn, all of them when `whole`. The
    number of queries does not depend on how many."""
    pairs = with_before(versions)
    shas = {sha for pair in pairs for sha in _shas(*pair)}
    texts = {t.sha256: t for t in Text.objects.filter(workspace=workspace, sha256__in=shas).defer("body")}
    stores = {version.store_id for version in versions}
    gaps = list(VersionGap.objects.filter(store__in=stores))
    alive = Memory.objects.filter(store__in=stores, remote_id__in={version.memory_id for version in versions})
    living = set(alive.values_list("store", "remote_id"))
    rows = [
        Written(
            version,
            before,
            (version.store_id, version.memory_id) in living,
            any(_between(gap, before, version) for gap in gaps),
            *_state(version, before, texts),
        )
        for version, before in pairs
    ]
    return _drawn(workspace, rows, whole)


def _shas(version: MemoryVersion, before: MemoryVersion | None) -> list[str]:
    return [row.sha256 for row in (before, version) if row is not None and row.sha256]


def _between(gap: VersionGap, before: MemoryVersion | None, version: MemoryVersion) -> bool:
    until = gap.until_at or gap.noted_at
    within = before is not None and before.created_at <= gap.after_at and version.created_at >= until
    return gap.store_id == version.store_id and within


def _state(version: MemoryVersion, before: MemoryVersion | None, texts: dict[str, Text]) -> tuple[str, str]:
    shas = _shas(version, before)
    if version.redacted_at:
        return "redacted", ""
    if any(sha not in texts for sha in shas):
        return "unheld", ""
    if purged := next((texts[sha] for sha in shas if texts[sha].purged_at), None):
        return "purged", purged.tombstone
    unknown = version.operation != "created" and (before is None or before.redacted_at is not None)
    if unknown:
        return ("lost" if version.operation == "deleted" else "alone"), ""
    return ("same" if before is not None and before.sha256 == version.sha256 else "difference"), ""


def _drawn(workspace: Workspace, rows: list[Written], whole: bool) -> list[Written]:
    chosen, spent = [], 0
    for row in rows:
        fits = row.size <= INLINE_BYTES and spent + row.size <= LIST_BYTES
        if row.state in ("difference", "alone") and (whole or (row.state == "difference" and fits)):
            chosen.append(row)
            spent += row.size
    wanted = {sha for row in chosen for sha in _shas(row.version, row.before)}
    held = Text.objects.filter(workspace=workspace, sha256__in=wanted, purged_at=None)
    bodies = {text.sha256: text.text for text in held}
    drawn = {row.version.pk: _draw(row, bodies) for row in chosen}
    return [replace(row, html=drawn.get(row.version.pk, "")) for row in rows]


def _draw(row: Written, bodies: dict[str, str]) -> SafeString:
    text = bodies.get(row.version.sha256, "")
    if row.state == "alone":
        return render.source(text)
    was = bodies.get(row.before.sha256, "") if row.before else ""
    return render.unified(text_diff(was, text), caption=f"What changed in {row.version.path}")
