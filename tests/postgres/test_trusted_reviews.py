"""A review with drift, sources and drawings on both databases: the journey, and two at the same thing at once."""

import json

import pytest
from django.core.management import call_command
from django.utils import timezone

from dreams.models import AuditEvent, Change, Drawn, Provenance, Review, Source, Store, Text
from dreams.queries.drift import seen_now
from dreams.render import Look
from dreams.rules import review_states as states
from dreams.services import drawing, drift, provenance, purging, putting_back, reviews, sessions, together
from dreams.services.refusals import Refusal, Stale
from tests import factories
from tests.drifting import base_becomes, moves_unseen
from tests.faults.ground import Ground
from tests.people import browser_of
from tests.postgres.test_at_once import at_once
from tests.services.test_provenance import BUILD, TOMASZ, talk
from tests.views.reviewing import AFTER, BEFORE, change_at, review_of, url_of

pytestmark = pytest.mark.slow

DEPLOY, MOVED = "/runbooks/deploy.md", "/glossary.md"
NUL = "Never forget the NUL \0 and the \U000e0041 mark of the staging proxy in the cellar.\n"
OVERLAPPING = {**BEFORE, DEPLOY: BEFORE[DEPLOY].replace("02:00", "03:00")}


@pytest.fixture
def review(database: str, ground: Ground) -> Review:
    factories.connect(ground.people)
    review = review_of(ground.people, {**BEFORE, "/nul.md": NUL}, AFTER)
    review.workspace.refresh_from_db()
    return review


def fresh(review: Review) -> Review:
    return Review.objects.select_related("workspace", "before__store", "dream").get(pk=review.pk)


def now_at(review: Review, path: str) -> Change:
    return review.changes.select_related("review__workspace", "review__before").filter(paths__path=path).first()


def decide_all(review: Review, ground: Ground) -> None:
    for change in review.changes.filter(state__in=states.WAITING):
        reviews.decide_change(change, states.KEPT, by=ground.people.bob, seen_seq=change.seq)


def test_it_is_read_drawn_overtaken_and_decided_again(ground: Ground, review: Review) -> None:
    people = ground.people
    talk(ground.sandbox, review, BUILD, f"{TOMASZ} And a \0 with it.", NUL)
    sessions.refresh_sessions(review.workspace)
    row = provenance.trace_review(review)
    assert row is not None
    assert (row.read, row.unreadable, row.problem) == (1, 0, "")
    assert {each.finding for each in Source.objects.all()} == {"altered", "lost"}
    drawing.draw_review(review)
    kept = Drawn.objects.count()
    assert kept
    for change in review.changes.exclude(kind=states.UNCHANGED):
        drawing.drawn_page(Change.objects.get(pk=change.pk), Look())
    assert Drawn.objects.count() == kept, "drawn once"

    for change in review.changes.filter(state=states.UNDECIDED).exclude(pk=change_at(review, DEPLOY).pk):
        reviews.decide_change(change, states.ACCEPTED, by=people.bob, seen_seq=0)
    putting_back.put_back(change_at(review, DEPLOY), "lost-0", by=people.bob, seen_seq=0)
    reviews.approve_review(review, by=people.bob)
    base_becomes(review, {**OVERLAPPING, "/nul.md": NUL.replace("cellar", "attic \0")})
    assert review.state == states.OPEN
    overtaken = review.changes.filter(state=states.ANOTHER_LOOK)
    assert {change.title for change in overtaken} == {DEPLOY, "/nul.md"}
    client = browser_of(people.bob)
    for address in ("", "drift/", "map/"):
        assert client.get(url_of(review) + address).status_code == 200
    for change in overtaken:
        for verb in ("", "origins/", "edit/?both=1"):
            assert client.get(url_of(review, change, verb)).status_code == 200
    decide_all(review, ground)
    assert reviews.approve_review(fresh(review), by=people.alice).state == states.APPROVED


def test_a_decision_and_the_news_of_the_base_cannot_pass_each_other(ground: Ground, review: Review) -> None:
    """Either the decision came first and needs another look, or who decides is told that the base moved."""
    for turn in range(4):
        texts = {**BEFORE, DEPLOY: BEFORE[DEPLOY].replace("02:00", f"03:0{turn}"), "/nul.md": NUL}
        change = now_at(review, DEPLOY)
        seen = seen_now(change, change.review)
        came = at_once(
            lambda change=change, seen=seen: reviews.decide_change(
                change, states.ACCEPTED, by=ground.people.bob, seen_seq=change.seq, seen=seen
            ),
            lambda texts=texts, turn=turn: base_becomes(fresh(review), texts, f"memver_{turn}"),
        )
        change = now_at(review, DEPLOY)
        if isinstance(came[0], Stale):
            assert change.state in (states.UNDECIDED, states.ANOTHER_LOOK)
            assert "moved" in str(came[0])
        else:
            assert change.state == states.ANOTHER_LOOK
        assert change.decisions.count() == change.seq


def test_two_workers_note_the_same_drift_once(ground: Ground, review: Review) -> None:
    change = now_at(review, DEPLOY)
    reviews.decide_change(change, states.ACCEPTED, by=ground.people.bob, seen_seq=0)
    moves_unseen(review, {**OVERLAPPING, "/nul.md": NUL})
    at_once(*[lambda: drift.note_all(Store.objects.get(pk=review.before.store_id))] * 3)
    assert [row.path for row in review.drifts.all()] == [DEPLOY]
    assert AuditEvent.objects.filter(verb__startswith="asked for another look").count() == 1
    assert Change.objects.get(pk=change.pk).state == states.ANOTHER_LOOK


