"""The list of attachments: who pointed which deployment at which store, newest first."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import Attachment, Review
from dreams.services import attachments as service
from tests.factories import review_applied
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.attaching import attached, deployment, form_of, page_of
from tests.views.pages import assert_fragment, assert_members_only, assert_only

URL = "/acme/attachments/"


def many(people: People, review: Review, count: int) -> None:
    for number in range(count):
        Attachment.objects.create(
            workspace=people.workspace,
            line=review.line,
            review=review,
            deployment_id=f"depl_{number}",
            deployment_name=f"deployment <{number}>",
            from_store=review.before.store,
            to_store=review.target,
            before=[],
            after=[],
            state="done",
            by=people.dave,
            asked_at=timezone.now(),
            done_at=timezone.now(),
        )


def test_members_read_it_and_nobody_else(people: People) -> None:
    assert_members_only(people, URL)
    assert_only(people, URL, "get")
    assert_fragment(people, URL, "attachments")


def test_before_the_first_one_it_says_how_to_get_there(people: People) -> None:
    assert "Nothing was attached yet" in page_of(browser_of(people.carol), URL)


def test_it_tells_which_deployment_went_where_by_whom(people: People, sandbox: Sandbox) -> None:
    review = review_applied(people, sandbox)
    done = attached(review, people, deployment(sandbox, review, name="<i>triage"))
    page = page_of(browser_of(people.carol), URL)
    assert "&lt;i&gt;triage" in page
    assert "<i>triage" not in page
    assert f"{review.before.store.name} → {review.target.name}" in page
    assert "Attached" in page
    assert "Dave" in page
    assert 'hx-trigger="every 2s"' not in page
    service.attach_one(service.undo_attachment(done, by=people.alice))
    page = page_of(browser_of(people.carol), URL)
    assert page.count("Rolled back") == 2
    assert "Alice" in page


def test_it_polls_while_one_is_being_carried_out(people: People, sandbox: Sandbox) -> None:
    review = review_applied(people, sandbox)
    made = deployment(sandbox, review)
    browser_of(people.dave).post(f"/acme/reviews/{review.pk}/attach/", form_of(review, made))
    assert 'hx-trigger="every 2s"' in page_of(browser_of(people.carol), URL)


def test_it_is_paginated_and_its_queries_do_not_grow(people: People, sandbox: Sandbox) -> None:
    review = review_applied(people, sandbox)
    client, counts = browser_of(people.carol), []
    for more in (3, 57):
        many(people, review, more)
        with CaptureQueriesContext(connection) as queries:
            page = page_of(client, URL)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert page.count("<tr>") == 51
    assert "1–50 of 60 attachments" in page
    assert page_of(client, f"{URL}?page=2").count("<tr>") == 11
