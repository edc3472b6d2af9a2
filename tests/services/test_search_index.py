"""The index of search follows what is mirrored: at once, within the same transaction, and completed by the sweep."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from dreams.models import Memory, MemoryVersion, SearchDue, SearchEntry, Snapshot, Store
from dreams.queries.search import Narrow, find
from dreams.rules.search_words import parse
from dreams.services import memories, purging, search_index, snapshots, stores, sweeps, versions
from dreams.services.mirror import keep_versions
from dreams.services.vendor import watched
from tests.factories import AGENT_WRITES, agent_deletes, agent_writes, connect, put_store, store_with
from tests.people import People
from tests.sandbox_server import Sandbox


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


def paths(store: Store, typed: str, *, removed: bool = False) -> list[str]:
    keys = find(store.workspace, parse(typed), Narrow(removed=removed)).keys
    rows = SearchEntry.objects.in_bulk(keys)
    return [rows[key].path for key in keys]


def mirrored(store: Store) -> set[tuple[str, str, int]]:
    return set(Memory.objects.filter(store=store).values_list("remote_id", "path", "text_id"))


def indexed(store: Store) -> set[tuple[str, str, int]]:
    return set(SearchEntry.objects.filter(store=store, live=True).values_list("memory_id", "path", "text_id"))


def test_after_an_import_the_index_holds_what_the_mirror_holds(store: Store) -> None:
    assert indexed(store) == mirrored(store) != set()
    assert set(SearchEntry.objects.values_list("actor_id", flat=True)) == {"sesn_writer"}


def test_what_a_person_writes_is_found_before_the_next_sync(people: People, store: Store) -> None:
    made = memories.create_memory(store, path="/whales.md", content="A blue whale.", by=people.dave)
    assert paths(store, "blue whale") == ["/whales.md"]
    edited = memories.edit_memory(made, content="A grey seal.", seen_sha=made.text.sha256, by=people.dave)
    assert (paths(store, "blue whale"), paths(store, "seal")) == ([], ["/whales.md"])
    moved = memories.rename_memory(edited, path="/seals.md", seen_sha=edited.text.sha256, by=people.dave)
    assert paths(store, "grey") == ["/seals.md"]
    memories.delete_memory(moved, seen_sha=moved.text.sha256, by=people.dave)
    assert paths(store, "grey") == []
    assert sorted(paths(store, "grey", removed=True)) == ["/seals.md", "/whales.md"]
    assert indexed(store) == mirrored(store)


def test_who_wrote_it_is_known_once_the_version_is(people: People, store: Store) -> None:
    memories.create_memory(store, path="/whales.md", content="A blue whale.", by=people.dave)
    assert SearchEntry.objects.get(path="/whales.md").actor_id == ""
    stores.sync_store(store)
    assert SearchEntry.objects.get(path="/whales.md").actor_id != ""


def test_a_text_that_comes_back_is_told_once(store: Store, sandbox: Sandbox) -> None:
    for text in ("one whale", "two whales", "one whale"):
        agent_writes(sandbox, store, "/whales.md", text)
        stores.sync_store(store)
    assert paths(store, "whale", removed=True) == ["/whales.md"]
    assert paths(store, "whale*", removed=True) == ["/whales.md"] * 2


def test_what_was_replaced_between_two_syncs_is_found_where_its_bytes_are_held(store: Store, sandbox: Sandbox) -> None:
    agent_writes(sandbox, store, "/whales.md", "a short-lived whale")
    agent_writes(sandbox, store, "/whales.md", "nothing")
    agent_writes(sandbox, store, "/seals.md", "a short-lived seal")
    agent_deletes(sandbox, store, "/seals.md")
    stores.sync_store(store)
    assert paths(store, "short-lived") == []
    assert sorted(paths(store, "short-lived", removed=True)) == ["/seals.md", "/whales.md"]


@pytest.fixture
def overwritten(people: People, sandbox: Sandbox) -> MemoryVersion:
    """The first version of a memory that was overwritten before the store was imported: only its head is known."""
    workspace = connect(people)
    store = Store(remote_id=put_store(sandbox, {"/whales.md": "a short-lived whale"}))
    agent_writes(sandbox, store, "/whales.md", "nothing")
    stores.refresh_stores(workspace)
    store = stores.sync_store(Store.objects.get(remote_id=store.remote_id))
    return MemoryVersion.objects.get(store=store, operation="created")


def test_a_text_that_is_read_later_is_found_as_gone(overwritten: MemoryVersion) -> None:
    assert paths(overwritten.store, "whale", removed=True) == []
    versions.read_text(overwritten)
    assert paths(overwritten.store, "whale") == []
    assert paths(overwritten.store, "whale", removed=True) == ["/whales.md"]


def test_a_text_that_a_replayed_moment_read_is_found_as_gone(overwritten: MemoryVersion) -> None:
    snapshots.replay_snapshot(overwritten.store, overwritten.created_at, Snapshot.Why.MOMENT)
    assert paths(overwritten.store, "whale", removed=True) == ["/whales.md"]


def test_a_text_that_is_read_later_is_found_wherever_it_once_stood(
    overwritten: MemoryVersion, sandbox: Sandbox
) -> None:
    other = Store(remote_id=put_store(sandbox, {"/orcas.md": "a short-lived whale"}, "other"))
    agent_writes(sandbox, other, "/orcas.md", "nothing")
    stores.refresh_stores(overwritten.workspace)
    stores.sync_store(Store.objects.get(remote_id=other.remote_id))
    versions.read_text(overwritten)
    assert sorted(paths(overwritten.store, "whale", removed=True)) == ["/orcas.md", "/whales.md"]


def test_bytes_that_cannot_be_indexed_are_not_kept_either(
    overwritten: MemoryVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(search_index, "_add", killed)
    with pytest.raises(KeyboardInterrupt):
        versions.read_text(overwritten)
    monkeypatch.undo()
    versions.read_text(overwritten)
    assert paths(overwritten.store, "whale", removed=True) == ["/whales.md"]


def test_a_save_that_is_rolled_back_leaves_the_index_as_it_was(store: Store) -> None:
    before = indexed(store)
    with pytest.raises(RuntimeError), transaction.atomic():
        Memory.objects.filter(store=store).first().delete()
        search_index.follow(store)
        raise RuntimeError
    assert indexed(store) == before
    assert len(paths(store, "ana")) == 2


def test_very_much_at_once_is_left_to_the_sweep_and_nothing_old_is_shown_meanwhile(
    store: Store, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dreams.enqueue._wake", lambda task, args: None)
    monkeypatch.setattr(search_index, "INLINE_BYTES", 10)
    agent_writes(sandbox, store, "/runbooks/rollback.md", "Call the walrus, and nobody else.")
    stores.sync_store(store)
    assert (paths(store, "walrus"), paths(store, "restore")) == ([], [])
    assert SearchDue.objects.filter(store=store).exists()
    sweeps.sweep()
    assert paths(store, "walrus") == ["/runbooks/rollback.md"]
    assert not SearchDue.objects.exists()


def test_indexing_that_was_marked_again_meanwhile_is_done_again(store: Store) -> None:
    search_index.mark_due(store)
    late = timezone.now() + timedelta(minutes=1)

    def marked_again(*_: object) -> int:
        SearchDue.objects.update(since=late)
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_index, "_living_batch", marked_again)
        search_index.index_store(store)
    assert SearchDue.objects.get().since == late


def test_made_anew_it_is_the_same(store: Store, sandbox: Sandbox) -> None:
    agent_writes(sandbox, store, "/whales.md", "a short-lived whale")
    agent_writes(sandbox, store, "/whales.md", "nothing")
    agent_deletes(sandbox, store, "/scratch/today.md")
    stores.sync_store(store)
    fields = ("id", "memory_id", "version_id", "actor_id", "path", "text_id", "at", "live", "words")
    before = sorted(SearchEntry.objects.values_list(*fields))
    call_command("reindex")
    again = sorted(SearchEntry.objects.values_list(*fields))
    assert [row[1:] for row in again] == [row[1:] for row in before]


def test_what_only_a_snapshot_holds_is_found_as_gone(store: Store, sandbox: Sandbox) -> None:
    snapshots.freeze(store, Snapshot.Why.BY_HAND)
    agent_deletes(sandbox, store, "/scratch/today.md")
    stores.sync_store(store)
    MemoryVersion.objects.filter(path="/scratch/today.md").delete()
    search_index.empty(store)
    search_index.index_store(store)
    assert paths(store, "8081") == []
    (key,) = find(store.workspace, parse("8081"), Narrow(removed=True)).keys
    assert SearchEntry.objects.get(pk=key).snapshot == Snapshot.objects.get()


def test_a_purged_text_is_found_no_more_by_any_word(people: People, store: Store, sandbox: Sandbox) -> None:
    text = Memory.objects.get(path="/scratch/today.md").text
    agent_deletes(sandbox, store, "/scratch/today.md")
    stores.sync_store(store)
    assert paths(store, "8081", removed=True) == ["/scratch/today.md"]
    purging.purge_text(text, by=people.alice)
    assert paths(store, "8081", removed=True) == []
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM dreams_search WHERE dreams_search MATCH '\"8081\"'")
            assert cursor.fetchone() == (0,)


def test_a_redacted_version_takes_its_path_with_it(store: Store, sandbox: Sandbox) -> None:
    agent_writes(sandbox, store, "/secret-plans.md", "hush")
    agent_writes(sandbox, store, "/lullaby.md", "hush")  # so that the text itself is not purged
    stores.sync_store(store)
    agent_deletes(sandbox, store, "/secret-plans.md")
    stores.sync_store(store)
    assert sorted(paths(store, "hush", removed=True)) == ["/lullaby.md", "/secret-plans.md"]
    version = MemoryVersion.objects.get(path="/secret-plans.md", operation="created")
    with sandbox.state.transaction():
        sandbox.state.redact_version(store.remote_id, version.remote_id, actor=AGENT_WRITES)
    with watched(store.workspace) as gateway:
        keep_versions(store, [gateway.version(store.remote_id, version.remote_id)])
    assert paths(store, "hush", removed=True) == ["/lullaby.md"]
    assert paths(store, '"secret plans"', removed=True) == []


def test_saves_that_change_nothing_write_nothing(store: Store) -> None:
    before = list(SearchEntry.objects.values_list("pk", flat=True))
    with transaction.atomic():
        search_index.follow(store)
    assert list(SearchEntry.objects.values_list("pk", flat=True)) == before
