"""Sessions: list, create, retrieve, archive, delete. No agent runs here: `transcript` answers."""

from starlette.responses import Response

from sandbox import agents, resources, transcript
from sandbox.state import Json
from sandbox.wire import Call, missing, ok, page, refused, route

STATUSES = ("idle", "running", "rescheduling", "terminated")
FILTERS = (
    "agent_id agent_version created_at[gt] created_at[gte] created_at[lt] created_at[lte] deployment_id"
    " include_archived limit memory_store_id order page statuses[]"
)


def list_all(call: Call) -> Response:
    """By creation, newest first unless order=asc; the one list with a cursor both ways."""
    order, statuses = call.choice("order", ("desc", "asc")), call.choices("statuses", STATUSES)
    archived, store_id = call.flag("include_archived"), call.one("memory_store_id")
    agent_id, version = call.one("agent_id"), call.number("agent_version", 1, 1 << 30, 0)
    deployment_id = call.one("deployment_id")
    found = [
        session
        for session in call.state.all("session")
        if (archived or not session["archived_at"])
        and (not statuses or session["status"] in statuses)
        and (not agent_id or session["agent"]["id"] == agent_id)
        and (not (agent_id and version) or session["agent"]["version"] == version)
        and (not deployment_id or session.get("deployment_id") == deployment_id)
        and (not store_id or store_id in resources.store_ids(session["resources"]))
        and call.in_range(session["created_at"])
    ]
    return page(call, found if order == "asc" else found[::-1], order=order, both_ways=True)


def create(call: Call) -> Response:
    """A new idle session, or with `initial_events` one that is answered as `running`."""
    state, fields, now = call.state, call.body(), call.state.stamp()
    agent = agents.chosen_agent(state, fields.get("agent"), overrides=True)
    session: Json = {
        "id": state.new_id("sesn"),
        "type": "session",
        "agent": agents.snapshot(state, agent),
        "environment_id": agents.usable_environment(state, fields.text("environment_id", 1)),
        "title": fields.maybe_text("title"),
        "status": "idle",
        "metadata": fields.metadata(),
        "resources": resources.mounted(state, resources.read_resources(state, fields)),
        "vault_ids": fields.items("vault_ids"),
        "outcome_evaluations": [],
        "stats": {"active_seconds": 0.0, "duration_seconds": 0.0},
        "usage": {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0},
        "budget": fields.get("budget"),
        "deployment_id": None,
        "created_at": now,
        "updated_at": now,
        "archived_at": None,
    }
    first = transcript.read_events(fields, "initial_events", transcript.INITIAL_TYPES)
    fields.done()
    if sum(event["type"] == "user.define_outcome" for event in first) > 1:
        raise refused("initial_events: at most one user.define_outcome")
    state.put("session", session)
    transcript.add_primary_thread(state, session, agent)
    if not first:
        return ok(session)
    transcript.accept(state, session, first)
    return ok(session | {"status": "running"})


def retrieve(call: Call) -> Response:
    """One session, archived or not."""
    return ok(find(call))


def archive(call: Call) -> Response:
    """One way: its status becomes `terminated`; refused while it runs."""
    session = find(call)
    if not session["archived_at"]:
        refuse_running(session)
        now = call.state.stamp()
        call.state.put("session", session | {"status": "terminated", "archived_at": now, "updated_at": now})
        transcript.emit(call.state, session["id"], "session.status_terminated")
    return retrieve(call)


def delete(call: Call) -> Response:
    """Gone with threads and events; refused while it runs."""
    session = find(call)
    refuse_running(session)
    call.state.remove("session", session["id"])
    return ok({"id": session["id"], "type": "session_deleted"})


def find(call: Call) -> Json:
    """The session of the path (`session_…` is an alias of `sesn_…`); 404 when there is none."""
    session_id = call.ids["session"]
    if session_id.startswith("session_"):
        session_id = "sesn_" + session_id.removeprefix("session_")
    session = call.state.get("session", session_id)
    if session is None:
        raise missing(f"session {call.ids['session']}")
    return session


def refuse_running(session: Json) -> None:
    """400 for what needs a session at rest."""
    if session["status"] in ("running", "rescheduling"):
        raise refused(f"Session {session['id']} is {session['status']}: interrupt it first")


ROUTES = [
    route("GET", "/v1/sessions", list_all, FILTERS),
    route("POST", "/v1/sessions", create),
    route("GET", "/v1/sessions/{session}", retrieve),
    route("DELETE", "/v1/sessions/{session}", delete),
    route("POST", "/v1/sessions/{session}/archive", archive),
]
