"""Child processes for the launcher: started with a log each, watched, restarted, and never left behind."""

import errno
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

KEPT_LOGS = 3
AT_ONCE = 3.0  # a child that lives for fewer seconds than this has a fault which starting it again will not mend
RESTARTS = 5  # how often a child is started again ...
FORGOTTEN = 600.0  # ... unless it has lived for so many seconds since


class InUse(Exception):
    """Another process holds the lock."""


class Stopped(Exception):
    """Everything has to stop; the text is for the person at the screen (empty when they asked for it)."""


@dataclass
class Child:
    """One process: `command` with `env`, its output in `log`; its own process group, so that it falls as a whole."""

    name: str  # as a person reads it: "The worker"
    command: Sequence[str]
    env: dict[str, str]
    log: Path
    ends: bool = False  # it does its work and ends, instead of running until it is stopped
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restarts: int = 0

    @property
    def alive(self) -> bool:
        """Whether it runs now."""
        return self.process is not None and self.process.poll() is None

    @property
    def code(self) -> int | None:
        """How it ended: its exit status, or minus the signal; None while it runs."""
        return self.process.poll() if self.process else None


class Signals:
    """The signals of this process as something to wait for: no work is done inside a handler."""

    def __init__(self) -> None:
        self.reader, self.writer = socket.socketpair()
        self.reader.setblocking(False)
        self.writer.setblocking(False)
        signal.set_wakeup_fd(self.writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)

    def wait(self, seconds: float | None) -> bool:
        """Wait for a signal, at most `seconds`; True when one of them asks to stop."""
        select.select([self.reader], [], [], seconds)
        with suppress(BlockingIOError):
            return any(number != signal.SIGCHLD for number in self.reader.recv(4096))
        return False


class Warden:
    """A tiny shell that kills every child's group when the launcher is gone, even by SIGKILL.

    It reads the groups from a pipe whose only writer is the launcher: the end of the file is the launcher's end.
    Given a lock's descriptor, it keeps that until it is done: a next launcher never meets the children of the last.
    """

    SCRIPT = (
        'groups=""; while read -r line; do groups=$line; done;'
        ' for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done'
    )

    def __init__(self, *lock: int) -> None:
        reader, self.writer = os.pipe()
        self.groups: list[int] = []
        self.process = subprocess.Popen(  # noqa: S603 (our own commands)
            ["/bin/sh", "-c", self.SCRIPT],
            stdin=reader,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=lock,
            start_new_session=True,
        )
        os.close(reader)

    def report(self, groups: list[int]) -> None:
        """Tell it the whole list anew; one short line, so the pipe takes it at once."""
        self.groups = groups
        os.write(self.writer, (" ".join(map(str, groups)) + "\n").encode())

    def report_myself(self) -> None:
        """For a child between fork and exec: so it is known before it can do anything."""
        os.write(self.writer, (" ".join(map(str, [*self.groups, os.getpid()])) + "\n").encode())

    def dismiss(self) -> None:
        """Let it kill what is left, and end."""
        os.close(self.writer)
        self.process.wait()


