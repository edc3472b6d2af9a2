"""What the tool calls of a dream show of its lineage: moves and merges it made, and nothing it only looked at."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.rules.evidence import Step, evidence, renames, roots_of, steps_of
from sandbox.state import State
from sandbox.world import load_world

MOUNT = "/mnt/memory/support"
REFUNDS = "Refunds above 250 EUR need two people.\n"
COD = "Cash on delivery is refunded by bank transfer, never to a card.\n"


def call(name: str, told: str = "", error: bool = False, **asked: Any) -> list[dict[str, Any]]:
    call.count += 1  # type: ignore[attr-defined]
    id = f"sevt_{call.count}"  # type: ignore[attr-defined]
    content = [{"type": "text", "text": told}]
    return [
        {"type": "agent.tool_use", "id": id, "name": name, "input": asked},
        {"type": "agent.tool_result", "id": f"r{id}", "tool_use_id": id, "content": content, "is_error": error},
    ]


call.count = 0  # type: ignore[attr-defined]


def read(path: str, text: str) -> list[dict[str, Any]]:
    return call("read", text, file_path=MOUNT + path)


def write(path: str, text: str) -> list[dict[str, Any]]:
    return call("write", file_path=MOUNT + path, content=text)


def bash(line: str, **more: Any) -> list[dict[str, Any]]:
    return call("bash", command=line.replace("$M", MOUNT), **more)


def shown(*calls: list[dict[str, Any]]) -> dict[str, set[str]]:
    return evidence(steps_of([event for each in calls for event in each], [MOUNT]))


def test_a_move_is_certain() -> None:
    assert shown(bash("mkdir -p $M/guides && mv $M/a.md $M/guides/b.md")) == {"/guides/b.md": {"/a.md"}}
    assert shown(bash("mv $M/a.md $M/guides/")) == {"/guides/a.md": {"/a.md"}}
    assert shown(bash("mv $M/a.md $M/b.md"), bash("mv $M/b.md $M/c.md")) == {"/c.md": {"/a.md"}}


def test_what_was_read_then_written_elsewhere_and_then_removed_went_there() -> None:
    calls = [read("/a.md", REFUNDS), read("/cod.md", COD), write("/refunds.md", REFUNDS + COD)]
    assert shown(*calls, bash("rm $M/a.md $M/cod.md")) == {"/refunds.md": {"/a.md", "/cod.md"}}


def test_what_was_only_read_is_no_source() -> None:
    assert shown(read("/a.md", REFUNDS), write("/b.md", REFUNDS)) == {}


def test_what_is_removed_without_standing_in_what_was_written_is_no_source() -> None:
    scratch = "One-off: try port 8081 today only.\n"
    assert shown(read("/scratch.md", scratch), write("/b.md", REFUNDS), bash("rm $M/scratch.md")) == {}


def test_what_is_removed_without_having_been_read_is_no_source() -> None:
    assert shown(write("/b.md", REFUNDS), bash("rm $M/a.md")) == {}


def test_what_was_written_before_it_was_read_is_not_made_of_it() -> None:
    assert shown(write("/b.md", REFUNDS), read("/a.md", REFUNDS), bash("rm $M/a.md")) == {}


def test_removals_belong_to_the_writes_right_before_them() -> None:
    first = [read("/a.md", REFUNDS), read("/z.md", REFUNDS), write("/one.md", REFUNDS), bash("rm $M/z.md")]
    assert shown(*first, write("/two.md", REFUNDS), bash("rm $M/a.md")) == {"/one.md": {"/z.md"}, "/two.md": {"/a.md"}}


def test_a_memory_shared_out_over_several_is_a_source_of_each() -> None:
    calls = [read("/notes.md", REFUNDS + COD), write("/refunds.md", REFUNDS), write("/cod.md", COD)]
    assert shown(*calls, bash("rm $M/notes.md")) == {"/refunds.md": {"/notes.md"}, "/cod.md": {"/notes.md"}}


def test_an_edit_counts_with_the_text_it_was_made_in() -> None:
    calls = [read("/a.md", COD), read("/b.md", REFUNDS)]
    edit = call("edit", file_path=f"{MOUNT}/b.md", old_string="x", new_string=COD)
    assert shown(*calls, edit, bash("rm $M/a.md")) == {"/b.md": {"/a.md"}}


def test_a_path_that_was_written_and_taken_away_again_is_not_told() -> None:
    calls = [read("/a.md", REFUNDS), write("/b.md", REFUNDS), bash("rm $M/a.md"), bash("rm $M/b.md")]
    assert shown(*calls) == {}


def test_the_memory_tool_is_understood_too() -> None:
    at = "/mnt/memory/support"
    calls = [
        call("memory", REFUNDS, command="view", path=f"{at}/a.md"),
        call("memory", command="create", path=f"{at}/b.md", file_text=REFUNDS),
        call("memory", command="delete", path=f"{at}/a.md"),
        call("memory", command="rename", old_path=f"{at}/c.md", new_path=f"{at}/d.md"),
    ]
    assert shown(*calls) == {"/b.md": {"/a.md"}, "/d.md": {"/c.md"}}


@pytest.mark.parametrize(
    "line",
    [
        "mv $M/*.md $M/all/",
        "for f in a b; do mv $M/$f $M/x; done",
        "cat $M/a.md > $M/b.md",
        "mv $M/a.md $(echo $M/b.md)",
        "mv '$M/a.md",
        "mv /tmp/a.md $M/b.md",
        "mv $M/a.md",
        "python3 tidy.py",
        "",
    ],
)
def test_a_command_that_is_no_row_of_plain_calls_is_not_guessed_at(line: str) -> None:
    assert shown(bash(line)) == {}


def test_a_call_that_failed_or_was_never_answered_did_nothing() -> None:
    assert shown(bash("mv $M/a.md $M/b.md", error=True)) == {}
    assert shown(bash("mv $M/a.md $M/b.md")[:1]) == {}


def test_a_memory_of_another_store_is_none_of_ours() -> None:
    assert shown(bash("mv /mnt/memory/other/a.md /mnt/memory/other/b.md")) == {}
    calls = bash("mv /mnt/memory/other/a.md /mnt/memory/other/b.md")
    assert roots_of(calls) == {"/mnt/memory/other"}


def test_versions_tell_renames_by_the_memory_that_changed_its_path() -> None:
    before = [("mem_1", "/older.md", False), ("mem_1", "/old.md", False), ("mem_2", "/same.md", False)]
    own = [("mem_1", "/mid.md", True), ("mem_1", "/new.md", True), ("mem_2", "/same.md", True)]
    made = ("mem_3", "/x.md", True)
    assert renames([*before, *own, made, ("mem_1", "/later.md", False)]) == {"/new.md": "/old.md"}
    assert evidence([], {"/new.md": "/old.md"}) == {"/new.md": {"/old.md"}}


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=40),
            lambda inner: st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["type", "id", "name", "input", "command", "content", "path"]), inner),
            max_leaves=8,
        ),
        max_size=5,
    )
)
def test_no_event_however_broken_raises(events: list[Any]) -> None:
    evidence(steps_of(events, [MOUNT]))
    roots_of(events)


VERBS = st.sampled_from(["read", "write", "edit", "move", "remove"])


@given(st.lists(st.builds(Step, VERBS, *[st.sampled_from("abc")] * 3)))
def test_any_row_of_steps_is_followed(steps: list[Step]) -> None:
    for path, olds in evidence(steps).items():
        assert olds and path not in olds


def test_the_demos_dream_tells_what_it_merged_and_moved() -> None:
    state = State(":memory:")
    load_world(state)
    dreams = [dream for dream in state.all("dream") if dream["status"] == "completed"]
    told = [state.all("event", parent=dream["session_id"]) for dream in dreams]
    (events,) = [events for events in told if any("prod-support" in root for root in roots_of(events))]
    found = evidence(steps_of(events, roots_of(events)))
    state.close()
    assert found["/customers/lindqvist.md"] == {"/customers/lindqvist-outdoor.md", "/customers/lundqvist-interior.md"}
    assert found["/runbooks/payouts.md"] == {"/runbooks/payout-retry.md", "/runbooks/stuck-payouts.md"}
    assert found["/guides/timezones.md"] == {"/how-to/timezones.md"}
    assert not any("/tmp/" in old for olds in found.values() for old in olds)
