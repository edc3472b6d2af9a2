"""Which tool call of a transcript wrote a file, told from the calls alone: the vendor does not say it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

# The vendor notes a write at its own clock, a little before or after the call that asked for it.
SKEW = timedelta(seconds=5)
_READS = frozenset({"read", "view", "glob", "grep", "ls"})
BYTES, FILE, COMMAND, SHELL = "bytes", "file", "command", "shell"


@dataclass(frozen=True, slots=True)
class Write:
    """A call that wrote the file, the surest first, by `how`: BYTES (it carries exactly these), FILE (it changes that
    file), COMMAND (a shell command that names it), SHELL (a shell command that does not: it may have)."""

    event_id: str
    tool: str
    how: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A write that is looked for: into the file at `path` below the mount at `root`, of bytes with `digest` ("" for a
    deletion), noted at `at`; the write before it was noted at `since` (None when there was none)."""

    root: str
    path: str
    digest: str
    at: datetime
    since: datetime | None = None

    def names(self, command: str) -> bool:
        """Whether a shell command names the file, wholly or from inside its mount."""
        return self.root in command and self.path[1:] in command


def find_write(events: Iterable[Mapping[str, Any]], wanted: Wanted) -> Write | None:
    """The call that fits best: the surest kind, in it the last one before the write was noted, else the first right
    after. Calls that failed are none, nor are those before the write before. Any event is taken, whatever its shape.
    """
    listed = [event for event in events if isinstance(event, Mapping)]
    failed = {use for event in listed if event.get("is_error") is True for use in _answered(event)}
    found = [
        write for event in listed if (write := _write(event, wanted)) is not None and write.event_id not in failed
    ]
    for kinds in ((BYTES, FILE), (COMMAND,), (SHELL,)):
        fits = [write for write in found if write.how in kinds]
        before = [write for write in fits if write.at <= wanted.at]
        if fits:
            return max(before, key=lambda write: write.at) if before else min(fits, key=lambda write: write.at)
    return None


def _write(event: Mapping[str, Any], wanted: Wanted) -> Write | None:
    at, event_id = _moment(event.get("processed_at")), event.get("id")
    if at is None or not isinstance(event_id, str) or not str(event.get("type")).endswith("tool_use"):
        return None
    if at > wanted.at + SKEW or (wanted.since is not None and at <= wanted.since):
        return None
    name, asked = str(event.get("name") or ""), event.get("input")
    how = _how(name, asked, wanted) if isinstance(asked, Mapping) else ""
    return Write(event_id, name, how, at) if how else None


def _how(name: str, asked: Mapping[str, Any], wanted: Wanted) -> str:
    """Nothing for a call that does not write, or writes somewhere else."""
    command = asked.get("command")
    if isinstance(command, str) and name == "bash":
        return COMMAND if wanted.names(command) else SHELL
    if name in _READS or wanted.root + wanted.path not in _paths(asked):
        return ""
    content = asked.get("content")
    same = isinstance(content, str) and sha256(content.encode(errors="replace")).hexdigest() == wanted.digest
    return BYTES if same else FILE


def _paths(asked: Mapping[str, Any]) -> Collection[Any]:
    return [asked.get("file_path"), asked.get("path")]


def _answered(event: Mapping[str, Any]) -> list[str]:
    keys = ("tool_use_id", "mcp_tool_use_id", "custom_tool_use_id")
    return [use for key in keys if isinstance(use := event.get(key), str)]


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
