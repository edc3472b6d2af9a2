"""The list of a review: its sections in their order, filters, words of old and new paths, and the rest as it comes."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.models import Change, Drift, Review
from dreams.queries.change_list import PAGE, SECTIONS, change_list
from dreams.services import reviews
from tests.people import People, browser_of
from tests.views.listing import many_changes
from tests.views.reviewing import change_at, review_of, url_of

HTMX = {"HX-Request": "true"}
PROSE = "The harbour office opens at seven.\nIts clerk stamps every bill of lading.\nCopies go to the archive.\n"


@pytest.fixture
def review(people: People) -> Review:
    """One change of each section, made so by its counts: what finds them is the engine's affair, not the list's."""
    names = ("conflict", "lost", "altered", "flagged", "merged", "removed", "modified", "added", "moved", "wrapped")
    before = {f"/{name}.md": f"About {name}, a word or two.\n" for name in names} | {"/same.md": PROSE}
    review = review_of(people, before, {path: text + "More.\n" for path, text in before.items()} | {"/same.md": PROSE})
    plain = {"kind": "modified", "lost_count": 0, "altered_count": 0, "flag_count": 0, "rewrapped": False}
    review.changes.exclude(state="unchanged").update(**plain)
    as_is = {
        "lost": {"lost_count": 2},
        "altered": {"altered_count": 1},
        "flagged": {"flag_count": 1},
        "merged": {"kind": "merged", "edges": [[f"/old/{n}.md", "/merged.md"] for n in range(3)]},
        "removed": {"kind": "removed"},
        "added": {"kind": "added"},
        "moved": {"kind": "moved", "lines_added": 0, "lines_removed": 0, "edges": [["/notes.md", "/moved.md"]]},
        "wrapped": {"rewrapped": True},
    }
    for name, fields in as_is.items():
        Change.objects.filter(pk=change_at(review, f"/{name}.md").pk).update(**fields)
    Drift.objects.create(
        review=review, change=change_at(review, "/conflict.md"), path="/conflict.md", standing="conflicting"
    )
    return review


def listed(people: People, review: Review, query: str = "", **headers: str) -> str:
    answer = browser_of(people.bob).get(url_of(review) + query, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def names(page: str) -> list[str]:
    return re.findall(r'class="file">([^<]+)\.md<', page)


def test_the_sections_stand_in_the_order_of_what_a_reader_must_see_first(people: People, review: Review) -> None:
    page = listed(people, review)
    heads = re.findall(r'class="group"><span>([^<]+)<', page)
    assert heads == list(SECTIONS)
    assert names(page)[:2] == ["conflict", "lost"]
    assert set(names(page)[2:4]) == {"altered", "flagged"}
    assert names(page)[4:] == ["merged", "removed", "modified", "added", "moved", "wrapped"]


def test_inside_a_section_the_riskier_comes_first(people: People) -> None:
    review = review_of(people, {}, {f"/{n}.md": f"Tale number {n} of the house.\n" for n in range(4)})
    for place, change in enumerate(review.changes.order_by("-title")):
        Change.objects.filter(pk=change.pk).update(position=100 + place)
    assert names(listed(people, review)) == ["3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("show", "wanted"),
    [
        ("conflicts", {"conflict"}),
        ("lost", {"lost"}),
        ("flagged", {"altered", "flagged"}),
        ("unchanged", {"same"}),
    ],
)
def test_a_filter_lets_through_what_it_says(people: People, review: Review, show: str, wanted: set[str]) -> None:
    page = listed(people, review, f"?show={show}")
    assert set(names(page)) == wanted
    assert re.search(rf'\?show={show}" aria-current="true">[A-Z]\w+ {len(wanted)}<', page)


def test_what_needs_another_look_waits_and_says_so_in_shape_word_and_colour(people: People, review: Review) -> None:
    change = change_at(review, "/moved.md")
    reviews.decide_change(change, "accepted", by=people.bob, seen_seq=0)
    Change.objects.filter(pk=change.pk).update(state="another_look", decided_by=None, decided_at=None)
    page = listed(people, review, "?show=undecided")
    row = page[page.index(f'id="row-{change.pk}"') :].partition("</li>")[0]
    assert '<b class="stale">look again</b>' in row
    assert 'data-state="another_look" role="img" aria-label="Needs another look"' in row
    changes = change_list(review)
    assert (changes.undecided, changes.total) == (10, 10)
    assert changes.next_undecided(change_at(review, "/added.md").pk) == change.pk


def test_an_old_path_that_was_merged_away_is_found_by_typing_it(people: People) -> None:
    review = review_of(people, {"/notes.md": PROSE, "/desk.md": "The desk is green.\n"}, {"/port.md": PROSE})
    page = listed(people, review, "?q=NOTES.md")
    assert names(page) == ["port"]
    assert 'was <span class="path">/notes.md</span>' in page
    assert names(listed(people, review, "?q=port")) == ["port"]
    assert "/notes.md</span></small>" not in listed(people, review, "?q=port")
    assert "No path holds “quay”." in listed(people, review, "?q=quay")


def test_every_word_must_stand_in_one_path(people: People, review: Review) -> None:
    assert names(listed(people, review, "?q=oved+md")) == ["removed", "moved"]
    assert names(listed(people, review, "?q=moved+added")) == []


def test_words_and_filter_go_together_and_count_together(people: People, review: Review) -> None:
    page = listed(people, review, "?show=flagged&q=alt")
    assert names(page) == ["altered"]
    assert ">All 1<" in page and ">Flagged 1<" in page
    assert 'value="alt"' in page
    assert '?show=flagged&amp;q=alt"' in page


def test_typed_words_bring_rows_and_the_counts_of_the_filters(people: People, review: Review) -> None:
    part = listed(people, review, "?q=wrap", **HTMX, **{"HX-Trigger-Name": "q", "HX-Target": "changes"})
    assert "<html" not in part and "<nav" not in part
    assert names(part) == ["wrapped"]
    assert 'id="review-filters" hx-swap-oob="true"' in part


def test_words_are_foreign_text(people: People, review: Review) -> None:
    page = listed(people, review, "?q=%22%3E%3Cscript%3Ealert(1)%E2%80%AE")
    assert "<script>alert" not in page
    assert "\u202e" not in page.replace('\u202e" maxlength', '" maxlength')


def test_a_merge_names_what_it_was_made_of(people: People, review: Review) -> None:
    assert "⇒ 3 memories: 0.md, 1.md, 2.md<" in listed(people, review)


def test_drift_stands_on_its_row_in_words(people: People, review: Review) -> None:
    change = change_at(review, "/added.md")
    for standing in ("mergeable", "both_same"):
        Drift.objects.create(review=review, change=change, path=f"/{standing}.md", standing=standing)
    page = listed(people, review)
    row = page[page.index(f'id="row-{change.pk}"') :].partition("</li>")[0]
    assert 'data-kind="drift" role="img" aria-label="No overlapping edits found"' in row
    assert 'data-kind="conflict" role="img" aria-label="Conflict"' in page


def test_the_rest_comes_as_rows_alone_and_no_heading_comes_twice(people: People) -> None:
    review = review_of(people, {}, {f"/{n:03}.md": f"Tale number {n} of the house.\n" for n in range(PAGE + 5)})
    first = listed(people, review)
    (further,) = re.findall(r'class="further"><a href="[^"]+" hx-get="([^"]+)"', first)
    part = browser_of(people.bob).get(unescape(further), headers=HTMX).content.decode()
    assert len(names(part)) == 5
    assert "Added" not in part and "<nav" not in part
    assert not set(names(part)) & set(names(first))
    whole = listed(people, review, "?page=2")
    assert "<span>Added</span>" in whole and len(names(whole)) == 5


def test_what_stayed_is_folded_and_comes_when_it_is_opened(people: People, review: Review) -> None:
    page = listed(people, review)
    assert "same" not in names(page)
    (fold,) = re.findall(r'<details class="folded" hx-get="([^"]+)"', page)
    part = browser_of(people.bob).get(fold, headers=HTMX).content.decode()
    assert names(part) == ["same"]
    assert f'href="{fold}"' in page, "without a script it is a link"


@pytest.mark.parametrize(("go", "there"), [("next", "lost"), ("back", "conflict")])
def test_the_change_beside_this_one_is_there_whatever_the_filter(
    people: People, review: Review, go: str, there: str
) -> None:
    start = url_of(review, change_at(review, "/conflict.md"))
    reviews.decide_change(change_at(review, "/lost.md"), "kept", by=people.bob, seen_seq=0)
    client, wanted = browser_of(people.bob), url_of(review, change_at(review, f"/{there}.md"))
    assert client.get(f"{start}?go={go}&show=undecided")["Location"] == f"{wanted}?show=undecided"
    answer = client.get(f"{start}?go={go}", headers={**HTMX, "HX-Target": "memory"})
    assert answer["HX-Push-Url"] == wanted
    assert ("that was the first one" in answer.get("HX-Trigger", "")) == (go == "back")
    assert f"{there}.md" in answer.content.decode()
    assert f'href="{wanted}?go=next"' in answer.content.decode()


def test_a_row_that_is_clicked_brings_the_middle_alone(people: People, review: Review) -> None:
    """htmx follows a boosted link for the memory; going back in the history brings the whole page."""
    url, boosted = url_of(review, change_at(review, "/lost.md")), {"HX-Boosted": "true", "HX-Target": "memory"}
    client = browser_of(people.bob)
    assert "<html" not in client.get(url, headers={**HTMX, **boosted}).content.decode()
    back = {**HTMX, **boosted, "HX-History-Restore-Request": "true"}
    assert "<html" in client.get(url, headers=back).content.decode()


def test_the_first_screen_of_nine_hundred_changes_is_at_most_forty_kilobytes(people: People) -> None:
    review = review_of(people, *many_changes(900))
    assert change_list(review).total >= 850
    for query in ("", "?sum"):
        assert len(browser_of(people.bob).get(url_of(review) + query).content) <= 40_000, query


@pytest.mark.parametrize("query", ["", "?q=a", "?show=unchanged", "?sum"])
def test_it_costs_as_many_queries_for_many_changes_as_for_few(people: People, query: str) -> None:
    def queries(count: int) -> int:
        review = review_of(people, *many_changes(count), name=f"many {count}")
        client = browser_of(people.bob)
        client.get(url_of(review) + query)
        with CaptureQueriesContext(connection) as seen:
            client.get(url_of(review) + query)
        return len(seen)

    assert queries(12) == queries(120)
