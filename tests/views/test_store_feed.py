"""The changes of one store, and of all stores of its line."""

import pytest
from django.utils import timezone

from dreams.models import MemoryVersion, Store, Visit
from tests.factories import store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


def url_of(store: Store) -> str:
    return f"/acme/stores/{store.remote_id}/changes/"


def test_members_read_it_and_nobody_else(people: People, store: Store) -> None:
    assert_members_only(people, url_of(store))
    assert_only(people, url_of(store), "get")
    assert_fragment(people, url_of(store), "feed")


def test_it_shows_the_writes_of_its_store_alone(people: People, sandbox: Sandbox, store: Store) -> None:
    other = store_with(people, sandbox, {"/elsewhere.md": "Elsewhere."}, name="other")
    page = browser_of(people.carol).get(url_of(store)).content.decode()
    assert "/people/ana.md" in page
    assert "/elsewhere.md" not in page
    assert f'href="{url_of(store)}" aria-current="page"' in page
    assert "/elsewhere.md" in browser_of(people.carol).get(url_of(other)).content.decode()


def test_the_whole_line_is_shown_when_asked_for(people: People, sandbox: Sandbox, store: Store) -> None:
    other = store_with(people, sandbox, {"/elsewhere.md": "Elsewhere."}, name="other")
    Store.objects.filter(pk=other.pk).update(line=store.line)
    client = browser_of(people.carol)
    assert "/elsewhere.md" not in client.get(url_of(store)).content.decode()
    line = client.get(url_of(store) + "?scope=line").content.decode()
    assert "/elsewhere.md" not in line, "nobody reads that store"
    page = client.get(url_of(store) + "?scope=line&unused=on").content.decode()
    assert "/elsewhere.md" in page
    assert "6 new" in page
    assert '<input type="hidden" name="scope" value="line">' in page


def test_it_names_the_last_visit(people: People, store: Store) -> None:
    client = browser_of(people.carol)
    assert "it is your first visit" in client.get(url_of(store)).content.decode()
    seen = f"{store.pk}:{MemoryVersion.objects.latest('pk').pk}"
    client.post("/acme/changes/seen/", {"seen": seen})
    Visit.objects.update(at="2026-11-21T14:02Z", version=MemoryVersion.objects.order_by("pk")[2].pk)
    assert "2 new</b> since your visit on 21 Nov, 14:02" in client.get(url_of(store)).content.decode()


def test_a_visit_that_finds_nothing_new_is_noted_too(people: People, store: Store) -> None:
    MemoryVersion.objects.update(created_at=timezone.now() - timezone.timedelta(days=30))
    page = browser_of(people.carol).get(url_of(store)).content.decode()
    assert "Nothing new" in page
    assert 'hx-trigger="load"' in page


def test_another_workspaces_store_is_not_found(people: People, store: Store) -> None:
    assert browser_of(people.mallory).get(f"/acme-rival/stores/{store.remote_id}/changes/").status_code == 404
