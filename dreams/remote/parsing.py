"""From the vendor's JSON to records; a required field that is missing is a ShapeError, unknown words pass."""

import hashlib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from dreams.remote.fields import Fields, ShapeError
from dreams.remote.records import (
    Actor,
    Agent,
    Deployment,
    Dream,
    Event,
    Memory,
    Mount,
    Outcome,
    Session,
    Store,
    Thread,
    Usage,
    Version,
)


def sha256(content: str) -> str:
    """Lower-case hex SHA-256 of the UTF-8 bytes, as the vendor computes it."""
    return hashlib.sha256(content.encode("utf-8")).hexdigest()


def store(fields: Fields, *, id: str | None = None) -> Store:
    """A memory store, of that id if given."""
    return Store(
        id=fields.id(expected=id),
        name=fields.text("name"),
        description=fields.text_or("description", ""),
        metadata=fields.texts("metadata") if fields.has("metadata") else {},
        created_at=fields.moment("created_at"),
        updated_at=fields.moment("updated_at"),
        archived_at=fields.moment_or_none("archived_at"),
    )


def _content(fields: Fields, digest: str | None, size: int | None, *, required: bool) -> str | None:
    """The content, which must have the size and SHA-256 that came with it."""
    if not fields.has("content"):
        if required:
            raise ShapeError(f"{fields.where}.content is missing")
        return None
    content = fields.exact("content")
    if digest is not None and sha256(content) != digest:
        raise ShapeError(f"{fields.where}.content_sha256 is not that of its content")
    if size is not None and len(content.encode("utf-8")) != size:
        raise ShapeError(f"{fields.where}.content_size_bytes is not that of its content")
    return content


def memory(fields: Fields, *, store_id: str, id: str | None = None, full: bool = False) -> Memory:
    """A memory of that store, and of that id if given; with `full` its content must be there."""
    digest, size = fields.text("content_sha256"), fields.integer("content_size_bytes")
    return Memory(
        id=fields.id(expected=id),
        store_id=fields.id("memory_store_id", expected=store_id),
        path=fields.id("path"),
        content=_content(fields, digest, size, required=full),
        sha256=digest,
        size=size,
        version_id=fields.id("memory_version_id"),
        created_at=fields.moment("created_at"),
        updated_at=fields.moment("updated_at"),
    )


ACTORS: Mapping[str, tuple[Any, str]] = {
    "session_actor": ("session", "session_id"),
    "api_actor": ("api_key", "api_key_id"),
    "user_actor": ("user", "user_id"),
    "service_account_actor": ("service_account", "service_account_id"),
}


def actor(fields: Fields | None) -> Actor | None:
    """Who did it; a kind that is not known yet is "unknown"."""
    if fields is None:
        return None
    kind, name = ACTORS.get(fields.text("type"), ("unknown", ""))
    return Actor(kind, fields.text_or(name, ""))


def version(fields: Fields, *, store_id: str, id: str | None = None, full: bool = False) -> Version:
    """A version of that store; with `full` its content must be there unless deleted or redacted."""
    redacted_at = fields.moment_or_none("redacted_at")
    operation = fields.text("operation")
    holds_text = operation != "deleted" and redacted_at is None
    digest = fields.text("content_sha256") if holds_text else fields.text_or("content_sha256", None)
    size = fields.integer("content_size_bytes") if holds_text or fields.has("content_size_bytes") else None
    return Version(
        id=fields.id(expected=id),
        store_id=fields.id("memory_store_id", expected=store_id),
        memory_id=fields.id("memory_id"),
        operation=operation,
        created_at=fields.moment("created_at"),
        actor=actor(fields.child_or_none("created_by")),
        path=fields.id("path") if redacted_at is None else fields.text_or("path", None),
        content=_content(fields, digest, size, required=full and holds_text),
        sha256=digest,
        size=size,
        redacted_at=redacted_at,
        redacted_by=actor(fields.child_or_none("redacted_by")),
    )


def usage(fields: Fields) -> Usage:
    """Of a dream (one number for cache creation) or of a session (one per life time of the cache)."""
    creation = fields.child_or_none("cache_creation")
    parts = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
    return Usage(
        input_tokens=fields.count("input_tokens"),
        output_tokens=fields.count("output_tokens"),
        cache_read_input_tokens=fields.count("cache_read_input_tokens"),
        cache_creation_input_tokens=sum(creation.count(part) for part in parts)
        if creation
        else fields.count("cache_creation_input_tokens"),
    )


