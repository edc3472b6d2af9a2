"""Accepting all of one harmless kind: the list first, exactly that list, and exactly that batch taken back."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.models import AuditEvent, Change, Drift, Review
from dreams.services import reviews, together
from dreams.services.refusals import Refusal
from tests.people import People, browser_of
from tests.views.pages import assert_members_only, assert_only
from tests.views.reviewing import change_at, review_of, url_of

SAID = "The atlas shows where each depot stands.\n"
MOVED = {
    "atlas": SAID,
    "ledger": "Refunds are written by hand and signed on Mondays.\n",
    "roster": "Night crews sweep the yard before the trucks return.\n",
}


@pytest.fixture
def review(people: People) -> Review:
    """Three memories that only moved, one that was re-wrapped, one that moved and lost a sentence."""
    tides = "High water comes at noon in spring.\nThe pilot boat leaves an hour earlier.\nLamps burn all winter.\n"
    before = {f"/old/{name}.md": text for name, text in MOVED.items()}
    after = {f"/new/{name}.md": text for name, text in MOVED.items()}
    return review_of(
        people,
        before | {"/wrapped.md": "One row of the\nlong tale.\n", "/old/almanac.md": tides},
        after | {"/wrapped.md": "One row\nof the long tale.\n", "/new/almanac.md": tides.replace("Lamps", "#")[:73]},
    )


def accepted(people: People, review: Review, kind: str = "moved") -> str:
    """The address of the batch that Bob accepted, as the page offered it."""
    client, url = browser_of(people.bob), url_of(review, verb=f"accept/{kind}/")
    answer = client.post(url, {"seen": client.get(url).context["found"].seen})
    assert answer.status_code == 302
    return str(answer["Location"])


def states_of(review: Review) -> dict[str, str]:
    return dict(review.changes.values_list("title", "state"))


def test_members_read_it_and_nobody_else(people: People, review: Review) -> None:
    for url in (url_of(review, verb="accept/moved/"), accepted(people, review)):
        assert_members_only(people, url)
        assert_only(people, url, "get", "post")


def test_there_are_no_other_kinds_and_no_other_batches(people: People, review: Review) -> None:
    other = review_of(people, {"/a/x.md": SAID}, {"/b/x.md": SAID}, name="other")
    batch = accepted(people, other).rstrip("/").rpartition("/")[2]
    for verb in ("accept/lost/", "accept/modified/", "accepted/999999/", f"accepted/{batch}/"):
        assert browser_of(people.bob).get(url_of(review, verb=verb)).status_code == 404, verb


def test_a_viewer_sees_the_list_and_why_she_may_not_accept_it(people: People, review: Review) -> None:
    url = url_of(review, verb="accept/moved/")
    page = browser_of(people.carol).get(url).content.decode()
    assert "/new/atlas.md" in page
    assert "To decide changes you need the role reviewer; yours is viewer." in page
    assert browser_of(people.carol).post(url, {"seen": "x"}).status_code == 403
    assert browser_of(people.carol).post(accepted(people, review)).status_code == 403


def test_the_review_offers_each_kind_with_how_many(people: People, review: Review) -> None:
    page = browser_of(people.bob).get(url_of(review)).content.decode()
    assert f'href="{url_of(review, verb="accept/moved/")}">Accept 3 that only moved…' in page
    assert f'href="{url_of(review, verb="accept/rewrapped/")}">Accept 1 that were only re-wrapped…' in page
    assert "accept/" not in browser_of(people.carol).get(url_of(review)).content.decode()


def test_the_list_comes_first_with_both_paths_and_nothing_that_has_a_finding(people: People, review: Review) -> None:
    page = browser_of(people.bob).get(url_of(review, verb="accept/moved/")).content.decode()
    assert "/old/ledger.md" in page and "/new/ledger.md" in page
    assert "almanac" not in page
    assert "Accept these 3" in page
    assert set(states_of(review).values()) == {"undecided"}


def test_accepting_decides_exactly_these_and_tells_who_when_and_how_many(people: People, review: Review) -> None:
    page = browser_of(people.bob).get(accepted(people, review)).content.decode()
    assert "Accepted: 3 that only moved" in page
    assert "by <b>Bob</b>" in page
    assert [title for title, state in states_of(review).items() if state == "accepted"] == [
        "/new/atlas.md",
        "/new/ledger.md",
        "/new/roster.md",
    ]
    change = change_at(review, "/new/atlas.md")
    assert (change.decided_by, change.seq) == (people.bob, 1)
    assert change.decisions.get().result == dict(change.paths.filter(side="after").values_list("path", "sha256"))
    event = AuditEvent.objects.get(verb="accepted together")
    assert event.detail == {"changes": 3, "that": "only moved"}


def test_what_was_only_rewrapped_is_a_kind_of_its_own(people: People, review: Review) -> None:
    accepted(people, review, "rewrapped")
    assert [title for title, state in states_of(review).items() if state == "accepted"] == ["/wrapped.md"]


@pytest.mark.parametrize(
    "harm", [{"lost_count": 1}, {"altered_count": 1}, {"flag_count": 1}, {"state": "another_look"}, {"lines_added": 1}]
)
def test_whatever_has_a_finding_or_was_decided_before_is_never_among_them(
    people: People, review: Review, harm: dict[str, object]
) -> None:
    Change.objects.filter(pk=change_at(review, "/new/atlas.md").pk).update(**harm)
    accepted(people, review)
    assert states_of(review)["/new/atlas.md"] == harm.get("state", "undecided")
    assert states_of(review)["/new/ledger.md"] == "accepted"


@pytest.mark.parametrize("standing", ["drift_only", "both_same", "mergeable", "conflicting"])
def test_what_the_base_touched_meanwhile_is_never_among_them(people: People, review: Review, standing: str) -> None:
    Drift.objects.create(
        review=review, change=change_at(review, "/new/atlas.md"), path="/old/atlas.md", standing=standing
    )
    accepted(people, review)
    assert states_of(review)["/new/atlas.md"] == "undecided"


def test_a_list_that_changed_meanwhile_is_shown_again_and_nothing_is_accepted(people: People, review: Review) -> None:
    client, url = browser_of(people.bob), url_of(review, verb="accept/moved/")
    seen = client.get(url).context["found"].seen
    reviews.decide_change(change_at(review, "/new/atlas.md"), "kept", by=people.alice, seen_seq=0)
    answer = client.post(url, {"seen": seen})
    assert answer.status_code == 409
    assert "This list changed while you were reading it. Nothing was accepted" in answer.content.decode()
    assert states_of(review)["/new/ledger.md"] == "undecided"
    assert client.post(url).status_code == 409


def test_undoing_takes_exactly_that_batch_back(people: People, review: Review) -> None:
    reviews.decide_change(change_at(review, "/wrapped.md"), "accepted", by=people.bob, seen_seq=0)
    batch = accepted(people, review)
    page = browser_of(people.alice).post(batch, follow=True).content.decode()
    assert "Took 3 back: undecided again." in page
    assert "there is nothing to take back" in page
    assert states_of(review) == {
        "/new/almanac.md": "undecided",
        "/new/atlas.md": "undecided",
        "/new/ledger.md": "undecided",
        "/new/roster.md": "undecided",
        "/wrapped.md": "accepted",
    }
    assert browser_of(people.alice).post(batch).status_code == 409
    assert AuditEvent.objects.get(verb="took back together").detail == {"changes": 3, "that": "only moved"}


def test_undoing_leaves_what_somebody_decided_since_and_names_it(people: People, review: Review) -> None:
    batch = accepted(people, review)
    change = change_at(review, "/new/atlas.md")
    reviews.decide_change(change, "kept", by=people.alice, seen_seq=1)
    page = browser_of(people.bob).get(batch).content.decode()
    since = page[page.index("Changed since") : page.index("As accepted")]
    assert "/new/atlas.md" in since and "Kept original" in since and "by Alice" in since
    page = browser_of(people.bob).post(batch, follow=True).content.decode()
    assert "Took 2 back: undecided again. 1 was decided anew since, and left as somebody wanted it." in page
    assert states_of(review)["/new/atlas.md"] == "kept"


def test_one_of_a_batch_can_be_undone_alone_and_accepted_again(people: People, review: Review) -> None:
    accepted(people, review)
    change = change_at(review, "/new/atlas.md")
    reviews.undo_decision(change, by=people.bob, seen_seq=1)
    assert states_of(review)["/new/atlas.md"] == "undecided"
    again = browser_of(people.bob).get(accepted(people, review)).content.decode()
    assert "Accepted: 1 that only moved" in again


def test_an_approved_review_takes_neither(people: People, review: Review) -> None:
    batch = int(accepted(people, review).rstrip("/").rpartition("/")[2])
    Review.objects.filter(pk=review.pk).update(state="approved")
    with pytest.raises(Refusal, match="reopen it"):
        together.undo_together(review, batch, by=people.bob)
    page = browser_of(people.bob).get(url_of(review, verb="accept/rewrapped/")).content.decode()
    assert "This review is approved." in page


def test_it_costs_as_many_queries_for_sixty_as_for_three(people: People) -> None:
    def queries(count: int) -> int:
        before = {f"/old/{n}.md": f"Tale number {n} of the house.\n" for n in range(count)}
        after = {path.replace("old", "new"): text for path, text in before.items()}
        review = review_of(people, before, after, name=f"house of {count}")
        with CaptureQueriesContext(connection) as seen:
            browser_of(people.bob).get(accepted(people, review))
        return len(seen)

    assert queries(3) == queries(60)
