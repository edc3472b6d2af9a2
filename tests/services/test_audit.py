"""The record: one event with each write or neither, sealed in order, and a forgery shows."""

import pytest
from django.db import transaction

from dreams.models import AuditEvent
from dreams.services import audit, workspaces
from tests.people import People

pytestmark = pytest.mark.django_db


def record(people: People, *verbs: str) -> list[AuditEvent]:
    for verb in verbs:
        audit.record(people.workspace, people.bob, verb, people.workspace, note="x")
    return list(AuditEvent.objects.order_by("pk"))


def test_a_write_that_is_rolled_back_leaves_no_event(people: People) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        record(people, "did")
        raise RuntimeError
    assert not AuditEvent.objects.exists()


def test_an_event_names_who_and_what_by_copies(people: People) -> None:
    event = record(people, "did")[0]
    people.bob.name = "Robert"
    people.bob.save()
    event.refresh_from_db()
    assert (event.actor, event.actor_id) == ("Bob", str(people.bob.pk))
    assert (event.noun, event.label) == ("workspace", "Acme agents")


def test_the_system_is_nobody(people: People) -> None:
    audit.record(people.workspace, None, "swept", people.workspace)
    assert AuditEvent.objects.get().actor_id == ""


def test_seals_are_numbered_in_order_and_go_on_where_they_stopped(people: People) -> None:
    record(people, "one", "two")
    assert audit.seal(people.workspace) == 2
    record(people, "three")
    assert audit.seal(people.workspace) == 1
    assert audit.seal(people.workspace) == 0
    assert list(AuditEvent.objects.order_by("pk").values_list("seq", flat=True)) == [1, 2, 3]


def test_whole_seals_fit_whichever_part_is_looked_at(people: People) -> None:
    record(people, *"abcde")
    audit.seal(people.workspace)
    events = list(AuditEvent.objects.order_by("-pk"))
    for part in (events, events[:2], events[2:4], events[::2], []):
        assert audit.broken_seals(people.workspace, part) == set()


def test_an_altered_event_no_longer_fits(people: People) -> None:
    record(people, *"abc")
    audit.seal(people.workspace)
    second = AuditEvent.objects.get(seq=2)
    AuditEvent.objects.filter(pk=second.pk).update(detail={"note": "forged"})
    assert audit.broken_seals(people.workspace, list(AuditEvent.objects.all())) == {second.pk}


def test_what_follows_a_removed_event_no_longer_fits(people: People) -> None:
    record(people, *"abc")
    audit.seal(people.workspace)
    AuditEvent.objects.filter(seq=2).delete()
    third = AuditEvent.objects.get(seq=3)
    assert audit.broken_seals(people.workspace, [third]) == {third.pk}


def test_an_event_not_sealed_yet_is_not_broken(people: People) -> None:
    assert audit.broken_seals(people.workspace, record(people, "one")) == set()


def test_seals_of_two_workspaces_do_not_mix(people: People) -> None:
    other = workspaces.create_workspace(name="Other", slug="other", admin=people.mallory)
    record(people, "one")
    audit.seal(other)
    audit.seal(people.workspace)
    assert set(AuditEvent.objects.values_list("seq", flat=True)) == {1}
    assert audit.broken_seals(people.workspace, list(people.workspace.audit_events.all())) == set()
