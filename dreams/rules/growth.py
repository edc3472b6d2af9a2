"""How a store came to its size and where it is written: day by day, and memory by memory, from its versions."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

# So many days back, and so many memories.
DAYS, HOT_DAYS, HOT_PATHS = 60, 30, 10


@dataclass(frozen=True, slots=True)
class Write:
    """One version: `size` in bytes is None where it is not known (redacted), `session` "" for a key or a person."""

    memory_id: str
    operation: str
    path: str
    size: int | None
    session: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Day:
    """A store at the end of one day (UTC), and how often it was written on that day."""

    day: date
    memories: int
    bytes: int
    writes: int


@dataclass(frozen=True, slots=True)
class Hot:
    """A memory and how often it was written lately: by how many sessions, and by nobody of them (keys, people)."""

    memory_id: str
    path: str
    writes: int
    sessions: int
    last: datetime


def growth(writes: Iterable[Write], *, memories: int, bytes: int, now: datetime, days: int = DAYS) -> list[Day]:
    """The last `days` days, oldest first, reckoned backwards from what the store holds now; `writes` in their order.

    Days before the first write that is known are left out: the store may have been as it is, or not have been.
    """
    count: Counter[date] = Counter()
    more: Counter[date] = Counter()
    larger: Counter[date] = Counter()
    size: dict[str, int] = {}
    first: date | None = None
    for write in writes:
        day = write.at.date()
        first = first or day
        count[day] += 1
        gone = write.operation == "deleted"
        more[day] += -1 if gone else write.operation == "created"
        known = 0 if gone else write.size
        if known is not None:
            before = size.get(write.memory_id, 0 if write.operation == "created" else known)
            larger[day] += known - before
            size[write.memory_id] = known
    found = []
    for back in range(days):
        day = now.date() - timedelta(days=back)
        if first is None or day < first:
            break
        found.append(Day(day, max(0, memories), max(0, bytes), count[day]))
        memories, bytes = memories - more[day], bytes - larger[day]
    return found[::-1]


def hot(writes: Iterable[Write], *, now: datetime, most: int = HOT_PATHS) -> list[Hot]:
    """The memories written most often in the last HOT_DAYS days, more than once each, the most written first; `writes`
    in their order."""
    since = now - timedelta(days=HOT_DAYS)
    by_memory: dict[str, list[Write]] = defaultdict(list)
    for write in writes:
        if write.at >= since:
            by_memory[write.memory_id].append(write)
    found = []
    for memory_id, each in by_memory.items():
        path = next((write.path for write in reversed(each) if write.path), "")
        sessions = {write.session for write in each if write.session}
        if len(each) > 1 and each[-1].operation != "deleted":
            found.append(Hot(memory_id, path, len(each), len(sessions), each[-1].at))
    return sorted(found, key=lambda each: (-each.writes, -each.sessions, each.path))[:most]
