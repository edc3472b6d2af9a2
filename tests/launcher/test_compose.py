"""docker-compose.yml without an engine: its very commands, environment and health checks, as processes.

They run against a real PostgreSQL and a real Valkey. What differs from containers is what `here` replaces: names of
hosts, the port of the web server, and the places of the image.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from memorydash.processes import free_port
from tests.servers import postgres, running, valkey, wait_until

ROOT = Path(__file__).parent.parent.parent
FILE = ROOT / "docker-compose.yml"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PASSWORD = "a1b2c3"  # what .env.example asks for: letters and digits
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<kind>:[-?])?(?P<rest>(?:[^${}]|\$\{[^}]*\})*)\}")

Service = dict[str, Any]


def interpolate(text: str, env: dict[str, str]) -> str:
    """Compose's interpolation of `${NAME}`, `${NAME:-default}` and `${NAME:?message}`."""

    def value(match: re.Match[str]) -> str:
        if found := env.get(match["name"]):
            return found
        if match["kind"] == ":?":
            raise LookupError(match["rest"])
        return interpolate(match["rest"], env) if match["kind"] else ""

    return VARIABLE.sub(value, text)


def services(env: dict[str, str]) -> dict[str, Service]:
    """The services of the file as Compose would read them with `env` in .env; what that gives them is merged in."""
    found: dict[str, Service] = yaml.safe_load(interpolate(FILE.read_text(), env))["services"]
    for service in found.values():
        if service.get("env_file") == ".env":
            service["environment"] = env | service["environment"]
    return found


def image_environment() -> dict[str, str]:
    """What the Dockerfile sets with ENV."""
    lines = re.findall(r"^ENV (.*)$", DOCKERFILE.replace("\\\n", " "), re.MULTILINE)
    return dict(pair.split("=", 1) for line in lines for pair in shlex.split(line))


def image_command() -> list[str]:
    """What the Dockerfile runs with CMD."""
    return list(yaml.safe_load(DOCKERFILE.replace("\\\n", " ").rsplit("\nCMD ", 1)[1]))


