"""A review without a dream: opened over what was written since a moment, and right words on all of its pages."""

import pytest
from django.test import Client

from dreams.models import AuditEvent, Review, Store
from dreams.services import applying, reviews
from tests.factories import agent_writes
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.comparing import compared, since, written_since
from tests.views.pages import assert_members_only, assert_only
from tests.views.reviewing import change_at, decide_all

URL = "/acme/compare/review/"


@pytest.fixture
def ends(people: People, sandbox: Sandbox) -> dict[str, str]:
    store, then = written_since(people, sandbox)
    before, after = since(store, then)
    compared(store, before, after)
    return {"before": before, "after": after}


def opened(people: People, ends: dict[str, str]) -> Review:
    answer = browser_of(people.bob).post(URL, ends)
    review = Review.objects.get(dream=None)
    assert answer["Location"] == f"/acme/reviews/{review.pk}/"
    return review


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_members_post_it_and_nobody_else(people: People, ends: dict[str, str]) -> None:
    assert_members_only(people, URL, method="post")
    assert_only(people, URL, "post")


def test_a_viewer_may_not_and_is_told_why_before(people: People, ends: dict[str, str]) -> None:
    carol = browser_of(people.carol)
    assert carol.post(URL, ends).status_code == 403
    assert "you need the role reviewer" in carol.get("/acme/compare/", ends).content.decode()
    assert not Review.objects.exists()


def test_it_holds_exactly_what_was_compared(people: People, ends: dict[str, str]) -> None:
    review = opened(people, ends)
    changed = review.changes.exclude(state="unchanged").order_by("position")
    assert [change.title for change in changed] == ["/runbooks/deploy.md", "/scratch/today.md", "/people/bo.md"]
    assert review.changes.filter(state="unchanged").count() == 3
    assert (review.opened_by, review.target, review.after.version_id) == (
        people.bob,
        review.after.store,
        review.target.last_version_id,
    )
    assert AuditEvent.objects.filter(verb="opened review", actor="Bob").exists()


def test_none_of_its_pages_speaks_of_a_dream(people: People, ends: dict[str, str]) -> None:
    review, bob, dave = opened(people, ends), browser_of(people.bob), browser_of(people.dave)
    at = f"/acme/reviews/{review.pk}/"
    pages = [read(bob, "/acme/"), read(bob, at), read(bob, f"{at}discard/")]
    assert "Review what was written to support" in pages[0]
    assert "opened by <b>Bob</b>" in pages[1]
    pages += [read(bob, f"{at}changes/{change.pk}/") for change in review.changes.all()]
    pages.append(read(bob, f"{at}changes/{change_at(review, '/runbooks/deploy.md').pk}/edit/"))
    decide_all(review, people.bob, "kept")
    pages += [read(bob, at), read(bob, f"{at}?change={change_at(review, '/people/bo.md').pk}")]
    assert "The original is put back" in pages[-1]
    bob.post(f"{at}approve/")
    pages.append(read(bob, at))
    run = dave.post(f"{at}plan/", follow=True)
    pages.append(run.content.decode())
    plan = review.runs.get()
    applying.apply_run(applying.confirm_run(plan, digest=plan.plan_digest, by=people.dave))
    pages += [read(dave, at), read(dave, f"/acme/runs/{plan.pk}/"), read(dave, "/acme/"), read(dave, "/acme/audit/")]
    for page in pages:
        main = page[page.index("<main") : page.index("</main")].lower()
        assert "the dream" not in main and "this dream" not in main and ">dreams<" not in main, main
    assert "Attach to deployments" not in pages[-4] + pages[-3]


def test_the_bar_places_it_among_the_stores(people: People, ends: dict[str, str]) -> None:
    review = opened(people, ends)
    for page in ("", f"changes/{change_at(review, '/people/ana.md').pk}/", "discard/"):
        said = read(browser_of(people.bob), f"/acme/reviews/{review.pk}/{page}")
        assert 'href="/acme/stores/" aria-current="page"' in said
        assert 'href="/acme/dreams/" aria-current="page"' not in said


def test_a_store_written_to_since_is_shown_again_before_it_is_reviewed(
    people: People, sandbox: Sandbox, ends: dict[str, str]
) -> None:
    agent_writes(sandbox, Store.objects.get(), "/late.md", "Just now.")
    answer = browser_of(people.bob).post(URL, ends, follow=True)
    assert "The store was written to since this page was made." in answer.content.decode()
    assert not Review.objects.exists()


def test_one_review_at_a_time(people: People, ends: dict[str, str]) -> None:
    opened(people, ends)
    answer = browser_of(people.bob).post(URL, ends)
    assert answer.status_code == 409
    assert "One at a time" in answer.content.decode()
    assert Review.objects.count() == 1


def test_only_now_can_be_reviewed(people: People, ends: dict[str, str]) -> None:
    swapped = {"before": ends["after"], "after": ends["before"]}
    answer = browser_of(people.bob).post(URL, swapped)
    assert answer.status_code == 409
    assert "compare with now to open one" in answer.content.decode()


def test_who_opened_it_may_approve_it_where_the_workspace_allows_that(people: People, ends: dict[str, str]) -> None:
    review = opened(people, ends)
    decide_all(review, people.bob)
    people.workspace.allow_self_approval = False
    people.workspace.save(update_fields=["allow_self_approval"])
    page = read(browser_of(people.bob), f"/acme/reviews/{review.pk}/")
    assert "this workspace does not let people approve what they started" in page
    inbox = read(browser_of(people.bob), "/acme/")
    assert inbox.index("Waiting on others") < inbox.index("Approve the review of support")
    people.workspace.allow_self_approval = True
    people.workspace.save(update_fields=["allow_self_approval"])
    reviews.approve_review(Review.objects.get(), by=people.bob)
    page = read(browser_of(people.bob), f"/acme/reviews/{review.pk}/")
    assert "Self-approved: Bob opened this review and approved it." in page
