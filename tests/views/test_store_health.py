"""The page of a store's health: figures that lead to what they count, made in a task and never in the request."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import HealthReport, MemoryVersion, Store, Workspace
from dreams.services import health, sessions, stores
from tests.factories import NOTES, agent_writes, put_session, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only

SECRET = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789"
ILL = {
    **NOTES,
    "/policies/refunds.md": "# Refunds\n\nRefunds are possible within 30 days of the order.\n",
    "/policies/old.md": "# Before\n\nRefunds are possible within 14 days of the order.\n",
    "/tokens.md": f"The key is {SECRET}\n",
    "/odd/<script>.md": "a\u202eb\n",
}


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox, ILL)


def url_of(store: Store) -> str:
    return f"/acme/stores/{store.remote_id}/health/"


def page(people: People, store: Store) -> str:
    answer = browser_of(people.dave).get(url_of(store))
    assert answer.status_code == 200
    return answer.content.decode()


def test_members_read_it_and_nobody_else(people: People, store: Store) -> None:
    assert_members_only(people, url_of(store))
    assert_only(people, url_of(store), "get")
    assert_fragment(people, url_of(store), "health")


def test_it_shows_what_was_found_with_links_and_without_the_secret(people: People, store: Store) -> None:
    health.examine_store(store)
    body = page(people, store)
    assert "They differ in a number." in body
    assert "Refunds are possible within 14 days" in body
    assert "looks like an Anthropic key" in body
    assert SECRET not in body
    assert "U+202E" in body
    assert "\u202e" not in body
    assert "/people/ana-copy.md" in body[body.index('id="duplicates"') :]
    memory = store.memories.get(path="/tokens.md")
    assert f"/acme/stores/{store.remote_id}/memories/{memory.remote_id}/" in body[body.index('id="warnings"') :]
    assert "<script>.md" not in body


def test_nothing_is_compared_in_the_request(
    people: People, sandbox: Sandbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*given: object) -> None:
        raise AssertionError("compared in the request")

    monkeypatch.setattr("dreams.services.health.examine", never)
    sandbox.requests(clear=True)
    body = page(people, store)
    assert "being looked over for the first time" in body
    assert 'hx-trigger="every 2s"' in body[body.index('id="health"') :]
    assert sandbox.requests() == []


@pytest.mark.django_db(transaction=True)
def test_opening_it_has_a_stale_store_looked_over_and_the_page_comes_by_itself(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    client = browser_of(people.carol)
    first = client.get(url_of(store)).content.decode()  # eager: the report is there when the page has left
    poll = first[first.index('hx-get="', first.index('id="health"')) + 8 :].partition('"')[0]
    again = client.get(poll.replace("&amp;", "&"), headers={"HX-Request": "true"}).content.decode()
    assert "Looked over" in again
    assert "every 2s" not in again

    agent_writes(sandbox, store, "/new.md", "Something new.")
    stores.sync_store(store)
    assert "it was written since, and is being looked over again now" in client.get(url_of(store)).content.decode()
    assert HealthReport.objects.get(store=store).version_id == Store.objects.get(pk=store.pk).last_version_id


def test_sessions_since_the_last_dream_lead_to_a_new_dream_over_them(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    session = put_session(sandbox, store)
    sessions.refresh_sessions(store.workspace)
    body = page(people, store)
    assert "Start a dream over these" in body
    assert "1,020 tokens in 1 transcript" in body
    dream = browser_of(people.dave).get(f"/acme/stores/{store.remote_id}/dream/").content.decode()
    assert f'value="{session}" checked' in dream
    viewer = browser_of(people.carol).get(url_of(store)).content.decode()
    assert "To start dreams you need the role operator" in viewer


def test_where_dreams_are_refused_it_says_how_to_ask_for_them(people: People, store: Store) -> None:
    Workspace.objects.filter(pk=people.workspace.pk).update(dreams_refused_at=timezone.now())
    body = page(people, store)
    assert "Ask for access" in body
    assert "/acme/dreams/recheck/" in body
    assert "Start a dream over these" not in body


def test_an_empty_an_unread_and_an_archived_store_have_their_own_words(people: People, sandbox: Sandbox) -> None:
    empty = store_with(people, sandbox, {}, name="empty")
    assert "Nothing is remembered here yet" in page(people, empty)
    Store.objects.filter(pk=empty.pk).update(walked_at=None)
    assert "being read for the first time" in page(people, empty)
    old = store_with(people, sandbox, NOTES, name="old")
    Store.objects.filter(pk=old.pk).update(archived_at=timezone.now())
    health.examine_store(old)
    assert "takes no writes any more" in page(people, old)


def test_near_a_limit_the_memories_that_are_near_it_are_named(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox, {"/large.md": "x" * 99_000, "/small.md": "y"})
    body = page(people, store)
    size = body[body.index('id="size"') :]
    assert 'data-tone="bad"' in size
    assert "1 memory</a>" in size


def test_the_number_of_queries_does_not_grow(people: People, sandbox: Sandbox) -> None:
    counts = []
    for name, size in (("few", 3), ("many", 60)):
        notes = {f"/n/{i:03}.md": f"{name} {i // 2}. api_key = abcdef0{i // 2:05}x" for i in range(size)}
        store = store_with(people, sandbox, notes, name=name)
        MemoryVersion.objects.filter(store=store).update(created_at=timezone.now() - timedelta(days=3))
        health.examine_store(store)
        with CaptureQueriesContext(connection) as queries:
            page(people, store)
        counts.append(len(queries))
    assert counts[0] == counts[1]
