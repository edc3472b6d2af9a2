"""Without a dream: what agents wrote is compared in a task, reviewed by the team, and the live store put right."""

from datetime import datetime

import pytest
from django.utils import timezone

from dreams.access import Forbidden
from dreams.models import AuditEvent, Comparison, Difference, MemoryVersion, Review, Snapshot, Store, Text
from dreams.rules import review_states as states
from dreams.rules.moments import parse_moment
from dreams.services import applying, attachments, moments, purging, restoring, reviews, stores
from dreams.services.comparing import Piece, pieces_of
from dreams.services.refusals import Refusal, Stale
from dreams.services.snapshots import replay_snapshot, shas_now, texts_of
from dreams.services.texts import digest_of
from tests.factories import AGENT_WRITES, NOTES, agent_writes, connect, put_store
from tests.people import People
from tests.sandbox_server import Sandbox
from tests.views.comparing import WRONG, compared, since, written_since
from tests.views.reviewing import change_at, decide_all


@pytest.fixture
def ends(people: People, sandbox: Sandbox) -> tuple[str, str]:
    store, then = written_since(people, sandbox)
    ends = since(store, then)
    compared(store, *ends)
    return ends


def opened(people: People, ends: tuple[str, str]) -> Review:
    before, after = (parse_moment(said) for said in ends)
    assert before and after
    return moments.open_review(people.workspace, before, after, by=people.bob)


def applied(review: Review, people: People) -> Review:
    reviews.approve_review(review, by=people.alice)
    run, drift = applying.plan_review(review, by=people.dave)
    assert run is not None, drift
    applying.apply_run(applying.confirm_run(run, digest=run.plan_digest, by=people.dave))
    review.refresh_from_db()
    return review


def held(sandbox: Sandbox, store: Store) -> dict[str, str]:
    return {memory["path"]: memory["content"] for memory in sandbox.state.memories(store.remote_id)}


def test_originals_that_are_kept_are_written_back_into_the_live_store(
    people: People, sandbox: Sandbox, ends: tuple[str, str]
) -> None:
    review = opened(people, ends)
    outcomes = {"/runbooks/deploy.md": "kept", "/people/bo.md": "accepted", "/scratch/today.md": "kept"}
    for path, outcome in outcomes.items():
        change = change_at(review, path)
        reviews.decide_change(change, outcome, by=people.bob, seen_seq=change.seq)
    assert held(sandbox, review.target)["/runbooks/deploy.md"] == WRONG
    assert applied(review, people).state == states.APPLIED
    assert held(sandbox, review.target) == {**NOTES, "/people/bo.md": "Bo likes tea.\n"}
    assert [event.actor for event in AuditEvent.objects.filter(verb="applied review")] == ["Dave"]


def test_what_an_agent_writes_during_the_review_is_never_overwritten(
    people: People, sandbox: Sandbox, ends: tuple[str, str]
) -> None:
    review = opened(people, ends)
    decide_all(review, people.bob, "kept")
    agent_writes(sandbox, review.target, "/runbooks/deploy.md", "Newer still.")
    reviews.approve_review(review, by=people.alice)
    run, drift = applying.plan_review(review, by=people.dave)
    assert run is None
    assert [each.path for each in drift] == ["/runbooks/deploy.md"]
    assert held(sandbox, review.target)["/runbooks/deploy.md"] == "Newer still."


