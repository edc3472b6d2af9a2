"""Every endpoint, asked once through the real SDK, which refuses an answer that does not fit its models."""

from collections.abc import Callable
from typing import Any

import anthropic
import pytest

from sandbox.app import ROUTES
from tests.sandbox import seeds
from tests.sandbox_server import Sandbox

Ids = dict[str, str]
CALLS: dict[tuple[str, str], Callable[[Any, Ids], Any]] = {
    ("POST", "/v1/memory_stores"): lambda b, i: b.memory_stores.create(name="New", metadata={"a": "b"}),
    ("GET", "/v1/memory_stores"): lambda b, i: b.memory_stores.list(include_archived=True),
    ("GET", "/v1/memory_stores/{store}"): lambda b, i: b.memory_stores.retrieve(i["store"]),
    ("POST", "/v1/memory_stores/{store}"): lambda b, i: b.memory_stores.update(i["store"], name="Other"),
    ("DELETE", "/v1/memory_stores/{store}"): lambda b, i: b.memory_stores.delete(i["store"]),
    ("POST", "/v1/memory_stores/{store}/archive"): lambda b, i: b.memory_stores.archive(i["store"]),
    ("POST", "/v1/memory_stores/{store}/memories"): lambda b, i: b.memory_stores.memories.create(
        i["store"], path="/b.md", content="b"
    ),
    ("GET", "/v1/memory_stores/{store}/memories"): lambda b, i: b.memory_stores.memories.list(i["store"], view="full"),
    ("GET", "/v1/memory_stores/{store}/memories/{memory}"): lambda b, i: b.memory_stores.memories.retrieve(
        i["memory"], memory_store_id=i["store"]
    ),
    ("POST", "/v1/memory_stores/{store}/memories/{memory}"): lambda b, i: b.memory_stores.memories.update(
        i["memory"], memory_store_id=i["store"], content="new"
    ),
    ("DELETE", "/v1/memory_stores/{store}/memories/{memory}"): lambda b, i: b.memory_stores.memories.delete(
        i["memory"], memory_store_id=i["store"]
    ),
    ("GET", "/v1/memory_stores/{store}/memory_versions"): lambda b, i: b.memory_stores.memory_versions.list(
        i["store"]
    ),
    ("GET", "/v1/memory_stores/{store}/memory_versions/{version}"): lambda b, i: (
        b.memory_stores.memory_versions.retrieve(i["version"], memory_store_id=i["store"])
    ),
    ("POST", "/v1/memory_stores/{store}/memory_versions/{version}/redact"): lambda b, i: (
        b.memory_stores.memory_versions.redact(i["version"], memory_store_id=i["store"])
    ),
    ("GET", "/v1/sessions"): lambda b, i: b.sessions.list(),
    ("POST", "/v1/sessions"): lambda b, i: b.sessions.create(
        agent=i["agent"],
        environment_id=i["environment"],
        resources=[{"type": "memory_store", "memory_store_id": i["store"]}],
    ),
    ("GET", "/v1/sessions/{session}"): lambda b, i: b.sessions.retrieve(i["session"]),
    ("DELETE", "/v1/sessions/{session}"): lambda b, i: b.sessions.delete(i["session"]),
    ("POST", "/v1/sessions/{session}/archive"): lambda b, i: b.sessions.archive(i["session"]),
    ("GET", "/v1/sessions/{session}/events"): lambda b, i: b.sessions.events.list(i["session"]),
    ("POST", "/v1/sessions/{session}/events"): lambda b, i: b.sessions.events.send(
        i["session"], events=[{"type": "user.message", "content": [{"type": "text", "text": "Hi"}]}]
    ),
    ("GET", "/v1/sessions/{session}/events/stream"): lambda b, i: b.sessions.events.stream(i["session"]).close(),
    ("GET", "/v1/sessions/{session}/threads"): lambda b, i: b.sessions.threads.list(i["session"]),
    ("GET", "/v1/sessions/{session}/threads/{thread}"): lambda b, i: b.sessions.threads.retrieve(
        i["thread"], session_id=i["session"]
    ),
    ("GET", "/v1/sessions/{session}/threads/{thread}/events"): lambda b, i: b.sessions.threads.events.list(
        i["thread"], session_id=i["session"]
    ),
    ("GET", "/v1/sessions/{session}/threads/{thread}/stream"): lambda b, i: b.sessions.threads.events.stream(
        i["thread"], session_id=i["session"]
    ).close(),
    ("GET", "/v1/agents"): lambda b, i: b.agents.list(),
    ("GET", "/v1/agents/{agent}"): lambda b, i: b.agents.retrieve(i["agent"]),
    ("GET", "/v1/environments"): lambda b, i: b.environments.list(),
    ("GET", "/v1/environments/{environment}"): lambda b, i: b.environments.retrieve(i["environment"]),
    ("GET", "/v1/deployments"): lambda b, i: b.deployments.list(),
    ("GET", "/v1/deployments/{deployment}"): lambda b, i: b.deployments.retrieve(i["deployment"]),
    ("POST", "/v1/deployments/{deployment}"): lambda b, i: b.deployments.update(
        i["deployment"], resources=[{"type": "memory_store", "memory_store_id": i["store"]}]
    ),
}


def seeded(sandbox: Sandbox) -> Ids:
    """One of each thing; `version` is one that may be redacted."""
    state, actor = sandbox.state, {"type": "session_actor", "session_id": "sesn_1"}
    store = seeds.store(state)
    memory = state.write_memory(store["id"], "/a.md", "old", actor=actor)
    state.write_memory(store["id"], "/a.md", "newer", actor=actor)
    agent, session = seeds.agent(state), seeds.session(state, stores=(store,))
    return {
        "store": store["id"],
        "memory": memory["id"],
        "version": memory["memory_version_id"],
        "agent": agent["id"],
        "environment": seeds.environment(state)["id"],
        "deployment": seeds.deployment(state, agent)["id"],
        "session": session["id"],
        "thread": state.all("thread", parent=session["id"])[0]["id"],
    }


@pytest.mark.parametrize("endpoint", CALLS, ids=" ".join)
def test_the_sdk_understands_every_endpoint(
    endpoint: tuple[str, str], client: anthropic.Anthropic, sandbox: Sandbox
) -> None:
    method, path = endpoint
    ids = seeded(sandbox)
    sandbox.requests(clear=True)
    CALLS[endpoint](client.beta, ids)
    asked = sandbox.requests()[0]
    assert (asked["method"], asked["path"], asked["status"]) == (method, path.format(**ids), 200)


def test_no_endpoint_is_left_out() -> None:
    served = {(route.method, route.path) for _, route in ROUTES if not route.path.startswith("/v1/dreams")}
    assert served == set(CALLS)
