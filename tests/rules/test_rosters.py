"""Both shapes of a roster read alike, and none that is broken or new breaks anything."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.rules.rosters import Group, Member, Roster, roster_of


def agent(id: str, version: int = 1) -> dict[str, Any]:
    return {"type": "agent", "id": id, "version": version}


def test_an_agent_without_one_works_alone() -> None:
    assert roster_of(None) == roster_of({}) == Roster("")
    assert roster_of(None).alone


def test_the_older_shape_is_one_list() -> None:
    entries = ["agent_1", agent("agent_2", 4), {"type": "self"}, {"type": "advisor", "model": "claude-opus-5"}]
    roster = roster_of({"type": "coordinator", "agents": entries})
    assert roster.members == (
        Member("agent", "agent_1"),
        Member("agent", "agent_2", 4),
        Member("self"),
        Member("advisor", model="claude-opus-5"),
    )
    assert roster.agent_ids == {"agent_1", "agent_2"}
    assert (roster.subagents, roster.workflows, roster.alone) == (None, None, False)


def test_the_newer_shape_names_an_agent_once_with_all_its_uses() -> None:
    on, off = {"type": "enabled"}, {"type": "disabled"}
    roster = roster_of(
        {
            "type": "multiagent_20261001",
            "advisor": {**on, "model": "m"},
            "subagents": {**on, "inline_agents": off, "predefined_agents": [agent("a"), agent("b", 2)]},
            "workflows": {**on, "inline_agents": on, "predefined_agents": [agent("a")]},
        }
    )
    assert roster.members == (
        Member("agent", "a", 1, uses=("subagents", "workflows")),
        Member("agent", "b", 2, uses=("subagents",)),
        Member("advisor", model="m"),
    )
    assert (roster.subagents, roster.workflows) == (Group(True, False), Group(True, True))


def test_what_is_off_calls_nobody_and_what_is_left_out_is_on() -> None:
    off = {"type": "disabled", "predefined_agents": [agent("a")]}
    shape = {"type": "multiagent_20261001", "advisor": {"type": "disabled"}}
    silent = roster_of({**shape, "subagents": off, "workflows": off})
    assert silent.members == () and silent.alone
    assert roster_of(shape).subagents == Group(True, None)
    assert not roster_of(shape).alone


@pytest.mark.parametrize("entry", [None, 7, [], {"type": "agent"}, {"id": 5}, {"type": "swarm", "id": "s"}])
def test_a_member_of_an_unknown_kind_passes_through(entry: Any) -> None:
    (member,) = roster_of({"type": "coordinator", "agents": [entry]}).members
    assert member.kind in {"unknown", "agent", "swarm"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "agents", "advisor", "subagents", "workflows", "predefined_agents", "id"]), inner
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_nothing_the_vendor_may_send_raises(value: Any) -> None:
    roster = roster_of(value)
    assert isinstance(roster.alone, bool) and all(member.kind for member in roster.members)
