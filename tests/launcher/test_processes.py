"""What the launcher promises about its children, with small real processes in place of the product's."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from memorydash import processes
from tests.servers import wait_until

ROOT = Path(__file__).parent.parent.parent
SCRIPT = """
import os, sys
from contextlib import ExitStack
from pathlib import Path
from memorydash import processes
from memorydash.processes import Child, Family, Stopped
processes.AT_ONCE, processes.RESTARTS = float(sys.argv[2]), 2
here = Path(sys.argv[1])
held = ExitStack()
lock = held.enter_context(processes.locked(here / "lock"))
family = Family(lock, lambda text: print(text, flush=True))
try:
    for name, code in zip(sys.argv[3::2], sys.argv[4::2], strict=True):
        family.start(Child(name, [sys.executable, "-c", code], dict(os.environ), here / (name + ".log")))
    print("started", flush=True)
    family.watch()
except Stopped as stopped:
    print("Stopped:", stopped, flush=True)
finally:
    family.stop(last=["Last"], seconds=2)
"""
SLEEP = "import time; print('up', flush=True); time.sleep(300)"
DIES = "print('my last words', flush=True); raise SystemExit(3)"


class Launched:
    """A process that keeps a family of small children."""

    def __init__(self, here: Path, *children: str, at_once: float) -> None:
        command = [sys.executable, "-c", SCRIPT, str(here), str(at_once), *children]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.out = self.process.stdout

    def children(self) -> list[psutil.Process]:
        """All that it has started, without its warden."""
        return [c for c in psutil.Process(self.process.pid).children(recursive=True) if "python" in c.name()]


Launch = Callable[..., Launched]


def alive(process: psutil.Process) -> bool:
    """Whether it runs (a zombie does not)."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Start a family; it is gone after the test."""
    with ExitStack() as after:

        def start(*children: str, at_once: float = 0) -> Launched:
            family = Launched(tmp_path, *children, at_once=at_once)
            after.enter_context(family.process)  # waits, closes the pipe
            after.callback(family.process.kill)
            return family

        yield start


def test_a_child_that_dies_at_once_stops_everything_with_its_last_words(launch: Launch) -> None:
    family = launch("One", SLEEP, "Two", DIES, at_once=60)
    said = family.out.read()
    assert "Two stopped at once (exit status 3)." in said
    assert "my last words" in said
    assert family.process.wait() == 0


def test_a_child_that_dies_later_is_started_again_a_few_times(launch: Launch) -> None:
    family = launch("One", SLEEP, "Two", DIES)
    said = family.out.read()
    assert said.count("Two stopped (exit status 3) and is started again.") == 2
    assert "Stopped: Two stopped again (exit status 3), after 2 restarts." in said


def test_a_child_that_ignores_sigterm_is_killed_with_all_it_started(launch: Launch, tmp_path: Path) -> None:
    stubborn = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); time.sleep(300)"
    )
    family = launch("Stubborn", stubborn)
    wait_until(lambda: (log := tmp_path / "Stubborn.log").exists() and "up" in log.read_text())
    children = family.children()
    assert len(children) == 2
    family.process.terminate()
    family.process.wait(20)
    assert not [child for child in children if alive(child)]


def test_the_last_ones_are_stopped_after_the_others(launch: Launch, tmp_path: Path) -> None:
    told = (
        "import signal, sys, time, pathlib;"
        "signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path({here!r}).open('a').write({name!r}), sys.exit()));"
        "print('up', flush=True); time.sleep(300)"
    )
    order = tmp_path / "order"
    scripts = [part for name in ("Last", "First") for part in (name, told.format(here=str(order), name=name))]
    family = launch(*scripts)
    for name in ("Last", "First"):
        wait_until(lambda log=tmp_path / f"{name}.log": log.exists() and "up" in log.read_text())  # type: ignore[misc]
    family.process.send_signal(signal.SIGINT)
    assert family.process.wait(20) == 0
    assert order.read_text() == "FirstLast"


def test_a_killed_launcher_takes_its_children_with_it_at_any_moment(launch: Launch) -> None:
    family = launch("One", SLEEP, "Two", SLEEP)
    wait_until(lambda: len(family.children()) == 2)
    children = psutil.Process(family.process.pid).children(recursive=True)
    os.kill(family.process.pid, signal.SIGKILL)
    wait_until(lambda: not any(alive(child) for child in children))


def test_the_data_stay_locked_until_the_children_of_a_killed_launcher_are_gone(launch: Launch, tmp_path: Path) -> None:
    family = launch("One", SLEEP)
    wait_until(lambda: len(family.children()) == 1)
    children = psutil.Process(family.process.pid).children()
    warden = next(child for child in children if child not in family.children())
    warden.suspend()
    family.process.kill()
    family.process.wait()
    with pytest.raises(processes.InUse), processes.locked(tmp_path / "lock", seconds=0):
        pass
    warden.resume()
    with processes.locked(tmp_path / "lock", seconds=30):
        wait_until(lambda: not any(alive(child) for child in children))


def test_logs_of_earlier_starts_are_kept_three_deep(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    for n in range(6):
        log.write_text(str(n))
        processes.rotate(log)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        "web.log.1": "5",
        "web.log.2": "4",
        "web.log.3": "3",
    }


def test_the_end_of_a_log_is_shown_and_an_empty_one_said_to_be_empty(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"".join(b"line %d \xff\n" % n for n in range(40)))
    assert "line 39" in processes.tail(log)
    assert "line 27" not in processes.tail(log)
    log.write_text("")
    assert "is empty" in processes.tail(log)


def test_a_port_is_taken_while_somebody_listens_on_either_localhost() -> None:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as listener:
            try:
                listener.bind((host, 0))
            except OSError:  # no IPv6 on this machine
                continue
            listener.listen()
            assert processes.port_taken(listener.getsockname()[1])
    assert not processes.port_taken(processes.free_port())


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    with (
        processes.locked(tmp_path / "lock"),
        pytest.raises(processes.InUse),
        processes.locked(tmp_path / "lock", seconds=0),
    ):
        pass
    with processes.locked(tmp_path / "lock"):
        pass
