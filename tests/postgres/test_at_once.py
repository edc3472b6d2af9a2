"""Two workers or two people at the same thing in the same moment: it happens once, and the other is told."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from dreams.access import Forbidden
from dreams.models import AuditEvent, Change, Dream, Membership, Review, Store, Workspace
from dreams.rules import review_states as states
from dreams.rules import roles
from dreams.services import (
    applying,
    attachments,
    audit,
    dreams,
    following,
    members,
    memories,
    reviews,
    stores,
)
from dreams.services.refusals import Busy, Refusal, Stale
from dreams.services.reviews import decided_store
from tests import factories
from tests.faults import operations as world
from tests.faults.ground import Ground, mirror_equals_vendor, must_hold
from tests.faults.operations import OPERATIONS

pytestmark = pytest.mark.slow

CHECKS = {operation.name: operation for operation in OPERATIONS}
DREAMS = {"method": "POST", "path": "/v1/dreams"}


def at_once(*works: Callable[[], object]) -> list[Any]:
    """Does all of it at the same time, each in a thread with a connection of its own; what each returned or raised."""
    start = threading.Barrier(len(works))
    came: list[Any] = [None] * len(works)

    def run(place: int) -> None:
        start.wait(10)
        try:
            came[place] = works[place]()
        except Exception as error:
            came[place] = error
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    told = (Refusal, Busy, Forbidden)
    assert [each for each in came if isinstance(each, Exception) and not isinstance(each, told)] == []
    return came


def posts(ground: Ground, part: str) -> int:
    return sum(asked["method"] == "POST" and part in asked["path"] for asked in ground.sandbox.requests())


@pytest.fixture
def review(database: str, ground: Ground) -> Review:
    return factories.review_open(ground.people, ground.sandbox)


def undecided(review: Review) -> list[Change]:
    return list(review.changes.filter(state=states.UNDECIDED))


def test_of_two_decisions_on_one_change_one_stands_and_the_other_is_told_who_was_faster(
    ground: Ground, review: Review
) -> None:
    people = ground.people
    for change in undecided(review):
        works = [
            lambda change=change, by=by, outcome=outcome: reviews.decide_change(
                Change.objects.get(pk=change.pk), outcome, by=by, seen_seq=0
            )
            for by, outcome in ((people.alice, states.ACCEPTED), (people.bob, states.KEPT))
        ]
        came = at_once(*works)
        (told,) = [each for each in came if isinstance(each, Stale)]
        change.refresh_from_db()
        assert str(told).startswith(f"{change.decided_by} decided this while you were reading")
        assert (change.seq, change.decisions.count()) == (1, 1)
        assert change.decisions.get().outcome == change.state


def test_decisions_on_different_changes_are_all_kept(ground: Ground, review: Review) -> None:
    changes = undecided(review)
    by = ground.people.bob
    at_once(
        *[
            lambda change=change: reviews.decide_change(change, states.ACCEPTED, by=by, seen_seq=0)
            for change in changes
        ]
    )
    assert undecided(review) == []
    assert AuditEvent.objects.filter(verb="accepted change").count() == len(changes)


def test_an_approval_and_a_decision_cannot_pass_each_other(ground: Ground, review: Review) -> None:
    """What is approved is what stands decided: either the decision came first, or it is refused."""
    people = ground.people
    for change in undecided(review):
        reviews.decide_change(change, states.ACCEPTED, by=people.bob, seen_seq=0)
    for _ in range(4):
        change = review.changes.exclude(state=states.UNCHANGED).first()
        assert change is not None
        other = states.KEPT if change.state == states.ACCEPTED else states.ACCEPTED
        at_once(
            lambda: reviews.approve_review(Review.objects.get(pk=review.pk), by=people.alice),
            lambda change=change, other=other: reviews.decide_change(
                change, other, by=people.bob, seen_seq=change.seq
            ),
        )
        review.refresh_from_db()
        assert review.state == states.APPROVED
        approval = review.approvals.order_by("-at").first()
        assert approval is not None
        assert approval.digest == states.result_digest(decided_store(review).items())
        reviews.reopen_review(review, by=people.bob)


def test_two_people_approving_at_once_is_one_approval_and_a_sentence(ground: Ground, review: Review) -> None:
    people = ground.people
    for change in undecided(review):
        reviews.decide_change(change, states.ACCEPTED, by=people.bob, seen_seq=0)
    came = at_once(
        lambda: reviews.approve_review(Review.objects.get(pk=review.pk), by=people.alice),
        lambda: reviews.approve_review(Review.objects.get(pk=review.pk), by=people.bob),
    )
    assert sum(isinstance(each, Refusal) for each in came) == 1
    assert review.approvals.count() == 1


def test_two_workers_launch_one_dream_once(database: str, ground: Ground) -> None:
    world.dream_asked(ground)
    at_once(*[lambda: dreams.start_dream(ground.state("dream"))] * 4)
    assert posts(ground, "/v1/dreams") == 1
    world.ended_at_vendor(ground)
    ground.settle()
    must_hold(CHECKS["launch"], ground, "")


def test_the_same_wish_clicked_twice_is_one_dream(database: str, ground: Ground) -> None:
    store = factories.store_with(ground.people, ground.sandbox)
    session = factories.put_session(ground.sandbox, store)
    factories.sessions.refresh_sessions(store.workspace)
    wish = {"session_ids": [session], "model": "m", "instructions": "", "by": ground.people.dave}
    at_once(*[lambda: dreams.request_dream(store, **wish)] * 3)
    assert Dream.objects.count() == 1


def test_two_lost_launches_looked_up_at_once_find_a_dream_each(database: str, ground: Ground) -> None:
    store = factories.store_with(ground.people, ground.sandbox)
    session = factories.put_session(ground.sandbox, store)
    ground.sandbox.faults([{**DREAMS, "kind": "drop_after_commit", "times": 2}])
    for _ in range(2):
        dreams.start_dream(factories.dream_requested(ground.people, ground.sandbox, store, [session]))
        Dream.objects.update(requested_at=timezone.now() - timezone.timedelta(minutes=1))
    lost = list(Dream.objects.all())
    assert {dream.state for dream in lost} == {"unknown"}
    at_once(*[lambda dream=dream: dreams.reconcile_dream(dream) for dream in lost])
    world.ended_at_vendor(ground)
    ground.settle()
    found = set(Dream.objects.values_list("remote_id", flat=True))
    assert found == {made["id"] for made in ground.dreams_at_vendor()}
    assert len(found) == 2


def test_two_workers_open_one_review(database: str, ground: Ground) -> None:
    world.dream_ended_at_vendor(ground)
    following.refresh_dreams(ground.workspace)
    following.finish_dream(ground.state("dream"))
    at_once(*[lambda: reviews.open_review(ground.state("dream"))] * 3)
    review = Review.objects.get()
    assert review.changes.count() == len(set(review.changes.values_list("key", flat=True))) > 0


def test_a_plan_is_confirmed_once_and_carried_out_once(database: str, ground: Ground) -> None:
    world.review_waits_for_a_plan(ground)
    world.plan(ground)
    run = ground.kept["run"] = ground.state("review").runs.get()
    people = ground.people
    confirm = [
        lambda by=by: applying.confirm_run(ground.state("run"), digest=run.plan_digest, by=by)
        for by in (people.alice, people.dave)
    ]
    came = at_once(*confirm)
    assert sum(isinstance(each, Stale) for each in came) == 1
    at_once(*[lambda: applying.apply_run(ground.state("run"))] * 3)
    ground.settle()
    must_hold(CHECKS["apply"], ground, "")


def test_two_workers_attach_once(database: str, ground: Ground) -> None:
    world.attach_asked(ground)
    ground.sandbox.requests(clear=True)
    at_once(*[lambda: attachments.attach_one(ground.state("attachment"))] * 3)
    assert posts(ground, "/v1/deployments/") == 1
    ground.settle()
    must_hold(CHECKS["attach"], ground, "")


def test_a_store_that_two_processes_note_at_once_is_one_row(database: str, ground: Ground) -> None:
    workspace = factories.connect(ground.people)
    for number in range(4):
        factories.put_store(ground.sandbox, {f"/{number}.md": "x"}, f"store {number}")
    at_once(*[lambda: stores.refresh_stores(Workspace.objects.get(pk=workspace.pk))] * 3)
    assert Store.objects.count() == 4
    assert {store.line.current_store_id for store in Store.objects.all()} == set(
        Store.objects.values_list("pk", flat=True)
    )


def test_a_store_is_read_by_one_at_a_time_while_people_write(database: str, ground: Ground) -> None:
    store = factories.store_with(ground.people, ground.sandbox)
    for number in range(6):
        factories.agent_writes(ground.sandbox, store, f"/agent-{number}.md", "x")
        at_once(
            lambda: stores.sync_store(Store.objects.get(pk=store.pk)),
            lambda: stores.sync_store(Store.objects.get(pk=store.pk)),
            lambda number=number: memories.create_memory(
                store, path=f"/person-{number}.md", content="y", by=ground.people.alice
            ),
        )
    ground.settle()
    mirror_equals_vendor(ground)


def test_the_record_is_one_chain_whoever_seals_it(database: str, ground: Ground) -> None:
    workspace = ground.workspace
    for number in range(30):
        audit.record(workspace, ground.people.alice, f"did {number}", workspace)
    at_once(*[lambda: audit.seal(workspace)] * 3)
    sealed = list(AuditEvent.objects.filter(workspace=workspace).order_by("seq"))
    assert [event.seq for event in sealed] == list(range(1, len(sealed) + 1))
    chain = ""
    for event in sealed:
        chain = audit.chained(chain, event)
        assert event.chain == chain


def test_two_admins_who_demote_each_other_leave_one(database: str, ground: Ground) -> None:
    people = ground.people
    first = Membership.objects.get(user=people.alice)
    second = Membership.objects.get(user=people.bob)
    members.change_member(second, role=roles.ADMIN, active=True, by=people.alice)
    came = at_once(
        lambda: members.change_member(second, role=roles.VIEWER, active=True, by=people.alice),
        lambda: members.change_member(first, role=roles.VIEWER, active=True, by=people.bob),
    )
    assert any(isinstance(each, Exception) for each in came)
    assert Membership.objects.filter(workspace=people.workspace, role=roles.ADMIN, active=True).count() == 1
