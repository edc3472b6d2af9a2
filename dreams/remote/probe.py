"""What a server really does where the vendor's documents are silent: asked of any server, compared by line."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NoReturn, TypeVar

import httpx2

from dreams.remote import refusals, transport
from dreams.remote.errors import RemoteError
from dreams.remote.gateway import LIST_PAGE, Gateway
from dreams.remote.records import Dream, Store

T = TypeVar("T")

NEVER_SETTLED = (
    "two stores with the same slug in one session (needs an agent to run)",
    "the answer to the 2,001st memory of a store (needs 2,000 writes)",
    "webhooks of a dream's own session (need a public address)",
    "how long versions are kept (needs to wait; the oldest one seen is printed)",
)
NOT_SETTLED = "not settled"
PAGES = 20
"""How far a check walks into a list before it gives up."""


@dataclass(frozen=True)
class Seen:
    """What a server did: `facts` are compared with another server's, `note` is only shown."""

    facts: str
    note: str = ""


class Probe:
    """One server under questions. Every call takes a token of the gateway's bucket and obeys its deadline."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.beta = gateway._beta
        self._stores: list[Store] | None = None
        self._dreams: list[Dream] | None = None

    def ask(self, method: Callable[..., Any], *args: Any, **given: Any) -> httpx2.Response:
        """The answer, whatever its status."""
        if self.gateway._bucket is not None:
            self.gateway._bucket.take()
        return transport.send(method, self.gateway._deadline, *args, **given)

    def status(self, method: Callable[..., Any], *args: Any, **given: Any) -> Seen:
        """Status, error type and retry hint; the message as a note."""
        return describe(self.ask(method, *args, **given))

    def json(self, method: Callable[..., Any], *args: Any, **given: Any) -> Any:
        """The answer's JSON; NotSettled when it is not a success."""
        response = self.ask(method, *args, **given)
        if not response.is_success:
            unsettled(describe(response).facts)
        return json.loads(response.content)

    def stores(self) -> list[Store]:
        """The live stores, read once."""
        if self._stores is None:
            self._stores = self.gateway.stores(include_archived=False)
        return self._stores

    def store(self) -> str:
        """A live store's id; NotSettled when there is none."""
        return next((store.id for store in self.stores()), "") or unsettled("no memory store")

    def completed(self, *, updates_existing: bool) -> Dream:
        """A completed dream of that kind whose stores are still there; NotSettled when there is none."""
        if self._dreams is None:
            self._dreams = self.gateway.dreams(statuses=["completed"])
        live = {store.id for store in self.stores()}
        kind = "update_existing" if updates_existing else "create_new"
        fitting = (
            dream
            for dream in self._dreams
            if dream.updates_existing == updates_existing and {dream.store_id, dream.output_store_id} <= live
        )
        return next(fitting, None) or unsettled(f"no completed {kind} dream whose stores are still there")


class NotSettled(Exception):
    """The question cannot be asked here; the text says why."""


def unsettled(why: str) -> NoReturn:
    """Raise NotSettled, where an expression is wanted."""
    raise NotSettled(why)


def walk(pages: Iterator[list[T]]) -> Iterator[T]:
    """The items of the first pages: whole lists may be endless in a busy workspace."""
    return (item for page in islice(pages, PAGES) for item in page)


def describe(response: httpx2.Response) -> Seen:
    """A response in one line."""
    error = refusals.envelope(response)
    hint = response.headers.get("x-should-retry")
    parts = [str(response.status_code), str(error.get("type", "")), f"x-should-retry {hint}" if hint else ""]
    note = refusals.quotable(error.get("message"), private="", key="")
    return Seen(" ".join(part for part in parts if part), note)


def listed(answer: Any) -> str:
    """How a list was answered: how many, and whether there are more."""
    return f"200 with {len(answer['data'])} items, next_page {'set' if answer['next_page'] else 'null'}"


# -- reading ------------------------------------------------------------------------------------------------


def headers(probe: Probe) -> Seen:
    response = probe.ask(probe.beta.memory_stores.with_raw_response.list, limit=1)
    names = ("request-id", "anthropic-organization-id", "anthropic-workspace-id")
    return Seen(", ".join(f"{name} {'sent' if response.headers.get(name) else 'missing'}" for name in names))


