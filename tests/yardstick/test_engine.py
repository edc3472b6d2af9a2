"""The engine does not get worse on the open dreams than it was when it was tuned on them."""

import pytest

from dreams.rules.changes import compare
from tests.yardstick.labels import OPEN, Dream
from tests.yardstick.score import Score, score


@pytest.fixture(scope="module", params=OPEN)
def found(request: pytest.FixtureRequest) -> Score:
    dream = Dream(request.param)
    return score(dream, compare(dream.before, dream.after).as_dict())


def test_the_lineage_is_traced_through_free_rewriting(found: Score) -> None:
    assert found.counts["lineage"].f1 >= 0.95
    assert found.counts["exact merge groups"].recall >= 0.9


def test_what_is_lost_altered_or_invented_is_shown(found: Score) -> None:
    assert found.counts["lost"].recall >= 0.9
    assert found.counts["altered"].recall >= 0.85
    assert found.counts["altered"].precision >= 0.9
    assert found.counts["unsourced"].recall >= 0.85


def test_false_alarms_are_few(found: Score) -> None:
    alarms, notes = found.shares["false alarms / 10 changed notes"]
    assert alarms <= 2.5 * notes


def test_another_spelling_of_a_value_is_seldom_taken_for_another_value(found: Score) -> None:
    for trap, most in (("number-word", 2), ("unit-conversion", 3), ("date-format", 0), ("abbreviation", 1)):
        assert found.shares[f"fell for: {trap}"][0] <= most, trap
