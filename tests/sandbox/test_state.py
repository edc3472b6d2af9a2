"""The state by itself: order, ids, transactions, what outlives a restart."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.state import State
from tests.sandbox import seeds

ME = {"type": "user_actor", "user_id": "user_1"}


@pytest.fixture
def state() -> Iterator[State]:
    made = State(":memory:")
    yield made
    made.close()


def test_ids_sort_by_creation_even_within_one_microsecond(state: State) -> None:
    ids = [state.new_id("mem") for _ in range(2000)]
    assert ids == sorted(set(ids))


def test_objects_come_in_order_of_their_time_then_of_arrival(state: State) -> None:
    times = {"b": "2026-01-02T00:00:00Z", "a": "2026-01-01T23:00:00.5+00:00", "c": "2026-01-02T00:00:00.000Z"}
    for name, time in times.items():
        state.put("dream", {"id": name, "created_at": time})
    state.put("dream", {"id": "b", "created_at": times["b"], "note": "replaced, in its old place"})
    assert [dream["id"] for dream in state.all("dream")] == ["a", "b", "c"]


def test_a_replaced_object_keeps_its_parent_and_its_side_data(state: State) -> None:
    state.put("event", {"id": "e"}, parent="sesn_1")
    state.set_extra("event", "e", {"plan": [1]})
    state.put("event", {"id": "e", "new": True})
    assert state.all("event", parent="sesn_1") == [{"id": "e", "new": True}]
    assert state.extra("event", "e") == {"plan": [1]}
    assert state.extra("event", "none") == {}


def test_a_transaction_that_fails_leaves_nothing_behind(state: State) -> None:
    store = seeds.store(state)["id"]
    with pytest.raises(ZeroDivisionError), state.transaction():
        state.write_memory(store, "/a", "text", actor=ME)  # joins the outer one
        state.remove("store", store)
        _ = 1 / 0
    assert state.get("store", store)
    assert state.memories(store) == state.versions(store) == []


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    first = State(str(tmp_path / "s"))
    store = seeds.store(first)["id"]
    memory = first.write_memory(store, "/a", "text", actor=ME)
    first.close()
    second = State(str(tmp_path / "s"))
    assert second.memory_at(store, "/a") == memory
    assert second.memory_at(store, "/A") is None
    second.close()


def test_a_clone_has_the_same_texts_under_fresh_ids(state: State) -> None:
    store = seeds.store(state, metadata={"team": "a"}, archived_at=state.stamp())
    for path in ("/b", "/a"):
        state.write_memory(store["id"], path, path * 2, actor=ME)
    dreamer = {"type": "session_actor", "session_id": "sesn_1"}
    at = datetime.now(UTC) + timedelta(hours=1)
    clone: Any = state.get("store", state.clone_store(store["id"], name="Copy", actor=dreamer, at=at))
    assert (clone["name"], clone["metadata"], clone["archived_at"]) == ("Copy", {"team": "a"}, None)
    assert clone["created_at"] == state.stamp(at)
    old, new = state.memories(store["id"]), state.memories(clone["id"])
    assert [(m["path"], m["content"]) for m in new] == [(m["path"], m["content"]) for m in old]
    assert not {m["id"] for m in new} & {m["id"] for m in old}
    assert {(v["operation"], v["created_by"]["session_id"]) for v in state.versions(clone["id"])} == {
        ("created", "sesn_1")
    }


def test_an_id_can_be_had_while_a_transaction_runs(state: State) -> None:
    with state.transaction():
        other = threading.Thread(target=state.new_id, args=("req",))
        other.start()
        other.join(10)
        assert not other.is_alive()
