"""Transcripts: a session's events and threads, listed, sent and streamed."""

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from sandbox import sessions, transcript
from sandbox.state import Json
from sandbox.wire import Call, missing, ok, page, route

THREAD_STATUSES = ("running", "idle", "rescheduling", "terminated")
POLL = 0.05  # seconds between two looks for new events
PING = 15.0  # seconds of silence before a ping


def list_events(call: Call) -> Response:
    """Oldest first unless order=desc; the range is compared with `processed_at`."""
    order, types = call.choice("order", ("asc", "desc")), call.many("types")
    found = [
        event
        for event in call.state.all("event", parent=sessions.find(call)["id"])
        if (not types or event["type"] in types) and call.in_range(event.get("processed_at"))
    ]
    return page(call, found if order == "asc" else found[::-1], order=order)


def send_events(call: Call) -> Response:
    """Keep what is sent, in order, and echo it."""
    session, fields = sessions.find(call), call.body()
    transcript.refuse_ended(session)
    events = transcript.read_events(fields, "events", transcript.SENT_TYPES)
    fields.done()
    if not events:
        raise fields.bad("events", "Field required")
    return ok({"data": transcript.accept(call.state, session, events)})


def stream_events(call: Call) -> Response:
    """The live tail of a session: nothing that was there before."""
    session_id = sessions.find(call)["id"]
    return stream(call, session_id, session_id)


def list_threads(call: Call) -> Response:
    """Oldest first: the primary thread, then its children."""
    statuses = call.choices("statuses", THREAD_STATUSES)
    threads = call.state.all("thread", parent=sessions.find(call)["id"])
    found = [thread for thread in threads if not statuses or thread["status"] in statuses]
    return page(call, found, order="asc", default=1000, most=1000)


def retrieve_thread(call: Call) -> Response:
    """One thread."""
    return ok(find_thread(call))


def list_thread_events(call: Call) -> Response:
    """Oldest first."""
    return page(call, call.state.all("event", parent=events_parent(find_thread(call))), order="asc")


def stream_thread_events(call: Call) -> Response:
    """The live tail of one thread."""
    thread = find_thread(call)
    return stream(call, thread["session_id"], events_parent(thread))


def find_thread(call: Call) -> Json:
    """The thread of the path; 404 unless it belongs to the session of the path."""
    session = sessions.find(call)
    thread = call.state.get("thread", call.ids["thread"])
    if thread is None or thread["session_id"] != session["id"]:
        raise missing(f"thread {call.ids['thread']}")
    return thread


def events_parent(thread: Json) -> str:
    """Where a thread's events are kept: the session's own transcript is that of the primary thread."""
    return str(thread["id"] if thread["parent_thread_id"] else thread["session_id"])


def stream(call: Call, session_id: str, parent: str) -> Response:
    """Server-sent events, each with its `event:` line, until the session ends or the server stops."""
    state = call.state
    seen = {event["id"] for event in state.all("event", parent=parent)}

    def news() -> tuple[list[Json], bool]:
        session = state.get("session", session_id)
        if session is None:
            deleted = {"type": "session.deleted", "id": state.new_id("sevt"), "processed_at": state.stamp()}
            return [deleted], True
        fresh = [event for event in state.all("event", parent=parent) if event["id"] not in seen]
        seen.update(event["id"] for event in fresh)
        return fresh, session["status"] == "terminated"

    async def frames() -> AsyncIterator[str]:
        yield ": a live tail of the sandbox stand-in\n\n"
        known, silent, ended = -1, 0.0, False
        while not (ended or call.stopping()):
            if state.changes != known:
                known, (fresh, ended) = state.changes, await asyncio.to_thread(news)
                for event in fresh:
                    silent = 0.0
                    yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
            if silent >= PING:
                silent = 0.0
                yield 'event: ping\ndata: {"type": "ping"}\n\n'
            silent += POLL
            await asyncio.sleep(POLL)

    return StreamingResponse(frames(), media_type="text/event-stream")


EVENT_FILTERS = (
    "created_at[gt] created_at[gte] created_at[lt] created_at[lte] limit order page types[]"  # by processed_at
)
ROUTES = [
    route("GET", "/v1/sessions/{session}/events", list_events, EVENT_FILTERS),
    route("POST", "/v1/sessions/{session}/events", send_events),
    route("GET", "/v1/sessions/{session}/events/stream", stream_events, "event_deltas[]"),
    route("GET", "/v1/sessions/{session}/threads", list_threads, "limit page statuses[]"),
    route("GET", "/v1/sessions/{session}/threads/{thread}", retrieve_thread),
    route("GET", "/v1/sessions/{session}/threads/{thread}/events", list_thread_events, "limit page"),
    route("GET", "/v1/sessions/{session}/threads/{thread}/stream", stream_thread_events, "event_deltas[]"),
]
