"""What is broken about an agent or a deployment, or about to break, each in a sentence that says what to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dreams.rules.loose import items, mapping, string
from dreams.rules.resources import MAX_STORES

MAX_MEMORIES = 2_000
NEAR = 0.9  # of a limit: time to do something about it

_PAUSED = {
    "manual": "Somebody paused it; it starts no sessions until it is resumed in the Console.",
    "memory_store_archived_error": "The vendor paused it: a memory store that it mounts is archived.",
    "agent_archived_error": "The vendor paused it: its agent is archived.",
    "environment_archived_error": "The vendor paused it: its environment is archived.",
    "environment_not_found_error": "The vendor paused it: its environment no longer exists.",
    "file_not_found_error": "The vendor paused it: a file that it mounts no longer exists.",
    "organization_disabled_error": "The vendor paused it: the organisation is disabled.",
    "workspace_archived_error": "The vendor paused it: the workspace is archived.",
    "skill_not_found_error": "The vendor paused it: a skill of its agent no longer exists.",
    "session_resource_not_found_error": "The vendor paused it: something that it mounts no longer exists.",
    "vault_not_found_error": "The vendor paused it: a vault of its credentials no longer exists.",
    "vault_archived_error": "The vendor paused it: a vault of its credentials is archived.",
    "mcp_egress_blocked_error": "The vendor paused it: its network rules keep it from an MCP server.",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One sentence: what, and what to do; `tone` is bad for what fails now, warn for what soon may."""

    tone: str
    text: str
    advice: str


@dataclass(frozen=True, slots=True)
class Mounted:
    """A store as far as a deployment's fate depends on it; `state` is "", archived, gone or unknown (not mirrored).
    `successor` is the store that its line has now, "" when it is that one itself."""

    name: str
    state: str
    memories: int
    writes: bool
    successor: str = ""


def paused_words(reason: str) -> str:
    """Why a deployment is paused; `reason` is the vendor's type, with the error's type after a colon."""
    kind = reason.rpartition(": ")[2]
    told = _PAUSED.get(kind)
    if told:
        return told
    return f"It is paused; the vendor says: {reason.replace('_', ' ')}." if reason else "It is paused."


def schedule_words(schedule: Mapping[str, Any]) -> str:
    """When a deployment starts sessions by itself; "" when it does not."""
    kind, expression = string(schedule.get("type")), string(schedule.get("expression"))
    if not kind and not expression:
        return ""
    zone = string(schedule.get("timezone"))
    return f"{expression or kind}{f' in {zone}' if zone else ''}"


def upcoming_runs(schedule: Mapping[str, Any]) -> list[str]:
    """The next runs as the vendor listed them, as texts."""
    return [text for text in map(string, items(schedule.get("upcoming_runs_at"))) if text]


def deployment_troubles(
    stores: Iterable[Mounted], *, agent_name: str, agent_archived: bool, pinned: int | None, newest: int | None
) -> list[Trouble]:
    """What keeps a deployment from working, or soon will; the worst first. `newest` is None for an agent that is not
    mirrored."""
    stores = list(stores)
    found = [trouble for store in stores for trouble in _store_troubles(store)]
    if agent_archived:
        found.append(
            Trouble(
                "bad",
                f"Its agent {agent_name} is archived: no session starts any more.",
                "Point the deployment at another agent in the Console, or archive it too.",
            )
        )
    elif pinned is not None and newest is not None and pinned < newest:
        found.append(
            Trouble(
                "warn",
                f"It runs version {pinned} of {agent_name}; the newest is {newest}.",
                "Pin it to the newest version in the Console once that one is proven, or leave it on purpose.",
            )
        )
    if len(stores) >= MAX_STORES:
        found.append(
            Trouble(
                "warn",
                f"It mounts {len(stores)} memory stores, as many as a session may ({MAX_STORES}).",
                "Before another can be mounted, one has to go: merge two stores, or drop one it seldom reads.",
            )
        )
    return sorted(found, key=lambda trouble: trouble.tone != "bad")


def _store_troubles(store: Mounted) -> list[Trouble]:
    exchange = "Mount another store in its place: in the Console, or by attaching a reviewed store of its line."
    if store.state == "archived":
        return [Trouble("bad", f"The store {store.name} is archived: sessions with it fail to start.", exchange)]
    if store.state == "gone":
        return [Trouble("bad", f"The store {store.name} was deleted: sessions with it fail to start.", exchange)]
    if store.state == "unknown":
        text = f"The store {store.name} is not in the list of this workspace's stores."
        return [Trouble("warn", text, "Refresh the stores; if it stays unknown, it was deleted.")]
    if store.writes and store.memories >= MAX_MEMORIES * NEAR:
        full = store.memories >= MAX_MEMORIES
        holds = f"The store {store.name} holds {store.memories:,} of {MAX_MEMORIES:,} memories"
        text = f"{holds}: agents can add none." if full else f"{holds}: soon agents can add none."
        return [Trouble("bad" if full else "warn", text, "Remove what is no longer true, or start a dream over it.")]
    if store.successor:
        text = f"The store {store.name} is not the current one of its line; that is {store.successor}."
        return [Trouble("warn", text, "Attach the current one, or leave it if this deployment should stay behind.")]
    return []


def roster_trouble(
    name: str, *, archived: bool, known: bool, pinned: int | None, newest: int | None
) -> Trouble | None:
    """What is wrong with one agent of a roster; None when nothing is."""
    if not known:
        text = f"{name} is in the roster but not among this workspace's agents."
        return Trouble("warn", text, "Update the roster of the coordinator in the Console if it was removed.")
    if archived:
        text = f"{name} is archived: work can no longer be handed to it."
        return Trouble("bad", text, "Take it out of the roster in the Console, or name its successor there.")
    if pinned is not None and newest is not None and pinned < newest:
        text = f"{name} is called at version {pinned}; the newest is {newest}."
        return Trouble("warn", text, "Save the coordinator again in the Console to pin the newest, if that is meant.")
    return None


def mounted_stores(resources: Iterable[Any]) -> list[tuple[str, str, str]]:
    """(store id, access, instructions) of every memory store among the resources, in their order."""
    entries = [mapping(entry) for entry in resources]
    return [
        (id, string(entry.get("access")) or "read_write", string(entry.get("instructions")))
        for entry in entries
        if entry.get("type") == "memory_store" and (id := string(entry.get("memory_store_id")))
    ]


def other_resources(resources: Iterable[Any]) -> list[str]:
    """What else is mounted, each in a few words."""
    entries = [mapping(entry) for entry in resources]
    return [
        f"{string(entry.get('type')).replace('_', ' ') or 'something'} {_named(entry)}".strip()
        for entry in entries
        if entry.get("type") != "memory_store"
    ]


def _named(entry: Mapping[str, Any]) -> str:
    return next(filter(None, (string(entry.get(key)) for key in ("url", "mount_path", "file_id"))), "")
