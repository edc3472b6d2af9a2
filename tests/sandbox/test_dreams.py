"""Dreams through the real SDK: what create refuses, the life cycle on a clock the test holds, what is left behind."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import anthropic
import pytest

from sandbox import dream_run, dreams
from sandbox.state import State
from tests.sandbox import seeds
from tests.sandbox_server import Sandbox

KEY = {"type": "api_actor", "api_key_id": "apikey_test"}
INDEX = "/_index.md"
NOTES = {
    "/a.md": "# Databases\n\n- Staging DB: db-3\n- Backups at night\n",
    "/b.md": "# Standup\n\n- Staging DB: db-7\n",
    "/c.md": "alpha beta gamma",
    "/copy/c.md": "alpha beta gamma",
    "/tmp/scratch.md": "temporary",
}
TIDY = {
    "/a.md": "# Databases\n\n- Staging DB: db-7\n- Backups at night\n",
    "/b.md": NOTES["/b.md"],
    "/c.md": NOTES["/c.md"],
}


class Clock:
    """The stand-in's wall clock, moved by hand; `to` counts seconds since it was made."""

    def __init__(self, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
        self.start = self.time = state.now()
        monkeypatch.setattr(state, "now", lambda: self.time)
        monkeypatch.setattr(state, "speed", 1.0)

    def to(self, seconds: float) -> None:
        self.time = self.start + timedelta(seconds=seconds)


@pytest.fixture
def clock(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time stands still until the test moves it."""
    return Clock(sandbox.state, monkeypatch)


def fill(state: State, notes: dict[str, str] = NOTES, name: str = "Team Notes") -> str:
    """A store of these notes, each a minute newer than the one before, all of yesterday."""
    store_id = str(seeds.store(state, name)["id"])
    for minute, (path, content) in enumerate(notes.items()):
        at = state.now() - timedelta(days=1) + timedelta(minutes=minute)
        state.write_memory(store_id, path, content, actor=KEY, at=at)
    return store_id


def talk(state: State, text: str = "Hello", title: str = "A talk") -> str:
    """A session in which a person says this."""
    session_id = str(seeds.session(state, title=title)["id"])
    event = {"type": "user.message", "id": state.new_id("sevt"), "content": [{"type": "text", "text": text}]}
    state.put("event", event | {"processed_at": state.stamp()}, parent=session_id)
    return session_id


def body(store: str, *sessions: str, **more: Any) -> dict[str, Any]:
    """The arguments of a create call."""
    inputs = [{"type": "memory_store", "memory_store_id": store}, {"type": "sessions", "session_ids": list(sessions)}]
    return {"inputs": inputs, "model": "claude-opus-4-8", **more}


def ask(client: anthropic.Anthropic, state: State, **more: Any) -> Any:
    """A dream over a fresh store and session."""
    return client.beta.dreams.create(**body(fill(state), talk(state), **more))


def until(look: Callable[[], Any], holds: Callable[[Any], Any]) -> Any:
    """What `look` sees, once `holds` says so; the stand-in moves in a thread of its own."""
    deadline = time.monotonic() + 20
    while not holds(seen := look()):
        assert time.monotonic() < deadline, f"still {seen!r}"
        time.sleep(0.01)
    return seen


def dream_until(client: anthropic.Anthropic, dream: Any, holds: Callable[[Any], Any]) -> Any:
    return until(lambda: client.beta.dreams.retrieve(dream.id), holds)


def ended(dream: Any) -> bool:
    return dream.status in ("completed", "failed", "canceled")


def texts(state: State, store_id: str) -> dict[str, str]:
    return {memory["path"]: memory["content"] for memory in state.memories(store_id)}


def at_rest(state: State) -> bool:
    return not state.all("run")


# Create


def test_a_new_dream_is_pending_and_echoes_what_was_asked(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    state = sandbox.state
    store, one, two = fill(state), talk(state), talk(state)
    dream = client.beta.dreams.create(**body(store, two, one.replace("sesn_", "session_")))
    assert dream.id.startswith("drm_")
    assert dream.status == "pending"
    assert dream.inputs[1].to_dict() == {"type": "sessions", "session_ids": sorted([one, two])}
    assert dream.model.to_dict() == {"id": "claude-opus-4-8", "speed": "standard"}
    assert dream.output_behavior.to_dict() == {"type": "create_new"}
    assert (dream.outputs, dream.session_id, dream.ended_at, dream.error) == ([], None, None, None)
    assert set(dream.usage.to_dict().values()) == {0}
    assert len(dream.to_dict()) == 14

    dream = client.beta.dreams.create(
        **body(store, one, instructions="x" * 4096) | {"model": {"id": "claude-sonnet-5", "speed": "standard"}}
    )
    assert dream.instructions == "x" * 4096
    assert dream.model.id == "claude-sonnet-5"


BAD: list[tuple[str, Callable[[str, str], dict[str, Any]]]] = [
    ("exactly one", lambda store, s: {"inputs": [{"type": "memory_store", "memory_store_id": store}]}),
    ("exactly one", lambda store, s: {"inputs": []}),
    (
        "exactly one",
        lambda store, s: {"inputs": [*body(store, s)["inputs"], {"type": "sessions", "session_ids": [s]}]},
    ),
    ("unknown value 'files'", lambda store, s: {"inputs": [{"type": "files"}]}),
    ("1 to 100 items", lambda store, s: {"inputs": body(store)["inputs"]}),
    ("not 101", lambda store, s: {"inputs": body(store, *[f"sesn_{n}" for n in range(101)])["inputs"]}),
    ("duplicates", lambda store, s: {"inputs": body(store, s, s)["inputs"]}),
    ("duplicates", lambda store, s: {"inputs": body(store, s, s.replace("sesn_", "session_"))["inputs"]}),
    ("must be texts", lambda store, s: {"inputs": body(store, 7)["inputs"]}),  # type: ignore[arg-type]
    ("not 4097", lambda store, s: {"instructions": "x" * 4097}),
    ("instructions", lambda store, s: {"instructions": ""}),
    ("model", lambda store, s: {"model": ""}),
    ("model", lambda store, s: {"model": "m" * 257}),
    ("model.speed", lambda store, s: {"model": {"id": "claude-opus-4-8", "speed": "fast"}}),
    ("model.id", lambda store, s: {"model": {"speed": "standard"}}),
    ("output_behavior.type", lambda store, s: {"output_behavior": {"type": "replace"}}),
    ("output_behavior.memory_store_id", lambda store, s: {"output_behavior": {"type": "update_existing"}}),
    (
        "must be the memory store of the inputs",
        lambda store, s: {"output_behavior": {"type": "update_existing", "memory_store_id": "memstore_other"}},
    ),
    ("Extra inputs", lambda store, s: {"output_behavior": {"type": "create_new", "memory_store_id": store}}),
    ("Extra inputs", lambda store, s: {"extra_body": {"name": "mine"}}),
]


@pytest.mark.parametrize(("said", "change"), BAD)
def test_bad_input_is_refused_with_the_reason(
    said: str, change: Callable[[str, str], dict[str, Any]], client: anthropic.Anthropic, sandbox: Sandbox
) -> None:
    store, session = fill(sandbox.state), talk(sandbox.state)
    with pytest.raises(anthropic.BadRequestError, match=said) as caught:
        client.beta.dreams.create(**body(store, session) | change(store, session))
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert sandbox.state.all("dream") == sandbox.state.all("run") == []


def test_inputs_must_exist_and_the_store_must_be_in_use(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    state = sandbox.state
    with pytest.raises(anthropic.NotFoundError, match="memstore_gone"):
        client.beta.dreams.create(**body("memstore_gone", talk(state)))
    with pytest.raises(anthropic.NotFoundError, match="sesn_gone"):
        client.beta.dreams.create(**body(fill(state), talk(state), "sesn_gone"))
    archived = seeds.store(state, archived_at=state.stamp())["id"]
    with pytest.raises(anthropic.BadRequestError, match="is archived"):
        client.beta.dreams.create(**body(archived, talk(state)))
    with pytest.raises(anthropic.NotFoundError, match="drm_gone"):
        client.beta.dreams.retrieve("drm_gone")


# The life cycle


def test_a_dream_goes_through_its_states_by_the_clock(
    client: anthropic.Anthropic, sandbox: Sandbox, clock: Clock
) -> None:
    state, dream = sandbox.state, ask(client, sandbox.state)
    clock.to(2.9)
    assert client.beta.dreams.retrieve(dream.id).status == "pending"
    clock.to(3)
    seen = dream_until(client, dream, lambda d: d.status == "running")
    assert (seen.session_id, seen.outputs) == (None, [])
    clock.to(4)
    seen = dream_until(client, dream, lambda d: d.session_id)
    assert (seen.status, seen.outputs) == ("running", [])
    assert client.beta.sessions.retrieve(seen.session_id).status == "running"

    clock.to(5)
    seen = dream_until(client, dream, lambda d: d.outputs)
    source, output = dream.inputs[0].memory_store_id, seen.outputs[0].memory_store_id
    copied = client.beta.memory_stores.retrieve(output)
    assert copied.name == f"Team Notes (dream {dream.created_at:%Y-%m-%d})"
    assert texts(state, output) == NOTES  # first a copy, then the edits
    assert not set(state.paths(output).values()) & set(state.paths(source).values())

    usage = [seen.usage.output_tokens]
    for seconds in (30, 50, 70):
        clock.to(seconds)
        seen = dream_until(client, dream, lambda d: d.usage.output_tokens > usage[-1])
        usage.append(seen.usage.output_tokens)
        assert (seen.status, seen.ended_at) == ("running", None)
    clock.to(89)
    until(lambda: texts(state, output), lambda found: INDEX in found)
    assert client.beta.dreams.retrieve(dream.id).status == "running"
    clock.to(90)
    seen = dream_until(client, dream, ended)
    assert (seen.status, seen.error) == ("completed", None)
    assert seen.ended_at == clock.time
    assert state.all("run") == state.all("step") == []

    found = texts(state, output)
    assert "not by Claude" in found.pop(INDEX)
    assert found == TIDY
    assert texts(state, source) == NOTES
    clock.to(10_000)
    assert client.beta.dreams.retrieve(dream.id) == seen


def test_a_dream_at_high_speed_completes_by_itself(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    dream = dream_until(client, ask(client, sandbox.state), ended)
    assert dream.status == "completed"
    assert sorted(texts(sandbox.state, dream.outputs[0].memory_store_id)) == [INDEX, *TIDY]


def test_the_edits_are_versions_by_the_pipeline_session(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    dream = dream_until(client, ask(client, sandbox.state), ended)
    output = dream.outputs[0].memory_store_id
    versions = list(client.beta.memory_stores.memory_versions.list(output, session_id=dream.session_id, limit=100))
    assert len(versions) == len(sandbox.state.versions(output))
    edits = sorted((version.operation, version.path) for version in versions[: -len(NOTES)])
    assert edits == [
        ("created", INDEX),
        ("deleted", "/copy/c.md"),
        ("deleted", "/tmp/scratch.md"),
        ("modified", "/a.md"),
    ]


def test_the_pipeline_session_tells_what_was_read_decided_and_written(
    client: anthropic.Anthropic, sandbox: Sandbox
) -> None:
    state = sandbox.state
    said = ["The billing export fails on Mondays", "Why does the billing export fail?", "billing export fails, again"]
    sessions = [talk(state, text.replace("fail?", "fails?"), f"Talk {n}") for n, text in enumerate(said)]
    dream = client.beta.dreams.create(**body(fill(state), *sessions))
    dream = dream_until(client, dream, ended)
    session = client.beta.sessions.retrieve(dream.session_id)
    assert (session.status, session.metadata["dream_id"]) == ("terminated", dream.id)
    assert session.archived_at
    assert "stand-in" in session.title
    assert "not Claude" in session.agent.name
    assert session.usage.output_tokens == dream.usage.output_tokens > 0
    assert session.id not in [item.id for item in client.beta.sessions.list()]

    events = list(client.beta.sessions.events.list(session.id, limit=100))
    kinds = [event.type for event in events]
    assert kinds[0] == "session.status_running"
    assert kinds[-3:] == ["session.usage", "session.status_idle", "session.status_terminated"]
    uses = [event for event in events if event.type == "agent.tool_use"]
    results = {event.tool_use_id: event for event in events if event.type == "agent.tool_result"}
    assert [use.id for use in uses] == list(results)
    assert not any(result.is_error for result in results.values())
    root = f"/mnt/memory/team-notes-dream-{dream.created_at:%Y-%m-%d}-"
    change = next(use for use in uses if use.name == "edit")
    assert change.input == {
        "file_path": f"{root}/a.md",
        "old_string": "- Staging DB: db-3",
        "new_string": "- Staging DB: db-7",
        "replace_all": False,
    }
    assert f"rm {root}/copy/c.md" in [use.input.get("command") for use in uses]
    assert f"{root}/recurring.md" in [use.input["file_path"] for use in uses if use.name == "write"]
    assert results[next(use.id for use in uses if use.name == "read")].content[0].text == NOTES["/a.md"]
    told = [event.content[0].text for event in events if event.type == "agent.message"]
    assert "not Claude" in told[0]
    assert "delete /copy/c.md: exact copy of /c.md" in told

    created = [event.session_thread_id for event in events if event.type == "session.thread_created"]
    threads = client.beta.sessions.threads.list(session.id).data
    assert [thread.id for thread in threads[1:]] == created
    assert [thread.parent_thread_id for thread in threads] == [None, *[threads[0].id] * 3]
    assert threads[1].agent.name == "Reader of Talk 0"
    inside = list(client.beta.sessions.threads.events.list(created[0], session_id=session.id))
    assert [event.type for event in inside] == [
        "agent.thread_message_received",
        "agent.message",
        "session.thread_status_idle",
    ]


def test_what_recurs_in_the_sessions_comes_from_threads_too(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    state = sandbox.state
    sessions = [talk(state) for _ in range(3)]
    for session_id in sessions:
        main = state.all("thread", parent=session_id)[0]
        thread = {**main, "id": state.new_id("sthr"), "parent_thread_id": main["id"]}
        state.put("thread", thread, parent=session_id)
        text = [{"type": "text", "text": "The billing export fails"}]
        event = {"type": "agent.message", "id": state.new_id("sevt"), "content": text, "processed_at": state.stamp()}
        state.put("event", event, parent=thread["id"])
    dream = dream_until(client, client.beta.dreams.create(**body(fill(state), *sessions)), ended)
    assert "billing export fails" in texts(state, dream.outputs[0].memory_store_id)["/recurring.md"]


# update_existing


def test_update_existing_writes_into_the_input_store(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    state = sandbox.state
    store = fill(state)
    behavior = {"type": "update_existing", "memory_store_id": store}
    dream = client.beta.dreams.create(**body(store, talk(state), output_behavior=behavior))
    assert dream.output_behavior.to_dict() == behavior
    dream = dream_until(client, dream, ended)
    assert [output.memory_store_id for output in dream.outputs] == [store]
    assert {path: text for path, text in texts(state, store).items() if path != INDEX} == TIDY
    assert len(state.versions(store, session_id=dream.session_id)) == 4
    assert len(state.all("store")) == 1


def test_a_store_is_held_until_the_dream_has_fully_stopped(
    client: anthropic.Anthropic, sandbox: Sandbox, clock: Clock
) -> None:
    state = sandbox.state
    store, session = fill(state), talk(state)
    wanted = body(store, session, output_behavior={"type": "update_existing", "memory_store_id": store})
    dream = client.beta.dreams.create(**wanted)

    def refused() -> bool:
        with pytest.raises(anthropic.ConflictError, match=dream.id) as caught:
            client.beta.dreams.create(**wanted)
        assert caught.value.type == "conflict_error"
        assert caught.value.response.headers["x-should-retry"] == "false"
        return True

    assert refused()
    assert client.beta.dreams.create(**body(store, session)).status == "pending"  # a copy disturbs nobody
    clock.to(50)
    dream_until(client, dream, lambda d: d.outputs)
    assert client.beta.dreams.cancel(dream.id).status == "canceled"
    assert refused()  # canceled, but still writing
    clock.to(53)
    until(lambda: [run["id"] for run in state.all("run")], lambda running: dream.id not in running)
    assert client.beta.dreams.create(**wanted).status == "pending"


def test_a_note_that_somebody_changed_meanwhile_is_left_alone(
    client: anthropic.Anthropic, sandbox: Sandbox, clock: Clock
) -> None:
    state = sandbox.state
    store = fill(state)
    behavior = {"type": "update_existing", "memory_store_id": store}
    dream = client.beta.dreams.create(**body(store, talk(state), output_behavior=behavior))
    clock.to(6)
    until(lambda: state.all("step"), lambda steps: len(steps) > 4)  # everything is decided
    state.write_memory(store, "/a.md", "mine", actor=KEY)
    clock.to(90)
    dream = dream_until(client, dream, ended)
    assert dream.status == "completed"
    assert texts(state, store)["/a.md"] == "mine"
    assert set(texts(state, store)) == {INDEX, *TIDY}
    events = client.beta.sessions.events.list(dream.session_id, types=["agent.tool_result"], limit=100)
    errors = [event.content[0].text for event in events if event.is_error]
    assert errors == ["File has been changed since it was read; it is left as it is."]


# Ends before the end


def test_cancel_works_by_the_table(client: anthropic.Anthropic, sandbox: Sandbox, clock: Clock) -> None:
    state, pending, running = sandbox.state, ask(client, sandbox.state), ask(client, sandbox.state)
    canceled = client.beta.dreams.cancel(pending.id)
    assert (canceled.status, canceled.session_id, canceled.outputs, canceled.error) == ("canceled", None, [], None)
    assert canceled.ended_at == clock.time
    clock.to(60)
    seen = dream_until(client, running, lambda d: d.usage.output_tokens > 200)
    canceled = client.beta.dreams.cancel(running.id)
    assert canceled.status == "canceled"
    assert canceled.session_id == seen.session_id
    clock.to(90)
    until(lambda: state, at_rest)
    after = client.beta.dreams.cancel(running.id)
    assert (after.status, after.ended_at) == ("canceled", canceled.ended_at)
    assert client.beta.dreams.retrieve(pending.id).session_id is None
    assert client.beta.sessions.retrieve(after.session_id).status == "terminated"
    found = texts(state, after.outputs[0].memory_store_id)
    assert found["/a.md"] == TIDY["/a.md"]  # half of the work is done,
    assert INDEX not in found  # and half is not

    done = ask(client, state)
    clock.to(200)
    dream_until(client, done, ended)
    with pytest.raises(anthropic.BadRequestError, match="is completed"):
        client.beta.dreams.cancel(done.id)


def test_a_dream_canceled_before_its_output_exists_leaves_none(
    client: anthropic.Anthropic, sandbox: Sandbox, clock: Clock
) -> None:
    dream = ask(client, sandbox.state)
    clock.to(4)
    seen = dream_until(client, dream, lambda d: d.session_id)
    client.beta.dreams.cancel(dream.id)
    clock.to(90)
    until(lambda: sandbox.state, at_rest)
    assert client.beta.dreams.retrieve(dream.id).outputs == []
    assert client.beta.sessions.retrieve(seen.session_id).status == "terminated"
    assert len(sandbox.state.all("store")) == 1


@pytest.mark.parametrize(("word", "kind"), [("[sandbox:fail]", "internal_error"), ("[sandbox:timeout]", "timeout")])
def test_a_dream_fails_half_way_when_asked_to(
    word: str, kind: str, client: anthropic.Anthropic, sandbox: Sandbox
) -> None:
    dream = dream_until(client, ask(client, sandbox.state, instructions=f"Please {word}"), ended)
    assert dream.status == "failed"
    assert dream.error.type == kind
    assert word in dream.error.message
    found = texts(sandbox.state, dream.outputs[0].memory_store_id)
    assert found["/a.md"] == TIDY["/a.md"]
    assert INDEX not in found
    kinds = [event.type for event in client.beta.sessions.events.list(dream.session_id, limit=100)]
    assert "session.error" in kinds
    assert sandbox.state.all("run") == sandbox.state.all("step") == []


def archive_input(client: anthropic.Anthropic, dream: Any) -> None:
    client.beta.memory_stores.archive(dream.inputs[0].memory_store_id)


def delete_input(client: anthropic.Anthropic, dream: Any) -> None:
    client.beta.memory_stores.delete(dream.inputs[0].memory_store_id)


def delete_session(client: anthropic.Anthropic, dream: Any) -> None:
    client.beta.sessions.delete(dream.inputs[1].session_ids[0])


def delete_output(client: anthropic.Anthropic, dream: Any) -> None:
    client.beta.memory_stores.delete(dream.outputs[0].memory_store_id)


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (archive_input, "input_memory_store_unavailable"),
        (delete_input, "input_memory_store_unavailable"),
        (delete_session, "input_session_unavailable"),
        (delete_output, "internal_error"),
    ],
)
def test_a_dream_fails_when_what_it_needs_goes_away(
    harm: Callable[[anthropic.Anthropic, Any], None],
    kind: str,
    client: anthropic.Anthropic,
    sandbox: Sandbox,
    clock: Clock,
) -> None:
    dream = ask(client, sandbox.state)
    clock.to(50)
    dream = dream_until(client, dream, lambda d: d.outputs)
    harm(client, dream)
    dream = dream_until(client, dream, ended)
    assert (dream.status, dream.error.type) == ("failed", kind)
    assert len(dream.outputs) == 1
    assert dream.ended_at
    assert client.beta.sessions.retrieve(dream.session_id).status == "terminated"


# Archive and list


def test_only_a_dream_that_has_ended_can_be_archived(
    client: anthropic.Anthropic, sandbox: Sandbox, clock: Clock
) -> None:
    dream = ask(client, sandbox.state)
    with pytest.raises(anthropic.BadRequestError, match="is pending"):
        client.beta.dreams.archive(dream.id)
    clock.to(4)
    dream_until(client, dream, lambda d: d.status == "running")
    with pytest.raises(anthropic.BadRequestError, match="is running"):
        client.beta.dreams.archive(dream.id)
    client.beta.dreams.cancel(dream.id)
    archived = client.beta.dreams.archive(dream.id)
    assert (archived.status, archived.archived_at) == ("canceled", clock.time)
    clock.to(9)
    assert client.beta.dreams.archive(dream.id).archived_at == archived.archived_at
    assert client.beta.dreams.retrieve(dream.id).archived_at
    assert list(client.beta.dreams.list()) == []
    assert [item.id for item in client.beta.dreams.list(include_archived=True)] == [dream.id]


def test_the_list_is_newest_first_with_exclusive_bounds_and_statuses(
    client: anthropic.Anthropic, sandbox: Sandbox, clock: Clock
) -> None:
    made = []
    for second in range(5):
        clock.to(second / 10)
        made.append(ask(client, sandbox.state))
    newest_first = [dream.id for dream in reversed(made)]
    assert [dream.id for dream in client.beta.dreams.list(limit=2)] == newest_first  # through all pages
    bounds = {"created_at_gt": made[1].created_at, "created_at_lt": made[4].created_at}
    assert [dream.id for dream in client.beta.dreams.list(**bounds)] == [made[3].id, made[2].id]
    client.beta.dreams.cancel(made[2].id)
    assert [dream.id for dream in client.beta.dreams.list(statuses=["canceled", "failed"])] == [made[2].id]
    assert len(client.beta.dreams.list(statuses=["pending"]).data) == 4
    for wrong in ({"statuses": ["done"]}, {"limit": 101}, {"extra_query": {"created_at[gte]": "2026-01-01"}}):
        with pytest.raises(anthropic.BadRequestError):
            client.beta.dreams.list(**wrong)


# Nothing twice, nothing lost


def test_a_dream_goes_on_after_the_process_died_and_does_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "state.sqlite3")
    state = State(path)
    clock = Clock(state, monkeypatch)
    dream = dreams.create_dream(state, body(fill(state), talk(state)), KEY)
    versions: list[int] = []
    for seconds in range(2, 95, 3):
        clock.to(seconds)
        dreams.advance(state)
        state.close()
        state = State(path)  # whatever was not in the file is gone
        monkeypatch.setattr(state, "now", lambda: clock.time)
        versions.append(sum(len(state.versions(store["id"])) for store in state.all("store")))
    assert versions == sorted(versions)
    assert len(set(versions)) > 4  # it went on step by step
    seen: dict[str, Any] = state.get("dream", dream["id"]) or {}
    assert seen["status"] == "completed"
    assert len(state.versions(seen["outputs"][0]["memory_store_id"])) == len(NOTES) + 4
    assert len([event for event in state.all("event") if event["type"] == "session.thread_created"]) == 1
    state.close()


def test_a_step_that_is_interrupted_leaves_nothing_and_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    state = State(":memory:", speed=1e9)
    dream = dreams.create_dream(state, body(fill(state), talk(state)), KEY)
    write, calls = State.delete_memory, []

    def dies_once(self: State, *args: Any, **kwargs: Any) -> None:
        write(self, *args, **kwargs)
        calls.append(args)
        if len(calls) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(State, "delete_memory", dies_once)
    with pytest.raises(KeyboardInterrupt):
        dreams.advance(state)
    dreams.advance(state)
    seen: dict[str, Any] = state.get("dream", dream["id"]) or {}
    assert seen["status"] == "completed"
    assert len(calls) == 3
    assert len(state.versions(seen["outputs"][0]["memory_store_id"])) == len(NOTES) + 4


def test_many_threads_that_advance_at_once_do_every_step_once() -> None:
    state = State(":memory:", speed=1e9)
    made = [dreams.create_dream(state, body(fill(state), talk(state)), KEY) for _ in range(5)]

    def push() -> None:
        while state.all("run"):
            dreams.advance(state)

    threads = [threading.Thread(target=push) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for dream in made:
        seen: dict[str, Any] = state.get("dream", dream["id"]) or {}
        assert seen["status"] == "completed"
        assert len(state.versions(seen["outputs"][0]["memory_store_id"])) == len(NOTES) + 4


def test_nothing_is_written_while_no_step_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    state = State(":memory:")
    clock = Clock(state, monkeypatch)
    dreams.create_dream(state, body(fill(state), talk(state)), KEY)
    clock.to(30)
    dreams.advance(state)
    changes = state.changes
    dreams.advance(state)
    assert state.changes == changes


@pytest.mark.parametrize("canceled_at", [3.0, 90.0])
def test_a_cancel_that_comes_between_choosing_a_step_and_doing_it_wins(
    canceled_at: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = State(":memory:")
    clock = Clock(state, monkeypatch)
    dream = dreams.create_dream(state, body(fill(state), talk(state)), KEY)
    clock.to(canceled_at - 0.1)
    dreams.advance(state)
    clock.to(canceled_at)
    begin = state.transaction

    def cancel_first() -> Any:
        monkeypatch.setattr(state, "transaction", begin)
        dream_run.cancel(state, state.get("dream", dream["id"]) or {})
        return begin()

    monkeypatch.setattr(state, "transaction", cancel_first)
    dreams.advance(state)
    clock.to(100)
    dreams.advance(state)
    seen: dict[str, Any] = state.get("dream", dream["id"]) or {}
    assert (seen["status"], seen["ended_at"]) == (
        "canceled",
        state.stamp(clock.start + timedelta(seconds=canceled_at)),
    )
    assert at_rest(state)


def test_a_dream_canceled_just_before_its_end_is_not_completed_any_more(
    client: anthropic.Anthropic, sandbox: Sandbox, clock: Clock
) -> None:
    dream = ask(client, sandbox.state)
    clock.to(89.5)
    until(lambda: sandbox.state.all("event"), lambda events: len(events) > 40)
    canceled = client.beta.dreams.cancel(dream.id)
    clock.to(95)
    until(lambda: sandbox.state, at_rest)
    after = client.beta.dreams.retrieve(dream.id)
    assert (after.status, after.ended_at) == ("canceled", canceled.ended_at)
