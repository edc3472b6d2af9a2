"""Rolling back: one click, the exact previous list, by whoever may."""

import pytest

from dreams.models import Attachment
from tests.factories import review_applied
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.attaching import attached, deployment
from tests.views.pages import assert_members_only, assert_only


@pytest.fixture
def done(people: People, sandbox: Sandbox) -> Attachment:
    review = review_applied(people, sandbox)
    return attached(review, people, deployment(sandbox, review))


def url_of(attachment: Attachment) -> str:
    return f"/acme/attachments/{attachment.pk}/undo/"


def test_members_do_it_by_post_and_nobody_else(people: People, done: Attachment) -> None:
    assert_members_only(people, url_of(done), method="post")
    assert_only(people, url_of(done), "post")
    assert Attachment.objects.count() == 1


@pytest.mark.parametrize("who", ["carol", "bob"])
def test_viewers_and_reviewers_may_not(people: People, done: Attachment, who: str) -> None:
    assert browser_of(getattr(people, who)).post(url_of(done)).status_code == 403


def test_it_leads_to_the_rollback_which_is_carried_out_once_committed(
    people: People, sandbox: Sandbox, done: Attachment, django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        answer = browser_of(people.dave).post(url_of(done))
    undo = Attachment.objects.get(undoes=done)
    assert (answer.status_code, answer["Location"]) == (302, f"/acme/attachments/{undo.pk}/")
    assert undo.state == "done"
    assert (sandbox.state.get("deployment", done.deployment_id) or {})["resources"] == done.before


def test_a_second_click_is_told_that_it_was_done(people: People, done: Attachment) -> None:
    client = browser_of(people.dave)
    client.post(url_of(done))
    answer = client.post(url_of(done))
    assert answer.status_code == 409
    assert "taken back already" in answer.content.decode()
    assert Attachment.objects.count() == 2
