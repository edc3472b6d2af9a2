"""Accept and keep: saved at once, by whom, and on to the next change that waits."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.models import AuditEvent, Change, Decision, Review
from dreams.queries.change_list import PAGE
from dreams.services import drawing, reviews
from tests.people import People, browser_of
from tests.views.pages import assert_members_only, assert_only
from tests.views.reviewing import change_at, decide_all, review_of, url_of

HTMX = {"HX-Request": "true", "HX-Target": "memory"}


@pytest.fixture
def review(people: People) -> Review:
    return review_of(people)


@pytest.fixture
def change(review: Review) -> Change:
    return change_at(review, "/runbooks/deploy.md")


def said(change: Change, outcome: str = "accepted", **more: str) -> dict[str, str]:
    return {"outcome": outcome, "seen_seq": str(change.seq), **more}


def test_members_only_and_only_by_post(people: People, review: Review, change: Change) -> None:
    assert_members_only(people, url_of(review, change, "decide/"), method="post")
    assert_only(people, url_of(review, change, "decide/"), "post")


@pytest.mark.parametrize("outcome", ["accepted", "kept"])
def test_a_decision_is_saved_with_its_bytes_and_its_reason(
    people: People, review: Review, change: Change, outcome: str
) -> None:
    browser_of(people.bob).post(url_of(review, change, "decide/"), said(change, outcome, reason="Because."))
    change.refresh_from_db()
    assert (change.state, change.decided_by, change.seq) == (outcome, people.bob, 1)
    decision = change.decisions.get()
    side = "after" if outcome == "accepted" else "before"
    assert decision.result == dict(change.paths.filter(side=side).values_list("path", "sha256"))
    assert decision.reason == "Because."
    assert AuditEvent.objects.filter(verb=f"{outcome} change", actor="Bob").exists()


def test_without_scripts_it_leads_to_the_next_change_that_waits(
    people: People, review: Review, change: Change
) -> None:
    answer = browser_of(people.bob).post(url_of(review, change, "decide/"), said(change), follow=True)
    waits = review.changes.filter(state="undecided").order_by("position").first()
    assert answer.redirect_chain == [(url_of(review, waits), 302)]
    left = review.changes.filter(state="undecided").count()
    assert f"/runbooks/deploy.md: accepted, {left} left." in answer.content.decode()


def test_htmx_gets_the_next_change_and_what_changed_around_it(people: People, review: Review, change: Change) -> None:
    answer = browser_of(people.bob).post(url_of(review, change, "decide/"), said(change), headers=HTMX)
    body = answer.content.decode()
    waits = review.changes.filter(state="undecided").order_by("position").first()
    left = review.changes.filter(state="undecided").count()
    assert "<html" not in body
    assert body.strip().startswith('<article class="review__memory" id="memory"')
    assert f'action="{url_of(review, waits, "decide/")}"' in body
    news = body[body.index('<ul hidden id="row-news" hx-swap-oob="true">') :]
    assert re.findall(r'<li id="row-(\d+)"', news) == [str(change.pk), str(waits.pk)]
    assert 'aria-label="Accepted"' in body
    assert f"1 of {left + 1} decided" in body
    assert json.loads(answer["HX-Trigger"]) == {"announce": f"accepted, {left} left"}
    assert answer["HX-Push-Url"] == url_of(review, waits)


def test_the_last_decision_leads_to_the_sum(people: People, review: Review, change: Change) -> None:
    decide_all(review, people.alice)
    reviews.undo_decision(Change.objects.get(pk=change.pk), by=people.alice, seen_seq=1)
    change.refresh_from_db()
    answer = browser_of(people.bob).post(url_of(review, change, "decide/"), said(change), headers=HTMX)
    assert "Every change is decided" in answer.content.decode()
    assert json.loads(answer["HX-Trigger"]) == {"announce": "accepted, every change is decided"}
    assert f'action="{url_of(review, verb="approve/")}"' in answer.content.decode()


def test_a_reader_who_does_not_want_to_be_led_stays(people: People, review: Review, change: Change) -> None:
    client = browser_of(people.bob)
    answer = client.post(url_of(review, change, "decide/"), said(change, advance="off"), headers=HTMX)
    assert answer["HX-Push-Url"] == url_of(review, change)
    assert "checked" not in answer.content.decode()[: answer.content.decode().index("</article>")]
    other = change_at(review, "/index.md")
    answer = client.post(url_of(review, other, "decide/"), said(other))
    assert answer["Location"] == url_of(review, other), "the choice is kept"


def test_within_a_filter_it_goes_on_inside_the_filter(people: People, review: Review) -> None:
    change = change_at(review, "/people/ana.md")
    answer = browser_of(people.bob).post(url_of(review, change, "decide/"), said(change, show="lost"))
    waits = review.changes.filter(state="undecided", lost_count__gt=0).first()
    assert answer["Location"] == url_of(review, waits) + "?show=lost"


def test_when_the_next_change_is_on_another_page_of_the_list_the_list_turns_to_it(people: People) -> None:
    texts = {f"/a/{n:03}.md": f"The shelf number {n} holds parcels.\n" for n in range(2 * PAGE + 20)}
    review = review_of(people, texts, {})
    last = review.changes.order_by("position")[2 * PAGE - 1]
    answer = browser_of(people.bob).post(url_of(review, last, "decide/"), said(last), headers=HTMX)
    body = answer.content.decode()
    assert 'id="review-changes" aria-label="Changes" hx-swap-oob="true"' in body
    assert body.count('<li id="row-') == 20
    assert "hx-swap-oob" not in body[body.index('id="changes"') :]


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_somebody_who_was_faster_is_named_and_nothing_is_overwritten(
    people: People, review: Review, change: Change, headers: dict[str, str]
) -> None:
    reviews.decide_change(change, "kept", by=people.alice, seen_seq=0)
    stale = {"outcome": "accepted", "seen_seq": "0"}
    answer = browser_of(people.bob).post(url_of(review, change, "decide/"), stale, headers=headers)
    assert answer.status_code == 409
    body = answer.content.decode()
    assert "Alice decided this while you were reading: kept original." in body
    assert "Your choice was not saved" in body
    assert 'name="seen_seq" value="1"' in body
    change.refresh_from_db()
    assert change.state == "kept"
    assert Decision.objects.filter(change=change).count() == 1


def test_a_viewer_may_not(people: People, review: Review, change: Change) -> None:
    answer = browser_of(people.carol).post(url_of(review, change, "decide/"), said(change))
    assert answer.status_code == 403
    change.refresh_from_db()
    assert change.state == "undecided"


def test_an_approved_review_takes_no_decision(people: People, review: Review, change: Change) -> None:
    decide_all(review, people.bob)
    reviews.approve_review(review, by=people.bob)
    change.refresh_from_db()
    answer = browser_of(people.bob).post(url_of(review, change, "decide/"), said(change, "kept"))
    assert answer.status_code == 409
    assert "reopen it to change a decision" in answer.content.decode()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"outcome": "edited", "seen_seq": "0"},
        {"outcome": "accepted", "seen_seq": "x"},
        {"outcome": "accepted", "seen_seq": "0", "reason": "x" * 1001},
    ],
)
def test_what_is_not_well_formed_is_refused_with_a_sentence(
    people: People, review: Review, change: Change, data: dict[str, str]
) -> None:
    answer = browser_of(people.bob).post(url_of(review, change, "decide/"), data)
    assert answer.status_code == 422
    change.refresh_from_db()
    assert change.state == "undecided"


def test_an_unchanged_memory_needs_no_decision(people: People, review: Review) -> None:
    change = change_at(review, "/README.md")
    answer = browser_of(people.bob).post(url_of(review, change, "decide/"), said(change))
    assert answer.status_code == 409


def test_deciding_costs_few_queries_however_many_changes_there_are(people: People) -> None:
    def queries(name: str, count: int) -> int:
        texts = {f"/a/{n}.md": f"The answer number {n} is long.\n" for n in range(count)}
        review = review_of(people, texts, {}, name=name)
        client = browser_of(people.bob)
        first = review.changes.first()
        drawing.draw_review(review)
        with CaptureQueriesContext(connection) as seen:
            client.post(url_of(review, first, "decide/"), said(first), headers=HTMX)
        return len(seen)

    few, many = queries("few", 3), queries("many", 60)
    assert few == many
    assert many <= 22, "two of them are the test's own savepoint"
