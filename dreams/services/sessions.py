"""The mirror of sessions, and transcripts read through from the vendor: they are never stored."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.db import transaction
from django.utils import timezone

from dreams.models import Session, SessionMount, Workspace
from dreams.remote.errors import NotFound, RemoteError
from dreams.remote.gateway import Gateway
from dreams.remote.records import Event, Thread
from dreams.remote.records import Session as RemoteSession
from dreams.rules.transcript_words import STILL_RUNNING
from dreams.services.texts import fitted
from dreams.services.vendor import watched

MAX_EVENTS = 2_000  # of one thread shown at once; a transcript beyond says so
MAX_SECONDS = 30.0  # for all pages of a transcript: a person waits for it
# A session listed earlier may still have moved if it was not finished: those are looked at by their age.
OVERLAP = timedelta(days=2)
MOST_ENDED = 50  # sessions that ended since they were seen at work, read one by one each time
# One begun while the list was on its way is in no page of it; the vendor's clock need not be ours.
TOO_YOUNG = timedelta(minutes=5)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Transcript:
    """The events of one thread in order, and all threads; `cut` when there were more than MAX_EVENTS, or when
    reading on would have taken longer than MAX_SECONDS."""

    events: tuple[Event, ...]
    threads: tuple[Thread, ...]
    cut: bool


def refresh_sessions(workspace: Workspace) -> None:
    """Mirrors sessions, newest first, 100 a call; after the first time only those of the last days and those that
    were not finished when last seen. One that should have been listed and was not is gone. Raises RemoteError."""
    since = workspace.sessions_listed_at - OVERLAP if workspace.sessions_listed_at else None
    now = timezone.now()
    listed: set[str] = set()
    with watched(workspace) as gateway:
        for page in gateway.session_pages(created_after=since, include_archived=True):
            keep_sessions(workspace, page)
            listed.update(session.id for session in page)
        if since is not None:
            _look_again(workspace, gateway, before=since)
    expected = Session.objects.filter(workspace=workspace, gone_at=None, created_at__lt=now - TOO_YOUNG)
    if since is not None:
        expected = expected.filter(created_at__gt=since)
    for session in expected.only("pk", "remote_id").iterator():
        if session.remote_id not in listed:
            Session.objects.filter(pk=session.pk).update(gone_at=now)
    Workspace.objects.filter(pk=workspace.pk).update(sessions_listed_at=now)


def _look_again(workspace: Workspace, gateway: Gateway, *, before: datetime) -> None:
    """Sessions too old to be listed that were at work when last seen. Those that still are come in one list; the
    others ended: they are read once each, the longest unseen first, and need no further look."""
    open_ones = Session.objects.filter(
        workspace=workspace, gone_at=None, created_at__lte=before, status__in=STILL_RUNNING
    )
    if not open_ones.exists():
        return
    at_work: set[str] = set()
    for page in gateway.session_pages(statuses=sorted(STILL_RUNNING)):
        keep_sessions(workspace, page)
        at_work.update(session.id for session in page)
    ended = [session for session in open_ones.order_by("updated_at", "pk") if session.remote_id not in at_work]
    for session in ended[:MOST_ENDED]:
        try:
            keep_sessions(workspace, [gateway.session(session.remote_id)])
        except NotFound:
            Session.objects.filter(pk=session.pk).update(gone_at=timezone.now())
        except RemoteError as error:
            if not error.permanent:
                raise
            log.info("session %s: %s", session.pk, error)  # an odd one must not keep the others from their turn


def keep_sessions(workspace: Workspace, page: Iterable[RemoteSession]) -> None:
    """Mirrors the heads of these sessions and what they mount."""
    for remote in page:
        with transaction.atomic():
            fits = fitted(Session, _head(remote))
            session, new = Session.objects.update_or_create(workspace=workspace, remote_id=remote.id, defaults=fits)
            if new:  # memory stores attach only when a session is created
                mounts = {m.store_id: {"access": m.access, "mount_path": m.mount_path} for m in remote.mounts}
                SessionMount.objects.bulk_create(
                    SessionMount(session=session, store_id=store_id, **fitted(SessionMount, mount))
                    for store_id, mount in mounts.items()
                )


def _head(remote: RemoteSession) -> dict[str, object]:
    """The columns of a session. Of its outcomes only the last state of each is told; the rest is in the events."""
    return {
        "title": remote.title,
        "status": remote.status,
        "agent_id": remote.agent_id,
        "agent_name": remote.agent_name,
        "deployment_id": remote.deployment_id or "",
        "outcomes": [
            {
                "id": outcome.id,
                "description": outcome.description,
                "iteration": outcome.iteration,
                "result": outcome.result,
                "explanation": outcome.explanation,
            }
            for outcome in remote.outcomes
        ],
        "outcome": remote.outcomes[-1].result if remote.outcomes else "",
        "input_tokens": remote.usage.input_tokens,
        "output_tokens": remote.usage.output_tokens,
        "cache_read_input_tokens": remote.usage.cache_read_input_tokens,
        "cache_creation_input_tokens": remote.usage.cache_creation_input_tokens,
        "currency": remote.currency,
        "cost_cents": remote.cost_cents,
        "active_seconds": remote.active_seconds,
        "created_at": remote.created_at,
        "updated_at": remote.updated_at,
        "archived_at": remote.archived_at,
        "gone_at": None,
    }


def read_transcript(session: Session, *, thread_id: str | None = None) -> Transcript:
    """The transcript of a session's primary thread, or of one of its threads. Raises RemoteError."""
    with _of(session, whole=thread_id is None) as gateway:  # with a thread, that may be what is not found
        threads = tuple(gateway.threads(session.remote_id))
        events, cut = _events(gateway, session, thread_id, MAX_EVENTS)
    return Transcript(tuple(events), threads, cut=cut)


def read_events(session: Session, *, most: int) -> list[Event]:
    """The first `most` events of a session's primary thread; one call for each hundred. Raises RemoteError."""
    with _of(session, whole=True) as gateway:
        return _events(gateway, session, None, most)[0]


@contextmanager
def _of(session: Session, *, whole: bool) -> Iterator[Gateway]:
    """The gateway for what is read of a session; notes whether the vendor still has the `whole` of it."""
    try:
        with watched(session.workspace) as gateway:
            yield gateway
    except NotFound:
        if whole:
            Session.objects.filter(pk=session.pk).update(gone_at=timezone.now())
        raise
    if session.gone_at is not None:  # a 404 that was a slip
        Session.objects.filter(pk=session.pk).update(gone_at=None)


def _events(gateway: Gateway, session: Session, thread_id: str | None, most: int) -> tuple[list[Event], bool]:
    """At most so many events, and whether there are more, or reading them took too long."""
    events: list[Event] = []
    late = monotonic() + MAX_SECONDS
    for page in gateway.event_pages(session.remote_id, thread_id=thread_id):
        cut = len(events) + len(page) > most or monotonic() > late
        events.extend(page)
        if cut:
            return events[:most], True
    return events, False


def read_latest(session: Session) -> tuple[Event, ...]:
    """The last events of a session's primary thread, at most 100, oldest first; one call. Raises RemoteError."""
    with watched(session.workspace) as gateway:
        return tuple(gateway.newest_events(session.remote_id))
