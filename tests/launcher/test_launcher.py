"""The real launcher with the real product: ready, one screen of words, data kept, nothing left behind."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPConnection
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import psutil
import pytest

from memorydash.processes import AT_ONCE, free_port, port_taken
from tests.servers import valkey, wait_until

ROOT = Path(__file__).parent.parent.parent
READY = "Ctrl-C stops everything"

pytestmark = pytest.mark.slow


class Launcher:
    """One `python -m memorydash.launcher`, what it says, and all the processes it has started."""

    def __init__(self, python: str, kind: str, data: Path, **env: str) -> None:
        self.port, self.sandbox_port = (int(env.get(name) or free_port()) for name in ("PORT", "SANDBOX_PORT"))
        given = {"PORT": str(self.port), "SANDBOX_PORT": str(self.sandbox_port), "DATA_DIR": str(data)} | env
        self.screen = data.parent / f"{data.name}-{self.port}.screen"
        with self.screen.open("wb") as screen:
            self.process = subprocess.Popen(
                [python, "-m", "memorydash.launcher", kind],
                env=clean_environment() | given,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=screen,
            )

    @property
    def said(self) -> str:
        """All that is on the screen."""
        return self.screen.read_text()

    def ready(self) -> "Launcher":
        """Wait until it says so."""
        wait_until(lambda: READY in self.said or self.process.poll() is not None, 90, lambda: self.said)
        assert READY in self.said, self.said
        return self

    def ended(self) -> int:
        """Wait for its end: its exit status."""
        return self.process.wait(60)

    def all(self) -> list[psutil.Process]:
        """It and all the processes below it."""
        top = psutil.Process(self.process.pid)
        return [top, *top.children(recursive=True)]

    def child(self, words: str) -> psutil.Process:
        """The process whose command holds `words`."""
        return next(child for child in self.all() if words in " ".join(child.cmdline()))

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of one page of the web server."""
        return request("GET", self.port, path)


Start = Callable[..., Launcher]


def clean_environment() -> dict[str, str]:
    """Ours without what the tests have set for themselves."""
    ours = ("DATA_DIR", "DJANGO_SETTINGS_MODULE", "SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL")
    return {k: v for k, v in os.environ.items() if k not in ours}


def request(method: str, port: int, path: str, body: object = None, **headers: str) -> tuple[int, str]:
    """One request to 127.0.0.1: status and body."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body=json.dumps(body) if body else None, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more (a zombie does not run)."""
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python with what requirements/run.txt names and nothing else: what only tests need must not be missed."""
    folder = tmp_path_factory.mktemp("run") / "venv"
    venv.create(folder, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    for name in re.findall(r"^([\w.-]+)==", (ROOT / "requirements/run.txt").read_text(), re.MULTILINE):
        with suppress(PackageNotFoundError):  # named for another system
            for top in {file.parts[0] for file in distribution(name).files or []} - {"..", "__pycache__"}:
                (packages / top).symlink_to(Path(str(distribution(name).locate_file(top))))
    return str(folder / "bin/python")


@pytest.fixture(scope="module")
def seeded(python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a demo that was started once: filling it takes longer than starting."""
    data = tmp_path_factory.mktemp("seeded") / "data"
    demo = Launcher(python, "demo", data)
    try:
        demo.ready()
    finally:
        demo.process.terminate()
        demo.ended()
    return data


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """Where data can go; nothing is there."""
    return tmp_path / "data"


@pytest.fixture
def place(empty: Path, seeded: Path) -> Path:
    """Data of a demo that was started before."""
    shutil.copytree(seeded, empty)
    return empty


@pytest.fixture
def start(python: str) -> Iterator[Callable[..., Launcher]]:
    """Start a launcher; what a test left running is killed."""
    with ExitStack() as after:

        def starter(kind: str, data: Path, **env: str) -> Launcher:
            launcher = Launcher(python, kind, data, **env)
            after.callback(launcher.ended)
            after.callback(launcher.process.kill)  # its warden does the rest
            return launcher

        yield starter


