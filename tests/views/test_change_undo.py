"""Undo: the last decision on a change is taken back, and the reader stays there."""

import pytest

from dreams.models import Change, Review
from dreams.services import reviews
from tests.people import People, browser_of
from tests.views.pages import assert_members_only, assert_only
from tests.views.reviewing import change_at, review_of, url_of


@pytest.fixture
def review(people: People) -> Review:
    return review_of(people)


@pytest.fixture
def change(people: People, review: Review) -> Change:
    return reviews.decide_change(change_at(review, "/index.md"), "accepted", by=people.bob, seen_seq=0)


def test_members_only_and_only_by_post(people: People, review: Review, change: Change) -> None:
    assert_members_only(people, url_of(review, change, "undo/"), method="post")
    assert_only(people, url_of(review, change, "undo/"), "post")


def test_it_takes_the_decision_back_and_stays(people: People, review: Review, change: Change) -> None:
    answer = browser_of(people.bob).post(url_of(review, change, "undo/"), {"seen_seq": "1"})
    assert answer["Location"] == url_of(review, change)
    change.refresh_from_db()
    assert (change.state, change.decided_by) == ("undecided", None)


def test_undoing_twice_goes_two_decisions_back(people: People, review: Review, change: Change) -> None:
    reviews.decide_change(change, "kept", by=people.alice, seen_seq=1)
    client = browser_of(people.bob)
    client.post(url_of(review, change, "undo/"), {"seen_seq": "2"})
    change.refresh_from_db()
    assert change.state == "accepted"
    client.post(url_of(review, change, "undo/"), {"seen_seq": "3"})
    change.refresh_from_db()
    assert change.state == "undecided"


def test_an_undo_of_what_somebody_changed_meanwhile_is_a_409(people: People, review: Review, change: Change) -> None:
    reviews.decide_change(change, "kept", by=people.alice, seen_seq=1)
    answer = browser_of(people.bob).post(url_of(review, change, "undo/"), {"seen_seq": "1"})
    assert answer.status_code == 409
    assert "Alice decided this while you were reading" in answer.content.decode()
    change.refresh_from_db()
    assert change.state == "kept"


def test_a_viewer_may_not(people: People, review: Review, change: Change) -> None:
    assert browser_of(people.carol).post(url_of(review, change, "undo/"), {"seen_seq": "1"}).status_code == 403


def test_nonsense_is_refused(people: People, review: Review, change: Change) -> None:
    assert browser_of(people.bob).post(url_of(review, change, "undo/"), {"seen_seq": "x"}).status_code == 422


def test_a_reason_that_says_undone_is_not_taken_for_an_undo(people: People, review: Review) -> None:
    change = change_at(review, "/people/ana.md")
    client = browser_of(people.bob)
    client.post(url_of(review, change, "decide/"), {"outcome": "accepted", "seen_seq": "0"})
    client.post(url_of(review, change, "decide/"), {"outcome": "kept", "seen_seq": "1", "reason": "undone"})
    client.post(url_of(review, change, "undo/"), {"seen_seq": "2"})
    change.refresh_from_db()
    assert change.state == "accepted"
