"""A session that happens now: its events, its write, and what is refused."""

import json
from collections.abc import Iterator

import pytest

from sandbox.live import play
from sandbox.state import Json, State
from sandbox.wire import ApiError
from sandbox.world import load_world

TRANSCRIPT = """@user
Note it.
@read /README.md
@write /learned.md
Refunds take ninety days.
@agent
Noted.
"""


@pytest.fixture(scope="module")
def state() -> Iterator[State]:
    found = State(":memory:")
    load_world(found)
    yield found


def asked(state: State, **changes: str) -> bytes:
    deployment = next(d for d in state.all("deployment") if d["resources"])
    return json.dumps({"deployment": deployment["name"], "title": "Now", "transcript": TRANSCRIPT} | changes).encode()


def newest(state: State, store_id: str) -> Json:
    return state.versions(store_id)[0]


def test_what_it_writes_is_the_newest_version_and_names_its_session(state: State) -> None:
    session_id = play(state, asked(state))["session_id"]
    session = state.get("session", session_id)
    assert session is not None
    assert (session["title"], session["status"]) == ("Now", "idle")
    version = newest(state, session["resources"][0]["memory_store_id"])
    assert version["path"] == "/learned.md"
    assert version["created_by"] == {"type": "session_actor", "session_id": session_id}
    events = state.all("event", parent=session_id)
    write = next(e for e in events if e["type"] == "agent.tool_use" and e["name"] == "write")
    assert write["processed_at"] <= version["created_at"] <= state.stamp()
    assert state.all("thread", parent=session_id)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"deployment": "nobody"}, "nobody"),
        ({"transcript": "@fly /away\n"}, "@fly"),
        ({"transcript": "@write /half.md\nx\n@edit /missing.md\na\n==>\nb\n"}, "0 times"),
    ],
)
def test_what_cannot_be_played_leaves_nothing_behind(state: State, changes: dict[str, str], word: str) -> None:
    before = len(state.all("session")), len(state.all("event"))
    with pytest.raises(ApiError, match=word):
        play(state, asked(state, **changes))
    assert (len(state.all("session")), len(state.all("event"))) == before
    assert all(v["path"] != "/half.md" for store in state.all("store") for v in state.versions(store["id"]))
