"""What only PostgreSQL minds: migrations there and back, constraints, NULs and odd texts, the whole job once."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from dreams.models import (
    ApplyRun,
    Attachment,
    Change,
    Decision,
    Dream,
    Membership,
    Memory,
    Review,
    Session,
    Store,
    Text,
    Workspace,
)
from dreams.rules import review_states as states
from dreams.services import reviews, sessions, sweeps
from dreams.services.snapshots import shas_now, shas_of
from tests import factories
from tests.faults.ground import Ground, do, must_hold, prepared, restored
from tests.faults.operations import OPERATIONS
from tests.people import browser_of

pytestmark = pytest.mark.slow

NUL_AND_MORE = {
    "/nul.md": "before\0after\n",
    "/A.md": "upper\n",
    "/a.md": "lower\n",
    "/a b.md": "space\n",
    "/é.md": "composed\n",
    "/日本/メモ.md": "bidi \u202e and tag \U000e0041 and \ufeff mark\n",
    "/long.md": "x" * 100_000,
    "/crlf.md": "one\r\ntwo\rthree\n",
    "/empty.md": "",
    "/markup.md": "<script>alert(1)</script> ' \" \\ % %s {} $1\n",
}


def tables() -> set[str]:
    return {name for name in connection.introspection.table_names() if name.startswith("dreams_")}


def test_every_migration_goes_back_and_forth(on_postgres: None) -> None:
    assert connection.vendor == "postgresql"
    before = tables()
    call_command("migrate", "dreams", "zero", verbosity=0)
    assert tables() == set()
    call_command("migrate", verbosity=0)
    assert tables() == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name.replace(" ", "-"))
def test_every_operation_runs_on_the_server_and_survives_a_lost_answer(on_postgres: None, operation: Any) -> None:
    with prepared(operation) as ground:
        for fault in ([], [{"kind": "drop_after_commit"}]):
            with restored(ground):
                ground.sandbox.faults(fault)
                said = do(operation, ground)
                ground.sandbox.state.speed = 1000
                factories.until(
                    lambda: all(dream["status"] in ("completed", "canceled") for dream in ground.dreams_at_vendor()),
                    lambda: ground.sweep(lists=False),
                )
                ground.settle()
                must_hold(operation, ground, said)


def test_hostile_texts_come_back_byte_for_byte(database: str, ground: Ground) -> None:
    store = factories.store_with(ground.people, ground.sandbox, NUL_AND_MORE)
    rows = Memory.objects.filter(store=store).select_related("text")
    assert {row.path: bytes(row.text.body) for row in rows} == {p: t.encode() for p, t in NUL_AND_MORE.items()}
    assert Memory.objects.get(store=store, path="/A.md").text.text == "upper\n"
    assert store.memory_count == len(NUL_AND_MORE)


def test_hostile_texts_are_dreamt_reviewed_and_written_back(database: str, ground: Ground) -> None:
    """A NUL in a lost statement ends up in findings, which jsonb would refuse."""
    notes = {**NUL_AND_MORE, "/scratch/tmp.md": "One-off, temporary: \0 the port is 8081 today only.\n"}
    review = factories.review_open(ground.people, ground.sandbox, notes)
    for change in review.changes.filter(state=states.UNDECIDED):
        reviews.decide_change(change, states.KEPT, by=ground.people.bob, seen_seq=0)
    review = reviews.approve_review(review, by=ground.people.bob)
    page = browser_of(ground.people.bob).get(f"/acme/reviews/{review.pk}/")
    assert page.status_code == 200
    run, _ = factories.applying.plan_review(review, by=ground.people.dave)
    assert run is not None
    factories.applying.confirm_run(run, digest=run.plan_digest, by=ground.people.dave)
    ground.settle()
    assert shas_now(review.target) == shas_of(review.before)
    assert ground.contents(review.target.remote_id) == notes


def test_odd_names_of_the_vendor_are_mirrored(database: str, ground: Ground) -> None:
    store = factories.store_with(ground.people, ground.sandbox, name="nul \0 and " + "n" * 240)
    factories.put_session(ground.sandbox, store, title="a\0b " + "t" * 900)
    sessions.refresh_sessions(store.workspace)
    sweeps.refresh_workspace(store.workspace)
    assert "\0" not in Store.objects.get().name
    assert len(Session.objects.get().title) == 500


def test_a_nul_in_an_address_is_no_failure_of_ours(on_postgres: None, ground: Ground) -> None:
    store = factories.store_with(ground.people, ground.sandbox)
    alice = browser_of(ground.people.alice)
    alice.raise_request_exception = False
    addresses = [
        *("stores/%00/", "sessions/%00/", "?page=%00", "stores/?q=%00", "dreams/?state=%00&page=%00"),
        *("sessions/?q=%00&agent=%00&status=%00", "audit/?q=%00&who=%00&actor=%00&verb=%00&noun=%00&page=%00"),
        *(f"stores/{store.remote_id}/?q=%00&in=%00&path=%00", f"stores/{store.remote_id}/memories/%00/"),
        f"stores/{store.remote_id}/memories/new/?in=%00",
    ]
    answers = {address: alice.get(f"/acme/{address}").status_code for address in addresses}
    assert {address: status for address, status in answers.items() if status >= 500} == {}


def test_pairs_of_facts_that_must_stand_together_do(on_postgres: None, ground: Ground) -> None:
    """Each of these would be a lie if the database took it."""
    review = factories.review_applied(ground.people, ground.sandbox)
    store, dream, now = review.target, review.dream, timezone.now()
    run, change = review.runs.get(), review.changes.filter(state=states.ACCEPTED).first()
    assert dream is not None
    assert change is not None
    lies = {
        "a claim without its time": lambda: Dream.objects.update(claim="x", claimed_at=None),
        "a launch that nobody claims": lambda: Dream.objects.update(state="launching"),
        "a state that does not exist": lambda: Dream.objects.update(state="asleep"),
        "a role that does not exist": lambda: Membership.objects.update(role="owner"),
        "an outage without its time": lambda: Workspace.objects.update(outage="Away.", outage_since=None),
        "a text without body or tombstone": lambda: Text.objects.update(body=None),
        "a decision without a person": lambda: Change.objects.filter(pk=change.pk).update(decided_by=None),
        "a discard without a reason": lambda: Review.objects.update(state="discarded", reason=""),
        "two open reviews of a line": lambda: Review.objects.create(
            workspace=review.workspace, line=review.line, before=review.before, after=review.after, target=store,
            state="open", opened_at=now, dream=dream, round=1,
        ),
        "a run that nobody confirmed": lambda: ApplyRun.objects.filter(pk=run.pk).update(
            confirmed_by=None, confirmed_at=None
        ),
        "two dreams of one remote id": lambda: Dream.objects.create(
            workspace=dream.workspace, line=dream.line, store=dream.store, remote_id=dream.remote_id,
            requested_at=now, model="m",
        ),
        "two decisions of one number": lambda: Decision.objects.create(
            change=change, seq=change.seq, outcome="kept", by=ground.people.bob, at=now, seen_digest="x"
        ),
        "an attachment done at no time": lambda: Attachment.objects.create(
            workspace=review.workspace, line=review.line, review=review, deployment_id="depl_1", deployment_name="d",
            from_store=store, to_store=store, before=[], after=[], before_digest="", after_digest="", state="done",
            by=ground.people.dave, asked_at=now - timedelta(minutes=1),
        ),
    }  # fmt: skip
    for lie, tell in lies.items():
        with pytest.raises(IntegrityError), transaction.atomic():
            tell()
            pytest.fail(f"The database took {lie}.")
