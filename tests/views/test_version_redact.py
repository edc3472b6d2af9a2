"""Redacting a version: for admins, for good, with every other place of the same bytes named."""

import pytest

from dreams.models import AuditEvent, Memory, MemoryVersion, Snapshot, Store, Text
from dreams.services import stores
from dreams.services.snapshots import take_snapshot
from tests.factories import agent_writes, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_members_only, assert_only

SECRET = "The key is sk-not-a-key.\n"


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    """/a.md held a secret, which an agent took out again; a snapshot was taken in between."""
    store = store_with(people, sandbox, {"/a.md": SECRET})
    take_snapshot(store, Snapshot.Why.BEFORE_APPLY)
    agent_writes(sandbox, store, "/a.md", "The key is in the vault.\n")
    return stores.sync_store(store)


def secret_of(store: Store) -> MemoryVersion:
    return MemoryVersion.objects.filter(store=store).earliest("created_at", "pk")


def url_of(store: Store, version: MemoryVersion | None = None) -> str:
    return f"/acme/stores/{store.remote_id}/versions/{(version or secret_of(store)).remote_id}/redact/"


def at_vendor(sandbox: Sandbox, version: MemoryVersion) -> dict[str, object]:
    found = sandbox.state.version(version.store.remote_id, version.remote_id)
    assert found is not None
    return found


def test_members_only_and_both_methods(people: People, store: Store) -> None:
    assert_members_only(people, url_of(store))
    assert_only(people, url_of(store), "get", "post")


def test_the_page_says_what_it_does_and_where_the_bytes_are_still(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    agent_writes(sandbox, store, "/copy.md", SECRET)
    stores.sync_store(store)
    page = browser_of(people.alice).get(url_of(store)).content.decode()
    assert "for good" in page
    assert "2 more places" in page  # the copy and its version
    assert "/copy.md" in page
    assert "before applying" in page


def test_it_blanks_the_version_there_and_the_text_here(people: People, sandbox: Sandbox, store: Store) -> None:
    version = secret_of(store)
    answer = browser_of(people.alice).post(url_of(store), follow=True)
    assert "forgotten here too" in answer.content.decode()
    assert (at_vendor(sandbox, version)["path"], at_vendor(sandbox, version)["content"]) == (None, None)
    version.refresh_from_db()
    assert (version.path, version.sha256, version.redacted_by_kind) == ("", "", "api_key")
    text = Text.objects.get(purged_at__isnull=False)
    assert (text.body, text.purged_by) == (None, "Alice")
    verbs = list(AuditEvent.objects.filter(verb__contains="redact").values_list("verb", flat=True))
    assert verbs == ["asked to redact version", "redacted version"]
    assert not any("/a.md" in f"{e.label}{e.detail}" for e in AuditEvent.objects.filter(verb__contains="redact"))


def test_while_another_place_holds_the_bytes_they_stay_and_the_places_are_shown(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    agent_writes(sandbox, store, "/copy.md", SECRET)
    stores.sync_store(store)
    answer = browser_of(people.alice).post(url_of(store), follow=True)
    page = answer.content.decode()
    assert "Other places still hold the same bytes" in page
    assert "/copy.md" in page
    assert Text.objects.get(sha256=Memory.objects.get(path="/copy.md").text.sha256).text == SECRET


def test_what_a_memory_holds_now_is_refused_with_what_to_do(people: People, sandbox: Sandbox, store: Store) -> None:
    head = MemoryVersion.objects.filter(store=store).latest("created_at", "pk")
    client = browser_of(people.alice)
    assert "Edit or delete the memory first" in client.get(url_of(store, head)).content.decode()
    answer = client.post(url_of(store, head))
    assert answer.status_code == 409
    assert "Edit or delete the memory first" in answer.content.decode()
    assert at_vendor(sandbox, head)["redacted_at"] is None
    assert not AuditEvent.objects.filter(verb__contains="redact").exists()


def test_a_head_that_we_do_not_know_as_one_is_refused_by_the_vendor(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    with sandbox.state.transaction():
        memory = sandbox.state.memory_at(store.remote_id, "/a.md")
        assert memory is not None
        sandbox.state._run("UPDATE memories SET version = ? WHERE id = ?", secret_of(store).remote_id, memory["id"])
    answer = browser_of(people.alice).post(url_of(store))
    assert answer.status_code == 409
    assert "Nothing was redacted." in answer.content.decode()
    assert secret_of(store).redacted_at is None
    assert AuditEvent.objects.filter(verb="could not redact version").count() == 1


def test_a_lost_answer_is_looked_up(people: People, sandbox: Sandbox, store: Store) -> None:
    sandbox.faults([{"method": "POST", "path": "/v1/**/redact", "times": 1, "kind": "drop_after_commit"}])
    assert browser_of(people.alice).post(url_of(store)).status_code == 302
    assert secret_of(store).redacted_at is not None


def test_a_failure_is_said_and_the_version_stays(people: People, sandbox: Sandbox, store: Store) -> None:
    sandbox.faults([{"method": "POST", "path": "/v1/**/redact", "times": 1, "kind": "status", "status": 500}])
    answer = browser_of(people.alice).post(url_of(store))
    assert answer.status_code == 409
    assert "A moment later it was not redacted" in answer.content.decode()
    assert secret_of(store).redacted_at is None


def test_an_expired_version_leaves_only_the_text_here_to_purge(people: People, sandbox: Sandbox, store: Store) -> None:
    with sandbox.state.transaction():
        sandbox.state._run("DELETE FROM versions WHERE id = ?", secret_of(store).remote_id)
    answer = browser_of(people.alice).post(url_of(store))
    assert answer.status_code == 409
    assert "Purge its text here" in answer.content.decode()


@pytest.mark.parametrize("name", ["carol", "bob", "dave"])
def test_only_an_admin_redacts(people: People, sandbox: Sandbox, store: Store, name: str) -> None:
    client = browser_of(getattr(people, name))
    assert "you need the role admin" in client.get(url_of(store)).content.decode()
    assert client.post(url_of(store)).status_code == 403
    assert at_vendor(sandbox, secret_of(store))["redacted_at"] is None