def test_the_demo_becomes_ready_says_where_and_who_and_ctrl_c_leaves_nothing(start: Start, empty: Path) -> None:
    demo = start("demo", empty).ready()
    assert f"http://localhost:{demo.port}" in demo.said
    assert "alice@example.com" in demo.said
    assert "password" in demo.said
    assert len(demo.said.splitlines()) < 20, demo.said
    assert demo.get("/healthz")[0] == 200
    status, page = demo.get("/account/login/")
    assert status == 200
    style = re.search(r'href="(/static/[^"]+\.css)"', page)
    assert style
    assert demo.get(style[1])[0] == 200

    processes = demo.all()
    assert len(processes) == 6  # launcher, warden, Valkey, stand-in, worker with beat, web
    demo.process.send_signal(signal.SIGINT)
    assert demo.ended() == 0
    assert gone(processes)
    assert demo.said.rstrip().endswith("Stopped.")
    assert not port_taken(demo.port)
    assert {log.name for log in (empty / "logs").iterdir()} == {
        *("valkey.log", "sandbox.log", "prepare.log", "web.log", "worker.log")
    }
    logs = "".join(log.read_text() for log in (empty / "logs").iterdir())
    assert "Traceback" not in logs
    password = re.search(r"password (\S+)", demo.said)
    assert password
    assert password[1] not in logs


def test_a_second_start_keeps_the_data_of_both_databases(start: Start, place: Path) -> None:
    first = start("demo", place).ready()
    status, text = request(
        *("POST", first.sandbox_port, "/v1/memory_stores", {"name": "Made before the restart"}),
        **{
            "x-api-key": "sk-sandbox-demo",
            "anthropic-version": "2023-06-01",
            "anthropic-beta": "managed-agents-2026-04-01",
            "content-type": "application/json",
        },
    )
    assert status == 200, text
    store = json.loads(text)["id"]
    first.process.terminate()
    assert first.ended() == 0
    before = rows(place / "memorydash.sqlite3", "SELECT id, email, password FROM dreams_user")
    assert before

    second = start("demo", place).ready()
    assert rows(place / "memorydash.sqlite3", "SELECT id, email, password FROM dreams_user") == before
    status, text = request(
        *("GET", second.sandbox_port, f"/v1/memory_stores/{store}"),
        **{
            "x-api-key": "sk-sandbox-demo",
            "anthropic-version": "2023-06-01",
            "anthropic-beta": "managed-agents-2026-04-01",
        },
    )
    assert status == 200, text
    second.process.terminate()
    assert second.ended() == 0


def rows(file: Path, query: str) -> list[tuple[object, ...]]:
    """What an SQLite file answers."""
    connection = sqlite3.connect(file)
    found = connection.execute(query).fetchall()
    connection.close()
    return found


def test_killing_the_launcher_leaves_nothing_and_the_next_start_works_at_once(start: Start, place: Path) -> None:
    demo = start("demo", place).ready()
    processes = demo.all()
    demo.process.kill()
    demo.ended()
    again = start("demo", place, PORT=str(demo.port), SANDBOX_PORT=str(demo.sandbox_port)).ready()
    assert gone(processes)
    again.process.terminate()
    assert again.ended() == 0


def test_killing_the_launcher_while_it_starts_leaves_nothing(start: Start, empty: Path) -> None:
    demo = start("demo", empty)
    wait_until(lambda: len(demo.all()) > 3)
    processes = demo.all()
    demo.process.kill()
    wait_until(lambda: gone(processes))


def test_ctrl_c_while_it_starts_stops_everything(start: Start, empty: Path) -> None:
    demo = start("demo", empty)
    wait_until(lambda: len(demo.all()) > 3)
    processes = demo.all()
    demo.process.send_signal(signal.SIGINT)
    assert demo.ended() == 0
    assert gone(processes)


