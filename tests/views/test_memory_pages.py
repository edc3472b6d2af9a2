"""The pages of a memory: reading hostile text, writing with the bytes that were seen, losing no typed word."""

import pytest

from dreams.models import Memory, Store
from dreams.services import stores
from tests.factories import agent_writes, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_members_only, assert_only

HOSTILE = "# Hi <script>alert(1)</script>\n\n![x](https://evil.example/p.png) \u202etxt\n[a](javascript:alert(1))\n"


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox, {"/a.md": "First\n", "/b.md": HOSTILE, "/c.md": ""})


def at(store: Store, path: str) -> Memory:
    return Memory.objects.select_related("text").get(store=store, path=path)


def url_of(store: Store, path: str, rest: str = "") -> str:
    return f"/acme/stores/{store.remote_id}/memories/{at(store, path).remote_id}/{rest}"


def vendor(sandbox: Sandbox, store: Store) -> dict[str, str]:
    return {m["path"]: m["content"] for m in sandbox.state.memories(store.remote_id)}


def test_members_read_it_and_nobody_else(people: People, store: Store) -> None:
    assert_members_only(people, url_of(store, "/a.md"))
    assert_only(people, url_of(store, "/a.md"), "get")
    assert_only(people, url_of(store, "/a.md", "delete/"), "post")


@pytest.mark.parametrize("view", ["", "?view=source"])
def test_hostile_text_is_shown_and_never_run(people: People, store: Store, view: str) -> None:
    page = browser_of(people.carol).get(url_of(store, "/b.md") + view).content.decode()
    assert "<script>alert(1)" not in page
    assert '<img src="https://evil' not in page
    assert 'href="javascript:' not in page
    assert "\u202e" not in page


def test_an_edit_reaches_the_vendor(people: People, sandbox: Sandbox, store: Store) -> None:
    form = {"content": "Second\r\nline\r\n", "seen_sha": at(store, "/a.md").text.sha256}
    answer = browser_of(people.dave).post(url_of(store, "/a.md", "edit/"), form)
    assert answer.status_code == 302
    assert vendor(sandbox, store)["/a.md"] == "Second\nline\n"
    assert at(store, "/a.md").text.text == "Second\nline\n"


def test_an_edit_over_newer_bytes_is_refused_and_keeps_what_was_typed(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    form = {"content": "Mine, typed", "seen_sha": at(store, "/a.md").text.sha256}
    agent_writes(sandbox, store, "/a.md", "Theirs, newer")
    answer = browser_of(people.dave).post(url_of(store, "/a.md", "edit/"), form)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Mine, typed" in page
    assert "Theirs, newer" in page
    assert vendor(sandbox, store)["/a.md"] == "Theirs, newer"


def test_an_edit_whose_answer_is_lost_is_looked_up(people: People, sandbox: Sandbox, store: Store) -> None:
    sandbox.faults(
        [{"method": "POST", "path": "/v1/memory_stores/*/memories/*", "times": 1, "kind": "drop_after_commit"}]
    )
    form = {"content": "Second", "seen_sha": at(store, "/a.md").text.sha256}
    assert browser_of(people.dave).post(url_of(store, "/a.md", "edit/"), form).status_code == 302
    assert len(sandbox.state.versions(store.remote_id, memory_id=at(store, "/a.md").remote_id)) == 2


@pytest.mark.parametrize("path", ["a.md", "/../a", "/x\u0000y", "/e\u0301.md", "/a//b", "/" + "x" * 1100])
def test_a_path_the_vendor_would_refuse_is_refused_with_a_sentence(people: People, store: Store, path: str) -> None:
    answer = browser_of(people.dave).post(
        f"/acme/stores/{store.remote_id}/memories/new/", {"path": path, "content": "x"}
    )
    assert answer.status_code == 422
    assert 'class="errors"' in answer.content.decode()


def test_a_text_one_byte_too_long_is_refused_and_kept(people: People, store: Store) -> None:
    answer = browser_of(people.dave).post(
        f"/acme/stores/{store.remote_id}/memories/new/", {"path": "/big.md", "content": "x" * 102_401}
    )
    assert answer.status_code == 422
    assert "102,401 bytes" in answer.content.decode()
    assert "x" * 102_401 in answer.content.decode()


def test_creating_over_a_taken_path_is_refused(people: People, sandbox: Sandbox, store: Store) -> None:
    answer = browser_of(people.dave).post(
        f"/acme/stores/{store.remote_id}/memories/new/", {"path": "/a.md", "content": "Mine"}
    )
    assert answer.status_code == 409
    assert vendor(sandbox, store)["/a.md"] == "First\n"


def test_creating_renaming_and_deleting(people: People, sandbox: Sandbox, store: Store) -> None:
    client = browser_of(people.dave)
    client.post(f"/acme/stores/{store.remote_id}/memories/new/", {"path": "/new/x.md", "content": "x"})
    seen = {"seen_sha": at(store, "/new/x.md").text.sha256}
    client.post(url_of(store, "/new/x.md", "rename/"), {"path": "/new/y.md", **seen})
    assert "/new/y.md" in vendor(sandbox, store)
    client.post(url_of(store, "/new/y.md", "delete/"), seen)
    assert "/new/y.md" not in vendor(sandbox, store)
    assert not Memory.objects.filter(store=store, path="/new/y.md").exists()


def test_a_viewer_may_not_write(people: People, sandbox: Sandbox, store: Store) -> None:
    client = browser_of(people.carol)
    form = {"content": "x", "seen_sha": at(store, "/a.md").text.sha256}
    assert client.post(url_of(store, "/a.md", "edit/"), form).status_code == 403
    assert client.post(url_of(store, "/a.md", "delete/"), form).status_code == 403
    assert vendor(sandbox, store)["/a.md"] == "First\n"


def test_a_text_with_a_nul_is_not_edited_by_a_form_that_would_replace_it(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    agent_writes(sandbox, store, "/a.md", "Zero \x00 inside\n")
    stores.sync_store(store)
    page = browser_of(people.dave).get(url_of(store, "/a.md", "edit/")).content.decode()
    assert "holds NUL characters" in page
    form = {"content": "Zero \ufffd inside\n", "seen_sha": at(store, "/a.md").text.sha256}
    answer = browser_of(people.dave).post(url_of(store, "/a.md", "edit/"), form)
    assert answer.status_code == 409
    assert vendor(sandbox, store)["/a.md"] == "Zero \x00 inside\n"
