"""Dreams: create, list, retrieve, cancel, archive. How one runs is in `dream_run`, what it decides in `dreaming`.

What the vendor does not say and is invented here: 404 for a missing store or session and 400 for an archived
store; any model id is taken; archived sessions may be read.
"""

from typing import Any

from starlette.responses import Response

from sandbox import dream_run, stores
from sandbox.dream_session import USAGE
from sandbox.state import Json, State
from sandbox.wire import ApiError, Call, Fields, missing, ok, page, refused, route

STATUSES = ("pending", "running", "completed", "failed", "canceled")
MOST_SESSIONS = 100
LONGEST_INSTRUCTIONS = 4_096  # characters

advance = dream_run.advance


def create(call: Call) -> Response:
    """A new dream, `pending`."""
    return ok(create_dream(call.state, call.body().value, call.actor))


def create_dream(state: State, body: Any, actor: Json) -> Json:
    """Check a create body by all rules, put the dream in and set it going; `actor` is who asked for it.

    Raises ApiError: 400, 404, or 409 while another `update_existing` dream holds the store.
    """
    fields = Fields(body)
    store_id, session_ids = _read_inputs(state, fields)
    dream: Json = {
        "id": state.new_id("drm"),
        "type": "dream",
        "status": "pending",
        "inputs": [
            {"type": "memory_store", "memory_store_id": store_id},
            {"type": "sessions", "session_ids": session_ids},
        ],
        "outputs": [],
        "output_behavior": _read_behavior(state, fields, store_id),
        "model": _read_model(fields),
        "instructions": fields.maybe_text("instructions", 1, LONGEST_INSTRUCTIONS),
        "session_id": None,
        "created_at": state.stamp(),
        "ended_at": None,
        "archived_at": None,
        "usage": dict.fromkeys(USAGE, 0),
        "error": None,
    }
    fields.done()
    with state.transaction():
        state.put("dream", dream)
        dream_run.begin(state, dream, actor)
    return dream


def list_all(call: Call) -> Response:
    """Newest first; archived ones only when asked for; both bounds of created_at are exclusive."""
    statuses, archived = call.choices("statuses", STATUSES), call.flag("include_archived")
    found = [
        dream
        for dream in reversed(call.state.all("dream"))
        if (archived or not dream["archived_at"])
        and (not statuses or dream["status"] in statuses)
        and call.in_range(dream["created_at"])
    ]
    return page(call, found)


def retrieve(call: Call) -> Response:
    """One dream, archived or not."""
    return ok(find(call))


def cancel(call: Call) -> Response:
    """`canceled` at once, though a running dream may write for a moment longer; 400 when it ended by itself."""
    dream = find(call)
    if dream["status"] in ("completed", "failed"):
        raise refused(f"Dream {dream['id']} is {dream['status']}: it can no longer be canceled")
    if dream["status"] != "canceled":
        dream_run.cancel(call.state, dream)
    return retrieve(call)


def archive(call: Call) -> Response:
    """Out of the list; status and output stay as they are; a second time changes nothing."""
    dream = find(call)
    if dream["status"] in ("pending", "running"):
        raise refused(f"Dream {dream['id']} is {dream['status']}: cancel it before archiving")
    if not dream["archived_at"]:
        call.state.put("dream", dream | {"archived_at": call.state.stamp()})
    return retrieve(call)


def find(call: Call) -> Json:
    """The dream of the path; 404 when there is none."""
    dream = call.state.get("dream", call.ids["dream"])
    if dream is None:
        raise missing(f"dream {call.ids['dream']}")
    return dream


def _read_inputs(state: State, fields: Fields) -> tuple[str, list[str]]:
    """The input store and the sorted session ids, all of which exist."""
    inputs = {item.choice("type", ("memory_store", "sessions")): item for item in fields.objects("inputs")}
    if len(inputs) != 2 or len(fields.items("inputs")) != 2:
        raise fields.bad("inputs", "must hold exactly one memory_store and exactly one sessions")
    store_id = inputs["memory_store"].text("memory_store_id", 1)
    given = inputs["sessions"].items("session_ids", 1, MOST_SESSIONS)
    for item in inputs.values():
        item.done()
    if not all(isinstance(session_id, str) for session_id in given):
        raise inputs["sessions"].bad("session_ids", "must be texts")
    session_ids = sorted("sesn_" + text[8:] if text.startswith("session_") else text for text in given)
    if len(set(session_ids)) < len(session_ids):
        raise inputs["sessions"].bad("session_ids", "must not hold duplicates")
    store = state.get("store", store_id)
    if store is None:
        raise missing(f"memory store {store_id}")
    stores.refuse_archived(store)
    for session_id in session_ids:
        if state.get("session", session_id) is None:
            raise missing(f"session {session_id}")
    return store_id, session_ids


def _read_model(fields: Fields) -> Json:
    """The model as an object; a bare id stands for one at standard speed."""
    if not isinstance(fields.get("model"), dict):
        return {"id": fields.text("model", 1, 256), "speed": "standard"}
    model = Fields(fields.get("model"), "model.")
    result = {"id": model.text("id", 1, 256), "speed": model.choice("speed", ("standard",), "standard")}
    model.done()
    return result


def _read_behavior(state: State, fields: Fields, store_id: str) -> Json:
    """`create_new` unless said otherwise; `update_existing` names the input store, which nobody else may hold."""
    if fields.get("output_behavior") is None:
        return {"type": "create_new"}
    behavior = Fields(fields.get("output_behavior"), "output_behavior.")
    result: Json = {"type": behavior.choice("type", ("create_new", "update_existing"))}
    if result["type"] == "update_existing":
        result["memory_store_id"] = behavior.text("memory_store_id", 1)
        if result["memory_store_id"] != store_id:
            raise behavior.bad("memory_store_id", "must be the memory store of the inputs")
        if holder := dream_run.holder(state, store_id):
            raise ApiError(409, "conflict_error", f"Memory store {store_id} is held by dream {holder}")
    behavior.done()
    return result


ROUTES = [
    route("POST", "/v1/dreams", create),
    route("GET", "/v1/dreams", list_all, "created_at[gt] created_at[lt] include_archived limit page statuses[]"),
    route("GET", "/v1/dreams/{dream}", retrieve),
    route("POST", "/v1/dreams/{dream}/cancel", cancel),
    route("POST", "/v1/dreams/{dream}/archive", archive),
]
