"""The changes of a workspace: who wrote what, newest first, what is new, and what is not known."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone

from dreams.models import MemoryVersion, Session, Store, Text, VersionGap, Visit, Workspace
from dreams.services import sessions, stores
from tests.factories import NOTES, agent_deletes, agent_writes, put_session, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only

URL = "/acme/changes/"


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


def page_of(people: People, **query: object) -> str:
    return browser_of(people.carol).get(URL, query).content.decode()


def writes(page: str) -> int:
    return page.count('id="write-')


def history(store: Store, count: int, **given: object) -> None:
    """That many versions of one memory, a minute apart, without texts."""
    begin = timezone.now() - timedelta(minutes=count)
    MemoryVersion.objects.bulk_create(
        MemoryVersion(
            **{
                "store": store,
                "workspace": store.workspace,
                "remote_id": f"memver_{store.pk}_{number}",
                "memory_id": f"mem_{store.pk}_{number % 7}",
                "operation": "modified",
                "path": f"/many/{number}.md",
                "sha256": f"{number:064x}",
                "created_at": begin + timedelta(minutes=number),
                "actor_kind": "session",
                "actor_id": f"sesn_{number // 3}",
                **given,
            }
        )
        for number in range(count)
    )


def test_members_read_it_and_nobody_else(people: People, store: Store) -> None:
    assert_members_only(people, URL)
    assert_only(people, URL, "get")
    assert_fragment(people, URL, "feed")


def test_an_empty_workspace_says_so(people: People) -> None:
    assert "Nothing was written yet" in page_of(people)


def test_a_change_is_shown_word_by_word_with_who_made_it(people: People, sandbox: Sandbox, store: Store) -> None:
    session = put_session(sandbox, store, title="Moving the build")
    sessions.refresh_sessions(store.workspace)
    with sandbox.state.transaction():
        actor = {"type": "session_actor", "session_id": session}
        text = NOTES["/runbooks/deploy.md"].replace("02:00", "03:00")
        sandbox.state.write_memory(store.remote_id, "/runbooks/deploy.md", text, actor=actor)
    stores.sync_store(store)
    page = page_of(people)
    assert "<del>02:00</del>" in page
    assert "<ins>03:00</ins>" in page
    assert f'href="/acme/sessions/{session}/"' in page
    assert "Moving the build" in page
    assert page.count('class="feed-group"') == 2


def test_writes_of_one_session_that_follow_each_other_stand_together(people: People, store: Store) -> None:
    page = page_of(people)
    assert writes(page) == len(NOTES)
    assert page.count('class="feed-group"') == 1
    assert "5 memories" in page


def test_a_rename_a_deletion_and_a_redaction_are_told_apart(people: People, sandbox: Sandbox, store: Store) -> None:
    with sandbox.state.transaction():
        memory = sandbox.state.memory_at(store.remote_id, "/people/ana.md")
        assert memory
        actor = {"type": "user_actor", "user_id": "user_mover"}
        sandbox.state.update_memory(store.remote_id, memory["id"], path="/anna.md", content=None, actor=actor)
    agent_deletes(sandbox, store, "/scratch/today.md")
    stores.sync_store(store)
    MemoryVersion.objects.filter(store=store, path="/runbooks/rollback.md").update(
        path="", sha256="", size=0, redacted_at=timezone.now(), redacted_by_kind="user", redacted_by_id="user_redactor"
    )
    page = page_of(people)
    assert '<span class="path muted">/people/ana.md</span> <span class="muted">→</span>' in page
    assert 'data-kind="moved"' in page
    assert "One-off, temporary: try port 8081 today only." in page
    assert 'data-kind="removed"' in page
    assert "a redacted version" in page
    assert "Console user redactor" in page


def test_hostile_texts_and_paths_stay_text(people: People, sandbox: Sandbox, store: Store) -> None:
    agent_writes(sandbox, store, "/x/<img src=x onerror=alert(1)>.md", "<script>alert(1)</script>\u202e\u200b")
    stores.sync_store(store)
    page = page_of(people)
    assert "<img src=x" not in page
    assert "<script>alert" not in page
    assert "U+202E" in page


def test_large_differences_wait_until_they_are_asked_for(people: People, sandbox: Sandbox, store: Store) -> None:
    agent_writes(sandbox, store, "/large.md", "Many words. " * 1000)
    stores.sync_store(store)
    number = MemoryVersion.objects.get(path="/large.md").pk
    page = page_of(people)
    assert "Many words." not in page
    assert f'hx-get="/acme/changes/{number}/"' in page


def test_many_small_differences_are_drawn_up_to_a_bound(people: People, sandbox: Sandbox) -> None:
    store_with(people, sandbox, {f"/n/{number}.md": f"word{number} " * 300 for number in range(40)})
    page = page_of(people)
    drawn = page.count('<table class="diff')
    assert 0 < drawn < 40
    assert page.count("Show what changed") == 40 - drawn


def test_a_text_that_was_never_read_is_offered_not_asked_for(people: People, sandbox: Sandbox, store: Store) -> None:
    history(store, 1)
    sandbox.requests(clear=True)
    assert "Read it from the vendor" in page_of(people)
    assert sandbox.requests() == []


def test_a_purged_text_leaves_its_tombstone(people: People, store: Store) -> None:
    sha = MemoryVersion.objects.get(store=store, path="/scratch/today.md").sha256
    Text.objects.filter(sha256=sha).update(body=None, purged_at=timezone.now(), purged_by="Alice")
    page = page_of(people)
    assert "8081" not in page
    assert "by Alice." in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"path": "/people/"}, 2),
        ({"path": "/People/"}, 0),
        ({"path": "ANA"}, 2),
        ({"path": "100%_"}, 0),
        ({"author": "sesn_writer"}, 5),
        ({"author": "sesn_other"}, 0),
        ({"author": "kind:api_key"}, 0),
        ({"author": "agent:Nobody"}, 0),
        ({"operation": "created"}, 5),
        ({"operation": "deleted"}, 0),
        ({"operation": "redacted"}, 0),
        ({"since": "2000-01-01", "until": "2000-01-02"}, 0),
        ({"since": "2000-01-01"}, 5),
        ({"unread": "on"}, 5),
    ],
)
def test_it_is_filtered(people: People, store: Store, query: dict[str, str], found: int) -> None:
    page = page_of(people, **query)
    assert writes(page) == found
    assert ("Nothing passes these filters" in page) == (found == 0)


def test_it_is_filtered_by_the_agent_behind_sessions(people: People, sandbox: Sandbox, store: Store) -> None:
    Session.objects.create(
        workspace=store.workspace, remote_id="sesn_writer", title="T", status="idle", agent_name="Helper",
        created_at=timezone.now(), updated_at=timezone.now(),
    )  # fmt: skip
    page = page_of(people, author="agent:Helper")
    assert writes(page) == 5
    assert '<option value="agent:Helper" selected>' in page


@pytest.mark.parametrize(
    "query",
    [
        *({"since": "yesterday"}, {"operation": "x"}, {"before": "x"}, {"before": "9" * 40}),
        *({"until": "9999-12-31"}, {"since": "0001-01-01"}),  # the day after, or before, is in no calendar
    ],
)
def test_a_filter_that_cannot_be_understood_is_said(people: People, store: Store, query: dict[str, str]) -> None:
    assert browser_of(people.carol).get(URL, query).status_code == 422


def test_pages_follow_each_other_without_a_hole_or_a_double(people: People, store: Store) -> None:
    history(store, 120)
    MemoryVersion.objects.filter(path__in=["/many/40.md", "/many/41.md", "/many/42.md"]).update(
        created_at=MemoryVersion.objects.get(path="/many/70.md").created_at  # a page ends among equal times
    )
    seen: list[str] = []
    before: int | None = 0
    while before is not None:
        page = page_of(people, **({"before": before} if before else {}))
        seen += [part.split('"')[0] for part in page.split('id="write-')[1:]]
        older = page.split('rel="next" href="?before=')
        before = int(older[1].split('"')[0]) if len(older) > 1 else None
    assert len(seen) == len(set(seen)) == MemoryVersion.objects.count()


def test_a_page_before_a_version_of_another_workspace_is_not_found(people: People, store: Store) -> None:
    number = MemoryVersion.objects.first().pk  # type: ignore[union-attr]
    assert browser_of(people.mallory).get(f"/acme-rival/changes/?before={number}").status_code == 404


def test_what_is_new_is_marked_counted_and_read_once_it_was_shown(people: People, store: Store) -> None:
    client = browser_of(people.carol)
    page = client.get(URL).content.decode()
    assert page.count("data-unread") == 5
    assert "5 new" in page
    assert 'hx-trigger="load"' in page
    assert not Visit.objects.exists()
    seen = page.split('name="seen" value="')[1].split('"')[0]
    client.post("/acme/changes/seen/", {"seen": seen})
    page = client.get(URL).content.decode()
    assert "data-unread" not in page
    assert "Nothing new" in page


@pytest.mark.parametrize("query", ["?path=/people/", "?unread=on", "?before={last}"])
def test_a_page_that_hides_some_of_what_is_new_marks_nothing_by_itself(
    people: People, store: Store, query: str
) -> None:
    last = MemoryVersion.objects.latest("pk").pk
    page = browser_of(people.carol).get(URL + query.format(last=last)).content.decode()
    assert 'hx-trigger="load"' not in page
    assert "as read</button>" in page


def test_more_than_a_page_of_new_writes_waits_for_the_button(people: People, store: Store) -> None:
    history(store, 60)
    page = page_of(people)
    assert 'hx-trigger="load"' not in page
    assert "Mark all as read" in page


def test_a_gap_stands_between_the_writes_around_it(people: People, store: Store) -> None:
    base = datetime(2026, 3, 1, tzinfo=UTC)
    MemoryVersion.objects.filter(store=store).update(created_at=base)
    MemoryVersion.objects.filter(path="/scratch/today.md").update(created_at=base + timedelta(days=9))
    VersionGap.objects.create(
        store=store, after_at=base, until_at=base + timedelta(days=9), noted_at=base + timedelta(days=9)
    )
    page = page_of(people)
    said = page.index("between 1 Mar 2026, 00:00 and 10 Mar 2026, 00:00 UTC is not known here")
    assert page.index("/scratch/today.md") < said < page.index("/people/ana.md")


def test_a_difference_across_a_gap_says_so(people: People, sandbox: Sandbox, store: Store) -> None:
    agent_writes(sandbox, store, "/people/ana.md", "Lost.")
    sandbox.state._run("DELETE FROM versions WHERE store = ?", store.remote_id)
    agent_writes(sandbox, store, "/people/ana.md", "Known.")
    stores.sync_store(store)
    page = page_of(people)
    assert "in between, something may have been written that is not" in page
    assert "is not known here: the vendor no longer listed it" in page


def test_where_the_known_history_begins_is_said_below_the_oldest_write(people: People, store: Store) -> None:
    history(store, 60)
    oldest = MemoryVersion.objects.earliest("created_at", "pk")
    Store.objects.update(history_from=oldest.created_at)
    first = page_of(people)
    assert "the known history" not in first
    before = first.split('rel="next" href="?before=')[1].split('"')[0]
    page = page_of(people, before=before)
    assert page.index(f"write-{oldest.pk}") < page.index("the known history")


def test_the_number_of_queries_does_not_grow_with_the_writes(people: People, store: Store) -> None:
    client, counts = browser_of(people.carol), []
    for count in (10, 10_000):
        MemoryVersion.objects.all().delete()
        history(store, count)
        VersionGap.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_number_of_queries_does_not_grow_with_the_stores(people: People, store: Store) -> None:
    client, counts = browser_of(people.carol), []
    for count in (2, 30):
        for number in range(count):
            twin = Store.objects.create(
                workspace=store.workspace, line=store.line, remote_id=f"memstore_{count}_{number}", name="Twin",
                created_at=timezone.now(),
            )  # fmt: skip
            history(twin, 3)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL, {"unused": "on"}).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_dreams_write_into_copies_nobody_reads_is_shown_on_request(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    copy = store_with(people, sandbox, {"/copied.md": "Copied."}, name="support (dream)")
    assert "/copied.md" in page_of(people)
    Store.objects.filter(pk=copy.pk).update(line=store.line)
    page = page_of(people)
    assert "/copied.md" not in page
    assert f"{writes(page)} new" in page
    assert 'type="checkbox" name="unused">' in page
    whole = page_of(people, unused="on")
    assert "/copied.md" in whole
    assert f"{writes(page) + 1} new" in whole


def test_another_workspaces_writes_are_not_among_them(people: People, store: Store) -> None:
    page = browser_of(people.mallory).get("/acme-rival/changes/").content.decode()
    assert writes(page) == 0
    assert Workspace.objects.get(slug="acme-rival").stores.count() == 0


def test_every_address_on_the_page_is_one_of_ours(people: People, sandbox: Sandbox, store: Store) -> None:
    """They are put together from the workspace's, since reversing each takes longer than all queries."""
    agent_deletes(sandbox, store, "/scratch/today.md")
    stores.sync_store(store)
    store_with(people, sandbox, {"/a.md": "A"}, name="other")
    links = set(re.findall(r'(?:href|hx-get)="(/acme/[^"?]*)', page_of(people).split('id="feed"')[1]))
    assert {resolve(link).url_name for link in links} >= {
        "store-feed", "memory-detail", "memory-versions", "feed-entry",
    }  # fmt: skip
