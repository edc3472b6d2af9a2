"""A deployment's `resources`: one memory store exchanged for another, everything else left as it was."""

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dreams.rules.paths import mount_path

MAX_STORES = 8
MAX_INSTRUCTIONS = 4_096

# What the vendor takes for a memory store; anything else in an answer (name, mount_path, …) is an echo.
_SENT = ("type", "memory_store_id", "access", "instructions")


@dataclass(frozen=True, slots=True)
class Swap:
    """`before` as read, `after` as it would be sent, `problems` that forbid it, `notes` to read first."""

    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def swap_store(
    resources: Sequence[Mapping[str, Any]],
    old_store_id: str,
    new_store_id: str,
    *,
    old_name: str = "",
    new_name: str = "",
) -> Swap:
    """The list with the old store's id replaced by the new one's; access and instructions carried over.

    Updating a deployment replaces the whole list, so every other entry is kept in place and unchanged;
    memory stores lose only the members the vendor echoes but does not take. The names, when given, tell
    whether agents will find the memory under another path.
    """
    before = [copy.deepcopy(dict(entry)) for entry in resources]
    after = sendable(before)
    for entry in after:
        if _store_id(entry) == old_store_id:
            entry["memory_store_id"] = new_store_id
    return Swap(
        before,
        after,
        tuple(_problems(before, old_store_id, new_store_id)),
        tuple(_notes(old_name, new_name)),
    )


def sendable(resources: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The list as the vendor takes it: memory stores without the members that its answers only echo."""
    return [_sent(entry) for entry in resources]


def session_resource_entry(
    store_id: str, access: str = "read_write", instructions: str | None = None
) -> dict[str, str]:
    """The entry that mounts a store in `sessions.create(resources=[…])`.

    ValueError with a sentence for an unknown access or instructions beyond 4,096 characters.
    """
    if access not in ("read_write", "read_only"):
        raise ValueError(f"Access is read_write or read_only, not {access!r}.")
    entry = {"type": "memory_store", "memory_store_id": store_id, "access": access}
    if instructions:
        if len(instructions) > MAX_INSTRUCTIONS:
            raise ValueError(
                f"The instructions have {len(instructions):,} characters; {MAX_INSTRUCTIONS:,} are allowed."
            )
        entry["instructions"] = instructions
    return entry


def digest(resources: Sequence[Mapping[str, Any]]) -> str:
    """Hex SHA-256 of the list as canonical JSON: equal exactly when the lists are equal."""
    text = json.dumps([dict(entry) for entry in resources], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _store_id(entry: Mapping[str, Any]) -> str | None:
    return entry.get("memory_store_id") if entry.get("type") == "memory_store" else None


def _sent(entry: Mapping[str, Any]) -> dict[str, Any]:
    if _store_id(entry) is None:
        return copy.deepcopy(dict(entry))
    # A null access or instructions means "not set": leaving it out says the same without a guess.
    return {key: entry[key] for key in _SENT if entry.get(key) is not None}


def _problems(before: Sequence[Mapping[str, Any]], old: str, new: str) -> list[str]:
    problems = []
    stores = [_store_id(entry) for entry in before if _store_id(entry) is not None]
    if old == new:
        problems.append("The old and the new memory store are the same.")
    elif new in stores:
        problems.append(f"The deployment already mounts the new memory store {new}.")
    if old not in stores:
        problems.append(f"The deployment does not mount the memory store {old} (any more).")
    if stores.count(old) > 1:
        problems.append(f"The deployment mounts the memory store {old} more than once.")
    if len(stores) > MAX_STORES:
        problems.append(f"The deployment mounts {len(stores)} memory stores; {MAX_STORES} are allowed.")
    problems += [
        f"The deployment also mounts the repository {entry.get('url', '')}, whose access token the API "
        "never gives back. Updating the list without it would cut a private repository off, so this "
        "deployment has to be changed where the token is known."
        for entry in before
        if entry.get("type") == "github_repository" and not entry.get("authorization_token")
    ]
    return problems


def _notes(old_name: str, new_name: str) -> list[str]:
    old, new = mount_path(old_name), mount_path(new_name)
    if not old_name or not new_name or old == new:
        return []
    return [
        f"Agents find this memory under {new} instead of {old}, because the new store has another name. "
        "Prompts and instructions that name the old path have to follow; renaming the new store to "
        f"“{old_name}” before attaching keeps the path."
    ]
