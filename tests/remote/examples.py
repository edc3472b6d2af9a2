"""One answer of each kind as the vendor documents it, and which of its fields nothing works without."""

import hashlib
from typing import Any

AT = "2026-11-01T09:00:00Z"
TEXT = "Prefers aisle seats; never books before 9:00."
SHA = hashlib.sha256(TEXT.encode()).hexdigest()
USAGE = {
    "input_tokens": 5,
    "output_tokens": 4,
    "cache_read_input_tokens": 3,
    "cache_creation_input_tokens": 2,
}

STORE: dict[str, Any] = {
    "id": "memstore_1",
    "type": "memory_store",
    "name": "User Preferences",
    "description": "Per-user preferences.",
    "metadata": {"team": "a"},
    "created_at": AT,
    "updated_at": AT,
    "archived_at": None,
}
MEMORY: dict[str, Any] = {
    "id": "mem_1",
    "type": "memory",
    "memory_store_id": "memstore_1",
    "path": "/travel.md",
    "content": TEXT,
    "content_sha256": SHA,
    "content_size_bytes": len(TEXT),
    "memory_version_id": "memver_1",
    "created_at": AT,
    "updated_at": AT,
}
VERSION: dict[str, Any] = {
    "id": "memver_1",
    "type": "memory_version",
    "memory_store_id": "memstore_1",
    "memory_id": "mem_1",
    "operation": "modified",
    "created_at": AT,
    "created_by": {"type": "session_actor", "session_id": "sesn_1"},
    "path": "/travel.md",
    "content": TEXT,
    "content_sha256": SHA,
    "content_size_bytes": len(TEXT),
    "redacted_at": None,
    "redacted_by": None,
}
REDACTED: dict[str, Any] = {
    **VERSION,
    **dict.fromkeys(("path", "content", "content_sha256", "content_size_bytes")),
    "redacted_at": AT,
    "redacted_by": {"type": "api_actor", "api_key_id": "apikey_1"},
}
DREAM: dict[str, Any] = {
    "id": "drm_1",
    "type": "dream",
    "status": "running",
    "inputs": [
        {"type": "memory_store", "memory_store_id": "memstore_1"},
        {"type": "sessions", "session_ids": ["sesn_1", "sesn_2"]},
    ],
    "outputs": [{"type": "memory_store", "memory_store_id": "memstore_2"}],
    "output_behavior": {"type": "create_new"},
    "model": {"id": "claude-opus-4-8", "speed": "standard"},
    "instructions": None,
    "session_id": "sesn_9",
    "created_at": AT,
    "ended_at": None,
    "archived_at": None,
    "usage": USAGE,
    "error": None,
}
SESSION: dict[str, Any] = {
    "id": "sesn_1",
    "type": "session",
    "agent": {"type": "agent", "id": "agent_1", "name": "Planner", "version": 3},
    "environment_id": "env_1",
    "title": "Plan the trip",
    "status": "idle",
    "metadata": {},
    "resources": [
        {"type": "file", "id": "sesrsc_1", "file_id": "file_1"},
        {
            "type": "memory_store",
            "memory_store_id": "memstore_1",
            "access": "read_only",
            "instructions": "Look here first.",
            "name": "User Preferences",
            "description": "d",
            "mount_path": "/mnt/memory/user-preferences",
        },
    ],
    "vault_ids": [],
    "outcome_evaluations": [
        {
            "type": "outcome_evaluation",
            "outcome_id": "outc_1",
            "description": "Book",
            "iteration": 1,
            "result": "satisfied",
            "explanation": "done",
            "completed_at": AT,
        }
    ],
    "stats": {"active_seconds": 12.5, "duration_seconds": 60},
    "usage": {
        "input_tokens": 5000,
        "output_tokens": 3200,
        "cache_read_input_tokens": 20000,
        "cache_creation": {"ephemeral_5m_input_tokens": 7, "ephemeral_1h_input_tokens": 8},
        "active_seconds": 342.5,
        "list_cost": {"amount": "187.5", "currency": "USD"},
    },
    "budget": None,
    "deployment_id": "depl_1",
    "created_at": AT,
    "updated_at": AT,
    "archived_at": None,
}
EVENT: dict[str, Any] = {
    "type": "agent.message",
    "id": "sevt_1",
    "content": [{"type": "text", "text": "Booked."}],
    "processed_at": AT,
}
THREAD: dict[str, Any] = {
    "id": "sthr_1",
    "type": "session_thread",
    "session_id": "sesn_1",
    "parent_thread_id": None,
    "agent": {"type": "agent", "id": "agent_1", "name": "Planner", "version": 3},
    "status": "idle",
    "created_at": AT,
    "updated_at": AT,
    "archived_at": None,
}
AGENT: dict[str, Any] = {
    "id": "agent_1",
    "type": "agent",
    "name": "Planner",
    "version": 3,
    "description": None,
    "model": {"id": "claude-opus-5"},
    "multiagent": None,
    "tools": [],
    "created_at": AT,
    "updated_at": AT,
    "archived_at": None,
}
DEPLOYMENT: dict[str, Any] = {
    "id": "depl_1",
    "type": "deployment",
    "name": "Nightly",
    "agent": {"type": "agent", "id": "agent_1", "version": 3},
    "status": "active",
    "paused_reason": None,
    "resources": [{"type": "memory_store", "memory_store_id": "memstore_1", "access": "read_write"}],
    "created_at": AT,
    "updated_at": AT,
    "archived_at": None,
}


def without(example: dict[str, Any], *names: str) -> dict[str, Any]:
    """The example without these fields."""
    return {name: value for name, value in example.items() if name not in names}


def page(*items: Any, next_page: str | None = None) -> dict[str, Any]:
    """One page of a list."""
    return {"data": list(items), "next_page": next_page}
