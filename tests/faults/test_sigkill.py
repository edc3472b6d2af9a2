"""Real SIGKILLs at the dangerous lines, in real processes over a real file: what is found afterwards is taken up."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from dreams.models import Attachment, Change, Dream, Memory, Review, Store
from dreams.rules import dream_states, review_states
from dreams.services import vendor
from tests.faults import operations as world
from tests.faults.databases import in_place, sqlite_at
from tests.faults.ground import Ground, must_hold
from tests.faults.operations import OPERATIONS
from tests.faults.test_crashes import TOLD
from tests.people import make_people
from tests.sandbox_server import Sandbox

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
CHECKS = {operation.name: operation for operation in OPERATIONS}


@dataclass(frozen=True)
class Death:
    """Who does what when it dies at which line, and which operation's promises must hold in the end."""

    sentence: str
    operation: str
    prepare: Callable[[Ground], None]
    task: str
    row: Callable[[Ground], int]
    line: str
    when: str = "before"
    call: int = 1


def pk_of(name: str) -> Callable[[Ground], int]:
    return lambda ground: ground.kept[name].pk


def only(model: type[Any], **which: Any) -> Callable[[Ground], int]:
    return lambda ground: model._default_manager.get(**which).pk


def two_stores_listed(ground: Ground) -> None:
    """Both stores are known, none is read."""
    world.two_stores_at_the_vendor(ground)
    from dreams.services import stores

    stores.refresh_stores(ground.workspace)
    Store.objects.update(walked_at=None)


SERVICES = "dreams.services"
DEATHS = [
    Death(
        "between the claim of a launch and its request",
        "launch", world.dream_asked, "start_dream", pk_of("dream"), "dreams.remote.gateway:Gateway.create_dream",
    ),
    Death(
        "after the vendor started the dream and before the row says so",
        "launch", world.dream_asked, "start_dream", pk_of("dream"), f"{SERVICES}.dreams:_accept",
    ),
    Death(
        "while the input is being frozen",
        "launch", world.dream_asked, "start_dream", pk_of("dream"), f"{SERVICES}.snapshots:keep_manifest", "after",
    ),
    Death(
        "half-way through a first walk",
        "first import", two_stores_listed, "sync_store", only(Store, name="many"),
        f"{SERVICES}.mirror:Mirror.take", "after",
    ),
    Death(
        "inside the transaction that saves a mirror",
        "incremental sync", world.agents_wrote, "sync_store", pk_of("store"),
        f"{SERVICES}.mirror:keep_versions", "after",
    ),
    Death(
        "after a dream's end was seen and before its output is read",
        "follow", world.dream_ended_at_vendor, "refresh_dreams", lambda g: g.workspace.pk,
        f"{SERVICES}.following:finish_dream",
    ),
    Death(
        "while an output is being frozen",
        "follow", world.dream_ended_at_vendor, "refresh_dreams", lambda g: g.workspace.pk,
        f"{SERVICES}.following:freeze", "after",
    ),
    Death(
        "inside the transaction that opens a review",
        "follow", world.dream_ended_at_vendor, "refresh_dreams", lambda g: g.workspace.pk,
        f"{SERVICES}.reviews:Change.objects.bulk_create", "after",
    ),
    Death(
        "after the vendor took a step of a plan and before that is recorded",
        "apply", world.plan_confirmed, "apply_run", pk_of("run"), f"{SERVICES}.applying:_write", "after", 1,
    ),
    Death(
        "between two steps of a plan",
        "apply", world.plan_confirmed, "apply_run", pk_of("run"), f"{SERVICES}.applying:_take", "after", 2,
    ),
    Death(
        "when all steps of a plan are done and nobody says so yet",
        "apply", world.plan_confirmed, "apply_run", pk_of("run"), f"{SERVICES}.applying:_end",
    ),
    Death(
        "after a plan is made and before it is confirmed",
        "plan", world.review_waits_for_a_plan, "plan_and_confirm", pk_of("review"),
        f"{SERVICES}.applying:confirm_run",
    ),
    Death(
        "after the vendor changed a deployment and before that is checked",
        "attach", world.attach_asked, "attach_one", pk_of("attachment"),
        "dreams.remote.gateway:Gateway.update_deployment_resources", "after",
    ),
    Death(
        "just before a deployment is changed back",
        "undo attach", world.undo_asked, "attach_one", pk_of("attachment"),
        "dreams.remote.gateway:Gateway.update_deployment_resources",
    ),
    Death(
        "after the vendor canceled a dream and before the person is told",
        "cancel", world.dream_runs, "cancel_dream", pk_of("dream"),
        "dreams.remote.gateway:Gateway.cancel_dream", "after",
    ),
    Death(
        "after the vendor took a person's edit and before it is mirrored",
        "edit memory", world.store_open, "edit_memory", pk_of("memory"), f"{SERVICES}.memories:_mirrored",
    ),
]  # fmt: skip


