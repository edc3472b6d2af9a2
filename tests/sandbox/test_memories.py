"""Memories: paths, sizes, listings, preconditions, conflicts, renames."""

import contextlib
import hashlib
import threading
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import pytest

from tests.sandbox.conftest import Connect
from tests.sandbox_server import Sandbox

WIDE = "é"  # two bytes in UTF-8


class Notes:
    """The memories of one store, without saying the store each time."""

    def __init__(self, client: anthropic.Anthropic) -> None:
        self.api = client.beta.memory_stores.memories
        self.versions = client.beta.memory_stores.memory_versions
        self.store = client.beta.memory_stores.create(name="Notes").id

    def create(self, path: str, content: Any = "text", **more: Any) -> Any:
        return self.api.create(self.store, path=path, content=content, **more)

    def update(self, memory: Any, *, sha: str = "", **more: Any) -> Any:
        if sha:
            more["precondition"] = {"type": "content_sha256", "content_sha256": sha}
        return self.api.update(memory.id, memory_store_id=self.store, **more)

    def read(self, memory: Any, **more: Any) -> Any:
        return self.api.retrieve(memory.id, memory_store_id=self.store, **more)

    def delete(self, memory: Any, **more: Any) -> Any:
        return self.api.delete(memory.id, memory_store_id=self.store, **more)

    def paths(self, **filters: Any) -> list[str]:
        return [item.path for item in self.api.list(self.store, **filters)]

    def history(self, memory: Any) -> list[str]:
        found = self.versions.list(self.store, memory_id=memory.id)
        return [version.operation for version in found]


@pytest.fixture
def notes(client: anthropic.Anthropic) -> Iterator[Notes]:
    yield Notes(client)


def sha(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def test_a_memory_carries_digest_and_size_of_its_bytes_in_every_view(notes: Notes) -> None:
    memory = notes.create("/a.md", WIDE)
    assert memory.content is None
    assert (memory.content_sha256, memory.content_size_bytes) == (sha(WIDE), 2)
    assert notes.read(memory).content == WIDE
    assert notes.read(memory, view="basic").content is None
    assert notes.create("/b.md", "", view="full").content == ""


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("", "must start with /"),
        ("a.md", "must start with /"),
        ("/", "empty segment"),
        ("/a/", "empty segment"),
        ("/a//b", "empty segment"),
        ("/a/./b", "segments . and .."),
        ("/../b", "segments . and .."),
        ("/a\x00b", "control or format"),
        ("/a\nb", "control or format"),
        ("/a\u200bb", "control or format"),
        ("/a\u202eb", "control or format"),
        ("/a\u2028b", "line or paragraph"),
        ("/a\u2029b", "line or paragraph"),
        (unicodedata.normalize("NFD", "/café"), "Normalization Form C"),
        ("/a" * 21, "20 segments"),
        ("/" + "x" * 1024, "1024 bytes"),
        ("/" + WIDE * 512, "1024 bytes"),
    ],
)
def test_an_illegal_path_is_refused(notes: Notes, path: str, rule: str) -> None:
    with pytest.raises(anthropic.BadRequestError) as error:
        notes.create(path)
    assert rule in str(error.value)
    assert error.value.response.headers["x-should-retry"] == "false"
    memory = notes.create("/fine")
    with pytest.raises(anthropic.BadRequestError):
        notes.update(memory, path=path)


@pytest.mark.parametrize(
    "path", ["/a", "/a" * 20, "/" + "x" * 1023, "/" + WIDE * 511, "/.hidden", "/...", "/ a ", "/A<b>'\"&.md"]
)
def test_a_legal_path_is_kept_as_it_is(notes: Notes, path: str) -> None:
    notes.create(path)
    assert notes.paths() == [path]


def test_paths_are_case_sensitive(notes: Notes) -> None:
    notes.create("/readme")
    notes.create("/README")
    assert notes.paths() == ["/README", "/readme"]


def test_content_has_at_most_102400_bytes(notes: Notes) -> None:
    memory = notes.create("/full", WIDE * 51_200)
    for attempt in (
        lambda: notes.create("/over", WIDE * 51_200 + "x"),
        lambda: notes.update(memory, content="x" * 102_401),
    ):
        with pytest.raises(anthropic.BadRequestError, match="Request validation failed"):
            attempt()
    assert notes.history(memory) == ["created"]


def test_hostile_text_comes_back_as_it_went_in(notes: Notes, sandbox: Sandbox) -> None:
    text = "<script>\x00\u202e\ufeff\r\n\x1b[0m" + "x" * 50_000
    assert notes.read(notes.create("/a", text)).content == text
    planted = sandbox.state.write_memory(notes.store, "/b", "lone \ud800", actor={"type": "user_actor"})
    assert notes.api.retrieve(planted["id"], memory_store_id=notes.store).content == "lone \ud800"


