"""The list of dreams: each in its state's words, filtered, and the ones that wait marked."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.models import Store
from dreams.rules import dream_states as states
from tests.factories import review_open, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.dreaming import dream_row, session_row
from tests.views.pages import assert_fragment, assert_members_only, assert_only

URL = "/acme/dreams/"


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


def badges(body: str) -> list[str]:
    """The states of the rows, by the slugs of their badges."""
    return re.findall(r'data-label="State"><span class="badge" data-state="(\w+)"', body)


def test_members_read_it_and_nobody_else(people: People) -> None:
    assert_members_only(people, URL)
    assert_only(people, URL, "get")
    assert_fragment(people, URL, "dreams")


def test_every_state_stands_in_its_own_words(people: People, store: Store) -> None:
    for state in states.DREAM_STATES.words:
        dream_row(store, state=state)
    body = browser_of(people.carol).get(URL).content.decode()
    assert set(badges(body)) == set(states.DREAM_STATES.words)
    assert all(words in body for words in states.DREAM_STATES.words.values())


@pytest.mark.parametrize(
    ("show", "shown"),
    [
        ("running", states.UNFINISHED),
        ("completed", {states.COMPLETED}),
        ("ended", {states.FAILED, states.CANCELED, states.NOT_CREATED}),
        ("nonsense", set(states.DREAM_STATES.words)),
    ],
)
def test_the_filter_keeps_only_its_states(people: People, store: Store, show: str, shown: set[str]) -> None:
    for state in states.DREAM_STATES.words:
        dream_row(store, state=state)
    assert set(badges(browser_of(people.carol).get(f"{URL}?show={show}").content.decode())) == shown


def test_a_dream_whose_review_is_open_is_ready_and_waits_on_whoever_may_approve(
    people: People, sandbox: Sandbox
) -> None:
    review_open(people, sandbox)
    body = browser_of(people.bob).get(URL).content.decode()
    assert badges(body) == ["ready"]
    assert "<tr data-waiting>" in body
    assert "<tr data-waiting>" not in browser_of(people.carol).get(URL).content.decode()


def test_it_looks_again_only_while_a_dream_is_under_way(people: People, store: Store) -> None:
    dream_row(store)
    assert "hx-trigger" not in browser_of(people.carol).get(URL).content.decode()
    dream_row(store, state=states.RUNNING)
    assert 'hx-trigger="every 5s"' in browser_of(people.carol).get(URL).content.decode()


@pytest.mark.parametrize(
    ("show", "words"), [("all", "No dream yet"), ("running", "Nobody is dreaming"), ("ended", "None in this state")]
)
def test_an_empty_list_says_what_it_would_show(people: People, show: str, words: str) -> None:
    assert words in browser_of(people.carol).get(f"{URL}?show={show}").content.decode()


def test_a_long_list_comes_in_pages_that_keep_the_filter(people: People, store: Store) -> None:
    for _ in range(51):
        dream_row(store)
    first = browser_of(people.carol).get(f"{URL}?show=completed").content.decode()
    assert len(badges(first)) == 50
    assert "?show=completed&amp;page=2" in first
    assert len(badges(browser_of(people.carol).get(f"{URL}?show=completed&page=2").content.decode())) == 1


def test_the_number_of_queries_does_not_grow_with_the_dreams(people: People, store: Store) -> None:
    client, counts, session = browser_of(people.carol), [], session_row(store)
    for more in (3, 30):
        for _ in range(more):
            dream_row(store, session, by=people.dave)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
