"""Drift: what is written to the base while its review goes on touches exactly the changes that it is about."""

import pytest

from dreams.models import AuditEvent, Change, Review, Store
from dreams.queries.drift import base_drift, clash_of, seen_now
from dreams.rules import review_states as states
from dreams.services import drift, reviews, stores
from dreams.services.putting_back import put_back
from dreams.services.refusals import Stale
from tests.drifting import base_becomes
from tests.factories import NOTES, agent_deletes, agent_writes, review_open, sweep_now
from tests.people import People
from tests.sandbox_server import Sandbox
from tests.views.reviewing import AFTER, BEFORE, change_at, review_of

DEPLOY = "/runbooks/deploy.md"
OVERLAPPING = {**BEFORE, DEPLOY: BEFORE[DEPLOY].replace("02:00", "03:00")}
BESIDE = {**BEFORE, DEPLOY: BEFORE[DEPLOY].replace("# Deploy", "# Deploying")}


@pytest.fixture
def review(people: People) -> Review:
    return review_of(people)


def standings(review: Review) -> dict[str, tuple[str, str]]:
    rows = review.drifts.select_related("change")
    return {row.path: (row.standing, row.change.title if row.change else "") for row in rows}


def decided(review: Review, people: People, path: str = DEPLOY) -> Change:
    change = change_at(review, path)
    return reviews.decide_change(change, states.ACCEPTED, by=people.bob, seen_seq=change.seq)


def decide_all(review: Review, people: People) -> None:
    for change in review.changes.filter(state__in=states.WAITING):
        reviews.decide_change(change, states.ACCEPTED, by=people.bob, seen_seq=change.seq)


def test_each_moved_path_is_noted_with_the_change_it_touches(review: Review) -> None:
    now = {**OVERLAPPING, "/new.md": "New.\n", "/README.md": "Rewritten.\n"}
    now["/people/ana.md"] = now["/people/ana.md"].replace("Lisbon", "Porto")
    del now["/notes/port.md"]
    base_becomes(review, now)
    assert standings(review) == {
        DEPLOY: ("conflicting", DEPLOY),
        "/people/ana.md": ("conflicting", "/people/ana.md"),  # the line behind it is the dream's
        "/notes/port.md": ("both_same", "/notes/port.md"),
        "/README.md": ("drift_only", ""),
        "/new.md": ("drift_only", ""),
    }
    assert review.drift_version == "memver_later"
    assert review.drift_at is not None


def test_edits_beside_each_other_are_mergeable_and_both_are_offered(review: Review) -> None:
    base_becomes(review, BESIDE)
    assert standings(review) == {DEPLOY: ("mergeable", DEPLOY)}
    clash = clash_of(change_at(review, DEPLOY))
    assert clash is not None
    assert clash.offered == {DEPLOY: AFTER[DEPLOY].replace("# Deploy", "# Deploying")}


def test_what_moved_with_a_move_of_the_dream_belongs_to_it(review: Review) -> None:
    base_becomes(review, {**BEFORE, "/old/glossary.md": BEFORE["/old/glossary.md"] + "Trucks are green.\n"})
    assert standings(review) == {"/old/glossary.md": ("mergeable", "/glossary.md")}


def test_nothing_is_written_while_the_base_stands_still(review: Review, people: People) -> None:
    assert drift.reviews_adrift(review.before.store) == []
    assert drift.due(people.workspace) == []
    base_becomes(review, OVERLAPPING)
    at = review.drift_at
    drift.note_all(Store.objects.get(pk=review.before.store_id))
    review.refresh_from_db()
    assert review.drift_at == at


def test_the_sweep_finds_a_review_that_nobody_told(review: Review, people: People) -> None:
    Store.objects.filter(pk=review.before.store_id).update(last_version_id="memver_other")
    assert [store.pk for store in drift.due(people.workspace)] == [review.before.store_id]


def test_a_decision_over_something_else_by_now_alone_needs_another_look(review: Review, people: People) -> None:
    touched, other = decided(review, people), decided(review, people, "/people/ana.md")
    base_becomes(review, OVERLAPPING)
    touched.refresh_from_db()
    other.refresh_from_db()
    assert (touched.state, touched.decided_by) == (states.ANOTHER_LOOK, None)
    assert other.state == states.ACCEPTED
    assert touched.decisions.get().outcome == states.ACCEPTED  # it stays readable
    event = AuditEvent.objects.get(verb="asked for another look at change")
    assert (event.actor, event.detail["paths"]) == ("Memorydash", [DEPLOY])


def test_a_decision_holds_again_when_the_base_went_back(review: Review, people: People) -> None:
    change = decided(review, people)
    base_becomes(review, OVERLAPPING)
    base_becomes(review, BEFORE, "memver_back")
    change.refresh_from_db()
    assert (change.state, change.decided_by) == (states.ACCEPTED, people.bob)
    assert base_drift(review) is None


def test_a_decision_over_the_drift_stands_until_the_base_moves_on(review: Review, people: People) -> None:
    base_becomes(review, OVERLAPPING)
    change = decided(review, people)
    base_becomes(review, {**OVERLAPPING, "/new.md": "Elsewhere.\n"}, "memver_2")
    change.refresh_from_db()
    assert change.state == states.ACCEPTED
    base_becomes(review, {**BEFORE, DEPLOY: "Something else.\n"}, "memver_3")
    change.refresh_from_db()
    assert change.state == states.ANOTHER_LOOK


def test_a_page_from_before_the_drift_decides_nothing(review: Review, people: People) -> None:
    change = change_at(review, DEPLOY)
    seen = seen_now(change, review)
    base_becomes(review, OVERLAPPING)
    with pytest.raises(Stale, match="The base moved under this change while you were reading"):
        reviews.decide_change(change, states.ACCEPTED, by=people.bob, seen_seq=change.seq, seen=seen)
    assert not change.decisions.exists()
    seen = seen_now(change, review)
    reviews.decide_change(change, states.ACCEPTED, by=people.bob, seen_seq=change.seq, seen=seen)


