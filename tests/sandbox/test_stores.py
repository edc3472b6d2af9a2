"""Memory stores: the rules of names, descriptions, metadata, archives and deletions."""

from datetime import UTC, datetime, timedelta

import anthropic
import pytest

from tests.sandbox import seeds
from tests.sandbox_server import Sandbox


def test_a_new_store_has_an_empty_description_and_no_metadata(client: anthropic.Anthropic) -> None:
    store = client.beta.memory_stores.create(name="Notes")
    assert (store.description, store.metadata, store.archived_at) == ("", {}, None)
    assert client.beta.memory_stores.retrieve(store.id) == store


def test_names_are_not_unique(client: anthropic.Anthropic) -> None:
    first, second = (client.beta.memory_stores.create(name="Same") for _ in range(2))
    assert first.id != second.id


@pytest.mark.parametrize("name", ["", "x" * 256, "a\nb", "a\x00b", "a\x85b"])
def test_an_illegal_name_is_refused(client: anthropic.Anthropic, name: str) -> None:
    with pytest.raises(anthropic.BadRequestError, match="name: "):
        client.beta.memory_stores.create(name=name)
    store = client.beta.memory_stores.create(name="x" * 255)
    with pytest.raises(anthropic.BadRequestError, match="name: "):
        client.beta.memory_stores.update(store.id, name=name)


def test_a_description_has_at_most_1024_characters(client: anthropic.Anthropic) -> None:
    client.beta.memory_stores.create(name="A", description="é" * 1024)
    with pytest.raises(anthropic.BadRequestError, match="description: "):
        client.beta.memory_stores.create(name="A", description="x" * 1025)


@pytest.mark.parametrize(
    "metadata",
    [{"": "v"}, {"k" * 65: "v"}, {"k": "v" * 513}, {f"k{i}": "v" for i in range(17)}],
)
def test_illegal_metadata_is_refused(client: anthropic.Anthropic, metadata: dict[str, str]) -> None:
    with pytest.raises(anthropic.BadRequestError, match="metadata: "):
        client.beta.memory_stores.create(name="A", metadata=metadata)


def test_an_update_changes_what_is_sent_and_patches_metadata(client: anthropic.Anthropic) -> None:
    store = client.beta.memory_stores.create(name="A", description="d", metadata={"a": "1", "b": "2"})
    new = client.beta.memory_stores.update(store.id, description="", metadata={"a": None, "c": "3"})
    assert (new.name, new.description, new.metadata) == ("A", "", {"b": "2", "c": "3"})
    assert new.updated_at > store.updated_at
    assert client.beta.memory_stores.update(store.id, name=None).updated_at == new.updated_at


def test_writing_a_memory_does_not_touch_the_store(client: anthropic.Anthropic) -> None:
    store = client.beta.memory_stores.create(name="A")
    client.beta.memory_stores.memories.create(store.id, path="/a", content="")
    assert client.beta.memory_stores.retrieve(store.id).updated_at == store.updated_at


def test_stores_are_listed_newest_first_page_by_page(client: anthropic.Anthropic) -> None:
    made = [client.beta.memory_stores.create(name=str(i)).id for i in range(45)]
    page = client.beta.memory_stores.list()
    assert len(page.data) == 20
    assert [store.id for store in page] == made[::-1]


def test_a_page_stays_right_when_stores_come_and_go(client: anthropic.Anthropic) -> None:
    made = [client.beta.memory_stores.create(name=str(i)).id for i in range(5)]
    page = client.beta.memory_stores.list(limit=2)
    client.beta.memory_stores.create(name="newer than the page")
    client.beta.memory_stores.delete(made[3])  # the page's last one, which the cursor names
    assert [store.id for store in page.get_next_page()] == [made[2], made[1], made[0]]


def test_a_cursor_serves_only_the_list_it_came_from(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    for _ in range(2):
        seeds.store(sandbox.state)
    cursor = client.beta.memory_stores.list(limit=1).next_page or ""
    with pytest.raises(anthropic.BadRequestError, match="page: invalid cursor"):
        client.beta.agents.list(page=cursor)


def test_the_range_of_creation_is_inclusive(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    days = [datetime(2026, 11, day, 9, tzinfo=UTC) for day in (1, 2, 3)]
    ids = [seeds.store(sandbox.state, created_at=day.isoformat())["id"] for day in days]
    found = client.beta.memory_stores.list(created_at_gte=days[1], created_at_lte=days[2])
    assert [store.id for store in found] == [ids[2], ids[1]]
    later = days[1] + timedelta(microseconds=1)
    assert [store.id for store in client.beta.memory_stores.list(created_at_gte=later)] == [ids[2]]


def test_an_archived_store_is_read_only_but_for_deletions(client: anthropic.Anthropic) -> None:
    stores = client.beta.memory_stores
    store = stores.create(name="A")
    memory = stores.memories.create(store.id, path="/a", content="one")
    stores.memories.update(memory.id, memory_store_id=store.id, content="two")
    archived = stores.archive(store.id)
    assert archived.archived_at is not None
    assert stores.archive(store.id) == archived

    with pytest.raises(anthropic.BadRequestError, match="is archived"):
        stores.update(store.id, name="B")
    with pytest.raises(anthropic.BadRequestError, match="is archived"):
        stores.memories.create(store.id, path="/b", content="")
    with pytest.raises(anthropic.BadRequestError, match="is archived"):
        stores.memories.update(memory.id, memory_store_id=store.id, content="three")

    assert stores.memories.retrieve(memory.id, memory_store_id=store.id).content == "two"
    stores.memory_versions.redact(memory.memory_version_id, memory_store_id=store.id)
    stores.memories.delete(memory.id, memory_store_id=store.id)
    assert [found.id for found in stores.list()] == []
    assert [found.id for found in stores.list(include_archived=True)] == [store.id]
    assert stores.delete(store.id).type == "memory_store_deleted"


def test_a_deleted_store_takes_memories_and_versions_along(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    store = client.beta.memory_stores.create(name="A")
    client.beta.memory_stores.memories.create(store.id, path="/a", content="")
    client.beta.memory_stores.delete(store.id)
    assert sandbox.state.versions(store.id) == sandbox.state.memories(store.id) == []
    for call in (client.beta.memory_stores.retrieve, client.beta.memory_stores.delete):
        with pytest.raises(anthropic.NotFoundError):
            call(store.id)
    with pytest.raises(anthropic.NotFoundError):
        client.beta.memory_stores.memories.list(store.id)