@dataclass
class Stack:
    """The services on this machine: `here` turns what is said for containers into what holds here."""

    folder: Path
    database_url: str
    redis_url: str
    port: int

    def here(self, text: str) -> str:
        """`text` with the hosts, the port and the folders of this machine."""
        database, redis = urlsplit(self.database_url), urlsplit(self.redis_url)
        for there, ours in (
            ("postgres:5432", f"127.0.0.1:{database.port}"),
            ("redis:6379", f"127.0.0.1:{redis.port}"),
            ("0.0.0.0", "127.0.0.1"),
            ("8000", str(self.port)),
            ("/tmp/pulse", str(self.folder / "pulse")),
            ("/app/staticfiles", str(self.folder / "static")),
            ("/data", str(self.folder / "data")),
        ):
            text = text.replace(there, ours)
        return text

    def environment(self, service: Service) -> dict[str, str]:
        """The environment of a service: the image's, then its own, and nothing of ours."""
        given = image_environment() | {k: str(v) for k, v in service.get("environment", {}).items()}
        database, redis = urlsplit(self.database_url), urlsplit(self.redis_url)
        tools = {"PGHOST": "127.0.0.1", "PGPORT": str(database.port), "REDIS_PORT": str(redis.port)}
        path = os.pathsep.join([str(self.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
        return {k: self.here(v) for k, v in given.items()} | tools | {"PATH": path, "HOME": str(self.folder)}

    def command(self, service: Service) -> list[str]:
        """What a service runs: its own command or the image's."""
        words = service.get("command") or image_command()
        return [self.here(word) for word in (shlex.split(words) if isinstance(words, str) else words)]

    def run(self, service: Service, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command to its end in the environment of a service."""
        env = self.environment(service)
        return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=120)

    def health(self, service: Service) -> subprocess.CompletedProcess[str]:
        """The health check of a service, once."""
        kind, *command = service["healthcheck"]["test"]
        assert kind == "CMD"
        return self.run(service, command)

    def get(self, path: str, host: str) -> int:
        """The status which the web server answers to a browser that asks for `host`."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
        status = connection.getresponse().status
        connection.close()
        return status


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """PostgreSQL and Valkey as the file configures them; no service of ours runs yet."""
    folder = tmp_path_factory.mktemp("compose")
    (folder / "bin").mkdir()
    # The bundled Valkey comes without its command line client: this says to it what `redis-cli ping` says.
    client = folder / "bin" / "redis-cli"
    client.write_text(
        f"#!{sys.executable}\nimport os, redis, sys\n"
        "print(redis.Redis(port=int(os.environ['REDIS_PORT'])).execute_command(*sys.argv[1:]))\n"
    )
    client.chmod(0o755)
    server, *options = shlex.split(services({"POSTGRES_PASSWORD": PASSWORD})["redis"]["command"])
    assert server == "redis-server"
    with postgres() as database_url, valkey(*options) as redis_url:
        user_and_place = database_url.replace("memorydash@", f"memorydash:{PASSWORD}@")
        yield Stack(folder, user_and_place, redis_url, free_port())


def test_the_file_is_valid_compose() -> None:
    checker = Path(sys.executable).parent / "check-jsonschema"
    done = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", FILE], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_without_a_password_it_says_what_is_missing() -> None:
    with pytest.raises(LookupError, match=r"Set POSTGRES_PASSWORD in \.env"):
        services({})


def test_every_variable_is_explained_and_every_explained_one_exists() -> None:
    settings, launcher = ((ROOT / "memorydash" / name).read_text() for name in ("settings.py", "launcher.py"))
    read = set(re.findall(r"env(?:\.\w+)?\(\s*\"([A-Z_]+)\"", settings))
    read |= set(re.findall(r"env(?:iron)?\.get\(\"([A-Z_]+)\"", launcher)) | {"PULSE_DIR"}
    table = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs/operations.md").read_text(), re.MULTILINE))
    assert table == read
    example = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert example - {"POSTGRES_PASSWORD"} <= table


def test_every_long_running_service_has_a_health_check_and_the_app_has_no_rights_to_spare() -> None:
    found = services({"POSTGRES_PASSWORD": PASSWORD})
    assert set(found) == {"web", "worker", "beat", "migrate", "postgres", "redis"}
    for name, service in found.items():
        assert ("healthcheck" in service) is (name != "migrate"), name
        if service["image"] == "memorydash":
            assert service["read_only"] and service["cap_drop"] == ["ALL"], name
    published = [port for service in found.values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:8000:8000"]  # behind a proxy; nothing else is reachable from outside


def test_the_database_address_is_that_of_the_database_service() -> None:
    found = services({"POSTGRES_PASSWORD": PASSWORD})
    address = urlsplit(found["web"]["environment"]["DATABASE_URL"])
    made = found["postgres"]["environment"]
    assert (address.username, address.password) == (made["POSTGRES_USER"], made["POSTGRES_PASSWORD"])
    assert (address.hostname, address.path) == ("postgres", f"/{made['POSTGRES_DB']}")


def test_the_image_runs_as_a_person_without_rights_and_copies_what_exists() -> None:
    assert DOCKERFILE.count("\nUSER ") == 1
    assert "\nUSER memorydash\n" in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE
    copied = [place.split()[0] for place in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)]
    assert copied == ["requirements/run.txt", "manage.py", "memorydash", "dreams", "templates", "static"]
    assert all((ROOT / place).exists() for place in copied)
    ignored = (ROOT / ".dockerignore").read_text()
    assert all(f"!{place}" in ignored for place in copied)


def test_the_health_check_of_the_image_is_that_of_the_web_service() -> None:
    in_image = yaml.safe_load(re.search(r"^HEALTHCHECK .*CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[1])  # type: ignore[index]
    assert services({"POSTGRES_PASSWORD": PASSWORD})["web"]["healthcheck"]["test"] == ["CMD", *in_image]


@pytest.mark.slow
def test_all_services_become_healthy_and_work_reaches_the_worker_through_redis(stack: Stack) -> None:
    given = {"POSTGRES_PASSWORD": PASSWORD, "ALLOWED_HOSTS": "memory.example.com", "HTTPS": "true", "PORT": "9000"}
    found = services(given)
    for name in ("postgres", "redis"):
        assert (check := stack.health(found[name])).returncode == 0, check.stdout + check.stderr
    for name in ("web", "worker", "beat"):
        assert stack.health(found[name]).returncode == 1, f"{name} looks healthy before it was started"

    migrated = stack.run(found["migrate"], stack.command(found["migrate"]))
    assert migrated.returncode == 0, migrated.stderr
    collected = stack.run(found["web"], ["python", "manage.py", "collectstatic", "--noinput"])  # done in the image
    assert collected.returncode == 0, collected.stderr

    def healthy(name: str) -> Callable[[], bool]:
        return lambda: stack.health(found[name]).returncode == 0

    logs = {name: stack.folder / f"{name}.log" for name in ("web", "worker", "beat")}
    with ExitStack() as everything:
        for name, log in logs.items():
            service = found[name]
            command, env = stack.command(service), stack.environment(service)
            everything.enter_context(running(command, log, healthy(name), env=env, cwd=ROOT))
        assert stack.get("/account/login/", "memory.example.com") == 200
        swept = re.compile(r"Task dreams\.tasks\.sweep\[.*succeeded")
        wait_until(lambda: bool(swept.search(logs["worker"].read_text())), 60, lambda: logs["worker"].read_text())
        assert "Traceback" not in "".join(log.read_text() for log in logs.values())
        assert stack.get("/account/login/", "elsewhere.example.com") == 400


@pytest.mark.slow
def test_the_health_check_of_web_fails_while_the_database_is_away(stack: Stack) -> None:
    found = services({"POSTGRES_PASSWORD": PASSWORD})
    nowhere = {**found["web"], "environment": {**found["web"]["environment"]}}
    nowhere["environment"]["DATABASE_URL"] = f"postgres://memorydash@127.0.0.1:{free_port()}/memorydash"
    log = stack.folder / "web-alone.log"
    answers = re.compile(r"Uvicorn running")
    with running(
        stack.command(nowhere),
        log,
        lambda: bool(answers.search(log.read_text())),
        env=stack.environment(nowhere),
        cwd=ROOT,
    ):
        check = stack.health(nowhere)
        assert check.returncode == 1
        assert check.stderr.startswith(("/healthz answered 503", "The web server does not answer"))