def fields_of(what: str) -> Callable[[Probe], Seen]:
    """A check of which fields the newest items of a list carry."""

    def ask(probe: Probe) -> Seen:
        beta = probe.beta
        stores, sessions = beta.memory_stores, beta.sessions
        lists: dict[str, Callable[[], Any]] = {
            "memory store": lambda: probe.json(stores.with_raw_response.list),
            "memory": lambda: probe.json(stores.memories.with_raw_response.list, probe.store()),
            "version": lambda: probe.json(stores.memory_versions.with_raw_response.list, probe.store()),
            "dream": lambda: probe.json(beta.dreams.with_raw_response.list, include_archived=True),
            "session": lambda: probe.json(sessions.with_raw_response.list, include_archived=True),
            "agent": lambda: probe.json(beta.agents.with_raw_response.list),
            "deployment": lambda: probe.json(beta.deployments.with_raw_response.list),
        }
        items = lists[what]()["data"] or unsettled(f"no {what}")
        return Seen(", ".join(sorted({name for item in items for name in item})))

    return ask


def full_view_of_100(probe: Probe) -> Seen:
    method = probe.beta.memory_stores.memories.with_raw_response.list
    for store in probe.stores():
        if len(probe.json(method, store.id, limit=21)["data"]) == 21:
            response = probe.ask(method, store.id, limit=100, view="full")
            return Seen(listed(json.loads(response.content))) if response.is_success else describe(response)
    unsettled("no store with more than 20 memories")


def versions_newest_first(probe: Probe) -> Seen:
    versions = list(walk(probe.gateway.version_pages(probe.store())))
    if not versions:
        unsettled("a store without versions")
    times = [version.created_at for version in versions]
    days = (datetime.now(UTC) - times[-1]).days
    order = "newest first" if times == sorted(times, reverse=True) else "another order"
    return Seen(order, f"the last of {len(versions)} is {days} days old")


def sessions_of_a_store_that_never_was(probe: Probe) -> Seen:
    method = probe.beta.sessions.with_raw_response.list
    response = probe.ask(method, memory_store_id="memstore_doesnotexist")
    return Seen(listed(json.loads(response.content))) if response.is_success else describe(response)


def largest_page_of(what: str) -> Callable[[Probe], Seen]:
    """A check that a session's events or threads may be asked for as the gateway does it."""

    def ask(probe: Probe) -> Seen:
        session = next(iter(next(probe.gateway.session_pages())), None) or unsettled("no session")
        return probe.status(getattr(probe.beta.sessions, what).with_raw_response.list, session.id, limit=LIST_PAGE)

    return ask


# -- what dreams leave behind --------------------------------------------------------------------------------


def output_name(probe: Probe) -> Seen:
    dream = probe.completed(updates_existing=False)
    names = {store.id: store for store in probe.stores()}
    source, output = names[dream.store_id], names[str(dream.output_store_id)]
    relation = (
        "the input's"
        if output.name == source.name
        else "the input's and more"
        if source.name in output.name
        else "one of its own"
    )
    described = "the input's" if output.description == source.description else "another"
    return Seen(f"name: {relation}; description: {described}", f"{source.name!r} became {output.name!r}")


def output_ids(probe: Probe) -> Seen:
    dream = probe.completed(updates_existing=False)
    source, output = (
        {memory.id for memory in next(probe.gateway.memory_pages(str(store_id)))}
        for store_id in (dream.store_id, dream.output_store_id)
    )
    if not source or not output:
        unsettled("an empty store")
    return Seen("the same ids" if source & output else "fresh ids")


def copies_written_by(probe: Probe) -> Seen:
    dream = probe.completed(updates_existing=False)
    versions = list(walk(probe.gateway.version_pages(str(dream.output_store_id))))
    if not versions or len(versions) >= PAGES * LIST_PAGE:
        unsettled("the output has no versions, or too many")
    actor = versions[-1].actor
    if actor is None:
        return Seen("nobody")
    own = actor.kind == "session" and actor.id == dream.session_id
    return Seen("the dream's own session" if own else actor.kind)


def writes_of_an_updating_dream(probe: Probe) -> Seen:
    dream = probe.completed(updates_existing=True)
    method = probe.beta.memory_stores.memory_versions.with_raw_response.list
    found = probe.json(method, dream.store_id, session_id=dream.session_id, limit=1)["data"]
    return Seen("versions carry the dream's session" if found else "no version carries the dream's session")


def pipeline_session_listed(probe: Probe) -> Seen:
    dream = probe.completed(updates_existing=False)
    since = dream.created_at - timedelta(seconds=1)
    sessions = list(walk(probe.gateway.session_pages(created_after=since)))
    if any(session.id == dream.session_id for session in sessions):
        return Seen("listed")
    if len(sessions) >= PAGES * LIST_PAGE:
        unsettled("too many sessions")
    return Seen("not listed")


