"""Attaching changes exactly what a person saw, once, and can be taken back to the byte."""

from typing import Any

import pytest

from dreams.access import Forbidden
from dreams.models import Attachment, AuditEvent, Deployment, Review, Store
from dreams.remote.gateway import Gateway
from dreams.services import attachments as service
from dreams.services import deployments
from dreams.services.refusals import Invalid, Refusal, Stale
from tests.factories import agent_deletes, agent_writes, review_applied, review_approved, sweep_now
from tests.people import People
from tests.sandbox import seeds
from tests.sandbox_server import Sandbox

UPDATE = {"method": "POST", "path": "/v1/deployments/*"}
READ = {"method": "GET", "path": "/v1/deployments/depl*"}
REPOSITORY = {"type": "github_repository", "url": "https://github.com/acme/api", "checkout": None, "mount_path": None}
FILE = {"type": "file", "file_id": "file_1", "mount_path": "/data/rates.csv"}


def mount(store: Store, access: str = "read_write", instructions: str | None = "Trust it.") -> dict[str, Any]:
    return {
        "type": "memory_store",
        "memory_store_id": store.remote_id,
        "access": access,
        "instructions": instructions,
    }


@pytest.fixture
def review(people: People, sandbox: Sandbox) -> Review:
    return review_applied(people, sandbox)


@pytest.fixture
def deployment(sandbox: Sandbox, review: Review) -> str:
    """A deployment of the line, beside a file; its id."""
    resources = [FILE, mount(review.before.store, "read_only")]
    made = seeds.deployment(sandbox.state, name="triage", resources=resources)
    service.prepare_attachment(review)
    return str(made["id"])


def resources_of(sandbox: Sandbox, deployment: str) -> Any:
    return (sandbox.state.get("deployment", deployment) or {})["resources"]


def set_resources(sandbox: Sandbox, deployment: str, resources: list[dict[str, Any]]) -> None:
    """Somebody else changes the deployment behind our back."""
    head = sandbox.state.get("deployment", deployment)
    assert head is not None
    sandbox.state.put("deployment", {**head, "resources": resources})


def updates(sandbox: Sandbox) -> int:
    return sum(r["method"] == "POST" and r["path"].startswith("/v1/deployments/") for r in sandbox.requests())


def asked(review: Review, people: People, *deployment_ids: str) -> list[Attachment]:
    """Dave asks for these deployments as he sees them now."""
    offers = {offer.deployment.remote_id: offer.before_digest for offer in service.offers_for(review)}
    return service.attach_store(
        review,
        chosen={id: offers[id] for id in deployment_ids},
        seen_drift=service.drift_digest(service.written_since(review), review),
        by=people.dave,
    )


def attached(review: Review, people: People, deployment: str) -> Attachment:
    [attachment] = asked(review, people, deployment)
    return carried_out(attachment)


def carried_out(attachment: Attachment) -> Attachment:
    service.attach_one(attachment)
    return again(attachment)


def swept(attachment: Attachment) -> Attachment:
    """The sweep's next look, when everything that waits is due."""
    Attachment.objects.filter(pk=attachment.pk, next_check_at__isnull=False).update(next_check_at="2000-01-01T00:00Z")
    sweep_now(attachment.workspace)
    return again(attachment)


def again(attachment: Attachment) -> Attachment:
    return Attachment.objects.get(pk=attachment.pk)


def test_an_offer_shows_the_exact_before_and_after(sandbox: Sandbox, review: Review, deployment: str) -> None:
    [offer] = service.offers_for(review)
    assert offer.swap.before == resources_of(sandbox, deployment)
    assert offer.swap.after == [FILE, mount(review.target, "read_only")]
    assert (offer.swap.problems, offer.attached) == ((), False)
    assert offer.from_store == review.before.store


def test_a_new_name_means_a_new_mount_path_and_is_said(review: Review, deployment: str) -> None:
    assert review.target.name != review.before.store.name
    [offer] = service.offers_for(review)
    assert "Agents find this memory under /mnt/memory/" in offer.swap.notes[0]