def test_an_approval_does_not_stand_over_a_base_that_moved_at_that_moment(ground: Ground, review: Review) -> None:
    decide_all(review, ground)
    for turn in range(4):
        texts = {**BEFORE, DEPLOY: BEFORE[DEPLOY].replace("02:00", f"03:0{turn}"), "/nul.md": NUL}
        at_once(
            lambda: reviews.approve_review(fresh(review), by=ground.people.alice),
            lambda texts=texts, turn=turn: base_becomes(fresh(review), texts, f"memver_{turn}"),
        )
        assert fresh(review).state == states.OPEN
        assert now_at(review, DEPLOY).state == states.ANOTHER_LOOK
        decide_all(review, ground)


def test_two_workers_read_a_session_once(ground: Ground, review: Review) -> None:
    for words in (BUILD, TOMASZ, BUILD):
        talk(ground.sandbox, review, words)
    sessions.refresh_sessions(review.workspace)
    ground.sandbox.requests(clear=True)
    at_once(*[lambda: provenance.trace_review(fresh(review))] * 3)
    row = Provenance.objects.get()
    assert (row.read, row.claim) == (3, "")
    assert Source.objects.count() == 3
    assert sum(asked["path"].endswith("/events") for asked in ground.sandbox.requests()) == 3


def test_a_purge_at_the_moment_of_reading_and_drawing_leaves_no_quote(ground: Ground, review: Review) -> None:
    talk(ground.sandbox, review, BUILD)
    talk(ground.sandbox, review, TOMASZ)
    sessions.refresh_sessions(review.workspace)
    old = now_at(review, DEPLOY).paths.get(side="before")
    text = Text.objects.get(workspace=review.workspace, sha256=old.sha256)
    at_once(
        lambda: provenance.trace_review(fresh(review)),
        lambda: drawing.draw_review(fresh(review)),
        lambda: purging.purge_text(text, by=ground.people.alice),
    )
    for _ in range(2):
        Provenance.objects.update(next_check_at=timezone.now())
        provenance.trace_review(fresh(review))
        drawing.draw_review(fresh(review))
    assert Provenance.objects.get().made_at is not None
    for quote in ("Tomasz", "02:00"):
        assert not Source.objects.filter(excerpt__contains=quote).exists()
        assert not Drawn.objects.filter(html__contains=quote).exists()
        assert quote not in json.dumps(list(Change.objects.values_list("findings", flat=True)))


def test_a_batch_is_taken_back_but_for_what_somebody_decides_at_that_moment(ground: Ground, review: Review) -> None:
    people, moved = ground.people, now_at(review, MOVED)
    for _ in range(4):
        seen = together.together(fresh(review), "moved").seen
        batch = together.accept_together(fresh(review), "moved", seen=seen, by=people.bob)
        seq = Change.objects.get(pk=moved.pk).seq
        came = at_once(
            lambda batch=batch: together.undo_together(fresh(review), batch, by=people.bob),
            lambda seq=seq: reviews.decide_change(
                Change.objects.get(pk=moved.pk), states.KEPT, by=people.alice, seen_seq=seq
            ),
        )
        change = Change.objects.get(pk=moved.pk)
        assert sum(isinstance(each, Refusal) for each in came) == 1
        assert change.state == (states.KEPT if isinstance(came[0], Refusal) else states.UNDECIDED)
        assert change.decisions.count() == change.seq
        while change.state != states.UNDECIDED:
            change = reviews.undo_decision(change, by=people.alice, seen_seq=change.seq)


def test_what_needs_another_look_waits_undecided_under_the_schema_before(ground: Ground, review: Review) -> None:
    decide_all(review, ground)
    base_becomes(review, {**OVERLAPPING, "/nul.md": NUL})
    before = Change.objects.filter(state=states.ANOTHER_LOOK).count()
    assert before == 1
    call_command("migrate", "dreams", "0010", verbosity=0)
    call_command("migrate", "dreams", verbosity=0)
    change = now_at(review, DEPLOY)
    assert (change.state, change.seq) == (states.UNDECIDED, 1)
    assert not review.drifts.exists()
    drift.note_all(Store.objects.get(pk=review.before.store_id))
    assert review.drifts.count() == 1, "noted anew"
    assert now_at(review, DEPLOY).state == states.UNDECIDED
    reviews.decide_change(change, states.KEPT, by=ground.people.bob, seen_seq=1)
    assert reviews.approve_review(fresh(review), by=ground.people.alice).state == states.APPROVED


def test_an_event_with_an_odd_id_is_a_source_all_the_same(ground: Ground, review: Review) -> None:
    session_id = talk(ground.sandbox, review, BUILD)
    state = ground.sandbox.state
    with state.transaction():
        content = [{"type": "text", "text": TOMASZ}]
        event = {"id": "sevt_\0" + "x" * 200, "type": "user.message", "content": content}
        state.put("event", {**event, "processed_at": state.stamp()}, parent=session_id)
    sessions.refresh_sessions(review.workspace)
    row = provenance.trace_review(review)
    assert row is not None
    assert (row.read, row.problem) == (1, "")
    assert Source.objects.filter(finding="lost", event_id__startswith="sevt_").count() == 1
