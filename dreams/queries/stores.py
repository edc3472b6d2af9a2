"""Reads of stores and their memories, from the mirror only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Left

from dreams.models import (
    Deployment,
    Dream,
    Membership,
    Memory,
    MemoryVersion,
    Review,
    Session,
    Store,
    StoreLine,
    Workspace,
)
from dreams.queries.offers import READ, last_dream
from dreams.queries.people import Author, authors_of
from dreams.queries.unread import unread_by_line
from dreams.rules import dream_states, review_states
from dreams.rules.paths import Folder, tree

SORTS = {"path": ("path",), "changed": ("-updated_at", "path"), "size": ("-text__size", "path")}


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line as the list shows it: its current store and what goes on with it; `unread` writes to all its stores."""

    line: StoreLine
    store: Store
    deployments: int
    dream: Dream | None
    review: Review | None
    new_sessions: int
    unread: int


def line_rows(membership: Membership, lines: Sequence[StoreLine]) -> list[LineRow]:
    """Rows for these lines (prefetch `current_store`) as a member sees them, with a number of queries that does not
    depend on how many."""
    workspace = membership.workspace
    ids = [line.pk for line in lines]
    dreams = Dream.objects.filter(line__in=ids, state__in=dream_states.UNFINISHED).order_by("requested_at")
    running = {dream.line_id: dream for dream in dreams}
    reviews = Review.objects.filter(line__in=ids, state__in=review_states.ACTIVE)
    open_reviews = {review.line_id: review for review in reviews}
    mounts = _mount_counts(workspace)
    fresh = _fresh_sessions(workspace, lines)
    unread = unread_by_line(membership, lines)
    return [
        LineRow(
            line,
            line.current_store,
            mounts[line.current_store.remote_id],
            running.get(line.pk),
            open_reviews.get(line.pk),
            fresh[line.current_store.remote_id],
            unread[line.pk],
        )
        for line in lines
        if line.current_store
    ]


def lines_of(workspace: Workspace, *, show: str = "live") -> QuerySet[StoreLine]:
    """The lines of a workspace by name; `show` is "live" or "all" (with archived and vanished ones)."""
    lines = StoreLine.objects.filter(workspace=workspace, current_store__isnull=False).select_related("current_store")
    if show != "all":
        lines = lines.filter(current_store__archived_at=None, current_store__gone_at=None)
    return lines.order_by("name", "pk")


def _mount_counts(workspace: Workspace) -> Counter[str]:
    """How many active deployments mount each vendor store."""
    rows = Deployment.objects.filter(workspace=workspace, archived_at=None, gone_at=None).only("resources")
    return Counter(
        entry["memory_store_id"]
        for row in rows
        for entry in row.resources
        if entry.get("type") == "memory_store" and entry.get("memory_store_id")
    )


def _fresh_sessions(workspace: Workspace, lines: Sequence[StoreLine]) -> Counter[str]:
    """How many sessions mounted each current store since its line's last dream was asked for."""
    last = dict(
        Dream.objects.filter(line__in=[line.pk for line in lines], state__in=READ)
        .values_list("line")
        .annotate(last=Max("requested_at"))
    )
    since = {line.current_store.remote_id: last.get(line.pk) for line in lines if line.current_store}
    mounted = Session.objects.filter(workspace=workspace, gone_at=None, mounts__store_id__in=list(since))
    return Counter(
        store_id
        for store_id, created in mounted.values_list("mounts__store_id", "created_at")
        if store_id in since and (since[store_id] is None or created > since[store_id])
    )


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """A memory in a list, and who wrote it last."""

    memory: Memory
    author: Author | None


def memories_of(store: Store, *, prefix: str = "/", q: str = "", sort: str = "path") -> QuerySet[Memory]:
    """The memories below a folder whose path contains `q`; paths are compared byte by byte, as the vendor does."""
    rows = Memory.objects.filter(store=store).select_related("text").defer("text__body")
    if prefix != "/":
        # Not startswith, which ignores case on SQLite, nor a range, which is that of the database's language.
        rows = rows.alias(head=Left("path", len(prefix))).filter(head=prefix)
    if q:
        rows = rows.filter(path__icontains=q)
    return rows.order_by(*SORTS.get(sort, SORTS["path"]))


def with_authors(store: Store, memories: Sequence[Memory]) -> list[MemoryRow]:
    """The same with their authors; two queries."""
    heads = list(MemoryVersion.objects.filter(store=store, remote_id__in=[m.version_id for m in memories]))
    authors = authors_of(store.workspace, heads)
    return [MemoryRow(memory, authors.get(memory.version_id)) for memory in memories]


def folders_of(store: Store) -> Folder:
    """The folders of a store with how many memories lie below each."""
    return tree(Memory.objects.filter(store=store).values_list("path", flat=True))


@dataclass(frozen=True, slots=True)
class StoreAbout:
    """What is known around a store: who mounts it, what dreamt over it, what it came from."""

    deployments: list[Deployment]
    dreams: list[Dream]
    review: Review | None
    siblings: list[Store]
    sessions: int
    last_dream_at: datetime | None
    made_by: Dream | None


def about(store: Store) -> StoreAbout:
    """Everything the store page says beside its memories."""
    rows = Deployment.objects.filter(workspace=store.workspace, archived_at=None, gone_at=None).order_by("name")
    dreams = list(Dream.objects.filter(line=store.line).select_related("store").order_by("-requested_at")[:5])
    made_by = Dream.objects.filter(output_store=store, updates_existing=False).first()
    newest = last_dream(store.line)
    last = newest.requested_at if newest else None
    sessions = Session.objects.filter(workspace=store.workspace, gone_at=None, mounts__store_id=store.remote_id)
    return StoreAbout(
        deployments=[row for row in rows if row.mounts(store.remote_id)],
        dreams=dreams,
        review=Review.objects.filter(Q(line=store.line), state__in=review_states.ACTIVE).first(),
        siblings=list(store.line.stores.exclude(pk=store.pk).order_by("-created_at")),
        sessions=sessions.filter(created_at__gt=last).count() if last else sessions.count(),
        last_dream_at=last,
        made_by=made_by,
    )
