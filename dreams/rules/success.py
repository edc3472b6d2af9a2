"""How often the outcomes of sessions were reached, by week: judged, satisfied, and after how many iterations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dreams.rules.loose import count, mapping, string

# Not judged: still going on, or stopped by a person. Every other result is a verdict, known to us or not.
UNDECIDED = frozenset({"", "pending", "running", "evaluating", "interrupted"})
FEW = 20  # outcomes: below, a difference of rates says little


@dataclass(frozen=True, slots=True)
class Success:
    """`n` judged outcomes, of which so many were satisfied, after `iterations` in all."""

    n: int = 0
    satisfied: int = 0
    iterations: int = 0

    def __add__(self, other: "Success") -> "Success":
        return Success(self.n + other.n, self.satisfied + other.satisfied, self.iterations + other.iterations)

    @property
    def mean(self) -> float | None:
        """Iterations per outcome; None for no outcome."""
        return self.iterations / self.n if self.n else None

    @property
    def percent(self) -> int | None:
        """Satisfied of a hundred; None for no outcome."""
        return round(100 * self.satisfied / self.n) if self.n else None

    @property
    def few(self) -> bool:
        """Whether there are too few for a rate to mean much."""
        return 0 < self.n < FEW


@dataclass(frozen=True, slots=True)
class Week:
    """The outcomes of the sessions that began in the week from this Monday on, in UTC."""

    monday: date
    success: Success


def success_of(outcomes: Iterable[Any]) -> Success:
    """The judged ones among a session's outcomes: mappings with `result` and `iteration` (from 0)."""
    told = [mapping(outcome) for outcome in outcomes]
    judged = [outcome for outcome in told if string(outcome.get("result")) not in UNDECIDED]
    return Success(
        len(judged),
        sum(outcome.get("result") == "satisfied" for outcome in judged),
        sum(count(outcome.get("iteration")) + 1 for outcome in judged),
    )


def total(sessions: Iterable[tuple[datetime, Sequence[Mapping[str, Any]]]]) -> Success:
    """All sessions (begun at, outcomes) together."""
    return sum((success_of(outcomes) for _, outcomes in sessions), Success())


def weeks_of(
    sessions: Iterable[tuple[datetime, Sequence[Mapping[str, Any]]]], *, until: datetime, number: int
) -> list[Week]:
    """So many weeks up to that moment, oldest first, empty ones too; sessions begun earlier or later are left out."""
    last = monday_of(until)
    found = {last - timedelta(weeks=back): Success() for back in range(number - 1, -1, -1)}
    for begun, outcomes in sessions:
        if (monday := monday_of(begun)) in found:
            found[monday] += success_of(outcomes)
    return [Week(monday, success) for monday, success in found.items()]


def monday_of(moment: datetime) -> date:
    """The Monday of its week, in UTC."""
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())
