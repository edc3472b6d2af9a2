"""Reads of a memory's versions: the timeline, any two compared, and everything that still holds the bytes of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.safestring import SafeString

from dreams.models import Decision, Memory, MemoryVersion, Review, Snapshot, Store, Text, Workspace
from dreams.queries.people import KIND_WORDS, Author, authors_of
from dreams.render import side_by_side, unified
from dreams.rules import review_states
from dreams.rules.sizes import id_words
from dreams.rules.words import text_diff

PER_PAGE = 50
MAX_BYTES = 50_000  # of both sides together: more is shown when asked for
FEW = 20  # of each kind of place that holds a text


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version in the history. `text` where its bytes are known here (without the body; it may be purged),
    `current` for the one that stands now, `came_from` the path before a move, `grew` by how many bytes (None where
    one side has no size), `redactor` who redacted it, in words."""

    version: MemoryVersion
    author: Author
    text: Text | None
    current: bool
    came_from: str = ""
    grew: int | None = None
    redactor: str = ""

    @property
    def kept(self) -> Text | None:
        """The text, when its bytes are kept here."""
        return self.text if self.text and not self.text.purged_at else None

    @property
    def kind(self) -> str:
        """What _kind.html draws."""
        if self.version.operation == "modified" and self.came_from:
            return "moved"
        return {"created": "added", "deleted": "removed"}.get(self.version.operation, "modified")

    @property
    def may_hold_text(self) -> bool:
        """Whether the version has bytes at the vendor or here that may be looked at."""
        purged = self.text is not None and self.text.purged_at is not None
        return bool(self.version.sha256) and not self.version.redacted_at and not purged


def versions_of(store: Store, memory_id: str) -> QuerySet[MemoryVersion]:
    """The versions of a memory, living or deleted, newest first."""
    rows = MemoryVersion.objects.filter(store=store, memory_id=memory_id)
    return rows.select_related("store__workspace").order_by("-created_at", "-pk")


def history_of(store: Store, memory_id: str, current_version: str, limit: int = PER_PAGE) -> list[VersionRow]:
    """The newest versions of a memory; three queries."""
    return _rows(store, list(versions_of(store, memory_id)[: limit + 1]), current_version)[:limit]


def history_page(
    store: Store, memory_id: str, current_version: str, number: str | None
) -> tuple[Page, list[VersionRow]]:
    """(Django's page, its rows): the whole history, 50 a page; four queries."""
    page = Paginator(versions_of(store, memory_id), PER_PAGE).get_page(number)
    start = page.start_index() - 1 if page.paginator.count else 0
    found = list(versions_of(store, memory_id)[start : start + PER_PAGE + 1])
    return page, _rows(store, found, current_version)[:PER_PAGE]


def last_path(store: Store, memory_id: str) -> str:
    """Where a memory stood last, as far as is known; "" when every version of it was redacted."""
    rows = versions_of(store, memory_id).exclude(path="")
    return rows.values_list("path", flat=True).first() or ""


def row_of(version: MemoryVersion, current_version: str) -> VersionRow:
    """One version by itself."""
    return _rows(version.store, [version], current_version)[0]


def version_before(version: MemoryVersion) -> MemoryVersion | None:
    """The version of the same memory that this one came after."""
    older = versions_of(version.store, version.memory_id)
    earlier = older.filter(created_at__lt=version.created_at)
    return (older.filter(created_at=version.created_at, pk__lt=version.pk) | earlier).first()


def _rows(store: Store, versions: Sequence[MemoryVersion], current_version: str) -> list[VersionRow]:
    """Newest first; the last of them knows nothing of the one before it."""
    authors = authors_of(store.workspace, versions)
    shas = {version.sha256 for version in versions if version.sha256}
    rows = Text.objects.filter(workspace=store.workspace, sha256__in=shas).defer("body")
    texts = {text.sha256: text for text in rows}
    found = []
    for version, older in zip(versions, [*versions[1:], None], strict=True):
        both = older is not None and version.sha256 and older.sha256
        moved = older is not None and older.path and version.path and older.path != version.path
        found.append(
            VersionRow(
                version,
                authors[version.remote_id],
                texts.get(version.sha256),
                version.remote_id == current_version,
                came_from=older.path if older and moved else "",
                grew=version.size - older.size if older and both else None,
                redactor=redactor_of(version),
            )
        )
    return found


