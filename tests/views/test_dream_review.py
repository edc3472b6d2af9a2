"""Sending a dream to review: once, in favour of an open one only when that was asked for, each refusal said."""

import pytest

from dreams.models import Dream, Review
from dreams.rules import review_states
from tests.factories import dream_completed, put_session, review_open
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.dreaming import dream_row
from tests.views.pages import assert_members_only, assert_only


def url(dream: Dream) -> str:
    return f"/acme/dreams/{dream.pk}/review/"


@pytest.fixture
def review(people: People, sandbox: Sandbox) -> Review:
    return review_open(people, sandbox)


@pytest.fixture
def newer(people: People, sandbox: Sandbox, review: Review) -> Dream:
    """A second completed dream of the same line, whose review has to wait."""
    return dream_completed(people, sandbox, review.dream.store, [put_session(sandbox, review.dream.store)])


def test_only_members_may_and_only_by_post(people: People, review: Review) -> None:
    assert_members_only(people, url(review.dream), method="post")
    assert_only(people, url(review.dream), "post")


def test_a_dream_that_has_a_review_leads_to_it(people: People, review: Review) -> None:
    assert browser_of(people.bob).post(url(review.dream))["Location"] == f"/acme/reviews/{review.pk}/"


def test_a_completed_dream_without_one_gets_one(people: People, review: Review) -> None:
    dream = review.dream
    review.delete()
    assert browser_of(people.carol).post(url(dream)).status_code == 403
    answer = browser_of(people.bob).post(url(dream))
    assert answer["Location"] == f"/acme/reviews/{Review.objects.get(dream=dream).pk}/"


def test_without_asking_for_it_nothing_is_superseded(people: People, review: Review, newer: Dream) -> None:
    answer = browser_of(people.bob).post(url(newer))
    assert answer.status_code == 409
    assert "Supersede it, or wait" in answer.content.decode()
    assert Review.objects.get() == review


def test_superseding_ends_the_open_one_and_opens_the_dreams(people: People, review: Review, newer: Dream) -> None:
    assert browser_of(people.carol).post(f"{url(newer)}?supersede={review.pk}").status_code == 403
    answer = browser_of(people.bob).post(f"{url(newer)}?supersede={review.pk}")
    fresh = Review.objects.get(dream=newer)
    review.refresh_from_db()
    assert answer["Location"] == f"/acme/reviews/{fresh.pk}/"
    assert (review.state, review.superseded_by, fresh.state) == (review_states.SUPERSEDED, fresh, review_states.OPEN)


@pytest.mark.parametrize("other", ["99999", "nonsense"])
def test_a_review_that_was_not_on_the_page_is_not_superseded(
    people: People, review: Review, newer: Dream, other: str
) -> None:
    assert browser_of(people.bob).post(f"{url(newer)}?supersede={other}").status_code == 409
    review.refresh_from_db()
    assert review.state == review_states.OPEN


def test_a_dream_that_left_nothing_says_so(people: People, review: Review) -> None:
    answer = browser_of(people.bob).post(url(dream_row(review.dream.store)))
    assert answer.status_code == 409
    assert "There is nothing to review" in answer.content.decode()
