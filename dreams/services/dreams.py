"""Dreams from the request to the end: asked for, launched exactly once, followed, canceled, reconciled."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from dreams.access import check_can
from dreams.enqueue import enqueue
from dreams.models import Dream, DreamSession, Session, Snapshot, Store, User, Workspace
from dreams.remote.errors import NotEnrolled, RemoteError
from dreams.remote.records import Dream as RemoteDream
from dreams.rules import dream_states as states
from dreams.services import audit
from dreams.services.claims import LEASE, claim, release
from dreams.services.following import find_dreams, note_progress
from dreams.services.refusals import Busy, Invalid, Refusal, Unsettled
from dreams.services.snapshots import take_snapshot
from dreams.services.vendor import watched

log = logging.getLogger(__name__)

MAX_SESSIONS, MAX_INSTRUCTIONS, MAX_MODEL = 100, 4096, 256
# Reconciling a launch without an answer: the vendor's list is asked until half an hour and five looks found nothing.
GIVE_UP_AFTER, GIVE_UP_LOOKS = timedelta(minutes=30), 5
CLOCK_SKEW = timedelta(minutes=2)
# The same wish of the same person within so short a time is a double click or a form that was sent again.
DOUBLE = timedelta(seconds=20)


def request_dream(store: Store, *, session_ids: Sequence[str], model: str, instructions: str, by: User) -> Dream:
    """Asks for a dream over the store's memories and these sessions; the snapshot and the launch are tasks.
    The same wish sent twice is one dream. Raises Invalid, Refusal with a sentence."""
    workspace = store.workspace
    check_can(by, workspace, "start_dream")
    _check_request(store, session_ids, model, instructions)
    with transaction.atomic():
        Store.objects.select_for_update().get(pk=store.pk)  # so that one of two clicks sees the other's row
        just_asked = Dream.objects.filter(
            store=store,
            requested_by=by,
            requested_at__gt=timezone.now() - DOUBLE,
            state__in=states.UNFINISHED,
            model=model,
            instructions=instructions,
        )
        for dream in just_asked:
            if set(dream.session_links.values_list("session_id", flat=True)) == set(session_ids):
                return dream
        dream = Dream.objects.create(
            workspace=workspace,
            line=store.line,
            store=store,
            requested_by=by,
            requested_at=timezone.now(),
            model=model,
            instructions=instructions,
            next_check_at=timezone.now(),
        )
        DreamSession.objects.bulk_create(
            [DreamSession(dream=dream, session_id=session_id) for session_id in session_ids]
        )
        audit.record(workspace, by, "requested dream", dream, sessions=len(session_ids), model=model)
        enqueue("start_dream", dream.pk)
    return dream


def _check_request(store: Store, session_ids: Sequence[str], model: str, instructions: str) -> None:
    if not store.writable:
        raise Refusal("This store is archived or gone: the vendor does not dream over it.")
    if not 1 <= len(session_ids) <= MAX_SESSIONS:
        raise Invalid(f"A dream reads 1 to {MAX_SESSIONS} sessions; {len(session_ids)} are chosen.")
    if len(set(session_ids)) != len(session_ids):
        raise Invalid("A session is chosen twice.")
    if not 1 <= len(model) <= MAX_MODEL:
        raise Invalid(f"Choose a model (1 to {MAX_MODEL} characters).")
    if len(instructions) > MAX_INSTRUCTIONS:
        raise Invalid(f"Instructions have at most {MAX_INSTRUCTIONS:,} characters; these have {len(instructions):,}.")
    known = Session.objects.filter(workspace=store.workspace, remote_id__in=session_ids, gone_at=None).count()
    if known != len(session_ids):
        raise Invalid(
            f"{len(session_ids) - known} of the chosen sessions no longer exist. Reload the page and choose again."
        )


def recheck_access(workspace: Workspace, *, by: User) -> bool:
    """Asks the vendor, with one list call, whether it offers dreams to the workspace's key by now. Raises RemoteError
    when it does not answer."""
    check_can(by, workspace, "start_dream")
    find_dreams(workspace)
    workspace.refresh_from_db()
    return workspace.dreams_refused_at is None


def start_dream(dream: Dream) -> None:
    """Takes the input's snapshot, then launches; each step is claimed, so two workers do it once.
    Called by the task and, for what was left lying, by the sweep."""
    if dream.state == states.REQUESTED or (dream.state == states.SNAPSHOTTING and dream.base_id is None):
        _snapshot_input(dream)
        dream.refresh_from_db()
    if dream.state == states.SNAPSHOTTING and dream.base_id is not None:
        _launch(dream)


def _snapshot_input(dream: Dream) -> None:
    waiting = Dream.objects.filter(state__in=states.BEFORE_LAUNCH, base=None)
    token = claim(waiting, dream.pk, state=states.SNAPSHOTTING)
    if token is None:
        return
    try:
        base = take_snapshot(dream.store, Snapshot.Why.DREAM_INPUT)
    except Busy:
        release(dream, token, state=states.REQUESTED, next_check_at=timezone.now() + timedelta(seconds=1))
    except (RemoteError, Refusal) as error:
        _step_back(dream, token, error, states.REQUESTED)
    except BaseException:
        release(dream, token, state=states.REQUESTED)
        raise
    else:
        release(
            dream,
            token,
            base=base,
            base_quality=Dream.BaseQuality.EXACT,
            problem="",
            next_check_at=timezone.now(),
        )


def _launch(dream: Dream) -> None:
    ready = Dream.objects.filter(state=states.SNAPSHOTTING, base__isnull=False)
    # The time is written before the call: if this process dies now, the row says when it may have been sent.
    token = claim(ready, dream.pk, state=states.LAUNCHING, launch_sent_at=timezone.now(), next_check_at=None)
    if token is None:
        return
    dream.refresh_from_db()
    session_ids = list(dream.session_links.values_list("session_id", flat=True))
    try:
        with watched(dream.workspace) as gateway:
            remote = gateway.create_dream(
                store_id=dream.store.remote_id,
                session_ids=session_ids,
                model=dream.model,
                instructions=dream.instructions,
                update_existing=dream.updates_existing,
            )
    except RemoteError as error:
        if error.maybe_done:
            _lose_answer(dream, error.words, token)
        else:
            _step_back(dream, token, error, states.SNAPSHOTTING)
        return
    _accept(dream, remote, token)


def _step_back(dream: Dream, token: str, error: RemoteError | Refusal, state: str) -> None:
    """The vendor did nothing: tried again later, or, when asking again is useless, ended with its sentence."""
    words = error.words if isinstance(error, RemoteError) else str(error)
    if isinstance(error, RemoteError) and not error.permanent:
        wait = timedelta(seconds=error.retry_after or 15)
        release(dream, token, state=state, problem=words[:500], next_check_at=timezone.now() + wait)
        return
    with transaction.atomic():
        if isinstance(error, NotEnrolled):
            Workspace.objects.filter(pk=dream.workspace_id).update(dreams_refused_at=timezone.now())
        ended = {"ended_at": timezone.now(), "next_check_at": None, "problem": words[:500]}
        if release(dream, token, state=states.NOT_CREATED, **ended):
            audit.record(dream.workspace, None, "could not start dream", dream, why=type(error).__name__)


def _lose_answer(dream: Dream, words: str, token: str) -> None:
    with transaction.atomic():
        if release(dream, token, state=states.UNKNOWN, problem=words[:500], next_check_at=timezone.now()):
            audit.record(dream.workspace, None, "lost the answer to starting dream", dream)


def find_lost_launches(workspace: Workspace) -> None:
    """A launch whose process died is one without an answer: it becomes `unknown`, never a second launch."""
    dead = Q(claimed_at__lt=timezone.now() - LEASE)
    for dream in Dream.objects.filter(dead, workspace=workspace, state=states.LAUNCHING):
        _lose_answer(dream, "The process that started this dream stopped half-way.", dream.claim)


def _accept(dream: Dream, remote: RemoteDream, token: str) -> None:
    accepted = {"state": states.PENDING, "remote_id": remote.id, "remote_status": remote.status, "problem": ""}
    try:
        with transaction.atomic():
            if release(dream, token, **accepted, empty_looks=0, next_check_at=timezone.now()):
                Workspace.objects.filter(pk=dream.workspace_id).update(dreams_refused_at=None)
                audit.record(dream.workspace, dream.requested_by, "started dream", dream, remote_id=remote.id)
                enqueue("refresh_dreams", dream.workspace_id)
    except IntegrityError:  # another row, an equal wish looked up at the same time, took this one
        _lose_answer(dream, "Another dream of the same sessions was matched first.", token)


def reconcile_dream(dream: Dream) -> None:
    """Settles a launch without an answer against the vendor's list: same store, sessions, model and instructions,
    born since, and not another row's. It is never launched a second time; after several empty lists over half an
    hour it becomes `not_created` and a person may ask again."""
    token = claim(Dream.objects.filter(state=states.UNKNOWN), dream.pk)
    if token is None:
        return
    dream.refresh_from_db()
    if Dream.objects.filter(store=dream.store, state=states.LAUNCHING).exists():
        # What is listed may be that one's, when both wish the same: its own answer decides first.
        release(dream, token, next_check_at=timezone.now() + timedelta(seconds=5))
        return
    sent = dream.launch_sent_at or dream.requested_at
    try:
        with watched(dream.workspace) as gateway:
            listed = gateway.dreams(created_after=sent - CLOCK_SKEW)
    except RemoteError as error:
        again = timezone.now() + timedelta(seconds=error.retry_after or 20)
        release(dream, token, problem=error.words[:500], next_check_at=again)
        return
    claimed = set(
        Dream.objects.filter(workspace=dream.workspace).exclude(remote_id="").values_list("remote_id", flat=True)
    )
    wanted = set(dream.session_links.values_list("session_id", flat=True))
    matches = [
        remote
        for remote in listed
        if remote.id not in claimed
        and remote.store_id == dream.store.remote_id
        and set(remote.session_ids) == wanted
        and remote.model == dream.model
        and (remote.instructions or "") == dream.instructions
    ]
    if matches:
        _accept(dream, min(matches, key=lambda remote: remote.created_at), token)
        return
    looks = dream.empty_looks + 1
    if looks >= GIVE_UP_LOOKS and timezone.now() - sent > GIVE_UP_AFTER:
        words = "The vendor never confirmed this dream and does not list it: it was not started. You may ask again."
        with transaction.atomic():
            ended = {"ended_at": timezone.now(), "next_check_at": None}
            if release(dream, token, state=states.NOT_CREATED, problem=words, **ended):
                audit.record(dream.workspace, None, "gave up on dream", dream)
        return
    wait = min(timedelta(seconds=5 * 2**looks), timedelta(minutes=5))
    release(dream, token, empty_looks=looks, next_check_at=timezone.now() + wait)


def cancel_dream(dream: Dream, *, by: User) -> Dream:
    """Asks the vendor to cancel; a dream that is not launched yet simply ends here. Raises Refusal, RemoteError, and
    Unsettled when no answer came and the dream was still running a moment later."""
    check_can(by, dream.workspace, "cancel_dream")
    if _cancel_unlaunched(dream, by):
        dream.refresh_from_db()
        return dream
    dream.refresh_from_db()
    if dream.state in states.FINAL:
        raise Refusal("This dream has already ended.")
    if not dream.remote_id:
        raise Refusal("The vendor has not confirmed this dream yet. It can be canceled once it has.")
    with transaction.atomic():  # first, so that a process killed after the call leaves who asked for it
        Dream.objects.filter(pk=dream.pk).update(cancel_requested_at=timezone.now())
        audit.record(dream.workspace, by, "asked to cancel dream", dream, remote_id=dream.remote_id)
    try:
        remote = _cancel_at_vendor(dream)
    except (RemoteError, Unsettled):
        Dream.objects.filter(pk=dream.pk).update(cancel_requested_at=dream.cancel_requested_at)
        raise
    note_progress(dream, remote)
    dream.refresh_from_db()
    return dream


def _cancel_at_vendor(dream: Dream) -> RemoteDream:
    with watched(dream.workspace) as gateway:
        try:
            return gateway.cancel_dream(dream.remote_id)
        except RemoteError as error:
            if not error.maybe_done and error.status != 400:
                raise
            remote = gateway.dream(dream.remote_id)  # done or ended meanwhile: looking is enough
            if remote.status in states.FOLLOWED:
                raise Unsettled(
                    "No answer came to the cancellation, and the dream still runs. Cancel it again if it does not "
                    "stop within a minute."
                ) from error
            return remote


def _cancel_unlaunched(dream: Dream, by: User) -> bool:
    with transaction.atomic():
        ended = Dream.objects.filter(pk=dream.pk, state__in=states.BEFORE_LAUNCH).update(
            state=states.NOT_CREATED,
            claim="",
            claimed_at=None,
            cancel_requested_at=timezone.now(),
            ended_at=timezone.now(),
            next_check_at=None,
            problem=f"Taken back by {by} before it was sent.",
        )
        if ended:
            audit.record(dream.workspace, by, "took back dream", dream)
    return bool(ended)
