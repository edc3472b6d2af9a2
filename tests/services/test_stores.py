"""The mirror follows the vendor over the cheapest legal road, and every failure leaves a sentence."""

from typing import Any

import pytest

from dreams.models import AuditEvent, Memory, MemoryVersion, Session, Store
from dreams.remote.errors import Malformed, NotFound, RateLimited, ServerFailed
from dreams.services import restoring, sessions, stores, tidy
from dreams.services.refusals import Busy, Invalid, Refusal
from tests.factories import agent_deletes, agent_writes, connect, put_session, put_store, store_with
from tests.people import People
from tests.sandbox_server import Sandbox


def asked(sandbox: Sandbox) -> list[str]:
    return [f"{r['method']} {r['path']}" for r in sandbox.requests(clear=True) if r["path"].startswith("/v1/")]


def held(store: Store) -> dict[str, str]:
    return {m.path: m.text.text for m in Memory.objects.filter(store=store).select_related("text")}


def test_a_session_that_nobody_knew_yet_is_listed_when_it_has_written(
    people: People, sandbox: Sandbox, django_capture_on_commit_callbacks: Any
) -> None:
    store = store_with(people, sandbox)
    sessions.refresh_sessions(store.workspace)
    session_id = put_session(sandbox, store, "Asked at night")
    with sandbox.state.transaction():
        actor = {"type": "session_actor", "session_id": session_id}
        sandbox.state.write_memory(store.remote_id, "/night.md", "Dark.\n", actor=actor)
    with django_capture_on_commit_callbacks(execute=True):
        stores.sync_store(store)
    assert Session.objects.get(remote_id=session_id).title == "Asked at night"
    asked(sandbox)
    agent_writes(sandbox, store, "/day.md", "By a session that no list holds.\n")
    for expected in (1, 0):
        with django_capture_on_commit_callbacks(execute=True):
            stores.sync_store(store)
        assert asked(sandbox).count("GET /v1/sessions") == expected


def test_a_first_import_walks_the_store_and_reads_who_wrote_what(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox, {f"/n/{i:03}.md": f"Note {i}\n" for i in range(45)})
    assert (store.memory_count, store.problem) == (45, "")
    assert store.memory_bytes == sum(len(f"Note {i}\n") for i in range(45))
    assert MemoryVersion.objects.filter(store=store, actor_kind="session").count() == 45
    walks = [r for r in asked(sandbox) if r.endswith("/memories")]
    assert len(walks) == 3  # pages of twenty


