"""What every endpoint shares: the request as a handler sees it, answers, errors, pages, checks."""

import base64
import binascii
import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.responses import Response

from sandbox.state import Json, State, format_time, parse_time, sortable

RANGES: dict[str, Callable[[str, str], bool]] = {
    "gt": lambda at, bound: at > bound,
    "gte": lambda at, bound: at >= bound,
    "lt": lambda at, bound: at < bound,
    "lte": lambda at, bound: at <= bound,
}
Spot = tuple[str, str]  # where an item stands in its list: (time or path, id)


class ApiError(Exception):
    """An answer with the vendor's error envelope; `flat` members go beside type and message.

    `should_retry` None follows the recordings: refusals say "false", 408, 429 and 5xx say nothing.
    """

    def __init__(self, status: int, type: str, message: str, *, should_retry: bool | None = None, **flat: Any) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": type, "message": message, **flat}
        if should_retry is None and status < 500 and status not in (408, 429):
            should_retry = False
        self.should_retry = should_retry


def refused(message: str) -> ApiError:
    """400: the request itself is wrong."""
    return ApiError(400, "invalid_request_error", message)


def missing(what: str = "") -> ApiError:
    """404: no such object (`what` names it), or no such path."""
    message = f"The requested resource could not be found: {what}" if what else "Not found"
    return ApiError(404, "not_found_error", message)


def ok(obj: Json) -> Response:
    """200 with JSON in pure ASCII, so that planted lone surrogates travel too (as escapes)."""
    return Response(json.dumps(obj), media_type="application/json")


