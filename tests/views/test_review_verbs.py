"""Approve, reopen, discard: what they do, who may, and what they refuse."""

import pytest

from dreams.models import Review
from tests.people import People, browser_of
from tests.views.pages import assert_members_only, assert_only
from tests.views.reviewing import decide_all, review_of, url_of


@pytest.fixture
def review(people: People) -> Review:
    return review_of(people)


@pytest.mark.parametrize("verb", ["approve/", "reopen/", "discard/"])
def test_members_only_and_only_by_their_method(people: People, review: Review, verb: str) -> None:
    assert_members_only(people, url_of(review, verb=verb), method="post")
    assert_only(people, url_of(review, verb=verb), *(("get", "post") if verb == "discard/" else ("post",)))


@pytest.mark.parametrize("verb", ["approve/", "reopen/", "discard/"])
def test_a_viewer_may_not(people: People, review: Review, verb: str) -> None:
    answer = browser_of(people.carol).post(url_of(review, verb=verb), {"reason": "because"})
    assert answer.status_code == 403
    review.refresh_from_db()
    assert review.state == "open"


def test_approving_waits_for_every_decision(people: People, review: Review) -> None:
    answer = browser_of(people.bob).post(url_of(review, verb="approve/"))
    assert answer.status_code == 409
    assert "changes are undecided" in answer.content.decode()
    review.refresh_from_db()
    assert review.state == "open"


def test_approve_and_reopen(people: People, review: Review) -> None:
    decide_all(review, people.bob)
    client = browser_of(people.bob)
    page = client.post(url_of(review, verb="approve/"), follow=True).content.decode()
    assert "Nothing is written yet" in page
    review.refresh_from_db()
    assert review.state == "approved"
    client.post(url_of(review, verb="reopen/"))
    review.refresh_from_db()
    assert review.state == "open"


def test_the_starter_of_the_dream_is_refused(people: People, review: Review) -> None:
    decide_all(review, people.bob)
    answer = browser_of(people.dave).post(url_of(review, verb="approve/"))
    assert answer.status_code == 409
    assert "You started this dream" in answer.content.decode()


def test_discarding_asks_for_a_reason_and_keeps_it(people: People, review: Review) -> None:
    client = browser_of(people.bob)
    assert "Why is it discarded?" in client.get(url_of(review, verb="discard/")).content.decode()
    answer = client.post(url_of(review, verb="discard/"), {"reason": "  "})
    assert answer.status_code == 422
    assert "Say why, in a few words" in answer.content.decode()
    long = client.post(url_of(review, verb="discard/"), {"reason": "y" * 1001})
    assert long.status_code == 422
    assert "y" * 1001 in long.content.decode(), "what was typed is still there"
    page = client.post(url_of(review, verb="discard/"), {"reason": "It forgets the policies."}, follow=True)
    assert "It forgets the policies." in page.content.decode()
    review.refresh_from_db()
    assert (review.state, review.closed_by) == ("discarded", people.bob)


def test_a_review_that_has_ended_cannot_be_discarded_again(people: People, review: Review) -> None:
    client = browser_of(people.bob)
    client.post(url_of(review, verb="discard/"), {"reason": "once"})
    assert client.post(url_of(review, verb="discard/"), {"reason": "twice"}).status_code == 409
