"""The door: each request passes log, faults, credential, route, beta header, and then its handler."""

import asyncio
import json
import socket
import struct
import sys
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from sandbox import agents, deployments, dreams, events, live, memories, sessions, stores, versions
from sandbox.faults import ERROR_TYPES, REPEATED, UNSAID, Fault, Faults
from sandbox.state import Json, State
from sandbox.wire import ApiError, Call, Route, missing, ok, refused

DREAMS, MEMORY, MANAGED = "dreaming-2026-04-21", "agent-memory-2026-07-22", "managed-agents-2026-04-01"
BETAS = {
    "dreams": (DREAMS,),
    "memory_stores": (MEMORY, MANAGED),  # either, never both
    "agents": (MANAGED,),
    "environments": (MANAGED,),
    "sessions": (MANAGED,),
    "deployments": (MANAGED,),
}
LARGEST_BODY = 32 * 1024 * 1024
KEPT_IN_LOG = 20_000
ROUTES = [
    (compile_path(route.path)[0], route)
    for noun in (stores, memories, versions, dreams, sessions, events, agents, deployments)
    for route in noun.ROUTES
]


class Gate:
    """The ASGI application. `setup` fills an empty state: at start and after a reset."""

    def __init__(
        self, state: State, *, setup: Callable[[State], None] = lambda state: None, any_beta: bool = False
    ) -> None:
        self.state = state
        self.setup = setup
        self.any_beta = any_beta
        self.faults = Faults()
        self.log: deque[Json] = deque(maxlen=KEPT_IN_LOG)
        self.stopping: Callable[[], bool] = lambda: False  # the server says when streams must end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        request_id = self.state.new_id("req")
        try:
            raw = await read_body(request)
        except ClientDisconnect:
            return
        if request.url.path.startswith("/_sandbox/"):
            reply: Response | None = await self._guarded(request_id, self._control, request, raw)
        else:
            # Written down on arrival; a status of None means that no answer was given (yet).
            url = request.url
            entry: Json = {"method": request.method, "path": url.path, "query": url.query, "status": None}
            self.log.append(entry)
            reply = await self._with_faults(request_id, request, raw)
            entry["status"] = reply and reply.status_code
        if reply is None:
            await cut(scope, receive)
            return
        reply.headers["request-id"] = request_id
        reply.headers["anthropic-organization-id"] = "org_sandbox"
        reply.headers["anthropic-workspace-id"] = workspace_id(credential(request))
        await reply(scope, receive, send)

    async def _with_faults(self, request_id: str, request: Request, raw: bytes) -> Response | None:
        """The answer, made wrong as ordered; None = cut the connection."""
        fault = self.faults.take(request.method, request.url.path)
        if fault is None:
            return await self._guarded(request_id, self._answer, request, raw)
        if fault.kind == "reset":
            return None
        if fault.kind == "status":
            return status_fault(fault, request_id)
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            return await self._guarded(request_id, self._answer, request, raw)
        repeat = fault.kind == "malformed" and fault.body == "repeat_cursor"
        reply = await self._guarded(request_id, self._answer, request, raw, repeat)
        if fault.kind == "drop_after_commit":
            return None
        if repeat and reply.status_code == 200:
            return ok({**json.loads(bytes(reply.body)), "next_page": REPEATED})
        return reply if repeat else fault.spoil(reply)

    async def _guarded(self, request_id: str, work: Callable[..., Any], *args: Any) -> Response:
        """The answer of `work`, with every error in the vendor's envelope."""
        try:
            return cast(Response, await work(*args))
        except ApiError as error:
            return error_reply(error, request_id)
        except Exception:  # a bug of the stand-in's own: said on stderr, answered like the vendor's 500
            traceback.print_exc(file=sys.stderr)
            return error_reply(ApiError(500, "api_error", "Internal server error"), request_id)

    async def _answer(self, request: Request, raw: bytes, repeat: bool = False) -> Response:
        key = credential(request)
        if not key:
            raise ApiError(401, "authentication_error", "No API key: send Authorization: Bearer or x-api-key")
        if len(raw) > LARGEST_BODY:
            raise ApiError(413, "request_too_large", "Request exceeds the maximum size of 32 MB")
        path = request.url.path
        route, ids = find_route(request.method, path, key)
        if not self.any_beta:
            check_betas(path.split("/")[2], request.headers.getlist("anthropic-beta"))
        query = parse_qsl(request.url.query, keep_blank_values=True)
        for name, _ in query:
            if name not in route.query and f"{name}[]" not in route.query and name != "beta":
                raise refused(f"{name}: unknown query parameter")
        if repeat:
            query = [(name, value) for name, value in query if (name, value) != ("page", REPEATED)]
        call = Call(self.state, ids, path, query, raw, key, self.stopping)
        return await asyncio.to_thread(self._handle, route, call)

    def _handle(self, route: Route, call: Call) -> Response:
        dreams.advance(self.state)
        with self.state.transaction():  # a handler is one atomic step; one that refuses changes nothing
            return route.handler(call)

    async def _control(self, request: Request, raw: bytes) -> Response:
        action = (request.method, request.url.path)
        if action == ("POST", "/_sandbox/faults"):
            self.faults.replace(raw)
            return ok({})
        if action == ("GET", "/_sandbox/requests"):
            return ok({"data": list(self.log)})
        if action == ("DELETE", "/_sandbox/requests"):
            self.log.clear()
            return ok({})
        if action == ("POST", "/_sandbox/session"):
            return ok(await asyncio.to_thread(live.play, self.state, raw))
        if action == ("POST", "/_sandbox/reset"):
            await asyncio.to_thread(self.reset)
            return ok({})
        raise missing()

    def reset(self) -> None:
        """Back to what the command line gave: no faults, no log, the state as set up."""
        self.faults.replace(b"[]")
        self.log.clear()
        self.state.reset()
        self.setup(self.state)


