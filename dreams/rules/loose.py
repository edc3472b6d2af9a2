"""Reading JSON of which nothing is promised: each reader gives the value, or what stands for its absence."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def string(value: Any) -> str:
    """A text; "" for anything else."""
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> Mapping[str, Any]:
    """An object; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """A list; one text alone is a list of it, anything else an empty one."""
    if isinstance(value, str):
        return [value]
    return value if isinstance(value, list) else []


def count(value: Any) -> int:
    """A whole number from 0 on; 0 for anything else, true and false too."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def moment(value: Any) -> datetime | None:
    """An aware moment in UTC; None for anything else."""
    try:
        found = datetime.fromisoformat(string(value))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
