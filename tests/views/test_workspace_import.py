"""The page of the import: it follows the reading store by store and stops when all is read."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.models import Store
from dreams.services import stores
from tests.factories import connect, put_store
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only

URL = "/acme/import/"
POLLS = 'hx-trigger="every 2s"'
pytestmark = pytest.mark.django_db


def read(people: People) -> str:
    return browser_of(people.carol).get(URL).content.decode()


def test_members_read_it_and_nobody_else(people: People) -> None:
    assert_members_only(people, URL)
    assert_only(people, URL, "get")
    assert_fragment(people, URL, "import")


def test_without_a_key_there_is_nothing_to_follow(people: People) -> None:
    page = read(people)
    assert "No key is connected yet" in page
    assert POLLS not in page


def test_it_follows_until_everything_is_read(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    assert "Asking for the list" in read(people)
    assert POLLS in read(people)
    for name in ("one", "two"):
        put_store(sandbox, {"/a.md": "x", "/b.md": "y"}, name=name)
    stores.refresh_stores(workspace)
    assert "0 of 2 stores read" in read(people)
    first, second = Store.objects.order_by("name")
    stores.sync_store(first)
    Store.objects.filter(pk=second.pk).update(walk_seen=1)
    page = read(people)
    assert "1 of 2 stores read" in page
    assert "3 memories so far" in page
    assert page.index("two</a>") < page.index("one</a>"), "what is still to be read comes first"
    assert POLLS in page
    stores.sync_store(second)
    page = read(people)
    assert "Everything is read: 2 stores, 4 memories" in page
    assert POLLS not in page


def test_a_store_that_fails_says_why_and_the_page_goes_on_looking(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    put_store(sandbox, {"/a.md": "x"})
    stores.refresh_stores(workspace)
    Store.objects.update(problem="The API had an internal failure.")
    page = read(people)
    assert "The API had an internal failure." in page
    assert "tried again by themselves" in page
    assert POLLS in page


def test_a_workspace_without_stores_is_done_at_once(people: People, sandbox: Sandbox) -> None:
    stores.refresh_stores(connect(people))
    page = read(people)
    assert "holds no memory store" in page
    assert POLLS not in page


def test_looking_asks_the_vendor_nothing(people: People, sandbox: Sandbox) -> None:
    stores.refresh_stores(connect(people))
    sandbox.requests(clear=True)
    read(people)
    assert sandbox.requests() == []


def test_the_number_of_queries_does_not_grow(people: People, sandbox: Sandbox) -> None:
    connect(people)
    client, counts = browser_of(people.carol), []
    for more in (3, 27):
        for number in range(more):
            put_store(sandbox, {"/a.md": "x"}, name=f"{more} {number}")
        stores.refresh_stores(people.workspace)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
