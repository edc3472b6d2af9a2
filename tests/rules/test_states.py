"""The tables of states: steps lead somewhere known, final states have no way out, approval has its conditions."""

import pytest

from dreams.rules import dream_states, review_states, roles
from dreams.rules.dream_states import DREAM_STATES
from dreams.rules.review_states import REVIEW_STATES, approval_requirements, next_undecided, result_digest
from dreams.rules.states import StateTable


@pytest.mark.parametrize("table", [DREAM_STATES, REVIEW_STATES], ids=lambda table: table.noun)
def test_steps_stay_inside_the_table_and_final_states_have_no_way_out(table: StateTable) -> None:
    for step in table.steps:
        assert step.sources | {step.target} <= set(table.words)
        assert not step.sources & table.final


@pytest.mark.parametrize("table", [DREAM_STATES, REVIEW_STATES], ids=lambda table: table.noun)
def test_every_state_is_reached_and_every_other_one_is_left(table: StateTable) -> None:
    reached = {step.target for step in table.steps}
    left = {source for step in table.steps for source in step.sources}
    start = {"requested", "open"}
    assert set(table.words) == reached | (start & set(table.words))
    assert set(table.words) - table.final == left


def test_an_unknown_status_of_the_vendor_moves_nothing() -> None:
    assert dream_states.step_for_status("hibernating") is None
    assert dream_states.step_for_status("pending") is None


@pytest.mark.parametrize(
    ("starter", "allowed", "approvers", "may"),
    [
        (False, False, 3, True),
        (False, True, 1, True),
        (True, True, 1, True),
        (True, True, 2, False),
        (True, False, 1, False),
        (True, False, 2, False),
    ],
)
def test_who_started_a_dream_approves_it_only_when_alone_and_allowed(
    starter: bool, allowed: bool, approvers: int, may: bool
) -> None:
    met = approval_requirements(
        undecided=0, starter_approves=starter, self_approval_allowed=allowed, eligible_approvers=approvers
    )
    assert all(requirement.satisfied for requirement in met) is may


def test_anything_undecided_blocks_the_approval_with_its_number() -> None:
    first = approval_requirements(
        undecided=2, starter_approves=False, self_approval_allowed=False, eligible_approvers=2
    )[0]
    assert (first.satisfied, first.words) == (False, "2 changes are undecided.")


def test_the_digest_tells_paths_from_bytes() -> None:
    assert result_digest([("/a", "b"), ("/c", "d")]) == result_digest([("/c", "d"), ("/a", "b")])
    assert result_digest([("/a", "bc")]) != result_digest([("/ab", "c")])


def test_the_next_undecided_change_comes_after_this_one_and_wraps() -> None:
    states = [(1, "accepted"), (2, "undecided"), (3, "accepted"), (4, "undecided")]
    assert next_undecided(states, 2) == 4
    assert next_undecided(states, 4) == 2
    assert next_undecided([(1, "accepted"), (2, "undecided")], 2) is None
    assert next_undecided(states, 99) == 2


def test_a_higher_role_may_whatever_a_lower_one_may() -> None:
    for action in roles.LEAST_ROLE:
        allowed = [roles.allows(role, action) for role in roles.ROLES]
        assert allowed == sorted(allowed)
        assert allowed[-1]
    assert set(roles.ACTION_WORDS) == set(roles.LEAST_ROLE)
    assert "you need the role operator; yours is viewer" in roles.refusal("viewer", "start_dream")
    assert review_states.OUTCOMES == ("accepted", "kept", "edited")
