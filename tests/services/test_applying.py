"""Applying writes exactly what was confirmed, once, whatever the vendor answers and whenever a process is killed."""

from collections.abc import Callable

import pytest

from dreams.access import Forbidden
from dreams.models import ApplyRun, ApplyStep, AuditEvent, Memory, Review, Store, Text
from dreams.remote.gateway import Gateway
from dreams.rules import review_states as states
from dreams.services import applying, reviews, stores
from dreams.services.refusals import Refusal, Stale
from dreams.services.reviews import decided_store
from tests.factories import agent_deletes, agent_writes, review_applied, review_approved, review_open, sweep_now
from tests.people import People
from tests.sandbox_server import Sandbox

CREATE = {"method": "POST", "path": "/v1/memory_stores/*/memories"}
UPDATE = {"method": "POST", "path": "/v1/memory_stores/*/memories/mem_*"}
DELETE = {"method": "DELETE", "path": "/v1/memory_stores/*/memories/mem_*"}
STEPS = {"create": CREATE, "update": UPDATE, "delete": DELETE}
PATHS = {"create": "/scratch/today.md", "update": "/people/ana.md", "delete": "/_index.md"}
EDITED = "# Ana\n\nEdited by Bob.\n"


@pytest.fixture
def review(people: People, sandbox: Sandbox) -> Review:
    """An approved review whose plan is one create, one update and one delete."""
    review = review_open(people, sandbox)
    for change in review.changes.filter(state=states.UNDECIDED):
        edited = change.kind == "merged"
        outcome, texts = (states.EDITED, {PATHS["update"]: EDITED}) if edited else (states.KEPT, None)
        reviews.decide_change(change, outcome, by=people.bob, seen_seq=change.seq, texts=texts)
    return reviews.approve_review(review, by=people.bob)


@pytest.fixture
def run(people: People, review: Review) -> ApplyRun:
    """That review planned and confirmed; nothing written yet."""
    planned, _ = applying.plan_review(review, by=people.dave)
    assert planned is not None
    return applying.confirm_run(planned, digest=planned.plan_digest, by=people.dave)


def carry_on(run: ApplyRun) -> ApplyRun:
    """The sweep's next look, when everything that waits is due."""
    ApplyRun.objects.filter(pk=run.pk, next_check_at__isnull=False).update(next_check_at="2000-01-01T00:00Z")
    sweep_now(run.review.workspace)
    run.refresh_from_db()
    return run


def step_of(run: ApplyRun, op: str) -> ApplyStep:
    return run.steps.get(op=op)


def at_vendor(sandbox: Sandbox, store: Store) -> dict[str, str]:
    return {memory["path"]: memory["content_sha256"] for memory in sandbox.state.memories(store.remote_id)}


def writes(sandbox: Sandbox) -> list[str]:
    """The writes to memories so far, by what they are."""
    asked = [(r["method"], r["path"].count("/")) for r in sandbox.requests() if "/memories" in r["path"]]
    names = {("POST", 4): "create", ("POST", 5): "update", ("DELETE", 5): "delete"}
    return [names[each] for each in asked if each in names]


def test_a_plan_creates_updates_and_deletes_and_each_step_is_recorded(sandbox: Sandbox, run: ApplyRun) -> None:
    assert [(step.op, step.path) for step in run.steps.all()] == list(PATHS.items())
    applying.apply_run(run)
    run.refresh_from_db()
    assert (run.state, run.problem, run.claim) == ("done", "", "")
    assert at_vendor(sandbox, run.target) == decided_store(run.review)
    assert {step.state for step in run.steps.all()} == {"done"}
    newest = {v["id"] for v in sandbox.state.versions(run.target.remote_id)[:3]}
    assert {step_of(run, "create").version_id, step_of(run, "update").version_id} < newest
    assert Review.objects.get(pk=run.review_id).state == states.APPLIED
    assert writes(sandbox) == ["create", "update", "delete"]


