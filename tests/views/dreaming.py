"""Rows of the mirror for the pages of dreams and sessions, made quickly and by the hundred."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from dreams.models import Dream, DreamSession, MemoryVersion, Session, SessionMount, Store, User
from dreams.rules import dream_states as states


def session_row(store: Store, title: str = "A talk", *, days: float = 1, access: str = "", **head: Any) -> Session:
    """A mirrored session begun so many days ago that mounts the store (`access` "none": that mounts nothing)."""
    begun = timezone.now() - timedelta(days=days)
    number = Session.objects.count()
    values = {"status": "idle", "agent_name": "Helper", "input_tokens": 900, "output_tokens": 100, **head}
    session = Session.objects.create(
        workspace=store.workspace,
        **{"remote_id": f"sesn_{number}", "title": title, "created_at": begun, "updated_at": begun, **values},
    )
    if access != "none":
        mount = {"access": access or "read_write", "mount_path": f"/mnt/memory/{store.name}"}
        SessionMount.objects.create(session=session, store_id=store.remote_id, **mount)
    return session


def wrote(session: Session, store: Store, *paths: str, days: float = 0.5) -> None:
    """The session wrote these memories so many days ago."""
    for path in paths:
        MemoryVersion.objects.create(
            store=store,
            workspace=store.workspace,
            remote_id=f"memver_{session.remote_id}_{path}",
            memory_id=f"mem_{path}",
            operation="modified",
            path=path,
            created_at=timezone.now() - timedelta(days=days),
            actor_kind="session",
            actor_id=session.remote_id,
        )


def dream_row(
    store: Store,
    *sessions: Session,
    state: str = states.COMPLETED,
    days: float = 2,
    by: User | None = None,
    **more: Any,
) -> Dream:
    """A dream asked for so many days ago that read these sessions, in any state, with no outside part to it."""
    asked = timezone.now() - timedelta(days=days)
    head: dict[str, Any] = {"model": "claude-opus-5", "requested_by": by, "requested_at": asked}
    if state in states.FINAL:
        head["ended_at"] = asked + timedelta(minutes=10)
    if state in states.FOLLOWED | states.FINAL - {states.NOT_CREATED}:
        head |= {"remote_id": f"drm_{Dream.objects.count()}", "launch_sent_at": asked, "started_at": asked}
    if state == states.LAUNCHING:
        head |= {"claim": "somebody", "claimed_at": asked}
    dream = Dream.objects.create(
        workspace=store.workspace, line=store.line, store=store, state=state, **{**head, **more}
    )
    DreamSession.objects.bulk_create([DreamSession(dream=dream, session_id=s.remote_id) for s in sessions])
    return dream
