"""What a dream's own session and the versions it wrote tell of its work: read once, when it ended."""

import logging
from time import monotonic
from typing import Any

from dreams.models import Dream, MemoryVersion, Store
from dreams.remote.errors import RemoteError
from dreams.rules.evidence import evidence, renames, roots_of, steps_of
from dreams.rules.paths import mount_path
from dreams.services.texts import storable
from dreams.services.vendor import watched

log = logging.getLogger(__name__)

# More calls of a session than these, or minutes of reading them, are not worth the wait of its reviewers.
MOST_EVENTS = 20_000
MAX_SECONDS = 40.0


def gather_evidence(dream: Dream) -> None:
    """Keeps which memory the ended dream made of which, as its own session's tool calls and its versions of the output
    store (mirrored before) tell. Where the session cannot be read, nothing is kept and nothing fails: the comparison
    then tells by the texts alone."""
    output = dream.output_store
    if dream.evidence is not None or output is None or not dream.pipeline_session_id:
        return
    try:
        events = _events(dream)
    except RemoteError as error:
        log.info("the session of dream %s is not read as evidence: %s", dream.pk, error)
        return
    try:
        found = evidence(steps_of(events, _mounts(events, output)), _renamed(dream, output))
    except Exception:  # a fault of ours over foreign events must not keep the dream from its review
        log.exception("the session of dream %s could not be taken as evidence", dream.pk)
        return
    kept = {path: sorted(olds) for path, olds in found.items()}
    Dream.objects.filter(pk=dream.pk, evidence__isnull=True).update(evidence=storable(kept))


def _events(dream: Dream) -> list[dict[str, Any]]:
    """The events of the session's primary thread, as far as MOST_EVENTS and MAX_SECONDS go."""
    late = monotonic() + MAX_SECONDS
    found: list[dict[str, Any]] = []
    with watched(dream.workspace) as gateway:
        for page in gateway.event_pages(dream.pipeline_session_id):
            found += (dict(event.raw) for event in page)
            if len(found) >= MOST_EVENTS or monotonic() > late:
                break
    return found


def _mounts(events: list[dict[str, Any]], output: Store) -> set[str]:
    """Where the session saw the store: under its name, or under one of the vendor's choice, when there is but one."""
    known, seen = {mount_path(output.name)}, roots_of(events)
    return known if known & seen or len(seen) != 1 else seen


def _renamed(dream: Dream, output: Store) -> dict[str, str]:
    """{new path: old path} by the versions of memories that the session wrote and did not delete."""
    rows = MemoryVersion.objects.filter(store=output)
    own = rows.filter(actor_kind="session", actor_id=dream.pipeline_session_id)
    deleted = set(rows.filter(operation="deleted").values_list("memory_id", flat=True))
    written = set(own.values_list("memory_id", flat=True)) - deleted
    told = rows.order_by("created_at", "pk").values_list("memory_id", "path", "actor_kind", "actor_id")
    session = ("session", dream.pipeline_session_id)
    return renames(
        (memory, path, (kind, actor) == session)
        for memory, path, kind, actor in told.iterator()
        if memory in written
    )
