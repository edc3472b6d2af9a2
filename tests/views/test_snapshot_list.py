"""The snapshots of a store: what each holds more and less than the one before, and a new one on demand."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.models import Snapshot, SnapshotWish, Store, Workspace
from dreams.services import snapshots
from dreams.services.snapshots import freeze, take_snapshot
from tests.factories import agent_writes, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only
from tests.views.snapshotting import moved, snapshot, words

__all__ = ["moved", "snapshot"]


def url(store: Store) -> str:
    return f"/acme/stores/{store.remote_id}/snapshots/"


def page_of(people: People, store: Store, who: str = "dave") -> str:
    answer = browser_of(getattr(people, who)).get(url(store))
    assert answer.status_code == 200
    return words(answer)


def test_members_read_it_and_nobody_else(people: People, snapshot: Snapshot) -> None:
    assert_members_only(people, url(snapshot.store))
    assert_only(people, url(snapshot.store), "get")
    assert_fragment(people, url(snapshot.store), "snapshots")
    assert browser_of(people.mallory).get(url(snapshot.store).replace("acme", "acme-rival")).status_code == 404


def test_without_any_it_says_what_a_snapshot_is(people: People, sandbox: Sandbox) -> None:
    assert "No snapshot yet" in page_of(people, store_with(people, sandbox))


def test_each_tells_what_changed_since_the_one_before(people: People, sandbox: Sandbox, moved: Snapshot) -> None:
    take_snapshot(moved.store, Snapshot.Why.DAILY)
    page = page_of(people, moved.store)
    for words_of_it in ("1 added", "1 changed", "1 removed"):
        assert f'<span class="nowrap">{words_of_it}</span>' in page
    assert "the first" in page


def test_one_that_holds_the_same_as_an_older_one_says_so(people: People, sandbox: Sandbox, snapshot: Snapshot) -> None:
    store, text = snapshot.store, "# Deploy\n\nThe nightly build starts at 02:00 UTC.\nDo not deploy on Fridays.\n"
    agent_writes(sandbox, store, "/runbooks/deploy.md", "Otherwise.\n")
    take_snapshot(store, Snapshot.Why.DAILY)
    agent_writes(sandbox, store, "/runbooks/deploy.md", text)
    back = take_snapshot(store, Snapshot.Why.DAILY)
    assert back.manifest == snapshot.manifest
    page = page_of(people, store)
    assert f'same as <a href="/acme/snapshots/{snapshot.pk}/">' in page
    freeze(store, Snapshot.Why.DAILY)
    page = page_of(people, store)
    assert f'same as <a href="/acme/snapshots/{back.pk}/">' in page
    assert "nothing changed" in page


def test_a_reviewer_takes_one_with_a_note(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    client = browser_of(people.bob)
    assert client.post(f"{url(store)}take/", {"note": "before <the> move"}).status_code == 302
    assert "A snapshot is being taken for Bob" in page_of(people, store)
    assert 'hx-trigger="every 2s"' in page_of(people, store)
    again = client.post(f"{url(store)}take/")
    assert (again.status_code, "being taken already" in words(again)) == (409, True)
    snapshots.take_asked(SnapshotWish.objects.get())
    page = page_of(people, store)
    assert "<q>before &lt;the&gt; move</q>" in page
    assert "Taken by hand <span class=\"muted\">by Bob</span>" in page
    assert 'hx-trigger="every 2s"' not in page
    taken = Snapshot.objects.get()
    assert (taken.why, taken.taken_by, taken.consistent) == (Snapshot.Why.BY_HAND, people.bob, True)


def test_a_viewer_is_told_why_not(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    assert "To take snapshots you need the role reviewer; yours is viewer." in page_of(people, store, "carol")
    assert browser_of(people.carol).post(f"{url(store)}take/").status_code == 403
    assert SnapshotWish.objects.count() == 0
    assert_members_only(people, f"{url(store)}take/", method="post")
    assert_only(people, f"{url(store)}take/", "post")


def test_a_note_that_is_too_long_is_refused_in_words(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    answer = browser_of(people.bob).post(f"{url(store)}take/", {"note": "n" * 201})
    assert (answer.status_code, "at most 200 characters" in words(answer)) == (422, True)


def test_while_the_vendor_is_away_the_wish_waits_and_says_why(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    sandbox.faults([{"kind": "status", "status": 529, "times": 5}])
    wish = snapshots.ask_snapshot(store, note="", by=people.bob)
    with pytest.raises(Exception, match="529"):
        snapshots.take_asked(wish)
    assert "It is tried again by itself." in page_of(people, store)
    sandbox.faults([])
    snapshots.take_asked(wish)
    assert Snapshot.objects.filter(store=store).count() == 1


def test_one_asked_for_once_is_taken_once(people: People, sandbox: Sandbox) -> None:
    wish = snapshots.ask_snapshot(store_with(people, sandbox), note="", by=people.bob)
    snapshots.take_asked(wish)
    snapshots.take_asked(wish)
    assert Snapshot.objects.count() == 1


def test_daily_ones_can_be_switched_off_and_the_page_says_so(people: People, snapshot: Snapshot) -> None:
    assert "each day that something was written" in page_of(people, snapshot.store)
    Workspace.objects.update(daily_snapshots=False)
    assert "Daily snapshots are switched off" in page_of(people, snapshot.store)


def test_the_number_of_queries_does_not_grow_with_the_snapshots(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    client, counts = browser_of(people.carol), []
    for more in (2, 30):
        for number in range(more):
            agent_writes(sandbox, store, "/n.md", f"{more} {number}")
            take_snapshot(store, Snapshot.Why.DAILY)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(url(store))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert answer.content.decode().count('data-label="Why"') == 20
