"""The PostgreSQL and the Valkey that other tests lean on."""

import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from tests.servers import missing, postgres, valkey, wait_until

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
def test_postgres_takes_a_table_and_is_gone_afterwards() -> None:
    with postgres() as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE note (text text)")
            row = connection.execute("SELECT count(*) FROM note").fetchone()
        assert row == (0,)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


@pytest.mark.slow
def test_valkey_keeps_a_value_and_is_gone_afterwards() -> None:
    with valkey() as url:
        client = redis.Redis.from_url(url)
        client.set("a", "b")
        assert client.get("a") == b"b"
        client.close()
    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(url).ping()


@pytest.mark.slow
def test_a_killed_test_process_leaves_no_valkey_behind() -> None:
    script = "from tests.servers import valkey\nwith valkey() as url: print(url, flush=True); input()"
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout and process.stdin
    assert process.stdout.readline().startswith(b"redis://")
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    assert children
    wait_until(lambda: not any(child.is_running() for child in children))


def test_what_is_missing_fails_in_ci_and_skips_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="Install it"):
        missing("Install it.")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="Install it"):
        missing("Install it.")
