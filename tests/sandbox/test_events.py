"""Transcripts: events listed, sent, streamed; threads."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import anthropic
import httpx2
import pytest

from sandbox import transcript
from tests.sandbox import seeds
from tests.sandbox_server import Sandbox

START = datetime(2026, 11, 1, tzinfo=UTC)
HELLO: Any = {"type": "user.message", "content": [{"type": "text", "text": "Hello"}]}
OUTCOME: Any = {
    "type": "user.define_outcome",
    "description": "A plan",
    "rubric": {"type": "text", "content": "- short"},
}


@pytest.fixture
def session(sandbox: Sandbox) -> str:
    return str(seeds.session(sandbox.state)["id"])


def types(found: Any) -> list[str]:
    return [event.type for event in found]


def test_a_message_is_echoed_and_answered_by_something_that_is_not_claude(
    client: anthropic.Anthropic, session: str
) -> None:
    echo = client.beta.sessions.events.send(session, events=[HELLO]).data
    assert types(echo) == ["user.message"]
    events: Any = list(client.beta.sessions.events.list(session))
    assert types(events) == ["user.message", "session.status_running", "agent.message", "session.status_idle"]
    assert "not Claude" in events[2].content[0].text


def test_an_outcome_gets_an_id_and_appears_on_the_session(client: anthropic.Anthropic, session: str) -> None:
    echo: Any = client.beta.sessions.events.send(session, events=[OUTCOME]).data
    assert echo[0].outcome_id.startswith("outc_")
    evaluation = client.beta.sessions.retrieve(session).outcome_evaluations[0]
    assert (evaluation.outcome_id, evaluation.result) == (echo[0].outcome_id, "pending")


def test_initial_events_make_the_new_session_run(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    agent, environment = seeds.agent(sandbox.state)["id"], seeds.environment(sandbox.state)["id"]

    def create(events: list[Any]) -> Any:
        return client.beta.sessions.create(agent=agent, environment_id=environment, initial_events=events)

    made = create([HELLO, OUTCOME])
    assert made.status == "running"
    assert types(client.beta.sessions.events.list(made.id))[:2] == ["user.message", "user.define_outcome"]
    for wrong in ([OUTCOME, OUTCOME], [{**OUTCOME, "rubric": None}], [{"type": "user.interrupt"}], [HELLO] * 51):
        with pytest.raises(anthropic.BadRequestError):
            create(wrong)


@pytest.mark.parametrize(
    "events", [[], [{"type": "agent.message"}], [{"type": "user.message", "content": []}], [{}], ["text"]]
)
def test_events_that_cannot_be_sent_are_refused(client: anthropic.Anthropic, session: str, events: list[Any]) -> None:
    with pytest.raises(anthropic.BadRequestError):
        client.beta.sessions.events.send(session, events=events)
    assert types(client.beta.sessions.events.list(session)) == []


def test_a_terminated_session_takes_no_events(client: anthropic.Anthropic, session: str) -> None:
    client.beta.sessions.archive(session)
    with pytest.raises(anthropic.BadRequestError, match="is terminated"):
        client.beta.sessions.events.send(session, events=[HELLO])


def test_events_are_filtered_by_type_and_time(client: anthropic.Anthropic, sandbox: Sandbox, session: str) -> None:
    for hour in range(4):
        kind = "session.status_idle" if hour % 2 else "session.status_running"
        more = {"stop_reason": {"type": "end_turn"}} if hour % 2 else {}
        at = sandbox.state.stamp(START + timedelta(hours=hour))
        event = {"type": kind, "id": f"sevt_{hour}", "processed_at": at, **more}
        sandbox.state.put("event", event, parent=session)
    queued = {**HELLO, "id": "sevt_q", "processed_at": None}
    sandbox.state.put("event", queued, parent=session)

    def ids(**filters: Any) -> list[str]:
        return [event.id for event in client.beta.sessions.events.list(session, **filters)]

    everything = ["sevt_0", "sevt_1", "sevt_2", "sevt_3", "sevt_q"]
    assert ids() == ids(limit=1) == everything
    assert ids(order="desc") == ids(order="desc", limit=1) == everything[::-1]
    assert ids(types=["session.status_running"]) == ["sevt_0", "sevt_2"]
    assert ids(created_at_gt=START, created_at_lte=START + timedelta(hours=2)) == ["sevt_1", "sevt_2"]


def test_a_child_thread_has_a_transcript_of_its_own(
    client: anthropic.Anthropic, sandbox: Sandbox, session: str
) -> None:
    state, threads = sandbox.state, client.beta.sessions.threads
    primary = state.all("thread", parent=session)[0]
    child = primary | {"id": "sthr_child", "parent_thread_id": primary["id"], "status": "running"}
    state.put("thread", child, parent=session)
    transcript.emit(state, session, "session.status_running")
    transcript.emit(state, "sthr_child", "session.status_idle", stop_reason={"type": "end_turn"})

    assert [thread.id for thread in threads.list(session)] == [primary["id"], "sthr_child"]
    assert [thread.id for thread in threads.list(session, limit=1)] == [primary["id"], "sthr_child"]
    assert [thread.id for thread in threads.list(session, statuses=["running"])] == ["sthr_child"]
    assert types(threads.events.list(primary["id"], session_id=session)) == ["session.status_running"]
    assert types(threads.events.list("sthr_child", session_id=session)) == ["session.status_idle"]
    other = seeds.session(state)["id"]
    with pytest.raises(anthropic.NotFoundError):
        threads.retrieve("sthr_child", session_id=other)


def test_the_stream_is_a_live_tail_that_ends_with_the_session(
    client: anthropic.Anthropic, sandbox: Sandbox, session: str
) -> None:
    transcript.emit(sandbox.state, session, "session.status_running")  # before: not replayed
    with client.beta.sessions.events.stream(session) as stream:
        transcript.emit(sandbox.state, session, "session.status_idle", stop_reason={"type": "end_turn"})
        client.beta.sessions.archive(session)
        assert types(stream) == ["session.status_idle", "session.status_terminated"]


def test_the_stream_of_a_deleted_session_says_so(client: anthropic.Anthropic, session: str) -> None:
    with client.beta.sessions.events.stream(session) as stream:
        client.beta.sessions.delete(session)
        assert types(stream) == ["session.deleted"]


def test_a_thread_can_be_streamed(client: anthropic.Anthropic, sandbox: Sandbox, session: str) -> None:
    thread = sandbox.state.all("thread", parent=session)[0]["id"]
    with client.beta.sessions.threads.events.stream(thread, session_id=session) as stream:
        client.beta.sessions.events.send(session, events=[HELLO])
        assert next(iter(stream)).type == "user.message"


def test_every_frame_has_an_event_line(sandbox: Sandbox, session: str) -> None:
    headers = {"x-api-key": "k", "anthropic-beta": "managed-agents-2026-04-01"}
    url = f"{sandbox.url}/v1/sessions/{session}/events/stream?event_deltas[]=agent.message"
    with httpx2.stream("GET", url, headers=headers) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        transcript.emit(sandbox.state, session, "session.status_terminated")
        sandbox.state.put("session", {**(sandbox.state.get("session", session) or {}), "status": "terminated"})
        lines = [line for line in reply.iter_lines() if line and not line.startswith(":")]
    assert lines[0] == "event: session.status_terminated"
    assert lines[1].startswith('data: {"type": "session.status_terminated"')


def test_a_stopping_server_ends_its_streams() -> None:
    with Sandbox() as own:
        session = seeds.session(own.state)["id"]
        client = anthropic.Anthropic(api_key="k", base_url=own.url, max_retries=0)
        with client, client.beta.sessions.events.stream(session) as stream:
            stopper: Callable[[], None] = own.stop
            thread = threading.Thread(target=stopper)
            thread.start()
            assert types(stream) == []
            thread.join()
