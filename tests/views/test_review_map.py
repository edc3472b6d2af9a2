"""The map of a review: drawn up to forty strands, a list by kind beside it and beyond, on the sum and as a page."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.models import Review
from tests.people import People, browser_of
from tests.views.pages import assert_fragment, assert_members_only, assert_only
from tests.views.reviewing import change_at, review_of, url_of

ANA = "# Ana\n\nAna Duarte prefers short answers in Portuguese.\nAna Duarte works from Lisbon.\n"
MORE = "# Ana, more\n\nAna Duarte is on call in the second week.\nAna Duarte speaks three languages.\n"
TIDE = "High water comes at noon.\n"


@pytest.fixture
def review(people: People) -> Review:
    both = ANA + MORE.partition("\n\n")[2]
    before = {"/ana.md": ANA, "/notes.md": MORE, "/old/tide.md": TIDE, "/scrap.md": "Buy milk.\n"}
    return review_of(people, before, {"/people/ana.md": both, "/tide.md": TIDE, "/index.md": "All.\n"})


def map_of(people: People, review: Review, verb: str = "map/") -> str:
    return browser_of(people.carol).get(url_of(review, verb=verb)).content.decode()


def test_members_read_it_and_nobody_else(people: People, review: Review) -> None:
    assert_members_only(people, url_of(review, verb="map/"))
    assert_only(people, url_of(review, verb="map/"), "get")
    assert_fragment(people, url_of(review, verb="map/"), "map")


def test_each_end_leads_to_its_change(people: People, review: Review) -> None:
    page = map_of(people, review)
    assert page.count('<svg class="lineage-map"') == 1
    for path in ("/notes.md", "/people/ana.md", "/old/tide.md", "/tide.md", "/scrap.md", "/index.md"):
        link = f'<a href="{url_of(review, change_at(review, path))}"><title>{path}'
        assert page.count(link) == 1, path


def test_the_list_says_the_same_by_kind(people: People, review: Review) -> None:
    page = map_of(people, review)
    listed = page[page.index("</svg>\n") :]
    places = [listed.index(f"<h3>{words}") for words in ("Merged", "Moved", "Left out", "Added")]
    assert places == sorted(places)
    merged = listed[places[0] : places[1]]
    assert merged.index("/ana.md") < merged.index("/notes.md") < merged.index("/people/ana.md")


def test_the_sum_of_the_review_shows_it(people: People, review: Review) -> None:
    assert '<svg class="lineage-map"' in map_of(people, review, "?sum")


def test_a_review_from_before_lineages_were_kept_is_drawn_from_its_paths(people: People, review: Review) -> None:
    kept = map_of(people, review)
    review.changes.update(edges=[])
    assert map_of(people, review).count('data-kind="merged"') == kept.count('data-kind="merged"')
    assert map_of(people, review).count("<circle") == kept.count("<circle")


def test_more_than_forty_strands_are_a_list(people: People) -> None:
    before = {f"/old/{n}.md": f"The answer number {n} is long.\n" for n in range(41)}
    review = review_of(people, before, {path.replace("old", "new"): text for path, text in before.items()})
    page = map_of(people, review)
    assert "lineage-map" not in page
    assert page.count(">look</a>") == 41
    summed = map_of(people, review, "?sum")
    assert f'hx-get="{url_of(review, verb="map/")}" hx-trigger="intersect once"' in summed
    assert ">look</a>" not in summed, "a list that long comes when it is looked at"


def test_hostile_paths_are_words(people: People) -> None:
    old, new = "/<script>alert(1)</script>\u202e.md", "/\"onload='x'.md"
    page = map_of(people, review_of(people, {old: TIDE}, {new: TIDE}))
    assert "<script>alert" not in page and "\u202e" not in page and '"onload' not in page
    assert "U+202E" in page


def test_a_review_in_which_nothing_went_anywhere_says_so(people: People) -> None:
    review = review_of(people, {"/a.md": "One long line.\n"}, {"/a.md": "Another long line.\n"})
    assert "No memory was moved, merged, split, added or left out." in map_of(people, review)


def test_it_costs_as_many_queries_for_sixty_as_for_three(people: People) -> None:
    def queries(count: int) -> int:
        before = {f"/old/{n}.md": f"Tale number {n} of the house.\n" for n in range(count)}
        review = review_of(people, before, {f"/new{path}": text for path, text in before.items()}, name=f"of {count}")
        with CaptureQueriesContext(connection) as seen:
            map_of(people, review)
        return len(seen)

    assert queries(3) == queries(60)
