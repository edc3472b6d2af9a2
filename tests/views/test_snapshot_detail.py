"""A store as it was: its folders and its memories, whatever it holds now."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import Entry, Snapshot, Text
from dreams.services.snapshots import take_snapshot
from tests.factories import store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only
from tests.views.snapshotting import moved, snapshot, words

__all__ = ["moved", "snapshot"]


def page_of(people: People, snapshot: Snapshot, query: str = "", who: str = "carol") -> str:
    answer = browser_of(getattr(people, who)).get(f"/acme/snapshots/{snapshot.pk}/{query}")
    assert answer.status_code == 200
    return words(answer)


def test_members_read_it_and_nobody_else(people: People, snapshot: Snapshot) -> None:
    url = f"/acme/snapshots/{snapshot.pk}/"
    assert_members_only(people, url)
    assert_only(people, url, "get")
    assert_fragment(people, url, "held")
    assert browser_of(people.mallory).get(f"/acme-rival/snapshots/{snapshot.pk}/").status_code == 404


def test_a_memory_is_read_as_it_was(people: People, moved: Snapshot) -> None:
    page = page_of(people, moved, "?path=/runbooks/deploy.md")
    assert "The nightly build starts at 02:00 UTC." in page
    assert "different now" not in page  # the mirror has not heard of it yet
    take_snapshot(moved.store, Snapshot.Why.DAILY)
    assert "different now" in page_of(people, moved, "?path=/runbooks/deploy.md")
    assert "not in the store now" in page_of(people, moved, "?path=/people/ana.md")
    assert "the same now" in page_of(people, moved, "?path=/runbooks/rollback.md")
    assert "<table class=\"diff" in page_of(people, moved, "?path=/runbooks/deploy.md&view=source")


def test_a_folder_is_listed_by_itself(people: People, snapshot: Snapshot) -> None:
    page = page_of(people, snapshot, "?in=/people/")
    assert "/people/ana.md" in page
    assert "/scratch/today.md" not in page
    assert "It held nothing here" in page_of(people, snapshot, "?in=/nowhere/")


def test_a_path_that_it_did_not_hold_is_not_found(people: People, moved: Snapshot) -> None:
    assert browser_of(people.carol).get(f"/acme/snapshots/{moved.pk}/?path=/late.md").status_code == 404


def test_a_purged_text_leaves_a_sentence(people: People, snapshot: Snapshot) -> None:
    entry = Entry.objects.get(manifest=snapshot.manifest, path="/people/ana.md")
    Text.objects.filter(pk=entry.text_id).update(body=None, purged_at=timezone.now(), purged_by="Alice")
    page = page_of(people, snapshot, "?path=/people/ana.md")
    assert "purged here by Alice" in page
    assert "Lisbon" not in page
    assert "2 of its texts were purged here" in page  # the copy holds the same bytes


def test_what_is_not_known_of_that_moment_is_said(people: People, snapshot: Snapshot) -> None:
    Snapshot.objects.update(consistent=False, uncertain_paths=["/a<b>.md"])
    page = page_of(people, snapshot)
    assert "not known for sure" in page
    assert "/a&lt;b&gt;.md" in page


def test_a_viewer_may_download_and_is_told_why_not_restore(people: People, snapshot: Snapshot) -> None:
    page = page_of(people, snapshot)
    assert f"/acme/snapshots/{snapshot.pk}/download/" in page
    assert "To restore or import stores you need the role operator; yours is viewer." in page
    assert f"/acme/snapshots/{snapshot.pk}/restore/" not in page


def test_the_number_of_queries_does_not_grow_with_the_memories(people: People, sandbox: Sandbox) -> None:
    few = take_snapshot(store_with(people, sandbox), Snapshot.Why.DAILY)
    many = take_snapshot(
        store_with(people, sandbox, {f"/n/{n:03}.md": f"{n}" for n in range(150)}, name="many"), Snapshot.Why.DAILY
    )
    client, counts = browser_of(people.carol), []
    for each in (few, many):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/acme/snapshots/{each.pk}/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
