"""Taking stores out of use, for which all that may still need them is asked, and clearing what was left lying."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, ForeignObjectRel, OuterRef, Q, QuerySet
from django.utils import timezone

from dreams.access import check_can
from dreams.models import (
    ApplyRun,
    Comparison,
    Dream,
    Entry,
    Manifest,
    Memory,
    Review,
    Snapshot,
    Store,
    StoreDraft,
    User,
    Workspace,
)
from dreams.remote.errors import NotFound, RemoteError
from dreams.rules import dream_states, review_states
from dreams.services import audit
from dreams.services.refusals import Invalid, Refusal, Stale
from dreams.services.snapshots import freeze
from dreams.services.stores import note_store, still_there, sync_store
from dreams.services.vendor import watched

DRAFTS_KEPT = MOMENTS_KEPT = timedelta(days=1)
FORGOTTEN_A_SWEEP = 20  # a manifest has two thousand entries


def archive_store(store: Store, *, by: User) -> Store:
    """Archives a store at the vendor, for good: no new session mounts it and nobody writes to it again."""
    check_can(by, store.workspace, "manage_store")
    _refuse_while_needed(store, "archived")
    with watched(store.workspace) as gateway:
        remote = gateway.archive_store(store.remote_id)  # idempotent: an archived store answers unchanged
    with transaction.atomic():
        note_store(store.workspace, remote)
        audit.record(store.workspace, by, "archived store", store, remote_id=store.remote_id)
    store.refresh_from_db()
    return store


def delete_store(store: Store, *, typed_name: str, by: User) -> Snapshot:
    """Deletes a store at the vendor with all its memories and versions. There is no undo there, so the name must be
    typed and a complete snapshot is frozen right before, from which a new store can be made; it is returned."""
    check_can(by, store.workspace, "manage_store")
    if typed_name != store.name:
        raise Invalid("Type the store's name exactly to delete it.")
    _refuse_while_needed(store, "deleted")
    seen = store.last_version_id
    store = sync_store(store)
    if store.last_version_id != seen:
        raise Stale("Agents wrote to this store since the page was made. Look at it again before deleting.")
    snapshot = _frozen(store, by)
    with watched(store.workspace) as gateway:
        newest = gateway.newest_version(store.remote_id)
        if (newest.id if newest else "") != snapshot.version_id:
            raise Stale("Agents wrote to this store at this moment. Look at it again before deleting.")
        try:
            gateway.delete_store(store.remote_id)
        except RemoteError as error:
            # No answer, or "there is none": a second look says which.
            if not (error.maybe_done or isinstance(error, NotFound)) or still_there(gateway, store):
                raise
    with transaction.atomic():
        Store.objects.filter(pk=store.pk).update(gone_at=timezone.now(), next_check_at=None)
        audit.record(
            store.workspace, by, "deleted store", store, remote_id=store.remote_id, snapshot=snapshot.manifest.digest
        )
    return snapshot


def _frozen(store: Store, by: User) -> Snapshot:
    """The snapshot before a deletion; the one of an attempt that failed does, while nothing moved. Refused where a
    text is not held here any more: then it could not be restored."""
    purged = Memory.objects.filter(store=store, text__purged_at__isnull=False).order_by("path")
    if first := purged.first():
        raise Refusal(
            f"This store cannot be deleted from here: {purged.count()} of its texts were purged here, first that of "
            f"{first.path}, so no complete snapshot can be kept. Delete those memories first."
        )
    last = store.snapshots.order_by("-taken_at", "-pk").select_related("manifest").first()
    if last and last.why == Snapshot.Why.BEFORE_DELETE and last.version_id == store.last_version_id:
        return last
    return freeze(store, Snapshot.Why.BEFORE_DELETE, by=by)


def _refuse_while_needed(store: Store, verb: str) -> None:
    if Review.objects.filter(state__in=review_states.ACTIVE, target=store).exists():
        raise Refusal(f"This store cannot be {verb} now: an open review writes into it. Discard the review first.")
    if ApplyRun.objects.filter(target=store, state__in=["confirmed", "running"]).exists():
        raise Refusal(f"This store cannot be {verb} now: a plan is being written into it. Wait for its end.")
    if Dream.objects.filter(store=store, state__in=dream_states.UNFINISHED).exists():
        raise Refusal(f"This store cannot be {verb} now: a dream is reading it. Cancel the dream first.")
    mounting = [
        d.name for d in store.workspace.deployments.filter(archived_at=None, gone_at=None) if d.mounts(store.remote_id)
    ]
    if mounting:
        raise Refusal(f"This store cannot be {verb} now: {', '.join(mounting[:5])} would lose it.")


def forget_drafts(workspace: Workspace) -> None:
    """Forgets what was sent in and never confirmed, a day later."""
    old = StoreDraft.objects.filter(workspace=workspace, at__lt=timezone.now() - DRAFTS_KEPT, confirmed_at=None)
    old.delete()


def forget_moments(workspace: Workspace) -> None:
    """Forgets comparisons that were begun a day ago and that nobody waits for, moments frozen for a comparison that is
    gone, and manifests that nothing points at, a few at a time. They can be made again; no text is ever deleted."""
    old = timezone.now() - MOMENTS_KEPT
    begun = Comparison.objects.filter(workspace=workspace, made_at=None)
    begun.filter(Q(claim="") | Q(claimed_at__lt=old), asked_at__lt=old).delete()
    moments = Snapshot.objects.filter(store__workspace=workspace, why=Snapshot.Why.MOMENT, taken_at__lt=old)
    keys = list(_unheld(moments).values_list("pk", flat=True)[:FORGOTTEN_A_SWEEP])
    # A replayed moment lies in the past from its beginning: one that is being compared waits for its row. Looked at
    # after the keys were taken, so that what is frozen from here on is not among them.
    if not begun.exclude(claim="").exists():
        _unheld(moments.filter(pk__in=keys)).delete()
    with transaction.atomic():
        manifests = Manifest.objects.filter(workspace=workspace).select_for_update()
        found = list(_unheld(manifests).values_list("pk", flat=True)[:FORGOTTEN_A_SWEEP])
        Manifest.objects.filter(pk__in=found).delete()


def _unheld(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those that no row of any table points at, but for the entries of a manifest."""
    for relation in rows.model._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel) and relation.related_model is not Entry:
            holders = relation.related_model._default_manager.filter(**{relation.field.name: OuterRef("pk")})
            rows = rows.exclude(Exists(holders))
    return rows
