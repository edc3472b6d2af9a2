"""Another database in place of the usual one: for all threads of this process, until the block is left."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import environ
from django.db import connections

from memorydash.settings import SQLITE_OPTIONS


@contextmanager
def in_place(**config: Any) -> Iterator[None]:
    """Uses the database that `config` describes, as in DATABASES; what was there comes back afterwards."""
    usual, settings = connections["default"], connections.settings["default"]
    connections.settings["default"] = {**settings, "OPTIONS": {}, **config}
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        if hasattr(connections["default"], "close_pool"):
            connections["default"].close_pool()
        connections.settings["default"], connections["default"] = settings, usual


def sqlite_at(path: Path) -> dict[str, Any]:
    """A file, with the options of production."""
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": SQLITE_OPTIONS}


def postgres_at(url: str) -> dict[str, Any]:
    """A server's database, with a pool as in production."""
    return {**environ.Env.db_url_config(url), "OPTIONS": {"pool": {"min_size": 1, "max_size": 12, "timeout": 10}}}
