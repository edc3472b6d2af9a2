"""One stand-in for all contract tests of a worker, emptied before each, and the real SDK to talk to it."""

from collections.abc import Callable, Iterator

import anthropic
import pytest

from tests.sandbox_server import Sandbox

Connect = Callable[..., anthropic.Anthropic]


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """Started once; tests take `sandbox`."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """An empty stand-in without faults."""
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture
def connect(sandbox: Sandbox) -> Iterator[Connect]:
    """Makes SDK clients: `connect(api_key="other")`; answers that do not fit the SDK's models are errors."""
    clients = []

    def make(url: str = "", **options: object) -> anthropic.Anthropic:
        settings = {"api_key": "test-key", "max_retries": 0, "timeout": 10, **options}
        client = anthropic.Anthropic(base_url=url or sandbox.url, _strict_response_validation=True, **settings)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(connect: Connect) -> anthropic.Anthropic:
    """The real SDK, unmodified, never retrying."""
    return connect()
