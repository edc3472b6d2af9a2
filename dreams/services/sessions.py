"""The mirror of sessions, and transcripts read through from the vendor: they are never stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from django.db import transaction
from django.utils import timezone

from dreams.models import Session, SessionMount, Workspace
from dreams.remote.errors import NotFound
from dreams.remote.records import Event, Thread
from dreams.remote.records import Session as RemoteSession
from dreams.services.texts import fitted
from dreams.services.vendor import watched

MAX_EVENTS = 2_000  # of one thread shown at once; a transcript beyond says so
MAX_SECONDS = 30.0  # for all pages of a transcript: a person waits for it
# A session listed earlier may still have moved if it was not finished: those are looked at by their age.
OVERLAP = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Transcript:
    """The events of one thread in order, and all threads; `cut` when there were more than MAX_EVENTS, or when
    reading on would have taken longer than MAX_SECONDS."""

    events: tuple[Event, ...]
    threads: tuple[Thread, ...]
    cut: bool


def refresh_sessions(workspace: Workspace) -> None:
    """Mirrors sessions, newest first, 100 a call; after the first time only those of the last days and those that
    were not finished when last seen. Raises RemoteError."""
    since = workspace.sessions_listed_at - OVERLAP if workspace.sessions_listed_at else None
    now = timezone.now()
    with watched(workspace) as gateway:
        for page in gateway.session_pages(created_after=since, include_archived=True):
            keep_sessions(workspace, page)
        if since is not None:
            running = Session.objects.filter(
                workspace=workspace, gone_at=None, created_at__lt=since, status__in=["running", "rescheduling"]
            )
            for session in running[:50]:
                try:
                    keep_sessions(workspace, [gateway.session(session.remote_id)])
                except NotFound:
                    Session.objects.filter(pk=session.pk).update(gone_at=now)
    Workspace.objects.filter(pk=workspace.pk).update(sessions_listed_at=now)


def keep_sessions(workspace: Workspace, page: Iterable[RemoteSession]) -> None:
    """Mirrors the heads of these sessions and what they mount."""
    for remote in page:
        with transaction.atomic():
            head = {
                "title": remote.title,
                "status": remote.status,
                "agent_id": remote.agent_id,
                "agent_name": remote.agent_name,
                "deployment_id": remote.deployment_id or "",
                "outcomes": [
                    {
                        "description": outcome.description,
                        "iteration": outcome.iteration,
                        "result": outcome.result,
                        "explanation": outcome.explanation,
                    }
                    for outcome in remote.outcomes
                ],
                "input_tokens": remote.usage.input_tokens,
                "output_tokens": remote.usage.output_tokens,
                "cost_cents": remote.cost_cents,
                "active_seconds": remote.active_seconds,
                "created_at": remote.created_at,
                "updated_at": remote.updated_at,
                "archived_at": remote.archived_at,
                "gone_at": None,
            }
            fits = fitted(Session, head)
            session, new = Session.objects.update_or_create(workspace=workspace, remote_id=remote.id, defaults=fits)
            if new:  # memory stores attach only when a session is created
                mounts = {m.store_id: {"access": m.access, "mount_path": m.mount_path} for m in remote.mounts}
                SessionMount.objects.bulk_create(
                    SessionMount(session=session, store_id=store_id, **fitted(SessionMount, mount))
                    for store_id, mount in mounts.items()
                )


def read_transcript(session: Session, *, thread_id: str | None = None) -> Transcript:
    """The transcript of a session's primary thread, or of one of its threads. Raises RemoteError."""
    events: list[Event] = []
    late = monotonic() + MAX_SECONDS
    cut = False
    with watched(session.workspace) as gateway:
        try:
            threads = tuple(gateway.threads(session.remote_id))
            for page in gateway.event_pages(session.remote_id, thread_id=thread_id):
                cut = len(events) + len(page) > MAX_EVENTS or monotonic() > late
                events.extend(page)
                if cut:
                    break
        except NotFound:
            if thread_id is None:  # with one, it may be the thread that is not found
                Session.objects.filter(pk=session.pk).update(gone_at=timezone.now())
            raise
    if session.gone_at is not None:  # a 404 that was a slip
        Session.objects.filter(pk=session.pk).update(gone_at=None)
    return Transcript(tuple(events[:MAX_EVENTS]), threads, cut=cut)


def read_latest(session: Session) -> tuple[Event, ...]:
    """The last events of a session's primary thread, at most 100, oldest first; one call. Raises RemoteError."""
    with watched(session.workspace) as gateway:
        return tuple(gateway.newest_events(session.remote_id))
