"""Outcomes counted by week: only verdicts count, no rate for none, unknown results are no success."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from dreams.rules.success import Success, success_of, total, weeks_of


def outcome(result: object, iteration: object = 0) -> dict[str, object]:
    return {"result": result, "iteration": iteration}


def test_verdicts_count_and_what_goes_on_or_was_stopped_does_not() -> None:
    judged = [outcome("satisfied", 1), outcome("failed"), outcome("max_iterations_reached", 2), outcome("of_tomorrow")]
    waiting = [outcome(word) for word in ("pending", "running", "evaluating", "interrupted", "", None)]
    assert success_of([*judged, *waiting]) == Success(4, 1, 2 + 1 + 3 + 1)


@pytest.mark.parametrize("broken", [None, 3, "satisfied", {"result": 7}, {"iteration": 2}])
def test_what_is_no_outcome_counts_nothing(broken: Any) -> None:
    assert success_of([broken]) == Success()


def test_there_is_no_rate_of_nothing() -> None:
    assert (Success().percent, Success().mean, Success().few) == (None, None, False)
    assert (Success(4, 3, 6).percent, Success(4, 3, 6).mean, Success(4, 3, 6).few) == (75, 1.5, True)
    assert not Success(20, 20, 20).few


def test_weeks_begin_on_monday_in_utc_and_empty_ones_stay() -> None:
    until = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
    sessions = [
        (datetime(2026, 11, 16, 0, 0, tzinfo=UTC), Success(1, 1, 1)),
        (datetime(2026, 11, 15, 23, 59, tzinfo=UTC), Success(1, 0, 3)),
        (datetime(2026, 10, 1, tzinfo=UTC), Success(1, 1, 1)),
    ]
    weeks = weeks_of(sessions, until=until, number=3)
    assert [(week.monday, week.success) for week in weeks] == [
        (date(2026, 11, 2), Success()),
        (date(2026, 11, 9), Success(1, 0, 3)),
        (date(2026, 11, 16), Success(1, 1, 1)),
    ]
    assert total(success for _, success in sessions) == Success(3, 2, 5)
    assert total([]) == Success()
