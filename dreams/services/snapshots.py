"""Freezing a store's mirror into a manifest: as of now or, by replaying versions backwards, as of an earlier time."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from dreams.access import check_can
from dreams.enqueue import enqueue
from dreams.models import (
    Entry,
    Manifest,
    Memory,
    MemoryVersion,
    Snapshot,
    SnapshotWish,
    Store,
    Text,
    User,
    Workspace,
)
from dreams.remote.errors import NotFound, RemoteError
from dreams.rules.moments import Gap, Head, Written, as_of
from dreams.services import audit
from dreams.services.refusals import Busy, Refusal, Stale
from dreams.services.search_index import keep_old_text
from dreams.services.stores import sync_store
from dreams.services.texts import texts_by_sha
from dreams.services.vendor import watched

# Stores that one sweep freezes: a first day with hundreds of them must not hold up what waits.
DAILY_A_SWEEP = 20
OnRead = Callable[[int, int], None]
NOT_WHOLE = "What was written around that time is not fully known: memories removed since may be missing here."


def take_snapshot(store: Store, why: str) -> Snapshot:
    """Brings the mirror up to date and freezes it. Raises Busy, RemoteError as `sync_store` does."""
    store = sync_store(store)
    return freeze(store, why)


def freeze(store: Store, why: str, *, by: User | None = None, note: str = "") -> Snapshot:
    """Freezes the mirror as it stands; it is consistent, since a sync ends only on an unmoved version id."""
    with transaction.atomic():
        # Locked, so that a sync does not save between reading the version id and reading the memories.
        store = Store.objects.select_for_update().get(pk=store.pk)
        rows = Memory.objects.filter(store=store).select_related("text").defer("text__body")
        manifest = keep_manifest(store.workspace, [(m.path, m.text) for m in rows])
        return Snapshot.objects.create(
            store=store,
            manifest=manifest,
            why=why,
            version_id=store.last_version_id,
            taken_at=store.checked_at or timezone.now(),
            consistent=True,
            taken_by=by,
            note=note,
        )


def ask_snapshot(store: Store, *, note: str, by: User) -> SnapshotWish:
    """Asks for a snapshot as of now: a task takes it, since the store may have to be read as a whole first. Raises
    Stale while another one is being taken."""
    check_can(by, store.workspace, "take_snapshot")
    if not store.readable:
        raise Refusal("The vendor no longer has this store, so there is nothing new to take a snapshot of.")
    now = timezone.now()
    asked = {"note": note.strip()[:200], "by": by, "at": now, "next_check_at": now}
    with transaction.atomic():
        wish, new = SnapshotWish.objects.get_or_create(store=store, defaults=asked)
        if not new:
            raise Stale("A snapshot of this store is being taken already.")
        enqueue("take_asked", wish.pk)
    return wish


def take_asked(wish: SnapshotWish) -> None:
    """Takes the snapshot that somebody asked for; one that fails is tried again at `next_check_at`, until the store is
    gone. Raises Busy, RemoteError as `sync_store` does."""
    rows = SnapshotWish.objects.filter(pk=wish.pk)
    try:
        store = sync_store(wish.store)
    except Busy:
        rows.update(next_check_at=timezone.now() + timedelta(seconds=2))
        raise
    except Refusal:
        rows.delete()
        raise
    except RemoteError as error:
        wait = timedelta(seconds=error.retry_after or 30)
        rows.update(problem=error.words[:500], next_check_at=timezone.now() + wait)
        raise
    with transaction.atomic():
        if rows.delete()[0]:
            snapshot = freeze(store, Snapshot.Why.BY_HAND, by=wish.by, note=wish.note)
            audit.record(store.workspace, wish.by, "took snapshot", snapshot, memories=snapshot.manifest.count)


def take_daily(workspace: Workspace) -> None:
    """Freezes each store that was written to since its last snapshot, once a day, from the mirror: no call is made.
    A replayed moment is no last snapshot: it may lie anywhere."""
    if not workspace.daily_snapshots:
        return
    kept = Snapshot.objects.exclude(why=Snapshot.Why.MOMENT).filter(store=OuterRef("pk"))
    today = kept.filter(why=Snapshot.Why.DAILY, taken_at__gt=timezone.now() - timedelta(days=1))
    last = Coalesce(Subquery(kept.order_by("-taken_at", "-pk").values("version_id")[:1]), Value(""))
    live = Store.objects.filter(workspace=workspace, gone_at=None, walked_at__isnull=False)
    due = live.annotate(last=last).exclude(last=F("last_version_id")).exclude(Exists(today))
    for store in due[:DAILY_A_SWEEP]:
        with transaction.atomic():
            # Locked before looking again: another sweep may be at it.
            Store.objects.select_for_update().get(pk=store.pk)
            if due.filter(pk=store.pk).exists():
                freeze(store, Snapshot.Why.DAILY)


def keep_manifest(workspace: Workspace, entries: Iterable[tuple[str, Text]]) -> Manifest:
    """The manifest of these (path, text), shared with every equal one of the workspace."""
    ordered = sorted(entries, key=lambda entry: entry[0])
    digest = sha256("".join(f"{path}\0{text.sha256}\n" for path, text in ordered).encode()).hexdigest()
    with transaction.atomic():
        # Locked until the caller points at it: the sweep drops those that nothing points at.
        manifest, new = Manifest.objects.select_for_update().get_or_create(
            workspace=workspace,
            digest=digest,
            defaults={"count": len(ordered), "size": sum(text.size for _, text in ordered)},
        )
        if new:
            Entry.objects.bulk_create(
                [Entry(manifest=manifest, path=path, text=text) for path, text in ordered], batch_size=200
            )
    return manifest


def replay_snapshot(store: Store, at: datetime, why: str, *, on_read: OnRead = lambda read, of: None) -> Snapshot:
    """The store as it was at `at`, from its mirrored memories and versions; `uncertain_paths` are those that cannot be
    told for sure (redacted, expired or never listed versions). Texts that are not kept yet are read, one call each,
    outside of any transaction; `on_read` hears how many of how many, before each. Raises Busy, RemoteError."""
    if store.readable and (store.checked_at is None or store.checked_at < at):
        store = sync_store(store)
    gaps = [Gap(*row) for row in store.gaps.values_list("after_at", "until_at")]
    then = as_of(at, _heads(store), _written(store), gaps, store.history_from)
    texts = texts_by_sha(store.workspace, then.held.values())
    missing = {sha: then.told_by[path] for path, sha in then.held.items() if sha not in texts and path in then.told_by}
    for number, (sha, version_id) in enumerate(missing.items()):
        on_read(number, len(missing))
        text = _read_text(store, version_id)
        if text is not None:
            texts[sha] = text
    unread = [path for path, sha in then.held.items() if sha not in texts]
    moved = MemoryVersion.objects.filter(store=store, remote_id__in=[then.told_by.get(path, "") for path in unread])
    there_now = Memory.objects.filter(store=store, remote_id__in=moved.values("memory_id"))
    unsure = {*then.uncertain, *unread, *there_now.values_list("path", flat=True)}
    uncertain = sorted(unsure - {path for path, sha in then.held.items() if sha in texts})
    with transaction.atomic():
        return Snapshot.objects.create(
            store=store,
            manifest=keep_manifest(store.workspace, [(p, texts[sha]) for p, sha in then.held.items() if sha in texts]),
            why=why,
            version_id="",
            taken_at=at,
            consistent=then.whole and not uncertain,
            uncertain_paths=uncertain,
            note="" if then.whole else NOT_WHOLE,
        )


def _heads(store: Store) -> list[Head]:
    rows = Memory.objects.filter(store=store)
    return [Head(*row) for row in rows.values_list("remote_id", "path", "text__sha256", "created_at", "updated_at")]


def _written(store: Store) -> list[Written]:
    rows = MemoryVersion.objects.filter(store=store).order_by("created_at", "pk")
    fields = ("remote_id", "memory_id", "operation", "path", "sha256", "created_at")
    return [Written(*row) for row in rows.values_list(*fields)]


def _read_text(store: Store, version_id: str) -> Text | None:
    if not store.readable:
        return None
    with watched(store.workspace) as gateway:
        try:
            content = gateway.version(store.remote_id, version_id).content
        except NotFound:
            return None  # expired at the vendor since its head was mirrored
    return None if content is None else keep_old_text(store.workspace, content)


def texts_of(snapshot: Snapshot) -> dict[str, str]:
    """{path: text} of a snapshot; a purged text reads as ""."""
    rows = Entry.objects.filter(manifest=snapshot.manifest_id).select_related("text")
    return {entry.path: entry.text.text for entry in rows.iterator(chunk_size=500)}


def shas_of(snapshot: Snapshot) -> dict[str, str]:
    """{path: sha256} of a snapshot."""
    return dict(Entry.objects.filter(manifest=snapshot.manifest_id).values_list("path", "text__sha256"))


def shas_now(store: Store) -> dict[str, str]:
    """{path: sha256} of the mirror."""
    return dict(Memory.objects.filter(store=store).values_list("path", "text__sha256"))