def test_only_living_deployments_of_the_line_are_offered(sandbox: Sandbox, review: Review, deployment: str) -> None:
    old = mount(review.before.store)
    seeds.deployment(sandbox.state, name="elsewhere", resources=[{**old, "memory_store_id": "memstore_other"}])
    seeds.deployment(sandbox.state, name="gone", resources=[old], archived_at=sandbox.state.stamp())
    seeds.deployment(sandbox.state, name="paused", resources=[old], status="paused", paused_reason={"type": "manual"})
    service.prepare_attachment(review)
    offers = service.offers_for(review)
    assert [(offer.deployment.name, offer.deployment.status) for offer in offers] == [
        ("paused", "paused"),
        ("triage", "active"),
    ]
    sandbox.state.remove("deployment", deployment)
    service.prepare_attachment(review)
    assert [offer.deployment.name for offer in service.offers_for(review)] == ["paused"]


def test_attaching_changes_one_id_and_nothing_else(
    people: People, sandbox: Sandbox, review: Review, deployment: str
) -> None:
    before = sandbox.state.get("deployment", deployment) or {}
    attachment = attached(review, people, deployment)
    after = sandbox.state.get("deployment", deployment) or {}
    assert (attachment.state, attachment.problem, attachment.claim) == ("done", "", "")
    assert attachment.done_at is not None
    assert after["resources"] == [FILE, mount(review.target, "read_only")]
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"resources", "updated_at"}
    assert updates(sandbox) == 1
    review.line.refresh_from_db()
    assert review.line.current_store == review.target
    assert Deployment.objects.get(remote_id=deployment).resources == after["resources"]
    [offer] = service.offers_for(review)
    assert offer.attached
    assert list(AuditEvent.objects.filter(noun="attachment").values_list("verb", "actor").order_by("id")) == [
        ("asked to attach", "Dave"),
        ("attached", "Dave"),
    ]


def test_asking_for_what_is_attached_already_does_nothing(
    people: People, sandbox: Sandbox, review: Review, deployment: str
) -> None:
    attached(review, people, deployment)
    assert asked(review, people, deployment) == []
    assert updates(sandbox) == 1


def test_only_what_was_chosen_is_attached(people: People, sandbox: Sandbox, review: Review, deployment: str) -> None:
    other = seeds.deployment(sandbox.state, name="other", resources=[mount(review.before.store)])["id"]
    service.prepare_attachment(review)
    attached(review, people, deployment)
    assert resources_of(sandbox, other) == [mount(review.before.store)]
    with pytest.raises(Invalid, match="at least one"):
        asked(review, people)


def test_a_repository_without_its_token_is_refused_with_the_reason(
    people: People, sandbox: Sandbox, review: Review
) -> None:
    made = seeds.deployment(sandbox.state, resources=[mount(review.before.store), REPOSITORY])["id"]
    service.prepare_attachment(review)
    [offer] = service.offers_for(review)
    assert "access token the API never gives back" in offer.swap.problems[0]
    with pytest.raises(Refusal, match="never gives back"):
        asked(review, people, made)
    assert updates(sandbox) == 0


def test_a_deployment_changed_since_it_was_shown_is_not_asked_for(
    people: People, sandbox: Sandbox, review: Review, deployment: str
) -> None:
    set_resources(sandbox, deployment, [mount(review.before.store, instructions="Other words.")])
    with pytest.raises(Stale, match="changed since this page"):
        asked(review, people, deployment)
    assert not Attachment.objects.exists()


def test_a_deployment_deleted_since_it_was_shown_is_not_asked_for(
    people: People, sandbox: Sandbox, review: Review, deployment: str
) -> None:
    sandbox.state.remove("deployment", deployment)
    with pytest.raises(Stale):
        asked(review, people, deployment)


def test_a_deployment_changed_between_asking_and_writing_is_left_alone(
    people: People, sandbox: Sandbox, review: Review, deployment: str
) -> None:
    [attachment] = asked(review, people, deployment)
    theirs = [mount(review.before.store, instructions="Other words.")]
    set_resources(sandbox, deployment, theirs)
    carried_out(attachment)
    attachment = again(attachment)
    assert attachment.state == "refused"
    assert "Nothing was written" in attachment.problem
    assert resources_of(sandbox, deployment) == theirs
    assert updates(sandbox) == 0
    assert Deployment.objects.get(remote_id=deployment).resources == theirs


