"""Which call wrote a file: the surest that fits, between the write before and the write; any event is taken."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.rules.writes import BYTES, COMMAND, FILE, SHELL, Wanted, find_write

AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
TEXT = "Deploy at 03:00.\n"
WANTED = Wanted("/mnt/memory/support", "/a/b.md", sha256(TEXT.encode()).hexdigest(), AT, AT - timedelta(hours=1))
FILE_PATH = "/mnt/memory/support/a/b.md"


def call(name: str, seconds: float = 0, id: str = "sevt_1", **asked: Any) -> dict[str, Any]:
    at = (AT + timedelta(seconds=seconds)).isoformat()
    return {"type": "agent.tool_use", "id": id, "name": name, "input": asked, "processed_at": at}


def found(*events: Any) -> tuple[str, str]:
    write = find_write(events, WANTED)
    return (write.event_id, write.how) if write else ("", "")


def test_a_write_of_exactly_these_bytes_is_sure() -> None:
    assert found(call("write", file_path=FILE_PATH, content=TEXT)) == ("sevt_1", BYTES)


def test_an_edit_of_the_file_is_nearly_as_sure() -> None:
    assert found(call("edit", file_path=FILE_PATH, old_string="2", new_string="3")) == ("sevt_1", FILE)


def test_the_last_one_before_the_write_wins_and_else_the_first_right_after() -> None:
    calls = [call("edit", seconds, f"sevt_{seconds}", file_path=FILE_PATH) for seconds in (-90, -2, 3, 4)]
    assert found(*calls) == ("sevt_-2", FILE)
    assert found(*calls[2:]) == ("sevt_3", FILE)


def test_what_came_before_the_version_before_or_too_late_wrote_another_one() -> None:
    assert found(call("write", -3600, file_path=FILE_PATH, content=TEXT)) == ("", "")
    assert found(call("write", 6, file_path=FILE_PATH, content=TEXT)) == ("", "")


@pytest.mark.parametrize("name", ["read", "glob", "grep"])
def test_reading_is_no_writing(name: str) -> None:
    assert found(call(name, file_path=FILE_PATH, path=FILE_PATH)) == ("", "")


def test_another_file_is_another_file() -> None:
    assert found(call("write", file_path=f"{FILE_PATH}.bak", content=TEXT)) == ("", "")


def test_a_failed_call_wrote_nothing() -> None:
    answer = {"type": "agent.tool_result", "id": "sevt_2", "tool_use_id": "sevt_1", "is_error": True}
    assert found(call("write", file_path=FILE_PATH, content=TEXT), answer) == ("", "")


@pytest.mark.parametrize(
    ("command", "how"),
    [
        (f"echo hi > {FILE_PATH}", COMMAND),
        ("cd /mnt/memory/support && sed -i s/2/3/ a/b.md", COMMAND),
        ("cd /mnt/memory/other && touch a/b.md", SHELL),
        ("make notes", SHELL),
    ],
)
def test_a_shell_command_is_told_by_what_it_names(command: str, how: str) -> None:
    assert found(call("bash", command=command)) == ("sevt_1", how)


def test_a_sure_call_goes_before_a_nearer_shell_command() -> None:
    edit, shell = call("edit", -60, "sevt_edit", file_path=FILE_PATH), call("bash", -1, command=f"cat {FILE_PATH}")
    assert found(edit, shell) == ("sevt_edit", FILE)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=9,
)
_KEYS = st.sampled_from(["type", "id", "name", "input", "processed_at", "tool_use_id", "is_error"])


@given(st.lists(st.dictionaries(_KEYS, _JSON | st.sampled_from(["agent.tool_use", "bash", AT.isoformat()])) | _JSON))
def test_no_shape_of_an_event_is_an_error(events: list[Any]) -> None:
    find_write(events, WANTED)
