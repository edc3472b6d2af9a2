"""Dreams followed through outages, slips and lost wake-ups: none is ended too early or keeps others waiting."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from dreams.models import Dream, Review, Snapshot, Store
from dreams.remote.errors import RemoteError
from dreams.rules import dream_states as states
from dreams.services import dreams, following
from tests.factories import agent_writes, dream_requested, put_session, store_with, sweep_now, until
from tests.faults.ground import Ground
from tests.faults.operations import ended_at_vendor
from tests.people import People
from tests.sandbox_server import Sandbox


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


@pytest.fixture
def ground(people: People, sandbox: Sandbox) -> Ground:
    return Ground(people, sandbox)


def asked(ground: Ground, store: Store, count: int = 1) -> list[Dream]:
    """So many dreams of the same wish, requested a minute after each other."""
    session, made = put_session(ground.sandbox, store), []
    for _ in range(count):
        made.append(dream_requested(ground.people, ground.sandbox, store, [session]))
        Dream.objects.update(requested_at=F("requested_at") - timedelta(minutes=1))
    return made


def launched(ground: Ground, store: Store, count: int = 1) -> list[Dream]:
    """So many dreams, accepted by the vendor and ended there."""
    made = asked(ground, store, count)
    for dream in made:
        dreams.start_dream(dream)
        dream.refresh_from_db()
    ended_at_vendor(ground)
    return made


def again(dream: Dream) -> Dream:
    dream.refresh_from_db()
    return dream


def test_a_dream_that_cannot_be_fetched_does_not_keep_the_others_waiting(ground: Ground, store: Store) -> None:
    first, second = launched(ground, store, 2)
    path = f"/v1/dreams/{first.remote_id}"
    ground.sandbox.faults([{"path": path, "kind": "status", "status": 500, "times": None}])
    sweep_now(store.workspace)
    assert again(second).state == states.COMPLETED
    assert again(first).state in states.FOLLOWED
    assert "internal failure" in first.problem
    assert first.next_check_at is not None


def test_a_list_that_fails_is_said_on_every_dream_that_waits_for_it(ground: Ground, store: Store) -> None:
    (dream,) = launched(ground, store)
    ground.sandbox.faults([{"path": "/v1/dreams", "kind": "status", "status": 429, "retry_after": 60}])
    Dream.objects.update(next_check_at=timezone.now())
    with pytest.raises(RemoteError):
        following.refresh_dreams(store.workspace)
    assert "slow down" in again(dream).problem
    assert dream.next_check_at is not None
    assert dream.next_check_at > timezone.now() + timedelta(seconds=50)
    sweep_now(store.workspace)
    assert (again(dream).state, dream.problem) == (states.COMPLETED, "")


def test_one_404_does_not_end_a_dream_and_a_list_without_it_does(ground: Ground, store: Store) -> None:
    slipped, lost = launched(ground, store, 2)
    ground.sandbox.faults([{"path": f"/v1/dreams/{slipped.remote_id}", "kind": "status", "status": 404}])
    ground.sandbox.state.remove("dream", lost.remote_id)
    sweep_now(store.workspace)
    assert again(slipped).state == states.COMPLETED
    assert again(lost).state == states.FAILED
    assert lost.problem == "The vendor no longer knows this dream."


def test_an_output_is_read_after_an_outage_however_long_it_was(ground: Ground, store: Store) -> None:
    (dream,) = launched(ground, store)
    following.refresh_dreams(store.workspace)
    output = again(dream).output_store
    assert output is not None
    path = f"/v1/memory_stores/{output.remote_id}/*"
    ground.sandbox.faults([{"path": path, "kind": "status", "status": 503, "times": None}])
    for _ in range(12):
        sweep_now(store.workspace)
    assert again(dream).output_snapshot is None
    assert dream.problem
    ground.sandbox.faults([])
    ground.settle()
    assert again(dream).output_snapshot is not None
    assert Review.objects.get().dream == dream


def test_an_output_that_was_deleted_is_said_and_not_looked_for_for_ever(ground: Ground, store: Store) -> None:
    (dream,) = launched(ground, store)
    following.refresh_dreams(store.workspace)
    output = again(dream).output_store
    assert output is not None
    ground.sandbox.state.remove("store", output.remote_id)
    ground.settle()
    assert again(dream).next_check_at is None
    assert dream.state == states.COMPLETED
    assert "no longer exists" in dream.problem or "does not find" in dream.problem


def test_what_agents_wrote_before_the_clone_is_settled_even_when_every_wake_up_is_lost(
    ground: Ground, store: Store
) -> None:
    """No task runs in this test: only the sweep does."""
    (dream,) = asked(ground, store)
    dreams._snapshot_input(dream)
    agent_writes(ground.sandbox, store, "/late.md", "Written in between")
    until(lambda: Review.objects.exists(), lambda: sweep_now(store.workspace))
    assert (again(dream).base_quality, dream.uncertain_paths) == ("uncertain", ["/late.md"])


def test_a_clock_that_is_ahead_of_the_vendors_does_not_hide_what_agents_wrote(ground: Ground, store: Store) -> None:
    (dream,) = asked(ground, store)
    dreams._snapshot_input(dream)
    Snapshot.objects.update(taken_at=timezone.now() + timedelta(minutes=5))
    agent_writes(ground.sandbox, store, "/late.md", "Written in between")
    until(lambda: Review.objects.exists(), lambda: sweep_now(store.workspace))
    assert again(dream).uncertain_paths == ["/late.md"]


def test_an_input_that_was_deleted_meanwhile_does_not_keep_the_output_from_review(
    ground: Ground, store: Store
) -> None:
    (dream,) = launched(ground, store)
    ground.sandbox.state.remove("store", store.remote_id)
    ground.settle()
    assert Review.objects.get().dream == dream
    assert again(dream).problem == ""


def test_an_equal_wish_that_is_being_sent_keeps_its_own_dream(ground: Ground, store: Store) -> None:
    """The first launch never arrived; the second one's answer is on its way when the first is looked up."""
    lost, sent = asked(ground, store, 2)
    ground.sandbox.faults([{"method": "POST", "path": "/v1/dreams", "kind": "reset"}])
    dreams.start_dream(lost)
    ground.sandbox.faults([{"method": "POST", "path": "/v1/dreams", "kind": "drop_after_commit"}])
    dreams.start_dream(sent)
    Dream.objects.filter(pk=sent.pk).update(state=states.LAUNCHING, claim="busy", claimed_at=timezone.now())
    dreams.reconcile_dream(again(lost))
    assert again(lost).remote_id == ""
    assert lost.state == states.UNKNOWN
    ground.settle()
    (made,) = ground.dreams_at_vendor()
    assert sorted([again(lost).remote_id, again(sent).remote_id]) == ["", made["id"]]


