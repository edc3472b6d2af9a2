"""One attachment: exact before and after, its state in words, and what a rollback would do."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.models import Attachment, Review, Store
from dreams.services import attachments as service
from dreams.services import stores
from tests.factories import agent_writes, review_applied
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.attaching import attached, deployment, form_of, mount, page_of
from tests.views.pages import assert_fragment, assert_members_only, assert_only

UPDATE = {"method": "POST", "path": "/v1/deployments/*"}


@pytest.fixture
def review(people: People, sandbox: Sandbox) -> Review:
    return review_applied(people, sandbox)


@pytest.fixture
def done(people: People, sandbox: Sandbox, review: Review) -> Attachment:
    return attached(review, people, deployment(sandbox, review))


def url_of(attachment: Attachment) -> str:
    return f"/acme/attachments/{attachment.pk}/"


def asked(people: People, sandbox: Sandbox, review: Review, fault: dict[str, Any]) -> Attachment:
    """Asked for and tried once, while the vendor fails."""
    made = deployment(sandbox, review)
    browser_of(people.dave).post(f"/acme/reviews/{review.pk}/attach/", form_of(review, made))
    sandbox.faults([{**UPDATE, **fault}])
    attachment = Attachment.objects.get()
    service.attach_one(attachment)
    return Attachment.objects.get()


def test_members_read_it_and_nobody_else(people: People, done: Attachment) -> None:
    assert_members_only(people, url_of(done))
    assert_only(people, url_of(done), "get")
    assert_fragment(people, url_of(done), "attachment")
    assert browser_of(people.mallory).get(f"/acme-rival/attachments/{done.pk}/").status_code == 404


def test_it_shows_before_and_after_and_who_and_the_way_back(people: People, done: Attachment) -> None:
    page = page_of(browser_of(people.dave), url_of(done))
    assert f"<del>{done.from_store.remote_id}" in page
    assert f"<ins>{done.to_store.remote_id}" in page
    assert "by Dave" in page
    assert "read back and found as sent" in page
    assert f"{url_of(done)}undo/" in page
    assert "gets its exact previous resources again" in page
    assert "stays as it is and can be attached again" in page
    assert 'hx-trigger="every 2s"' not in page


@pytest.mark.parametrize("who", ["carol", "bob"])
def test_others_see_why_they_may_not_roll_back(people: People, done: Attachment, who: str) -> None:
    page = page_of(browser_of(getattr(people, who)), url_of(done))
    assert "you need the role operator" in page
    assert f"{url_of(done)}undo/" not in page


def test_what_was_written_since_stays_behind_and_is_counted(
    people: People, sandbox: Sandbox, done: Attachment
) -> None:
    agent_writes(sandbox, done.to_store, "/late.md", "One")
    agent_writes(sandbox, done.to_store, "/late.md", "Two")
    stores.sync_store(done.to_store)
    assert "1 memory was written in" in page_of(browser_of(people.dave), url_of(done))


def test_a_previous_store_that_is_gone_is_the_reason_of_the_disabled_button(people: People, done: Attachment) -> None:
    Store.objects.filter(pk=done.from_store_id).update(gone_at="2026-01-01T00:00Z")
    page = page_of(browser_of(people.dave), url_of(done))
    assert "The previous store was archived or deleted" in page
    assert f"{url_of(done)}undo/" not in page


def test_an_unconfirmed_one_says_what_is_known_and_that_it_goes_on(
    people: People, sandbox: Sandbox, review: Review
) -> None:
    attachment = asked(people, sandbox, review, {"kind": "drop_after_commit"})
    page = page_of(browser_of(people.carol), url_of(attachment))
    assert "Unconfirmed" in page
    assert "Whether it was done is not known yet" in page
    assert "looked up and, where needed, tried again by itself at" in page
    assert 'hx-trigger="every 2s"' in page


def test_a_refused_one_says_why_and_how_to_try_again(people: People, sandbox: Sandbox, review: Review) -> None:
    attachment = asked(people, sandbox, review, {"kind": "status", "status": 403})
    page = page_of(browser_of(people.dave), url_of(attachment))
    assert "Not attached" in page
    assert "does not allow this key" in page
    assert f"/acme/reviews/{review.pk}/attach/" in page
    assert "Roll back" not in page


def test_what_stands_there_instead_is_shown(people: People, sandbox: Sandbox, review: Review) -> None:
    made = deployment(sandbox, review)
    browser_of(people.dave).post(f"/acme/reviews/{review.pk}/attach/", form_of(review, made))
    head = sandbox.state.get("deployment", made)
    assert head is not None
    theirs = [mount(review.before.store, instructions="Other <words>.")]
    sandbox.state.put("deployment", {**head, "resources": theirs})
    attachment = Attachment.objects.get()
    service.attach_one(attachment)
    page = page_of(browser_of(people.dave), url_of(attachment))
    assert "Nothing was written." in page
    assert "What it holds now" in page
    assert "Other &lt;words&gt;." in page


def test_a_deployment_changed_since_warns_before_a_rollback(
    people: People, sandbox: Sandbox, review: Review, done: Attachment
) -> None:
    head = sandbox.state.get("deployment", done.deployment_id)
    assert head is not None
    sandbox.state.put("deployment", {**head, "resources": []})
    service.prepare_attachment(review)
    assert "The deployment was changed since" in page_of(browser_of(people.dave), url_of(done))
    sandbox.state.remove("deployment", done.deployment_id)
    service.prepare_attachment(review)
    assert "no longer exists at the vendor" in page_of(browser_of(people.dave), url_of(done))


def test_one_that_was_rolled_back_says_by_whom_and_when(people: People, done: Attachment) -> None:
    undo = service.undo_attachment(done, by=people.alice)
    assert "The rollback is being carried out" in page_of(browser_of(people.carol), url_of(done))
    service.attach_one(undo)
    page = page_of(browser_of(people.carol), url_of(done))
    assert "Rolled back" in page
    assert "by Alice" in page
    assert url_of(undo) in page
    back = page_of(browser_of(people.dave), url_of(undo))
    assert "Takes back" in back
    assert url_of(done) in back
    assert "undo/" not in back


def test_a_rollback_that_was_refused_may_be_asked_for_again(
    people: People, sandbox: Sandbox, done: Attachment
) -> None:
    sandbox.faults([{**UPDATE, "kind": "status", "status": 403}])
    service.attach_one(service.undo_attachment(done, by=people.dave))
    page = page_of(browser_of(people.dave), url_of(done))
    assert "not done:" in page
    assert "Attached" in page
    assert f"{url_of(done)}undo/" in page


def test_the_number_of_queries_is_small(people: People, done: Attachment) -> None:
    client = browser_of(people.carol)
    with CaptureQueriesContext(connection) as queries:
        page_of(client, url_of(done))
    assert len(queries) <= 12