def pipeline_session(probe: Probe) -> Seen:
    dream = probe.completed(updates_existing=False)
    session = probe.json(probe.beta.sessions.with_raw_response.retrieve, dream.session_id)
    cost = "filled" if session["usage"].get("list_cost") else "empty"
    mounts = sum(resource["type"] == "memory_store" for resource in session["resources"])
    archived = "archived" if session["archived_at"] else "not archived"
    return Seen(f"list_cost {cost}, {mounts} stores mounted, {archived}, status {session['status']}")


# -- the list ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """A question in words, and how to ask it."""

    question: str
    ask: Callable[[Probe], Seen] = field(repr=False)


def _refusals() -> list[Check]:
    both = {"anthropic-beta": "agent-memory-2026-07-22,managed-agents-2026-04-01"}
    unknown = {"anthropic-beta": "no-such-beta-2026-01-01"}
    return [
        Check("limit=101", lambda p: p.status(p.beta.memory_stores.with_raw_response.list, limit=101)),
        Check(
            "a cursor that is none",
            lambda p: p.status(p.beta.memory_stores.with_raw_response.list, page="page_nonsense"),
        ),
        Check(
            "a store that does not exist",
            lambda p: p.status(p.beta.memory_stores.with_raw_response.retrieve, "memstore_doesnotexist"),
        ),
        Check(
            "an id that is none",
            lambda p: p.status(p.beta.memory_stores.with_raw_response.retrieve, "not an id"),
        ),
        Check(
            "a dream that does not exist",
            lambda p: p.status(p.beta.dreams.with_raw_response.retrieve, "drm_doesnotexist"),
        ),
        Check(
            "a session that does not exist",
            lambda p: p.status(p.beta.sessions.with_raw_response.retrieve, "sesn_doesnotexist"),
        ),
        Check(
            "both betas on a memory call",
            lambda p: p.status(p.beta.memory_stores.with_raw_response.list, extra_headers=both),
        ),
        Check(
            "an unknown beta",
            lambda p: p.status(p.beta.memory_stores.with_raw_response.list, extra_headers=unknown),
        ),
        Check(
            "depth=2",
            lambda p: p.status(p.beta.memory_stores.memories.with_raw_response.list, p.store(), depth=2),
        ),
        Check(
            "deployments by status together with archived ones",
            lambda p: p.status(p.beta.deployments.with_raw_response.list, status="active", include_archived=True),
        ),
    ]


READS = [
    Check("response headers", headers),
    *_refusals(),
    Check("contents asked for by 100", full_view_of_100),
    Check("events asked for by 100", largest_page_of("events")),
    Check("threads asked for by 100", largest_page_of("threads")),
    Check("order of versions", versions_newest_first),
    Check("sessions of a store that never was", sessions_of_a_store_that_never_was),
    Check("whether dreams are offered", lambda p: p.status(p.beta.dreams.with_raw_response.list, limit=1)),
    Check("a dream's output: name and description", output_name),
    Check("a dream's output: ids of the copies", output_ids),
    Check("a dream's output: who wrote the copies", copies_written_by),
    Check("update_existing: how its writes are found", writes_of_an_updating_dream),
    Check("a dream's session: in the list of sessions", pipeline_session_listed),
    Check("a dream's session: cost, mounts, archive", pipeline_session),
    *(
        Check(f"fields: {what}", fields_of(what))
        for what in ("memory store", "memory", "version", "dream", "session", "agent", "deployment")
    ),
]


def run(probe: Probe, checks: list[Check]) -> Iterator[tuple[str, Seen]]:
    """Each question with what was seen. What cannot be answered here is "not settled" with the reason;
    an answer that breaks the documented shape is itself a fact."""
    for check in checks:
        try:
            seen = check.ask(probe)
        except NotSettled as missing:
            seen = Seen(NOT_SETTLED, str(missing))
        except RemoteError as error:
            seen = Seen(f"no usable answer ({error.__class__.__name__})", error.detail)
        except httpx2.HTTPError as error:
            seen = Seen(f"no answer ({error.__class__.__name__})")
        except (LookupError, TypeError, ValueError):
            seen = Seen("an answer of another shape than documented")
        yield check.question, seen


def scratch_name() -> str:
    """A name that no other store has, and that tells who made it."""
    return f"memorydash probe {secrets.token_hex(6)} (may be deleted)"


def verdict(vendor: Seen, stand_in: Seen) -> str:
    """ "same", "differs", or "not settled" where one of the two could not be asked."""
    if NOT_SETTLED in (vendor.facts, stand_in.facts):
        return NOT_SETTLED
    return "same" if vendor.facts == stand_in.facts else "differs"
