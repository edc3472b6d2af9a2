"""Names, titles and words of the vendor that a column does not take: mirrored readably, never the reason that a list
or somebody else's dream stands still. PostgreSQL refuses a NUL and a text that is too long; SQLite would not tell."""

from django.db import models

from dreams.models import Deployment, Dream, Session, Store
from dreams.rules import dream_states as states
from dreams.services import deployments, following, sessions, stores
from tests.factories import dream_requested, put_session, store_with, sweep_now, until
from tests.people import People
from tests.sandbox import seeds
from tests.sandbox_server import Sandbox

ODD = "a\0b" + "é" * 600


def alter(sandbox: Sandbox, kind: str, id: str, **fields: object) -> None:
    with sandbox.state.transaction():
        thing = sandbox.state.get(kind, id)
        assert thing is not None
        sandbox.state.put(kind, {**thing, **fields})


def assert_storable(row: models.Model) -> None:
    """Whatever PostgreSQL would refuse of this row."""
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        assert "\\u0000" not in repr(value).replace("\\x00", "\\u0000"), field.name
        if isinstance(field, models.CharField) and field.max_length:
            assert len(value) <= field.max_length, field.name


def test_odd_words_of_stores_and_sessions_are_mirrored(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    session_id = put_session(sandbox, store)
    outcome = {
        "type": "outcome_evaluation",
        "outcome_id": "outc_1",
        "description": ODD,
        "iteration": 1,
        "result": "satisfied",
        "explanation": ODD,
        "completed_at": None,
    }
    agent = {"type": "agent", "id": "agent_1", "name": ODD, "version": 1}
    alter(sandbox, "session", session_id, title=ODD, agent=agent, outcome_evaluations=[outcome])
    alter(sandbox, "store", store.remote_id, name=ODD, description=ODD * 2)
    stores.refresh_stores(people.workspace)
    sessions.refresh_sessions(people.workspace)
    assert_storable(Store.objects.get(pk=store.pk))
    assert_storable(Session.objects.get(remote_id=session_id))


def test_odd_words_of_a_failed_dream_do_not_keep_the_others_waiting(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    ids = [put_session(sandbox, store), put_session(sandbox, store)]
    odd, other = (dream_requested(people, sandbox, store, [each]) for each in ids)
    until(
        lambda: not Dream.objects.filter(remote_id="").exists(),
        lambda: sweep_now(people.workspace),
    )
    for dream in (odd, other):
        dream.refresh_from_db()
        alter(
            sandbox,
            "dream",
            dream.remote_id,
            status="failed",
            error={"type": "x" * 300, "message": ODD * 3} if dream == odd else {"type": "x", "message": "x"},
        )
        Dream.objects.filter(pk=dream.pk).update(state=states.RUNNING, next_check_at="2000-01-01T00:00Z")
    following.refresh_dreams(people.workspace)
    for dream in (odd, other):
        dream.refresh_from_db()
        assert dream.state == states.FAILED
        assert_storable(dream)


def test_odd_words_of_deployments_are_mirrored(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    mount = {"type": "memory_store", "memory_store_id": store.remote_id, "access": "read_write", "instructions": ODD}
    deployment_id = seeds.deployment(sandbox.state, name="triage", resources=[mount])["id"]
    alter(sandbox, "deployment", deployment_id, name=ODD)
    deployments.refresh_deployments(people.workspace)
    deployment = Deployment.objects.get(remote_id=deployment_id)
    assert_storable(deployment)
    assert deployment.mounts(store.remote_id)
