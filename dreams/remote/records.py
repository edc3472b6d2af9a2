"""What the vendor's API answers, as frozen records: times are aware datetimes, sequences are tuples.

Words that the vendor may extend (statuses, operations, event types, results) are plain strings and pass
through as they came.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Identity:
    """Where a key belongs, from the response headers of any answer."""

    organization_id: str
    workspace_id: str


@dataclass(frozen=True, slots=True)
class Store:
    """A memory store. `updated_at` does not move when a memory changes; it carries no counts."""

    id: str
    name: str
    description: str
    metadata: Mapping[str, str]
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who wrote or redacted a version; `id` is an id of that kind, never a secret ("" when not told)."""

    kind: Literal["session", "api_key", "user", "service_account", "unknown"]
    id: str


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory as it is now. `content` is None where the vendor was not asked for it; `sha256` and `size`
    (bytes) are of its UTF-8 text and were checked against `content` when that came along."""

    id: str
    store_id: str
    path: str
    content: str | None
    sha256: str
    size: int
    version_id: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """One write to a memory. `path` is None when redacted; `content`, `sha256` and `size` are None when
    deleted or redacted, `content` also in basic lists."""

    id: str
    store_id: str
    memory_id: str
    operation: str
    created_at: datetime
    actor: Actor | None
    path: str | None
    content: str | None
    sha256: str | None
    size: int | None
    redacted_at: datetime | None
    redacted_by: Actor | None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the vendor counts them."""

    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int
    cache_creation_input_tokens: int


@dataclass(frozen=True, slots=True)
class Dream:
    """A dream. `output_store_id` is None until the vendor has cloned the store; with `updates_existing` it is
    `store_id` itself. `error_type` is "" when there is no error."""

    id: str
    status: str
    store_id: str
    session_ids: tuple[str, ...]
    output_store_id: str | None
    updates_existing: bool
    model: str
    instructions: str | None
    session_id: str | None
    created_at: datetime
    ended_at: datetime | None
    archived_at: datetime | None
    usage: Usage
    error_type: str
    error_message: str


@dataclass(frozen=True, slots=True)
class Mount:
    """A memory store in a session, with the name and description it had when it was attached."""

    store_id: str
    access: str
    instructions: str
    name: str
    description: str
    mount_path: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The last state of one outcome of a session; `iteration` counts from 0."""

    id: str
    description: str
    iteration: int
    result: str
    explanation: str
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Session:
    """A session. `cost_cents` is the vendor's list cost in hundredths of `currency`, None when not told."""

    id: str
    title: str
    status: str
    agent_id: str
    agent_name: str
    agent_version: int
    deployment_id: str | None
    mounts: tuple[Mount, ...]
    outcomes: tuple[Outcome, ...]
    usage: Usage
    cost_cents: Decimal | None
    currency: str
    active_seconds: float
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a transcript; `raw` is the whole JSON object as it came: untrusted, switch on `type`."""

    id: str
    type: str
    processed_at: datetime | None
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Thread:
    """One thread of a session; `parent_id` is None for the primary one. `agent_type` is agent, inline or advisor:
    advisors have no name, only a `model`."""

    id: str
    session_id: str
    parent_id: str | None
    agent_name: str
    agent_type: str
    status: str
    created_at: datetime
    model: str = ""


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent's newest version; `multiagent` as the API gave it, {} for one that works alone (rules.rosters)."""

    id: str
    name: str
    version: int
    description: str
    model: str
    multiagent: Mapping[str, Any]
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment; each of `resources` exactly as the API gave it (an update replaces the whole list), and so
    `schedule`, {} without one.
    `paused_reason` is "" when active, else the reason's type, with the error's type after a colon."""

    id: str
    name: str
    agent_id: str
    agent_version: int | None
    status: str
    paused_reason: str
    schedule: Mapping[str, Any]
    resources: tuple[Mapping[str, Any], ...]
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime
