"""Planning: a plan to look at, or the list of paths that somebody else wrote; never a write."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.models import ApplyRun, Review
from dreams.rules import review_states as states
from tests.factories import agent_deletes, agent_writes, review_approved
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_members_only, assert_only


@pytest.fixture
def review(people: People, sandbox: Sandbox) -> Review:
    return review_approved(people, sandbox, states.KEPT)


def url_of(review: Review) -> str:
    return f"/acme/reviews/{review.pk}/plan/"


def test_members_plan_by_post_and_nobody_else(people: People, review: Review) -> None:
    assert_members_only(people, url_of(review), method="post")
    assert_only(people, url_of(review), "post")
    assert not ApplyRun.objects.exists()


@pytest.mark.parametrize("who", ["carol", "bob"])
def test_viewers_and_reviewers_are_told_which_role_it_takes(people: People, review: Review, who: str) -> None:
    answer = browser_of(getattr(people, who)).post(url_of(review))
    assert answer.status_code == 403
    assert "you need the role operator" in answer.content.decode()


def test_a_plan_is_made_and_shown_and_nothing_is_written(people: People, sandbox: Sandbox, review: Review) -> None:
    sandbox.requests(clear=True)
    answer = browser_of(people.dave).post(url_of(review))
    run = ApplyRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/acme/runs/{run.pk}/")
    assert (run.state, run.planned_by) == ("planned", people.dave)
    assert {r["method"] for r in sandbox.requests() if r["path"].startswith("/v1")} == {"GET"}


def test_what_others_wrote_is_listed_with_what_to_do(people: People, sandbox: Sandbox, review: Review) -> None:
    agent_writes(sandbox, review.target, "/people/ana.md", "<b>Ana</b> moved to Porto.\n")
    agent_writes(sandbox, review.target, "/new.md", "New\n")
    agent_deletes(sandbox, review.target, "/runbooks/rollback.md")
    answer = browser_of(people.dave).post(url_of(review))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody else wrote 3 paths" in page
    assert all(word in page for word in ("/people/ana.md", "Changed", "/new.md", "Added", "Removed"))
    assert "reopen the review, edit that memory" in page
    assert "&lt;b&gt;" in page
    assert "<b>Ana" not in page
    assert not ApplyRun.objects.exists()


def test_a_review_that_is_not_approved_is_refused_with_a_sentence(people: People, review: Review) -> None:
    Review.objects.filter(pk=review.pk).update(state=states.OPEN)
    answer = browser_of(people.dave).post(url_of(review))
    assert answer.status_code == 409
    assert "Only an approved review can be applied." in answer.content.decode()


def test_an_output_store_that_vanished_is_said(people: People, sandbox: Sandbox, review: Review) -> None:
    sandbox.state.remove("store", review.target.remote_id)
    answer = browser_of(people.dave).post(url_of(review))
    assert answer.status_code == 409
    assert "no longer exists at the vendor" in answer.content.decode()


def test_a_vendor_that_fails_is_said_and_nothing_is_planned(people: People, sandbox: Sandbox, review: Review) -> None:
    sandbox.faults([{"method": "GET", "path": "/v1/*", "kind": "status", "status": 500}])
    answer = browser_of(people.dave).post(url_of(review))
    assert answer.status_code == 503
    assert "internal failure" in answer.content.decode()
    assert not ApplyRun.objects.exists()


def test_the_number_of_queries_for_a_drifted_store_grows_only_with_what_is_mirrored(
    people: People, sandbox: Sandbox, review: Review
) -> None:
    client, counts = browser_of(people.dave), []
    for size in (3, 30):
        for number in range(size):
            agent_writes(sandbox, review.target, f"/drift/{number}.md", f"{size} {number}\n")
        client.post(url_of(review))  # the mirror takes the new versions in
        with CaptureQueriesContext(connection) as queries:
            assert client.post(url_of(review)).status_code == 409
        counts.append(len(queries))
    assert counts[0] == counts[1]
