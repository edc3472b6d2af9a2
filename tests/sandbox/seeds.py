"""Objects that only the vendor's other endpoints could make, put straight into the stand-in's state."""

from typing import Any

from sandbox import agents, transcript
from sandbox.state import State

Json = dict[str, Any]


def agent(state: State, **changes: Any) -> Json:
    """An agent with the memory toolset."""
    now = state.stamp()
    made = {
        "id": state.new_id("agent"),
        "type": "agent",
        "version": 3,
        "name": "Planner",
        "description": None,
        "system": "Plan.",
        "model": {"id": "claude-opus-4-8", "speed": "standard"},
        "tools": [],
        "skills": [],
        "mcp_servers": [],
        "metadata": {},
        "multiagent": None,
        "execution_identity": {"type": "service_account"},
        "created_at": now,
        "updated_at": now,
        "archived_at": None,
    } | changes
    state.put("agent", made)
    return made


def environment(state: State, **changes: Any) -> Json:
    """A cloud environment."""
    now = state.stamp()
    packages = {name: [] for name in ("apt", "cargo", "gem", "go", "npm", "pip")}
    made = {
        "id": state.new_id("env"),
        "type": "environment",
        "name": "Cloud",
        "description": None,
        "config": {"type": "cloud", "networking": {"type": "unrestricted"}, "packages": packages},
        "metadata": {},
        "created_at": now,
        "updated_at": now,
        "archived_at": None,
    } | changes
    state.put("environment", made)
    return made


def store(state: State, name: str = "Notes", **changes: Any) -> Json:
    """An empty memory store."""
    now = state.stamp()
    made = {
        "id": state.new_id("memstore"),
        "type": "memory_store",
        "name": name,
        "description": "",
        "metadata": {},
        "created_at": now,
        "updated_at": now,
        "archived_at": None,
    } | changes
    state.put("store", made)
    return made


def session(state: State, of: Json | None = None, stores: tuple[Json, ...] = (), **changes: Any) -> Json:
    """An idle session with its primary thread; `of` is the agent."""
    of = of or agent(state)
    now = state.stamp()
    resources = [{"type": "memory_store", "memory_store_id": item["id"], "access": "read_write"} for item in stores]
    made = {
        "id": state.new_id("sesn"),
        "type": "session",
        "agent": agents.snapshot(state, of),
        "environment_id": "env_x",
        "title": "A session",
        "status": "idle",
        "metadata": {},
        "resources": resources,
        "vault_ids": [],
        "outcome_evaluations": [],
        "stats": {},
        "usage": {},
        "budget": None,
        "deployment_id": None,
        "created_at": now,
        "updated_at": now,
        "archived_at": None,
    } | changes
    state.put("session", made)
    transcript.add_primary_thread(state, made, of)
    return made


def deployment(state: State, of: Json | None = None, **changes: Any) -> Json:
    """An active deployment on a schedule."""
    of, now = of or agent(state), state.stamp()
    made = {
        "id": state.new_id("depl"),
        "type": "deployment",
        "name": "Nightly",
        "description": None,
        "agent": {"id": of["id"], "type": "agent", "version": of["version"]},
        "environment_id": "env_x",
        "initial_events": [{"type": "user.message", "content": [{"type": "text", "text": "Go."}]}],
        "metadata": {},
        "resources": [],
        "vault_ids": [],
        "schedule": {
            "type": "cron",
            "expression": "0 9 * * *",
            "timezone": "UTC",
            "last_run_at": None,
            "upcoming_runs_at": [],
        },
        "status": "active",
        "paused_reason": None,
        "budget": None,
        "created_at": now,
        "updated_at": now,
        "archived_at": None,
    } | changes
    state.put("deployment", made)
    return made