def test_content_must_be_sent_even_when_empty(notes: Notes) -> None:
    with pytest.raises(anthropic.BadRequestError, match="content: Field required"):
        notes.create("/a", None)


@pytest.mark.parametrize("taken", ["/a/b", "/a", "/a/b/c", "/a/b/c/d"])
def test_a_path_conflicts_with_itself_and_with_what_is_above_and_below(notes: Notes, taken: str) -> None:
    first = notes.create(taken)
    with pytest.raises(anthropic.ConflictError) as error:
        notes.create("/a/b")
    body = error.value.body["error"]
    assert error.value.type == "memory_path_conflict_error"
    assert (body["conflicting_memory_id"], body["conflicting_path"]) == (first.id, taken)
    assert error.value.response.headers["x-should-retry"] == "false"


def test_a_name_that_only_begins_alike_is_no_conflict(notes: Notes) -> None:
    for path in ("/a", "/ab", "/a.md", "/a-b/c"):
        notes.create(path)
    assert notes.paths() == ["/a", "/a-b/c", "/a.md", "/ab"]


def test_a_retrying_client_asks_only_once_on_a_conflict(notes: Notes, connect: Connect, sandbox: Sandbox) -> None:
    notes.create("/a")
    sandbox.requests(clear=True)
    with pytest.raises(anthropic.ConflictError):
        connect(max_retries=2).beta.memory_stores.memories.create(notes.store, path="/a", content="")
    assert len(sandbox.requests()) == 1


def test_the_2001st_memory_is_refused_but_edits_go_on(notes: Notes, sandbox: Sandbox) -> None:
    with sandbox.state.transaction():
        for number in range(2000):
            sandbox.state.write_memory(notes.store, f"/{number}", "", actor={"type": "user_actor"})
    with pytest.raises(anthropic.BadRequestError, match="already holds 2000"):
        notes.create("/one-more")
    first = next(iter(notes.api.list(notes.store)))
    assert notes.update(first, content="still editable", view="full").content == "still editable"
    notes.delete(first)
    notes.create("/one-more")


def test_a_rename_keeps_the_id_and_writes_a_modified_version(notes: Notes) -> None:
    memory = notes.create("/a", "text")
    renamed = notes.update(memory, path="/b/c")
    assert (renamed.id, renamed.path, renamed.content_sha256) == (memory.id, "/b/c", sha("text"))
    assert renamed.memory_version_id != memory.memory_version_id
    assert notes.history(memory) == ["modified", "created"]


def test_a_memory_may_move_below_its_own_path(notes: Notes) -> None:
    assert notes.update(notes.create("/a"), path="/a/b").path == "/a/b"


def test_a_rename_never_overwrites(notes: Notes) -> None:
    memory, other = notes.create("/a"), notes.create("/b")
    with pytest.raises(anthropic.ConflictError) as error:
        notes.update(memory, path="/b", content="new")
    assert error.value.body["error"]["conflicting_memory_id"] == other.id
    assert notes.read(memory).content == "text"


def test_an_update_that_changes_nothing_writes_no_version(notes: Notes) -> None:
    memory = notes.create("/a", "text")
    same = notes.update(memory, content="text", path="/a")
    assert (same.memory_version_id, same.updated_at) == (memory.memory_version_id, memory.updated_at)
    assert notes.history(memory) == ["created"]


def test_an_update_needs_content_or_path(notes: Notes) -> None:
    with pytest.raises(anthropic.BadRequestError, match="at least one of content and path"):
        notes.update(notes.create("/a"))


def test_a_precondition_speaks_of_the_stored_content(notes: Notes) -> None:
    memory = notes.create("/a", "one")
    assert notes.update(memory, content="two", sha=sha("one")).content_sha256 == sha("two")
    for change in ({"content": "three"}, {"path": "/b"}):
        with pytest.raises(anthropic.ConflictError) as error:
            notes.update(memory, sha=sha("one"), **change)
        assert error.value.type == "memory_precondition_failed_error"
        assert set(error.value.body["error"]) == {"type", "message"}
        assert error.value.response.headers["x-should-retry"] == "false"
    assert notes.read(memory).content == "two"


def test_a_stale_precondition_is_forgiven_when_the_wish_is_already_true(notes: Notes) -> None:
    memory = notes.create("/a", "two")
    assert notes.update(memory, content="two", path="/a", sha=sha("one")).id == memory.id
    assert notes.history(memory) == ["created"]


