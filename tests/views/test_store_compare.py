"""Choosing two moments: the ones of every day by one click, any others by a form."""

import pytest
from django.utils import timezone

from dreams.models import Membership, MemoryVersion, Snapshot, Store, Visit
from dreams.services.snapshots import take_snapshot
from tests.factories import put_store
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.comparing import written_since
from tests.views.pages import assert_members_only, assert_only


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return written_since(people, sandbox)[0]


def url_of(store: Store) -> str:
    return f"/acme/stores/{store.remote_id}/compare/"


def test_members_read_it_and_nobody_else(people: People, store: Store) -> None:
    assert_members_only(people, url_of(store))
    assert_only(people, url_of(store), "get")


def test_it_is_a_tab_of_the_store(people: People, store: Store) -> None:
    page = browser_of(people.carol).get(url_of(store)).content.decode()
    assert f'<a href="{url_of(store)}" aria-current="page">Compare</a>' in page


def test_the_moments_of_every_day_are_one_click_away(people: People, store: Store) -> None:
    Store.objects.filter(pk=store.pk).update(created_at="2020-01-01T00:00Z")
    snapshot = take_snapshot(store, Snapshot.Why.BY_HAND)
    dreamt = take_snapshot(store, Snapshot.Why.DREAM_INPUT)
    Snapshot.objects.filter(pk=dreamt.pk).update(taken_at="2025-01-01T00:00Z")
    carol = Membership.objects.get(user=people.carol)
    last = MemoryVersion.objects.filter(store=store).order_by("-pk")[0]
    Visit.objects.create(membership=carol, store=store, version=last.pk, at="2024-01-01T00:00Z")
    page = browser_of(people.carol).get(url_of(store)).content.decode()
    for words in ("Since my last visit", "Since yesterday", "Since the last dream", "Since the last snapshot"):
        assert words in page
    assert f"?before=snapshot:{snapshot.pk}&amp;after=now:{store.remote_id}" in page
    assert "Since my last visit" not in browser_of(people.bob).get(url_of(store)).content.decode()


def test_a_visit_after_the_last_write_is_no_beginning(people: People, store: Store) -> None:
    Store.objects.filter(pk=store.pk).update(created_at="2020-01-01T00:00Z")
    carol = Membership.objects.get(user=people.carol)
    last = MemoryVersion.objects.filter(store=store).order_by("-pk")[0]
    Visit.objects.create(membership=carol, store=store, version=last.pk, at=timezone.now())
    assert "Since my last visit" not in browser_of(people.carol).get(url_of(store)).content.decode()


def test_a_visit_begins_before_what_was_mirrored_after_it(people: People, store: Store) -> None:
    carol = Membership.objects.get(user=people.carol)
    first = MemoryVersion.objects.filter(store=store, path="/people/bo.md").get()
    Visit.objects.create(membership=carol, store=store, version=first.pk - 1, at=timezone.now())
    Store.objects.filter(pk=store.pk).update(created_at="2020-01-01T00:00Z")
    page = browser_of(people.carol).get(url_of(store)).content.decode()
    visit = page[page.index("<h2>What was written") : page.index("Since my last visit")]
    said = visit.rsplit("before=at:", 1)[1].split("&amp;")[0].partition(":")[2]
    assert said < first.created_at.isoformat()


def test_a_choice_leads_to_its_address(people: People, store: Store) -> None:
    data = {"before": "at", "before_at": "2026-11-20T10:00", "after": f"now:{store.remote_id}"}
    answer = browser_of(people.carol).get(url_of(store), data)
    assert answer.status_code == 302
    wanted = f"/acme/compare/?before=at:{store.remote_id}:2026-11-20T10:00Z&after=now:{store.remote_id}"
    assert answer["Location"] == wanted


@pytest.mark.parametrize(
    ("before", "at", "words"),
    [
        ("at", "", "Say the date and the time."),
        ("at", "2999-01-01T00:00", "That moment has not come yet."),
        ("at", "noon", "Enter a valid date/time."),
        ("now:memstore_of_others", "", "Select a valid choice."),
        ("snapshot:1e9", "", "Select a valid choice."),
    ],
)
def test_what_cannot_be_compared_is_said_at_its_field(
    people: People, store: Store, before: str, at: str, words: str
) -> None:
    data = {"before": before, "before_at": at, "after": f"now:{store.remote_id}"}
    answer = browser_of(people.carol).get(url_of(store), data)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_twice_the_same_moment_is_refused(people: People, store: Store) -> None:
    now = f"now:{store.remote_id}"
    answer = browser_of(people.carol).get(url_of(store), {"before": now, "after": now})
    assert "Both sides are the same moment." in answer.content.decode()


def test_other_stores_and_snapshots_can_be_chosen_and_foreign_ones_not(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    from dreams.services import stores

    other = put_store(sandbox, {"/x.md": "X."}, "<b>other</b>")
    stores.refresh_stores(store.workspace)
    stores.sync_store(Store.objects.get(remote_id=other))
    snapshot = take_snapshot(store, Snapshot.Why.BY_HAND)
    page = browser_of(people.carol).get(url_of(store)).content.decode()
    assert f'value="now:{other}"' in page
    assert "<b>other" not in page
    assert f'value="snapshot:{snapshot.pk}"' in page
