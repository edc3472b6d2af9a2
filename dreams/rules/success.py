"""How often the outcomes of sessions were reached, by week: judged, satisfied, and after how many iterations."""

from collections.abc import Iterable
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


def total(each: Iterable[Success]) -> Success:
    """All of them together."""
    told = [(one.n, one.satisfied, one.iterations) for one in each]
    return Success(*(sum(numbers) for numbers in zip(*told, strict=True)))


def weeks_of(sessions: Iterable[tuple[datetime, Success]], *, until: datetime, number: int) -> list[Week]:
    """So many weeks up to that moment, oldest first, empty ones too, of sessions (begun at, its success); those begun
    earlier or later are left out."""
    last = monday_of(until)
    found: dict[date, list[Success]] = {last - timedelta(weeks=back): [] for back in range(number - 1, -1, -1)}
    for begun, success in sessions:
        if (monday := monday_of(begun)) in found:
            found[monday].append(success)
    return [Week(monday, total(each)) for monday, each in found.items()]


def monday_of(moment: datetime) -> date:
    """The Monday of its week, in UTC."""
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())
