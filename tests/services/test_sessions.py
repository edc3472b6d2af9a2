"""The mirror of sessions: every column, those too old to be listed, and those that the vendor no longer has."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from dreams.models import Session, Store, Workspace
from dreams.services import sessions
from tests.factories import put_session, store_with
from tests.people import People
from tests.sandbox_server import Sandbox


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


def change(sandbox: Sandbox, session_id: str, **members: object) -> None:
    """The session's head at the vendor, changed."""
    with sandbox.state.transaction():
        sandbox.state.put("session", {**(sandbox.state.get("session", session_id) or {}), **members})


def age(sandbox: Sandbox, session_id: str, days: int) -> None:
    """The session began so many days earlier, at the vendor as here."""
    begun = timezone.now() - timedelta(days=days)
    change(sandbox, session_id, created_at=sandbox.state.stamp(begun))
    Session.objects.filter(remote_id=session_id).update(created_at=begun)


def refresh(store: Store) -> None:
    sessions.refresh_sessions(Workspace.objects.get(pk=store.workspace_id))


def test_cost_with_its_currency_tokens_and_the_last_result_are_kept(sandbox: Sandbox, store: Store) -> None:
    session_id = put_session(sandbox, store)
    outcome = {"type": "outcome_evaluation", "description": "d", "explanation": "e", "completed_at": None}
    results = [
        {**outcome, "outcome_id": f"outc_{number}", "iteration": number, "result": result}
        for number, result in enumerate(["failed", "brand_new_result"])
    ]
    usage = {
        "input_tokens": 5,
        "output_tokens": 6,
        "cache_read_input_tokens": 70,
        "cache_creation": {"ephemeral_5m_input_tokens": 8, "ephemeral_1h_input_tokens": 1},
        "list_cost": {"amount": "187", "currency": "USD"},
    }
    change(sandbox, session_id, outcome_evaluations=results, usage=usage)
    refresh(store)
    session = Session.objects.get(remote_id=session_id)
    assert (session.cost_cents, session.currency) == (Decimal(187), "USD")
    assert (session.cache_read_input_tokens, session.cache_creation_input_tokens) == (70, 9)
    assert session.outcome == "brand_new_result"
    assert [outcome["id"] for outcome in session.outcomes] == ["outc_0", "outc_1"]


def test_old_sessions_at_work_are_followed_by_one_list_and_read_once_when_they_end(
    sandbox: Sandbox, store: Store
) -> None:
    ids = [put_session(sandbox, store, f"Long one {number}") for number in range(4)]
    for session_id in ids:
        change(sandbox, session_id, status="running")
    refresh(store)
    for session_id in ids:
        age(sandbox, session_id, days=9)
    change(sandbox, ids[0], title="Still at it")
    change(sandbox, ids[1], status="idle")
    sandbox.state.remove("session", ids[2])
    change(sandbox, ids[3], status="rescheduling")
    before = len(sandbox.requests())
    refresh(store)
    assert len(sandbox.requests()) - before == 4, "two lists, and the two that left the second"
    mirrored = {session.remote_id: session for session in Session.objects.all()}
    assert mirrored[ids[0]].title == "Still at it"
    assert mirrored[ids[1]].status == "idle"
    assert mirrored[ids[2]].gone_at is not None
    assert mirrored[ids[3]].status == "rescheduling"
    for session_id in (ids[0], ids[3]):
        change(sandbox, session_id, status="idle")
    refresh(store)
    before = len(sandbox.requests())
    refresh(store)
    assert len(sandbox.requests()) - before == 1, "nobody is at work any more"


def test_every_ended_one_gets_its_turn_though_one_cannot_be_read(
    sandbox: Sandbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_ENDED", 2)
    ids = [put_session(sandbox, store) for _ in range(3)]
    for session_id in ids:
        change(sandbox, session_id, status="running")
    refresh(store)
    for session_id in ids:
        age(sandbox, session_id, days=9)
        change(sandbox, session_id, status="terminated")
    sandbox.faults([{"path": f"/v1/sessions/{ids[0]}", "kind": "status", "status": 400, "times": None}])
    for _ in range(2):
        refresh(store)
    ended = Session.objects.filter(status="terminated").values_list("remote_id", flat=True)
    assert set(ended) == set(ids[1:])


def test_one_that_should_have_been_listed_and_was_not_is_gone_and_a_young_one_waits(
    sandbox: Sandbox, store: Store
) -> None:
    old, deleted, young = (put_session(sandbox, store) for _ in range(3))
    refresh(store)
    age(sandbox, deleted, days=1)
    age(sandbox, old, days=5)
    for session_id in (deleted, young):
        sandbox.state.remove("session", session_id)
    refresh(store)
    gone = Session.objects.exclude(gone_at=None).values_list("remote_id", flat=True)
    assert list(gone) == [deleted], "the old one was not asked for, the young one may have come after the list"
