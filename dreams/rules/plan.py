"""The steps that turn what a store holds into what was decided, in an order the vendor accepts."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from dreams.rules.paths import MAX_MEMORIES, ancestors

Op = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Held:
    """What a store holds at a path now."""

    memory_id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Step:
    """One write. `expected_sha` is its precondition (empty for a create: the path must be free)."""

    position: int
    op: Op
    path: str
    memory_id: str
    expected_sha: str
    target_sha: str


def plan_writes(current: Mapping[str, Held], wanted: Mapping[str, str]) -> list[Step]:
    """The writes that leave exactly `wanted` ({path: sha256}) in a store that holds `current`.

    Creates come first, then updates, deletes last, so that a plan which stops half-way has lost nothing.
    Only deletes that stand in the way of a create go before it: a path above or below it, or a full store.
    `wanted` must be possible (see `paths.check_paths`); positions count from 1.
    """
    creates = sorted(wanted.keys() - current.keys())
    updates = sorted(path for path in wanted.keys() & current.keys() if wanted[path] != current[path].sha256)
    deletes = sorted(current.keys() - wanted.keys())

    above_a_create = {above for path in creates for above in ancestors(path)}
    created = set(creates)
    first = [path for path in deletes if path in above_a_create or not created.isdisjoint(ancestors(path))]
    others = sorted(set(deletes).difference(first))
    too_many = len(current) - len(first) + len(creates) - MAX_MEMORIES
    room = max(0, too_many) if creates else 0
    first, last = sorted(first + others[:room]), others[room:]

    ordered: list[tuple[Op, str]] = [("delete", path) for path in first]
    ordered += [("create", path) for path in creates]
    ordered += [("update", path) for path in updates]
    ordered += [("delete", path) for path in last]
    return [_step(position, op, path, current, wanted) for position, (op, path) in enumerate(ordered, 1)]


def _step(position: int, op: Op, path: str, current: Mapping[str, Held], wanted: Mapping[str, str]) -> Step:
    held = current.get(path, Held("", ""))
    return Step(position, op, path, held.memory_id, held.sha256, wanted.get(path, ""))


def plan_digest(steps: Sequence[Step]) -> str:
    """Hex SHA-256 over the steps in order: what a person confirmed is what will be written."""
    return hashlib.sha256(json.dumps([asdict(step) for step in steps]).encode()).hexdigest()


def counts(steps: Iterable[Step]) -> dict[Op, int]:
    """How many memories a plan creates, updates and deletes."""
    found: dict[Op, int] = {"create": 0, "update": 0, "delete": 0}
    for step in steps:
        found[step.op] += 1
    return found
