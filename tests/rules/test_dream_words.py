"""Every state of a dream says in words what is going on, and never claims that nothing changed when it did."""

import pytest

from dreams.rules import dream_states as states
from dreams.rules.dream_words import failure_words, partial_words, state_words


@pytest.mark.parametrize("state", sorted(states.DREAM_STATES.words))
def test_every_state_is_told_in_sentences(state: str) -> None:
    words = state_words(state)
    assert words.endswith(".")
    assert len(words.split()) > 8


def test_no_two_states_say_the_same() -> None:
    told = [state_words(state) for state in states.DREAM_STATES.words]
    assert len(set(told)) == len(told)


def test_the_way_from_the_snapshot_to_the_launch_is_told() -> None:
    assert "sent next" in state_words(states.SNAPSHOTTING, snapshot_taken=True)
    assert "never sent a second time" in state_words(states.UNKNOWN)


@pytest.mark.parametrize("state", [states.RUNNING, *sorted(states.FINAL - {states.NOT_CREATED})])
def test_a_dream_into_the_store_itself_does_not_promise_that_agents_read_the_old(state: str) -> None:
    words = state_words(state, updates_existing=True)
    assert "Nothing that agents read" not in words
    assert "stays as it is" not in words


def test_what_an_unfinished_dream_left_is_named_by_how_it_wrote() -> None:
    assert "half rewritten" in partial_words(updates_existing=True)
    assert "No agent reads it" in partial_words(updates_existing=False)


def test_a_failure_is_told_in_our_words_or_in_the_vendors() -> None:
    assert "Fewer sessions" in failure_words("timeout", "took too long")
    assert failure_words("moon_missing", "no moon") == "The vendor says: moon missing: no moon"
    assert failure_words("", "no moon") == "The vendor says: no moon"
    assert failure_words("", "") == "The vendor gave no reason."
