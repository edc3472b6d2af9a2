"""Opening reviews when something of our own breaks, and one review in favour of another."""

from typing import Any

import pytest
from django.db import connection

from dreams.models import Dream, Review
from dreams.rules import review_states as states
from dreams.services import comparing, reviews
from dreams.services.refusals import Refusal
from tests.factories import dream_completed, put_session, review_open, sweep_now
from tests.faults.ground import Ground
from tests.faults.operations import dream_ended_at_vendor
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox


def test_a_comparison_that_fails_is_told_once_and_asked_for_again_by_a_person(
    people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = Ground(people, sandbox)
    dream_ended_at_vendor(ground)
    tried = []

    def broken(*args: object, **more: object) -> None:
        tried.append(args)
        raise ZeroDivisionError

    monkeypatch.setattr(comparing, "compare", broken)
    for _ in range(5):
        sweep_now(ground.workspace)
    dream = Dream.objects.get()
    assert dream.problem == reviews.NOT_COMPARED
    assert len(tried) == 1
    page = browser_of(people.bob).get(f"/acme/dreams/{dream.pk}/").content.decode()
    assert "ask for the review again" in page
    with pytest.raises(Refusal, match="Nothing is lost"):
        reviews.open_review(dream, by=people.bob)
    monkeypatch.undo()
    assert reviews.open_review(dream, by=people.bob) is not None
    assert Dream.objects.get().problem == ""


@pytest.fixture
def old(people: People, sandbox: Sandbox) -> Review:
    """An open review, and a second dream of its line that completed meanwhile."""
    review = review_open(people, sandbox)
    store = review.before.store
    dream_completed(people, sandbox, store, [put_session(sandbox, store), put_session(sandbox, store)])
    return review


def newer(old: Review) -> Dream:
    return Dream.objects.exclude(pk=old.dream_id).get()


def test_a_newer_dream_takes_the_place_of_an_open_review(
    people: People, old: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comparing large stores takes seconds: nobody else's write may wait for it."""
    compare, outside = comparing.compare, len(connection.savepoint_ids)
    depths = []

    def watched(*args: Any, **more: Any) -> object:
        depths.append(len(connection.savepoint_ids) - outside)
        return compare(*args, **more)

    monkeypatch.setattr(comparing, "compare", watched)
    review = reviews.supersede_review(old, newer(old), by=people.bob)
    old.refresh_from_db()
    assert review is not None
    assert (old.state, old.superseded_by, review.state) == (states.SUPERSEDED, review, states.OPEN)
    assert depths == [0]


def test_an_open_review_does_not_end_for_a_dream_that_cannot_be_reviewed(people: People, old: Review) -> None:
    dream = newer(old)
    with pytest.raises(Refusal, match="reviewed already"):
        reviews.supersede_review(old, old.dream, by=people.bob)  # type: ignore[arg-type]
    Dream.objects.filter(pk=dream.pk).update(output_snapshot=None)
    with pytest.raises(Refusal, match="left nothing"):
        reviews.supersede_review(old, Dream.objects.get(pk=dream.pk), by=people.bob)
    old.refresh_from_db()
    assert old.state == states.OPEN
