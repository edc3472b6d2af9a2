"""The stand-in as a running server: one socket, one gate, one thread that moves dreams along."""

import asyncio
import socket
import threading
import traceback
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox import dreams
from sandbox.app import Gate
from sandbox.state import State

TICK = 0.2  # seconds


class Protocol(H11Protocol):
    """Lets the gate reach the connection, which it must cut when a fault says so."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "sandbox.transport": transport}, receive, send)

        self.app = with_transport


class Server:
    """Bound to 127.0.0.1 from the moment it is made (`port` 0 = a free one); serves while `run()` runs."""

    def __init__(
        self,
        state: State,
        *,
        port: int = 0,
        setup: Callable[[State], None] = lambda state: None,
        any_beta: bool = False,
    ) -> None:
        self.gate = Gate(state, setup=setup, any_beta=any_beta)
        self.socket = socket.create_server(("127.0.0.1", port))
        # Connections inherit it; asyncio would not set it here, and every answer would wait 40 ms for an ACK.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        config = uvicorn.Config(
            self.gate,
            http=Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=5,
        )
        self._uvicorn = uvicorn.Server(config)
        self.gate.stopping = lambda: self._uvicorn.should_exit
        self._stop = threading.Event()

    def run(self) -> None:
        """Serve until `stop()` or a signal; then end open streams, finish what runs, and close the state."""
        ticker = threading.Thread(target=self._tick, daemon=True)
        ticker.start()
        try:
            self._uvicorn.run(sockets=[self.socket])
        finally:
            self._stop.set()
            ticker.join()
            self.gate.state.close()

    def stop(self) -> None:
        """Ask `run()` to end; may be called from any thread."""
        self._uvicorn.should_exit = True

    def _tick(self) -> None:
        while not self._stop.wait(TICK):
            try:
                dreams.advance(self.gate.state)
            except Exception:  # said on stderr; the next tick tries again
                traceback.print_exc()