@pytest.mark.parametrize("op", STEPS)
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_after_commit"},
        {"kind": "reset"},
        {"kind": "malformed", "body": "html"},
        {"kind": "malformed", "body": "empty_object"},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 529},
    ],
    ids=lambda fault: "-".join(str(part) for part in fault.values()),
)
def test_a_step_without_a_clear_answer_is_looked_up_before_it_is_sent_again(
    sandbox: Sandbox, run: ApplyRun, op: str, fault: dict[str, object]
) -> None:
    sandbox.faults([{**STEPS[op], **fault}])
    applying.apply_run(run)
    run.refresh_from_db()
    assert (run.state, step_of(run, op).state) == ("running", "unknown")
    assert run.problem
    assert run.claim == ""
    assert run.next_check_at is not None
    done_already = writes(sandbox)
    carry_on(run)
    assert (run.state, run.problem) == ("done", "")
    assert at_vendor(sandbox, run.target) == decided_store(run.review)
    committed = fault["kind"] in ("drop_after_commit", "malformed")
    again = writes(sandbox)[len(done_already) :]
    assert (op in again) is not committed
    if op != "delete":
        assert step_of(run, op).version_id


@pytest.mark.parametrize("op", STEPS)
def test_a_step_that_is_answered_too_late_is_looked_up(
    sandbox: Sandbox, run: ApplyRun, op: str, settings: object
) -> None:
    settings.VENDOR_DEADLINE_SECONDS = 0.3  # type: ignore[attr-defined]
    sandbox.faults([{**STEPS[op], "kind": "slow", "seconds": 0.9}])
    applying.apply_run(run)
    assert step_of(run, op).state == "unknown"
    settings.VENDOR_DEADLINE_SECONDS = 20  # type: ignore[attr-defined]
    carry_on(run)
    assert run.state == "done"
    assert at_vendor(sandbox, run.target) == decided_store(run.review)


@pytest.mark.parametrize("op", STEPS)
def test_a_rate_limit_is_waited_out(sandbox: Sandbox, run: ApplyRun, op: str) -> None:
    sandbox.faults([{**STEPS[op], "kind": "status", "status": 429, "retry_after": 40}])
    applying.apply_run(run)
    run.refresh_from_db()
    assert (run.state, step_of(run, op).state) == ("running", "planned")
    assert "slow down" in run.problem
    assert run.next_check_at is not None
    assert run.confirmed_at is not None
    assert 30 < (run.next_check_at - run.confirmed_at).total_seconds() < 60
    sweep_now(run.review.workspace)
    assert step_of(run, op).state == "planned"  # not due yet
    carry_on(run)
    assert run.state == "done"
    assert writes(sandbox).count(op) == 2


@pytest.mark.parametrize("op", STEPS)
@pytest.mark.parametrize("status", [400, 409, 413])
def test_a_refused_step_blocks_itself_and_the_rest_goes_on(
    people: People, sandbox: Sandbox, run: ApplyRun, op: str, status: int
) -> None:
    sandbox.faults([{**STEPS[op], "kind": "status", "status": status}])
    applying.apply_run(run)
    run.refresh_from_db()
    assert {step.op: step.state for step in run.steps.all()} == {name: "done" for name in STEPS} | {op: "blocked"}
    assert step_of(run, op).problem
    assert run.state == "blocked"
    assert PATHS[op] in run.problem
    review = Review.objects.get(pk=run.review_id)
    assert review.state == states.APPROVED
    again, drift = applying.plan_review(review, by=people.dave)
    assert again is not None
    assert drift == []
    assert [step.op for step in again.steps.all()] == [op]
    applying.apply_run(applying.confirm_run(again, digest=again.plan_digest, by=people.dave))
    assert Review.objects.get(pk=review.pk).state == states.APPLIED


@pytest.mark.parametrize("op", STEPS)
@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_stops_the_run_with_a_sentence(
    sandbox: Sandbox, run: ApplyRun, op: str, status: int
) -> None:
    sandbox.faults([{**STEPS[op], "kind": "status", "status": status}])
    applying.apply_run(run)
    run.refresh_from_db()
    assert (run.state, step_of(run, op).state) == ("blocked", "planned")
    assert "key" in run.problem
    assert Review.objects.get(pk=run.review_id).state == states.APPROVED


def test_a_memory_deleted_by_an_agent_needs_no_deleting(sandbox: Sandbox, run: ApplyRun) -> None:
    agent_deletes(sandbox, run.target, PATHS["delete"])
    applying.apply_run(run)
    run.refresh_from_db()
    assert (run.state, step_of(run, "delete").state) == ("done", "done")