class Mortals:
    """The process whose children die to order."""

    def __init__(self) -> None:
        env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT)}
        env.pop("DATABASE_URL", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.mortal"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=env,
        )  # fmt: skip

    def order(self, **order: Any) -> int:
        """The signal that ended the child, 0 when it lived to the end."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return os.WTERMSIG(int(self.process.stdout.readline()))

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    made = Mortals()
    yield made
    made.close()


@pytest.fixture(scope="module")
def empty(mortals: Mortals, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables and no rows."""
    path = tmp_path_factory.mktemp("empty") / "memorydash.sqlite3"
    assert mortals.order(database=str(path)) == 0
    return path


@pytest.fixture
def file(tmp_path: Path, empty: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Path]:
    """A database in a file, which this process uses instead of its usual one."""
    path = Path(shutil.copy(empty, tmp_path / "memorydash.sqlite3"))
    with django_db_blocker.unblock(), in_place(**sqlite_at(path)):
        yield path


@pytest.fixture
def ground(file: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    # In this process nothing is woken, as when the broker is away: only what a test asks for and the sweep run.
    monkeypatch.setattr("dreams.enqueue._wake", lambda task, args: None)
    vendor.bucket.cache_clear()
    with Sandbox() as sandbox:
        settings.ANTHROPIC_BASE_URL = sandbox.url
        yield Ground(make_people(), sandbox)


def kill(mortals: Mortals, ground: Ground, file: Path, death: Death) -> None:
    order = {"task": death.task, "pk": death.row(ground), "line": death.line, "when": death.when, "call": death.call}
    connection.close()  # a file is shared between processes, a connection is not
    ended_by = mortals.order(database=str(file), vendor=ground.sandbox.url, **order)
    assert ended_by == signal.SIGKILL, "the process never came to that line"


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death.sentence.replace(" ", "-"))
def test_a_process_killed_there_leaves_work_that_is_taken_up(
    mortals: Mortals, ground: Ground, file: Path, death: Death, settings: Any
) -> None:
    death.prepare(ground)
    kill(mortals, ground, file, death)
    ground.sandbox.state.speed = 1000
    world.ended_at_vendor(ground)
    ground.settle()
    must_hold(CHECKS[death.operation], ground, TOLD)


def test_a_decision_killed_before_its_commit_was_never_taken(mortals: Mortals, ground: Ground, file: Path) -> None:
    world.dream_ended_at_vendor(ground)
    ground.settle()
    change = Change.objects.filter(state=review_states.UNDECIDED).first()
    assert change is not None
    death = Death("", "", lambda g: None, "accept_change", lambda g: change.pk, "dreams.services.audit:record")
    kill(mortals, ground, file, death)
    change.refresh_from_db()
    assert (change.state, change.seq, change.decisions.count()) == (review_states.UNDECIDED, 0, 0)
    assert Review.objects.get().state == review_states.OPEN


def test_what_the_dead_claimed_is_left_alone_while_the_claim_lasts(
    mortals: Mortals, ground: Ground, file: Path
) -> None:
    """A sweep right after the kill must not take the launch for lost: the process could still be alive."""
    world.dream_asked(ground)
    kill(mortals, ground, file, DEATHS[1])
    from dreams.services import sweeps

    sweeps.sweep_workspace(ground.workspace)
    dream = Dream.objects.get()
    assert dream.state == dream_states.LAUNCHING
    assert len(ground.dreams_at_vendor()) == 1
    assert not Attachment.objects.exists()
    assert Memory.objects.exists()
