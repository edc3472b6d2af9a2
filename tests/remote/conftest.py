"""What the tests of dreams/remote share: a server that misbehaves, and a gateway that talks to it."""

from collections.abc import Iterator

import pytest

from dreams.remote import transport
from dreams.remote.gateway import Gateway
from tests.remote.scripted import Scripted, scripted_server

KEY = "sk-ant-api03-very-secret-key"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No credentials or proxies of the machine, no connections of another test."""
    for name in ("API_KEY", "AUTH_TOKEN", "BASE_URL", "CUSTOM_HEADERS", "PROFILE"):
        monkeypatch.delenv(f"ANTHROPIC_{name}", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    yield
    transport.close_clients()


@pytest.fixture
def vendor() -> Iterator[Scripted]:
    with scripted_server() as told:
        yield told


@pytest.fixture
def gateway(vendor: Scripted) -> Gateway:
    return Gateway(KEY, base_url=vendor.url, deadline=30.0)  # ample, for busy machines
