"""The record of writes: one event in the transaction of the write, sealed into a chain afterwards."""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import Max, Model
from django.utils import timezone

from dreams.models import AuditEvent, User, Workspace


def record(workspace: Workspace, by: User | None, verb: str, thing: Model, **detail: Any) -> None:
    """Writes that `by` (None: the system itself) did `verb` to `thing`; `detail` holds hashes and numbers, no bodies.

    To be called inside the transaction of the write it records.
    """
    AuditEvent.objects.create(
        workspace=workspace,
        at=timezone.now(),
        actor=str(by) if by else "Memorydash",
        actor_id=str(by.pk) if by else "",
        verb=verb,
        noun=thing._meta.model_name or "",
        noun_id=str(thing.pk),
        label=str(thing)[:1024],
        detail=detail,
    )


def seal(workspace: Workspace) -> int:
    """Numbers and chains the events not sealed yet, in the order of their ids; returns how many.

    One sealer at a time: the row of the workspace is locked (on SQLite every transaction is alone anyway).
    """
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=workspace.pk)
        sealed = AuditEvent.objects.filter(workspace=workspace, seq__isnull=False)
        seq = sealed.aggregate(top=Max("seq"))["top"] or 0
        chain = sealed.filter(seq=seq).values_list("chain", flat=True).first() or ""
        count = 0
        for event in AuditEvent.objects.filter(workspace=workspace, seq__isnull=True).order_by("id"):
            seq, count = seq + 1, count + 1
            chain = chained(chain, event)
            AuditEvent.objects.filter(pk=event.pk).update(seq=seq, chain=chain)
    return count


def chained(previous: str, event: AuditEvent) -> str:
    """The sha256 that ties an event to everything before it."""
    said = [event.at.isoformat(), event.actor, event.actor_id, event.verb, event.noun, event.noun_id, event.label]
    body = json.dumps([previous, *said, event.detail], sort_keys=True, ensure_ascii=True)
    return sha256(body.encode()).hexdigest()


def broken_seals(workspace: Workspace, events: Sequence[AuditEvent]) -> set[int]:
    """The ids of those sealed events that do not fit what is written before them. One query, whatever the number."""
    sealed = [event for event in events if event.seq is not None]
    chains = {event.seq: event.chain for event in sealed}
    missing = {event.seq - 1 for event in sealed if event.seq} - chains.keys()
    rows = AuditEvent.objects.filter(workspace=workspace, seq__in=missing)
    chains.update(rows.values_list("seq", "chain"))
    return {
        event.pk for event in sealed if event.seq and event.chain != chained(chains.get(event.seq - 1, ""), event)
    }
