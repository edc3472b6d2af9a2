"""The share of what a dream lost, and from where on it is an alarm."""

import pytest

from dreams.rules.losses import Loss


@pytest.mark.parametrize(
    ("lost", "statements", "alarm", "percent", "loud"),
    [
        (118, 380, 25, 31, True),
        (95, 380, 25, 25, False),
        (96, 380, 25, 25, True),
        (1, 1000, 25, 1, False),
        (0, 10, 0, 0, False),
        (1, 1000, 0, 1, True),
        (5, 5, 100, 100, False),
        (0, 0, 25, 0, False),
    ],
)
def test_more_than_the_alarm_allows_is_loud(lost: int, statements: int, alarm: int, percent: int, loud: bool) -> None:
    loss = Loss(lost, statements, alarm)
    assert (loss.percent, loss.loud) == (percent, loud)


def test_it_is_said_in_figures() -> None:
    loss = Loss(1180, 3800, 25)
    assert (loss.figure, loss.counted) == ("31 % of what was known lost", "1,180 of 3,800 statements")
    assert Loss(0, 0, 25).figure == ""
