"""Sessions: filters, the cursor that goes both ways, what a new one is made of, when it may end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import anthropic
import pytest

from tests.sandbox import seeds
from tests.sandbox_server import Sandbox

START = datetime(2026, 11, 1, tzinfo=UTC)


def ids(found: Any) -> list[str]:
    return [session.id for session in found]


@pytest.fixture
def ten(sandbox: Sandbox) -> list[str]:
    """Ten sessions, a day apart, oldest first."""
    days = [(START + timedelta(days=day)).isoformat() for day in range(10)]
    return [seeds.session(sandbox.state, created_at=day)["id"] for day in days]


def test_sessions_are_found_by_what_they_are_made_of(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    state = sandbox.state
    store, agent = seeds.store(state), seeds.agent(state)
    with_store = seeds.session(state, stores=(store,))["id"]
    with_agent = seeds.session(state, of=agent, deployment_id="depl_1")["id"]
    running = seeds.session(state, status="running")["id"]
    done = seeds.session(state, status="terminated", archived_at=state.stamp())["id"]

    sessions = client.beta.sessions
    assert ids(sessions.list(memory_store_id=store["id"])) == [with_store]
    assert ids(sessions.list(agent_id=agent["id"], agent_version=3)) == [with_agent]
    assert ids(sessions.list(agent_id=agent["id"], agent_version=4)) == []
    assert ids(sessions.list(deployment_id="depl_1")) == [with_agent]
    assert ids(sessions.list(statuses=["running", "terminated"])) == [running]
    assert ids(sessions.list(statuses=["running", "terminated"], include_archived=True)) == [done, running]
    assert ids(sessions.list()) == [running, with_agent, with_store]
    with pytest.raises(anthropic.BadRequestError, match="statuses: unknown value"):
        sessions.list(statuses=["done"])  # type: ignore[list-item]


def test_the_four_bounds_of_creation(client: anthropic.Anthropic, ten: list[str]) -> None:
    third, sessions = START + timedelta(days=3), client.beta.sessions
    assert ids(sessions.list(created_at_gt=third, order="asc")) == ten[4:]
    assert ids(sessions.list(created_at_gte=third, order="asc")) == ten[3:]
    assert ids(sessions.list(created_at_lt=third, order="asc")) == ten[:3]
    assert ids(sessions.list(created_at_lte=third, order="asc")) == ten[:4]


def test_the_list_can_be_walked_both_ways(client: anthropic.Anthropic, ten: list[str]) -> None:
    first = client.beta.sessions.list(limit=4)
    assert (ids(first.data), first.prev_page) == (ten[:5:-1], None)
    second = client.beta.sessions.list(limit=4, page=first.next_page or "")
    third = client.beta.sessions.list(limit=4, page=second.next_page or "")
    assert (ids(third.data), third.next_page) == ([ten[1], ten[0]], None)
    back = client.beta.sessions.list(limit=4, page=third.prev_page or "")
    assert ids(back.data) == ids(second.data)
    assert ids(client.beta.sessions.list(limit=4, page=back.prev_page or "").data) == ids(first.data)
    assert ids(client.beta.sessions.list(limit=3)) == ten[::-1]


def test_a_cursor_is_bound_to_its_order_and_range(client: anthropic.Anthropic, ten: list[str]) -> None:
    cursor = client.beta.sessions.list(limit=4).next_page or ""
    assert len(client.beta.sessions.list(limit=2, page=cursor, statuses=["idle"]).data) == 2
    with pytest.raises(anthropic.BadRequestError, match="another order"):
        client.beta.sessions.list(page=cursor, order="asc")
    with pytest.raises(anthropic.BadRequestError, match="excludes this cursor"):
        client.beta.sessions.list(page=cursor, created_at_lt=START)


def create(client: anthropic.Anthropic, sandbox: Sandbox, **more: Any) -> Any:
    agent = more.pop("agent", None) or seeds.agent(sandbox.state)["id"]
    environment = more.pop("environment_id", None) or seeds.environment(sandbox.state)["id"]
    return client.beta.sessions.create(agent=agent, environment_id=environment, **more)


def memory(store: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "memory_store", "memory_store_id": store["id"], **more}


def test_a_new_session_mounts_its_stores_under_their_names(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    first = seeds.store(sandbox.state, "User  Preferences (EU)", description="Who likes what")
    twin = seeds.store(sandbox.state, "user preferences—eu")
    wanted = [memory(first, access="read_only", instructions="Look here first"), memory(twin)]
    session = create(client, sandbox, resources=wanted, title="T", metadata={"a": "b"})
    assert (session.status, session.title, session.metadata) == ("idle", "T", {"a": "b"})
    one, two = (resource.to_dict() for resource in session.resources)
    assert one == {
        "type": "memory_store",
        "memory_store_id": first["id"],
        "access": "read_only",
        "instructions": "Look here first",
        "name": "User  Preferences (EU)",
        "description": "Who likes what",
        "mount_path": "/mnt/memory/user-preferences-eu-",
    }
    assert (two["access"], two["mount_path"]) == ("read_write", "/mnt/memory/user-preferences-eu")


def test_stores_with_one_slug_get_paths_of_their_own(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    twins = [memory(seeds.store(sandbox.state, "Notes")) for _ in range(3)]
    mounts = [resource.mount_path for resource in create(client, sandbox, resources=twins).resources]
    assert mounts == ["/mnt/memory/notes", "/mnt/memory/notes-2", "/mnt/memory/notes-3"]


def test_a_later_rename_does_not_reach_the_session(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    store = seeds.store(sandbox.state, "Before")
    session = create(client, sandbox, resources=[memory(store)])
    client.beta.memory_stores.update(store["id"], name="After")
    assert client.beta.sessions.retrieve(session.id).resources == session.resources


def test_at_most_eight_stores_none_twice_none_archived(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    nine = [seeds.store(sandbox.state) for _ in range(9)]
    create(client, sandbox, resources=[memory(store) for store in nine[:8]])
    with pytest.raises(anthropic.BadRequestError, match="cannot contain more than 8 memory_store entries"):
        create(client, sandbox, resources=[memory(store) for store in nine])
    with pytest.raises(anthropic.BadRequestError, match="duplicate memory_store_id: " + nine[0]["id"]):
        create(client, sandbox, resources=[memory(nine[0]), memory(nine[0])])
    client.beta.memory_stores.archive(nine[0]["id"])
    with pytest.raises(anthropic.BadRequestError, match="is archived"):
        create(client, sandbox, resources=[memory(nine[0])])
    with pytest.raises(anthropic.NotFoundError):
        create(client, sandbox, resources=[memory({"id": "memstore_none"})])
    with pytest.raises(anthropic.BadRequestError, match="4096"):
        create(client, sandbox, resources=[memory(nine[1], instructions="x" * 4097)])


def test_files_and_repositories_are_mounted_and_no_token_is_echoed(
    client: anthropic.Anthropic, sandbox: Sandbox
) -> None:
    repository = {
        "type": "github_repository",
        "url": "https://github.com/acme/api.git",
        "authorization_token": "ghp_secret",
    }
    session = create(client, sandbox, resources=[repository, {"type": "file", "file_id": "file_1"}])
    assert [item.mount_path for item in session.resources] == ["/workspace/api", "/mnt/session/uploads/file_1"]
    assert "ghp_secret" not in session.to_json() + str(sandbox.state.all("session"))


def test_the_agent_is_snapshotted_with_its_roster_and_overrides(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    helper = seeds.agent(sandbox.state, name="Helper")
    reference = {"type": "agent", "id": helper["id"], "version": 3}
    lead = seeds.agent(sandbox.state, multiagent={"type": "coordinator", "agents": [reference]})
    wish: Any = {"type": "agent_with_overrides", "id": lead["id"], "model": "claude-opus-5", "system": "Hm."}
    session = create(client, sandbox, agent=wish)
    assert (session.agent.model.id, session.agent.system) == ("claude-opus-5", "Hm.")
    assert session.agent.multiagent.agents[0].name == "Helper"
    thread = client.beta.sessions.threads.list(session.id).data[0]
    assert (thread.parent_thread_id, thread.agent.type) == (None, "agent")


@pytest.mark.parametrize("agent", ["agent_none", {"type": "agent", "id": "agent_1", "version": 9}])
def test_an_unknown_agent_or_version_is_404(client: anthropic.Anthropic, sandbox: Sandbox, agent: Any) -> None:
    seeds.agent(sandbox.state, id="agent_1")
    with pytest.raises(anthropic.NotFoundError):
        create(client, sandbox, agent=agent)


def test_what_is_archived_cannot_start_a_session(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    now = sandbox.state.stamp()
    with pytest.raises(anthropic.BadRequestError, match=r"Agent .* is archived"):
        create(client, sandbox, agent=seeds.agent(sandbox.state, archived_at=now)["id"])
    with pytest.raises(anthropic.BadRequestError) as archived:
        create(client, sandbox, environment_id=seeds.environment(sandbox.state, archived_at=now)["id"])
    with pytest.raises(anthropic.NotFoundError) as missing:
        create(client, sandbox, environment_id="env_none")
    assert archived.value.error_code == "environment_archived"
    assert missing.value.error_code == "environment_not_found"
    assert sandbox.state.all("session") == []


def test_the_alias_of_a_session_id_is_understood(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    session = seeds.session(sandbox.state)
    alias = session["id"].replace("sesn_", "session_")
    assert client.beta.sessions.retrieve(alias).id == session["id"]


def test_an_archived_session_is_terminated_and_leaves_the_list(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    session = seeds.session(sandbox.state)
    archived = client.beta.sessions.archive(session["id"])
    assert archived.status == "terminated"
    assert client.beta.sessions.archive(session["id"]) == archived
    assert ids(client.beta.sessions.list()) == []
    events = [event.type for event in client.beta.sessions.events.list(session["id"])]
    assert events == ["session.status_terminated"]


def test_a_running_session_must_be_interrupted_before_it_ends(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    session = seeds.session(sandbox.state, status="running")["id"]
    for end in (client.beta.sessions.archive, client.beta.sessions.delete):
        with pytest.raises(anthropic.BadRequestError, match="interrupt it first"):
            end(session)
    client.beta.sessions.events.send(session, events=[{"type": "user.interrupt"}])
    assert client.beta.sessions.delete(session).type == "session_deleted"
    with pytest.raises(anthropic.NotFoundError):
        client.beta.sessions.retrieve(session)
    assert sandbox.state.all("event") == sandbox.state.all("thread") == []
