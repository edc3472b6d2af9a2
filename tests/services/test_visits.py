"""What a member has not seen: counted by our numbers, never set back, each person and workspace by itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dreams.models import Membership, MemoryVersion, Store, Visit
from dreams.queries.unread import standings, unread_by_line
from dreams.services import stores
from dreams.services.visits import mark_seen
from tests.factories import agent_writes, store_with
from tests.people import People
from tests.sandbox_server import Sandbox
from tests.views.agenting import deployment_row


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


def carol(people: People) -> Membership:
    return Membership.objects.get(user=people.carol)


def unread(membership: Membership, store: Store) -> int:
    return standings(membership, Store.objects.filter(pk=store.pk))[store.pk].unread


def newest(store: Store) -> int:
    return MemoryVersion.objects.filter(store=store).latest("pk").pk


def test_at_first_the_writes_of_the_last_week_are_unread(people: People, store: Store) -> None:
    old = timezone.now() - timedelta(days=8)
    MemoryVersion.objects.filter(store=store, path__startswith="/people/").update(created_at=old)
    assert unread(carol(people), store) == 3


def test_what_was_seen_is_read_and_what_is_mirrored_later_is_not(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    mark_seen(carol(people), {store.pk: newest(store)})
    assert unread(carol(people), store) == 0
    agent_writes(sandbox, store, "/late.md", "Late")
    stores.sync_store(store)
    assert unread(carol(people), store) == 1
    assert unread(Membership.objects.get(user=people.bob), store) == 6


def test_a_write_that_is_mirrored_long_after_it_was_made_is_unread(people: People, store: Store) -> None:
    """It was made before the visit, and nobody could see it then."""
    mark_seen(carol(people), {store.pk: newest(store)})
    seen = MemoryVersion.objects.get(pk=newest(store))
    Visit.objects.update(at=timezone.now() + timedelta(days=2))
    late = {"store": store, "workspace": store.workspace, "remote_id": "memver_late", "memory_id": "mem_late"}
    MemoryVersion.objects.create(**late, operation="created", created_at=seen.created_at + timedelta(seconds=1))
    assert unread(carol(people), store) == 1


def test_old_history_that_is_read_late_is_no_news(people: People, store: Store) -> None:
    mark_seen(carol(people), {store.pk: newest(store)})
    old = {"store": store, "workspace": store.workspace, "remote_id": "memver_old", "memory_id": "mem_old"}
    MemoryVersion.objects.create(**old, operation="created", created_at=timezone.now() - timedelta(days=3))
    assert unread(carol(people), store) == 0


def test_a_visit_never_goes_backwards(people: People, store: Store) -> None:
    numbers = list(MemoryVersion.objects.filter(store=store).order_by("pk").values_list("pk", flat=True))
    mark_seen(carol(people), {store.pk: numbers[-1]})
    at = Visit.objects.get().at
    mark_seen(carol(people), {store.pk: numbers[0]})
    assert (Visit.objects.get().version, Visit.objects.get().at) == (numbers[-1], at)


def test_a_visit_that_found_nothing_new_is_the_last_one(people: People, store: Store) -> None:
    mark_seen(carol(people), {store.pk: newest(store)})
    at = Visit.objects.get().at
    mark_seen(carol(people), {store.pk: newest(store)})
    assert Visit.objects.get().at > at


def test_numbers_of_other_workspaces_and_stores_are_left_out(people: People, sandbox: Sandbox, store: Store) -> None:
    mallory = Membership.objects.get(user=people.mallory)
    mark_seen(mallory, {store.pk: newest(store)})
    other = store_with(people, sandbox, {"/a.md": "A"}, name="other")
    mark_seen(carol(people), {store.pk: newest(other), 10**17: newest(store), other.pk: 10**17})
    assert not Visit.objects.exists()


def test_the_unread_of_a_line_are_those_of_its_stores_in_use(people: People, sandbox: Sandbox, store: Store) -> None:
    other = store_with(people, sandbox, {"/a.md": "A"}, name="other")
    Store.objects.filter(pk=other.pk).update(line=store.line)
    assert unread_by_line(carol(people), [store.line]) == {store.line.pk: 5}
    mounted = deployment_row(people.workspace, "triage", None, other.remote_id)
    assert unread_by_line(carol(people), [store.line]) == {store.line.pk: 6}
    mounted.archived_at = timezone.now()
    mounted.save()
    assert unread_by_line(carol(people), [store.line]) == {store.line.pk: 5}
