"""What time and other hands do to a mirror: people who write while it is read, versions that expire, long lists."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from dreams.models import Memory, MemoryVersion, Session, Store, Workspace
from dreams.remote.errors import NotAllowed, RemoteError
from dreams.remote.gateway import Gateway
from dreams.services import claims, memories, sessions, stores, sweeps
from dreams.services.snapshots import replay_snapshot, texts_of
from tests.factories import agent_deletes, agent_writes, connect, put_session, put_store, store_with
from tests.faults.ground import Ground, mirror_equals_vendor
from tests.people import People
from tests.sandbox_server import Sandbox


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


def memory_at(store: Store, path: str) -> Memory:
    return Memory.objects.select_related("text").get(store=store, path=path)


WRITES: dict[str, Callable[[Store, People], object]] = {
    "creates": lambda store, people: memories.create_memory(store, path="/mine.md", content="Mine.", by=people.alice),
    "edits": lambda store, people: memories.edit_memory(
        memory_at(store, "/people/ana.md"),
        content="Mine.",
        seen_sha=memory_at(store, "/people/ana.md").text.sha256,
        by=people.alice,
    ),
    "renames": lambda store, people: memories.rename_memory(
        memory_at(store, "/people/ana.md"),
        path="/mine.md",
        seen_sha=memory_at(store, "/people/ana.md").text.sha256,
        by=people.alice,
    ),
    "deletes": lambda store, people: memories.delete_memory(
        memory_at(store, "/people/ana.md"),
        seen_sha=memory_at(store, "/people/ana.md").text.sha256,
        by=people.alice,
    ),
}


@pytest.mark.parametrize("moment", ["before the versions are read", "after the versions were read"])
@pytest.mark.parametrize("verb", WRITES)
def test_a_person_may_write_while_the_store_is_read(
    people: People, sandbox: Sandbox, store: Store, monkeypatch: pytest.MonkeyPatch, verb: str, moment: str
) -> None:
    agent_writes(sandbox, store, "/theirs.md", "Theirs.")
    read = Gateway.versions_since

    def meanwhile(gateway: Gateway, *args: str, **given: Any) -> object:
        monkeypatch.undo()
        if moment.startswith("before"):
            WRITES[verb](store, people)
        answer = read(gateway, *args, **given)
        if moment.startswith("after"):
            WRITES[verb](store, people)
        return answer

    monkeypatch.setattr(Gateway, "versions_since", meanwhile)
    stores.sync_store(store)
    held = {m.path: m.text.text for m in Memory.objects.filter(store=store).select_related("text")}
    there = {m["path"]: m["content"] for m in sandbox.state.memories(store.remote_id)}
    assert held == there
    sweeps.refresh_workspace(store.workspace)
    stores.sync_store(store)
    mirror_equals_vendor(Ground(people, sandbox))


def test_a_claim_is_renewed_while_a_long_list_of_versions_is_read(
    people: People, sandbox: Sandbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(45):
        agent_writes(sandbox, store, "/busy.md", f"Write {number}.")
    renewed: list[str] = []
    monkeypatch.setattr(stores, "renew", lambda row, token, **sets: renewed.append(token) or claims.renew(row, token))
    stores.sync_store(store)
    assert len(renewed) == 2  # 46 versions are three pages of twenty


def test_the_first_memory_of_an_empty_store_has_an_author(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox, {})
    agent_writes(sandbox, store, "/first.md", "First.")
    stores.sync_store(store)
    assert MemoryVersion.objects.get(store=store).actor_kind == "session"


def test_a_gap_in_the_versions_is_followed_by_a_walk_and_the_history_that_is_left(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    sandbox.state._run("DELETE FROM versions WHERE store = ?", store.remote_id)
    agent_writes(sandbox, store, "/people/ana.md", "New.")
    agent_deletes(sandbox, store, "/scratch/today.md")
    stores.sync_store(store)
    held = {m.path: m.text.text for m in Memory.objects.filter(store=store).select_related("text")}
    assert held == {m["path"]: m["content"] for m in sandbox.state.memories(store.remote_id)}
    known = set(MemoryVersion.objects.filter(store=store).values_list("remote_id", flat=True))
    assert {version["id"] for version in sandbox.state.versions(store.remote_id)} < known


def test_a_store_as_it_was_names_what_expired_as_uncertain(people: People, sandbox: Sandbox, store: Store) -> None:
    """The vendor forgets versions after a while: what was replaced since cannot be told, what was not can."""
    then = timezone.now()
    agent_writes(sandbox, store, "/runbooks/deploy.md", "Newer.")
    agent_writes(sandbox, store, "/new.md", "Born since.")
    old = MemoryVersion.objects.get(store=store, path="/runbooks/deploy.md")
    old.delete()  # a first import that came too late for it
    snapshot = replay_snapshot(store, then, "dream_input")
    assert snapshot.uncertain_paths == ["/runbooks/deploy.md"]
    assert sorted(texts_of(snapshot)) == [
        "/people/ana-copy.md", "/people/ana.md", "/runbooks/rollback.md", "/scratch/today.md",
    ]  # fmt: skip


def test_a_version_that_expired_after_it_was_listed_is_uncertain_and_no_failure(
    people: People, sandbox: Sandbox
) -> None:
    store_id = put_store(sandbox, {"/a.md": "Long ago."})
    workspace = connect(people)
    stores.refresh_stores(workspace)
    then = timezone.now()
    store = Store.objects.get(remote_id=store_id)
    agent_writes(sandbox, store, "/a.md", "Now.")
    stores.sync_store(store)  # the old text itself was never read
    sandbox.state._run("DELETE FROM versions WHERE content = ?", b"Long ago.")
    assert replay_snapshot(store, then, "dream_input").uncertain_paths == ["/a.md"]


def test_a_list_that_the_key_may_not_have_leaves_the_others_alone(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    store = Store(remote_id=put_store(sandbox, {}), name="x")
    put_session(sandbox, store)
    sandbox.faults([{"method": "GET", "path": "/v1/agents", "kind": "status", "status": 403, "times": None}])
    with pytest.raises(NotAllowed):
        sweeps.refresh_workspace(workspace)
    assert (Store.objects.count(), Session.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("fault", "seconds"), [({"status": 429, "retry_after": 7}, 7), ({"status": 529}, 30), ({"status": 401}, 600)]
)
def test_a_first_import_that_fails_is_tried_again_soon_where_that_may_help(
    people: People, sandbox: Sandbox, fault: dict[str, int], seconds: int
) -> None:
    workspace = connect(people)
    sandbox.faults([{"path": "/v1/*", "kind": "status", "times": None, **fault}])
    asked = timezone.now()
    with pytest.raises(RemoteError):
        sweeps.refresh_workspace(workspace)
    again = Workspace.objects.get(pk=workspace.pk).next_check_at
    assert again is not None
    assert seconds <= (again - asked).total_seconds() < seconds + 20


def test_a_session_called_gone_by_one_404_is_back_once_it_answers(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    session_id = put_session(sandbox, store)
    sessions.refresh_sessions(store.workspace)
    session = Session.objects.get(remote_id=session_id)
    sandbox.faults([{"path": "/v1/sessions/*", "kind": "status", "status": 404}])
    with pytest.raises(RemoteError):
        sessions.read_transcript(session)
    session.refresh_from_db()
    assert session.gone_at is not None
    sessions.read_transcript(session)
    session.refresh_from_db()
    assert session.gone_at is None


def test_a_thread_that_does_not_exist_says_nothing_about_its_session(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    session_id = put_session(sandbox, store)
    sessions.refresh_sessions(store.workspace)
    session = Session.objects.get(remote_id=session_id)
    with pytest.raises(RemoteError):
        sessions.read_transcript(session, thread_id="thread_of_nobody")
    session.refresh_from_db()
    assert session.gone_at is None
