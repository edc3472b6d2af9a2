"""The page of a memory's versions: living and deleted, two compared, read through, refreshed."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import MemoryVersion, Store, Text
from dreams.services import memories, stores
from tests.factories import agent_deletes, agent_writes, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only

FIRST = "Deploy at 02:00.\n"
SECOND = "Deploy at 03:00.\n"


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    """/a.md was written twice by an agent; both texts are kept."""
    store = store_with(people, sandbox, {"/a.md": FIRST, "/b.md": "Other\n"})
    agent_writes(sandbox, store, "/a.md", SECOND)
    return stores.sync_store(store)


def versions(store: Store, path: str = "/a.md") -> list[MemoryVersion]:
    """Newest first."""
    return list(MemoryVersion.objects.filter(store=store, path=path).order_by("-created_at", "-pk"))


def url_of(store: Store, rest: str = "versions/") -> str:
    return f"/acme/stores/{store.remote_id}/memories/{versions(store)[0].memory_id}/{rest}"


def page(people: People, url: str) -> str:
    answer = browser_of(people.carol).get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_members_only_and_reading_only(people: People, store: Store) -> None:
    assert_members_only(people, url_of(store))
    assert_only(people, url_of(store), "get")
    assert_only(people, url_of(store, "refresh/"), "post")
    assert_only(people, f"/acme/stores/{store.remote_id}/versions/{versions(store)[0].remote_id}/read/", "post")
    assert_fragment(people, url_of(store), "compare")


def test_the_newest_is_compared_word_by_word_with_the_one_before(people: People, store: Store) -> None:
    shown = page(people, url_of(store))
    assert "<del>02:00</del>" in shown
    assert "<ins>03:00</ins>" in shown


def test_any_two_are_compared_whichever_way_round_they_are_asked_for(people: People, store: Store) -> None:
    newer, older = versions(store)
    for pair in ((newer, older), (older, newer)):
        shown = page(people, f"{url_of(store)}?a={pair[0].remote_id}&b={pair[1].remote_id}&view=split")
        assert "diff--split" in shown
        assert shown.index("<del>02:00</del>") < shown.index("<ins>03:00</ins>")


def test_a_version_of_another_memory_is_not_found(people: People, store: Store) -> None:
    other = versions(store, "/b.md")[0]
    assert browser_of(people.carol).get(f"{url_of(store)}?a={other.remote_id}").status_code == 404


def test_a_deleted_memory_keeps_its_page_and_offers_what_can_come_back(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    url = url_of(store)
    agent_deletes(sandbox, store, "/a.md")
    stores.sync_store(store)
    answer = browser_of(people.dave).get(url).content.decode()
    assert "This memory was deleted." in answer
    assert "Restore…" in answer
    assert "The newer one is the deletion" in answer


def test_bytes_that_were_not_read_are_read_on_request_and_the_comparison_comes_back(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    newer, older = versions(store)
    Text.objects.filter(sha256=older.sha256).delete()
    sandbox.requests(clear=True)
    shown = page(people, url_of(store))
    assert "was not read yet" in shown
    assert sandbox.requests() == []
    read = f"/acme/stores/{store.remote_id}/versions/{older.remote_id}/read/"
    answer = browser_of(people.carol).post(read, {"a": older.remote_id, "b": newer.remote_id}, follow=True)
    assert "<del>02:00</del>" in answer.content.decode()
    assert [asked["path"] for asked in sandbox.requests()] == [
        f"/v1/memory_stores/{store.remote_id}/memory_versions/{older.remote_id}"
    ]


def test_a_version_that_expired_meanwhile_is_said_to_be_gone(people: People, sandbox: Sandbox, store: Store) -> None:
    older = versions(store)[1]
    Text.objects.filter(sha256=older.sha256).delete()
    with sandbox.state.transaction():
        sandbox.state._run("DELETE FROM versions WHERE id = ?", older.remote_id)
    answer = browser_of(people.carol).post(f"/acme/stores/{store.remote_id}/versions/{older.remote_id}/read/")
    assert answer.status_code == 409
    assert "no longer keeps this version" in answer.content.decode()


def test_a_redaction_by_somebody_else_is_found_when_the_history_is_read_again(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    older = versions(store)[1]
    by = {"type": "user_actor", "user_id": "user_console7"}
    sandbox.state.redact_version(store.remote_id, older.remote_id, actor=by)
    answer = browser_of(people.carol).post(url_of(store, "refresh/"), follow=True).content.decode()
    assert "Read 2 versions" in answer
    older.refresh_from_db()
    assert (older.path, older.sha256, older.redacted_by_kind) == ("", "", "user")
    assert "by Console user console7" in answer
    assert Text.objects.get(purged_by="a redaction at the vendor").body is None


def test_a_text_that_was_purged_leaves_a_tombstone_with_who_and_when(people: People, store: Store) -> None:
    older = versions(store)[1]
    Text.objects.filter(sha256=older.sha256).update(body=None, purged_at="2026-11-01T09:30Z", purged_by="Alice")
    assert "Purged here on 1 November 2026, 09:30 UTC by Alice." in page(people, url_of(store))


def test_a_large_difference_waits_until_it_is_asked_for(people: People, sandbox: Sandbox, store: Store) -> None:
    agent_writes(sandbox, store, "/a.md", "word " * 12_000)
    stores.sync_store(store)
    assert "Show anyway" in page(people, url_of(store))
    assert '<table class="diff' in page(people, f"{url_of(store)}?all=1")


def test_a_mirror_older_than_a_minute_is_refreshed_behind(people: People, store: Store) -> None:
    Store.objects.filter(pk=store.pk).update(checked_at=timezone.now() - timedelta(minutes=2))
    assert "looking for newer writes now" in page(people, url_of(store))
    assert "looking for newer writes now" in page(people, url_of(store, ""))


def test_long_histories_are_paged_and_cost_the_same_number_of_queries(people: People, store: Store) -> None:
    client = browser_of(people.carol)
    client.get(url_of(store))

    def cost() -> int:
        with CaptureQueriesContext(connection) as counted:
            assert client.get(url_of(store)).status_code == 200
        return len(counted)

    few = cost()
    newest = versions(store)[0]
    MemoryVersion.objects.bulk_create(
        MemoryVersion(
            store=store, workspace=store.workspace, remote_id=f"memver_x{n}", memory_id=newest.memory_id,
            operation="modified", path="/a.md", sha256=newest.sha256, size=17,
            created_at=newest.created_at - timedelta(days=1, seconds=n), actor_kind="user", actor_id="user_1",
        )
        for n in range(300)
    )  # fmt: skip
    assert cost() == few
    assert "302 versions" in page(people, url_of(store))
    assert "memver_x299" in page(people, f"{url_of(store)}?page=7")


def test_an_own_edit_shows_at_once_and_hostile_paths_are_escaped(people: People, store: Store) -> None:
    memories.create_memory(store, path="/<b>x.md", content="<i>", by=people.dave)
    stores.sync_store(store)
    memory_id = versions(store, "/<b>x.md")[0].memory_id
    shown = page(people, f"/acme/stores/{store.remote_id}/memories/{memory_id}/versions/")
    assert "<b>x.md" not in shown
    assert "&lt;b&gt;x.md" in shown