def test_an_unchanged_store_costs_one_call(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    asked(sandbox)
    stores.sync_store(store)
    assert asked(sandbox) == [f"GET /v1/memory_stores/{store.remote_id}/memory_versions"]


def test_a_changed_store_costs_the_versions_since_and_no_walk(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    agent_writes(sandbox, store, "/runbooks/deploy.md", "Deploy at 03:00.\n")
    agent_writes(sandbox, store, "/new.md", "New.\n")
    agent_deletes(sandbox, store, "/scratch/today.md")
    asked(sandbox)
    store = stores.sync_store(store)
    calls = asked(sandbox)
    assert len(calls) == 2
    assert all(call.endswith("memory_versions") for call in calls)
    assert held(store)["/runbooks/deploy.md"] == "Deploy at 03:00.\n"
    assert held(store)["/new.md"] == "New.\n"
    assert "/scratch/today.md" not in held(store)
    assert store.memory_count == 5


def test_two_memories_that_swap_their_paths_are_mirrored(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox, {"/a.md": "A", "/b.md": "B"})
    with sandbox.state.transaction():
        a, b = (sandbox.state.memory_at(store.remote_id, path) for path in ("/a.md", "/b.md"))
        actor = {"type": "api_actor", "api_key_id": "apikey_x"}
        for memory, path in ((a, "/tmp.md"), (b, "/a.md"), (a, "/b.md")):
            sandbox.state.update_memory(store.remote_id, memory["id"], path=path, content=None, actor=actor)
    store = stores.sync_store(store)
    assert held(store) == {"/a.md": "B", "/b.md": "A"}


def test_what_agents_write_during_the_walk_is_in_the_mirror(
    people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write lands between two pages, on a path of the page that was read already."""
    workspace = connect(people)
    store_id = put_store(sandbox, {f"/n/{i:03}.md": f"Note {i}" for i in range(30)})
    stores.refresh_stores(workspace)
    store = Store.objects.get(remote_id=store_id)
    Memory.objects.filter(store=store).delete()
    Store.objects.filter(pk=store.pk).update(walked_at=None, last_version_id="", memory_count=0)
    take, wrote = stores.Mirror.take, []

    def take_then_write(mirror: stores.Mirror, page: object) -> None:
        take(mirror, page)  # type: ignore[arg-type]
        if not wrote:
            wrote.append(agent_writes(sandbox, store, "/n/000.md", "Changed while walking"))

    monkeypatch.setattr(stores.Mirror, "take", take_then_write)
    store = stores.sync_store(store)
    assert held(store)["/n/000.md"] == "Changed while walking"
    newest = sandbox.state.versions(store_id)[0]
    assert store.last_version_id == newest["id"]


def test_a_gap_in_the_versions_leads_to_a_walk(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    Store.objects.filter(pk=store.pk).update(last_version_id="memver_01expired")
    agent_writes(sandbox, store, "/late.md", "Late")
    store = stores.sync_store(store)
    assert held(store)["/late.md"] == "Late"
    assert any(call.endswith("/memories") for call in asked(sandbox))


@pytest.mark.parametrize("body", ["empty_object", "html", "bad_json"])
def test_a_nonsense_answer_never_empties_the_mirror(people: People, sandbox: Sandbox, body: str) -> None:
    store = store_with(people, sandbox)
    Store.objects.filter(pk=store.pk).update(walked_at=None)
    sandbox.faults(
        [{"method": "GET", "path": "/v1/memory_stores/*/memories", "times": 9, "kind": "malformed", "body": body}]
    )
    with pytest.raises(Malformed):
        stores.sync_store(store)
    store.refresh_from_db()
    assert len(held(store)) == 5
    assert "does not look like the API" in store.problem
    assert store.claim == ""


def test_a_page_cursor_that_repeats_ends_the_walk_with_a_sentence(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox, {f"/n/{i:03}.md": f"Note {i}" for i in range(45)})
    Store.objects.filter(pk=store.pk).update(walked_at=None)
    fault = {"method": "GET", "path": "/v1/memory_stores/*/memories", "times": 9, "kind": "malformed"}
    sandbox.faults([{**fault, "body": "repeat_cursor"}])
    with pytest.raises(Malformed):
        stores.sync_store(store)
    assert Memory.objects.filter(store=store).count() == 45


def test_a_rate_limit_sets_when_to_ask_again(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    fault = {"method": "GET", "path": "/v1/memory_stores/*", "times": 1, "kind": "status", "status": 429}
    sandbox.faults([{**fault, "retry_after": 77}])
    with pytest.raises(RateLimited):
        stores.sync_store(store)
    store.refresh_from_db()
    wait = (store.next_check_at - store.checked_at).total_seconds()  # type: ignore[operator]
    assert 70 < wait < 90
    people.workspace.refresh_from_db()
    assert "slow down" in people.workspace.outage


def test_the_outage_line_goes_when_the_vendor_answers_again(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    sandbox.faults([{"method": "GET", "path": "/v1/*", "times": 1, "kind": "status", "status": 503}])
    with pytest.raises(ServerFailed):
        stores.sync_store(store)
    store.refresh_from_db()
    assert store.workspace.outage
    stores.sync_store(store)
    people.workspace.refresh_from_db()
    assert (people.workspace.outage, people.workspace.outage_since) == ("", None)


def test_a_store_deleted_at_the_vendor_stays_readable_here(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    sandbox.state.remove("store", store.remote_id)
    with pytest.raises(NotFound):
        stores.sync_store(store)
    store.refresh_from_db()
    assert store.gone_at is not None
    assert len(held(store)) == 5
    with pytest.raises(Refusal, match="no longer exists"):
        stores.sync_store(store)


def test_a_store_that_is_being_read_is_left_to_its_reader(people: People, sandbox: Sandbox) -> None:
    from django.utils import timezone

    store = store_with(people, sandbox)
    Store.objects.filter(pk=store.pk).update(claim="other", claimed_at=timezone.now())
    with pytest.raises(Busy):
        stores.sync_store(store)


def test_the_claim_of_a_killed_reader_runs_out(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    Store.objects.filter(pk=store.pk).update(claim="dead", claimed_at="2020-01-01T00:00Z")
    assert stores.sync_store(store).claim == ""


def test_creating_a_store_whose_answer_is_lost_finds_it_instead_of_making_two(
    people: People, sandbox: Sandbox
) -> None:
    workspace = connect(people)
    sandbox.faults([{"method": "POST", "path": "/v1/memory_stores", "times": 1, "kind": "drop_after_commit"}])
    store = restoring.create_store(workspace, name="fresh", description="", by=people.dave)
    assert [s["id"] for s in sandbox.state.all("store")] == [store.remote_id]
    assert AuditEvent.objects.filter(verb="created store").count() == 1


def test_a_store_name_with_a_control_character_is_refused_before_it_is_sent(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    sandbox.requests(clear=True)
    with pytest.raises(Invalid):
        restoring.create_store(workspace, name="a\nb", description="", by=people.dave)
    assert asked(sandbox) == []


def test_deleting_a_store_asks_for_its_name_and_keeps_what_it_held(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    with pytest.raises(Invalid):
        tidy.delete_store(store, typed_name="suport", by=people.dave)
    tidy.delete_store(store, typed_name="support", by=people.dave)
    store.refresh_from_db()
    assert sandbox.state.get("store", store.remote_id) is None
    assert store.gone_at is not None
    assert len(held(store)) == 5


def test_a_reader_that_was_given_up_for_dead_saves_nothing(
    people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its claim ran out while it was reading, and another process holds the store now."""
    store = store_with(people, sandbox)
    agent_writes(sandbox, store, "/late.md", "Late")
    replay = stores.Mirror.replay

    def taken_over(mirror: stores.Mirror, versions: object) -> None:
        replay(mirror, versions)  # type: ignore[arg-type]
        Store.objects.filter(pk=store.pk).update(claim="another")

    monkeypatch.setattr(stores.Mirror, "replay", taken_over)
    with pytest.raises(Busy):
        stores.sync_store(store)
    assert "/late.md" not in held(store)
    store.refresh_from_db()
    assert store.claim == "another"
