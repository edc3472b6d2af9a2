"""What versions changed in their memories: the version before each, which texts are held, the difference in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import quote

from django.db.models import F, OuterRef, Q, Subquery
from django.utils.safestring import SafeString

from dreams import render
from dreams.models import Memory, MemoryVersion, Text, VersionGap, Workspace
from dreams.queries.versions import redactor_of
from dreams.rules.sizes import size_words
from dreams.rules.words import text_diff

# Of a list: how many bytes of both texts one difference may have to be drawn unasked, and all of them together with
# the page; the small ones beyond follow when they are scrolled to. A rewritten text of a kilobyte takes 2 ms.
INLINE_BYTES = 4_000
LIST_BYTES = 6_000

KINDS = {"created": "added", "deleted": "removed"}
OFFERS = {"difference": "Show what changed", "alone": "Show the text", "unheld": "Read it from the vendor"}


@dataclass(frozen=True)
class Written:
    """One version and what it changed. `before` is the version it replaced, None where there was none or it is not
    known; `gap`: between the two something was written that is not known here; `living`: the memory still exists.

    `state` says what can be shown: "redacted" · "unheld" (a text was never read here) · "purged" · "lost" (what a
    deletion removed is not known) · "same" (the text stayed) · "alone" (the text, without what it replaced) ·
    "difference". `words` say why nothing can; `html` is "" then, and where it is too large to be drawn unasked.

    Its words are made here and not by filters: a page holds fifty of these."""

    version: MemoryVersion
    before: MemoryVersion | None
    living: bool
    gap: bool
    state: str
    words: str = ""
    html: SafeString | str = ""
    unread: bool = False

    @cached_property
    def kind(self) -> str:
        """The drawing of _kind.html."""
        return KINDS.get(self.version.operation) or ("moved" if self.was else "modified")

    @cached_property
    def was(self) -> str:
        """The path before, when it was another one."""
        old = self.before.path if self.before else ""
        return old if self.version.path not in ("", old) else ""

    @cached_property
    def grew(self) -> int | None:
        """By how many bytes; None when what was before is not known."""
        unknown = self.before.redacted_at if self.before else self.version.operation != "created"
        if self.version.redacted_at or unknown:
            return None
        return self.version.size - (self.before.size if self.before else 0)

    @property
    def grown(self) -> str:
        """The same in words; "" when it is not known."""
        if not self.grew:
            return "" if self.grew is None else "same size"
        return f"{'+' if self.grew > 0 else ''}{size_words(self.grew)}"

    @property
    def size(self) -> int:
        """Bytes of both texts."""
        return self.version.size + (self.before.size if self.before else 0)

    @property
    def small(self) -> bool:
        """Whether its difference is drawn unasked."""
        return self.state == "difference" and self.size <= INLINE_BYTES

    @property
    def when(self) -> str:
        """The minute it was written, in UTC."""
        return f"{self.version.created_at:%-d %b %Y, %H:%M}"

    @property
    def memory(self) -> str:
        """What leads from the store's address to the memory, or to its versions where it is deleted."""
        page = "" if self.living and not self.version.redacted_at else "versions/"
        return f"memories/{quote(self.version.memory_id, safe='')}/{page}"

    @property
    def offer(self) -> str:
        """What a button would show; "" when there is nothing more to see."""
        return OFFERS.get(self.state, "")


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
        by = redactor_of(version)
        when = f"{version.redacted_at:%-d %B %Y, %H:%M} UTC{f' by {by}' if by else ''}"
        return "redacted", f"Redacted on {when}: its text and path are gone for good."
    if any(sha not in texts for sha in shas):
        return "unheld", "Only that it was written is known here, not its text."
    if purged := next((texts[sha] for sha in shas if texts[sha].purged_at), None):
        return "purged", purged.tombstone
    unknown = version.operation != "created" and (before is None or before.redacted_at is not None)
    if unknown and version.operation == "deleted":
        return "lost", "What it held is not known here."
    if unknown:
        return "alone", "The text as it was written; what it replaced is not known here."
    if before is not None and before.sha256 == version.sha256:
        return "same", "" if before.path != version.path else "The text is the same as before."
    return "difference", ""


def _drawn(workspace: Workspace, rows: list[Written], whole: bool) -> list[Written]:
    chosen, spent = [], 0
    for row in rows:
        if row.state in ("difference", "alone") and (whole or (row.small and spent + row.size <= LIST_BYTES)):
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
