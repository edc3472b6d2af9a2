"""On whose behalf calls are made: said by whoever starts work, counted where the call takes its token."""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

SLOT = 10
"""Seconds that are counted together."""
KEPT = 3_600
"""Seconds that are remembered."""
MOST_SPENDERS = 32
"""Different spenders counted in one slot; calls of further ones are counted under nobody's name."""


@dataclass(frozen=True, slots=True)
class Spender:
    """What work, for which of our rows (0: none): never names, which would outlive them in another server."""

    workspace: int = 0
    work: str = "other"
    store: int = 0
    person: int = 0

    @property
    def label(self) -> str:
        """The spender as a word of plain characters."""
        return f"{self.workspace}.{self.work}.{self.store}.{self.person}"

    @classmethod
    def of(cls, label: str) -> "Spender":
        """The spender with that label; nobody for a label that is none."""
        parts = label.split(".")
        if len(parts) != 4 or not all(parts[at].isdecimal() for at in (0, 2, 3)):
            return cls()
        return cls(int(parts[0]), parts[1], int(parts[2]), int(parts[3]))


Spent = Mapping[int, Mapping[str, int]]
"""{start of a slot in seconds since 1970: {label: calls}}, of the last KEPT seconds."""

NOBODY = Spender()
_spender: ContextVar[Spender] = ContextVar("spender", default=NOBODY)


@contextmanager
def spending(**what: Any) -> Iterator[None]:
    """Calls made inside are counted for this work, store or person; what is not named stays as it was outside."""
    token = _spender.set(replace(_spender.get(), **what))
    try:
        yield
    finally:
        _spender.reset(token)


def spender() -> Spender:
    """On whose behalf a call would be made now."""
    return _spender.get()


def slot_of(seconds: float) -> int:
    """The start of the slot that a moment lies in."""
    return int(seconds) // SLOT * SLOT


class Tally:
    """Calls by slot and spender, counted in this process alone; takes no more memory however long it runs."""

    def __init__(self) -> None:
        self._slots: deque[tuple[int, Counter[str]]] = deque(maxlen=KEPT // SLOT + 1)
        self._lock = threading.Lock()

    def count(self, calls: int) -> None:
        """Counts calls for whoever spends now."""
        slot, label = slot_of(time.time()), spender().label
        with self._lock:
            if not self._slots or self._slots[-1][0] != slot:
                self._slots.append((slot, Counter()))
            counts = self._slots[-1][1]
            counts[label if label in counts or len(counts) < MOST_SPENDERS else ""] += calls

    def spent(self) -> Spent:
        """What was counted."""
        since = slot_of(time.time()) - KEPT
        with self._lock:
            return {slot: dict(counts) for slot, counts in self._slots if slot > since}
