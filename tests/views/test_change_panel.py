"""One memory of a change by itself: what is scrolled to, and what is shown although it is large."""

import re

import pytest

from dreams.models import Drawn, Review
from dreams.render.panels import FIRST_PANELS
from tests.people import People, browser_of
from tests.views.pages import assert_fragment, assert_members_only, assert_only
from tests.views.reviewing import change_at, review_of, url_of

HTMX = {"HX-Request": "true"}


def notes(count: int, lines: int = 12) -> dict[str, str]:
    """That many notes about one thing each, which share no sentence."""
    return {
        f"/part-{n}.md": "".join(f"Shelf {n} in row {row} holds parcel {n * 100 + row}.\n" for row in range(lines))
        for n in range(count)
    }


def merged(people: People, count: int, lines: int = 12) -> Review:
    parts = notes(count, lines)
    return review_of(people, parts, {"/all.md": "".join(parts.values())})


@pytest.fixture
def review(people: People) -> Review:
    return merged(people, 8)


def test_members_read_it_and_nobody_else(people: People, review: Review) -> None:
    url = url_of(review, change_at(review, "/all.md"), "memories/0/")
    assert_members_only(people, url)
    assert_only(people, url, "get")
    assert_fragment(people, url, "panel-0")


def test_the_first_memories_are_drawn_and_the_others_wait_to_be_looked_at(people: People, review: Review) -> None:
    change = change_at(review, "/all.md")
    page = browser_of(people.bob).get(url_of(review, change)).content.decode()
    assert page.count("<table class=\"diff") == FIRST_PANELS
    waiting = re.findall(r'hx-get="([^"]+)" hx-trigger="revealed"', page)
    assert waiting == [url_of(review, change, f"memories/{n}/") for n in range(FIRST_PANELS, 8)]
    for url in waiting:
        assert f'href="{url}"' in page, "without scripts it is a link"
        assert "Shelf" in browser_of(people.bob).get(url, headers=HTMX).content.decode()


def test_it_is_a_page_of_its_own_without_scripts(people: People, review: Review) -> None:
    page = browser_of(people.bob).get(url_of(review, change_at(review, "/all.md"), "memories/5/")).content.decode()
    assert "<html" in page
    assert page.count('class="panel"') == 1


def test_a_number_that_no_memory_has_is_a_404(people: People, review: Review) -> None:
    url = url_of(review, change_at(review, "/all.md"), "memories/8/")
    assert browser_of(people.bob).get(url).status_code == 404


def test_a_change_of_another_review_is_a_404(people: People, review: Review) -> None:
    other = review_of(people, {"/a.md": "One long sentence."}, {}, name="other")
    url = url_of(review, change_at(other, "/a.md"), "memories/0/")
    assert browser_of(people.bob).get(url).status_code == 404


def test_showing_all_of_one_memory_loads_that_one_alone(people: People) -> None:
    review = review_of(people, {}, {"/long.md": "".join(f"Row {n}\n" for n in range(400))})
    change = change_at(review, "/long.md")
    page = browser_of(people.bob).get(url_of(review, change)).content.decode()
    (url,) = re.findall(r'hx-get="([^"]+)" hx-target="#panel-0"', page)
    assert "Row 399" not in page
    whole = browser_of(people.bob).get(url, headers=HTMX).content.decode()
    assert "Row 399" in whole and "more lines" not in whole


def test_a_large_text_waits_to_be_asked_for(people: People) -> None:
    text = "".join(f"Row {n} of the long table holds a parcel.\n" for n in range(2_000))
    review = review_of(people, {"/a.md": text}, {"/a.md": text.replace("Row 7 ", "Row seven ")})
    change = change_at(review, "/a.md")
    page = browser_of(people.bob).get(url_of(review, change)).content.decode()
    url = url_of(review, change, "memories/0/")
    assert "This memory is large" in page
    assert f'hx-get="{url}?all=1"' in page
    assert "seven" in browser_of(people.bob).get(f"{url}?all=1", headers=HTMX).content.decode()


def test_the_first_answer_of_a_large_merge_stays_small(people: People) -> None:
    review = merged(people, 12, lines=1_000)
    page = browser_of(people.bob).get(url_of(review, change_at(review, "/all.md")), headers=HTMX).content
    assert len(page) < 150_000


def test_what_is_kept_is_drawn_once_and_holds_no_address(people: People, review: Review) -> None:
    url = url_of(review, change_at(review, "/all.md"), "memories/5/")
    first = browser_of(people.bob).get(url, headers=HTMX).content
    rows = dict(Drawn.objects.values_list("key", "html"))
    assert len(rows) == 1
    assert browser_of(people.alice).get(url, headers=HTMX).content == first
    assert dict(Drawn.objects.values_list("key", "html")) == rows
    Drawn.objects.update(html="<p>kept</p>")
    assert "<p>kept</p>" in browser_of(people.alice).get(url, headers=HTMX).content.decode()
    assert not any("/reviews/" in html for html in rows.values())