def dream(fields: Fields, *, id: str | None = None, store_id: str | None = None) -> Dream:
    """A dream, of that id and over that store if given."""
    inputs = {item.text("type"): item for item in fields.items("inputs")}
    if not {"memory_store", "sessions"} <= inputs.keys():
        raise ShapeError(f"{fields.where}.inputs lacks the memory store or the sessions")
    outputs = [item for item in fields.items("outputs") if item.text("type") == "memory_store"]
    error = fields.child_or_none("error")
    session_ids = inputs["sessions"].raw.get("session_ids")
    if not isinstance(session_ids, list) or not all(isinstance(item, str) for item in session_ids):
        raise ShapeError(f"{fields.where}.inputs[].session_ids is missing")
    return Dream(
        id=fields.id(expected=id),
        status=fields.text("status"),
        store_id=inputs["memory_store"].id("memory_store_id", expected=store_id),
        session_ids=tuple(session_ids),
        output_store_id=outputs[0].id("memory_store_id") if outputs else None,
        updates_existing=fields.child("output_behavior").text("type") == "update_existing",
        model=fields.child("model").text("id"),
        instructions=fields.text_or("instructions", None),
        session_id=fields.text_or("session_id", None),
        created_at=fields.moment("created_at"),
        ended_at=fields.moment_or_none("ended_at"),
        archived_at=fields.moment_or_none("archived_at"),
        usage=usage(fields.child("usage")),
        error_type=error.text("type") if error else "",
        error_message=error.text_or("message", "") if error else "",
    )


def mount(fields: Fields) -> Mount:
    """A memory store among the resources of a session."""
    return Mount(
        store_id=fields.id("memory_store_id"),
        access=fields.text_or("access", "read_write"),
        instructions=fields.text_or("instructions", ""),
        name=fields.text_or("name", ""),
        description=fields.text_or("description", ""),
        mount_path=fields.text_or("mount_path", ""),
    )


def outcome(fields: Fields) -> Outcome:
    """One of a session's outcome evaluations."""
    return Outcome(
        id=fields.id("outcome_id"),
        description=fields.text_or("description", ""),
        iteration=fields.integer("iteration"),
        result=fields.text("result"),
        explanation=fields.text_or("explanation", ""),
        completed_at=fields.moment_or_none("completed_at"),
    )


def _cost(spent: Fields) -> tuple[Decimal | None, str]:
    cost = spent.child_or_none("list_cost")
    if cost is None:
        return None, ""
    try:
        amount = Decimal(cost.text("amount"))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise ShapeError(f"{cost.where}.amount is not a number")
    return amount, cost.text("currency")


def session(fields: Fields) -> Session:
    """A session, with the memory stores among its resources."""
    agent_fields, spent = fields.child("agent"), fields.child("usage")
    cost_cents, currency = _cost(spent)
    timed = spent if spent.has("active_seconds") else fields.child_or_none("stats") or spent
    mounted = (item for item in fields.items("resources") if item.text("type") == "memory_store")
    return Session(
        id=fields.id(),
        title=fields.text_or("title", ""),
        status=fields.text("status"),
        agent_id=agent_fields.id(),
        agent_name=agent_fields.text("name"),
        agent_version=agent_fields.integer("version"),
        deployment_id=fields.text_or("deployment_id", None),
        mounts=tuple(mount(item) for item in mounted),
        outcomes=tuple(outcome(item) for item in fields.items("outcome_evaluations")),
        usage=usage(spent),
        cost_cents=cost_cents,
        currency=currency,
        active_seconds=timed.number("active_seconds"),
        created_at=fields.moment("created_at"),
        updated_at=fields.moment("updated_at"),
        archived_at=fields.moment_or_none("archived_at"),
    )


def event(fields: Fields) -> Event:
    """An event of any type, known or not."""
    return Event(fields.id(), fields.id("type"), fields.moment_or_none("processed_at"), fields.raw)


def thread(fields: Fields) -> Thread:
    """A thread; advisors have no name, and their model is a word where that of others is an object."""
    who = fields.child("agent")
    model = who.raw.get("model")
    return Thread(
        id=fields.id(),
        session_id=fields.id("session_id"),
        parent_id=fields.text_or("parent_thread_id", None),
        agent_name=who.text_or("name", ""),
        agent_type=who.text("type"),
        status=fields.text("status"),
        created_at=fields.moment("created_at"),
        model=who.child("model").text_or("id", "") if isinstance(model, dict) else who.text_or("model", ""),
    )


def _object(fields: Fields, name: str) -> Mapping[str, Any]:
    """An object whose shape the API may change at any time, as it came; {} where there is none."""
    child = fields.child_or_none(name)
    return child.raw if child else {}


def agent(fields: Fields) -> Agent:
    """An agent, with what it says of its roster as it came."""
    return Agent(
        id=fields.id(),
        name=fields.text("name"),
        version=fields.integer("version"),
        description=fields.text_or("description", ""),
        model=fields.child("model").text("id"),
        multiagent=_object(fields, "multiagent"),
        archived_at=fields.moment_or_none("archived_at"),
        created_at=fields.moment("created_at"),
        updated_at=fields.moment("updated_at"),
    )


def deployment(fields: Fields, *, id: str | None = None) -> Deployment:
    """A deployment, of that id if given."""
    who = fields.child("agent")
    reason = fields.child_or_none("paused_reason")
    error = reason.child_or_none("error") if reason else None
    return Deployment(
        id=fields.id(expected=id),
        name=fields.text("name"),
        agent_id=who.id(),
        agent_version=who.integer("version") if who.has("version") else None,
        status=fields.text("status"),
        paused_reason=": ".join(part.text("type") for part in (reason, error) if part),
        schedule=_object(fields, "schedule"),
        resources=tuple(item.raw for item in fields.items("resources")),
        archived_at=fields.moment_or_none("archived_at"),
        created_at=fields.moment("created_at"),
        updated_at=fields.moment("updated_at"),
    )
