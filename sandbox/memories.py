"""Memories: create, list, retrieve, update (rename included), delete, with every rule on paths and content."""

import re
import unicodedata

from starlette.responses import Response

from sandbox import stores
from sandbox.state import Json, sha256
from sandbox.wire import ApiError, Call, Fields, Spot, missing, ok, page, refused, route

LARGEST_CONTENT = 102_400  # bytes of UTF-8
LONGEST_PATH = 1_024  # bytes of UTF-8
MOST_SEGMENTS = 20
MOST_MEMORIES = 2_000
MOST_WITH_CONTENT = 20  # on a page with view=full
DIGEST = re.compile("[0-9a-f]{64}")


def create(call: Call) -> Response:
    """A memory where there is none; an occupied path is a conflict."""
    store, fields = stores.find(call), call.body()
    stores.refuse_archived(store)
    path, content = read_path(fields), fields.text("content")
    check_content(content)
    fields.done()
    refuse_conflict(call, path)
    if len(call.state.paths(store["id"])) >= MOST_MEMORIES:
        raise refused(f"Memory store {store['id']} already holds {MOST_MEMORIES} memories")
    return ok(shown(call, call.state.write_memory(store["id"], path, content, actor=call.actor)))


def list_all(call: Call) -> Response:
    """In path order; with depth=1 what lies deeper is grouped into `memory_prefix` items."""
    store = stores.find(call)
    prefix, view = call.one("path_prefix") or "/", call.choice("view", ("basic", "full"))
    if not prefix.startswith("/") or not prefix.endswith("/"):
        raise refused("path_prefix: must start and end with /")
    depth = call.number("depth", 0, 1, 0)
    items: dict[str, Json] = {}  # by path, so that one prefix appears once
    for path, memory_id in call.state.paths(store["id"]).items():
        if not path.startswith(prefix):
            continue
        head, slash, _ = path[len(prefix) :].partition("/")
        if depth and slash:
            items[f"{prefix}{head}/"] = {"type": "memory_prefix", "path": f"{prefix}{head}/"}
        else:
            items[path] = {"type": "memory", "path": path, "id": memory_id}

    def show(item: Json) -> Json:
        memory = call.state.memory(store["id"], item.get("id", ""))
        return shown(call, memory) if memory else item

    largest = MOST_WITH_CONTENT if view == "full" else 100
    return page(call, list(items.values()), order="asc", most=largest, spot=spot_by_path, show=show)


def retrieve(call: Call) -> Response:
    """One memory, with content unless view=basic."""
    return ok(shown(call, find(call), "full"))


def update(call: Call) -> Response:
    """New content, a new path (the id stays), or both; nothing new = 200 without a version.

    The precondition speaks of the stored content, and counts only when something would change.
    """
    store, memory, fields = stores.find(call), find(call), call.body()
    stores.refuse_archived(store)
    content = fields.maybe_text("content")
    path = read_path(fields) if fields.get("path") is not None else None
    expected = read_precondition(fields)
    fields.done()
    if path is None and content is None:
        raise refused("Request validation failed: at least one of content and path is required")
    check_content(content or "")
    wanted = (memory["path"] if path is None else path, memory["content"] if content is None else content)
    if wanted != (memory["path"], memory["content"]):
        refuse_changed(memory, expected)
        refuse_conflict(call, wanted[0], own=memory["path"])
    new = call.state.update_memory(store["id"], memory["id"], path=path, content=content, actor=call.actor)
    return ok(shown(call, new))


def delete(call: Call) -> Response:
    """Gone, but for its versions; allowed in an archived store."""
    memory, expected = find(call), call.one("expected_content_sha256")
    if expected is not None and not DIGEST.fullmatch(expected):
        raise refused("expected_content_sha256: must be 64 lower-case hexadecimal characters")
    refuse_changed(memory, expected)
    call.state.delete_memory(memory["memory_store_id"], memory["id"], actor=call.actor)
    return ok({"id": memory["id"], "type": "memory_deleted"})


def find(call: Call) -> Json:
    """The memory of the path, with content; 404 when it or its store is missing."""
    memory = call.state.memory(stores.find(call)["id"], call.ids["memory"])
    if memory is None:
        raise missing(f"memory {call.ids['memory']}")
    return memory


def shown(call: Call, item: Json, default: str = "basic") -> Json:
    """A memory or version as this view shows it: content is null in the basic one."""
    views = ("full", "basic") if default == "full" else ("basic", "full")
    return item if call.choice("view", views) == "full" else {**item, "content": None}


def spot_by_path(item: Json) -> Spot:
    """The place of a memory or prefix in its listing."""
    return item["path"], item["path"]


def read_path(fields: Fields) -> str:
    """A legal memory path; 400 that says which rule it breaks."""
    path = fields.text("path")
    if problem := path_problem(path):
        raise fields.bad("path", f"Request validation failed: {problem}")
    return path


def path_problem(path: str) -> str | None:
    """Which rule a path breaks, in words, or None."""
    segments = path.split("/")[1:]
    if not path.startswith("/"):
        return "must start with /"
    if len(path.encode()) > LONGEST_PATH:
        return f"must be at most {LONGEST_PATH} bytes"
    if len(segments) > MOST_SEGMENTS:
        return f"must have at most {MOST_SEGMENTS} segments"
    if not all(segments):
        return "must not contain an empty segment"
    if any(segment in (".", "..") for segment in segments):
        return "must not contain the segments . and .."
    if any(unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") for char in path):
        return "must not contain control or format characters, nor line or paragraph separators"
    if not unicodedata.is_normalized("NFC", path):
        return "must be in Unicode Normalization Form C"
    return None


def check_content(content: str) -> None:
    """400 above the limit."""
    size = len(content.encode())
    if size > LARGEST_CONTENT:
        raise refused(f"Request validation failed: content has {size} bytes of {LARGEST_CONTENT}")


def read_precondition(fields: Fields) -> str | None:
    """The digest that the stored content must have, or None."""
    if fields.get("precondition") is None:
        return None
    inner = Fields(fields.get("precondition"), "precondition.")
    inner.choice("type", ("content_sha256",))
    digest = inner.text("content_sha256")
    inner.done()
    if not DIGEST.fullmatch(digest):
        raise inner.bad("content_sha256", "must be 64 lower-case hexadecimal characters")
    return digest


def refuse_changed(memory: Json, expected: str | None) -> None:
    """409 when the stored content is not the expected one."""
    if expected not in (None, sha256(memory["content"])):
        message = "The memory's current content does not match the precondition"
        raise ApiError(409, "memory_precondition_failed_error", message)


def refuse_conflict(call: Call, path: str, own: str | None = None) -> None:
    """409 when another memory has this path, or one above or below it."""
    for other, memory_id in call.state.paths(call.ids["store"]).items():
        if other != own and (other == path or other.startswith(f"{path}/") or path.startswith(f"{other}/")):
            raise ApiError(
                409,
                "memory_path_conflict_error",
                f"The path {path} conflicts with the memory at {other}",
                conflicting_memory_id=memory_id,
                conflicting_path=other,
            )


ROUTES = [
    route("POST", "/v1/memory_stores/{store}/memories", create, "view"),
    route("GET", "/v1/memory_stores/{store}/memories", list_all, "path_prefix depth view limit page"),
    route("GET", "/v1/memory_stores/{store}/memories/{memory}", retrieve, "view"),
    route("POST", "/v1/memory_stores/{store}/memories/{memory}", update, "view"),
    route("DELETE", "/v1/memory_stores/{store}/memories/{memory}", delete, "expected_content_sha256"),
]