@pytest.mark.parametrize("op", STEPS)
def test_what_an_agent_wrote_after_the_plan_is_never_overwritten(sandbox: Sandbox, run: ApplyRun, op: str) -> None:
    agent_writes(sandbox, run.target, PATHS[op], "An agent was here")
    applying.apply_run(run)
    run.refresh_from_db()
    assert (run.state, step_of(run, op).state) == ("blocked", "blocked")
    memory = sandbox.state.memory_at(run.target.remote_id, PATHS[op])
    assert memory is not None
    assert memory["content"] == "An agent was here"


def test_a_memory_that_vanished_is_not_written_to(sandbox: Sandbox, run: ApplyRun) -> None:
    agent_deletes(sandbox, run.target, PATHS["update"])
    applying.apply_run(run)
    run.refresh_from_db()
    assert (run.state, step_of(run, "update").state) == ("blocked", "blocked")
    assert sandbox.state.memory_at(run.target.remote_id, PATHS["update"]) is None


def test_a_store_deleted_while_applying_ends_the_run_with_a_sentence(sandbox: Sandbox, run: ApplyRun) -> None:
    sandbox.state.remove("store", run.target.remote_id)
    applying.apply_run(run)
    run.refresh_from_db()
    assert run.state == "blocked"
    assert "deleted" in run.problem
    assert Review.objects.get(pk=run.review_id).state == states.APPROVED


def test_a_text_that_was_purged_here_is_not_written_as_an_empty_memory(sandbox: Sandbox, run: ApplyRun) -> None:
    sha = step_of(run, "update").target_sha
    Text.objects.filter(sha256=sha).update(body=None, purged_at="2026-01-01T00:00Z", purged_by="Alice")
    applying.apply_run(run)
    run.refresh_from_db()
    assert (run.state, step_of(run, "update").state) == ("blocked", "blocked")
    assert "purged" in step_of(run, "update").problem
    assert "update" not in writes(sandbox)


class Killed(BaseException):
    """The process ended here."""


def killed_before(method: Callable[..., object]) -> Callable[..., object]:
    def kill(*args: object, **given: object) -> object:
        raise Killed

    return kill


def killed_after(method: Callable[..., object]) -> Callable[..., object]:
    def kill(*args: object, **given: object) -> object:
        method(*args, **given)
        raise Killed

    return kill


