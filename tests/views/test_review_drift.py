"""The page of what the base did meanwhile, and what a review says of it: which memories, how many overlap, which
decisions need another look."""

import re
from collections import Counter

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dreams.models import Review
from dreams.rules import review_states as states
from dreams.services import reviews
from tests.drifting import base_becomes
from tests.people import People, browser_of
from tests.views.pages import assert_fragment, assert_members_only, assert_only
from tests.views.reviewing import AFTER, BEFORE, change_at, decide_all, review_of, url_of

DEPLOY = "/runbooks/deploy.md"
CONFLICT = {**BEFORE, DEPLOY: BEFORE[DEPLOY].replace("The nightly build", "The nightly build of the site")}


@pytest.fixture
def review(people: People) -> Review:
    return review_of(people)


@pytest.fixture
def client(people: People) -> Client:
    return browser_of(people.bob)


def page_of(client: Client, review: Review, more: str = "") -> str:
    answer = client.get(url_of(review) + more)
    assert answer.status_code == 200
    return answer.content.decode()


def test_members_read_it_and_nobody_else(people: People, review: Review) -> None:
    assert_members_only(people, url_of(review) + "drift/")
    assert_only(people, url_of(review) + "drift/", "get")
    assert_fragment(people, url_of(review) + "drift/", "drift-list")


def test_each_path_says_what_happened_and_how_it_stands(client: Client, review: Review) -> None:
    assert "The base stands still" in page_of(client, review, "drift/")
    base_becomes(review, {**CONFLICT, "/<b>.md": "Fresh.\n"})
    page = page_of(client, review, "drift/")
    assert "The base moved 2 memories since; 1 overlaps" in page
    assert page.index(DEPLOY) < page.index("/&lt;b&gt;.md")
    assert "Conflict" in page
    assert "Only the base moved" in page
    assert f"changes/{change_at(review, DEPLOY).pk}/" in page


def test_the_review_says_how_many_moved_and_overlap(client: Client, review: Review) -> None:
    assert "The base moved" not in page_of(client, review)
    base_becomes(review, {**CONFLICT, "/new.md": "Fresh.\n"})
    page = page_of(client, review)
    assert "The base moved 2 memories since; 1 overlaps." in page
    assert "1 of them the dream left alone: its output does not have what was written there" in page
    assert "<span>Conflicts</span>" in page


def test_a_conflict_shows_the_three_versions_and_offers_both_edits(client: Client, review: Review) -> None:
    base_becomes(review, CONFLICT)
    change = change_at(review, DEPLOY)
    page = page_of(client, review, f"changes/{change.pk}/")
    table = page[page.index("diff--three") : page.index("</table>", page.index("diff--three"))]
    assert "The nightly build starts at 02:00 UTC." in table
    assert "of the site" in table[table.index("<ins>") :][:40]
    assert "Word by word both edits fit: <q>The nightly build of the site starts at 04:00 UTC." in table
    assert "edit/?both=1" in page
    editor = client.get(f"{url_of(review)}changes/{change.pk}/edit/?both=1").content.decode()
    assert "The nightly build of the site starts at 04:00 UTC." in editor
    assert not change.decisions.exists()
    plain = client.get(f"{url_of(review)}changes/{change.pk}/edit/").content.decode()
    assert "build of the site starts at 04:00" not in plain


def test_edits_beside_each_other_say_that_no_overlap_was_found(client: Client, review: Review) -> None:
    base_becomes(review, {**BEFORE, DEPLOY: BEFORE[DEPLOY].replace("# Deploy", "# Deploying")})
    page = page_of(client, review, f"changes/{change_at(review, DEPLOY).pk}/")
    assert "No overlapping edits found" in page
    assert "no conflicts" not in page.lower()


def test_no_key_does_two_things_where_both_edits_are_offered(client: Client, review: Review) -> None:
    base_becomes(review, {**BEFORE, DEPLOY: BEFORE[DEPLOY].replace("# Deploy", "# Deploying")})
    page = page_of(client, review, f"changes/{change_at(review, DEPLOY).pk}/")
    assert "take both edits" in page
    keys = Counter(re.findall(r'data-key="(\w)"', page))
    assert {key: times for key, times in keys.items() if times > 1} == {}


def test_an_edit_of_what_the_dream_removed_has_nothing_to_take_by_itself(client: Client, people: People) -> None:
    review = review_of(people, {"/a.md": "One fact stands here.\n"}, {"/b.md": "Wholly other words.\n"}, name="gone")
    base_becomes(review, {"/a.md": "One fact stands here.\nAnd one more.\n"})
    page = page_of(client, review, f"changes/{change_at(review, '/a.md').pk}/")
    assert "the dream left it out: accepting loses that edit" in page
    assert "Take both" not in page
    assert "Both edits cannot be taken by themselves" in page


def test_a_decision_that_was_overtaken_says_so_and_by_whom(client: Client, people: People, review: Review) -> None:
    change = change_at(review, DEPLOY)
    reviews.decide_change(change, states.ACCEPTED, by=people.bob, seen_seq=0)
    base_becomes(review, CONFLICT)
    page = page_of(client, review, f"changes/{change.pk}/")
    assert "Needs another look: the base moved under it." in page
    assert "Bob had it accepted." in page
    assert "1 decided change needs another look." in page


def test_an_approval_that_fell_is_said_with_whose_it_was(client: Client, people: People, review: Review) -> None:
    decide_all(review, people.bob)
    reviews.approve_review(review, by=people.bob)
    base_becomes(review, CONFLICT)
    page = page_of(client, review)
    assert "Bob had approved this review" in page
    assert "so the approval does not stand" in page
    assert "1 change is undecided." in page


def test_accepting_from_a_page_before_the_drift_is_answered_with_the_drift(client: Client, review: Review) -> None:
    change = change_at(review, DEPLOY)
    said = {"outcome": "accepted", "seen_seq": 0, "seen": change.key}
    base_becomes(review, CONFLICT)
    answer = client.post(f"{url_of(review)}changes/{change.pk}/decide/", said)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "The base moved under this change while you were reading." in page
    assert "diff--three" in page
    assert not change.decisions.exists()


def test_a_hostile_edit_is_inert(client: Client, review: Review) -> None:
    hostile = BEFORE[DEPLOY].replace("02:00", "<script>alert(1)</script>\u202e")
    base_becomes(review, {**BEFORE, DEPLOY: hostile})
    page = page_of(client, review, f"changes/{change_at(review, DEPLOY).pk}/")
    assert "<script>alert" not in page
    assert "\u202e" not in page


def test_it_needs_as_many_queries_for_thirty_memories_as_for_three(client: Client, people: People) -> None:
    def queries(review: Review, more: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            page_of(client, review, more)
        return len(seen)

    few, many = (
        review_of(people, {f"/a/{n}.md": f"The answer {n} is long.\n" for n in range(count)}, AFTER, name=f"n{count}")
        for count in (3, 30)
    )
    for review, count in ((few, 3), (many, 30)):
        base_becomes(review, {f"/a/{n}.md": f"The answer {n} is short.\n" for n in range(count)})
    assert queries(few, "drift/") == queries(many, "drift/")
    assert queries(few, "?sum") == queries(many, "?sum")
