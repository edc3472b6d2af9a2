"""The questions that need writes: asked in one scratch store of the probe's own, which is deleted at the end."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dreams.remote.errors import NotFound, RemoteError, Unclear
from dreams.remote.gateway import Gateway
from dreams.remote.parsing import sha256
from dreams.remote.probe import Check, Probe, Seen, describe, listed, scratch_name

MODEL = "claude-opus-4-8"
NO_SESSION = "sesn_doesnotexist"


class CannotDelete(Exception):
    """The scratch store is still there; `store_ids` say which."""

    def __init__(self, store_ids: list[str]) -> None:
        self.store_ids = store_ids
        super().__init__(f"delete by hand: {', '.join(store_ids)}")


@contextmanager
def scratch_store(gateway: Gateway) -> Iterator[str]:
    """The id of a new store, deleted when this ends, however it ends; CannotDelete when that fails."""
    name = scratch_name()
    try:
        yield gateway.create_store(name, "Made by the probe; deleted at its end.").id
    finally:
        # By its unrepeatable name, so that a store whose creation was answered by silence goes too.
        left: list[str] = []
        try:
            left = [store.id for store in gateway.stores() if store.name == name]
            while left:
                _delete(gateway, left[0])
                del left[0]
        except RemoteError:
            raise CannotDelete(left or [name]) from None


def _delete(gateway: Gateway, store_id: str) -> None:
    for attempt in (1, 2, 3):
        try:
            return gateway.delete_store(store_id)
        except NotFound:
            return None
        except Unclear:  # deleting twice does no harm
            if attempt == 3:
                raise
    return None


def checks(store_id: str) -> list[Check]:
    """All questions, in an order in which each can still be asked; the last ones archive the store."""
    scratch = _Scratch(store_id)
    return [
        Check(question, ask)
        for question, ask in (
            ("fields of a memory just written", scratch.written),
            ("an update that changes nothing", scratch.no_op),
            ("a rename", scratch.rename),
            ("a precondition that fails", scratch.stale),
            ("a precondition that fails on what is already so", scratch.stale_but_equal),
            ("a path that is taken", scratch.taken),
            ("a path below a memory", scratch.below),
            ("a memory of 102,400 bytes", scratch.largest),
            ("a memory of 102,401 bytes", scratch.too_large),
            ("a path with ..", scratch.path("/probe/../x")),
            ("a path that is not NFC", scratch.path("/probe/e\u0301")),
            ("a path with a control character", scratch.path("/probe/\x07")),
            ("the path /", scratch.path("/")),
            ("deleting with a stale precondition", scratch.delete_stale),
            ("versions of a deleted memory", scratch.deleted),
            ("redacting the version that is in use", scratch.redact_head),
            ("redacting the version of a deleted memory", scratch.redact_deleted),
            ("a dream over a store that does not exist", scratch.dream("memstore_doesnotexist")),
            ("a dream over a session that does not exist", scratch.dream(store_id)),
            ("writing to an archived store", scratch.archived_write),
            ("renaming an archived store", scratch.archived_rename),
            ("deleting a memory of an archived store", scratch.archived_delete),
            ("a dream over an archived store", scratch.dream(store_id)),
            ("reading a deleted store", scratch.read_deleted),
            ("sessions of a deleted store", scratch.sessions_of_deleted),
        )
    ]


class _Scratch:
    """The questions, each with memories of its own in the one store."""

    def __init__(self, store_id: str) -> None:
        self.store_id = store_id
        self._left = ""

    def _write(self, probe: Probe, name: str, content: str = "text") -> Any:
        method = probe.beta.memory_stores.memories.with_raw_response.create
        return probe.json(method, self.store_id, path=f"/probe/{name}.md", content=content)

    def _update(self, probe: Probe, memory: Any, expected: str, **given: str) -> Seen:
        response = probe.ask(
            probe.beta.memory_stores.memories.with_raw_response.update,
            memory["id"],
            memory_store_id=self.store_id,
            precondition={"type": "content_sha256", "content_sha256": sha256(expected)},
            **given,
        )
        if not response.is_success:
            return describe(response)
        after = json.loads(response.content)
        version = "same" if after["memory_version_id"] == memory["memory_version_id"] else "new"
        return Seen(f"200, {'same' if after['id'] == memory['id'] else 'new'} id, {version} version")

    def written(self, probe: Probe) -> Seen:
        memory = self._write(probe, "written")
        return Seen(", ".join(name if memory[name] is not None else f"{name} (null)" for name in sorted(memory)))

    def no_op(self, probe: Probe) -> Seen:
        return self._update(probe, self._write(probe, "no-op"), "text", content="text")

    def rename(self, probe: Probe) -> Seen:
        seen = self._update(probe, self._write(probe, "rename"), "text", path="/probe/renamed.md")
        newest = probe.gateway.newest_version(self.store_id)
        return Seen(f"{seen.facts}, operation {newest.operation if newest else 'none'}", seen.note)

    def stale(self, probe: Probe) -> Seen:
        return self._update(probe, self._write(probe, "stale"), "another text", content="new")

    def stale_but_equal(self, probe: Probe) -> Seen:
        return self._update(probe, self._write(probe, "equal"), "another text", content="text")

    def taken(self, probe: Probe) -> Seen:
        memory = self._write(probe, "taken")
        return self._create(probe, memory["path"], "text")

    def below(self, probe: Probe) -> Seen:
        memory = self._write(probe, "below")
        return self._create(probe, f"{memory['path']}/child.md", "text")

    def largest(self, probe: Probe) -> Seen:
        return self._create(probe, "/probe/largest.md", "x" * 102_400)

    def too_large(self, probe: Probe) -> Seen:
        return self._create(probe, "/probe/too-large.md", "x" * 102_401)

    def path(self, path: str) -> Callable[[Probe], Seen]:
        return lambda probe: self._create(probe, path, "text")

    def _create(self, probe: Probe, path: str, content: str) -> Seen:
        method = probe.beta.memory_stores.memories.with_raw_response.create
        return probe.status(method, self.store_id, path=path, content=content)

    def delete_stale(self, probe: Probe) -> Seen:
        return self._delete(probe, self._write(probe, "delete-stale"), sha256("another text"))

    def _delete(self, probe: Probe, memory: Any, expected: str) -> Seen:
        method = probe.beta.memory_stores.memories.with_raw_response.delete
        given = {"memory_store_id": self.store_id, "expected_content_sha256": expected}
        return probe.status(method, memory["id"], **given)

    def _deleted(self, probe: Probe, name: str) -> Any:
        memory = self._write(probe, name)
        self._delete(probe, memory, memory["content_sha256"])
        return memory

    def deleted(self, probe: Probe) -> Seen:
        memory = self._deleted(probe, "deleted")
        method = probe.beta.memory_stores.memory_versions.with_raw_response.list
        found = probe.json(method, self.store_id, memory_id=memory["id"])["data"]
        null = [name for name in ("path", "content_sha256", "content_size_bytes") if found[0][name] is None]
        return Seen(", ".join(v["operation"] for v in found) + f"; null when deleted: {', '.join(null)}")

    def redact_head(self, probe: Probe) -> Seen:
        return self._redact(probe, self._write(probe, "redact-head"))

    def redact_deleted(self, probe: Probe) -> Seen:
        return self._redact(probe, self._deleted(probe, "redact-deleted"))

    def _redact(self, probe: Probe, memory: Any) -> Seen:
        method = probe.beta.memory_stores.memory_versions.with_raw_response.redact
        return probe.status(method, memory["memory_version_id"], memory_store_id=self.store_id)

    def dream(self, store_id: str) -> Callable[[Probe], Seen]:
        """Over a session that does not exist, so that nothing can come of it; canceled if accepted."""
        inputs = [
            {"type": "memory_store", "memory_store_id": store_id},
            {"type": "sessions", "session_ids": [NO_SESSION]},
        ]

        def ask(probe: Probe) -> Seen:
            response = probe.ask(probe.beta.dreams.with_raw_response.create, inputs=inputs, model=MODEL)
            if response.is_success:
                dream = probe.gateway.cancel_dream(json.loads(response.content)["id"])
                return Seen("accepted", f"and {dream.status} by the probe: {dream.id}")
            return describe(response)

        return ask

    def archived_write(self, probe: Probe) -> Seen:
        self._left = self._write(probe, "left-in-archive")["id"]
        probe.gateway.archive_store(self.store_id)
        return self._create(probe, "/probe/late.md", "text")

    def archived_rename(self, probe: Probe) -> Seen:
        return probe.status(probe.beta.memory_stores.with_raw_response.update, self.store_id, name="late")

    def archived_delete(self, probe: Probe) -> Seen:
        return self._delete(probe, {"id": self._left}, sha256("text"))

    def read_deleted(self, probe: Probe) -> Seen:
        probe.gateway.delete_store(self.store_id)
        return probe.status(probe.beta.memory_stores.with_raw_response.retrieve, self.store_id)

    def sessions_of_deleted(self, probe: Probe) -> Seen:
        response = probe.ask(probe.beta.sessions.with_raw_response.list, memory_store_id=self.store_id)
        return Seen(listed(json.loads(response.content))) if response.is_success else describe(response)