def find_route(method: str, path: str, key: str) -> tuple[Route, dict[str, str]]:
    """The endpoint and its path parameters; 404 and 405 in the recorded wordings."""
    matches = [(route, match) for pattern, route in ROUTES if (match := pattern.match(path))]
    if "nodreams" in key and path.startswith("/v1/dreams"):
        matches = []  # an organisation that is not enrolled
    for route, match in matches:
        if route.method == method:
            return route, match.groupdict()
    if matches:
        raise ApiError(405, "invalid_request_error", "Method Not Allowed")
    below_dreams = path.startswith("/v1/dreams/") and "nodreams" not in key
    raise ApiError(404, "not_found_error", "Not Found" if below_dreams else "Not found")


def check_betas(resource: str, headers: list[str]) -> None:
    """400 unless the resource's beta is asked for, and nothing that may not stand beside it."""
    sent = [beta.strip() for header in headers for beta in header.split(",") if beta.strip()]
    if unknown := [beta for beta in sent if beta not in (DREAMS, MEMORY, MANAGED)]:
        raise refused(f"Unexpected value(s) `{', '.join(unknown)}` for the `anthropic-beta` header")
    if resource == "memory_stores" and MEMORY in sent and MANAGED in sent:
        raise refused(f"`{MEMORY}` and `{MANAGED}` cannot be used together in the `anthropic-beta` header")
    if not set(BETAS[resource]) & set(sent):
        raise refused(f"/v1/{resource} needs `{BETAS[resource][0]}` in the `anthropic-beta` header")


def credential(request: Request) -> str:
    """The key from `Authorization: Bearer` or `x-api-key`; "" when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return (token.strip() if scheme.lower() == "bearer" else "") or request.headers.get("x-api-key", "").strip()


def workspace_id(key: str) -> str:
    """A key that ends in `@name` belongs to workspace `wrkspc_name`."""
    _, at, name = key.rpartition("@")
    return f"wrkspc_{name}" if at and name.isascii() and name.isalnum() else "wrkspc_sandbox"


async def read_body(request: Request) -> bytes:
    """The body, or as much of it as shows that it is too large."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST_BODY:
            break
    return bytes(raw)


def error_reply(error: ApiError, request_id: str) -> Response:
    """The vendor's error envelope."""
    body = {"type": "error", "error": error.error, "request_id": request_id}
    reply = Response(json.dumps(body), error.status, media_type="application/json")
    if error.should_retry is not None:
        reply.headers["x-should-retry"] = str(error.should_retry).lower()
    return reply


def status_fault(fault: Fault, request_id: str) -> Response:
    """The bare error a "status" rule orders; nothing was done, and no `x-should-retry` is sent."""
    error = ApiError(fault.status, ERROR_TYPES.get(fault.status, "api_error"), "A fault was ordered")
    error.should_retry = None
    reply = error_reply(error, request_id)
    if fault.retry_after != UNSAID:
        reply.headers["retry-after"] = f"{fault.retry_after:g}"
    return reply


async def cut(scope: Scope, receive: Receive) -> None:
    """Reset the TCP connection without a byte of answer."""
    transport = scope["sandbox.transport"]
    # A linger time of zero makes the kernel send RST instead of a polite end.
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
