"""What tests of snapshots, restores and imports share: a store with a snapshot, archives as people send them."""

import io
import zipfile
from collections.abc import Mapping

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from dreams.models import ApplyRun, Memory, Snapshot, Store
from dreams.services import applying
from dreams.services.snapshots import take_snapshot
from tests.factories import agent_deletes, agent_writes, store_with
from tests.people import People
from tests.sandbox_server import Sandbox


@pytest.fixture
def snapshot(people: People, sandbox: Sandbox) -> Snapshot:
    """The store of the factories as of now."""
    return take_snapshot(store_with(people, sandbox), Snapshot.Why.BY_HAND)


@pytest.fixture
def moved(people: People, sandbox: Sandbox, snapshot: Snapshot) -> Snapshot:
    """That snapshot, after which agents wrote one memory anew, made one and removed one."""
    store = snapshot.store
    agent_writes(sandbox, store, "/runbooks/deploy.md", "Deploy on Fridays.\n")
    agent_writes(sandbox, store, "/late.md", "Late.\n")
    agent_deletes(sandbox, store, "/people/ana.md")
    return snapshot


def at_vendor(sandbox: Sandbox, store: Store) -> dict[str, str]:
    """{path: text} of the store there."""
    return {memory["path"]: memory["content"] for memory in sandbox.state.memories(store.remote_id)}


def held(store: Store) -> dict[str, str]:
    """{path: text} of the mirror."""
    return {m.path: m.text.text for m in Memory.objects.filter(store=store).select_related("text")}


def carried_out(run: ApplyRun) -> ApplyRun:
    """The run after a worker had it."""
    applying.apply_run(run)
    run.refresh_from_db()
    return run


def words(answer: HttpResponse) -> str:
    """The page in one line."""
    return " ".join(answer.content.decode().split())


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """A .zip of these, as any tool makes it."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return kept.getvalue()


def sent(client: Client, data: bytes, name: str = "notes.zip", **more: object) -> HttpResponse:
    """The answer to sending an archive in."""
    return client.post("/acme/stores/import/", {"archive": SimpleUploadedFile(name, data), **more})
