"""Migrations there and back with rows in the tables: nothing that the first schema held is lost or altered."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from dreams.models import Agent, Attachment, Deployment, MemoryVersion, SearchDue, SearchEntry, Workspace
from dreams.queries.search import Narrow, find
from dreams.rules import review_states as states
from dreams.rules.search_words import parse
from dreams.services import restoring, snapshots, sweeps
from tests import factories
from tests.faults.ground import Ground
from tests.views.comparing import compared, since

pytestmark = pytest.mark.slow

FIRST = "0001"
DROPPED = {"roster"}  # by 0008: it is read from what the vendor listed
ELSEWHERE = ("dreams_search", "dreams_user_")  # made anew; Django's, and never used


def rows() -> dict[str, list[dict[str, Any]]]:
    """Everything in the tables of the product as they are, by the names of the columns."""
    found = {}
    with connection.cursor() as cursor:
        for name in sorted(connection.introspection.table_names(cursor)):
            if name.startswith("dreams_") and not name.startswith(ELSEWHERE):
                cursor.execute(f'SELECT * FROM "{name}" ORDER BY 1')
                columns = [column[0] for column in cursor.description]
                found[name] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return found


def test_what_the_first_schema_held_is_the_same_after_every_way_there_and_back(database: str, ground: Ground) -> None:
    review = factories.review_applied(ground.people, ground.sandbox, states.KEPT)
    store, workspace = review.target, ground.people.workspace
    now = timezone.now()
    Attachment.objects.create(
        workspace=workspace, line=review.line, review=review, deployment_id="depl_1", deployment_name="d",
        from_store=store, to_store=store, before=[], after=[], before_digest="", after_digest="",
        by=ground.people.dave, asked_at=now,
    )  # fmt: skip
    Agent.objects.create(workspace=workspace, remote_id="agent_1", name="Helper", version=1, description="", model="m")
    Deployment.objects.create(
        workspace=workspace, remote_id="depl_1", name="d", agent_id="agent_1", status="active", paused_reason="",
        seen_at=now,
    )  # fmt: skip
    compared(store, *since(store, store.created_at))
    snapshots.ask_snapshot(store, note="", by=ground.people.bob)
    restoring.draft_from_snapshot(review.before, name="again", by=ground.people.dave)
    factories.agent_writes(ground.sandbox, store, "/late.md", "Late.\n")
    restoring.plan_restore(review.before, by=ground.people.dave)

    call_command("migrate", "dreams", FIRST, verbosity=0)
    first = rows()
    empty = [name for name, held in first.items() if not held]
    assert empty == [], empty
    for _ in range(2):
        call_command("migrate", verbosity=0)
        newest = rows()
        assert set(first) < set(newest)
        for name, held in first.items():
            kept = [{column: row.get(column) for column in held[0]} for row in newest[name]]
            assert kept == [{**row, **dict.fromkeys(row.keys() & DROPPED)} for row in held], name
        assert not MemoryVersion.objects.exclude(workspace=workspace).exists()
        assert SearchDue.objects.exists()
        assert not SearchEntry.objects.exists()
        sweeps.sweep()
        assert find(workspace, parse('"nightly build"'), Narrow(removed=True)).keys
        assert Workspace.objects.get(pk=workspace.pk).daily_snapshots
        call_command("migrate", "dreams", FIRST, verbosity=0)
        assert {name: len(held) for name, held in rows().items()} == {name: len(held) for name, held in first.items()}
        first = rows()
