"""All of the stand-in's state, in one SQLite file: API objects as JSON, memories and versions as rows."""

import hashlib
import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, parent TEXT NOT NULL, at TEXT NOT NULL,
    body TEXT NOT NULL, extra TEXT NOT NULL DEFAULT '{}', UNIQUE (kind, id));
CREATE INDEX IF NOT EXISTS objects_in_order ON objects (kind, parent, at, seq);
CREATE TABLE IF NOT EXISTS memories (
    id TEXT PRIMARY KEY, store TEXT NOT NULL, path TEXT NOT NULL, content BLOB NOT NULL, sha TEXT NOT NULL,
    version TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, UNIQUE (store, path));
CREATE TABLE IF NOT EXISTS versions (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, store TEXT NOT NULL, memory TEXT NOT NULL,
    operation TEXT NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL, path TEXT, content BLOB, sha TEXT,
    redacted_at TEXT, redacted_by TEXT);
CREATE INDEX IF NOT EXISTS versions_in_order ON versions (store, at DESC, seq DESC);
"""
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: sorts as it counts
UNTIMED = "~"  # after every time: the place of an event that is still queued
ACTOR_FILTERS = ("session_id", "api_key_id", "service_account_id")


def sha256(content: str) -> str:
    """The lower-case hex digest of the UTF-8 bytes, as in `content_sha256`."""
    return hashlib.sha256(to_bytes(content)).hexdigest()


def to_bytes(content: str) -> bytes:
    """UTF-8; lone surrogates pass, so that a test can plant what the API itself would refuse."""
    return content.encode("utf-8", "surrogatepass")


def parse_time(value: str) -> datetime:
    """An aware UTC time from RFC 3339 text; ValueError for anything else."""
    at = datetime.fromisoformat(value)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def format_time(at: datetime) -> str:
    """Always six decimals and "Z", so that texts sort as the times they name."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def sortable(at: str | None) -> str:
    """An API time in the one form whose texts sort as times; what has no time yet comes last."""
    return format_time(parse_time(at)) if at and at != UNTIMED else UNTIMED


