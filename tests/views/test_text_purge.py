"""Purging a text: blanked wherever it is held here, with a tombstone, and never filled again by a sync."""

import pytest

from dreams.models import AuditEvent, Change, Memory, MemoryVersion, Store, Text
from dreams.services import stores
from dreams.services.texts import digest_of
from tests.factories import NOTES, agent_deletes, agent_writes, review_open, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_members_only, assert_only

SECRET = "The key is sk-not-a-key.\n"


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    """/a.md held a secret until an agent deleted it."""
    store = store_with(people, sandbox, {"/a.md": SECRET, "/b.md": "Other\n"})
    agent_deletes(sandbox, store, "/a.md")
    return stores.sync_store(store)


def url_of(body: str) -> str:
    return f"/acme/texts/{digest_of(body)}/purge/"


def test_members_only_and_both_methods(people: People, store: Store) -> None:
    assert_members_only(people, url_of(SECRET))
    assert_only(people, url_of(SECRET), "get", "post")
    assert browser_of(people.alice).get(url_of("nobody wrote this")).status_code == 404


def test_the_bytes_go_and_a_tombstone_says_who_and_when(people: People, store: Store) -> None:
    page = browser_of(people.alice).post(url_of(SECRET), follow=True).content.decode()
    text = Text.objects.get(sha256=digest_of(SECRET))
    assert text.body is None
    assert text.tombstone.endswith("by Alice.")
    assert text.tombstone in page
    assert AuditEvent.objects.get(verb="purged text").detail["sha256"] == digest_of(SECRET)
    memory_id = MemoryVersion.objects.filter(store=store, path="/a.md")[0].memory_id
    history = browser_of(people.carol).get(f"/acme/stores/{store.remote_id}/memories/{memory_id}/versions/")
    assert text.tombstone in history.content.decode()
    assert "sk-not-a-key" not in history.content.decode()


def test_search_finds_it_no_more(people: People, store: Store) -> None:
    def found() -> bool:
        # Not even that some text held the word: the path alone does not hold it.
        return "/a.md" in browser_of(people.alice).get("/acme/search/?q=key&removed=1").content.decode()

    assert found()
    browser_of(people.alice).post(url_of(SECRET))
    assert not found()


def test_what_agents_read_now_is_refused_and_named(people: People, store: Store) -> None:
    answer = browser_of(people.alice).post(url_of("Other\n"))
    assert answer.status_code == 409
    assert "what agents read now: /b.md in support" in answer.content.decode()
    assert Text.objects.get(sha256=digest_of("Other\n")).text == "Other\n"


def test_no_sync_and_no_look_at_a_version_brings_it_back(people: People, sandbox: Sandbox, store: Store) -> None:
    browser_of(people.alice).post(url_of(SECRET))
    Store.objects.filter(pk=store.pk).update(walked_at=None)
    agent_writes(sandbox, store, "/again.md", SECRET)
    stores.sync_store(store)
    memory = Memory.objects.select_related("text").get(path="/again.md")
    assert memory.text.body is None
    page = browser_of(people.carol).get(f"/acme/stores/{store.remote_id}/memories/{memory.remote_id}/")
    assert "The vendor still has the memory" in page.content.decode()
    edit = browser_of(people.dave).post(
        f"/acme/stores/{store.remote_id}/memories/{memory.remote_id}/edit/",
        {"content": "over it", "seen_sha": memory.text.sha256},
    )
    assert edit.status_code == 409
    version = MemoryVersion.objects.filter(store=store, path="/a.md", operation="created")[0]
    read = browser_of(people.carol).post(f"/acme/stores/{store.remote_id}/versions/{version.remote_id}/read/")
    assert "It is not read again" in read.content.decode()


def test_a_review_keeps_no_quote_of_it_and_says_so(people: People, sandbox: Sandbox) -> None:
    review = review_open(people, sandbox)
    path, quote = "/scratch/today.md", "One-off, temporary: try port 8081 today only."
    lost = Change.objects.get(review=review, title=path)
    other = Change.objects.get(review=review, title="/_index.md").findings
    assert [place["text"] for place in lost.findings["lost"]] == [quote]
    for store in Store.objects.all():
        if sandbox.state.memory_at(store.remote_id, path):
            agent_deletes(sandbox, store, path)
        stores.sync_store(store)
    page = browser_of(people.alice).post(url_of(NOTES[path]), follow=True).content.decode()
    assert "Review of" in page
    lost.refresh_from_db()
    assert [place["text"] for place in lost.findings["lost"]] == ["[purged]"]
    assert lost.lost_count == 1  # that a sentence was lost stays said
    assert Change.objects.get(review=review, title="/_index.md").findings == other
    shown = browser_of(people.bob).get(f"/acme/reviews/{review.pk}/changes/{lost.pk}/").content.decode()
    assert "by Alice." in shown and "is shown empty" in shown
    assert "8081" not in shown


@pytest.mark.parametrize("name", ["carol", "bob", "dave"])
def test_only_an_admin_purges(people: People, store: Store, name: str) -> None:
    client = browser_of(getattr(people, name))
    assert "you need the role admin" in client.get(url_of(SECRET)).content.decode()
    assert client.post(url_of(SECRET)).status_code == 403
    assert Text.objects.get(sha256=digest_of(SECRET)).text == SECRET


def test_a_second_purge_is_told_that_it_was_done(people: People, store: Store) -> None:
    client = browser_of(people.alice)
    client.post(url_of(SECRET))
    assert client.post(url_of(SECRET)).status_code == 409
    assert AuditEvent.objects.filter(verb="purged text").count() == 1
