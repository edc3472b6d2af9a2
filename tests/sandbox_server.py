"""The stand-in for tests: a real server on a free port, in a thread of the test process."""

import json
import threading
import urllib.request
from typing import Any

from sandbox.server import Server
from sandbox.state import State


class Sandbox:
    """Started when made, ended by `stop()` (or as a context manager).

    `url` is the ANTHROPIC_BASE_URL, `state` the live state: what a test puts in there is served at once.
    """

    def __init__(
        self, state_path: str = ":memory:", demo: bool = False, speed: float = 1000.0, any_beta: bool = False
    ) -> None:
        self.state = State(state_path, speed=speed)
        self._server = Server(self.state, setup=load_demo if demo else lambda state: None, any_beta=any_beta)
        self._server.gate.setup(self.state)
        self.url = self._server.url
        self._thread = threading.Thread(target=self._server.run, name="sandbox", daemon=True)
        self._thread.start()

    def faults(self, rules: list[dict[str, Any]]) -> None:
        """Put these rules in place of all others; see sandbox/README.md."""
        self._ask("POST", "faults", rules)

    def requests(self, *, clear: bool = False) -> list[dict[str, Any]]:
        """What was asked so far: method, path, query, status (None = no answer was given, or not yet)."""
        asked: list[dict[str, Any]] = self._ask("GET", "requests")["data"]
        if clear:
            self._ask("DELETE", "requests")
        return asked

    def reset(self) -> None:
        """Back to the start: no faults, no log, the state as it was set up."""
        self._ask("POST", "reset")

    def stop(self) -> None:
        """End the server and wait for it; the state is closed then."""
        self._server.stop()
        self._thread.join()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _ask(self, method: str, what: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sandbox/{what}", data, method=method)
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)


def load_demo(state: State) -> None:
    """The demo world, in an empty state."""
    from sandbox.world import load_world

    if state.is_empty():
        load_world(state)