@pytest.mark.parametrize("digest", ["", "abc", "G" * 64, sha("one").upper()])
def test_a_digest_that_is_none_is_refused(notes: Notes, digest: str) -> None:
    memory = notes.create("/a", "one")
    broken = {"type": "content_sha256", "content_sha256": digest}
    with pytest.raises(anthropic.BadRequestError):
        notes.update(memory, content="two", precondition=broken)
    with pytest.raises(anthropic.BadRequestError):
        notes.delete(memory, expected_content_sha256=digest)


def test_a_deletion_may_demand_the_content_it_saw(notes: Notes) -> None:
    memory = notes.create("/a", "one")
    with pytest.raises(anthropic.ConflictError) as error:
        notes.delete(memory, expected_content_sha256=sha("zero"))
    assert error.value.type == "memory_precondition_failed_error"
    assert notes.delete(memory, expected_content_sha256=sha("one")).type == "memory_deleted"
    assert notes.history(memory) == ["deleted", "created"]
    for again in (notes.delete, notes.read):
        with pytest.raises(anthropic.NotFoundError):
            again(memory)


def test_a_memory_is_found_only_in_its_own_store(notes: Notes, client: anthropic.Anthropic) -> None:
    memory, other = notes.create("/a"), Notes(client)
    with pytest.raises(anthropic.NotFoundError):
        other.read(memory)


def test_one_level_is_listed_with_prefixes_between_the_memories(notes: Notes) -> None:
    for path in ("/a.md", "/b/1", "/b/c/2", "/b/c/3", "/b-2", "/z"):
        notes.create(path)
    assert notes.paths(depth=1) == ["/a.md", "/b-2", "/b/", "/z"]
    items = list(notes.api.list(notes.store, depth=1, limit=1))  # pages of one: prefixes count as items
    assert [item.path for item in items] == ["/a.md", "/b-2", "/b/", "/z"]
    assert items[2].to_dict() == {"type": "memory_prefix", "path": "/b/"}
    assert notes.paths(path_prefix="/b/", depth=1) == ["/b/1", "/b/c/"]


def test_a_prefix_matches_whole_segments(notes: Notes) -> None:
    for path in ("/notes/a", "/notes/b/c", "/notes-archive/d"):
        notes.create(path)
    assert notes.paths(path_prefix="/notes/") == ["/notes/a", "/notes/b/c"]
    assert notes.paths(path_prefix="/") == notes.paths() == ["/notes-archive/d", "/notes/a", "/notes/b/c"]
    assert notes.paths(path_prefix="/none/") == []


@pytest.mark.parametrize("wrong", [{"path_prefix": "/a"}, {"path_prefix": "a/"}, {"depth": 2}, {"view": "all"}])
def test_an_illegal_listing_is_refused(notes: Notes, wrong: dict[str, Any]) -> None:
    with pytest.raises(anthropic.BadRequestError):
        notes.paths(**wrong)


def test_a_full_page_holds_at_most_20(notes: Notes, sandbox: Sandbox) -> None:
    for number in range(101):
        sandbox.state.write_memory(notes.store, f"/{number:03}", "text", actor={"type": "user_actor"})
    full = notes.api.list(notes.store, view="full", limit=100)
    assert (len(full.data), full.data[0].content) == (20, "text")
    basic = notes.api.list(notes.store, limit=100)
    assert (len(basic.data), basic.data[0].content) == (100, None)
    assert notes.paths(view="full", limit=100) == notes.paths() == [f"/{number:03}" for number in range(101)]


def test_of_many_writers_at_once_one_creates_and_one_updates(notes: Notes) -> None:
    def attempt(work: Any) -> bool:
        try:
            work()
        except anthropic.ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        creates = [lambda: notes.create("/a", "one")] * 8
        assert sum(pool.map(attempt, creates)) == 1
        memory = next(iter(notes.api.list(notes.store)))
        updates = [lambda n=n: notes.update(memory, content=f"n{n}", sha=sha("one")) for n in range(8)]
        assert sum(pool.map(attempt, updates)) == 1
    assert notes.history(memory) == ["modified", "created"]


def test_a_check_and_the_write_after_it_are_one_step(
    notes: Notes, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_have_looked, look = threading.Barrier(2), sandbox.state.paths

    def look_and_wait_for_the_other(store: str) -> dict[str, str]:
        found = look(store)
        with contextlib.suppress(threading.BrokenBarrierError):
            both_have_looked.wait(0.3)  # in vain, as long as one request shuts out the other
        return found

    monkeypatch.setattr(sandbox.state, "paths", look_and_wait_for_the_other)

    def attempt(content: str) -> bool:
        try:
            notes.create("/a", content)
        except anthropic.ConflictError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, ["one", "two"])) == [False, True]