def test_another_look_counts_as_undecided_and_may_be_decided_anew(review: Review, people: People) -> None:
    decide_all(review, people)
    base_becomes(review, OVERLAPPING)
    unmet = [each.words for each in reviews.requirements_for(review, people.bob) if not each.satisfied]
    assert unmet == ["1 change is undecided."]
    assert reviews.decided_store(review)[DEPLOY] == change_at(review, DEPLOY).paths.get(side="before").sha256
    decided(review, people)
    assert all(each.satisfied for each in reviews.requirements_for(review, people.bob))


def test_an_approval_over_other_bytes_does_not_stand(review: Review, people: People) -> None:
    decide_all(review, people)
    reviews.approve_review(review, by=people.bob)
    base_becomes(review, {**BEFORE, "/new.md": "Elsewhere.\n"}, "memver_2")
    assert review.state == states.APPROVED
    base_becomes(review, OVERLAPPING, "memver_3")
    assert review.state == states.OPEN
    event = AuditEvent.objects.get(verb="reopened review")
    assert (event.actor, event.detail) == ("Memorydash", {"another_look": 1})
    told = base_drift(review)
    assert told is not None
    assert told.vote is not None
    assert told.vote.person == people.bob


def test_a_finished_review_is_left_alone(review: Review, people: People) -> None:
    reviews.discard_review(review, reason="no", by=people.bob)
    base_becomes(review, OVERLAPPING)
    assert not review.drifts.exists()


def test_a_purged_text_is_never_merged_silently(review: Review) -> None:
    base_becomes(review, BESIDE)
    change = change_at(review, DEPLOY)
    sha = review.drifts.get().now_sha256
    people = review.workspace.texts.filter(sha256=sha)
    people.update(body=None, purged_at="2026-01-01T00:00Z", purged_by="somebody")
    clash = clash_of(change)
    assert clash is not None
    assert (clash.purged, clash.offered, clash.overlaps) == (True, None, [])
    Review.objects.filter(pk=review.pk).update(drift_version="before")
    drift.note_all(review.before.store)
    assert standings(review) == {DEPLOY: ("conflicting", DEPLOY)}


def test_a_second_process_that_looked_earlier_writes_nothing(review: Review) -> None:
    stale = Review.objects.select_related("before__store").get(pk=review.pk)
    base_becomes(review, OVERLAPPING)
    assert not drift.note_drift(stale)
    assert standings(review) == {DEPLOY: ("conflicting", DEPLOY)}


def test_an_agent_at_the_vendor_moves_the_base_and_the_sweep_notes_it(people: People, sandbox: Sandbox) -> None:
    review = review_open(people, sandbox)
    store = review.before.store
    touched = review.changes.exclude(state=states.UNCHANGED).filter(paths__side="before").first()
    assert touched is not None
    path = touched.paths.filter(side="before").first()
    assert path is not None
    reviews.decide_change(touched, states.ACCEPTED, by=people.bob, seen_seq=0)
    agent_writes(sandbox, store, path.path, NOTES[path.path] + "Written since.\n")
    agent_writes(sandbox, store, "/fresh.md", "Fresh.\n")
    agent_deletes(sandbox, store, "/runbooks/rollback.md")
    stores.sync_store(store)
    sweep_now(people.workspace)
    found = standings(review)
    assert found[path.path][1] == touched.title
    assert found["/fresh.md"] == ("drift_only", "")
    assert "/runbooks/rollback.md" in found
    touched.refresh_from_db()
    assert touched.state == states.ANOTHER_LOOK


def test_an_undo_brings_no_outcome_back_that_the_base_has_overtaken(review: Review, people: People) -> None:
    change = decided(review, people)
    reviews.decide_change(change, states.KEPT, by=people.alice, seen_seq=1)
    base_becomes(review, OVERLAPPING)
    change = change_at(review, DEPLOY)
    change = reviews.undo_decision(change, by=people.bob, seen_seq=2)
    assert (change.state, change.decided_by) == (states.ANOTHER_LOOK, None)
    base_becomes(review, BEFORE, version="memver_back")
    assert change_at(review, DEPLOY).state == states.ACCEPTED  # what he decided, about what stands again


def test_a_sentence_put_back_is_no_look_at_a_base_that_moved_meanwhile(review: Review, people: People) -> None:
    change = change_at(review, DEPLOY)
    seen = seen_now(change, review)
    base_becomes(review, OVERLAPPING)
    with pytest.raises(Stale, match="The base moved"):
        put_back(change_at(review, DEPLOY), "lost-0", by=people.bob, seen_seq=0, seen=seen)
    change = change_at(review, DEPLOY)
    put_back(change, "lost-0", by=people.bob, seen_seq=0, seen=seen_now(change, change.review))
    assert change_at(review, DEPLOY).state == states.EDITED


def test_a_sentence_put_into_another_memory_does_not_pass_for_a_look_at_its_base(
    review: Review, people: People
) -> None:
    base_becomes(review, {**BEFORE, "/people/ana.md": BEFORE["/people/ana.md"].replace("Lisbon", "Porto")})
    change, ana = change_at(review, DEPLOY), "/people/ana.md"
    with pytest.raises(Stale, match="choose the place"):
        put_back(change, "lost-0", by=people.bob, seen_seq=0, into=ana)
    target = change_at(review, ana)
    put_back(
        change, "lost-0", by=people.bob, seen_seq=0, into=ana, target_seq=0, seen=seen_now(target, target.review)
    )
    assert change_at(review, ana).state == states.EDITED
