"""Following dreams to their end: what the vendor says of them, what they left, and those started elsewhere."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from dreams.enqueue import enqueue
from dreams.models import Dream, DreamSession, Snapshot, Store, Workspace
from dreams.remote.errors import NotEnrolled, NotFound, RemoteError
from dreams.remote.records import Dream as RemoteDream
from dreams.rules import dream_states as states
from dreams.rules.dream_states import DREAM_STATES
from dreams.services import audit
from dreams.services.claims import claim, release, renew
from dreams.services.evidence import gather_evidence
from dreams.services.refusals import Busy, Refusal
from dreams.services.snapshots import freeze
from dreams.services.stores import note_store, sync_store
from dreams.services.texts import fitted
from dreams.services.vendor import watched

log = logging.getLogger(__name__)

POLL = timedelta(seconds=5)
# A completed dream without an output, or with an empty one, is looked at a few times more before it is believed.
EMPTY_LOOKS = 5


def refresh_dreams(workspace: Workspace) -> None:
    """Follows every dream that is due: one list call per 100 running ones; those no longer in the list of running
    ones are fetched by id. What fails is written on the dreams it concerns, which are asked for again later.
    Raises RemoteError when the list itself fails."""
    due = list(
        Dream.objects.filter(
            workspace=workspace, state__in=states.FOLLOWED, next_check_at__lte=timezone.now()
        ).select_related("store", "line")
    )
    if not due:
        return
    try:
        with watched(workspace) as gateway:
            listed = {r.id: r for r in gateway.dreams(statuses=[states.PENDING, states.RUNNING])}
    except RemoteError as error:
        for dream in due:
            _follow_later(dream, error.words, error.retry_after)
        raise
    for dream in due:
        try:
            remote = listed.get(dream.remote_id) or _fetch(dream)
            if remote is None:
                _vanish(dream)
            else:
                note_progress(dream, remote)
        except RemoteError as error:  # of this dream alone: it must not keep the others waiting
            _follow_later(dream, error.words, error.retry_after)
        except Exception:  # neither must one that the vendor describes in a way nobody thought of
            log.exception("dream %s could not be followed", dream.pk)
            _follow_later(dream, "What the vendor says of this dream could not be taken over. It is asked again.", 60)


def _follow_later(dream: Dream, words: str, seconds: float | None) -> None:
    again = timezone.now() + timedelta(seconds=seconds or 15)
    Dream.objects.filter(pk=dream.pk, state__in=states.FOLLOWED).update(problem=words[:500], next_check_at=again)


def _fetch(dream: Dream) -> RemoteDream | None:
    """A dream that is not among the running ones; None when the vendor neither finds nor lists it. A single 404 may
    be a slip, and ending a dream cannot be taken back."""
    with watched(dream.workspace) as gateway:
        try:
            return gateway.dream(dream.remote_id)
        except NotFound:
            listed = gateway.dreams(created_after=dream.requested_at - timedelta(hours=1))
    return next((remote for remote in listed if remote.id == dream.remote_id), None)


def _vanish(dream: Dream) -> None:
    words = "The vendor no longer knows this dream."
    with transaction.atomic():
        moved = Dream.objects.filter(pk=dream.pk, state__in=states.FOLLOWED).update(
            state=states.FAILED, ended_at=timezone.now(), problem=words, next_check_at=None
        )
        if moved:
            audit.record(dream.workspace, None, "lost dream", dream, remote_id=dream.remote_id)


def note_progress(dream: Dream, remote: RemoteDream) -> None:
    """Takes over what the vendor says of a dream; final states never move, and each step is a compare-and-set."""
    output = _note_output(dream, remote)
    seen: dict[str, Any] = {
        "remote_status": remote.status,
        "pipeline_session_id": remote.session_id or "",
        "input_tokens": remote.usage.input_tokens,
        "output_tokens": remote.usage.output_tokens,
        "cache_read_input_tokens": remote.usage.cache_read_input_tokens,
        "cache_creation_input_tokens": remote.usage.cache_creation_input_tokens,
        "error_type": remote.error_type,
        "error_message": remote.error_message,
        "next_check_at": timezone.now() + POLL,
        "problem": "",
    }
    seen = fitted(Dream, seen)
    if output is not None:
        seen["output_store"] = output
    if remote.status == states.RUNNING:
        Dream.objects.filter(pk=dream.pk, started_at=None).update(started_at=timezone.now())
    step = states.step_for_status(remote.status)
    if step is None or remote.status == dream.state:
        Dream.objects.filter(pk=dream.pk, state=dream.state).update(**seen)
        return
    if remote.status in states.FINAL:
        seen["ended_at"] = remote.ended_at or timezone.now()
        seen["next_check_at"] = timezone.now()  # the output is still to be read
    with transaction.atomic():
        rows = Dream.objects.filter(pk=dream.pk, state__in=DREAM_STATES.sources(step))
        if rows.update(state=DREAM_STATES.target(step), **seen) and remote.status in states.FINAL:
            audit.record(dream.workspace, None, f"dream {remote.status}", dream, remote_id=remote.id)
            enqueue("finish_dream", dream.pk)


def _note_output(dream: Dream, remote: RemoteDream) -> Store | None:
    """The output store's mirror row, made when the vendor names it first; the input is then checked again, since
    the vendor cloned it some time after our snapshot."""
    if remote.output_store_id is None:
        return None
    if dream.output_store_id is not None:
        return dream.output_store
    with watched(dream.workspace) as gateway:
        try:
            head = gateway.store(remote.output_store_id)
        except NotFound:
            return None
    with transaction.atomic():
        output = note_store(dream.workspace, head, dream.line)
        Dream.objects.filter(pk=dream.pk, cloned_at=None).update(cloned_at=timezone.now())
    return output


def settle_base(dream: Dream) -> None:
    """Names the paths that agents wrote between our snapshot and the moment the vendor's clone was first seen:
    whether the dream saw those is not known, so the base is `uncertain` there. Raises Busy, RemoteError."""
    ours = dream.origin == Dream.Origin.OURS and not dream.updates_existing
    if dream.base is None or dream.cloned_at is None or not ours:
        return
    try:
        sync_store(dream.store)
    except (NotFound, Refusal):
        log.info("the input of dream %s is gone: its base is judged by the versions known here", dream.pk)
    written = dream.store.versions.filter(created_at__lte=dream.cloned_at).exclude(remote_id=dream.base.version_id)
    known = dream.store.versions.filter(remote_id=dream.base.version_id).first()
    if known is not None:  # the vendor's clock against itself: ours may differ from it
        written = written.filter(created_at__gte=known.created_at)
    else:
        written = written.filter(created_at__gt=dream.base.taken_at - timedelta(seconds=1))
    paths = sorted({version.path for version in written if version.path})
    if paths:
        Dream.objects.filter(pk=dream.pk).update(base_quality=Dream.BaseQuality.UNCERTAIN, uncertain_paths=paths[:100])


def finish_dream(dream: Dream) -> None:
    """Reads what an ended dream left: its output store is mirrored, and frozen when the dream completed; then the
    review of a dream of ours is opened by a task of its own. An output that is missing or empty for a moment is looked
    at again; one that cannot be read now is read later, however long that takes."""
    if dream.state not in states.FINAL or dream.next_check_at is None:
        return
    token = claim(Dream.objects.filter(state__in=states.FINAL, next_check_at__isnull=False), dream.pk)
    if token is None:
        return
    dream.refresh_from_db()
    soon = timezone.now() + timedelta(seconds=2)
    try:
        if dream.output_store is None and dream.remote_id:
            with watched(dream.workspace) as gateway:
                remote = gateway.dream(dream.remote_id)
            dream.output_store = _note_output(dream, remote)
            Dream.objects.filter(pk=dream.pk).update(output_store=dream.output_store)
        if dream.state == states.COMPLETED:
            settle_base(dream)  # here and not in a task of its own, which nobody would miss when it got lost
        output = sync_store(dream.output_store) if dream.output_store else None
        if dream.state == states.COMPLETED and renew(dream, token):
            gather_evidence(dream)
    except Busy:
        release(dream, token, next_check_at=soon)
        return
    except (RemoteError, Refusal) as error:
        _look_again_or_say(dream, token, error)
        return
    except BaseException:
        release(dream, token)
        raise
    completed = dream.state == states.COMPLETED
    looks_empty = completed and (output is None or (output.memory_count == 0 and _base_count(dream) > 0))
    if looks_empty and dream.empty_looks < EMPTY_LOOKS:
        release(dream, token, next_check_at=soon, empty_looks=F("empty_looks") + 1)
        return
    with transaction.atomic():
        snapshot = freeze(output, Snapshot.Why.DREAM_OUTPUT) if completed and output else None
        problem = (
            "The vendor says this dream completed, but it left no output store." if completed and not output else ""
        )
        done = release(dream, token, output_snapshot=snapshot, next_check_at=None, problem=problem)
        if done and snapshot and dream.origin == Dream.Origin.OURS:
            enqueue("open_review", dream.pk)


def _look_again_or_say(dream: Dream, token: str, error: RemoteError | Refusal) -> None:
    """Only an output that is gone is given up on, after a few looks; anything else passes or is mended by somebody."""
    words = error.words if isinstance(error, RemoteError) else str(error)
    now, looks = timezone.now(), dream.empty_looks
    if isinstance(error, NotFound | Refusal):
        again = None if looks >= EMPTY_LOOKS else now + timedelta(seconds=15)
        looks += 1
    else:
        again = now + timedelta(seconds=error.retry_after or (300 if error.permanent else 30))
    release(dream, token, problem=words[:500], next_check_at=again, empty_looks=looks)


def _base_count(dream: Dream) -> int:
    return dream.base.manifest.count if dream.base else 0


def find_dreams(workspace: Workspace, *, since: datetime | None = None) -> int:
    """Mirrors dreams that were started elsewhere; returns how many were new. Notes whether the vendor offers dreams to
    this key at all. Raises RemoteError."""
    try:
        with watched(workspace) as gateway:
            listed = gateway.dreams(created_after=since)
    except NotEnrolled:
        Workspace.objects.filter(pk=workspace.pk).update(dreams_refused_at=timezone.now())
        return 0
    Workspace.objects.filter(pk=workspace.pk, dreams_refused_at__isnull=False).update(dreams_refused_at=None)
    # A launch whose answer was lost must find its own dream first. Asked before what is known: a launch that is
    # accepted between the two questions is then known.
    lost = Dream.objects.filter(workspace=workspace, state__in=[states.LAUNCHING, states.UNKNOWN]).exists()
    known = set(Dream.objects.filter(workspace=workspace).values_list("remote_id", flat=True))
    fresh = [] if lost else [remote for remote in listed if remote.id not in known]
    for remote in fresh:
        _note_found(workspace, remote)
    return len(fresh)


def _note_found(workspace: Workspace, remote: RemoteDream) -> None:
    store = Store.objects.filter(workspace=workspace, remote_id=remote.store_id).select_related("line").first()
    if store is None:
        return  # its input store is gone from the vendor: there is nothing to compare with
    with transaction.atomic():
        dream = Dream.objects.create(
            workspace=workspace,
            line=store.line,
            store=store,
            remote_id=remote.id,
            state=states.PENDING,
            remote_status=remote.status,
            origin=Dream.Origin.FOUND,
            requested_at=remote.created_at,
            model=remote.model,
            instructions=remote.instructions or "",
            updates_existing=remote.updates_existing,
            started_at=remote.created_at,
            next_check_at=timezone.now(),
        )
        DreamSession.objects.bulk_create([DreamSession(dream=dream, session_id=s) for s in remote.session_ids])
    note_progress(dream, remote)
