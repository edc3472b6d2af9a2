"""The ground that faults happen on: a prepared world, put back after each case, and what must hold in the end."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from dreams.models import (
    ApplyRun,
    Attachment,
    Deployment,
    Dream,
    Memory,
    MemoryVersion,
    Session,
    SnapshotWish,
    Store,
    StoreDraft,
    Workspace,
)
from dreams.remote.errors import RemoteError
from dreams.rules import dream_states
from dreams.services import sweeps, vendor
from dreams.services.refusals import Busy, Refusal
from tests.people import People, make_people
from tests.sandbox_server import Sandbox

LONG_AGO = "2000-01-01T00:00Z"
CLAIMED = (Store, Dream, ApplyRun, Attachment, StoreDraft)
# Internal names, class names and codes are no sentence that a person can act on.
UNREADABLE = re.compile(r"Traceback|Error\[|Exception|<class|None\b|\{|memorydash\.")


@dataclass
class Ground:
    """The named people, the stand-in, and what the operation's preparation left for its check."""

    people: People
    sandbox: Sandbox
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def workspace(self) -> Workspace:
        """The workspace as the database has it now."""
        return Workspace.objects.get(pk=self.people.workspace.pk)

    def state(self, name: str) -> Any:
        """The row that was kept under `name`, fresh."""
        row = self.kept[name]
        return type(row).objects.get(pk=row.pk)

    # -- the vendor's side ------------------------------------------------------------------------------

    def dreams_at_vendor(self) -> list[dict[str, Any]]:
        return self.sandbox.state.all("dream")

    def contents(self, store_id: str) -> dict[str, str]:
        """{path: text} of a store at the vendor."""
        return {memory["path"]: memory["content"] for memory in self.sandbox.state.memories(store_id)}

    def versions(self, store_id: str) -> list[dict[str, Any]]:
        return self.sandbox.state.versions(store_id)

    def resources(self, deployment_id: str) -> Any:
        deployment = self.sandbox.state.get("deployment", deployment_id)
        assert deployment is not None
        return deployment["resources"]

    # -- time passes ------------------------------------------------------------------------------------

    def sweep(self, *, lists: bool = True) -> None:
        """One sweep in which everything that waits is due, the lists too unless told, and dead claims have run out."""
        for model in CLAIMED:
            model._default_manager.filter(next_check_at__isnull=False).update(next_check_at=LONG_AGO)
            model._default_manager.exclude(claim="").update(claimed_at=LONG_AGO)
        SnapshotWish.objects.update(next_check_at=LONG_AGO)
        later = timezone.now() + timedelta(hours=1)
        Workspace.objects.filter(pk=self.people.workspace.pk).update(next_check_at=LONG_AGO if lists else later)
        sweeps.sweep_workspace(self.workspace)

    def settle(self) -> None:
        """Sweeps until nothing waits but the regular looks; a launch that nobody saw ages by half an hour."""
        for _ in range(30):
            self.sweep(lists=False)
            if not self.unfinished():
                break
            Dream.objects.filter(state=dream_states.UNKNOWN).update(
                launch_sent_at=timezone.now() - timedelta(minutes=31)
            )
        self.sweep()
        self.sweep(lists=False)  # stores that the lists brought in

    def unfinished(self) -> list[str]:
        """What is still on its way."""
        dreams = Dream.objects.filter(state__in=dream_states.UNFINISHED) | Dream.objects.filter(
            next_check_at__isnull=False
        )
        runs = ApplyRun.objects.filter(state__in=["confirmed", "running"])
        attachments = Attachment.objects.filter(state__in=["waiting", "doing", "unknown"])
        asked = [*StoreDraft.objects.filter(next_check_at__isnull=False), *SnapshotWish.objects.all()]
        waiting = [f"{row} is {row.state}" for rows in (dreams, runs, attachments) for row in rows]
        return waiting + [f"{row} is asked for" for row in asked]


@dataclass(frozen=True)
class Operation:
    """One thing that people or the sweep do. `act` may refuse with a sentence, which `check` gets as `said`."""

    name: str
    prepare: Callable[[Ground], None]
    act: Callable[[Ground], object]
    check: Callable[[Ground, str], None]