def test_a_killed_worker_is_started_again_and_the_screen_says_so(start: Start, place: Path) -> None:
    demo = start("demo", place).ready()
    worker = demo.child("celery")
    wait_until(lambda: time.time() - worker.create_time() > AT_ONCE + 1)
    worker.kill()
    wait_until(
        lambda: "The worker stopped (killed by SIGKILL) and is started again." in demo.said, 30, lambda: demo.said
    )
    assert demo.child("celery").pid != worker.pid
    demo.process.terminate()
    assert demo.ended() == 0


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_a_port_in_use_is_named_and_another_one_proposed(start: Start, empty: Path, name: str) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        demo = start("demo", empty, **{name: str(port)})
        assert demo.ended() == 1
    assert f"Port {port} of localhost is already in use" in demo.said
    assert f"make demo {name}=" in demo.said
    assert not (empty / "memorydash.sqlite3").exists()


def test_a_second_launcher_on_the_same_data_is_refused_and_the_first_lives_on(start: Start, place: Path) -> None:
    first = start("demo", place).ready()
    second = start("demo", place)
    assert second.ended() == 1
    assert "Memorydash already runs on the data in" in second.said
    assert first.get("/healthz")[0] == 200
    first.process.terminate()
    assert first.ended() == 0


def test_the_data_of_the_demo_is_not_taken_for_real_data(start: Start, empty: Path) -> None:
    empty.mkdir()
    (empty / "kind").write_text("demo")
    real = start("run", empty)
    assert real.ended() == 1
    assert "holds the data of `make demo`" in real.said


@pytest.mark.parametrize("port", ["no", "0", "65536", "-1", "٣"])
def test_what_is_no_port_is_refused(empty: Path, port: str) -> None:
    demo = subprocess.run(
        [sys.executable, "-m", "memorydash.launcher", "demo"],
        env=clean_environment() | {"PORT": port, "DATA_DIR": str(empty)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert demo.returncode == 1
    assert "PORT must be a number from 1 to 65535" in demo.stdout


def test_a_database_that_cannot_be_opened_stops_everything_with_the_end_of_its_log(start: Start, empty: Path) -> None:
    empty.mkdir()
    (empty / "memorydash.sqlite3").write_bytes(b"this is not a database" * 100)
    demo = start("demo", empty)
    assert demo.ended() == 1
    assert "Preparing the database failed" in demo.said
    assert "file is not a database" in demo.said
    assert not port_taken(demo.sandbox_port)


def test_what_a_shell_has_set_for_production_does_not_reach_the_demo(
    start: Start, place: Path, tmp_path: Path
) -> None:
    production = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/production.sqlite3",
        "REDIS_URL": "redis://127.0.0.1:9/0",
        "ALLOWED_HOSTS": "memory.example.com",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
        "ANTHROPIC_CUSTOM_HEADERS": "x-secret: 1",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    demo = start("demo", place, **production).ready()
    assert demo.get("/healthz")[0] == 200
    assert not (tmp_path / "production.sqlite3").exists()
    assert "ANTHROPIC_CUSTOM_HEADERS" not in demo.child("uvicorn").environ()
    demo.process.terminate()
    assert demo.ended() == 0


def test_run_starts_no_stand_in_takes_a_given_redis_and_prints_a_link_for_the_first_admin(
    start: Start, empty: Path
) -> None:
    with valkey() as url:
        real = start("run", empty, REDIS_URL=url).ready()
        link = re.search(rf"http://localhost:{real.port}(/\S+)", real.said.replace("Memorydash: http", ""))
        assert link
        assert real.get(link[1])[0] == 200
        commands = [" ".join(process.cmdline()) for process in real.all()]
        assert len(commands) == 4, commands  # launcher, warden, worker with beat, web
        assert link[1] not in "".join(log.read_text() for log in (empty / "logs").iterdir())
        real.process.terminate()
        assert real.ended() == 0
