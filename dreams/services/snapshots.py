"""Freezing a store's mirror into a manifest: as of now or, by replaying versions backwards, as of an earlier time."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.utils import timezone

from dreams.models import Entry, Manifest, Memory, MemoryVersion, Snapshot, Store, Text, Workspace
from dreams.remote.errors import NotFound
from dreams.services.stores import sync_store
from dreams.services.texts import keep_texts, texts_by_sha
from dreams.services.vendor import watched


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


def replay_snapshot(store: Store, at: datetime, why: str) -> tuple[Snapshot, list[str]]:
    """The store as it was at `at`, from its mirrored memories and versions, and the paths that cannot be told for
    sure (redacted or expired versions). Texts that are not kept yet are read, one call each, outside of any
    transaction. Raises RemoteError.
    """
    store = sync_store(store)
    versions = MemoryVersion.objects.filter(store=store).order_by("created_at", "pk")
    touched = set(versions.filter(created_at__gt=at).values_list("memory_id", flat=True))
    then: dict[str, str] = {}
    uncertain: list[str] = []
    now_paths = {}
    for memory in Memory.objects.filter(store=store).select_related("text").defer("text__body"):
        now_paths[memory.remote_id] = memory.path
        if memory.remote_id not in touched:
            then[memory.path] = memory.text.sha256
    texts = texts_by_sha(store.workspace, then.values())
    for memory_id in sorted(touched):
        last = versions.filter(memory_id=memory_id, created_at__lte=at).last()
        if last is None:
            first = versions.filter(memory_id=memory_id).first()
            if first and first.operation != "created":  # older than what the vendor still lists
                uncertain.append(first.path or now_paths.get(memory_id, memory_id))
            continue
        if last.operation == "deleted":
            continue
        if last.redacted_at or not last.sha256:
            uncertain.append(now_paths.get(memory_id, memory_id))
            continue
        text = texts_by_sha(store.workspace, [last.sha256]).get(last.sha256) or _read_text(store, last)
        if text is None:
            uncertain.append(last.path)
            continue
        then[last.path], texts[last.sha256] = last.sha256, text
    manifest = keep_manifest(store.workspace, [(path, texts[sha]) for path, sha in then.items()])
    snapshot = Snapshot.objects.create(
        store=store, manifest=manifest, why=why, version_id="", taken_at=at, consistent=not uncertain
    )
    return snapshot, uncertain


def _read_text(store: Store, version: MemoryVersion) -> Text | None:
    with watched(store.workspace) as gateway:
        try:
            content = gateway.version(store.remote_id, version.remote_id).content
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
