"""Celery's side: one service call each; a task that is lost is found again by the sweep."""

from typing import Any

from celery import shared_task
from celery.signals import task_postrun, task_prerun

from dreams.enqueue import enqueue
from dreams.models import ApplyRun, Attachment, Dream, Review, SnapshotWish, Store, StoreDraft, Workspace
from dreams.remote.spending import spending
from dreams.services import (
    applying,
    attachments,
    drawing,
    dreams,
    drift,
    following,
    health,
    moments,
    provenance,
    restoring,
    reviews,
    search_index,
    sessions,
    snapshots,
    stores,
    sweeps,
)


@task_prerun.connect
def spend(task: Any, **_: Any) -> None:
    """What a task asks the vendor is counted for the person whose act queued it."""
    task.request.spending = spending(person=(task.request.headers or {}).get("person", 0))
    task.request.spending.__enter__()


@task_postrun.connect
def spent(task: Any, **_: Any) -> None:
    """And for nobody any more once it has ended."""
    task.request.spending.__exit__(None, None, None)


@shared_task
def sweep() -> None:
    """Runs every SWEEP_SECONDS."""
    sweeps.sweep()


@shared_task
def refresh_workspace(workspace_id: int) -> None:
    sweeps.attempt(sweeps.refresh_workspace, Workspace.objects.get(pk=workspace_id))


@shared_task
def refresh_sessions(workspace_id: int) -> None:
    sweeps.attempt(sessions.refresh_sessions, Workspace.objects.get(pk=workspace_id))


@shared_task
def sync_store(store_id: int) -> None:
    sweeps.attempt(stores.sync_store, Store.objects.get(pk=store_id))


@shared_task
def note_drift(store_id: int) -> None:
    sweeps.attempt(drift.note_all, Store.objects.get(pk=store_id))


@shared_task
def index_store(store_id: int) -> None:
    sweeps.attempt(search_index.index_store, Store.objects.get(pk=store_id))


@shared_task
def examine_store(store_id: int) -> None:
    sweeps.attempt(health.examine_store, Store.objects.get(pk=store_id))


@shared_task
def start_dream(dream_id: int) -> None:
    sweeps.attempt(dreams.start_dream, Dream.objects.get(pk=dream_id))


@shared_task
def refresh_dreams(workspace_id: int) -> None:
    sweeps.attempt(following.refresh_dreams, Workspace.objects.get(pk=workspace_id))


@shared_task
def finish_dream(dream_id: int) -> None:
    sweeps.attempt(following.finish_dream, Dream.objects.get(pk=dream_id))


@shared_task
def open_review(dream_id: int) -> None:
    sweeps.attempt(reviews.open_review, Dream.objects.get(pk=dream_id))
    for review in Review.objects.filter(dream=dream_id, provenance=None):
        enqueue("trace_review", review.pk)


@shared_task
def trace_review(review_id: int) -> None:
    sweeps.attempt(provenance.trace_review, Review.objects.get(pk=review_id))


@shared_task
def draw_review(review_id: int) -> None:
    sweeps.attempt(drawing.draw_review, Review.objects.get(pk=review_id))


@shared_task
def apply_run(run_id: int) -> None:
    sweeps.attempt(applying.apply_run, ApplyRun.objects.get(pk=run_id))


@shared_task
def attach_one(attachment_id: int) -> None:
    sweeps.attempt(attachments.attach_one, Attachment.objects.get(pk=attachment_id))


@shared_task
def take_asked(wish_id: int) -> None:
    for wish in SnapshotWish.objects.filter(pk=wish_id):  # none when the sweep was faster
        sweeps.attempt(snapshots.take_asked, wish)


@shared_task
def fill_store(draft_id: int) -> None:
    sweeps.attempt(restoring.fill_store, StoreDraft.objects.get(pk=draft_id))


@shared_task
def compare_moments(workspace_id: int, before: str, after: str) -> None:
    with spending(work="compare"):
        moments.compare_moments(Workspace.objects.get(pk=workspace_id), before, after)
