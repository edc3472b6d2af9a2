"""Making the reviewed store current: for lines that no deployment mounts."""

import pytest

from dreams.models import Review
from tests.factories import review_applied, review_approved
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_members_only, assert_only


@pytest.fixture
def review(people: People, sandbox: Sandbox) -> Review:
    return review_applied(people, sandbox)


def url_of(review: Review) -> str:
    return f"/acme/reviews/{review.pk}/make-current/"


def test_members_do_it_by_post_and_nobody_else(people: People, review: Review) -> None:
    assert_members_only(people, url_of(review), method="post")
    assert_only(people, url_of(review), "post")


@pytest.mark.parametrize("who", ["carol", "bob"])
def test_viewers_and_reviewers_may_not(people: People, review: Review, who: str) -> None:
    assert browser_of(getattr(people, who)).post(url_of(review)).status_code == 403


def test_the_line_goes_on_from_the_reviewed_store(people: People, review: Review) -> None:
    answer = browser_of(people.dave).post(url_of(review), follow=True)
    review.line.refresh_from_db()
    assert review.line.current_store == review.target
    assert "is the current store of its line" in answer.content.decode()


def test_a_review_that_is_not_applied_is_refused(people: People, sandbox: Sandbox) -> None:
    answer = browser_of(people.dave).post(url_of(review_approved(people, sandbox)))
    assert answer.status_code == 409
