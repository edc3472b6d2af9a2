"""A dream is launched exactly once whatever happens to the answer, and each end is a state a person can read."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dreams.access import Forbidden
from dreams.models import AuditEvent, Dream, Session, Store
from dreams.rules import dream_states as states
from dreams.services import dreams, following, sessions
from dreams.services.refusals import Invalid, Refusal
from tests.factories import agent_writes, dream_completed, dream_requested, put_session, store_with, sweep_now, until
from tests.people import People
from tests.sandbox_server import Sandbox

CREATE = {"method": "POST", "path": "/v1/dreams", "times": 1}


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


@pytest.fixture
def dream(people: People, sandbox: Sandbox, store: Store) -> Dream:
    return dream_requested(people, sandbox, store, [put_session(sandbox, store)])


def again(dream: Dream) -> Dream:
    dream.refresh_from_db()
    return dream


def launches(sandbox: Sandbox) -> int:
    return sum(r["method"] == "POST" and r["path"] == "/v1/dreams" for r in sandbox.requests())


def test_a_dream_goes_from_the_request_to_an_output_that_is_read(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    dream = dream_completed(people, sandbox, store, [put_session(sandbox, store)])
    assert dream.state == states.COMPLETED
    assert (dream.base_quality, dream.problem) == ("exact", "")
    assert dream.output_store is not None
    assert dream.output_store.line == store.line
    assert dream.output_snapshot is not None
    assert dream.input_tokens > 0
    assert launches(sandbox) == 1
    verbs = list(AuditEvent.objects.filter(noun="dream").order_by("id").values_list("verb", flat=True))
    assert verbs == ["requested dream", "started dream", "dream completed"]


def test_asking_sends_nothing_yet(sandbox: Sandbox, dream: Dream) -> None:
    assert again(dream).state == states.REQUESTED
    assert launches(sandbox) == 0


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ({"kind": "drop_after_commit"}, states.UNKNOWN),
        ({"kind": "reset"}, states.UNKNOWN),
        ({"kind": "malformed", "body": "html"}, states.UNKNOWN),
        ({"kind": "malformed", "body": "empty_object"}, states.UNKNOWN),
        ({"kind": "status", "status": 500}, states.UNKNOWN),
        ({"kind": "status", "status": 529}, states.UNKNOWN),
        ({"kind": "status", "status": 429, "retry_after": 30}, states.SNAPSHOTTING),
        ({"kind": "status", "status": 400}, states.NOT_CREATED),
        ({"kind": "status", "status": 401}, states.NOT_CREATED),
        ({"kind": "status", "status": 404}, states.NOT_CREATED),
    ],
)
def test_each_failure_of_the_launch_ends_in_a_state_with_a_sentence(
    sandbox: Sandbox, dream: Dream, fault: dict[str, object], state: str
) -> None:
    sandbox.faults([{**CREATE, **fault}])
    dreams.start_dream(dream)
    assert again(dream).state == state
    assert dream.problem
    assert dream.claim == ""
    assert launches(sandbox) == 1


def test_a_launch_whose_answer_was_lost_is_found_in_the_list_and_not_sent_again(
    sandbox: Sandbox, dream: Dream
) -> None:
    sandbox.faults([{**CREATE, "kind": "drop_after_commit"}])
    dreams.start_dream(dream)
    assert again(dream).state == states.UNKNOWN
    dreams.reconcile_dream(dream)
    assert again(dream).state in states.FOLLOWED | states.FINAL
    assert dream.remote_id
    assert launches(sandbox) == 1


def test_two_lost_launches_of_the_same_wish_find_a_dream_each(people: People, sandbox: Sandbox, store: Store) -> None:
    session = put_session(sandbox, store)
    first = dream_requested(people, sandbox, store, [session])
    Dream.objects.filter(pk=first.pk).update(requested_by=people.alice)  # Dave's own would be a double click
    twins = [first, dream_requested(people, sandbox, store, [session])]
    sandbox.faults([{**CREATE, "times": 2, "kind": "drop_after_commit"}])
    for twin in twins:
        dreams.start_dream(twin)
    for twin in twins:
        dreams.reconcile_dream(again(twin))
    assert len({again(twin).remote_id for twin in twins} - {""}) == 2


def test_a_launch_that_never_arrived_is_given_up_only_after_half_an_hour(sandbox: Sandbox, dream: Dream) -> None:
    sandbox.faults([{**CREATE, "kind": "reset"}])
    dreams.start_dream(dream)
    for _ in range(8):
        dreams.reconcile_dream(again(dream))
    assert again(dream).state == states.UNKNOWN
    Dream.objects.filter(pk=dream.pk).update(launch_sent_at=timezone.now() - timedelta(minutes=31))
    dreams.reconcile_dream(again(dream))
    assert again(dream).state == states.NOT_CREATED
    assert "You may ask again" in dream.problem
    assert launches(sandbox) == 1


def test_a_process_killed_while_launching_leaves_a_dream_that_is_looked_up(sandbox: Sandbox, dream: Dream) -> None:
    sandbox.faults([{**CREATE, "kind": "reset"}])
    dreams.start_dream(dream)
    long_ago = timezone.now() - timedelta(hours=1)
    Dream.objects.filter(pk=dream.pk).update(state=states.LAUNCHING, claim="dead", claimed_at=long_ago)
    dreams.find_lost_launches(dream.workspace)
    assert again(dream).state == states.UNKNOWN
    assert launches(sandbox) == 1


def test_a_launch_in_progress_is_not_taken_for_a_dead_one(sandbox: Sandbox, dream: Dream) -> None:
    Dream.objects.filter(pk=dream.pk).update(state=states.LAUNCHING, claim="busy", claimed_at=timezone.now())
    dreams.find_lost_launches(dream.workspace)
    assert again(dream).state == states.LAUNCHING
    dreams.start_dream(dream)
    assert launches(sandbox) == 0


def test_a_key_without_the_beta_ends_the_dream_and_nothing_else(
    people: People, sandbox: Sandbox, dream: Dream
) -> None:
    sandbox.faults([{"method": "*", "path": "/v1/dreams*", "times": 99, "kind": "status", "status": 404}])
    dreams.start_dream(dream)
    assert again(dream).state == states.NOT_CREATED
    assert "not enrolled" in dream.problem
    people.workspace.refresh_from_db()
    assert people.workspace.dreams_refused_at is not None
    sweep_now(dream.workspace)
    people.workspace.refresh_from_db()
    assert people.workspace.outage == ""


def test_the_sweep_follows_all_running_dreams_with_one_call(people: People, sandbox: Sandbox, store: Store) -> None:
    sandbox.state.speed = 0.001
    session = put_session(sandbox, store)
    for _ in range(3):
        dreams.start_dream(dream_requested(people, sandbox, store, [session]))
    sandbox.requests(clear=True)
    Dream.objects.update(next_check_at=timezone.now())
    following.refresh_dreams(store.workspace)
    assert [(r["method"], r["path"]) for r in sandbox.requests()] == [("GET", "/v1/dreams")]


def test_a_running_dream_is_canceled_and_keeps_what_it_wrote(people: People, sandbox: Sandbox, dream: Dream) -> None:
    sandbox.state.speed = 0.001
    dreams.start_dream(dream)
    canceled = dreams.cancel_dream(again(dream), by=people.dave)
    assert canceled.state == states.CANCELED
    with pytest.raises(Refusal, match="already ended"):
        dreams.cancel_dream(canceled, by=people.dave)


def test_a_dream_that_was_not_sent_yet_is_simply_taken_back(people: People, sandbox: Sandbox, dream: Dream) -> None:
    dreams.cancel_dream(dream, by=people.dave)
    dreams.start_dream(again(dream))
    assert dream.state == states.NOT_CREATED
    assert launches(sandbox) == 0


@pytest.mark.parametrize(("word", "error"), [("fail", "internal_error"), ("timeout", "timeout")])
def test_a_dream_that_fails_says_why(people: People, sandbox: Sandbox, store: Store, word: str, error: str) -> None:
    sessions_ = [put_session(sandbox, store)]
    sessions.refresh_sessions(store.workspace)
    dream = dreams.request_dream(
        store, session_ids=sessions_, model="claude-opus-4-8", instructions=f"[sandbox:{word}]", by=people.dave
    )
    until(lambda: again(dream).state in states.FINAL, lambda: sweep_now(store.workspace))
    assert (dream.state, dream.error_type) == (states.FAILED, error)
    assert not dream.reviews.exists()


def test_a_store_archived_half_way_fails_the_dream(
    people: People, sandbox: Sandbox, store: Store, dream: Dream
) -> None:
    sandbox.state.speed = 0.001
    dreams.start_dream(dream)
    head = sandbox.state.get("store", store.remote_id)
    assert head is not None
    sandbox.state.put("store", {**head, "archived_at": sandbox.state.stamp()})
    sandbox.state.speed = 1000
    until(lambda: again(dream).state in states.FINAL, lambda: sweep_now(store.workspace))
    assert (dream.state, dream.error_type) == (states.FAILED, "input_memory_store_unavailable")


def test_a_dream_the_vendor_forgot_ends_with_a_sentence(people: People, sandbox: Sandbox, dream: Dream) -> None:
    dreams.start_dream(dream)
    sandbox.state.remove("dream", again(dream).remote_id)
    sweep_now(dream.workspace)
    assert again(dream).state == states.FAILED
    assert "no longer knows" in dream.problem


def test_final_states_never_move(people: People, sandbox: Sandbox, store: Store) -> None:
    dream = dream_completed(people, sandbox, store, [put_session(sandbox, store)])
    remote = dreams.watched  # the same door the services use
    with remote(store.workspace) as gateway:
        record = gateway.dream(dream.remote_id)
    from dataclasses import replace

    following.note_progress(dream, replace(record, status="running"))
    assert again(dream).state == states.COMPLETED


def test_paths_written_between_the_snapshot_and_the_clone_are_uncertain(
    people: People, sandbox: Sandbox, store: Store, dream: Dream
) -> None:
    dreams._snapshot_input(dream)
    agent_writes(sandbox, store, "/late.md", "Written in between")
    until(lambda: again(dream).state in states.FINAL, lambda: sweep_now(store.workspace))
    sweep_now(store.workspace)
    following.settle_base(again(dream))
    assert again(dream).base_quality == "uncertain"
    assert dream.uncertain_paths == ["/late.md"]


def test_an_output_that_is_missing_for_a_moment_is_looked_at_again(
    people: People, sandbox: Sandbox, store: Store, dream: Dream
) -> None:
    dreams.start_dream(dream)
    until(
        lambda: (sandbox.state.get("dream", again(dream).remote_id) or {}).get("status") == "completed",
        lambda: sandbox.requests() and store.workspace and following.find_dreams(store.workspace),
    )
    remote = sandbox.state.get("dream", dream.remote_id)
    assert remote is not None
    sandbox.state.put("dream", {**remote, "outputs": []})
    for _ in range(3):
        sweep_now(store.workspace)
    assert again(dream).output_snapshot is None
    assert dream.next_check_at is not None
    sandbox.state.put("dream", remote)
    sweep_now(store.workspace)
    assert again(dream).output_snapshot is not None


@pytest.mark.parametrize("count", [0, 101])
def test_a_dream_reads_one_to_a_hundred_sessions(people: People, store: Store, count: int) -> None:
    with pytest.raises(Invalid, match="1 to 100 sessions"):
        dreams.request_dream(
            store, session_ids=[f"sesn_{i}" for i in range(count)], model="m", instructions="", by=people.dave
        )


def test_instructions_have_a_limit(people: People, sandbox: Sandbox, store: Store) -> None:
    with pytest.raises(Invalid, match="4,096"):
        dreams.request_dream(store, session_ids=["sesn_1"], model="m", instructions="x" * 4097, by=people.dave)


def test_a_session_deleted_meanwhile_is_named_before_anything_is_sent(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    Session.objects.all().delete()
    with pytest.raises(Invalid, match="no longer exist"):
        dreams.request_dream(store, session_ids=["sesn_gone"], model="m", instructions="", by=people.dave)


def test_a_reviewer_may_not_start_dreams(people: People, store: Store) -> None:
    with pytest.raises(Forbidden, match="operator"):
        dreams.request_dream(store, session_ids=["sesn_1"], model="m", instructions="", by=people.bob)


def test_dreams_started_elsewhere_are_found_once(people: People, sandbox: Sandbox, store: Store) -> None:
    session = put_session(sandbox, store)
    with dreams.watched(store.workspace) as gateway:
        made = gateway.create_dream(store_id=store.remote_id, session_ids=[session], model="claude-opus-4-8")
    assert following.find_dreams(store.workspace) == 1
    assert following.find_dreams(store.workspace) == 0
    found = Dream.objects.get(remote_id=made.id)
    assert (found.origin, found.requested_by, found.line) == ("found", None, store.line)
