"""Real SIGKILLs while a review's sources are read, its differences drawn, its drift noted, a sentence put back: the
sweep goes on from there, and nothing is there twice."""

from pathlib import Path

import pytest
from django.utils import timezone

from dreams.models import AuditEvent, Change, Decision, Drawn, Drift, Provenance, Review, Source, Store
from dreams.rules import review_states as states
from dreams.services import drawing, provenance, sessions, sweeps
from tests import factories
from tests.drifting import moves_unseen
from tests.faults.ground import LONG_AGO, Ground
from tests.faults.test_sigkill import Death, Mortals, empty, file, ground, kill, mortals
from tests.services.test_provenance import BUILD, TOMASZ, talk
from tests.views.reviewing import BEFORE, change_at, decide_all, review_of

__all__ = ["empty", "file", "ground", "mortals"]

pytestmark = pytest.mark.slow

SERVICES = "dreams.services"
DEPLOY = "/runbooks/deploy.md"
MOVED = {**BEFORE, DEPLOY: BEFORE[DEPLOY].replace("02:00", "03:00"), "/late.md": "Late.\n"}


@pytest.fixture
def review(ground: Ground) -> Review:
    factories.connect(ground.people)
    return review_of(ground.people)


def dies(mortals: Mortals, ground: Ground, file: Path, task: str, pk: int, line: str, when: str, call: int) -> None:
    kill(mortals, ground, file, Death("", "", lambda g: None, task, lambda g: pk, line, when, call))


@pytest.mark.parametrize(
    ("line", "when", "call"),
    [
        (f"{SERVICES}.provenance:claim", "after", 1),
        (f"{SERVICES}.provenance:read_events", "after", 2),
        (f"{SERVICES}.provenance:renew", "after", 2),
        (f"{SERVICES}.provenance:_forget_farther", "after", 2),
        (f"{SERVICES}.provenance:_keep", "after", 3),
        (f"{SERVICES}.provenance:release", "before", 1),
    ],
)
def test_sources_are_read_on_from_the_session_at_which_it_died(
    mortals: Mortals, ground: Ground, file: Path, review: Review, line: str, when: str, call: int
) -> None:
    for words in (BUILD, TOMASZ, BUILD):
        talk(ground.sandbox, review, words)
    sessions.refresh_sessions(ground.workspace)
    dies(mortals, ground, file, "trace_review", review.pk, line, when, call)
    row = Provenance.objects.get()
    assert row.made_at is None
    assert not provenance.reviews_due(ground.workspace).exists(), "the claim may be a living process's"
    Provenance.objects.update(claimed_at=LONG_AGO)
    for due in provenance.reviews_due(ground.workspace):
        provenance.trace_review(due)
    row = Provenance.objects.get()
    assert (row.read, row.unreadable, row.claim) == (3, 0, "")
    assert row.made_at is not None
    said = [(each.event_id, each.finding) for each in Source.objects.all()]
    assert len(said) == len(set(said)) == 3


@pytest.mark.parametrize("line", [f"{SERVICES}.drawing:keep_drawn", "django.db.models:query.QuerySet.bulk_create"])
def test_what_was_not_drawn_is_drawn_when_somebody_looks(
    mortals: Mortals, ground: Ground, file: Path, review: Review, line: str
) -> None:
    dies(mortals, ground, file, "draw_review", review.pk, line, "after", 2)
    half = Drawn.objects.count()
    drawing.draw_review(Review.objects.get(pk=review.pk))
    whole = Drawn.objects.count()
    assert 0 < half < whole
    drawing.draw_review(Review.objects.get(pk=review.pk))
    assert Drawn.objects.count() == whole


@pytest.mark.parametrize(
    ("line", "when"),
    [
        (f"{SERVICES}.drift:_standings", "after"),
        (f"{SERVICES}.drift:_settle", "before"),
        (f"{SERVICES}.drift:reopen_unasked", "after"),
        (f"{SERVICES}.drift:_settle", "after"),
    ],
)
def test_drift_is_noted_whole_or_not_at_all_and_the_sweep_notes_it(
    mortals: Mortals, ground: Ground, file: Path, review: Review, line: str, when: str
) -> None:
    from dreams.services import reviews

    decide_all(review, ground.people.bob)
    reviews.approve_review(review, by=ground.people.bob)
    moves_unseen(review, MOVED)
    dies(mortals, ground, file, "note_drift", review.before.store_id, line, when, 1)
    assert not Drift.objects.exists()
    assert Review.objects.get().state == states.APPROVED
    Store.objects.update(next_check_at=None)  # these stores are ours alone
    for _ in range(2):
        sweeps.sweep_workspace(ground.workspace)
    assert {drift.path for drift in Drift.objects.all()} == {DEPLOY, "/late.md"}
    assert change_at(review, DEPLOY).state == states.ANOTHER_LOOK
    assert Review.objects.get().state == states.OPEN
    verbs = AuditEvent.objects.values_list("verb", flat=True)
    assert [verb for verb in verbs if "another look" in verb] == ["asked for another look at change"]
    assert list(verbs).count("reopened review") == 1


@pytest.mark.parametrize("line", [f"{SERVICES}.reviews:keep_texts", f"{SERVICES}.audit:record"])
def test_a_sentence_was_put_back_or_was_not(
    mortals: Mortals, ground: Ground, file: Path, review: Review, line: str
) -> None:
    change = change_at(review, DEPLOY)
    dies(mortals, ground, file, "put_back", change.pk, line, "after", 1)
    change = Change.objects.get(pk=change.pk)
    assert (change.state, change.seq, Decision.objects.count()) == (states.UNDECIDED, 0, 0)


def test_a_review_whose_reading_was_never_queued_is_found(ground: Ground, review: Review) -> None:
    talk(ground.sandbox, review, BUILD)
    assert review in provenance.reviews_due(ground.workspace)
    provenance.trace_review(review)
    Provenance.objects.update(made_at=None, next_check_at=timezone.now())
    assert review in provenance.reviews_due(ground.workspace)
