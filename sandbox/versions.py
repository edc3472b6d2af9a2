"""Memory versions: list, retrieve, redact."""

from starlette.responses import Response

from sandbox import stores
from sandbox.memories import MOST_WITH_CONTENT, shown
from sandbox.state import Json
from sandbox.wire import Call, make_cursor, missing, ok, read_cursor, refused, route, spot_in_time

OPERATIONS = ("created", "modified", "deleted")
FILTERS = ("memory_id", "session_id", "api_key_id", "service_account_id")


def list_all(call: Call) -> Response:
    """Newest first. The database does the paging: a store may have far more versions than memories."""
    store, view = stores.find(call), call.choice("view", ("basic", "full"))
    limit = min(call.number("limit", 1, 100, 20), MOST_WITH_CONTENT if view == "full" else 100)
    cursor = read_cursor(call)
    found = call.state.versions(
        store["id"],
        **{name: call.one(name) or "" for name in FILTERS},
        operation=call.choice("operation", ("", *OPERATIONS)),
        since=call.when("created_at[gte]"),
        until=call.when("created_at[lte]"),
        after=cursor["id"] if cursor else "",
        limit=limit + 1,
    )
    more = len(found) > limit
    return ok(
        {
            "data": [shown(call, version) for version in found[:limit]],
            "next_page": make_cursor(call, spot_in_time(found[limit - 1])) if more else None,
        }
    )


def retrieve(call: Call) -> Response:
    """One version, with content unless view=basic, deleted or redacted."""
    return ok(shown(call, find(call), "full"))


def redact(call: Call) -> Response:
    """Wipe what a version held; refused for the head of a live memory, unchanged when already done."""
    version = find(call)
    memory = call.state.memory(version["memory_store_id"], version["memory_id"])
    if memory and memory["memory_version_id"] == version["id"]:
        raise refused(
            f"Version {version['id']} is the current one of memory {memory['id']}: write a new version or"
            " delete the memory first"
        )
    return ok(call.state.redact_version(version["memory_store_id"], version["id"], actor=call.actor))


def find(call: Call) -> Json:
    """The version of the path, with content; 404 when it or its store is missing."""
    version = call.state.version(stores.find(call)["id"], call.ids["version"])
    if version is None:
        raise missing(f"memory version {call.ids['version']}")
    return version


ROUTES = [
    route(
        "GET",
        "/v1/memory_stores/{store}/memory_versions",
        list_all,
        "created_at[gte] created_at[lte] operation limit page view " + " ".join(FILTERS),
    ),
    route("GET", "/v1/memory_stores/{store}/memory_versions/{version}", retrieve, "view"),
    route("POST", "/v1/memory_stores/{store}/memory_versions/{version}/redact", redact),
]
