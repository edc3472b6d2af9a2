"""Deployments: list, retrieve, update."""

from starlette.responses import Response

from sandbox import agents, resources, transcript
from sandbox.state import Json
from sandbox.wire import Call, Fields, missing, ok, page, refused, route

INITIAL_TYPES = (*transcript.INITIAL_TYPES, "system.message")


def list_all(call: Call) -> Response:
    """Newest first; `status` and `include_archived` exclude each other."""
    archived, agent_id = call.flag("include_archived"), call.one("agent_id")
    status = call.choice("status", ("", "active", "paused"))
    if status and archived:
        raise refused("status: cannot be combined with include_archived")
    found = [
        deployment
        for deployment in reversed(call.state.all("deployment"))
        if (archived or not deployment["archived_at"])
        and (not status or deployment["status"] == status)
        and (not agent_id or deployment["agent"]["id"] == agent_id)
        and call.in_range(deployment["created_at"])
    ]
    return page(call, found)


def retrieve(call: Call) -> Response:
    """One deployment, archived or not."""
    return ok(find(call))


def update(call: Call) -> Response:
    """Omitted members stay; lists are replaced whole; metadata is a patch."""
    old, fields = find(call), call.body()
    if old["archived_at"]:
        raise refused(f"Deployment {old['id']} is archived")
    new = {**old, **read_changes(call, fields, old)}
    fields.done()
    if new != old:
        call.state.put("deployment", new | {"updated_at": call.state.stamp()})
    return retrieve(call)


def read_changes(call: Call, fields: Fields, old: Json) -> Json:
    """The members of the deployment that the body replaces."""
    new: Json = {"metadata": fields.metadata(old["metadata"])}
    if fields.has("name"):
        new["name"] = fields.text("name", 1)
    if fields.has("description"):
        new["description"] = fields.maybe_text("description") or None
    if fields.has("agent"):
        agent = agents.chosen_agent(call.state, fields.get("agent"))
        new["agent"] = {"id": agent["id"], "type": "agent", "version": agent["version"]}
    if fields.has("environment_id"):
        new["environment_id"] = agents.usable_environment(call.state, fields.text("environment_id", 1))
    if fields.has("resources"):
        kept = resources.store_ids(old["resources"])
        new["resources"] = resources.read_resources(call.state, fields, kept=kept)
    if fields.has("vault_ids"):
        new["vault_ids"] = fields.items("vault_ids", 0, 50)
    if fields.has("initial_events"):
        new["initial_events"] = transcript.read_events(fields, "initial_events", INITIAL_TYPES)
        if not new["initial_events"]:
            raise fields.bad("initial_events", "must have 1 to 50 items, not 0")
    if fields.has("budget"):
        new["budget"] = fields.get("budget")
    if fields.has("schedule"):
        if fields.get("schedule") is not None:
            raise fields.bad("schedule", "the sandbox stand-in runs no schedules; it can only clear one")
        new["schedule"] = None
    return new


def find(call: Call) -> Json:
    """The deployment of the path; 404 when there is none."""
    deployment = call.state.get("deployment", call.ids["deployment"])
    if deployment is None:
        raise missing(f"deployment {call.ids['deployment']}")
    return deployment


ROUTES = [
    route(
        "GET",
        "/v1/deployments",
        list_all,
        "agent_id created_at[gte] created_at[lte] include_archived limit page status",
    ),
    route("GET", "/v1/deployments/{deployment}", retrieve),
    route("POST", "/v1/deployments/{deployment}", update),
]
