"""A server that does to a connection exactly what a test says: for what no well-behaved server can do."""

import json
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Asked:
    """One request as it arrived; header names are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Script = Callable[[socket.socket, Asked], None]


@dataclass
class Scripted:
    """A running server: where it is, what it was asked, what it does next."""

    url: str = ""
    script: Script = lambda connection, asked: None
    asked: list[Asked] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)


def _read(connection: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    method, target, _ = first.split(" ")
    return Asked(method, target, headers, body)


@contextmanager
def scripted_server() -> Iterator[Scripted]:
    """A Scripted on a free port; one thread per connection, requests on it in turn."""
    told = Scripted()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                while (asked := _read(self.request)) is not None:
                    told.asked.append(asked)
                    told.script(self.request, asked)
            except OSError:
                pass  # the client, or the script itself, closed the connection

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield told
        finally:
            told.stop.set()
            server.shutdown()
            thread.join()


def head(status: int, headers: dict[str, str]) -> bytes:
    """A status line and headers, ended."""
    lines = [f"HTTP/1.1 {status} Words", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer(body: Any, status: int = 200, **headers: str) -> Script:
    """Sends `body`, as JSON unless it is bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {
        "content-type": "application/json",
        "content-length": str(len(raw)),
        "request-id": "req_1",
        "anthropic-organization-id": "org_1",
        "anthropic-workspace-id": "wrkspc_1",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return lambda connection, asked: connection.sendall(head(status, told) + raw)


def in_turn(*scripts: Script) -> Script:
    """The first script for the first request, and so on; the last one for all that follow."""
    left = list(scripts)
    return lambda connection, asked: (left.pop(0) if len(left) > 1 else left[0])(connection, asked)


def error(type: str, message: str = "no", **flat: Any) -> dict[str, Any]:
    """The vendor's error envelope."""
    return {"type": "error", "error": {"type": type, "message": message, **flat}, "request_id": "req_1"}


def reset(connection: socket.socket, asked: Asked) -> None:
    """Cut the connection with a RST, without an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang_up(connection: socket.socket, asked: Asked) -> None:
    """Close politely, without an answer."""
    connection.close()


def half_an_answer(connection: socket.socket, asked: Asked) -> None:
    """Promise 1000 bytes, send 10, close."""
    connection.sendall(head(200, {"content-type": "application/json", "content-length": "1000"}) + b'{"data": [')
    connection.close()


def drip(told: Scripted, first: bytes, drop: bytes) -> Script:
    """Send `first`, then `drop` again and again for ever, each well before any per-read time-out."""

    def script(connection: socket.socket, asked: Asked) -> None:
        connection.sendall(first)
        while not told.stop.wait(0.02):
            connection.sendall(drop)

    return script
