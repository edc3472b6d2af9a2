"""What is known of the writes to a store: where it begins, and the holes in it."""

import pytest

from dreams.models import MemoryVersion, Store, VersionGap
from dreams.remote.errors import ServerFailed
from dreams.services import history, stores
from tests.factories import NOTES, agent_writes, connect, put_store, store_with
from tests.people import People
from tests.sandbox_server import Sandbox


def test_a_gap_is_kept_with_the_moments_between_which_nothing_is_known(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    known = store.last_changed_at
    agent_writes(sandbox, store, "/lost.md", "Nobody will ever read this here")
    sandbox.state._run("DELETE FROM versions WHERE store = ?", store.remote_id)
    agent_writes(sandbox, store, "/late.md", "Late")
    stores.sync_store(store)
    stores.sync_store(store)
    gap = VersionGap.objects.get(store=store)
    late = MemoryVersion.objects.get(store=store, path="/late.md")
    assert (gap.after_at, gap.until_at) == (known, late.created_at)
    assert not MemoryVersion.objects.filter(store=store, path="/lost.md").exists()


def test_a_gap_is_noted_once_though_the_reading_after_it_fails(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    sandbox.state._run("DELETE FROM versions WHERE store = ?", store.remote_id)
    agent_writes(sandbox, store, "/late.md", "Late")
    sandbox.faults(
        [{"method": "GET", "path": "/v1/memory_stores/*/memories", "times": 1, "kind": "status", "status": 500}]
    )
    with pytest.raises(ServerFailed):
        stores.sync_store(store)
    stores.sync_store(store)
    assert VersionGap.objects.filter(store=store).count() == 1


def test_a_history_that_is_known_from_the_first_write_has_no_beginning(people: People, sandbox: Sandbox) -> None:
    assert store_with(people, sandbox).history_from is None


def test_the_known_history_begins_where_the_vendor_has_forgotten_what_was_before(
    people: People, sandbox: Sandbox
) -> None:
    store_id = put_store(sandbox, NOTES)
    for words in ("Second", "Third"):
        agent_writes(sandbox, Store(remote_id=store_id), "/people/ana.md", words)
    first = sandbox.state.versions(store_id)[-1]
    sandbox.state._run("DELETE FROM versions WHERE id = ?", first["id"])
    stores.refresh_stores(connect(people))
    store = stores.sync_store(Store.objects.get(remote_id=store_id))
    oldest = MemoryVersion.objects.filter(store=store, path="/people/ana.md").earliest("created_at")
    assert store.history_from == oldest.created_at


def test_a_first_reading_that_stops_says_where(
    people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "HISTORY_PAGES", 1)
    store_id = put_store(sandbox, {f"/n/{i:03}.md": f"Note {i}" for i in range(101)})
    stores.refresh_stores(connect(people))
    store = stores.sync_store(Store.objects.get(remote_id=store_id))
    read = MemoryVersion.objects.filter(store=store)
    assert read.count() == 100
    assert store.history_from == read.earliest("created_at").created_at


def test_our_numbers_of_a_stores_versions_rise_with_time(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox, {f"/n/{i:03}.md": f"Note {i}" for i in range(130)})
    agent_writes(sandbox, store, "/late.md", "Late")
    stores.sync_store(store)
    ordered = MemoryVersion.objects.filter(store=store).order_by("pk").values_list("remote_id", flat=True)
    assert list(ordered) == [version["id"] for version in sandbox.state.versions(store.remote_id)][::-1]
