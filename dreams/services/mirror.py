"""A store's mirror while it is being brought up to date: walked or replayed in memory, saved in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from dreams.models import Memory, MemoryVersion, Store, Text, User
from dreams.remote.records import Memory as RemoteMemory
from dreams.remote.records import Version
from dreams.services import search_index
from dreams.services.purging import purge_redacted
from dreams.services.texts import keep_texts, texts_by_sha


class ClaimLost(Exception):
    """Another process took the store over: what was read here must not be saved."""


@dataclass(frozen=True, slots=True)
class Held:
    """One memory of the mirror."""

    path: str
    sha256: str
    version_id: str
    created_at: datetime
    updated_at: datetime


class Mirror:
    """What the store holds, changed in memory; `save` writes only the difference, and only under the claim."""

    def __init__(self, store: Store, token: str) -> None:
        self.store, self.token = store, token
        rows = Memory.objects.filter(store=store).select_related("text").defer("text__body")
        self.saved = {m.remote_id: Held(m.path, m.text.sha256, m.version_id, m.created_at, m.updated_at) for m in rows}
        self.held = dict(self.saved)
        self.versions: list[Version] = []
        self.last_version_id = ""
        self.last_changed_at: datetime | None = None

    @property
    def seen(self) -> int:
        """How many memories it holds now."""
        return len(self.held)

    def forget(self) -> None:
        """Empties it, for a walk that starts from nothing."""
        self.held = {}

    def take(self, page: Sequence[RemoteMemory]) -> None:
        """Takes over one page of a walk; the texts are kept at once, so that a killed walk leaves them."""
        keep_texts(self.store.workspace, [m.content for m in page if m.content is not None])
        for m in page:
            self.held[m.id] = Held(m.path, m.sha256, m.version_id, m.created_at, m.updated_at)

    def replay(self, versions: Sequence[Version]) -> None:
        """Applies versions, oldest first. A redacted one has no path any more; a later one of the same memory
        always follows, since the head of a live memory cannot be redacted."""
        keep_texts(self.store.workspace, [v.content for v in versions if v.content is not None])
        for v in versions:
            if v.operation == "deleted":
                self.held.pop(v.memory_id, None)
            elif v.path is not None and v.sha256 is not None:
                old = self.held.get(v.memory_id)
                fresh = Held(v.path, v.sha256, v.id, v.created_at, v.created_at)
                self.held[v.memory_id] = replace(fresh, created_at=old.created_at) if old else fresh
        self.versions.extend(versions)
        if versions:
            self.last_version_id, self.last_changed_at = versions[-1].id, versions[-1].created_at

    def save(self, *, walked: bool = False) -> None:
        """Writes the difference and the new last version in one transaction; ClaimLost when taken over."""
        now = timezone.now()
        changed = {id: held for id, held in self.held.items() if self.saved.get(id) != held}
        stale = [*changed, *(id for id in self.saved if id not in self.held)]
        taken = [held.path for held in changed.values()]
        texts = texts_by_sha(self.store.workspace, [held.sha256 for held in changed.values()])
        with transaction.atomic():
            mine = Store.objects.filter(pk=self.store.pk, claim=self.token).update(claimed_at=now)
            if not mine:
                raise ClaimLost
            # Deleted before created: paths swapped between two memories would collide half-way, and a person may
            # have written one of these through the pages meanwhile.
            rows = Memory.objects.filter(store=self.store)
            for start in range(0, len(stale), 500):
                rows.filter(remote_id__in=stale[start : start + 500]).delete()
            for start in range(0, len(taken), 500):
                rows.filter(path__in=taken[start : start + 500]).delete()
            Memory.objects.bulk_create(
                [
                    Memory(
                        store=self.store,
                        remote_id=id,
                        path=held.path,
                        text=texts[held.sha256],
                        version_id=held.version_id,
                        created_at=held.created_at,
                        updated_at=held.updated_at,
                    )
                    for id, held in changed.items()
                ],
                batch_size=200,
            )
            keep_versions(self.store, self.versions)  # after the memories: what none of them holds may be purged
            search_index.follow(self.store)
            search_index.note_versions(self.store, [v.id for v in self.versions if v.content is not None])
            size = Memory.objects.filter(store=self.store).aggregate(size=Sum("text__size"))["size"] or 0
            Store.objects.filter(pk=self.store.pk).update(
                memory_count=len(self.held),
                memory_bytes=size,
                checked_at=now,
                **({"walked_at": now} if walked else {}),
                **({"last_version_id": self.last_version_id} if self.last_version_id or walked else {}),
                **({"last_changed_at": self.last_changed_at} if self.last_changed_at else {}),
            )


def keep_versions(store: Store, versions: Sequence[Version], *, by: User | None = None) -> list[Text]:
    """Mirrors heads of versions; those already known stay as they are, except that a redaction blanks them, and
    purges the texts that nothing else holds at the vendor (returned; `by` is who redacted, where it was one of us).
    """
    MemoryVersion.objects.bulk_create(
        [
            MemoryVersion(
                store=store,
                workspace_id=store.workspace_id,
                remote_id=v.id,
                memory_id=v.memory_id,
                operation=v.operation,
                path=v.path or "",
                sha256=v.sha256 or "",
                size=v.size or 0,
                created_at=v.created_at,
                actor_kind=v.actor.kind if v.actor else "",
                actor_id=v.actor.id if v.actor else "",
                **_redaction(v),
            )
            for v in versions
        ],
        ignore_conflicts=True,
        batch_size=200,
    )
    redacted = [v for v in versions if v.redacted_at]
    return _blank_versions(store, redacted, by) if redacted else []


def _redaction(v: Version) -> dict[str, Any]:
    by = v.redacted_by
    return {
        "redacted_at": v.redacted_at,
        "redacted_by_kind": by.kind if by else "",
        "redacted_by_id": by.id if by else "",
    }


def _blank_versions(store: Store, redacted: Sequence[Version], by: User | None) -> list[Text]:
    with transaction.atomic():
        known = MemoryVersion.objects.filter(store=store, remote_id__in=[v.id for v in redacted], redacted_at=None)
        shas = set(known.exclude(sha256="").values_list("sha256", flat=True))
        for v in redacted:
            known.filter(remote_id=v.id).update(path="", sha256="", size=0, **_redaction(v))
        search_index.forget_versions(store, [v.id for v in redacted])
        return purge_redacted(store.workspace, shas, by=by)
