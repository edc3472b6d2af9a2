"""A database of its own for each test: on a real PostgreSQL, or in a file of SQLite."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from pytest_django import DjangoDbBlocker

from dreams.services import vendor
from tests.faults.databases import in_place, postgres_at, sqlite_at
from tests.faults.ground import Ground
from tests.people import make_people
from tests.sandbox_server import Sandbox
from tests.servers import postgres_url

__all__ = ["postgres_url"]


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str, django_db_blocker: DjangoDbBlocker) -> str:
    """The URL of a PostgreSQL database with all tables and no rows, which nobody uses."""
    with django_db_blocker.unblock(), in_place(**postgres_at(postgres_url)):
        call_command("migrate", verbosity=0)
    return postgres_url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Path:
    """The same as a file."""
    path = tmp_path_factory.mktemp("migrated") / "empty.sqlite3"
    with django_db_blocker.unblock(), in_place(**sqlite_at(path)):
        call_command("migrate", verbosity=0)
    return path


def copy_of(url: str, name: str) -> str:
    """A fresh copy of a PostgreSQL database; its URL."""
    server, _, template = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}"'.encode())
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    return f"{server}/{name}"


@pytest.fixture
def on_postgres(migrated_postgres: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """All of this test happens on PostgreSQL."""
    config = postgres_at(copy_of(migrated_postgres, "one_test"))
    with django_db_blocker.unblock(), in_place(**config):
        yield


@pytest.fixture
def on_sqlite(migrated_sqlite: Path, tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """All of this test happens in a file of SQLite."""
    path = Path(shutil.copy(migrated_sqlite, tmp_path / "one_test.sqlite3"))
    with django_db_blocker.unblock(), in_place(**sqlite_at(path)):
        yield


@pytest.fixture(params=["postgres", "sqlite"])
def database(request: pytest.FixtureRequest) -> str:
    """Once on PostgreSQL and once on SQLite."""
    request.getfixturevalue(f"on_{request.param}")
    return str(request.param)


@pytest.fixture
def ground(settings: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Ground]:
    """People and a stand-in, on the test's database. Nothing is woken: only what a test does happens."""
    request.getfixturevalue("database" if "database" in request.fixturenames else "on_postgres")
    monkeypatch.setattr("dreams.enqueue._wake", lambda task, args: None)
    vendor.bucket.cache_clear()
    with Sandbox() as sandbox:
        settings.ANTHROPIC_BASE_URL = sandbox.url
        yield Ground(make_people(), sandbox)
