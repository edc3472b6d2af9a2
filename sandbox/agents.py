"""Agents and environments: list and retrieve, and the snapshot of an agent that a session keeps."""

from typing import Any

from starlette.responses import Response

from sandbox.state import Json, State
from sandbox.wire import ApiError, Call, Fields, missing, ok, page, refused, route

OVERRIDES = ("model", "system", "tools", "skills", "mcp_servers")
NOT_IN_SNAPSHOT = ("metadata", "created_at", "updated_at", "archived_at")


def list_agents(call: Call) -> Response:
    """Newest first; archived ones only when asked for."""
    return page(call, _visible(call, "agent"))


def list_environments(call: Call) -> Response:
    """Newest first; archived ones only when asked for."""
    return page(call, _visible(call, "environment"))


def retrieve_agent(call: Call) -> Response:
    """One agent; of its versions only the newest is kept here."""
    agent = find_agent(call.state, call.ids["agent"])
    if call.number("version", 1, 1 << 30, agent["version"]) != agent["version"]:
        raise missing(f"agent {agent['id']} version {call.one('version')}")
    return ok(agent)


def retrieve_environment(call: Call) -> Response:
    """One environment, archived or not."""
    environment = call.state.get("environment", call.ids["environment"])
    if environment is None:
        raise missing(f"environment {call.ids['environment']}")
    return ok(environment)


def find_agent(state: State, agent_id: str) -> Json:
    """The agent, archived or not; 404 when there is none."""
    agent = state.get("agent", agent_id)
    if agent is None:
        raise missing(f"agent {agent_id}")
    return agent


def usable_environment(state: State, environment_id: str) -> str:
    """The id again, of an environment that exists and is not archived."""
    environment = state.get("environment", environment_id)
    if environment is None:
        what = f"The requested resource could not be found: environment {environment_id}"
        raise ApiError(404, "not_found_error", what, details={"error_code": "environment_not_found"})
    if environment.get("archived_at"):
        what = f"Environment {environment_id} is archived"
        raise ApiError(400, "invalid_request_error", what, details={"error_code": "environment_archived"})
    return environment_id


def chosen_agent(state: State, value: Any, *, overrides: bool = False) -> Json:
    """The agent that a body's `agent` member means: an id, or {type, id, version?}; 400 when archived.

    With `overrides` the type may also be `agent_with_overrides`, whose members are laid over the agent.
    """
    fields = Fields({"type": "agent", "id": value} if isinstance(value, str) else value, "agent.")
    types = ("agent", "agent_with_overrides") if overrides else ("agent",)
    kind, agent = fields.choice("type", types), find_agent(state, fields.text("id", 1))
    version = fields.get("version")
    if version not in (None, agent["version"]):
        raise missing(f"agent {agent['id']} version {version}")
    if agent.get("archived_at"):
        raise refused(f"Agent {agent['id']} is archived")
    if kind == "agent_with_overrides":
        agent = agent | {name: fields.get(name) for name in OVERRIDES if fields.has(name)}
        if isinstance(agent["model"], str):
            agent["model"] = {"id": agent["model"], "speed": "standard"}
    fields.done()
    return agent


def snapshot(state: State, agent: Json) -> Json:
    """The agent as a session keeps it: its roster resolved to full definitions."""
    return definition(agent) | {"multiagent": _resolve(state, agent.get("multiagent"))}


def definition(agent: Json) -> Json:
    """An agent as a thread keeps it: without roster and housekeeping."""
    return {key: value for key, value in agent.items() if key not in (*NOT_IN_SNAPSHOT, "multiagent")}


def _resolve(state: State, value: Any) -> Any:
    if isinstance(value, list):
        return [_resolve(state, item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "agent":
        return definition(find_agent(state, value["id"]))
    return {key: _resolve(state, item) for key, item in value.items()}


def _visible(call: Call, kind: str) -> list[Json]:
    archived = call.flag("include_archived")
    return [
        item
        for item in reversed(call.state.all(kind))
        if (archived or not item.get("archived_at")) and call.in_range(item["created_at"])
    ]


ROUTES = [
    route("GET", "/v1/agents", list_agents, "created_at[gte] created_at[lte] include_archived limit page"),
    route("GET", "/v1/agents/{agent}", retrieve_agent, "version"),
    route("GET", "/v1/environments", list_environments, "include_archived limit page"),
    route("GET", "/v1/environments/{environment}", retrieve_environment),
]
