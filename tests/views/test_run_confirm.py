"""Confirming: only the plan that was shown, once, by whoever may."""

import pytest

from dreams.models import ApplyRun, Review
from dreams.rules import review_states as states
from dreams.services import applying
from tests.factories import review_approved
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_members_only, assert_only


@pytest.fixture
def run(people: People, sandbox: Sandbox) -> ApplyRun:
    planned, _ = applying.plan_review(review_approved(people, sandbox, states.KEPT), by=people.dave)
    assert planned is not None
    return planned


def url_of(run: ApplyRun) -> str:
    return f"/acme/runs/{run.pk}/confirm/"


def test_members_confirm_by_post_and_nobody_else(people: People, run: ApplyRun) -> None:
    assert_members_only(people, url_of(run), method="post")
    assert_only(people, url_of(run), "post")
    assert ApplyRun.objects.get().state == "planned"


@pytest.mark.parametrize("who", ["carol", "bob"])
def test_viewers_and_reviewers_may_not(people: People, run: ApplyRun, who: str) -> None:
    answer = browser_of(getattr(people, who)).post(url_of(run), {"digest": run.plan_digest})
    assert answer.status_code == 403
    assert ApplyRun.objects.get().state == "planned"


def test_confirming_lets_the_plan_run_and_leads_back_to_it(people: People, run: ApplyRun) -> None:
    answer = browser_of(people.dave).post(url_of(run), {"digest": run.plan_digest})
    assert (answer.status_code, answer["Location"]) == (302, f"/acme/runs/{run.pk}/")
    run.refresh_from_db()
    assert (run.state, run.confirmed_by) == ("confirmed", people.dave)
    assert Review.objects.get().state == states.APPLYING


def test_what_was_confirmed_is_written_once_it_is_committed(
    people: People, sandbox: Sandbox, run: ApplyRun, django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        browser_of(people.dave).post(url_of(run), {"digest": run.plan_digest})
    run.refresh_from_db()
    assert run.state == "done"
    assert sandbox.state.memory_at(run.target.remote_id, "/scratch/today.md") is not None


@pytest.mark.parametrize("digest", ["", "0" * 64])
def test_another_plan_than_the_one_shown_is_shown_again_with_the_reason(
    people: People, run: ApplyRun, digest: str
) -> None:
    answer = browser_of(people.dave).post(url_of(run), {"digest": digest})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "This is not the plan you were shown" in page
    assert f'value="{run.plan_digest}"' in page
    assert ApplyRun.objects.get().state == "planned"


def test_a_second_confirmation_finds_the_first(people: People, run: ApplyRun) -> None:
    client = browser_of(people.dave)
    client.post(url_of(run), {"digest": run.plan_digest})
    answer = client.post(url_of(run), {"digest": run.plan_digest})
    assert answer.status_code == 409
    assert "confirmed, replaced or withdrawn meanwhile" in answer.content.decode()
