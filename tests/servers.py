"""Real PostgreSQL and Valkey for tests, on free loopback ports, gone with the process that asked for them.

Where one is missing the test is skipped with a sentence; with CI=true that is a failure instead.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

from memorydash.launcher import valkey_binary
from memorydash.processes import Stopped, Warden, free_port, tail

# Nothing here survives a crash, nor needs to.
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=60 -c shared_buffers=32MB"


def missing(sentence: str) -> NoReturn:
    """Skip the test with `sentence`, or fail it where nothing may be skipped."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"Nothing is skipped with CI=true. {sentence}")
    pytest.skip(sentence)


@contextmanager
def running(
    command: Sequence[str],
    log: Path,
    ready: Callable[[], bool],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    whom: Mapping[str, Any] | None = None,
    stop: signal.Signals = signal.SIGTERM,
    seconds: float = 60.0,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command`, as `whom` (see _not_root), from when it is `ready()` until the block is left; dies with us."""
    warden = Warden()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=env, cwd=cwd, start_new_session=True, **(whom or {})
        )
    warden.report([process.pid])
    try:
        wait_until(lambda: ready() or process.poll() is not None, seconds, lambda: f"{command}{tail(log)}")
        assert process.poll() is None, f"{command} ended with {process.returncode}{tail(log)}"
        yield process
    finally:
        process.send_signal(stop)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        warden.dismiss()  # which kills what is left of the group
        process.wait()


def wait_until(condition: Callable[[], bool], seconds: float = 30.0, said: Callable[[], str] = str) -> None:
    """Wait for `condition`, looking twenty times a second; an AssertionError with what was `said` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Waited {seconds} seconds in vain. {said()}"
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Whether something accepts connections on this port of 127.0.0.1."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextmanager
def postgres() -> Iterator[str]:
    """A throwaway PostgreSQL cluster: the DATABASE_URL of its empty database `memorydash`."""
    initdb, server = _postgres_program("initdb"), _postgres_program("postgres")
    whom = _not_root()
    with tempfile.TemporaryDirectory(prefix="memorydash-postgres-") as folder:
        place = Path(folder)
        if whom:
            os.chown(place, whom["user"], whom["group"])
        made = subprocess.run(
            [initdb, "-D", place / "data", "-U", "memorydash", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            capture_output=True,
            text=True,
            cwd=place,
            **whom,
        )
        assert made.returncode == 0, made.stderr
        port = free_port()
        options = f"-c listen_addresses=127.0.0.1 -c unix_socket_directories= -p {port} {FAST}"
        command = [server, "-D", str(place / "data"), *options.split()]
        # SIGINT: do not wait for clients to leave.
        with running(
            command,
            place / "log",
            lambda: _accepts(port),
            cwd=place,
            whom=whom,
            stop=signal.SIGINT,
        ):
            _sql(port, "CREATE DATABASE memorydash")
            yield f"postgres://memorydash@127.0.0.1:{port}/memorydash"


@contextmanager
def valkey(*options: str) -> Iterator[str]:
    """A Valkey that keeps nothing: its REDIS_URL. `options` are further arguments of valkey-server."""
    try:
        binary = valkey_binary()
    except Stopped as stopped:
        missing(str(stopped))
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="memorydash-valkey-") as folder:
        base = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", folder]
        with running([binary, *base, *options], Path(folder) / "log", lambda: listens(port)):
            yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The DATABASE_URL of a PostgreSQL that all tests of this process share."""
    with postgres() as url:
        yield url


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """The REDIS_URL of a Valkey that all tests of this process share."""
    with valkey() as url:
        yield url


def _postgres_program(name: str) -> str:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: float(place.parent.name))
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, reversed(places))])
    return shutil.which(name, path=path) or missing(
        "PostgreSQL's server is not installed. On Debian and Ubuntu: sudo apt install postgresql"
    )


def _not_root() -> dict[str, Any]:
    """Arguments for subprocess: another account when we are root, as whom PostgreSQL refuses to run."""
    if os.getuid() != 0:
        return {}
    account = next(a for a in pwd.getpwall() if a.pw_name in ("postgres", "nobody"))
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _accepts(port: int) -> bool:
    import psycopg

    with suppress(psycopg.OperationalError):
        _sql(port, "SELECT 1")
        return True
    return False


def _sql(port: int, statement: str) -> None:
    import psycopg

    where = f"host=127.0.0.1 port={port} user=memorydash dbname=postgres"
    with psycopg.connect(where, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]
