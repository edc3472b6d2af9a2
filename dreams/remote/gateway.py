"""Every call the product makes to the vendor, in our words, and what must be true of its answer."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from dreams.remote import errors, parsing, refusals
from dreams.remote.calls import Caller
from dreams.remote.fields import Fields, ShapeError, decode, page
from dreams.remote.records import (
    Agent,
    Deployment,
    Dream,
    Event,
    Identity,
    Memory,
    Session,
    Store,
    Thread,
    Version,
)

LIST_PAGE = 100
"""The most that a list gives at once."""
FULL_PAGE = 20
"""The most with contents (`view=full`)."""


class Gateway(Caller):
    """The vendor's API as one workspace's key sees it.

    Cheap to make (connections are shared in the process) and safe from several threads. Every HTTP call takes
    one token of `bucket`, is sent once, and ends within `deadline` seconds; every method raises the errors of
    `dreams.remote.errors`. Methods that return an iterator make one call per page, when it is asked for.
    """

    # -- stores -------------------------------------------------------------------------------------------

    def identity(self) -> Identity:
        """Where the key belongs: one cheap call. `workspace_id` is "" when the vendor does not tell."""
        response = self._send(self._beta.memory_stores.with_raw_response.list, write=False, limit=1)
        organization = response.headers.get("anthropic-organization-id", "")
        try:
            page(decode(response.content), parsing.store)
        except ShapeError as wrong:
            detail = str(wrong)
        else:
            if organization:
                return Identity(organization, response.headers.get("anthropic-workspace-id", ""))
            detail = "the answer names no organisation"
        raise errors.Malformed(detail, request_id=refusals.request_id(response))

    def stores(self, *, include_archived: bool = True) -> list[Store]:
        """All memory stores of the workspace, 100 a call."""
        method = self._beta.memory_stores.with_raw_response.list
        return self._all(parsing.store, method, limit=LIST_PAGE, include_archived=include_archived)

    def store(self, id: str) -> Store:
        """One memory store, archived or not."""
        method = self._beta.memory_stores.with_raw_response.retrieve
        return self._ask(lambda answer: parsing.store(answer, id=id), method, id)

    def create_store(self, name: str, description: str = "") -> Store:
        """A new, empty store. Names are not unique: after a maybe_done look for it before asking again."""
        method = self._beta.memory_stores.with_raw_response.create
        return self._ask(parsing.store, method, write=True, name=name, description=description or None)

    def update_store(self, id: str, *, name: str | None = None, description: str | None = None) -> Store:
        """Change what is given; `description=""` clears it. An archived store is a BadRequest."""
        method = self._beta.memory_stores.with_raw_response.update
        given = {"name": name, "description": description}
        return self._ask(lambda answer: parsing.store(answer, id=id), method, id, write=True, **given)

    def archive_store(self, id: str) -> Store:
        """Archive for good; an archived one comes back unchanged."""
        method = self._beta.memory_stores.with_raw_response.archive
        return self._ask(lambda answer: parsing.store(answer, id=id), method, id, write=True)

    def delete_store(self, id: str) -> None:
        """Delete with all memories and versions; there is no undo."""
        method = self._beta.memory_stores.with_raw_response.delete
        self._ask(lambda answer: answer.id(expected=id), method, id, write=True)

    # -- versions and memories ----------------------------------------------------------------------------

    def newest_version(self, store_id: str) -> Version | None:
        """The last write to the store, None when there never was one: one call, the test for "unchanged"."""
        method = self._beta.memory_stores.memory_versions.with_raw_response.list
        items, _ = self._ask(lambda answer: page(answer, self._version(store_id)), method, store_id, limit=1)
        return items[0] if items else None

    def versions_since(
        self, store_id: str, version_id: str, *, after_page: Callable[[], None] = lambda: None
    ) -> list[Version]:
        """What was written after `version_id`, oldest first, with contents; 20 a call, `after_page` after each.

        Raises VersionGap when the list ends without it: then only a whole walk tells the state.
        """
        method = self._beta.memory_stores.memory_versions.with_raw_response.list
        read = self._version(store_id, full=True)
        newer: list[Version] = []
        for items in self._pages(read, method, store_id, limit=FULL_PAGE, view="full"):
            for item in items:
                if item.id == version_id:
                    return newer[::-1]
                newer.append(item)
            after_page()
        raise errors.VersionGap(f"{version_id} is not in the list of {len(newer)} versions")

    def version_pages(self, store_id: str, *, memory_id: str | None = None) -> Iterator[list[Version]]:
        """All versions, of one memory if given (deleted ones too), newest first, without contents; 100 a call."""
        method = self._beta.memory_stores.memory_versions.with_raw_response.list
        return self._pages(self._version(store_id), method, store_id, limit=LIST_PAGE, memory_id=memory_id)

    def version(self, store_id: str, version_id: str) -> Version:
        """One version with its content (None when deleted or redacted)."""
        method = self._beta.memory_stores.memory_versions.with_raw_response.retrieve
        read = self._version(store_id, id=version_id, full=True)
        return self._ask(read, method, version_id, memory_store_id=store_id)

    def redact_version(self, store_id: str, version_id: str) -> Version:
        """Blank a version's text and path for good; a redacted one comes back unchanged. BadRequest for what a memory
        holds now."""
        method = self._beta.memory_stores.memory_versions.with_raw_response.redact
        version = self._ask(
            self._version(store_id, id=version_id), method, version_id, write=True, memory_store_id=store_id
        )
        if version.redacted_at is None:
            raise errors.Malformed("the version was to be redacted and is not", write=True)
        return version

    @staticmethod
    def _version(store_id: str, *, id: str | None = None, full: bool = False) -> Callable[[Fields], Version]:
        return lambda fields: parsing.version(fields, store_id=store_id, id=id, full=full)

    def memory_pages(self, store_id: str) -> Iterator[list[Memory]]:
        """The walk: all memories with contents, 20 a call, in the vendor's order."""
        method = self._beta.memory_stores.memories.with_raw_response.list
        read = self._memory(store_id, full=True)
        return self._pages(read, method, store_id, limit=FULL_PAGE, view="full")

    def memory(self, store_id: str, memory_id: str) -> Memory:
        """One memory with its content."""
        method = self._beta.memory_stores.memories.with_raw_response.retrieve
        read = self._memory(store_id, id=memory_id, full=True)
        return self._ask(read, method, memory_id, memory_store_id=store_id)

    def create_memory(self, store_id: str, path: str, content: str) -> Memory:
        """A new memory; PathConflict when the path, or one above or below it, is taken."""
        method = self._beta.memory_stores.memories.with_raw_response.create
        read = self._memory(store_id, written=content, path=path)
        return self._ask(read, method, store_id, write=True, private=content, path=path, content=content)

    def update_memory(
        self,
        store_id: str,
        memory_id: str,
        *,
        content: str | None = None,
        path: str | None = None,
        expected_sha256: str,
    ) -> Memory:
        """Rewrite and/or rename, only if the memory's content still has `expected_sha256`.

        PreconditionFailed when it has not (unless it already is what was asked for), PathConflict when the
        new path is taken. With `content` the record carries it back.
        """
        method = self._beta.memory_stores.memories.with_raw_response.update
        read = self._memory(store_id, id=memory_id, written=content, path=path)
        return self._ask(
            read,
            method,
            memory_id,
            write=True,
            private=content or "",
            memory_store_id=store_id,
            content=content,
            path=path,
            precondition={"type": "content_sha256", "content_sha256": expected_sha256},
        )

    def delete_memory(self, store_id: str, memory_id: str, *, expected_sha256: str) -> None:
        """Delete, only if its content still has `expected_sha256`; its versions stay."""
        method = self._beta.memory_stores.memories.with_raw_response.delete
        given = {"memory_store_id": store_id, "expected_content_sha256": expected_sha256}
        self._ask(lambda answer: answer.id(expected=memory_id), method, memory_id, write=True, **given)

    @staticmethod
    def _memory(
        store_id: str,
        *,
        id: str | None = None,
        full: bool = False,
        written: str | None = None,
        path: str | None = None,
    ) -> Callable[[Fields], Memory]:
        """Reads a memory which, after a write, must be what was written."""

        def read(fields: Fields) -> Memory:
            memory = parsing.memory(fields, store_id=store_id, id=id, full=full)
            if path is not None and memory.path != path:
                raise ShapeError("the memory has another path than was written")
            if written is None:
                return memory
            if memory.sha256 != parsing.sha256(written):
                raise ShapeError("the memory has another content than was written")
            return dataclasses.replace(memory, content=written)

        return read

    # -- dreams -------------------------------------------------------------------------------------------

    def create_dream(
        self,
        *,
        store_id: str,
        session_ids: Sequence[str],
        model: str,
        instructions: str = "",
        update_existing: bool = False,
    ) -> Dream:
        """Start a dream over 1–100 sessions. Never send twice: after a maybe_done look through `dreams()`.

        NotEnrolled when the key lacks the preview, Conflict while another dream still writes to the store.
        """
        behavior = {"type": "update_existing", "memory_store_id": store_id}
        return self._ask(
            lambda answer: parsing.dream(answer, store_id=store_id),
            self._beta.dreams.with_raw_response.create,
            write=True,
            named=(store_id, *session_ids),
            inputs=[
                {"type": "memory_store", "memory_store_id": store_id},
                {"type": "sessions", "session_ids": list(session_ids)},
            ],
            model=model,
            instructions=instructions or None,
            output_behavior=behavior if update_existing else {"type": "create_new"},
        )

    def dream(self, id: str) -> Dream:
        """One dream, archived or not."""
        method = self._beta.dreams.with_raw_response.retrieve
        return self._ask(lambda answer: parsing.dream(answer, id=id), method, id)

    def dreams(self, *, statuses: Sequence[str] = (), created_after: datetime | None = None) -> list[Dream]:
        """All dreams, archived ones too, newest first, of these statuses (all when empty), created strictly
        after the given time; 100 a call. NotEnrolled when the key lacks the preview."""
        return self._all(
            parsing.dream,
            self._beta.dreams.with_raw_response.list,
            named=(),
            limit=LIST_PAGE,
            include_archived=True,
            statuses=list(statuses) or None,
            created_at_gt=created_after,
        )

    def cancel_dream(self, id: str) -> Dream:
        """Stop it; what comes back may be completed or failed, when that came first."""
        method = self._beta.dreams.with_raw_response.cancel
        return self._ask(lambda answer: parsing.dream(answer, id=id), method, id, write=True)

    def archive_dream(self, id: str) -> Dream:
        """Hide an ended dream from the vendor's lists; BadRequest while it runs."""
        method = self._beta.dreams.with_raw_response.archive
        return self._ask(lambda answer: parsing.dream(answer, id=id), method, id, write=True)

    # -- sessions -----------------------------------------------------------------------------------------

    def session_pages(
        self,
        *,
        store_id: str | None = None,
        statuses: Sequence[str] = (),
        created_after: datetime | None = None,
        include_archived: bool = True,
    ) -> Iterator[list[Session]]:
        """Sessions, newest first, of these statuses (all when empty), those which mount `store_id` if given,
        created strictly after the given time; 100 a call."""
        return self._pages(
            parsing.session,
            self._beta.sessions.with_raw_response.list,
            limit=LIST_PAGE,
            order="desc",
            memory_store_id=store_id,
            statuses=list(statuses) or None,
            created_at_gt=created_after,
            include_archived=include_archived,
        )

    def session(self, id: str) -> Session:
        """One session; its id may differ from the one asked for by its prefix (`session_`, `sesn_`)."""
        return self._ask(parsing.session, self._beta.sessions.with_raw_response.retrieve, id)

    def event_pages(self, session_id: str, *, thread_id: str | None = None) -> Iterator[list[Event]]:
        """Events, oldest first: of the primary thread, or of `thread_id`; 100 a call."""
        if thread_id is None:
            method = self._beta.sessions.events.with_raw_response.list
            return self._pages(parsing.event, method, session_id, limit=LIST_PAGE)
        of_thread = self._beta.sessions.threads.events.with_raw_response.list
        return self._pages(parsing.event, of_thread, thread_id, session_id=session_id, limit=LIST_PAGE)

    def newest_events(self, session_id: str) -> list[Event]:
        """The last events of the primary thread, at most 100, oldest first; one call."""
        method = self._beta.sessions.events.with_raw_response.list
        return next(self._pages(parsing.event, method, session_id, limit=LIST_PAGE, order="desc"), [])[::-1]

    def threads(self, session_id: str) -> list[Thread]:
        """All threads of a session."""
        method = self._beta.sessions.threads.with_raw_response.list
        return self._all(parsing.thread, method, session_id, limit=LIST_PAGE)

    # -- agents and deployments ---------------------------------------------------------------------------

    def agents(self) -> list[Agent]:
        """All agents, archived ones too."""
        method = self._beta.agents.with_raw_response.list
        return self._all(parsing.agent, method, limit=LIST_PAGE, include_archived=True)

    def deployments(self) -> list[Deployment]:
        """All deployments, archived ones too; the vendor has no filter by store."""
        method = self._beta.deployments.with_raw_response.list
        return self._all(parsing.deployment, method, limit=LIST_PAGE, include_archived=True)

    def deployment(self, id: str) -> Deployment:
        """One deployment, archived or not."""
        method = self._beta.deployments.with_raw_response.retrieve
        return self._ask(lambda answer: parsing.deployment(answer, id=id), method, id)

    def update_deployment_resources(self, id: str, resources: Sequence[Mapping[str, Any]]) -> Deployment:
        """Replace the whole list of resources. The vendor has no precondition here: read just before."""
        method = self._beta.deployments.with_raw_response.update
        given = {"resources": [dict(resource) for resource in resources]}
        return self._ask(lambda answer: parsing.deployment(answer, id=id), method, id, write=True, **given)