class Family:
    """All children of one launcher, in the order in which they were started."""

    def __init__(self, lock: int, say: Callable[[str], None]) -> None:
        self.signals = Signals()
        self.warden = Warden(lock)
        self.children: list[Child] = []
        self.say = say

    def start(self, child: Child) -> None:
        """Start it for the first time, with a fresh log."""
        rotate(child.log)
        self.children.append(child)
        self._spawn(child)

    def run(self, child: Child, seconds: float) -> None:
        """Start it and wait until it has done its work; Stopped when it fails or takes longer than `seconds`."""
        self.start(child)
        self.wait_until(lambda: not child.alive, child, seconds)
        if code := child.code:
            raise Stopped(f"{child.name} failed ({ended(code)}).{tail(child.log)}")
        self.children.remove(child)
        self._report()

    def wait_until(self, ready: Callable[[], bool], child: Child, seconds: float) -> None:
        """Wait until `child` is ready; Stopped when it is not within `seconds`, or when any child dies meanwhile."""
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise Stopped(f"{child.name} was not ready after {seconds:.0f} seconds.{tail(child.log)}")
            if self.signals.wait(0.05):
                raise Stopped
            self._mend(at_once=seconds)

    def watch(self) -> None:
        """Keep all children running until somebody asks to stop or one cannot be kept; leaves by Stopped."""
        while not self.signals.wait(None):
            self._mend(at_once=AT_ONCE)
        raise Stopped

    def stop(self, last: Sequence[str] = (), seconds: float = 5.0) -> None:
        """Stop all, those named `last` after the others have ended; a second Ctrl-C, or `seconds` each: kill."""
        first = [child for child in self.children if child.name not in last]
        for group in (first, [child for child in self.children if child.name in last]):
            _signal(group, signal.SIGTERM)
            deadline = time.monotonic() + seconds
            while any(child.alive for child in group) and (left := deadline - time.monotonic()) > 0:
                if self.signals.wait(left):
                    break
            _signal(group, signal.SIGKILL)  # also what a child has left behind in its group
            for child in group:
                if child.process:
                    child.process.wait()
        self.warden.dismiss()

    def _spawn(self, child: Child) -> None:
        with child.log.open("ab") as log:
            child.process = subprocess.Popen(  # noqa: S603 (our own commands)
                child.command,
                env=child.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=self.warden.report_myself,  # safe: the launcher has one thread
            )
        child.started = time.monotonic()
        self._report()

    def _mend(self, at_once: float) -> None:
        """Start again what has died, unless it lived for less than `at_once` seconds or dies too often."""
        for child in self.children:
            if child.ends or child.alive or child.code is None:
                continue
            how, lived = ended(child.code), time.monotonic() - child.started
            _signal([child], signal.SIGKILL)
            if lived < at_once:
                raise Stopped(f"{child.name} stopped at once ({how}).{tail(child.log)}")
            if lived > FORGOTTEN:
                child.restarts = 0
            if child.restarts == RESTARTS:
                raise Stopped(f"{child.name} stopped again ({how}), after {RESTARTS} restarts.{tail(child.log)}")
            child.restarts += 1
            self.say(f"{child.name} stopped ({how}) and is started again. Its log: {child.log}")
            self._spawn(child)

    def _report(self) -> None:
        self.warden.report([child.process.pid for child in self.children if child.process])


def _signal(children: list[Child], number: signal.Signals) -> None:
    for child in children:
        if child.process:
            with suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
                os.killpg(child.process.pid, number)


def ended(code: int) -> str:
    """How a process ended, in words."""
    return f"exit status {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, introduced; a sentence when it is empty."""
    text = log.read_text(errors="replace").rstrip().splitlines()[-lines:]
    if not text:
        return f"\nIts log is empty: {log}"
    return "\n".join([f"\nThe last lines of {log}:", *(f"    {line}" for line in text)])


def rotate(log: Path) -> None:
    """Move `log` to `log.1`, `.1` to `.2` and so on, keeping KEPT_LOGS old ones."""
    older = [log.with_name(f"{log.name}.{n}") for n in range(KEPT_LOGS, 0, -1)]
    for newer, old in zip([*older[1:], log], older, strict=True):
        if newer.exists():
            newer.replace(old)


def port_taken(port: int) -> bool:
    """Whether somebody listens on this port of localhost (browsers try ::1 before 127.0.0.1)."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except OSError as error:  # a machine without IPv6 answers with another errno
            if error.errno == errno.EADDRINUSE:
                return True
    return False


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def locked(path: Path, seconds: float = 1.0) -> Iterator[int]:
    """Hold the lock file `path` and yield its descriptor; InUse when another process has it for `seconds`."""
    import fcntl

    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + seconds  # a warden of a killed launcher needs a moment
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise InUse from None
                time.sleep(0.05)
        yield fd
    finally:
        os.close(fd)
