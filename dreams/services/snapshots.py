"""Freezing a store's mirror into a manifest: as of now or, by replaying versions backwards, as of an earlier time."""

from collections.abc import Callable, Iterable
from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.utils import timezone

from dreams.models import Entry, Manifest, Memory, MemoryVersion, Snapshot, Store, Text, Workspace
from dreams.remote.errors import NotFound
from dreams.rules.moments import Gap, Head, Written, as_of
from dreams.services.stores import sync_store
from dreams.services.texts import keep_texts, texts_by_sha
from dreams.services.vendor import watched

OnRead = Callable[[int, int], None]
NOT_WHOLE = "What was written around that time is not fully known: memories removed since may be missing here."


def take_snapshot(store: Store, why: str) -> Snapshot:
    """Brings the mirror up to date and freezes it. Raises Busy, RemoteError as `sync_store` does."""
    store = sync_store(store)
    return freeze(store, why)


def freeze(store: Store, why: str) -> Snapshot:
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
        )


def keep_manifest(workspace: Workspace, entries: Iterable[tuple[str, Text]]) -> Manifest:
    """The manifest of these (path, text), shared with every equal one of the workspace."""
    ordered = sorted(entries, key=lambda entry: entry[0])
    digest = sha256("".join(f"{path}\0{text.sha256}\n" for path, text in ordered).encode()).hexdigest()
    with transaction.atomic():
        manifest, new = Manifest.objects.get_or_create(
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
    uncertain = sorted({*then.uncertain, *unread})
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
    return None if content is None else next(iter(keep_texts(store.workspace, [content]).values()))


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
