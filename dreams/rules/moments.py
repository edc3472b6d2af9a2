"""Moments: how a store at some time is written in an address, and what it held then by its versions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

NOW, AT, SNAPSHOT = "now", "at", "snapshot"


@dataclass(frozen=True, slots=True)
class Moment:
    """One end of a comparison. `store` is the vendor's id ("" for a snapshot), `at` the time and `snapshot` our number
    where the kind asks for them."""

    kind: str
    store: str = ""
    at: datetime | None = None
    snapshot: int = 0

    def __str__(self) -> str:
        if self.kind == SNAPSHOT:
            return f"{SNAPSHOT}:{self.snapshot}"
        return f"{AT}:{self.store}:{spell_time(self.at)}" if self.at else f"{NOW}:{self.store}"


def parse_moment(said: str) -> Moment | None:
    """`now:<store>`, `at:<store>:<time>` or `snapshot:<number>`; None for anything else. A time that names no zone is
    UTC."""
    kind, _, rest = said.partition(":")
    if "\0" in said:  # what forms send; in an address none comes this far
        return None
    if kind == NOW and rest:
        return Moment(NOW, rest)
    if kind == SNAPSHOT and rest.isascii() and rest.isdecimal() and len(rest) < 19:
        return Moment(SNAPSHOT, snapshot=int(rest))
    store, _, time = rest.partition(":")
    at = _time(time)
    return Moment(AT, store, at) if kind == AT and store and at else None


def _time(said: str) -> datetime | None:
    try:
        # A "+" of a zone that was not escaped arrives as a blank.
        at = datetime.fromisoformat(said.replace(" ", "+") if "T" in said else said)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def spell_time(at: datetime) -> str:
    """UTC, as short as it is exact: 2026-11-20T10:00Z."""
    at = at.astimezone(UTC).replace(tzinfo=None)
    spec = "microseconds" if at.microsecond else "seconds" if at.second else "minutes"
    return f"{at.isoformat(timespec=spec)}Z"


@dataclass(frozen=True, slots=True)
class Head:
    """A memory as it stands in the mirror now."""

    memory_id: str
    path: str
    sha: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """One version. `path` and `sha` are "" where it was redacted."""

    id: str
    memory_id: str
    operation: str
    path: str
    sha: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch whose versions are not known; without an `end` it lasts until now."""

    start: datetime
    end: datetime | None

    def within(self, after: datetime, until: datetime) -> bool:
        """Whether something unknown may have been written behind `after` and up to `until`."""
        return self.start < until and (self.end is None or after < self.end)


@dataclass(frozen=True, slots=True)
class Then:
    """A store as it was: {path: sha256}, the version that tells each path which is not known from the mirror, paths
    that cannot be told, and whether there may have been memories of which nothing is known here."""

    held: Mapping[str, str]
    told_by: Mapping[str, str]
    uncertain: Sequence[str]
    whole: bool


def as_of(
    at: datetime,
    heads: Iterable[Head],
    versions: Iterable[Written],
    gaps: Sequence[Gap] = (),
    known_from: datetime | None = None,
) -> Then:
    """The store as it was at `at`, from what it holds now and its versions (any order). A path is told only where no
    gap lies between the version and `at`. Before `known_from` old versions are missing, each memory's oldest first."""
    now = {head.memory_id: head for head in heads}
    told: dict[str, list[Written]] = defaultdict(list)
    for version in versions:
        told[version.memory_id].append(version)
    held: dict[str, tuple[str, str]] = {}
    uncertain: set[str] = set()
    for memory_id in sorted(now.keys() | told.keys()):
        head, known = now.get(memory_id), sorted(told[memory_id], key=lambda version: version.at)
        if head and (head.updated_at <= at or head.created_at > at):
            if head.created_at <= at:
                held[head.path] = head.sha, ""
            continue
        last = next((version for version in reversed(known) if version.at <= at), None)
        first = next((version for version in known if version.at > at), None)
        if last is None:
            if first is None or first.operation != "created":
                uncertain |= _places(first, head) or {memory_id}
        elif last.operation == "deleted":
            continue
        elif not last.sha or any(gap.within(last.at, at) for gap in gaps):
            uncertain |= _places(last, head) or {memory_id}
        else:
            held[last.path] = last.sha, last.id
    return Then(
        held={path: sha for path, (sha, _) in held.items()},
        told_by={path: id for path, (_, id) in held.items() if id},
        uncertain=sorted(uncertain - held.keys()),
        whole=(known_from is None or known_from <= at) and not any(gap.within(at, at) for gap in gaps),
    )


def _places(version: Written | None, head: Head | None) -> set[str]:
    """Where a memory stood by this version, and where it stands now: bringing back what is not known for the one must
    not take away the other."""
    return {place.path for place in (version, head) if place} - {""}