def test_a_dream_that_another_row_has_is_not_accepted_twice(ground: Ground, store: Store) -> None:
    first, second = asked(ground, store, 2)
    dreams.start_dream(first)
    token = dreams.claim(Dream.objects.filter(pk=second.pk), second.pk, state=states.LAUNCHING)
    assert token is not None
    with dreams.watched(store.workspace) as gateway:
        remote = gateway.dream(again(first).remote_id)
    dreams._accept(second, remote, token)
    assert (again(second).state, second.remote_id, second.claim) == (states.UNKNOWN, "", "")


def test_dreams_started_elsewhere_wait_for_a_person_to_ask_for_their_review(ground: Ground, store: Store) -> None:
    session = put_session(ground.sandbox, store)
    with dreams.watched(store.workspace) as gateway:
        gateway.create_dream(store_id=store.remote_id, session_ids=[session], model="claude-opus-4-8")
    ended_at_vendor(ground)
    ground.settle()
    found = Dream.objects.get()
    assert (found.state, found.origin) == (states.COMPLETED, "found")
    assert found.output_snapshot is not None
    assert not Review.objects.exists()


def test_a_dream_described_in_a_way_nobody_thought_of_keeps_no_other_waiting(
    ground: Ground, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, other = launched(ground, store, 2)
    note = following.note_progress

    def stumble(dream: Dream, remote: object) -> None:
        if dream.pk == odd.pk:
            raise ValueError("a shape nobody thought of")
        note(dream, remote)  # type: ignore[arg-type]

    monkeypatch.setattr(following, "note_progress", stumble)
    Dream.objects.update(next_check_at=timezone.now())
    following.refresh_dreams(store.workspace)
    assert again(other).state == states.COMPLETED
    assert again(odd).state in states.FOLLOWED
    assert "could not be taken over" in odd.problem
    assert odd.next_check_at is not None
    assert odd.next_check_at > timezone.now()
