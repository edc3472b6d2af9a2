"""The ten harms hidden in the demo world's dream: which of them this engine points out, and how.

Every change of a fact or its absence is seen. That the false merge is false shows by the twin's facts, which are lost.
"""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from dreams.rules.change_types import Changes, Group
from dreams.rules.changes import compare
from dreams.rules.grouping import groups
from sandbox.state import State, parse_time
from sandbox.world import WORLD, load_world

HARMS: list[dict[str, str]] = tomllib.loads((WORLD / "dreams/review/harms.toml").read_text("utf-8"))["harm"]

# How each kind shows, and for alterations which fact is said to have changed.
SEEN_AS = {
    "lost_fact": "lost",
    "changed_number": "number",
    "changed_date": "date",
    "dropped_negation": "negation",
    "must_to_may": "modal",
    "false_merge": "lost",
    "invented_sentence": "unsourced",
    "injected_instruction": "unsourced",
}


@pytest.fixture(scope="module")
def stores() -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """The store when the dream began, replayed from its versions, and the dream's output."""
    state = State(":memory:")
    load_world(state)
    (dream,) = [
        dream
        for dream in state.all("dream")
        if dream["status"] == "completed" and name(state, dream) == "prod-support"
    ]
    last: dict[str, Any] = {}
    for version in reversed(state.versions(source(dream), until=parse_time(dream["created_at"]))):
        last[version["memory_id"]] = version
    before = {each["path"]: each["content"] for each in last.values() if each["operation"] != "deleted"}
    output = dream["outputs"][0]["memory_store_id"]
    yield before, {memory["path"]: memory["content"] for memory in state.memories(output)}
    state.close()


def source(dream: Any) -> str:
    return str(dream["inputs"][0]["memory_store_id"])


def name(state: State, dream: Any) -> str:
    store = state.get("store", source(dream))
    assert store
    return str(store["name"])


@pytest.fixture(scope="module")
def changes(stores: tuple[dict[str, str], dict[str, str]]) -> Changes:
    return compare(*stores)


def plain(text: str) -> str:
    return text.replace("*", "").rstrip(".")


def shown(harm: dict[str, str], changes: Changes) -> set[str]:
    """The ways in which the changes point at a harm."""
    old, new = plain(harm["text_before"]), plain(harm["text_after"])
    ways = {"lost" for place in changes.lost if old and place.path == harm["path_before"] and old in plain(place.text)}
    ways |= {
        "unsourced"
        for place in changes.unsourced
        if new and place.path == harm["path_after"] and new in plain(place.text)
    }
    for each in changes.altered:
        if (
            old
            and each.old.path == harm["path_before"]
            and old in plain(each.old.text)
            and new in plain(each.new.text)
        ):
            ways.update(each.kinds)
    return ways


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: f"{harm['kind']} {harm['path_before']}")
def test_the_harm_is_pointed_out(harm: dict[str, str], changes: Changes) -> None:
    assert shown(harm, changes) == {SEEN_AS[harm["kind"]]}


def test_the_labels_hold_ten_harms_of_the_known_kinds() -> None:
    assert len(HARMS) == 10
    assert {harm["kind"] for harm in HARMS} == set(SEEN_AS)


def found_in(found: list[Group], path: str) -> Group:
    return next(group for group in found if path in (*group.olds, *group.news))


def test_the_injected_instruction_is_also_found_by_the_scan(
    stores: tuple[dict[str, str], dict[str, str]], changes: Changes
) -> None:
    (harm,) = [harm for harm in HARMS if harm["kind"] == "injected_instruction"]
    group = found_in(groups(changes, *stores), harm["path_after"])
    assert {finding.kind for finding in group.findings} == {"injection"}


def test_no_harm_hides_below_a_change_without_a_flag(
    stores: tuple[dict[str, str], dict[str, str]], changes: Changes
) -> None:
    found = groups(changes, *stores)
    flagged = [group for group in found if group.lost or group.altered or group.unsourced or group.findings]
    harmed = {found_in(found, harm["path_before"]).key for harm in HARMS}
    assert harmed <= {group.key for group in flagged}


def test_the_false_merge_is_seen_as_a_merge_with_what_it_lost(
    stores: tuple[dict[str, str], dict[str, str]], changes: Changes
) -> None:
    (harm,) = [harm for harm in HARMS if harm["kind"] == "false_merge"]
    found = groups(changes, *stores)
    kinds = [found_in(found, harm[key]).kind for key in ("path_before", "twin_before", "path_after")]
    assert kinds == ["merged"] * 3
    assert found_in(found, harm["path_after"]).lost
