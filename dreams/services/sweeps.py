"""The sweep: finds every row that waits, whoever died or was asleep, and moves it on."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from dreams.enqueue import enqueue
from dreams.models import ApplyRun, Attachment, Dream, SnapshotWish, Store, StoreDraft, Workspace
from dreams.remote.errors import Refused, RemoteError
from dreams.remote.spending import spending
from dreams.rules import dream_states
from dreams.services import (
    applying,
    attachments,
    audit,
    deployments,
    drawing,
    dreams,
    drift,
    following,
    health,
    provenance,
    restoring,
    reviews,
    search_index,
    sessions,
    snapshots,
    stores,
    tidy,
)
from dreams.services.refusals import Busy, Refusal

log = logging.getLogger(__name__)

# What the calls of a piece of work are counted as; the words are in queries.budget.
WORK = {
    "refresh_workspace": "lists",
    "refresh_sessions": "lists",
    "start_dream": "dream",
    "reconcile_dream": "dream",
    "refresh_dreams": "dream",
    "finish_dream": "dream",
    "sync_store": "sync",
    "apply_run": "apply",
    "attach_one": "attach",
    "fill_store": "restore",
    "take_asked": "snapshot",
    "take_daily": "snapshot",
    "trace_review": "sources",
}

WORKSPACE_EVERY = timedelta(minutes=10)
# Reading stores may take long (a first import is a hundred calls each): running dreams must not wait for all of them.
STORES_A_SWEEP = 20


def sweep() -> None:
    """Everything due, one thing after another; a failure of one is logged and does not keep the others waiting."""
    for workspace in Workspace.objects.filter(key_ciphertext__isnull=False):
        sweep_workspace(workspace)
    for workspace in Workspace.objects.filter(audit_events__seq__isnull=True).distinct():
        attempt(audit.seal, workspace)
    for store in Store.objects.filter(search_due__isnull=False).order_by("search_due__since")[:STORES_A_SWEEP]:
        attempt(search_index.index_store, store)


def sweep_workspace(workspace: Workspace) -> None:
    """Everything that is due in one workspace."""
    now = timezone.now()
    due = Q(next_check_at__lte=now)
    if workspace.next_check_at is None or workspace.next_check_at <= now:
        attempt(refresh_workspace, workspace)
    attempt(dreams.find_lost_launches, workspace)
    mine = Dream.objects.filter(workspace=workspace)
    for dream in mine.filter(due, state__in=dream_states.BEFORE_LAUNCH):
        attempt(dreams.start_dream, dream)
    for dream in mine.filter(due, state=dream_states.UNKNOWN):
        attempt(dreams.reconcile_dream, dream)
    attempt(following.refresh_dreams, workspace)
    for dream in mine.filter(due, state__in=dream_states.FINAL):
        attempt(following.finish_dream, dream)
    for dream in unreviewed(workspace):
        attempt(reviews.open_review, dream)
    for review in provenance.reviews_due(workspace):
        enqueue("trace_review", review.pk)  # a task of its own: nothing else must wait while sessions are read
    for draft in StoreDraft.objects.filter(due, workspace=workspace).defer("archive"):
        attempt(restoring.fill_store, draft)
    for run in ApplyRun.objects.filter(due, target__workspace=workspace, state__in=["confirmed", "running"]):
        attempt(applying.apply_run, run)
    for attachment in Attachment.objects.filter(due, workspace=workspace):
        attempt(attachments.attach_one, attachment)
    for store in Store.objects.filter(due, workspace=workspace, gone_at=None).order_by("next_check_at")[
        :STORES_A_SWEEP
    ]:
        attempt(stores.sync_store, store)
    for store in drift.due(workspace):
        attempt(drift.note_all, store)
    for store in health.stores_due(workspace):
        enqueue("examine_store", store.pk)  # a task of its own: dreams must not wait while texts are compared
    for wish in SnapshotWish.objects.filter(due, store__workspace=workspace):
        attempt(snapshots.take_asked, wish)
    attempt(snapshots.take_daily, workspace)
    attempt(provenance.forget_deleted, workspace)
    attempt(tidy.forget_drafts, workspace)
    attempt(tidy.forget_moments, workspace)
    attempt(drawing.forget_drawn, workspace)


def unreviewed(workspace: Workspace) -> list[Dream]:
    """Our completed dreams whose review was not opened yet and whose line has no open one; one at which comparing
    failed waits for a person."""
    waiting = Dream.objects.exclude(problem=reviews.NOT_COMPARED).filter(
        workspace=workspace,
        origin=Dream.Origin.OURS,
        state=dream_states.COMPLETED,
        output_snapshot__isnull=False,
        reviews=None,
    )
    return [dream for dream in waiting.order_by("requested_at") if reviews.active_review(dream) is None]


def refresh_workspace(workspace: Workspace) -> None:
    """The lists of a workspace: stores, sessions, deployments, dreams started elsewhere. A list that this key may not
    have does not keep the others from being read. Raises RemoteError, the first one."""
    # Moved on first, so that two sweeps do not both ask.
    _ask_again(workspace, WORKSPACE_EVERY)
    refused: list[RemoteError] = []
    lists = (
        stores.refresh_stores,
        deployments.refresh_deployments,
        sessions.refresh_sessions,
        following.find_dreams,
    )
    for refresh in lists:
        try:
            refresh(workspace)
        except Refused as error:
            refused.append(error)
        except RemoteError as error:
            if not error.permanent:  # a first import must not stand still for long because of one rate limit
                _ask_again(workspace, timedelta(seconds=error.retry_after or 30))
            raise
    stores.settle_current(workspace)
    if refused:
        raise refused[0]


def _ask_again(workspace: Workspace, wait: timedelta) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(next_check_at=timezone.now() + wait)


def attempt(work: Callable[[Any], Any], thing: Any) -> None:
    """Does one piece; what fails in a known way has been written on its row already, anything else is logged."""
    try:
        with spending(work=_kind_of(work, thing), store=_store_of(thing)):
            work(thing)
    except (RemoteError, Busy, Refusal) as error:
        log.info("%s %s: %s", work.__name__, thing.pk, error)
    except Exception:
        log.exception("%s %s failed", work.__name__, thing.pk)


def _kind_of(work: Callable[[Any], Any], thing: Any) -> str:
    first = isinstance(thing, Store) and thing.walked_at is None
    return "import" if first else WORK.get(work.__name__, "other")


def _store_of(thing: Any) -> int:
    return thing.pk if isinstance(thing, Store) else getattr(thing, "store_id", None) or 0
