"""What every test may ask for: the named people and a fresh stand-in that the product talks to over HTTP."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from dreams.services import vendor
from tests.people import People, make_people
from tests.sandbox_server import Sandbox


@pytest.fixture
def people(db: None) -> People:
    """Alice, Bob, Carol, Dave in one workspace, Mallory in another."""
    return make_people()


@pytest.fixture
def sandbox(settings: Settings) -> Iterator[Sandbox]:
    """An empty stand-in; the product's gateway is pointed at it."""
    vendor.bucket.cache_clear()
    with Sandbox() as server:
        settings.ANTHROPIC_BASE_URL = server.url
        yield server
