"""Keeping the index of search equal to what is mirrored: what lives at once, what is gone as far as it is held."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, Replace
from django.utils import timezone

from dreams.enqueue import enqueue
from dreams.models import Entry, Memory, MemoryVersion, SearchDue, SearchEntry, Snapshot, Store, Text, Workspace
from dreams.rules.search_words import entry_id, folder_marks, index_words, mark
from dreams.services.texts import keep_texts

BATCH = 200
INLINE_BYTES = 1_000_000  # what a save indexes itself, with at most BATCH texts: a first import is left to a task

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Draft:
    """An entry to be: a text at a path, written by whom and when; `live` while it stands."""

    memory_id: str
    version_id: str
    actor_id: str
    path: str
    text_id: int
    at: datetime
    live: bool = False
    snapshot_id: int | None = None


def follow(store: Store) -> None:
    """Makes the index of what lives in a store equal to its memories; to be called inside the transaction that changed
    them. What no longer stands stays to be found as gone. Very much new text is left to `index_store`."""
    fresh = _settle(store)
    sizes = dict(Text.objects.filter(pk__in=[draft.text_id for draft in fresh]).values_list("pk", "size"))
    if len(fresh) > BATCH or sum(sizes.values()) > INLINE_BYTES:
        mark_due(store)
    else:
        _add(store, fresh)


def note_versions(store: Store, version_ids: Sequence[str]) -> None:
    """Indexes those of these versions whose bytes are held and which are not indexed yet, as gone: what was replaced
    before anybody looked. To be called after `follow`, in its transaction."""
    for start in range(0, len(version_ids), BATCH):
        ids = version_ids[start : start + BATCH]
        _add_versions(store, list(MemoryVersion.objects.filter(store=store, remote_id__in=ids)))


def keep_old_text(workspace: Workspace, body: str) -> Text:
    """Keeps the bytes of a version that were read only now, and indexes as gone whatever wrote them, in any store of
    the workspace: all of it or nothing."""
    with transaction.atomic():
        (text,) = keep_texts(workspace, [body]).values()
        wrote = MemoryVersion.objects.filter(workspace=workspace, sha256=text.sha256)
        for store in Store.objects.filter(pk__in=wrote.values("store")).order_by("pk"):
            with _held(store):
                note_versions(store, list(wrote.filter(store=store).values_list("remote_id", flat=True)))
    return text


def forget_versions(store: Store, version_ids: Sequence[str]) -> None:
    """Forgets what these versions wrote and was replaced, since they were redacted: their paths are no longer ours to
    tell. Other versions that hold the same are indexed again by the sweep."""
    for start in range(0, len(version_ids), BATCH):
        ids = version_ids[start : start + BATCH]
        if SearchEntry.objects.filter(store=store, live=False, version_id__in=ids).delete()[0]:
            mark_due(store)


def forget_text(text: Text) -> None:
    """Forgets every word of a text, as its purge demands; call it in the transaction that blanks the text. Living
    memories of it stay to be found by their path."""
    rows = list(SearchEntry.objects.filter(text=text))
    living = [row for row in rows if row.live]
    for row in living:
        row.words = _words(row.store_id, row.workspace_id, row, "")
    SearchEntry.objects.bulk_update(living, ["words"], batch_size=BATCH)
    SearchEntry.objects.filter(text=text, live=False).delete()
    if rows and connection.vendor == "sqlite":
        with connection.cursor() as cursor:  # else the words of deleted rows stay in older segments for a while
            cursor.execute("INSERT INTO dreams_search(dreams_search) VALUES ('optimize')")


def mark_due(store: Store) -> None:
    """Leaves the rest of a store to `index_store`."""
    SearchDue.objects.update_or_create(store=store, defaults={"since": timezone.now()})
    enqueue("index_store", store.pk)


def index_store(store: Store) -> int:
    """Indexes everything of a store that is not indexed yet: living memories, versions whose bytes are held,
    snapshots; in transactions of a few hundred texts, so that any may be the last. How many entries were added."""
    since = SearchDue.objects.filter(store=store).values_list("since", flat=True).first()
    added = 0
    while batch := _living_batch(store):
        added += batch
    for versions in _version_batches(store):
        with _held(store):
            added += _add_versions(store, versions)
    for snapshot in Snapshot.objects.filter(store=store).order_by("-taken_at", "-pk"):
        while batch := _snapshot_batch(store, snapshot):
            added += batch
    if since is not None:  # and unless it was marked again meanwhile
        SearchDue.objects.filter(store=store, since=since).delete()
    return added


def empty(store: Store) -> None:
    """Drops the index of a store, to be made anew; search finds less of it until then, and says so."""
    mark_due(store)
    SearchEntry.objects.filter(store=store).delete()


@contextmanager
def _held(store: Store) -> Iterator[None]:
    """A transaction in which nobody else indexes this store, nor saves its memories."""
    with transaction.atomic():
        Store.objects.select_for_update().get(pk=store.pk)
        yield


def _settle(store: Store) -> list[_Draft]:
    """Lets go what no longer stands; what stands and is not indexed yet."""
    author = MemoryVersion.objects.filter(store=store, remote_id=OuterRef("version_id")).values("actor_id")[:1]
    now = {
        row[:5]: row[5]
        for row in Memory.objects.filter(store=store)
        .annotate(actor=Coalesce(Subquery(author), Value("")))
        .values_list("remote_id", "version_id", "actor", "path", "text_id", "updated_at")
    }
    living = SearchEntry.objects.filter(store=store, live=True)
    known = {
        row[1:]: row[0]
        for row in living.values_list("pk", "memory_id", "version_id", "actor_id", "path", "text_id")
    }
    fresh = [_Draft(*key, at=at, live=True) for key, at in now.items() if key not in known]
    # The same text at the same path, written again or by somebody who is known only now, is told once.
    again = {(draft.memory_id, draft.path, draft.text_id) for draft in fresh}
    for ids in _batches(sorted({draft.memory_id for draft in fresh})):
        rows = SearchEntry.objects.filter(store=store, memory_id__in=ids)
        same = [row[0] for row in rows.values_list("pk", "memory_id", "path", "text_id") if row[1:] in again]
        for keys in _batches(same):
            SearchEntry.objects.filter(pk__in=keys).delete()
    was = f" {' '.join(_living_marks(store.pk, store.workspace_id))} "
    for keys in _batches([pk for key, pk in known.items() if key not in now]):
        SearchEntry.objects.filter(pk__in=keys).update(live=False, words=Replace("words", Value(was), Value(" ")))
    return fresh


def _living_batch(store: Store) -> int:
    with _held(store):
        fresh = _settle(store)[:BATCH]
        _add(store, fresh)
    return len(fresh)


def _version_batches(store: Store) -> Iterator[list[MemoryVersion]]:
    """All versions that may have bytes, newest first."""
    rows, last = MemoryVersion.objects.filter(store=store).exclude(sha256="").order_by("-pk"), None
    while found := list(rows.filter(pk__lt=last)[:BATCH] if last else rows[:BATCH]):
        last = found[-1].pk
        yield found


def _add_versions(store: Store, versions: Sequence[MemoryVersion]) -> int:
    held = dict(
        Text.objects.filter(
            workspace=store.workspace_id, sha256__in={v.sha256 for v in versions}, purged_at=None
        ).values_list("sha256", "pk")
    )
    rows = SearchEntry.objects.filter(store=store, memory_id__in={v.memory_id for v in versions})
    known = set(rows.values_list("memory_id", "path", "text_id"))
    drafts: dict[tuple[str, str, int], _Draft] = {}
    for v in sorted(versions, key=lambda v: v.created_at, reverse=True):
        text = held.get(v.sha256)
        if text is not None and (v.memory_id, v.path, text) not in known:
            draft = _Draft(v.memory_id, v.remote_id, v.actor_id, v.path, text, v.created_at)
            drafts.setdefault((v.memory_id, v.path, text), draft)
    return _add(store, list(drafts.values()))


def _snapshot_batch(store: Store, snapshot: Snapshot) -> int:
    same = SearchEntry.objects.filter(store=store, path=OuterRef("path"), text=OuterRef("text"))
    with _held(store):
        rows = Entry.objects.filter(~Exists(same), manifest=snapshot.manifest_id, text__purged_at=None)
        found = list(rows.values_list("path", "text_id")[:BATCH])
        drafts = [_Draft("", "", "", *row, at=snapshot.taken_at, snapshot_id=snapshot.pk) for row in found]
        return _add(store, drafts)


def _add(store: Store, drafts: Sequence[_Draft]) -> int:
    for batch in _batches(drafts):
        texts = {text.pk: text for text in Text.objects.filter(pk__in={draft.text_id for draft in batch})}
        SearchEntry.objects.bulk_create(
            [
                SearchEntry(
                    id=key,
                    store=store,
                    workspace_id=store.workspace_id,
                    words=_words(store.pk, store.workspace_id, draft, texts[draft.text_id].text),
                    **{name: getattr(draft, name) for name in _Draft.__slots__},
                )
                for key, draft in zip(_keys(batch, texts), batch, strict=True)
            ]
        )
    return len(drafts)


def _keys(batch: Sequence[_Draft], texts: dict[int, Text]) -> list[int]:
    """A free key for each, which says when it was written."""
    taken: set[int] = set()
    while True:
        keys: dict[int, None] = {}
        for draft in batch:
            tie = "\n".join((draft.memory_id, draft.path, texts[draft.text_id].sha256))
            keys[entry_id(draft.at, tie, taken | keys.keys())] = None
        clash = set(SearchEntry.objects.filter(pk__in=list(keys)).values_list("pk", flat=True))
        if not clash:
            return list(keys)
        taken |= clash


def _words(store_id: int, workspace_id: int, entry: _Draft | SearchEntry, text: str) -> str:
    marks = [mark("all", workspace_id), mark("store", store_id), *folder_marks(entry.path)]
    marks += _living_marks(store_id, workspace_id) if entry.live else []
    marks += [mark("by", entry.actor_id)] if entry.actor_id else []
    return index_words(entry.path, text, marks)


def _living_marks(store_id: int, workspace_id: int) -> list[str]:
    """Marks for living entries alone: a search asks for one word that few hold, not for two that many do."""
    return [mark("live", workspace_id), mark("here", store_id)]


def _batches(things: Sequence[T]) -> Iterable[Sequence[T]]:
    return (things[start : start + BATCH] for start in range(0, len(things), BATCH))
