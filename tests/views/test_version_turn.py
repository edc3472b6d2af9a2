"""The turn that wrote a version: found in the session's transcript or its threads, or said why not."""

from typing import Any

import pytest

from dreams.models import MemoryVersion, Store
from dreams.services import sessions, stores
from tests.factories import put_session, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only

TEXT = "Deploy at 03:00.\n"


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox, {"/a.md": "Deploy at 02:00.\n"})


def written(sandbox: Sandbox, store: Store, calls: list[dict[str, Any]], *, thread: str = "") -> MemoryVersion:
    """A session that makes these calls and then leaves TEXT in /a.md, all mirrored."""
    session_id = put_session(sandbox, store, "Night watch")
    state = sandbox.state
    with state.transaction():
        if thread:
            agent = {"type": "agent", "id": "agent_2", "name": "Scribe", "version": 1}
            head = {"id": thread, "type": "session_thread", "session_id": session_id, "parent_thread_id": "sthr_main"}
            rest = {"agent": agent, "status": "idle", "stats": None, "usage": None, "workflow_run_id": None}
            times = {"created_at": state.stamp(), "updated_at": state.stamp(), "archived_at": None}
            state.put("thread", {**head, **rest, **times}, parent=session_id)
        for number, call in enumerate(calls):
            event = {"id": f"sevt_call_{number}", "type": "agent.tool_use", "processed_at": state.stamp(), **call}
            state.put("event", event, parent=thread or session_id)
        state.write_memory(store.remote_id, "/a.md", TEXT, actor={"type": "session_actor", "session_id": session_id})
    sessions.refresh_sessions(store.workspace)
    stores.sync_store(store)
    return MemoryVersion.objects.filter(store=store).latest("created_at", "pk")


def url_of(version: MemoryVersion) -> str:
    return f"/acme/stores/{version.store.remote_id}/versions/{version.remote_id}/turn/"


def answer(people: People, version: MemoryVersion) -> str:
    found = browser_of(people.carol).get(url_of(version))
    assert found.status_code == 200
    return found.content.decode()


WRITE = {"name": "write", "input": {"file_path": "/mnt/memory/support/a.md", "content": TEXT}}


def test_members_only_and_a_fragment_for_htmx(people: People, sandbox: Sandbox, store: Store) -> None:
    version = written(sandbox, store, [WRITE])
    assert_members_only(people, url_of(version))
    assert_only(people, url_of(version), "get")
    assert_fragment(people, url_of(version), "turn")


def test_the_call_that_wrote_it_is_linked_and_its_anchor_is_in_the_transcript(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    read = {"name": "read", "input": {"file_path": "/mnt/memory/support/a.md"}}
    version = written(sandbox, store, [read, WRITE])
    page = answer(people, version)
    assert "wrote exactly these bytes" in page
    link = f"/acme/sessions/{version.actor_id}/#sevt_call_1"
    assert link in page
    transcript = browser_of(people.carol).get(link.split("#")[0]).content.decode()
    assert 'id="sevt_call_1"' in transcript


def test_the_page_of_the_versions_loads_it_by_itself_and_links_it_without_scripts(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    version = written(sandbox, store, [WRITE])
    page = browser_of(people.carol).get(f"/acme/stores/{store.remote_id}/memories/{version.memory_id}/versions/")
    assert f'hx-get="{url_of(version)}"' in page.content.decode()
    assert f'<a href="{url_of(version)}"' in page.content.decode()


def test_a_call_in_a_thread_is_found_there(people: People, sandbox: Sandbox, store: Store) -> None:
    version = written(sandbox, store, [WRITE], thread="sthr_scribe")
    page = answer(people, version)
    assert f"/acme/sessions/{version.actor_id}/?thread=sthr_scribe#sevt_call_0" in page
    assert "of Scribe" in page


def test_a_shell_command_may_have_written_it_unseen(people: People, sandbox: Sandbox, store: Store) -> None:
    version = written(sandbox, store, [{"name": "bash", "input": {"command": "./tidy.sh"}}])
    assert "may have written it unseen" in answer(people, version)


def test_a_transcript_without_a_fitting_call_says_so(people: People, sandbox: Sandbox, store: Store) -> None:
    version = written(sandbox, store, [])
    page = answer(people, version)
    assert "No call in the transcript fits" in page
    assert f"/acme/sessions/{version.actor_id}/" in page


def test_a_deleted_session_took_its_transcript_with_it(people: People, sandbox: Sandbox, store: Store) -> None:
    version = written(sandbox, store, [WRITE])
    with sandbox.state.transaction():
        sandbox.state._run("DELETE FROM objects WHERE kind = 'session' AND id = ?", version.actor_id)
    assert "deleted at the vendor, and its transcript with it" in answer(people, version)


def test_what_a_key_wrote_has_no_turn(people: People, sandbox: Sandbox, store: Store) -> None:
    version = written(sandbox, store, [WRITE])
    MemoryVersion.objects.filter(pk=version.pk).update(actor_kind="api_key", actor_id="apikey_1")
    assert "not written in a session" in answer(people, version)


def test_an_unknown_session_is_said(people: People, sandbox: Sandbox, store: Store) -> None:
    version = MemoryVersion.objects.filter(store=store).latest("created_at", "pk")
    assert "not in the list of sessions here" in answer(people, version)


def test_a_vendor_that_fails_is_said_and_the_page_stays(people: People, sandbox: Sandbox, store: Store) -> None:
    version = written(sandbox, store, [WRITE])
    sandbox.faults([{"method": "GET", "path": "/v1/sessions/*", "kind": "status", "status": 503}])
    page = answer(people, version)
    assert "could not be read" in page
    assert "Open the session" in page