def test_what_an_agent_writes_while_the_plan_is_made_is_never_overwritten(
    people: People, sandbox: Sandbox, ends: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process reads the store right after the plan looked for drift."""
    review = opened(people, ends)
    decide_all(review, people.bob, "kept")

    look = applying.output_drift

    def drift_then_a_write(review: Review) -> list[applying.Drift]:
        found = look(review)
        agent_writes(sandbox, review.target, "/runbooks/deploy.md", "Newer still.")
        stores.sync_store(review.target)
        return found

    reviews.approve_review(review, by=people.alice)
    monkeypatch.setattr(applying, "output_drift", drift_then_a_write)
    run, _ = applying.plan_review(review, by=people.dave)
    assert run is not None
    applying.apply_run(applying.confirm_run(run, digest=run.plan_digest, by=people.dave))
    assert held(sandbox, review.target)["/runbooks/deploy.md"] == "Newer still."


def test_a_path_that_cannot_be_told_is_neither_put_back_nor_taken_away(people: People, sandbox: Sandbox) -> None:
    """Its original is not known: keeping "the original" would delete what agents read."""
    store, then = written_since(people, sandbox)
    old = MemoryVersion.objects.filter(store=store, path="/runbooks/deploy.md", created_at__lte=then)
    old.update(path="", sha256="", redacted_at=then)
    ends = since(store, then)
    compared(store, *ends)
    review = opened(people, ends)
    assert review.before.uncertain_paths == ["/runbooks/deploy.md"]
    decide_all(review, people.bob, "kept")
    assert applied(review, people).state == states.APPLIED
    assert held(sandbox, store) == {**NOTES, "/runbooks/deploy.md": WRONG}


def test_a_memory_whose_old_text_is_lost_is_not_removed_from_where_it_went(people: People, sandbox: Sandbox) -> None:
    """Redacted at the vendor behind our back before it was ever read here: what stood there cannot be brought back."""
    workspace, store_id = connect(people), put_store(sandbox, NOTES)
    then = timezone.now()
    state = sandbox.state
    with state.transaction():
        memory = state.memory_at(store_id, "/scratch/today.md")
        assert memory is not None
        state.update_memory(store_id, memory["id"], path="/moved.md", content="Newer.", actor=AGENT_WRITES)
    stores.refresh_stores(workspace)
    store = stores.sync_store(Store.objects.get(remote_id=store_id))
    with state.transaction():
        first = MemoryVersion.objects.get(store=store, path="/scratch/today.md")
        state.redact_version(store_id, first.remote_id, actor=AGENT_WRITES)
    snapshot = replay_snapshot(store, then, Snapshot.Why.MOMENT)
    assert snapshot.uncertain_paths == ["/moved.md", "/scratch/today.md"]
    run = restoring.plan_restore(snapshot, by=people.dave)
    assert not run.steps.exists()


def test_a_review_is_of_exactly_the_bytes_that_were_compared(
    people: People, sandbox: Sandbox, ends: tuple[str, str]
) -> None:
    store = Store.objects.get()
    agent_writes(sandbox, store, "/late.md", "Late.")
    with pytest.raises(Stale):
        opened(people, ends)
    compared(store, *ends)
    review = opened(people, ends)
    assert texts_of(review.after) == held(sandbox, store)
    sides = {side: set() for side in ("before", "after")}
    for side, path, sha in review.paths.values_list("side", "path", "sha256"):
        sides[side].add((path, sha))
    assert sides["after"] == set(shas_now(store).items())


def test_a_text_purged_while_it_is_compared_is_quoted_nowhere(
    people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, then = written_since(people, sandbox)

    def pieces_then_a_purge(*sides: Snapshot, dreamt: bool) -> list[Piece]:
        pieces = pieces_of(*sides, dreamt=dreamt)
        purging.purge_text(Text.objects.get(sha256=digest_of(NOTES["/scratch/today.md"])), by=people.alice)
        monkeypatch.undo()
        return pieces

    monkeypatch.setattr(moments, "pieces_of", pieces_then_a_purge)
    for _ in range(2):  # the page that waits asks once more
        made = compared(store, *since(store, then))
        assert not Difference.objects.filter(findings__icontains="port 8081").exists()
    assert made is not None
    assert made.made_at is not None


def test_viewers_open_no_review(people: People, ends: tuple[str, str]) -> None:
    before, after = (parse_moment(said) for said in ends)
    assert before and after
    with pytest.raises(Forbidden):
        moments.open_review(people.workspace, before, after, by=people.carol)


def test_nothing_that_differs_is_nothing_to_review(people: People, sandbox: Sandbox) -> None:
    store, _ = written_since(people, sandbox)
    ends = since(store, timezone.now())
    stores.sync_store(store)
    compared(store, *ends)
    with pytest.raises(Refusal, match="Nothing differs"):
        opened(people, ends)


def test_there_is_no_other_store_to_attach(people: People, ends: tuple[str, str]) -> None:
    review = opened(people, ends)
    decide_all(review, people.bob)
    applied(review, people)
    with pytest.raises(Refusal, match="applied to the store itself"):
        attachments.attach_store(review, chosen={"depl_x": "y"}, seen_drift="", by=people.dave)


def test_one_moment_is_replayed_once(people: People, ends: tuple[str, str]) -> None:
    store = Store.objects.get()
    compared(store, *ends)
    compared(store, *ends)
    assert Comparison.objects.count() == 1
    assert Snapshot.objects.filter(why="moment", version_id="").count() == 1


def test_the_oldest_comparisons_go(people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    store, then = written_since(people, sandbox)
    monkeypatch.setattr(moments, "KEPT", 1)
    compared(store, *since(store, then))
    compared(store, f"now:{store.remote_id}", since(store, then)[0])
    assert Comparison.objects.get().before.startswith("now:")


def test_a_killed_comparison_is_taken_over(people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    store, then = written_since(people, sandbox)

    def killed(*given: object, **more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(moments, "pieces_of", killed)
        with pytest.raises(KeyboardInterrupt):
            compared(store, *since(store, then))
    row = compared(store, *since(store, then))
    assert row is not None and row.made_at and row.claim == ""


def test_a_store_that_moves_on_while_it_is_frozen_is_compared_anew(
    people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, then = written_since(people, sandbox)
    freeze = moments.freeze

    def moved(found: Store, why: str) -> Snapshot:
        agent_writes(sandbox, found, "/late.md", "Late.")
        stores.sync_store(found)
        return freeze(found, why)

    with monkeypatch.context() as patched:
        patched.setattr(moments, "freeze", moved)
        compared(store, *since(store, then))
    assert not Comparison.objects.exists()
    row = compared(store, *since(store, then))
    assert row is not None and row.differences.filter(title="/late.md").exists()


def test_a_purged_text_is_quoted_by_no_comparison(people: People, ends: tuple[str, str]) -> None:
    assert "try port 8081" in str(list(Comparison.objects.get().differences.values_list("findings", flat=True)))
    text = Text.objects.get(body=NOTES["/scratch/today.md"].encode())
    purging.purge_text(text, by=people.alice)
    assert not Comparison.objects.exists()


def test_a_moment_before_anything_was_written_is_an_empty_store(people: People, sandbox: Sandbox) -> None:
    store, _ = written_since(people, sandbox)
    row = compared(store, *since(store, datetime.fromisoformat("2020-01-01T00:00+00:00")))
    assert row is not None and row.before_snapshot is not None
    assert (row.before_snapshot.manifest.count, row.before_snapshot.consistent) == (0, True)
    assert set(row.differences.values_list("kind", flat=True)) == {"added"}
