"""Memory stores: create, list, retrieve, update, archive, delete."""

from starlette.responses import Response

from sandbox.state import Json
from sandbox.wire import Call, Fields, missing, no_controls, ok, page, refused, route


def create(call: Call) -> Response:
    """A new, empty store; names need not be unique."""
    fields, now = call.body(), call.state.stamp()
    store = {
        "id": call.state.new_id("memstore"),
        "type": "memory_store",
        "name": read_name(fields),
        "description": fields.maybe_text("description", 0, 1024) or "",
        "metadata": fields.metadata(),
        "created_at": now,
        "updated_at": now,
        "archived_at": None,
    }
    fields.done()
    call.state.put("store", store)
    return ok(store)


def list_all(call: Call) -> Response:
    """Newest first; archived ones only when asked for."""
    archived = call.flag("include_archived")
    stores = [
        store
        for store in reversed(call.state.all("store"))
        if (archived or not store["archived_at"]) and call.in_range(store["created_at"])
    ]
    return page(call, stores)


def retrieve(call: Call) -> Response:
    """One store, archived or not."""
    return ok(find(call))


def update(call: Call) -> Response:
    """Change name, description or metadata (a patch); null and absent keep, "" clears the description."""
    store = find(call)
    refuse_archived(store)
    fields = call.body()
    new = {**store, "metadata": fields.metadata(store["metadata"])}
    if fields.get("name") is not None:
        new["name"] = read_name(fields)
    description = fields.maybe_text("description", 0, 1024)
    if description is not None:
        new["description"] = description
    fields.done()
    if new != store:
        call.state.put("store", new | {"updated_at": call.state.stamp()})
    return retrieve(call)


def archive(call: Call) -> Response:
    """One way; an archived store is returned unchanged."""
    store = find(call)
    if not store["archived_at"]:
        now = call.state.stamp()
        call.state.put("store", {**store, "archived_at": now, "updated_at": now})
    return retrieve(call)


def delete(call: Call) -> Response:
    """Gone with all memories and versions; archived ones too."""
    store = find(call)
    call.state.remove("store", store["id"])
    return ok({"id": store["id"], "type": "memory_store_deleted"})


def find(call: Call) -> Json:
    """The store of the path; 404 when there is none."""
    store = call.state.get("store", call.ids["store"])
    if store is None:
        raise missing(f"memory store {call.ids['store']}")
    return store


def refuse_archived(store: Json) -> None:
    """400 for what an archived store does not allow."""
    if store["archived_at"]:
        raise refused(f"Memory store {store['id']} is archived")


def read_name(fields: Fields) -> str:
    """A legal store name: 1 to 255 characters, none of them a control character."""
    name = fields.text("name", 1, 255)
    if not no_controls(name):
        raise fields.bad("name", "must not contain control characters")
    return name


ROUTES = [
    route("POST", "/v1/memory_stores", create),
    route(
        "GET",
        "/v1/memory_stores",
        list_all,
        "created_at[gte] created_at[lte] include_archived limit page",
    ),
    route("GET", "/v1/memory_stores/{store}", retrieve),
    route("POST", "/v1/memory_stores/{store}", update),
    route("DELETE", "/v1/memory_stores/{store}", delete),
    route("POST", "/v1/memory_stores/{store}/archive", archive),
]
