"""The mirror of the memory stores, kept current over the cheapest legal road."""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils import timezone

from dreams.enqueue import enqueue
from dreams.models import Dream, MemoryVersion, Session, Store, StoreLine, Workspace
from dreams.remote.errors import Malformed, NotFound, RemoteError, VersionGap
from dreams.remote.gateway import Gateway
from dreams.remote.records import Store as RemoteStore
from dreams.services.claims import claim, release, renew
from dreams.services.history import note_gap, read_history
from dreams.services.mirror import ClaimLost, Mirror
from dreams.services.refusals import Busy, Refusal
from dreams.services.texts import fitted
from dreams.services.vendor import watched

log = logging.getLogger(__name__)

FULL_WALK_EVERY = timedelta(days=1)


def refresh_stores(workspace: Workspace) -> None:
    """Brings the list of stores up to date (one call per 100): new ones get a line of their own and are queued to
    be read, missing ones are marked gone. Raises RemoteError."""
    with watched(workspace) as gateway:
        listed = gateway.stores(include_archived=True)
    now = timezone.now()
    with transaction.atomic():
        # Held in the order in which purging holds them: else the two could wait for each other.
        list(Store.objects.select_for_update().filter(workspace=workspace).order_by("pk").values_list("pk"))
        for remote in listed:
            note_store(workspace, remote)
        gone = Store.objects.filter(workspace=workspace, gone_at=None)
        # A store born after the list was made (a dream's output, noted by another process) is not gone.
        gone.filter(created_at__lt=now - timedelta(minutes=1)).exclude(
            remote_id__in=[remote.id for remote in listed]
        ).update(gone_at=now, next_check_at=None)
        Workspace.objects.filter(pk=workspace.pk).update(stores_listed_at=now)


def note_store(workspace: Workspace, remote: RemoteStore, line: StoreLine | None = None) -> Store:
    """Mirrors the head of a store; a new one joins `line`, or starts one, and is queued to be read.
    A store already known moves to `line` when its own line holds nothing else (the list was faster than the dream).
    """
    head = fitted(
        Store,
        {
            "name": remote.name,
            "description": remote.description,
            "archived_at": remote.archived_at,
            "gone_at": None,
        },
    )
    store = Store.objects.filter(workspace=workspace, remote_id=remote.id).select_related("line").first()
    if store is None:
        try:
            with transaction.atomic():
                return _first_seen(workspace, remote, line, head)
        except IntegrityError:  # another process noted it in the same moment
            store = Store.objects.select_related("line").get(workspace=workspace, remote_id=remote.id)
    back = {} if store.gone_at is None else {"next_check_at": timezone.now()}  # one 404 had called it gone
    Store.objects.filter(pk=store.pk).update(**head, **back)
    if line is not None and store.line_id != line.pk:
        _join_line(store, line)
    return store


def _first_seen(workspace: Workspace, remote: RemoteStore, line: StoreLine | None, head: dict[str, Any]) -> Store:
    own = line or StoreLine.objects.create(workspace=workspace, name=head["name"])
    store = Store.objects.create(
        workspace=workspace,
        line=own,
        remote_id=remote.id,
        created_at=remote.created_at,
        next_check_at=timezone.now(),
        **head,
    )
    if line is None:
        StoreLine.objects.filter(pk=own.pk).update(current_store=store)
    enqueue("sync_store", store.pk)
    return store


def _join_line(store: Store, line: StoreLine) -> None:
    old = store.line
    if old.stores.count() > 1 or old.dreams.exists() or old.reviews.exists():
        return
    Store.objects.filter(pk=store.pk).update(line=line)
    store.line = line
    old.delete()


def sync_store(store: Store) -> Store:
    """Makes the mirror of one store equal to the vendor's, consistently (newest version id equal before and after).

    An unchanged store costs one call, a changed one the versions since; the whole store is walked only at first,
    after a gap in the versions, and daily. Raises Busy when another process does it now, RemoteError when the
    vendor fails; the store's `problem` then says so and `next_check_at` when it is tried again.
    """
    token = claim(Store.objects.filter(gone_at=None), store.pk)
    if token is None:
        store.refresh_from_db()
        if store.gone_at:
            raise Refusal(f"The store “{store.name}” no longer exists at the vendor.")
        raise Busy
    store.refresh_from_db()
    later = timezone.now() + _pause(store.workspace)
    try:
        with watched(store.workspace) as gateway:
            try:
                _sync(gateway, store, token)
            except NotFound as error:
                if still_there(gateway, store):  # one 404 may be a slip
                    raise Malformed("it does not find the memories of a store that it has") from error
                raise
    except NotFound:
        release(store, token, gone_at=timezone.now(), next_check_at=None, problem="", walk_seen=0)
        raise
    except ClaimLost as error:
        raise Busy from error
    except RemoteError as error:
        retry = timezone.now() + timedelta(seconds=error.retry_after or 30)
        release(store, token, problem=error.words[:500], next_check_at=retry, walk_seen=0)
        raise
    except BaseException:
        release(store, token, walk_seen=0)
        raise
    release(store, token, problem="", checked_at=timezone.now(), next_check_at=later, walk_seen=0)
    seen = store.last_version_id
    store.refresh_from_db()
    if store.last_version_id != seen:
        enqueue("note_drift", store.pk)
        if _written_by_a_stranger(store):
            enqueue("refresh_sessions", store.workspace_id)
    return store