def do(operation: Operation, ground: Ground) -> str:
    """Does it as a page or task would; the sentence when it was refused. Anything but a known refusal goes up."""
    try:
        operation.act(ground)
    except RemoteError as error:
        return error.words
    except (Refusal, Busy) as error:
        return str(error) or "This store is being read at this moment."
    return ""


def must_hold(operation: Operation, ground: Ground, said: str) -> None:
    """What is true after every operation, whatever went wrong: nothing waits or is held for ever, the mirror is the
    vendor's, each failure is a sentence; then what this operation promises."""
    assert ground.unfinished() == []
    for model in CLAIMED:
        assert not model._default_manager.exclude(claim="").exists(), f"a {model.__name__} is claimed for ever"
    problems = [row.problem for model in CLAIMED for row in model._default_manager.all()]
    for words in filter(None, [said, *problems, ground.workspace.outage]):
        assert is_sentence(words), words
    mirror_equals_vendor(ground)
    operation.check(ground, said)


def is_sentence(words: str) -> bool:
    """Whether words begin and end as a sentence and name nothing of the program's inside."""
    begins = words[:1].isupper() or words[:1].isdigit()
    return begins and words.rstrip()[-1] in ".?)”" and " " in words and not UNREADABLE.search(words)


def mirror_equals_vendor(ground: Ground) -> None:
    """Stores, memories, versions, sessions and deployments are here as they are there."""
    state, workspace = ground.sandbox.state, ground.workspace
    assert (workspace.outage, workspace.outage_since) == ("", None)
    mirrored = {store.remote_id: store for store in Store.objects.filter(workspace=workspace, gone_at=None)}
    heads = {head["id"]: head for head in state.all("store")}
    assert mirrored.keys() == heads.keys()
    for remote_id, store in mirrored.items():
        assert (store.name, store.archived_at is None) == (
            heads[remote_id]["name"],
            heads[remote_id]["archived_at"] is None,
        )
        rows = Memory.objects.filter(store=store).select_related("text")
        assert {row.path: row.text.text for row in rows} == ground.contents(remote_id), f"mirror of {store}"
        assert store.memory_count == len(rows)
        versions = [version["id"] for version in ground.versions(remote_id)]
        known = set(MemoryVersion.objects.filter(store=store).values_list("remote_id", flat=True))
        assert known == set(versions), f"history of {store}"
        assert store.last_version_id == (versions[0] if versions else "")
        assert store.problem == ""
        assert store.next_check_at is not None, f"{store} is never looked at again"
    sessions = Session.objects.filter(workspace=workspace, gone_at=None)
    assert {s.remote_id for s in sessions} == {s["id"] for s in state.all("session")}
    deployments = Deployment.objects.filter(workspace=workspace, gone_at=None)
    there = {deployment["id"]: deployment["resources"] for deployment in state.all("deployment")}
    assert {d.remote_id: d.resources for d in deployments} == there


@contextmanager
def prepared(operation: Operation) -> Iterator[Ground]:
    """The operation's world, made once. To be entered where the database is open; it leaves nothing behind."""
    vendor.bucket.cache_clear()
    with Sandbox() as sandbox, override_settings(ANTHROPIC_BASE_URL=sandbox.url), transaction.atomic():
        ground = Ground(make_people(), sandbox)
        operation.prepare(ground)
        with restored(ground):
            do(operation, ground)  # what costs once only (imports, connections) is paid here
        yield ground
        transaction.set_rollback(True)


@contextmanager
def restored(ground: Ground) -> Iterator[None]:
    """Puts both databases and the faults back as they were, whatever happens inside."""
    state = ground.sandbox.state
    kept = sqlite3.connect(":memory:")
    with state._lock:
        state._db.backup(kept)
    speed, rows = state.speed, dict(ground.kept)
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        ground.sandbox.faults([])
        ground.sandbox.requests(clear=True)
        state.speed, ground.kept = speed, rows
        with state._lock:
            kept.backup(state._db)
        kept.close()


def vendor_calls(operation: Operation, ground: Ground) -> list[str]:
    """The calls of the operation when all goes well, as "METHOD path"."""
    with restored(ground):
        ground.sandbox.requests(clear=True)
        said = do(operation, ground)
        assert said == "", said
        return [f"{asked['method']} {asked['path']}" for asked in ground.sandbox.requests()]
