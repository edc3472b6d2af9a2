"""One write with its whole difference, and its text read from the vendor when only its head is known here."""

import pytest
from django.utils import timezone

from dreams.models import MemoryVersion, Store, Text
from dreams.services import stores
from tests.factories import agent_writes, connect, put_store, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only

HTMX = {"HX-Request": "true"}


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    """A store in which one text was replaced before it was ever read here."""
    store_id = put_store(sandbox, {"/a.md": "The build starts at 02:00.\n"})
    agent_writes(sandbox, Store(remote_id=store_id), "/a.md", "The build starts at 03:00.\n")
    stores.refresh_stores(connect(people))
    return stores.sync_store(Store.objects.get(remote_id=store_id))


def newest(store: Store) -> MemoryVersion:
    return MemoryVersion.objects.filter(store=store).latest("pk")


def url_of(version: MemoryVersion, verb: str = "") -> str:
    return f"/acme/changes/{version.pk}/{verb}"


@pytest.mark.parametrize("verb", ["", "read/"])
def test_members_read_it_and_nobody_else(people: People, store: Store, verb: str) -> None:
    url = url_of(newest(store), verb)
    assert_members_only(people, url)
    assert_only(people, url, "get")
    assert_fragment(people, url, f"difference-{newest(store).pk}")
    assert browser_of(people.mallory).get(url.replace("acme", "acme-rival")).status_code == 404
    assert browser_of(people.carol).get(f"/acme/changes/{10**15}/{verb}").status_code == 404


def test_a_large_difference_is_shown_whole(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox, {"/large.md": "".join(f"Line {number}.\n" for number in range(5000))})
    page = browser_of(people.carol).get(url_of(newest(store))).content.decode()
    assert "Line 0." in page
    assert "Line 4999." in page


def test_what_is_not_held_is_not_asked_for_by_the_page(people: People, sandbox: Sandbox, store: Store) -> None:
    sandbox.requests(clear=True)
    page = browser_of(people.carol).get(url_of(newest(store))).content.decode()
    assert "Read it from the vendor" in page
    assert sandbox.requests() == []


def test_a_text_is_read_from_the_vendor_once_and_kept(people: People, sandbox: Sandbox, store: Store) -> None:
    client = browser_of(people.carol)
    sandbox.requests(clear=True)
    page = client.get(url_of(newest(store), "read/"), headers=HTMX).content.decode()
    assert "<del>02:00</del>" in page
    assert "<ins>03:00</ins>" in page
    assert len(sandbox.requests(clear=True)) == 1
    assert "<del>02:00</del>" in client.get(url_of(newest(store))).content.decode()
    client.get(url_of(newest(store), "read/"))
    assert sandbox.requests() == []
    assert Text.objects.count() == 2


def test_without_javascript_reading_leads_to_the_whole_page(people: People, store: Store) -> None:
    page = browser_of(people.carol).get(url_of(newest(store), "read/")).content.decode()
    assert "<html" in page
    assert "<del>02:00</del>" in page


def test_a_text_that_the_vendor_has_forgotten_is_said_so(people: People, sandbox: Sandbox, store: Store) -> None:
    sandbox.state._run("DELETE FROM versions WHERE operation = 'created'")
    answer = browser_of(people.carol).get(url_of(newest(store), "read/"), headers=HTMX)
    assert answer.status_code == 200
    assert "no longer keeps this version" in answer.content.decode()


def test_a_text_that_was_redacted_meanwhile_is_said_so(people: People, sandbox: Sandbox, store: Store) -> None:
    sandbox.state._run(
        "UPDATE versions SET redacted_at = ?, content = NULL, sha = NULL, path = NULL WHERE operation = 'created'",
        timezone.now().isoformat().replace("+00:00", "Z"),
    )
    page = browser_of(people.carol).get(url_of(newest(store), "read/"), headers=HTMX).content.decode()
    assert "redacted at the vendor meanwhile" in page
    assert "what it replaced is not known here" in page
    assert MemoryVersion.objects.get(operation="created").redacted_at


def test_an_outage_is_said_and_the_button_stays(people: People, sandbox: Sandbox, store: Store) -> None:
    sandbox.faults([{"method": "GET", "path": "/v1/*", "times": 9, "kind": "status", "status": 500}])
    page = browser_of(people.carol).get(url_of(newest(store), "read/"), headers=HTMX).content.decode()
    assert "internal failure" in page
    assert "Read it from the vendor" in page