@pytest.mark.parametrize("op", STEPS)
@pytest.mark.parametrize("moment", [killed_before, killed_after])
def test_a_process_killed_around_a_write_is_resumed_without_writing_twice(
    sandbox: Sandbox, run: ApplyRun, op: str, moment: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{op}_memory"
    with monkeypatch.context() as patched:
        patched.setattr(Gateway, name, moment(getattr(Gateway, name)))
        with pytest.raises(Killed):
            applying.apply_run(run)
    assert step_of(run, op).state == "doing"
    assert Review.objects.get(pk=run.review_id).state == states.APPLYING
    carry_on(run)
    assert run.state == "done"
    assert at_vendor(sandbox, run.target) == decided_store(run.review)
    assert sorted(writes(sandbox)) == sorted(STEPS)


@pytest.mark.parametrize("where", ["sync_store", "_end"])
def test_a_process_killed_after_the_last_write_only_has_to_look(
    sandbox: Sandbox, run: ApplyRun, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(applying, where, killed_before(getattr(applying, where)))
        with pytest.raises(Killed):
            applying.apply_run(run)
    # A real kill releases nothing: the claim is still there, and runs out.
    ApplyRun.objects.filter(pk=run.pk).update(claim="dead", claimed_at="2020-01-01T00:00Z")
    carry_on(run)
    assert run.state == "done"
    assert writes(sandbox) == list(STEPS)


def test_a_run_that_is_being_carried_out_is_left_to_its_worker(
    sandbox: Sandbox, run: ApplyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second worker starts in the middle of the first one's write."""
    write, starts = Gateway.create_memory, []

    def write_beside_another(*args: object, **given: object) -> object:
        starts.append(1)
        applying.apply_run(ApplyRun.objects.get(pk=run.pk))
        return write(*args, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(Gateway, "create_memory", write_beside_another)
    applying.apply_run(run)
    run.refresh_from_db()
    assert run.state == "done"
    assert len(starts) == 1
    assert writes(sandbox) == list(STEPS)


def test_a_worker_that_lost_its_claim_stops(sandbox: Sandbox, run: ApplyRun, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Gateway.create_memory

    def write_and_be_overtaken(*args: object, **given: object) -> object:
        done = write(*args, **given)  # type: ignore[arg-type]
        ApplyRun.objects.filter(pk=run.pk).update(claim="another")
        return done

    monkeypatch.setattr(Gateway, "create_memory", write_and_be_overtaken)
    applying.apply_run(run)
    run.refresh_from_db()
    assert (run.state, run.claim) == ("running", "another")
    assert writes(sandbox) == ["create"]


def test_a_lost_write_is_looked_up_in_what_changed_and_not_by_walking_the_store(
    sandbox: Sandbox, run: ApplyRun
) -> None:
    sandbox.faults([{**CREATE, "kind": "drop_after_commit"}])
    applying.apply_run(run)
    sandbox.requests(clear=True)
    carry_on(run)
    assert run.state == "done"
    walks = [r for r in sandbox.requests() if r["method"] == "GET" and r["path"].endswith("/memories")]
    assert walks == []


def test_a_write_that_was_given_up_on_and_came_late_is_recognised(
    sandbox: Sandbox, run: ApplyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It arrives after it was looked up and before it is sent again."""
    write = Gateway.create_memory

    def write_after_another(gateway: Gateway, store_id: str, path: str, content: str) -> object:
        agent_writes(sandbox, run.target, path, content)
        return write(gateway, store_id, path, content)

    monkeypatch.setattr(Gateway, "create_memory", write_after_another)
    applying.apply_run(run)
    run.refresh_from_db()
    assert (run.state, step_of(run, "create").state) == ("done", "done")


def test_nothing_is_written_before_somebody_confirmed(people: People, sandbox: Sandbox, review: Review) -> None:
    planned, _ = applying.plan_review(review, by=people.dave)
    assert planned is not None
    applying.apply_run(planned)
    sweep_now(review.workspace)
    assert ApplyRun.objects.get(pk=planned.pk).state == "planned"
    assert writes(sandbox) == []


def test_only_the_plan_that_was_shown_can_be_confirmed(people: People, review: Review) -> None:
    planned, _ = applying.plan_review(review, by=people.dave)
    assert planned is not None
    with pytest.raises(Stale, match="not the plan you were shown"):
        applying.confirm_run(planned, digest="0" * 64, by=people.dave)
    assert ApplyRun.objects.get(pk=planned.pk).state == "planned"


def test_a_newer_plan_replaces_the_older(people: People, review: Review) -> None:
    old, _ = applying.plan_review(review, by=people.dave)
    new, _ = applying.plan_review(review, by=people.dave)
    assert old is not None
    assert new is not None
    assert ApplyRun.objects.get(pk=old.pk).state == "abandoned"
    with pytest.raises(Stale, match="replaced or withdrawn"):
        applying.confirm_run(old, digest=old.plan_digest, by=people.dave)
    applying.confirm_run(new, digest=new.plan_digest, by=people.dave)
    with pytest.raises(Stale):
        applying.confirm_run(new, digest=new.plan_digest, by=people.dave)
    assert AuditEvent.objects.filter(verb="confirmed applying").count() == 1


def test_a_plan_over_decisions_that_were_changed_since_cannot_be_confirmed(people: People, review: Review) -> None:
    """The plan was being made while somebody reopened the review, decided otherwise and approved again."""
    planned, _ = applying.plan_review(review, by=people.dave)
    assert planned is not None
    reviews.reopen_review(review, by=people.bob)
    change = review.changes.get(kind="added")
    reviews.decide_change(change, states.ACCEPTED, by=people.bob, seen_seq=change.seq)
    reviews.approve_review(review, by=people.bob)
    ApplyRun.objects.filter(pk=planned.pk).update(state="planned", ended_at=None)
    with pytest.raises(Stale, match="decisions"):
        applying.confirm_run(planned, digest=planned.plan_digest, by=people.dave)


def test_an_output_that_somebody_else_changed_is_refused_path_by_path(
    people: People, sandbox: Sandbox, review: Review
) -> None:
    agent_writes(sandbox, review.target, "/people/ana.md", "Somebody was here")
    agent_writes(sandbox, review.target, "/new.md", "And here")
    agent_deletes(sandbox, review.target, "/runbooks/deploy.md")
    planned, drift = applying.plan_review(review, by=people.dave)
    assert planned is None
    assert [each.path for each in drift] == ["/new.md", "/people/ana.md", "/runbooks/deploy.md"]
    assert not ApplyRun.objects.exists()


def test_a_drift_that_is_put_back_lets_the_plan_be_made(people: People, sandbox: Sandbox, review: Review) -> None:
    before = sandbox.state.memory_at(review.target.remote_id, "/people/ana.md")
    assert before is not None
    agent_writes(sandbox, review.target, "/people/ana.md", "Somebody was here")
    assert applying.plan_review(review, by=people.dave)[0] is None
    agent_writes(sandbox, review.target, "/people/ana.md", before["content"])
    assert applying.plan_review(review, by=people.dave)[0] is not None


def test_an_output_that_is_gone_or_archived_is_said_in_words(people: People, sandbox: Sandbox, review: Review) -> None:
    head = sandbox.state.get("store", review.target.remote_id)
    assert head is not None
    sandbox.state.put("store", {**head, "archived_at": sandbox.state.stamp()})
    stores.refresh_stores(review.workspace)
    with pytest.raises(Refusal, match="archived"):
        applying.plan_review(Review.objects.get(pk=review.pk), by=people.dave)
    sandbox.state.remove("store", review.target.remote_id)
    with pytest.raises(Refusal, match="no longer exists"):
        applying.plan_review(Review.objects.get(pk=review.pk), by=people.dave)


def test_a_review_that_waits_cannot_be_planned(people: People, sandbox: Sandbox) -> None:
    with pytest.raises(Refusal, match="Only an approved review"):
        applying.plan_review(review_open(people, sandbox), by=people.dave)


def test_reviewers_neither_plan_nor_confirm(people: People, review: Review) -> None:
    with pytest.raises(Forbidden, match="operator"):
        applying.plan_review(review, by=people.bob)
    planned, _ = applying.plan_review(review, by=people.dave)
    assert planned is not None
    with pytest.raises(Forbidden, match="operator"):
        applying.confirm_run(planned, digest=planned.plan_digest, by=people.bob)


def test_a_plan_of_no_steps_is_applied_by_looking(people: People, sandbox: Sandbox) -> None:
    review = review_approved(people, sandbox)
    planned, _ = applying.plan_review(review, by=people.dave)
    assert planned is not None
    assert planned.steps.count() == 0
    applying.apply_run(applying.confirm_run(planned, digest=planned.plan_digest, by=people.dave))
    planned.refresh_from_db()
    assert planned.state == "done"
    assert writes(sandbox) == []


def test_the_reviewed_store_can_be_made_current_where_nobody_mounts_the_line(people: People, sandbox: Sandbox) -> None:
    review = review_applied(people, sandbox)
    assert review.line.current_store == review.before.store
    with pytest.raises(Forbidden, match="operator"):
        applying.make_current(review, by=people.bob)
    assert applying.make_current(review, by=people.dave).current_store == review.target
    assert AuditEvent.objects.filter(verb="made store current").count() == 1


def test_only_an_applied_review_with_a_living_store_becomes_current(
    people: People, sandbox: Sandbox, review: Review
) -> None:
    with pytest.raises(Refusal, match="applied"):
        applying.make_current(review, by=people.dave)
    Review.objects.filter(pk=review.pk).update(state=states.APPLIED)
    Store.objects.filter(pk=review.target_id).update(gone_at="2026-01-01T00:00Z")
    with pytest.raises(Refusal, match="deleted"):
        applying.make_current(Review.objects.get(pk=review.pk), by=people.dave)


def test_every_byte_that_is_written_is_the_decided_one(sandbox: Sandbox, run: ApplyRun) -> None:
    applying.apply_run(run)
    assert Memory.objects.get(store=run.target, path=PATHS["update"]).text.text == EDITED
