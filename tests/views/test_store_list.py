"""The list of stores: counts from the mirror, and each empty state in its own words."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.services import stores
from tests.factories import connect, put_store, review_open, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only

URL = "/acme/stores/"


def test_members_read_it_and_nobody_else(people: People) -> None:
    assert_members_only(people, URL)
    assert_only(people, URL, "get")
    assert_fragment(people, URL, "stores")


def test_without_a_key_it_says_how_to_begin(people: People) -> None:
    assert "No key is connected yet" in browser_of(people.alice).get(URL).content.decode()


def test_with_a_key_and_no_store_it_says_what_a_store_is(people: People, sandbox: Sandbox) -> None:
    connect(people)
    assert "No memory store yet" in browser_of(people.alice).get(URL).content.decode()


def test_a_line_with_an_open_review_waits(people: People, sandbox: Sandbox) -> None:
    review_open(people, sandbox)
    page = browser_of(people.bob).get(URL).content.decode()
    assert "<tr data-waiting>" in page
    assert "Needs review" in page


def test_what_was_not_read_yet_is_counted_by_line_until_it_is_seen(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    client, feed = browser_of(people.bob), f"/acme/stores/{store.remote_id}/changes/"
    assert f'href="{feed}?scope=line">5 unread</a>' in client.get(URL).content.decode()
    client.post("/acme/changes/seen/", {"seen": f"{store.pk}:{store.versions.latest('pk').pk}"})
    assert "unread" not in client.get(URL).content.decode()


def test_the_number_of_queries_does_not_grow_with_the_stores(people: People, sandbox: Sandbox) -> None:
    store_with(people, sandbox, name="first")
    client, counts = browser_of(people.carol), []
    for more in (0, 12):
        for number in range(more):
            put_store(sandbox, {"/a.md": "A"}, name=f"store {number}")
        stores.refresh_stores(people.workspace)
        for store in people.workspace.stores.all():
            stores.sync_store(store)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
