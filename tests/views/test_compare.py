"""What differs between two moments: asked for by the page, found in a task, shown read only."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from dreams.models import Comparison, MemoryVersion, Snapshot, Store
from dreams.services import comparing, stores
from dreams.services.snapshots import take_snapshot
from tests.factories import agent_writes, connect, put_store, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.comparing import compared, since, url_of, written_since
from tests.views.pages import assert_fragment, assert_members_only, assert_only


def page_of(user: object, before: str, after: str, more: str = "", **headers: str) -> str:
    answer = browser_of(user).get(url_of(before, after, more), headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def ends(people: People, sandbox: Sandbox) -> tuple[str, str]:
    store, then = written_since(people, sandbox)
    before, after = since(store, then)
    compared(store, before, after)
    return before, after


def test_members_read_it_and_nobody_else(people: People, ends: tuple[str, str]) -> None:
    assert_members_only(people, url_of(*ends))
    assert_only(people, url_of(*ends), "get")
    assert_fragment(people, url_of(*ends), "comparison")


def test_it_shows_what_agents_wrote_since_in_the_order_of_a_review(people: People, ends: tuple[str, str]) -> None:
    page = page_of(people.carol, *ends)
    assert "try port 8081 today only" in page
    assert re.findall(r'class="file">([^<]+)<', page) == ["today.md", "deploy.md", "bo.md"]
    assert "Changed: a date or time" in page_of(people.carol, *ends, "&change=0")
    assert "<b>3</b> changes" in page
    assert "3 memories the same" in page
    assert "The dream" not in page


def test_a_difference_comes_alone_when_it_is_clicked(people: People, ends: tuple[str, str]) -> None:
    part = page_of(people.carol, *ends, "&change=1", **{"HX-Request": "true", "HX-Target": "memory"})
    assert part.lstrip().startswith("<article")
    assert "try port 8081 today only" in part
    assert "<nav" not in part
    assert 'hx-swap-oob="true"' in part


@pytest.mark.parametrize("look", ["&view=split", "&text=rendered", "&all=1", "&show=lost", "&show=odd", "&change=99"])
def test_every_way_of_looking_at_it_works(people: People, ends: tuple[str, str], look: str) -> None:
    page_of(people.carol, *ends, look)


def test_before_it_is_compared_the_page_says_so_asks_and_comes_by_itself(people: People, sandbox: Sandbox) -> None:
    store, then = written_since(people, sandbox)
    before, after = since(store, then)
    page = page_of(people.carol, before, after)
    assert "Comparing" in page
    assert 'hx-trigger="every 1s"' in page
    assert not Comparison.objects.exists()  # a look changes nothing: the task writes
    compared(store, before, after)
    assert "Comparing" not in page_of(people.carol, before, after)


@pytest.mark.django_db(transaction=True)
def test_the_look_itself_wakes_the_task(people: People, sandbox: Sandbox) -> None:
    store, then = written_since(people, sandbox)
    page_of(people.carol, *since(store, then))
    assert "<b>3</b> changes" in page_of(people.carol, *since(store, then))


def test_all_times_between_two_writes_are_one_moment(people: People, sandbox: Sandbox) -> None:
    store, then = written_since(people, sandbox)
    stores.sync_store(store)
    for before in (then, then - timedelta(microseconds=1)):
        compared(store, *since(store, before))
    assert Comparison.objects.count() == Snapshot.objects.filter(taken_at__lt=then).count() == 1


def test_old_texts_that_are_not_held_are_read_and_counted(people: People, sandbox: Sandbox) -> None:
    store_id = put_store(sandbox, {"/a.md": "Once.", "/b.md": "Then."})
    workspace = connect(people)
    then = timezone.now()
    with sandbox.state.transaction():
        for path in ("/a.md", "/b.md"):
            sandbox.state.write_memory(store_id, path, "Now.", actor={"type": "session_actor", "session_id": "sesn_x"})
    stores.refresh_stores(workspace)
    store = stores.sync_store(Store.objects.get(remote_id=store_id))
    row = compared(store, *since(store, then))
    assert row is not None and (row.to_read, row.made_at is not None) == (2, True)
    page = page_of(people.carol, *since(store, then))
    assert "Once." in page
    Comparison.objects.filter(pk=row.pk).update(made_at=None, read=1)
    assert "Reading 2 old versions from the vendor, 1 read" in page_of(people.carol, *since(store, then))


def test_what_cannot_be_told_is_listed_and_left_out(people: People, sandbox: Sandbox) -> None:
    store, then = written_since(people, sandbox)
    MemoryVersion.objects.filter(store=store, path="/runbooks/deploy.md", created_at__lte=then).update(
        path="", sha256="", redacted_at=then
    )
    compared(store, *since(store, then))
    page = page_of(people.carol, *since(store, then))
    assert "What 1 path held on" in page
    assert "cannot be told" in page
    assert "<b>2</b> changes" in page


def test_a_vendor_that_fails_is_told_and_asked_again_later(
    people: People, sandbox: Sandbox, settings: Settings
) -> None:
    store, _ = written_since(people, sandbox)
    settings.ANTHROPIC_BASE_URL = "http://127.0.0.1:9"  # nothing listens there
    soon = timezone.now()
    before, after = since(store, soon)
    row = compared(store, before, after)
    assert row is not None and row.problem and row.next_check_at and row.next_check_at > timezone.now()
    assert row.problem in page_of(people.carol, before, after)


def test_a_comparison_that_breaks_is_told_and_does_not_stay_claimed(
    people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store, then = written_since(people, sandbox)
    monkeypatch.setattr(comparing, "compare", lambda *texts, **more: 1 / 0)
    row = compared(store, *since(store, then))
    assert row is not None and "failed at comparing" in row.problem
    assert row.claim == ""
    assert "ZeroDivisionError" in caplog.text


def test_two_stores_of_different_lines_can_be_compared_but_not_reviewed(people: People, sandbox: Sandbox) -> None:
    store, _ = written_since(people, sandbox)
    other_id = put_store(sandbox, {"/people/ana.md": "Other."}, "other")
    stores.refresh_stores(store.workspace)
    other = stores.sync_store(Store.objects.get(remote_id=other_id))
    ends = f"now:{other.remote_id}", f"now:{store.remote_id}"
    compared(store, *ends)
    page = page_of(people.bob, *ends)
    assert "/people/" in page
    assert "These are two different memories" in page


def test_a_snapshot_is_an_end_of_its_own(people: People, sandbox: Sandbox) -> None:
    store, _ = written_since(people, sandbox)
    snapshot = take_snapshot(store, Snapshot.Why.BY_HAND)
    agent_writes(sandbox, store, "/people/bo.md", "Bo likes coffee.\n")
    stores.sync_store(store)
    ends = f"snapshot:{snapshot.pk}", f"now:{store.remote_id}"
    compared(store, *ends)
    page = page_of(people.carol, *ends)
    assert "taken by hand" in page
    assert "<b>1</b> change<" in page


@pytest.mark.parametrize(
    "said", ["", "now:", "at:x", "at:x:noon", "snapshot:x", "snapshot:²", "yesterday", "x" * 9_000]
)
def test_what_is_no_moment_is_refused_with_a_sentence(people: People, ends: tuple[str, str], said: str) -> None:
    answer = browser_of(people.carol).get("/acme/compare/", {"before": said, "after": ends[1]})
    assert answer.status_code == 422
    assert "choose them on the page of a store" in answer.content.decode()


@pytest.mark.parametrize("said", ["now:memstore_none", "snapshot:99999", "at:memstore_none:2026-01-01T00:00Z"])
def test_what_is_not_of_here_is_not_found(people: People, ends: tuple[str, str], said: str) -> None:
    assert browser_of(people.carol).get("/acme/compare/", {"before": said, "after": ends[1]}).status_code == 404


def test_another_workspace_reaches_no_end_of_this_one(people: People, ends: tuple[str, str]) -> None:
    for before in ends:
        answer = browser_of(people.mallory).get("/acme-rival/compare/", {"before": before, "after": ends[1]})
        assert answer.status_code == 404


def test_the_future_is_refused(people: People, ends: tuple[str, str]) -> None:
    store_id = ends[1].removeprefix("now:")
    answer = browser_of(people.carol).get("/acme/compare/", {"before": f"at:{store_id}:2999-01-01", "after": ends[1]})
    assert answer.status_code == 422


def test_the_number_of_queries_does_not_grow_with_what_differs(people: People, sandbox: Sandbox) -> None:
    def queries(count: int, name: str) -> int:
        notes = {f"/n/{n}.md": f"Note {n} of {name}.\n" for n in range(count)}
        store = store_with(people, sandbox, notes, name)
        then = timezone.now()
        for path, text in notes.items():
            agent_writes(sandbox, store, path, f"{text}And more of {path}.\n")
        ends = since(stores.sync_store(store), then)
        compared(store, *ends)
        client = browser_of(people.carol)
        client.get(url_of(*ends))
        with CaptureQueriesContext(connection) as seen:
            assert client.get(url_of(*ends)).status_code == 200
        return len(seen)

    assert queries(2, "few") == queries(150, "many")
