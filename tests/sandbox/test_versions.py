"""Memory versions: history, filters, redaction."""

from datetime import UTC, datetime, timedelta
from typing import Any

import anthropic
import pytest

from sandbox.wire import api_key_id
from tests.sandbox import seeds
from tests.sandbox_server import Sandbox

SESSION = {"type": "session_actor", "session_id": "sesn_1"}
SERVICE = {"type": "service_account_actor", "service_account_id": "svac_1"}
START = datetime(2026, 11, 1, 9, tzinfo=UTC)


@pytest.fixture
def store(sandbox: Sandbox) -> str:
    """Three writes by a session, a service account and a person, an hour apart."""
    state, store_id = sandbox.state, str(seeds.store(sandbox.state)["id"])
    writers = (SESSION, SERVICE, {"type": "user_actor", "user_id": "user_1"})
    for hour, actor in enumerate(writers):
        state.write_memory(store_id, "/a.md", f"text {hour}", actor=actor, at=START + timedelta(hours=hour))
    return store_id


def contents(client: anthropic.Anthropic, store: str, **filters: Any) -> list[str | None]:
    return [v.content for v in client.beta.memory_stores.memory_versions.list(store, view="full", **filters)]


def test_versions_come_newest_first_with_content_only_when_asked_for(client: anthropic.Anthropic, store: str) -> None:
    assert contents(client, store) == ["text 2", "text 1", "text 0"]
    basic = list(client.beta.memory_stores.memory_versions.list(store))
    assert [version.content for version in basic] == [None] * 3
    assert [version.operation for version in basic] == ["modified", "modified", "created"]
    assert basic[0].content_size_bytes == 6
    newest = client.beta.memory_stores.memory_versions.retrieve(basic[0].id, memory_store_id=store)
    assert newest.content == "text 2"


def test_versions_can_be_filtered_by_writer(client: anthropic.Anthropic, store: str) -> None:
    client.beta.memory_stores.memories.create(store, path="/b.md", content="mine")
    mine = api_key_id("test-key")
    assert contents(client, store, session_id="sesn_1") == ["text 0"]
    assert contents(client, store, service_account_id="svac_1") == ["text 1"]
    assert contents(client, store, api_key_id=mine) == ["mine"]
    assert contents(client, store, session_id="sesn_2") == []
    assert "test-key" not in mine


def test_versions_can_be_filtered_by_time_and_operation(client: anthropic.Anthropic, store: str) -> None:
    hour = timedelta(hours=1)
    assert contents(client, store, created_at_gte=START + hour) == ["text 2", "text 1"]
    assert contents(client, store, created_at_lte=START + hour) == ["text 1", "text 0"]
    assert contents(client, store, operation="created") == ["text 0"]
    with pytest.raises(anthropic.BadRequestError, match="operation: must be one of"):
        contents(client, store, operation="renamed")


def test_a_deleted_memory_keeps_its_history(client: anthropic.Anthropic, store: str) -> None:
    memory = client.beta.memory_stores.memories.list(store).data[0]
    client.beta.memory_stores.memories.delete(memory.id, memory_store_id=store)
    head = client.beta.memory_stores.memory_versions.list(store, memory_id=memory.id, view="full").data[0]
    assert (head.operation, head.path, head.content) == ("deleted", "/a.md", None)
    assert (head.content_sha256, head.content_size_bytes) == (None, None)


def test_versions_are_paged_and_a_full_page_holds_20(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    store = seeds.store(sandbox.state)["id"]
    for number in range(45):  # all at one time: the order of writing decides
        sandbox.state.write_memory(store, "/a", str(number), actor=SESSION, at=START)
    page = client.beta.memory_stores.memory_versions.list(store, view="full", limit=100)
    assert len(page.data) == 20
    assert [version.content for version in page] == [str(number) for number in range(44, -1, -1)]


def test_a_redacted_version_keeps_who_and_when(client: anthropic.Anthropic, store: str) -> None:
    versions = client.beta.memory_stores.memory_versions
    oldest = list(versions.list(store))[-1]
    redacted = versions.redact(oldest.id, memory_store_id=store)
    assert (redacted.path, redacted.content, redacted.content_sha256) == (None, None, None)
    assert (redacted.created_by, redacted.created_at) == (oldest.created_by, oldest.created_at)
    assert redacted.redacted_at is not None
    assert redacted.redacted_by is not None
    assert redacted.redacted_by.type == "api_actor"
    assert versions.redact(oldest.id, memory_store_id=store) == redacted


def test_the_head_of_a_live_memory_cannot_be_redacted(client: anthropic.Anthropic, store: str) -> None:
    versions = client.beta.memory_stores.memory_versions
    head = versions.list(store).data[0]
    with pytest.raises(anthropic.BadRequestError, match="is the current one"):
        versions.redact(head.id, memory_store_id=store)
    client.beta.memory_stores.memories.delete(head.memory_id, memory_store_id=store)
    assert versions.redact(head.id, memory_store_id=store).content is None


def test_an_unknown_version_is_404(client: anthropic.Anthropic, store: str) -> None:
    for call in ("retrieve", "redact"):
        with pytest.raises(anthropic.NotFoundError):
            getattr(client.beta.memory_stores.memory_versions, call)("memver_x", memory_store_id=store)