def test_a_race_that_was_lost_is_reported_with_what_stands_there(
    people: People, sandbox: Sandbox, review: Review, deployment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [attachment] = asked(review, people, deployment)
    theirs = [mount(review.before.store, instructions="Other words.")]
    update = Gateway.update_deployment_resources

    def update_and_be_overtaken(*args: Any) -> Any:
        done = update(*args)
        set_resources(sandbox, deployment, theirs)
        return done

    monkeypatch.setattr(Gateway, "update_deployment_resources", update_and_be_overtaken)
    attachment = carried_out(attachment)
    assert attachment.state == "refused"
    assert "in the same moment" in attachment.problem
    assert attachment.before == [FILE, mount(review.before.store, "read_only")]
    assert attachment.after == [FILE, mount(review.target, "read_only")]
    assert Deployment.objects.get(remote_id=deployment).resources == theirs
    review.line.refresh_from_db()
    assert review.line.current_store == review.before.store


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
def test_an_update_without_a_clear_answer_is_looked_up_before_it_is_sent_again(
    people: People, sandbox: Sandbox, review: Review, deployment: str, fault: dict[str, Any]
) -> None:
    [attachment] = asked(review, people, deployment)
    sandbox.faults([{**UPDATE, **fault}])
    attachment = carried_out(attachment)
    assert (attachment.state, attachment.claim) == ("unknown", "")
    assert attachment.problem
    assert attachment.next_check_at is not None
    attachment = swept(attachment)
    assert (attachment.state, attachment.problem) == ("done", "")
    assert resources_of(sandbox, deployment) == [FILE, mount(review.target, "read_only")]
    committed = fault["kind"] in ("drop_after_commit", "malformed")
    assert updates(sandbox) == (1 if committed else 2)


def test_an_update_whose_reading_back_fails_stays_unconfirmed(
    people: People, sandbox: Sandbox, review: Review, deployment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever changes the deployment after that must not be told that nothing was written."""
    [attachment] = asked(review, people, deployment)
    update = Gateway.update_deployment_resources

    def update_and_break(*args: Any) -> Any:
        done = update(*args)
        sandbox.faults([{**READ, "kind": "status", "status": 500}])
        return done

    with monkeypatch.context() as patched:
        patched.setattr(Gateway, "update_deployment_resources", update_and_break)
        assert carried_out(attachment).state == "unknown"
    set_resources(sandbox, deployment, [mount(review.before.store, instructions="Other words.")])
    attachment = swept(attachment)
    assert attachment.state == "refused"
    assert "Nothing was written" not in attachment.problem
    assert "not known" in attachment.problem


@pytest.mark.parametrize("status", [401, 403, 500])
def test_what_may_have_been_written_stays_unconfirmed_while_it_cannot_be_read(
    people: People, sandbox: Sandbox, review: Review, deployment: str, status: int
) -> None:
    [attachment] = asked(review, people, deployment)
    sandbox.faults([{**UPDATE, "kind": "drop_after_commit"}])
    carried_out(attachment)
    sandbox.faults([{**READ, "kind": "status", "status": status}])
    assert swept(attachment).state == "unknown"
    assert swept(attachment).state == "done"
    assert updates(sandbox) == 1


def test_a_rate_limit_is_waited_out(people: People, sandbox: Sandbox, review: Review, deployment: str) -> None:
    [attachment] = asked(review, people, deployment)
    sandbox.faults([{**UPDATE, "kind": "status", "status": 429, "retry_after": 40}])
    attachment = carried_out(attachment)
    assert attachment.state == "waiting"
    assert attachment.next_check_at is not None
    assert 30 < (attachment.next_check_at - attachment.asked_at).total_seconds() < 60
    assert swept(attachment).state == "done"


@pytest.mark.parametrize("rule", [UPDATE, READ])
@pytest.mark.parametrize("status", [400, 401, 403, 409])
def test_a_refusal_says_why_and_another_try_is_possible(
    people: People, sandbox: Sandbox, review: Review, deployment: str, rule: dict[str, Any], status: int
) -> None:
    [attachment] = asked(review, people, deployment)
    sandbox.faults([{**rule, "kind": "status", "status": status}])
    attachment = carried_out(attachment)
    assert (attachment.state, attachment.next_check_at) == ("refused", None)
    assert attachment.problem
    assert resources_of(sandbox, deployment) == [FILE, mount(review.before.store, "read_only")]
    assert attached(review, people, deployment).state == "done"


def test_a_deployment_that_no_longer_exists_is_said(
    people: People, sandbox: Sandbox, review: Review, deployment: str
) -> None:
    [attachment] = asked(review, people, deployment)
    sandbox.state.remove("deployment", deployment)
    attachment = carried_out(attachment)
    assert (attachment.state, attachment.problem) == ("refused", "This deployment no longer exists.")


class Killed(BaseException):
    """The process ended here."""


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_a_process_killed_around_the_update_is_resumed_without_sending_twice(
    people: People, sandbox: Sandbox, review: Review, deployment: str, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    [attachment] = asked(review, people, deployment)
    update = Gateway.update_deployment_resources

    def kill(*args: Any) -> Any:
        if late:
            update(*args)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Gateway, "update_deployment_resources", kill)
        with pytest.raises(Killed):
            service.attach_one(attachment)
    assert again(attachment).state == "doing"
    assert swept(attachment).state == "done"
    assert updates(sandbox) == 1


def test_one_worker_at_a_time_changes_a_deployment(
    people: People, sandbox: Sandbox, review: Review, deployment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [attachment] = asked(review, people, deployment)
    update = Gateway.update_deployment_resources

    def update_beside_another(*args: Any) -> Any:
        service.attach_one(again(attachment))
        return update(*args)

    monkeypatch.setattr(Gateway, "update_deployment_resources", update_beside_another)
    assert carried_out(attachment).state == "done"
    assert updates(sandbox) == 1


def test_a_worker_that_lost_its_claim_does_not_write(
    people: People, sandbox: Sandbox, review: Review, deployment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [attachment] = asked(review, people, deployment)
    read = Gateway.deployment

    def read_and_be_overtaken(*args: Any) -> Any:
        Attachment.objects.filter(pk=attachment.pk).update(claim="another")
        return read(*args)

    monkeypatch.setattr(Gateway, "deployment", read_and_be_overtaken)
    service.attach_one(attachment)
    assert updates(sandbox) == 0


def test_one_deployment_is_changed_by_one_wish_at_a_time(
    people: People, sandbox: Sandbox, review: Review, deployment: str
) -> None:
    asked(review, people, deployment)
    with pytest.raises(Stale, match="being changed at this moment"):
        asked(review, people, deployment)
    assert Attachment.objects.count() == 1


def test_rolling_back_returns_the_exact_previous_list(
    people: People, sandbox: Sandbox, review: Review, deployment: str
) -> None:
    before = resources_of(sandbox, deployment)
    done = attached(review, people, deployment)
    undo = carried_out(service.undo_attachment(done, by=people.alice))
    assert (undo.state, undo.undoes, undo.by) == ("done", done, people.alice)
    assert resources_of(sandbox, deployment) == before
    review.line.refresh_from_db()
    assert review.line.current_store == review.before.store
    assert AuditEvent.objects.filter(verb="rolled back", actor="Alice").count() == 1
    with pytest.raises(Stale, match="taken back already"):
        service.undo_attachment(again(done), by=people.alice)


def test_a_rollback_is_refused_where_somebody_changed_the_deployment_since(
    people: People, sandbox: Sandbox, review: Review, deployment: str
) -> None:
    done = attached(review, people, deployment)
    theirs = [mount(review.target, instructions="Other words.")]
    set_resources(sandbox, deployment, theirs)
    undo = carried_out(service.undo_attachment(done, by=people.dave))
    assert undo.state == "refused"
    assert resources_of(sandbox, deployment) == theirs


def test_a_rollback_that_was_refused_can_be_asked_for_again(
    people: People, sandbox: Sandbox, review: Review, deployment: str
) -> None:
    done = attached(review, people, deployment)
    sandbox.faults([{**UPDATE, "kind": "status", "status": 403}])
    assert carried_out(service.undo_attachment(done, by=people.dave)).state == "refused"
    undo = carried_out(service.undo_attachment(again(done), by=people.alice))
    assert (undo.state, undo.problem, undo.by) == ("done", "", people.alice)
    assert resources_of(sandbox, deployment) == [FILE, mount(review.before.store, "read_only")]


def test_after_a_rollback_the_store_is_attached_anew_from_its_review(
    people: People, sandbox: Sandbox, review: Review, deployment: str
) -> None:
    undo = carried_out(service.undo_attachment(attached(review, people, deployment), by=people.dave))
    with pytest.raises(Refusal, match="attach the store again"):
        service.undo_attachment(undo, by=people.dave)
    assert attached(review, people, deployment).state == "done"
    assert resources_of(sandbox, deployment) == [FILE, mount(review.target, "read_only")]


def test_what_was_not_attached_is_not_rolled_back(people: People, review: Review, deployment: str) -> None:
    [attachment] = asked(review, people, deployment)
    with pytest.raises(Refusal, match="Only what was attached"):
        service.undo_attachment(attachment, by=people.dave)


def test_a_previous_store_that_is_gone_cannot_be_mounted_again(
    people: People, review: Review, deployment: str
) -> None:
    done = attached(review, people, deployment)
    Store.objects.filter(pk=done.from_store_id).update(archived_at="2026-01-01T00:00Z")
    with pytest.raises(Refusal, match="archived or deleted"):
        service.undo_attachment(again(done), by=people.dave)


def test_what_agents_wrote_since_is_listed_path_by_path(sandbox: Sandbox, review: Review, deployment: str) -> None:
    store = review.before.store
    agent_writes(sandbox, store, "/late.md", "Late")
    agent_writes(sandbox, store, "/people/ana.md", "Ana moved to Porto.")
    agent_deletes(sandbox, store, "/runbooks/rollback.md")
    service.prepare_attachment(review)
    assert [(each.path, each.kind) for each in service.written_since(review)] == [
        ("/late.md", "added"),
        ("/people/ana.md", "changed"),
        ("/runbooks/rollback.md", "removed"),
    ]


def test_a_write_that_was_not_shown_stops_the_attaching(
    people: People, sandbox: Sandbox, review: Review, deployment: str
) -> None:
    agent_writes(sandbox, review.before.store, "/late.md", "Late")
    with pytest.raises(Stale, match="Agents wrote"):
        asked(review, people, deployment)
    assert not Attachment.objects.exists()
    agent_writes(sandbox, review.before.store, "/late.md", "Later")  # the same path again, other bytes
    with pytest.raises(Stale, match="Agents wrote"):
        asked(review, people, deployment)
    assert attached(review, people, deployment).state == "done"


@pytest.mark.parametrize("known", [False, True], ids=["vanishing", "vanished"])
def test_an_input_that_no_longer_exists_does_not_keep_the_reviewed_store_from_being_attached(
    people: People, sandbox: Sandbox, review: Review, deployment: str, known: bool
) -> None:
    sandbox.state.remove("store", review.before.store.remote_id)
    if known:
        service.prepare_attachment(review)
    fresh = Review.objects.get(pk=review.pk)
    assert attached(fresh, people, deployment).state == "done"


def test_a_reviewed_store_that_is_gone_cannot_be_attached(people: People, review: Review, deployment: str) -> None:
    Store.objects.filter(pk=review.target_id).update(gone_at="2026-01-01T00:00Z")
    with pytest.raises(Refusal, match="cannot be mounted"):
        asked(Review.objects.get(pk=review.pk), people, deployment)


def test_a_review_that_is_not_applied_cannot_be_attached(people: People, sandbox: Sandbox) -> None:
    with pytest.raises(Refusal, match="Only an applied review"):
        asked(review_approved(people, sandbox), people)


def test_reviewers_neither_attach_nor_roll_back(people: People, review: Review, deployment: str) -> None:
    with pytest.raises(Forbidden, match="operator"):
        service.attach_store(review, chosen={}, seen_drift="", by=people.bob)
    done = attached(review, people, deployment)
    with pytest.raises(Forbidden, match="operator"):
        service.undo_attachment(done, by=people.bob)


def test_deployments_that_left_the_list_are_marked_gone_and_come_back(
    people: People, sandbox: Sandbox, review: Review, deployment: str
) -> None:
    head = sandbox.state.get("deployment", deployment)
    assert head is not None
    sandbox.state.remove("deployment", deployment)
    deployments.refresh_deployments(review.workspace)
    assert Deployment.objects.get(remote_id=deployment).gone_at is not None
    sandbox.state.put("deployment", head)
    deployments.refresh_deployments(review.workspace)
    assert Deployment.objects.get(remote_id=deployment).gone_at is None
