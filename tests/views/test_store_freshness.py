"""The age of a store's mirror: the page waits for the look at the vendor to end, then brings itself up to date."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from dreams.models import Store
from dreams.services import stores
from tests.factories import NOTES, agent_writes, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_members_only, assert_only


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    """A store that was looked at an hour ago."""
    store = store_with(people, sandbox, NOTES)
    Store.objects.filter(pk=store.pk).update(checked_at=timezone.now() - timedelta(hours=1))
    return store


def url_of(store: Store) -> str:
    return f"/acme/stores/{store.remote_id}/freshness/"


def poll_of(body: str) -> str | None:
    found = re.search(r'id="freshness" hx-get="([^"]+)"', body)
    return found[1].replace("&amp;", "&") if found else None


def look(people: People, poll: str) -> str:
    return browser_of(people.carol).get(poll, headers={"HX-Request": "true"}).content.decode()


def test_members_read_it_and_nobody_else(people: People, store: Store) -> None:
    assert_members_only(people, url_of(store))
    assert_only(people, url_of(store), "get")


@pytest.mark.parametrize("what", ["", "health/", "memories/{}/"])
def test_an_old_page_says_that_it_looks_and_asks_again_until_that_ended(
    people: People, store: Store, what: str
) -> None:
    memory = store.memories.order_by("path").first()
    assert memory
    body = browser_of(people.carol).get(f"/acme/stores/{store.remote_id}/{what.format(memory.remote_id)}")
    assert "looking for newer writes now" in body.content.decode()
    poll = poll_of(body.content.decode())
    assert poll
    still = look(people, poll)
    assert "looks=1" in still

    stores.sync_store(store)
    ended = look(people, poll)
    assert "every 2s" not in ended
    assert 'hx-trigger="load"' not in ended  # nothing was written
    assert 'id="mirror-age" hx-swap-oob="true"' in ended


def test_when_something_was_written_the_page_fetches_itself(people: People, sandbox: Sandbox, store: Store) -> None:
    poll = poll_of(browser_of(people.carol).get(f"/acme/stores/{store.remote_id}/").content.decode())
    assert poll
    agent_writes(sandbox, store, "/new.md", "New.")
    stores.sync_store(store)
    ended = look(people, poll)
    assert 'hx-trigger="load" hx-target="#page" hx-select="#page"' in ended
    assert "show them" in ended  # for whom the swap fails


def test_it_gives_up_in_words(people: People, store: Store) -> None:
    seen = Store.objects.get().checked_at.isoformat().replace("+", "%2B")
    ended = look(people, f"{url_of(store)}?seen={seen}&looks=89")
    assert "still being looked for" in ended
    assert "hx-get" not in ended


def test_a_fresh_page_asks_nothing(people: People, store: Store) -> None:
    stores.sync_store(store)
    body = browser_of(people.carol).get(f"/acme/stores/{store.remote_id}/").content.decode()
    assert poll_of(body) is None


@pytest.mark.parametrize("looks", ["x", "-1", "9999999", "²", ""])
def test_odd_numbers_of_looks_end_it(people: People, store: Store, looks: str) -> None:
    seen = Store.objects.get().checked_at.isoformat().replace("+", "%2B")
    assert "hx-get" not in look(people, f"{url_of(store)}?seen={seen}&looks={looks}")
