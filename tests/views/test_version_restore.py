"""Restoring a version: into a living memory with the bytes that were seen, or anew when it was deleted."""

from html.parser import HTMLParser

import pytest

from dreams.models import AuditEvent, Memory, MemoryVersion, Store, Text
from dreams.services import memories, stores
from tests.factories import agent_deletes, agent_writes, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_members_only, assert_only

FIRST = "Deploy at 02:00.\r\nNul \x00 and no newline at the end"
SECOND = "Deploy at 03:00.\n"


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    """/a.md was written twice; its first text holds what no form could carry."""
    store = store_with(people, sandbox, {"/a.md": FIRST})
    agent_writes(sandbox, store, "/a.md", SECOND)
    return stores.sync_store(store)


def first(store: Store) -> MemoryVersion:
    return MemoryVersion.objects.filter(store=store).earliest("created_at", "pk")


def url_of(store: Store) -> str:
    return f"/acme/stores/{store.remote_id}/versions/{first(store).remote_id}/restore/"


def vendor(sandbox: Sandbox, store: Store) -> dict[str, str]:
    return {m["path"]: m["content"] for m in sandbox.state.memories(store.remote_id)}


def form_of(page: str) -> dict[str, str]:
    """What the page's own form would send, its checkbox not checked."""
    found: dict[str, str] = {}

    class Inputs(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            if tag == "input" and given.get("type") != "checkbox" and given.get("name"):
                found[str(given["name"])] = given.get("value") or ""

    Inputs().feed(page[page.index('<form method="post" class="stack"') :].split("</form>")[0])
    return {name: value for name, value in found.items() if name != "csrfmiddlewaretoken"}


def send(people: People, store: Store, **more: str) -> tuple[int, str]:
    """Opens the page as Dave and sends its form."""
    client = browser_of(people.dave)
    form = form_of(client.get(url_of(store)).content.decode())
    answer = client.post(url_of(store), {**form, **more})
    return answer.status_code, answer.content.decode()


def test_members_only_and_both_methods(people: People, store: Store) -> None:
    assert_members_only(people, url_of(store))
    assert_only(people, url_of(store), "get", "post")


def test_the_old_bytes_are_back_to_the_last_one_and_on_record(people: People, sandbox: Sandbox, store: Store) -> None:
    assert send(people, store)[0] == 302
    assert vendor(sandbox, store) == {"/a.md": FIRST}
    assert Memory.objects.get(store=store).text.text == FIRST
    event = AuditEvent.objects.get(verb="restored memory")
    assert event.detail["version"] == first(store).remote_id
    assert event.detail["sha256"] == first(store).sha256


@pytest.mark.parametrize("noticed", [True, False])
def test_a_write_of_somebody_else_meanwhile_is_not_overwritten(
    people: People, sandbox: Sandbox, store: Store, noticed: bool
) -> None:
    client = browser_of(people.dave)
    form = form_of(client.get(url_of(store)).content.decode())
    agent_writes(sandbox, store, "/a.md", "Theirs, newer\n")
    if noticed:  # by a sync, but not by the person whose page was open
        stores.sync_store(store)
    answer = client.post(url_of(store), form)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody changed this memory" in page
    assert vendor(sandbox, store) == {"/a.md": "Theirs, newer\n"}
    assert "Theirs, newer" in page  # what restoring would change now
    assert client.post(url_of(store), form_of(page)).status_code == 302
    assert vendor(sandbox, store) == {"/a.md": FIRST}


def test_restoring_what_stands_there_already_writes_nothing(people: People, sandbox: Sandbox, store: Store) -> None:
    send(people, store)
    before = len(sandbox.state.versions(store.remote_id))
    status, page = send(people, store)
    assert (status, len(sandbox.state.versions(store.remote_id))) == (409, before)
    assert "Nothing to restore" in page


@pytest.mark.parametrize("back", [True, False])
def test_a_moved_memory_goes_back_to_its_old_path_only_when_asked(
    people: People, sandbox: Sandbox, store: Store, back: bool
) -> None:
    memory = Memory.objects.select_related("text", "store__workspace").get(store=store)
    memories.rename_memory(memory, path="/moved.md", seen_sha=memory.text.sha256, by=people.dave)
    stores.sync_store(store)
    assert send(people, store, **({"old_path": "on"} if back else {}))[0] == 302
    assert vendor(sandbox, store) == {"/a.md" if back else "/moved.md": FIRST}


def test_an_old_path_that_is_taken_is_said_and_not_offered(people: People, sandbox: Sandbox, store: Store) -> None:
    memory = Memory.objects.select_related("text", "store__workspace").get(store=store)
    memories.rename_memory(memory, path="/moved.md", seen_sha=memory.text.sha256, by=people.dave)
    agent_writes(sandbox, store, "/a.md", "Another one\n")
    stores.sync_store(store)
    page = browser_of(people.dave).get(url_of(store)).content.decode()
    assert "another memory has taken since" in page
    assert 'name="old_path"' not in page
    status, page = send(people, store, old_path="on")
    assert status == 409
    assert "/a.md is in the way" in page
    assert vendor(sandbox, store) == {"/a.md": "Another one\n", "/moved.md": SECOND}


def test_a_deleted_memory_comes_back_at_its_path(people: People, sandbox: Sandbox, store: Store) -> None:
    agent_deletes(sandbox, store, "/a.md")
    stores.sync_store(store)
    assert send(people, store)[0] == 302
    assert vendor(sandbox, store) == {"/a.md": FIRST}
    assert AuditEvent.objects.filter(verb="undeleted memory").count() == 1


def test_a_taken_path_is_a_conflict_and_another_may_be_chosen(people: People, sandbox: Sandbox, store: Store) -> None:
    agent_deletes(sandbox, store, "/a.md")
    agent_writes(sandbox, store, "/a.md", "Another one\n")
    stores.sync_store(store)
    status, page = send(people, store)
    assert status == 409
    assert "/a.md is in the way" in page
    assert send(people, store, path="bad")[0] == 422
    assert send(people, store, path="/back.md")[0] == 302
    assert vendor(sandbox, store) == {"/a.md": "Another one\n", "/back.md": FIRST}


def test_a_memory_deleted_while_the_page_was_open_asks_for_a_path(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    client = browser_of(people.dave)
    form = form_of(client.get(url_of(store)).content.decode())
    agent_deletes(sandbox, store, "/a.md")
    answer = client.post(url_of(store), form)
    assert answer.status_code == 409
    assert "deleted at the vendor meanwhile" in answer.content.decode()
    assert form_of(answer.content.decode()) == {"path": "/a.md"}
    assert client.post(url_of(store), {"path": "/a.md"}).status_code == 302
    assert vendor(sandbox, store) == {"/a.md": FIRST}


def test_bytes_that_are_not_kept_are_read_with_one_call(people: People, sandbox: Sandbox, store: Store) -> None:
    Text.objects.filter(sha256=first(store).sha256).delete()
    sandbox.requests(clear=True)
    assert send(people, store)[0] == 302
    assert [asked["method"] for asked in sandbox.requests()] == ["GET", "POST"]
    assert vendor(sandbox, store) == {"/a.md": FIRST}


def test_a_version_redacted_or_expired_meanwhile_restores_nothing(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    version = first(store)
    Text.objects.filter(sha256=version.sha256).delete()
    sandbox.state.redact_version(store.remote_id, version.remote_id, actor={"type": "user_actor", "user_id": "u"})
    client = browser_of(people.dave)
    form = form_of(client.get(url_of(store)).content.decode())
    address = url_of(store)
    answer = client.post(address, form)
    assert answer.status_code == 409
    assert "redacted at the vendor meanwhile" in answer.content.decode()
    with sandbox.state.transaction():
        sandbox.state._run("DELETE FROM versions WHERE id = ?", version.remote_id)
    MemoryVersion.objects.filter(pk=version.pk).update(redacted_at=None, sha256=version.sha256, path="/a.md")
    answer = client.post(address, form)
    assert "no longer keeps this version" in answer.content.decode()
    assert vendor(sandbox, store) == {"/a.md": SECOND}


def test_a_lost_answer_is_looked_up_and_nothing_is_sent_twice(people: People, sandbox: Sandbox, store: Store) -> None:
    sandbox.faults(
        [{"method": "POST", "path": "/v1/memory_stores/*/memories/*", "times": 1, "kind": "drop_after_commit"}]
    )
    assert send(people, store)[0] == 302
    assert len(sandbox.state.versions(store.remote_id)) == 3


def test_without_an_answer_and_without_the_write_it_is_said(people: People, sandbox: Sandbox, store: Store) -> None:
    sandbox.faults(
        [{"method": "POST", "path": "/v1/memory_stores/*/memories/*", "times": 1, "kind": "status", "status": 500}]
    )
    status, page = send(people, store)
    assert status == 409
    assert "Looked up a moment later" in page
    assert vendor(sandbox, store) == {"/a.md": SECOND}


def test_a_viewer_reads_why_and_is_refused(people: People, sandbox: Sandbox, store: Store) -> None:
    client = browser_of(people.carol)
    page = client.get(url_of(store)).content.decode()
    assert "you need the role operator" in page
    assert client.post(url_of(store), form_of(page)).status_code == 403
    assert vendor(sandbox, store) == {"/a.md": SECOND}


def test_an_archived_store_takes_nothing_back(people: People, sandbox: Sandbox, store: Store) -> None:
    Store.objects.filter(pk=store.pk).update(archived_at=store.created_at)
    status, page = send(people, store)
    assert status == 409
    assert "takes no writes" in page


def test_what_comes_back_is_shown_before_it_does(people: People, sandbox: Sandbox, store: Store) -> None:
    agent_deletes(sandbox, store, "/a.md")
    stores.sync_store(store)
    page = browser_of(people.dave).get(url_of(store)).content.decode()
    assert "What comes back" in page
    assert "Deploy at 02:00." in page