@dataclass
class Call:
    """One request: routed, let in, its query names and its range of time known to be legal."""

    state: State
    ids: dict[str, str]  # what the {names} of the route's path matched
    path: str
    query: Sequence[tuple[str, str]]
    raw: bytes  # the body
    key: str  # the credential
    stopping: Callable[[], bool]  # True once the server is asked to stop: streams must end
    bounds: list[tuple[Callable[[str, str], bool], str]] = field(init=False)

    def __post_init__(self) -> None:
        times = {sign: self.when(f"created_at[{sign}]") for sign in RANGES}
        self.bounds = [(RANGES[sign], format_time(at)) for sign, at in times.items() if at]

    @property
    def actor(self) -> Json:
        """Who writes: the API key, under an id that says nothing of the secret."""
        return {"type": "api_actor", "api_key_id": api_key_id(self.key)}

    def body(self) -> "Fields":
        """The JSON object sent; 400 when it is none or holds lone surrogates."""
        try:
            value = json.loads(self.raw)
            json.dumps(value, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise refused("The request body is not JSON of whole Unicode characters") from None
        return Fields(value)

    def one(self, name: str) -> str | None:
        """A query value, the last one when repeated; None when absent."""
        values = [value for key, value in self.query if key == name]
        return values[-1] if values else None

    def many(self, name: str) -> list[str]:
        """A query array: `name[]=` (the SDK's style) or repeated bare `name=`."""
        return [value for key, value in self.query if key in (name, f"{name}[]")]

    def flag(self, name: str) -> bool:
        """A query boolean, default false."""
        return self.choice(name, ("false", "true")) == "true"

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """A query value out of `allowed`, whose first is the default; 400 for any other."""
        value = self.one(name) or allowed[0]
        if value not in allowed:
            raise refused(f"{name}: must be one of {', '.join(allowed)}")
        return value

    def choices(self, name: str, allowed: Sequence[str]) -> list[str]:
        """A query array of values out of `allowed`; 400 for any other; [] when absent."""
        if unknown := [value for value in self.many(name) if value not in allowed]:
            raise refused(f"{name}: unknown value {unknown[0]!r}; must be one of {', '.join(allowed)}")
        return self.many(name)

    def number(self, name: str, low: int, high: int, default: int) -> int:
        """A query integer in [low, high]; 400 for anything else."""
        text = self.one(name)
        if text is None:
            return default
        if not re.fullmatch("[0-9]{1,10}", text) or not low <= int(text) <= high:
            raise refused(f"{name}: must be an integer between {low} and {high}")
        return int(text)

    def when(self, name: str) -> datetime | None:
        """A query time, aware UTC; 400 when it is none."""
        text = self.one(name)
        try:
            return parse_time(text) if text else None
        except (ValueError, OverflowError):
            raise refused(f"{name}: must be an RFC 3339 time") from None

    def in_range(self, at: str | None) -> bool:
        """Whether a time lies in the query's created_at[gt|gte|lt|lte]; no time lies in no range."""
        return not self.bounds or (bool(at) and all(test(sortable(at), bound) for test, bound in self.bounds))


def api_key_id(key: str) -> str:
    """The id under which a key's writes are recorded; the same key always gives the same id."""
    return "apikey_01" + hashlib.sha256(key.encode()).hexdigest()[:22]


@dataclass(frozen=True)
class Route:
    """One endpoint; `query` holds the query names it knows, any other is refused with 400."""

    method: str
    path: str
    handler: Callable[[Call], Response]
    query: frozenset[str]


def route(method: str, path: str, handler: Callable[[Call], Response], query: str = "") -> Route:
    """`query`: names parted by spaces, e.g. "limit page statuses[] created_at[gte]".

    A handler runs in a thread, inside one transaction of the state: when it raises, nothing was changed.
    """
    return Route(method, path, handler, frozenset(query.split()))


# Pages


def spot_in_time(item: Json) -> Spot:
    """The place of an API object in a list by time."""
    return sortable(item.get("created_at") or item.get("processed_at")), item["id"]


def page(
    call: Call,
    items: Sequence[Json],
    *,
    order: str = "desc",
    default: int = 20,
    most: int = 100,
    both_ways: bool = False,
    spot: Callable[[Json], Spot] = spot_in_time,
    show: Callable[[Json], Json] = lambda item: item,
) -> Response:
    """One page of `items` (already filtered and in `order`, "asc" or "desc"), each passed through `show`.

    The cursor holds the edge item's spot, so a page stays right when items come or go; one that was made for
    another path or order, or whose item the created_at filter shuts out, is refused.
    """
    limit = min(call.number("limit", 1, max(most, 100), default), most)
    cursor = read_cursor(call, order)
    start, end = 0, limit
    if cursor:
        edge, back = (cursor["at"], cursor["id"]), cursor["back"]
        # An item that was deleted meanwhile is replaced by the first that comes later.
        index = next((i for i, item in enumerate(items) if spot(item) == edge), None)
        if index is None:
            later = (i for i, item in enumerate(items) if (spot(item) > edge) == (order == "asc"))
            index = next(later, len(items)) - (not back)
        start, end = (max(0, index - limit), index) if back else (index + 1, index + 1 + limit)
    shown = items[start:end]
    answer: Json = {"data": [show(item) for item in shown], "next_page": None}
    if end < len(items) and shown:
        answer["next_page"] = make_cursor(call, spot(shown[-1]), order)
    if both_ways:
        more = start > 0 and shown
        answer["prev_page"] = make_cursor(call, spot(shown[0]), order, back=True) if more else None
    return ok(answer)


def make_cursor(call: Call, edge: Spot, order: str = "desc", *, back: bool = False) -> str:
    """An opaque cursor that goes on after (or, `back`, before) the item at `edge`."""
    data = {"path": call.path, "at": edge[0], "id": edge[1], "order": order, "back": back}
    return "page_" + base64.urlsafe_b64encode(json.dumps(data).encode()).decode()


def read_cursor(call: Call, order: str = "desc") -> Json | None:
    """The query's cursor, or None; 400 unless it was made for this path, order and range."""
    text = call.one("page")
    if not text:
        return None
    try:
        cursor = json.loads(base64.urlsafe_b64decode(text.removeprefix("page_")))
        made_here = set(cursor) == {"path", "at", "id", "order", "back"} and cursor["path"] == call.path
    except (ValueError, TypeError, binascii.Error):
        made_here = False
    if not made_here:
        raise refused("page: invalid cursor")
    if cursor["order"] != order:
        raise refused("page: this cursor was made with another order")
    if not call.in_range(cursor["at"]):
        raise refused("page: the created_at filter excludes this cursor")
    return dict(cursor)


# Members of a body


@dataclass
class Fields:
    """The members of a JSON object, each read once; `done()` refuses what nobody read."""

    value: Any
    where: str = ""
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if not isinstance(self.value, dict):
            raise refused(f"{self.where.rstrip('.') or 'The request body'}: must be a JSON object")

    def get(self, name: str) -> Any:
        """The raw member; None when absent or null."""
        self.seen.add(name)
        return self.value.get(name)

    def has(self, name: str) -> bool:
        """Whether the member was sent, null included."""
        return name in self.value

    def bad(self, name: str, problem: str) -> ApiError:
        """400 that names the member."""
        return refused(f"{self.where}{name}: {problem}")

    def text(self, name: str, low: int = 0, high: int = 1 << 30) -> str:
        """A required text of `low` to `high` characters."""
        value = self.maybe_text(name, low, high)
        if value is None:
            raise self.bad(name, "Field required")
        return value

    def maybe_text(self, name: str, low: int = 0, high: int = 1 << 30) -> str | None:
        """A text of `low` to `high` characters, or None when absent or null."""
        value = self.get(name)
        if value is not None and not isinstance(value, str):
            raise self.bad(name, "must be a string")
        if value is not None and not low <= len(value) <= high:
            raise self.bad(name, f"must have {low} to {high} characters, not {len(value)}")
        return value

    def number(self, name: str, default: float) -> float:
        """A number, or the default when absent or null."""
        value = self.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise self.bad(name, "must be a number")
        return default if value is None else value

    def items(self, name: str, low: int = 0, high: int = 1 << 30) -> list[Any]:
        """A list of `low` to `high` things; absent or null counts as empty."""
        value = self.get(name)
        value = [] if value is None else value
        if not isinstance(value, list):
            raise self.bad(name, "must be a list")
        if not low <= len(value) <= high:
            raise self.bad(name, f"must have {low} to {high} items, not {len(value)}")
        return value

    def objects(self, name: str, low: int = 0, high: int = 1 << 30) -> "list[Fields]":
        """A list of JSON objects, each ready to be read."""
        return [Fields(item, f"{self.where}{name}.{i}.") for i, item in enumerate(self.items(name, low, high))]

    def choice(self, name: str, allowed: Iterable[str], default: str | None = None) -> str:
        """A text out of `allowed`; required unless there is a default."""
        value = self.text(name) if default is None or self.get(name) is not None else default
        if value not in set(allowed):
            raise self.bad(name, f"unknown value {value!r}; must be one of {', '.join(allowed)}")
        return value

    def metadata(self, old: dict[str, str] | None = None) -> dict[str, str]:
        """The member `metadata` laid over `old`, where null deletes a key; at most 16 pairs."""
        patch = self.get("metadata")
        result = dict(old or {})
        for key, value in Fields({} if patch is None else patch, f"{self.where}metadata.").value.items():
            if value is None and old is not None:
                result.pop(key, None)
            elif not isinstance(value, str) or len(value) > 512 or not 1 <= len(key) <= 64:
                raise self.bad("metadata", "keys have 1 to 64 characters, values are texts of at most 512")
            else:
                result[key] = value
        if len(result) > 16:
            raise self.bad("metadata", "at most 16 pairs")
        return result

    def done(self) -> None:
        """400 when the object holds a member that was never asked for."""
        if unknown := sorted(set(self.value) - self.seen):
            raise self.bad(unknown[0], "Extra inputs are not permitted")


def no_controls(text: str) -> bool:
    """Whether a text is free of control characters."""
    return not any(unicodedata.category(char) == "Cc" for char in text)
