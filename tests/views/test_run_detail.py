"""The plan page: what will be written, what is being written, what was written, and why something was not."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import ApplyRun, ApplyStep, Deployment, Review, Text
from dreams.rules import review_states as states
from dreams.services import applying
from tests.factories import review_approved
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only

CREATE = {"method": "POST", "path": "/v1/memory_stores/*/memories"}


def planned(people: People, review: Review) -> ApplyRun:
    run, _ = applying.plan_review(review, by=people.dave)
    assert run is not None
    return run


@pytest.fixture
def run(people: People, sandbox: Sandbox) -> ApplyRun:
    """Two creates and one delete, planned."""
    return planned(people, review_approved(people, sandbox, states.KEPT))


def page_of(people: People, run: ApplyRun, query: str = "", who: str = "dave") -> str:
    answer = browser_of(getattr(people, who)).get(f"/acme/runs/{run.pk}/{query}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def confirmed(people: People, run: ApplyRun) -> ApplyRun:
    return applying.confirm_run(run, digest=run.plan_digest, by=people.dave)


def test_members_read_it_and_nobody_else(people: People, run: ApplyRun) -> None:
    url = f"/acme/runs/{run.pk}/"
    assert_members_only(people, url)
    assert_only(people, url, "get")
    assert_fragment(people, url, "run")
    assert browser_of(people.mallory).get(f"/acme-rival/runs/{run.pk}/").status_code == 404


def test_a_plan_says_what_it_will_do_and_what_it_will_not(people: People, run: ApplyRun) -> None:
    page = page_of(people, run)
    assert "Writes 2 memories into" in page
    assert "(2 of them new) and removes 1: 3 calls to the API" in page
    assert "Running sessions keep what they have." in page
    assert "Nothing that agents read changes until you attach this store." in page
    assert f'name="digest" value="{run.plan_digest}"' in page
    assert "Confirm and make 3 writes" in page
    for step in run.steps.all():
        assert step.path in page
    assert "only if it still holds" in page
    assert 'hx-trigger="every 2s"' not in page


def test_a_plan_of_no_steps_has_its_own_words(people: People, sandbox: Sandbox) -> None:
    page = page_of(people, planned(people, review_approved(people, sandbox)))
    assert "Nothing has to be written" in page
    assert "Confirm: nothing to write" in page


def test_a_store_that_agents_read_already_is_pointed_out(people: People, run: ApplyRun) -> None:
    Deployment.objects.create(
        workspace=people.workspace,
        remote_id="depl_1",
        name="night <watch>",
        status="active",
        seen_at=timezone.now(),
        resources=[{"type": "memory_store", "memory_store_id": run.target.remote_id}],
    )
    page = page_of(people, run)
    assert "night &lt;watch&gt; already mounts this store" in page
    assert "Nothing that agents read changes" not in page


@pytest.mark.parametrize("who", ["carol", "bob"])
def test_others_see_the_button_disabled_with_the_reason(people: People, run: ApplyRun, who: str) -> None:
    page = page_of(people, run, who=who)
    assert "To apply reviews you need the role operator" in page
    assert "run-confirm" not in page
    assert f"/acme/runs/{run.pk}/confirm/" not in page


def test_one_step_shows_its_difference_on_demand(people: People, run: ApplyRun) -> None:
    create, delete = run.steps.filter(op="create").first(), run.steps.get(op="delete")
    assert create is not None
    assert "<table" not in page_of(people, run)
    shown = page_of(people, run, f"?step={create.position}")
    assert shown.count("<table") == 1
    assert "<ins>" in shown
    gone = page_of(people, run, f"?step={delete.position}")
    assert "<del>" in gone
    assert "Made by the sandbox stand-in" in gone


@pytest.mark.parametrize("query", ["?step=0", "?step=99999", "?step=x", "?step=²", "?page=77", "?show=odd"])
def test_any_question_is_harmless(people: People, run: ApplyRun, query: str) -> None:
    assert "Plan of writes" in page_of(people, run, query)


def test_bytes_that_were_purged_are_said_to_be_missing(people: People, run: ApplyRun) -> None:
    step = run.steps.get(op="delete")
    Text.objects.filter(sha256=step.expected_sha).update(body=None, purged_at=timezone.now(), purged_by="Alice")
    assert "no longer kept here" in page_of(people, run, f"?step={step.position}")


def test_while_it_runs_the_page_asks_again_and_tells_how_far(people: People, run: ApplyRun) -> None:
    confirmed(people, run)
    ApplyStep.objects.filter(run=run, position=1).update(state="done", done_at=timezone.now())
    page = page_of(people, run)
    assert 'hx-trigger="every 2s"' in page
    assert "1 of 3 done" in page
    assert "You may leave this page" in page


def test_a_run_that_waits_for_the_vendor_says_why_and_until_when(
    people: People, sandbox: Sandbox, run: ApplyRun
) -> None:
    sandbox.faults([{**CREATE, "kind": "drop_after_commit"}])
    applying.apply_run(confirmed(people, run))
    page = page_of(people, run)
    assert "The connection to the API was lost" in page
    assert "It is tried again by itself at" in page
    assert "Unconfirmed" in page


def test_when_it_is_done_it_tells_what_was_written_and_what_comes_next(people: People, run: ApplyRun) -> None:
    applying.apply_run(confirmed(people, run))
    page = page_of(people, run)
    assert "holds, path by path, exactly what was decided" in page
    assert page.count("version <code>memver_") == 3
    assert f"/acme/reviews/{run.review_id}/attach/" in page
    assert 'hx-trigger="every 2s"' not in page


def test_a_run_that_stopped_says_which_steps_and_why_and_offers_a_new_plan(
    people: People, sandbox: Sandbox, run: ApplyRun
) -> None:
    sandbox.faults([{**CREATE, "kind": "status", "status": 409}])
    applying.apply_run(confirmed(people, run))
    page = page_of(people, run)
    assert "2 of 3 steps were done and stay done" in page
    assert "Blocked" in page
    assert "The API refused this" in page
    assert page.count('<li id="step-') == 1
    assert page_of(people, run, "?show=all").count('<li id="step-') == 3
    assert f"/acme/reviews/{run.review_id}/plan/" in page
    newer = planned(people, run.review)
    old = page_of(people, run)
    assert f"/acme/runs/{newer.pk}/" in old
    assert f"/acme/reviews/{run.review_id}/plan/" not in old


def test_a_plan_that_was_replaced_leads_to_the_newest(people: People, run: ApplyRun) -> None:
    newer = planned(people, run.review)
    page = page_of(people, run)
    assert "replaced or withdrawn" in page
    assert f"/acme/runs/{newer.pk}/" in page
    assert "Confirm" not in page


def test_a_hostile_path_stays_text(people: People, run: ApplyRun) -> None:
    ApplyStep.objects.filter(run=run, position=1).update(path="/<script>alert(1)</script>\u202e.md")
    page = page_of(people, run, "?step=1")
    assert "<script>alert(1)" not in page
    assert 'title="U+202E right-to-left override"' in page


def test_the_number_of_queries_does_not_grow_with_the_steps(people: People, run: ApplyRun) -> None:
    client, counts = browser_of(people.carol), []
    for size in (3, 120):
        have = run.steps.count()
        ApplyStep.objects.bulk_create(
            ApplyStep(run=run, position=n, op="create", path=f"/n/{n}.md", target_sha="0" * 64)
            for n in range(have + 1, size + 1)
        )
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(f"/acme/runs/{run.pk}/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert answer.content.decode().count('<li id="step-') == 50