def redactor_of(version: MemoryVersion) -> str:
    """Who redacted a version, in words; "" when the vendor did not tell, or nobody did."""
    kind, id = version.redacted_by_kind, version.redacted_by_id
    return id_words(KIND_WORDS.get(kind, kind), id) if kind else ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions beside each other; `older` is None for the first of a memory. `html` is "" when it is too `large`
    to show unasked, or when a side is missing: `missing` says why, and `unread` are those the vendor may still have.
    `same`: not a byte differs."""

    older: VersionRow | None
    newer: VersionRow
    html: SafeString | str
    large: int
    missing: Sequence[str]
    unread: Sequence[VersionRow]
    same: bool = False


def compare(older: VersionRow | None, newer: VersionRow, *, split: bool = False, whole: bool = False) -> Comparison:
    """The difference word by word; one query for each side."""
    missing = [words for row in (older, newer) if (words := _missing(row))]
    if missing:
        unread = [row for row in (older, newer) if row and row.text is None and row.may_hold_text]
        return Comparison(older, newer, "", 0, missing, unread)
    old, new = (row.text.text if row and row.text else "" for row in (older, newer))
    heads = tuple(f"{row.version.created_at:%-d %B %Y, %H:%M} UTC" if row else "Nothing" for row in (older, newer))
    html, large = _drawn(old, new, heads if split else None, whole)
    return Comparison(older, newer, html, large, [], [], same=older is not None and old == new)


def back_to(memory: Memory, row: VersionRow) -> Comparison:
    """What restoring a version would change in what stands now."""
    missing = [words for words in (memory.text.tombstone, _missing(row)) if words]
    if missing or row.text is None:
        return Comparison(None, row, "", 0, missing, [row] if row.text is None and row.may_hold_text else [])
    html, large = _drawn(memory.text.text, row.text.text, None, False)
    return Comparison(None, row, html, large, [], [], same=memory.text.sha256 == row.text.sha256)


def _drawn(old: str, new: str, heads: tuple[str, ...] | None, whole: bool) -> tuple[SafeString | str, int]:
    """(The difference, 0), or ("", its size) when it is large and was not asked for as a `whole`."""
    size = len(old.encode(errors="replace")) + len(new.encode(errors="replace"))
    if size > MAX_BYTES and not whole:
        return "", size
    diff = text_diff(old, new)
    if heads:
        return side_by_side(diff, caption="What changed", heads=(heads[0], heads[1])), 0
    return unified(diff, caption="What changed"), 0


def _missing(row: VersionRow | None) -> str:
    """Why there is nothing to compare on this side; "" when there is, a deletion counts as nothing written."""
    if row is None or (row.version.operation == "deleted" and not row.version.redacted_at):
        return ""
    when = f"The text of {row.version.created_at:%-d %B %Y, %H:%M} UTC"
    if row.version.redacted_at:
        return f"{when} was redacted: it is gone for good."
    if row.text is None:
        return f"{when} was not read yet: only who wrote it when is known here."
    return f"{when} is gone. {row.text.tombstone}" if row.text.purged_at else ""


@dataclass(frozen=True, slots=True)
class Place:
    """Things of one kind that hold a text: how many, and the first of them."""

    count: int
    rows: list[Any]


@dataclass(frozen=True, slots=True)
class Holders:
    """Everything that still holds the bytes of a text. `memories` and `versions` are the vendor's (versions as far as
    they are known here); the rest is ours and is blanked with the text. `edits` are decisions that put it in."""

    memories: Place
    versions: Place
    snapshots: Place
    reviews: Place
    edits: Place

    @property
    def at_vendor(self) -> int:
        """In how many places of the vendor these bytes are."""
        return self.memories.count + self.versions.count


def holders_of(workspace: Workspace, sha256: str, besides: MemoryVersion | None = None) -> Holders:
    """Where the bytes with this digest are, `besides` the version that is about to lose them; ten queries."""
    memories = Memory.objects.filter(store__workspace=workspace, store__gone_at=None, text__sha256=sha256)
    versions = MemoryVersion.objects.filter(workspace=workspace, sha256=sha256, store__gone_at=None)
    if besides:
        versions = versions.exclude(pk=besides.pk)
    snapshots = Snapshot.objects.filter(store__workspace=workspace, manifest__entries__text__sha256=sha256)
    reviews = Review.objects.filter(workspace=workspace, paths__sha256=sha256)
    edits = Decision.objects.filter(change__review__workspace=workspace, outcome=review_states.EDITED)
    edits = edits.annotate(said=Cast("result", TextField())).filter(said__contains=sha256)
    if not sha256:
        memories, versions, snapshots = memories.none(), versions.none(), snapshots.none()
        reviews, edits = reviews.none(), edits.none()
    return Holders(
        memories=_place(memories.select_related("store").defer("text").order_by("store__name", "path")),
        versions=_place(versions.select_related("store").order_by("-created_at", "-pk")),
        snapshots=_place(snapshots.select_related("store").distinct().order_by("-taken_at", "-pk")),
        reviews=_place(reviews.select_related("line").distinct().order_by("-opened_at", "-pk")),
        edits=_place(edits.select_related("change__review__line", "by").order_by("-at", "-pk")),
    )


def _place(rows: QuerySet[Any]) -> Place:
    return Place(rows.count(), list(rows[:FEW]))