class State:
    """All state in one SQLite file (":memory:" allowed); survives a restart; safe from several threads."""

    def __init__(self, path: str, *, speed: float = 1.0) -> None:
        self.speed = speed  # how much faster than real dreams go
        self._lock = threading.RLock()
        self._depth = 0
        self._clock = threading.Lock()  # its own: the server takes ids while a long transaction runs
        self._last_tick = 0
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # WAL with NORMAL outlives the death of the process, which is all that is promised here.
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)

    def close(self) -> None:
        """Close the file; the state must not be used afterwards."""
        with self._lock:
            self._db.close()

    @property
    def changes(self) -> int:
        """Goes up with every write: a cheap "is there anything new?" for the event streams."""
        return self._db.total_changes

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""
        return datetime.now(UTC)

    def stamp(self, at: datetime | None = None) -> str:
        """`at` (default: now) as the API writes times: "2026-11-01T09:00:00.123456Z"."""
        return format_time(at or self.now())

    def new_id(self, prefix: str) -> str:
        """`memstore` -> `memstore_01…`: sorts by creation, with a tail nobody can guess."""
        with self._clock:
            tick = self._last_tick = max(self._last_tick + 1, time.time_ns() // 1000)
        clock = "".join(ALPHABET[(tick >> shift) & 31] for shift in range(50, -1, -5))
        return f"{prefix}_01{clock}{''.join(secrets.choice(ALPHABET) for _ in range(11))}"

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One write transaction, rolled back whole when the block raises; nested calls join it."""
        with self._lock:
            if self._depth:
                yield
                return
            self._depth = 1
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth = 0

    def reset(self) -> None:
        """Forget everything."""
        with self.transaction():
            self._run("DELETE FROM objects")
            self._run("DELETE FROM memories")
            self._run("DELETE FROM versions")

    def is_empty(self) -> bool:
        """True while nothing was ever put in."""
        return not self._rows("SELECT 1 FROM objects LIMIT 1")

    # API objects: kind is store, agent, environment, deployment, session, thread, event or dream.
    # Parent: the session of a thread or event; the thread of a child thread's event.

    def put(self, kind: str, obj: Json, *, parent: str = "") -> None:
        """Insert or replace by `obj["id"]`; a replaced object keeps its parent unless one is given."""
        order = sortable(obj.get("created_at") or obj.get("processed_at"))
        with self.transaction():
            self._run(
                "INSERT INTO objects (kind, id, parent, at, body) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, at = excluded.at,"
                " parent = CASE excluded.parent WHEN '' THEN parent ELSE excluded.parent END",
                kind, obj["id"], parent, order, json.dumps(obj),
            )  # fmt: skip

    def get(self, kind: str, id: str) -> Json | None:
        """The object, or None."""
        rows = self._rows("SELECT body FROM objects WHERE kind = ? AND id = ?", kind, id)
        return json.loads(rows[0]["body"]) if rows else None

    def all(self, kind: str, *, parent: str = "") -> list[Json]:
        """In creation order (created_at or processed_at, then insertion); no parent = of every parent."""
        if parent:
            sql = "SELECT body FROM objects WHERE kind = ? AND parent = ? ORDER BY at, seq"
            rows = self._rows(sql, kind, parent)
        else:
            rows = self._rows("SELECT body FROM objects WHERE kind = ? ORDER BY at, seq", kind)
        return [json.loads(row["body"]) for row in rows]

    def parent(self, kind: str, id: str) -> str | None:
        """The parent an object was put under ("" for none), or None when there is no such object."""
        rows = self._rows("SELECT parent FROM objects WHERE kind = ? AND id = ?", kind, id)
        return rows[0]["parent"] if rows else None

    def remove(self, kind: str, id: str) -> None:
        """Remove the object and all below it: a store's memories, versions; a session's threads, events."""
        with self.transaction():
            for child in self._rows("SELECT kind, id FROM objects WHERE parent = ?", id):
                self.remove(child["kind"], child["id"])
            self._run("DELETE FROM objects WHERE kind = ? AND id = ?", kind, id)
            if kind == "store":
                self._run("DELETE FROM memories WHERE store = ?", id)
                self._run("DELETE FROM versions WHERE store = ?", id)

    def extra(self, kind: str, id: str) -> Json:
        """Private side data of an object, never shown by the API; {} when there is none."""
        rows = self._rows("SELECT extra FROM objects WHERE kind = ? AND id = ?", kind, id)
        return json.loads(rows[0]["extra"]) if rows else {}

    def set_extra(self, kind: str, id: str, data: Json) -> None:
        """Replace the side data of an object that exists."""
        with self.transaction():
            self._run("UPDATE objects SET extra = ? WHERE kind = ? AND id = ?", json.dumps(data), kind, id)

    # Memories

    def memories(self, store_id: str, *, prefix: str = "/") -> list[Json]:
        """API memory objects with content, in path order; `prefix` ends in "/"."""
        sql = "SELECT * FROM memories WHERE store = ? AND substr(path, 1, ?) = ? ORDER BY path"
        return [_memory(row) for row in self._rows(sql, store_id, len(prefix), prefix)]

    def paths(self, store_id: str) -> dict[str, str]:
        """path -> memory id of everything in the store, in path order; cheap, for rules and listings."""
        rows = self._rows("SELECT path, id FROM memories WHERE store = ? ORDER BY path", store_id)
        return {row["path"]: row["id"] for row in rows}

    def memory(self, store_id: str, memory_id: str) -> Json | None:
        """One memory with content, or None."""
        rows = self._rows("SELECT * FROM memories WHERE store = ? AND id = ?", store_id, memory_id)
        return _memory(rows[0]) if rows else None

    def memory_at(self, store_id: str, path: str) -> Json | None:
        """The memory at exactly this path with content, or None."""
        rows = self._rows("SELECT * FROM memories WHERE store = ? AND path = ?", store_id, path)
        return _memory(rows[0]) if rows else None

    def write_memory(self, store_id: str, path: str, content: str, *, actor: Json, at: datetime | None = None) -> Json:
        """Create or update by path and write a version; nothing happens when equal. Returns the memory.

        Checks none of the API's rules: `memories.py` does that.
        """
        with self.transaction():
            old = self.memory_at(store_id, path)
            if old is not None:
                return self.update_memory(store_id, old["id"], path=None, content=content, actor=actor, at=at)
            memory_id, when = self.new_id("mem"), self.stamp(at)
            data, sha = to_bytes(content), sha256(content)
            version = self._add_version(store_id, memory_id, "created", when, actor, path, data, sha)
            sql = "INSERT INTO memories VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            self._run(sql, memory_id, store_id, path, data, sha, version, when, when)
            return self._must(self.memory(store_id, memory_id))

    def update_memory(
        self,
        store_id: str,
        memory_id: str,
        *,
        path: str | None,
        content: str | None,
        actor: Json,
        at: datetime | None = None,
    ) -> Json:
        """Change content, path or both (None = keep), write a "modified" version; a no-op when equal."""
        with self.transaction():
            old = self._must(self.memory(store_id, memory_id))
            path = old["path"] if path is None else path
            content = old["content"] if content is None else content
            if (path, content) == (old["path"], old["content"]):
                return old
            data, sha, when = to_bytes(content), sha256(content), self.stamp(at)
            version = self._add_version(store_id, memory_id, "modified", when, actor, path, data, sha)
            sql = "UPDATE memories SET (path, content, sha, version, updated_at) = (?, ?, ?, ?, ?) WHERE id = ?"
            self._run(sql, path, data, sha, version, when, memory_id)
            return self._must(self.memory(store_id, memory_id))

    def delete_memory(self, store_id: str, memory_id: str, *, actor: Json, at: datetime | None = None) -> None:
        """Remove the memory; its versions stay, and a "deleted" one is added."""
        with self.transaction():
            old = self._must(self.memory(store_id, memory_id))
            self._add_version(store_id, memory_id, "deleted", self.stamp(at), actor, old["path"], None, None)
            self._run("DELETE FROM memories WHERE id = ?", memory_id)

    # Versions

    def versions(
        self,
        store_id: str,
        *,
        memory_id: str = "",
        operation: str = "",
        session_id: str = "",
        api_key_id: str = "",
        service_account_id: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        after: str = "",
        limit: int = -1,
    ) -> list[Json]:
        """API version objects with content, newest first.

        `since` and `until` are inclusive; `after` is the last version already seen; `limit` -1 = all.
        """
        where, args = ["store = ?"], [store_id]
        for column, value in (("memory", memory_id), ("operation", operation)):
            if value:
                where.append(f"{column} = ?")
                args.append(value)
        for member, value in zip(ACTOR_FILTERS, (session_id, api_key_id, service_account_id), strict=True):
            if value:
                where.append(f"json_extract(actor, '$.{member}') = ?")
                args.append(value)
        for sign, time_bound in ((">=", since), ("<=", until)):
            if time_bound:
                where.append(f"at {sign} ?")
                args.append(format_time(time_bound))
        if after:
            where.append("(at, seq) < (SELECT at, seq FROM versions WHERE id = ?)")
            args.append(after)
        # Only the fixed words above are joined; every value is bound.
        sql = f"SELECT * FROM versions WHERE {' AND '.join(where)} ORDER BY at DESC, seq DESC LIMIT ?"  # noqa: S608
        return [_version(row) for row in self._rows(sql, *args, limit)]

    def version(self, store_id: str, version_id: str) -> Json | None:
        """One version with content, or None."""
        rows = self._rows("SELECT * FROM versions WHERE store = ? AND id = ?", store_id, version_id)
        return _version(rows[0]) if rows else None

    def redact_version(self, store_id: str, version_id: str, *, actor: Json, at: datetime | None = None) -> Json:
        """Wipe path, content and digest of a version; who and when stay. A second time changes nothing."""
        with self.transaction():
            self._run(
                "UPDATE versions SET path = NULL, content = NULL, sha = NULL, redacted_at = ?,"
                " redacted_by = ? WHERE store = ? AND id = ? AND redacted_at IS NULL",
                self.stamp(at), json.dumps(actor), store_id, version_id,
            )  # fmt: skip
            return self._must(self.version(store_id, version_id))

    def clone_store(self, store_id: str, *, name: str, actor: Json, at: datetime | None = None) -> str:
        """A new store with the same memories under fresh ids, created by `actor`; returns its id."""
        with self.transaction():
            source, when = self._must(self.get("store", store_id)), self.stamp(at)
            new = {**source, "id": self.new_id("memstore"), "name": name, "archived_at": None}
            self.put("store", {**new, "created_at": when, "updated_at": when})
            for memory in self.memories(store_id):
                self.write_memory(new["id"], memory["path"], memory["content"], actor=actor, at=at)
            return str(new["id"])

    def _add_version(
        self, store: str, memory: str, operation: str, at: str, actor: Json, path: str,
        content: bytes | None, sha: str | None,
    ) -> str:  # fmt: skip
        version_id = self.new_id("memver")
        sql = (
            "INSERT INTO versions (id, store, memory, operation, at, actor, path, content, sha)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        self._run(sql, version_id, store, memory, operation, at, json.dumps(actor), path, content, sha)
        return version_id

    def _run(self, sql: str, *args: Any) -> None:
        self._db.execute(sql, args)

    def _rows(self, sql: str, *args: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, args).fetchall()

    @staticmethod
    def _must(found: Json | None) -> Json:
        if found is None:
            raise KeyError("no such object in the stand-in's state")
        return found


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogatepass")


def _memory(row: sqlite3.Row) -> Json:
    return {
        "id": row["id"],
        "type": "memory",
        "memory_store_id": row["store"],
        "path": row["path"],
        "content": _text(row["content"]),
        "content_sha256": row["sha"],
        "content_size_bytes": len(row["content"]),
        "memory_version_id": row["version"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def _version(row: sqlite3.Row) -> Json:
    content = row["content"]
    return {
        "id": row["id"],
        "type": "memory_version",
        "memory_store_id": row["store"],
        "memory_id": row["memory"],
        "operation": row["operation"],
        "created_at": row["at"],
        "created_by": json.loads(row["actor"]),
        "path": row["path"],
        "content": None if content is None else _text(content),
        "content_sha256": row["sha"],
        "content_size_bytes": None if content is None else len(content),
        "redacted_at": row["redacted_at"],
        "redacted_by": json.loads(row["redacted_by"]) if row["redacted_by"] else None,
    }
