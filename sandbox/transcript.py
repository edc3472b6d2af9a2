"""How a session's transcript grows: events that are sent are checked, kept, and answered by the stand-in."""

from typing import Any

from sandbox import agents
from sandbox.state import Json, State
from sandbox.wire import Fields, refused

INITIAL_TYPES = ("user.message", "user.define_outcome")
SENT_TYPES = (
    *INITIAL_TYPES,
    "user.interrupt",
    "user.tool_confirmation",
    "user.custom_tool_result",
    "user.tool_result",
    "system.message",
)
MOST_EVENTS = 50  # in one request
REPLY = "This is the sandbox stand-in, not Claude: no agent runs here, and nothing was done about your message."


def read_events(fields: Fields, name: str, allowed: tuple[str, ...]) -> list[Json]:
    """The events of a body, each of an allowed type; messages need content, outcomes a rubric."""
    events = []
    for event in fields.objects(name, 0, MOST_EVENTS):
        kind = event.choice("type", allowed)
        if kind == "user.message" and not event.items("content"):
            raise event.bad("content", "Field required")
        if kind == "user.define_outcome":
            event.text("description", 1)
            if event.get("rubric") is None:
                raise event.bad("rubric", "Field required")
        events.append(event.value)
    return events


def accept(state: State, session: Json, events: list[Json]) -> list[Json]:
    """Keep the events and answer them at once: a message or outcome wakes the "agent", who has one sentence.

    Returns the echoes; leaves the session idle.
    """
    session_id, echoes = session["id"], []
    for event in events:
        members = {key: value for key, value in event.items() if key != "type"}
        if event["type"] == "user.define_outcome":
            members["outcome_id"] = state.new_id("outc")
            session["outcome_evaluations"].append(pending_outcome(members))
        echoes.append(emit(state, session_id, event["type"], **members))
    kinds = {event["type"] for event in events}
    if kinds & {"user.message", "user.define_outcome"}:
        emit(state, session_id, "session.status_running")
        emit(state, session_id, "agent.message", content=[{"type": "text", "text": REPLY}])
    if kinds & {"user.message", "user.define_outcome", "user.interrupt"}:
        end = {"stop_reason": {"type": "end_turn"}, "stop_details": None}
        emit(state, session_id, "session.status_idle", **end)
        session["status"] = "idle"
    state.put("session", session | {"updated_at": state.stamp()})
    return echoes


def emit(state: State, parent: str, kind: str, **members: Any) -> Json:
    """Add an event, processed now, to a session's (or child thread's) transcript."""
    event = {"type": kind, "id": state.new_id("sevt"), **members, "processed_at": state.stamp()}
    state.put("event", event, parent=parent)
    return event


def add_primary_thread(state: State, session: Json, agent: Json) -> None:
    """The thread whose transcript is the session's own."""
    thread = {
        "id": state.new_id("sthr"),
        "type": "session_thread",
        "session_id": session["id"],
        "parent_thread_id": None,
        "agent": agents.definition(agent),
        "status": "idle",
        "stats": None,
        "usage": None,
        "workflow_run_id": None,
        "created_at": session["created_at"],
        "updated_at": session["created_at"],
        "archived_at": None,
    }
    state.put("thread", thread, parent=session["id"])


def pending_outcome(members: Json) -> Json:
    """An outcome as the session shows it before anything was done about it."""
    return {
        "type": "outcome_evaluation",
        "outcome_id": members["outcome_id"],
        "description": members["description"],
        "iteration": 0,
        "result": "pending",
        "explanation": None,
        "completed_at": None,
    }


def refuse_ended(session: Json) -> None:
    """400 for events to a session that has ended."""
    if session["archived_at"] or session["status"] == "terminated":
        raise refused(f"Session {session['id']} is terminated")
