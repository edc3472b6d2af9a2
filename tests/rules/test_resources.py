"""Exchanging one memory store in a deployment's resources."""

import copy
from typing import Any

import pytest

from dreams.rules.resources import digest, session_resource_entry, swap_store

OLD, NEW = "memstore_old", "memstore_new"


def mounted(store_id: str, **more: Any) -> dict[str, Any]:
    return {"type": "memory_store", "memory_store_id": store_id, **more}


def test_only_the_store_changes_and_access_and_instructions_are_carried_over() -> None:
    resources = [
        {"type": "file", "file_id": "file_1", "mount_path": "/mnt/x", "id": "sesrsc_1"},
        mounted(OLD, access="read_only", instructions="Read only."),
        mounted("memstore_other", access="read_write"),
    ]
    kept = copy.deepcopy(resources)
    swap = swap_store(resources, OLD, NEW)
    assert swap.problems == swap.notes == ()
    assert resources == swap.before == kept
    assert swap.after == [kept[0], mounted(NEW, access="read_only", instructions="Read only."), kept[2]]


def test_members_the_vendor_only_echoes_are_not_sent_back() -> None:
    echo = mounted(
        OLD,
        access="read_write",
        instructions=None,
        name="Team",
        description="",
        mount_path="/mnt/memory/team",
    )
    swap = swap_store([echo, mounted("memstore_other", name="Other")], OLD, NEW)
    assert swap.after == [mounted(NEW, access="read_write"), mounted("memstore_other")]
    assert swap.before[0]["name"] == "Team"


def test_swapping_back_gives_what_was_sent_before() -> None:
    resources = [mounted(OLD, access="read_only"), {"type": "file", "file_id": "f"}]
    there = swap_store(resources, OLD, NEW).after
    assert swap_store(there, NEW, OLD).after == resources


def test_a_repository_without_its_token_is_refused_with_the_reason() -> None:
    repository = {"type": "github_repository", "url": "https://github.com/example/app"}
    (problem,) = swap_store([mounted(OLD), repository], OLD, NEW).problems
    assert "https://github.com/example/app" in problem
    assert "token" in problem
    assert swap_store([mounted(OLD), repository | {"authorization_token": "t"}], OLD, NEW).problems == ()


@pytest.mark.parametrize(
    ("stores", "new", "word"),
    [
        (["memstore_x"], NEW, "does not mount"),
        ([OLD, NEW], NEW, "already mounts"),
        ([OLD], OLD, "the same"),
        ([OLD, OLD], NEW, "more than once"),
        ([OLD, *(f"memstore_{number}" for number in range(8))], NEW, "9 memory stores"),
    ],
)
def test_a_list_that_cannot_be_swapped_says_why(stores: list[str], new: str, word: str) -> None:
    problems = swap_store([mounted(store) for store in stores], OLD, new).problems
    assert any(word in problem for problem in problems)


def test_a_changed_mount_name_is_explained_and_does_not_forbid() -> None:
    swap = swap_store([mounted(OLD)], OLD, NEW, old_name="Team memory", new_name="Team memory (dream)")
    assert swap.problems == ()
    assert "/mnt/memory/team-memory-dream-" in swap.notes[0]
    assert swap_store([mounted(OLD)], OLD, NEW, old_name="Team memory", new_name="team Memory").notes == ()


def test_the_entry_for_a_session_holds_what_the_vendor_takes() -> None:
    assert session_resource_entry(NEW, "read_only", "Look here.") == mounted(
        NEW, access="read_only", instructions="Look here."
    )
    assert "instructions" not in session_resource_entry(NEW)
    with pytest.raises(ValueError, match="Access"):
        session_resource_entry(NEW, "write")
    with pytest.raises(ValueError, match="4,097"):
        session_resource_entry(NEW, instructions="x" * 4_097)


def test_the_digest_ignores_the_order_of_members_and_sees_everything_else() -> None:
    assert digest([{"a": 1, "b": 2}]) == digest([{"b": 2, "a": 1}])
    assert digest([{"a": 1}, {"b": 2}]) != digest([{"b": 2}, {"a": 1}])
    assert digest([{"a": 1}]) != digest([{"a": "1"}])