def _written_by_a_stranger(store: Store) -> bool:
    """Whether a session wrote that was begun since sessions were last listed: people know a write by its title.
    (A minute earlier, since clocks differ. The session of a dream is in no list.)"""
    listed_at = Workspace.objects.values_list("sessions_listed_at", flat=True).get(pk=store.workspace_id)
    if listed_at is None:
        return False  # the first list comes by itself
    since = listed_at - timedelta(minutes=1)
    versions = MemoryVersion.objects.filter(store=store, actor_kind="session", created_at__gt=since)
    writers = set(versions.order_by("-created_at", "-pk").values_list("actor_id", flat=True)[:100])
    known = Session.objects.filter(workspace=store.workspace_id, remote_id__in=writers)
    writers.difference_update(known.values_list("remote_id", flat=True))
    dreaming = Dream.objects.filter(workspace=store.workspace_id, pipeline_session_id__in=writers)
    return bool(writers.difference(dreaming.values_list("pipeline_session_id", flat=True)))


def _pause(workspace: Workspace) -> timedelta:
    """How long a store that nobody opens is left alone: STORE_CHECK_SECONDS, and longer where there are so many
    stores that asking each would take more than half of our share of the vendor's rate limit."""
    live = Store.objects.filter(workspace=workspace, gone_at=None).count()
    fair = 60 * live / (settings.VENDOR_READS_PER_MINUTE / 2)
    return timedelta(seconds=max(settings.STORE_CHECK_SECONDS, fair))


def _sync(gateway: Gateway, store: Store, token: str) -> None:
    newest = gateway.newest_version(store.remote_id)
    newest_id = newest.id if newest else ""
    due = store.walked_at is None or store.walked_at < timezone.now() - FULL_WALK_EVERY
    first = store.walked_at is None
    unread = first  # who wrote what before the last version that is known here
    if not due and newest_id == store.last_version_id:
        return
    mirror = Mirror(store, token)
    if newest_id != store.last_version_id and not unread:
        # Before a daily walk too, which tells what is there but not who wrote it.
        unread = not _replayed(gateway, store, token, mirror)
        newest_id = mirror.last_version_id or newest_id
    if not due and not unread:
        mirror.save()
        return
    if unread:
        # Before the walk: that one says when it is done, so what fails here is read again as well.
        begins = read_history(gateway, store, lambda: _hold(store, token)) if newest else None
        if first:
            Store.objects.filter(pk=store.pk, claim=token).update(history_from=begins)
        elif store.last_version_id:
            note_gap(store)
    _walk(gateway, store, token, mirror, newest_id)


def _replayed(gateway: Gateway, store: Store, token: str, mirror: Mirror) -> bool:
    """Applies what was written since the last version known here; False when the vendor's list does not reach back."""
    if not store.last_version_id:
        return False
    try:
        versions = gateway.versions_since(
            store.remote_id, store.last_version_id, after_page=lambda: _hold(store, token)
        )
    except VersionGap:
        log.info("versions of store %s no longer reach back: walking it", store.remote_id)
        return False
    mirror.replay(versions)
    return True


def _hold(store: Store, token: str, **sets: int) -> None:
    """Between the pages of a list, which may take longer than a claim lasts."""
    if not renew(store, token, **sets):
        raise ClaimLost


def _walk(gateway: Gateway, store: Store, token: str, mirror: Mirror, newest_id: str) -> None:
    """Reads every memory; what was written meanwhile is replayed on top, so that the end is one moment."""
    mirror.forget()
    for page in gateway.memory_pages(store.remote_id):
        mirror.take(page)
        _hold(store, token, walk_seen=mirror.seen)
    after = gateway.newest_version(store.remote_id)
    if after and after.id != newest_id:
        if not newest_id:
            raise VersionGap  # born while we looked: the next sync starts from its first version
        mirror.replay(gateway.versions_since(store.remote_id, newest_id, after_page=lambda: _hold(store, token)))
    mirror.last_version_id = mirror.last_version_id or (after.id if after else "")
    mirror.last_changed_at = mirror.last_changed_at or (after.created_at if after else None)
    mirror.save(walked=True)


def still_there(gateway: Gateway, store: Store) -> bool:
    """Whether the vendor has it, since one 404 may be a slip. Raises RemoteError."""
    try:
        gateway.store(store.remote_id)
    except NotFound:
        return False
    return True


def settle_current(workspace: Workspace) -> None:
    """Where deployments mount another store of a line than its current one, and not that, they were switched
    elsewhere: the mounted store is the current one."""
    mounted = {
        entry.get("memory_store_id")
        for deployment in workspace.deployments.filter(archived_at=None, gone_at=None)
        for entry in deployment.resources
    }
    lines = StoreLine.objects.filter(workspace=workspace).select_related("current_store")
    for line in lines.annotate(chain=Count("stores")).filter(chain__gt=1):
        if line.current_store and line.current_store.remote_id in mounted:
            continue
        newest = line.stores.filter(remote_id__in=mounted, gone_at=None).order_by("-created_at").first()
        if newest:
            StoreLine.objects.filter(pk=line.pk).update(current_store=newest)
