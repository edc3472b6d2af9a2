"""What is mounted into a session: the `resources` member of sessions and deployments."""

import re
from collections.abc import Collection

from sandbox.state import Json, State
from sandbox.wire import Fields, missing, refused

MOST_STORES = 8


def read_resources(state: State, body: Fields, high: int = 500, kept: Collection[str] = ()) -> list[Json]:
    """The member `resources` as a deployment shows it: without the write-only tokens.

    A store must exist and not be archived; one in `kept` (attached already) may be archived by now.
    """
    resources = [_read(resource) for resource in body.objects("resources", 0, high)]
    stores = store_ids(resources)
    if len(stores) > MOST_STORES:
        raise refused(f"resources cannot contain more than {MOST_STORES} memory_store entries")
    for store_id in stores:
        if stores.count(store_id) > 1:
            raise refused(f"resources contains duplicate memory_store_id: {store_id}")
        store = state.get("store", store_id)
        if store is None:
            raise missing(f"memory store {store_id}")
        if store["archived_at"] and store_id not in kept:
            raise refused(f"Memory store {store_id} is archived")
    return resources


def store_ids(resources: list[Json]) -> list[str]:
    """The memory stores among them, in order."""
    return [resource["memory_store_id"] for resource in resources if resource["type"] == "memory_store"]


def mounted(state: State, resources: list[Json]) -> list[Json]:
    """Resources as a session shows them: with mount paths, and name and description of each store as of now."""
    result: list[Json] = []
    for resource in resources:
        taken = {item["mount_path"] for item in result}
        if resource["type"] == "memory_store":
            store = state.get("store", resource["memory_store_id"]) or {"name": "", "description": ""}
            extra = {"name": store["name"], "description": store["description"]}
            result.append({**resource, **extra, "mount_path": free_path(mount_path(store["name"]), taken)})
            continue
        now = state.stamp()
        default = (
            f"/mnt/session/uploads/{resource['file_id']}"
            if resource["type"] == "file"
            else "/workspace/" + resource["url"].rstrip("/").rpartition("/")[2].removesuffix(".git")
        )
        times = {"id": state.new_id("sesrsc"), "created_at": now, "updated_at": now}
        result.append({**resource, **times, "mount_path": resource["mount_path"] or default})
    return result


def mount_path(store_name: str) -> str:
    """Where a store of this name is mounted."""
    return "/mnt/memory/" + re.sub("[^a-z0-9]+", "-", store_name.lower())


def free_path(path: str, taken: Collection[str]) -> str:
    """`path`, or with -2, -3, … where another store has the same slug (what the vendor does is not known)."""
    number, candidate = 1, path
    while candidate in taken:
        number += 1
        candidate = f"{path}-{number}"
    return candidate


def _read(fields: Fields) -> Json:
    kind = fields.choice("type", ("memory_store", "github_repository", "file"))
    resource: Json = {"type": kind}
    if kind == "memory_store":
        resource["memory_store_id"] = fields.text("memory_store_id", 1)
        resource["access"] = fields.choice("access", ("read_write", "read_only"), "read_write")
        resource["instructions"] = fields.maybe_text("instructions", 0, 4096)
    elif kind == "file":
        resource["file_id"] = fields.text("file_id", 1)
        resource["mount_path"] = fields.maybe_text("mount_path", 1)
    else:
        resource["url"] = fields.text("url", 1)
        resource["checkout"] = fields.get("checkout")
        resource["mount_path"] = fields.maybe_text("mount_path", 1)
        fields.text("authorization_token", 1)  # write-only: checked for presence, never kept
    fields.done()
    return resource
