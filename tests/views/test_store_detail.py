"""The store page: its memories by folder, from the mirror, with a query count that does not grow."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.models import Store
from tests.factories import NOTES, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox, {**NOTES, "/odd/<script>alert(1)<.md": "x", "/People/upper.md": "y"})


def url_of(store: Store) -> str:
    return f"/acme/stores/{store.remote_id}/"


def test_members_read_it_and_nobody_else(people: People, store: Store) -> None:
    assert_members_only(people, url_of(store))
    assert_only(people, url_of(store), "get")
    assert_fragment(people, url_of(store), "memories")


def test_it_lists_memories_with_who_wrote_them(people: People, store: Store) -> None:
    page = browser_of(people.carol).get(url_of(store)).content.decode()
    assert "/runbooks/deploy.md" in page
    assert "session n_writer" in page or "session " in page
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_folder_shows_only_what_is_below_it_with_its_case(people: People, store: Store) -> None:
    page = browser_of(people.carol).get(url_of(store) + "?in=/people/").content.decode()
    rows = page[page.index('id="memories"') :]
    assert "/people/ana.md" in rows
    assert "/People/upper.md" not in rows
    assert "/runbooks/deploy.md" not in rows


def test_what_stands_around_it_reads(people: People, store: Store) -> None:
    assert "Vendor id" in browser_of(people.carol).get(url_of(store) + "?view=about").content.decode()


@pytest.mark.parametrize("q", ["'", '"', "%", "\\", "x" * 10_000, "\u202e"])
def test_any_search_is_harmless(people: People, store: Store, q: str) -> None:
    assert browser_of(people.carol).get(url_of(store), {"q": q}).status_code == 200


def test_a_viewer_sees_why_the_buttons_are_off(people: People, store: Store) -> None:
    page = browser_of(people.carol).get(url_of(store)).content.decode()
    assert "you need the role operator" in page


def test_opening_it_asks_the_vendor_nothing_while_it_is_fresh(people: People, sandbox: Sandbox, store: Store) -> None:
    sandbox.requests(clear=True)
    browser_of(people.carol).get(url_of(store))
    assert sandbox.requests() == []


def test_the_number_of_queries_does_not_grow_with_the_memories(people: People, sandbox: Sandbox) -> None:
    counts = []
    for name, size in (("few", 3), ("many", 90)):
        notes = {f"/n/{i:03}.md": f"{name} {i}" for i in range(size)}
        store = store_with(people, sandbox, notes, name=name)
        client = browser_of(people.carol)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(url_of(store)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_another_workspaces_store_is_not_found(people: People, store: Store) -> None:
    assert browser_of(people.mallory).get(f"/acme-rival/stores/{store.remote_id}/").status_code == 404
