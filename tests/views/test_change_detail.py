"""One change of a review: at its own address the whole page, for htmx the middle and the right pane."""

import pytest

from dreams.models import Review
from dreams.services import reviews
from tests.people import People, browser_of
from tests.views.pages import assert_fragment, assert_members_only, assert_only
from tests.views.reviewing import change_at, review_of, url_of


@pytest.fixture
def review(people: People) -> Review:
    return review_of(people)


def test_members_read_it_and_nobody_else(people: People, review: Review) -> None:
    url = url_of(review, change_at(review, "/index.md"))
    assert_members_only(people, url)
    assert_only(people, url, "get")
    assert_fragment(people, url, "memory")


def test_a_change_of_another_review_is_a_404(people: People, review: Review) -> None:
    other = review_of(people, {"/a.md": "One long sentence."}, {}, name="other")
    answer = browser_of(people.bob).get(url_of(review, change_at(other, "/a.md")))
    assert answer.status_code == 404


def test_going_back_in_the_history_brings_the_whole_page(people: People, review: Review) -> None:
    url = url_of(review, change_at(review, "/index.md"))
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in browser_of(people.bob).get(url, headers=headers).content.decode()


def test_a_moved_memory_names_both_paths_and_that_no_byte_changed(people: People, review: Review) -> None:
    page = browser_of(people.bob).get(url_of(review, change_at(review, "/glossary.md"))).content.decode()
    assert "The same memory under another path." in page
    assert "/old/glossary.md" in page
    assert "not a byte of its text changed" in page


def test_a_merge_shows_every_source_and_where_its_lines_went(people: People) -> None:
    ana = "# Ana\n\nAna Duarte prefers short answers in Portuguese.\nAna Duarte works from Lisbon.\n"
    more = "# Ana, more\n\nAna Duarte is on call in the second week.\nAna Duarte speaks three languages.\n"
    joined = ana + "Ana Duarte is on call in the second week.\nAna Duarte speaks three languages.\n"
    review = review_of(people, {"/ana.md": ana, "/ana-more.md": more}, {"/ana.md": joined})
    change = change_at(review, "/ana.md")
    assert change.kind == "merged"
    page = browser_of(people.bob).get(url_of(review, change)).content.decode()
    assert "2 memories became one" in page
    assert 'data-source="A 3"' in page
    assert 'data-origin="A">A</b> <span class="path">/ana-more.md' in page
    assert "now in /ana.md, line 5" in page
    assert "this path goes away" in page


def test_who_decided_what_and_why_is_told_newest_first(people: People, review: Review) -> None:
    change = change_at(review, "/index.md")
    reviews.decide_change(change, "accepted", by=people.bob, seen_seq=0)
    reviews.undo_decision(change, by=people.alice, seen_seq=1)
    reviews.decide_change(change, "kept", by=people.alice, seen_seq=2, reason="An <index> rots.")
    page = browser_of(people.carol).get(url_of(review, change)).content.decode()
    told = page[page.index("<h3>Decisions</h3>") :]
    assert told.index("Alice: kept original") < told.index("took the decision back") < told.index("Bob: accepted")
    assert "An &lt;index&gt; rots." in told


def test_a_large_memory_waits_for_a_click(people: People) -> None:
    text = "".join(f"Line number {n} of the long story.\n" for n in range(2_000))
    review = review_of(people, {"/long.md": text}, {"/long.md": text.replace("long", "short")})
    change = change_at(review, "/long.md")
    client = browser_of(people.bob)
    page = client.get(url_of(review, change)).content.decode()
    assert f'href="{url_of(review, change)}?all=1"' in page
    assert "Line number 1500" not in page
    assert "Line number 1500" in client.get(url_of(review, change) + "?all=1").content.decode()


def test_a_long_hunk_is_cut_with_a_way_to_the_rest(people: People) -> None:
    text = "".join(f"Row {n}\n" for n in range(400))
    review = review_of(people, {}, {"/long.md": text})
    change = change_at(review, "/long.md")
    page = browser_of(people.bob).get(url_of(review, change)).content.decode()
    assert f'<a href="{url_of(review, change)}memories/0/?all=1"' in page and ">200 more lines</a>" in page
