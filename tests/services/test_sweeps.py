"""The sweep moves on what waits, and spares the vendor."""

import pytest
from django.utils import timezone
from pytest_django import Settings

from dreams.models import AuditEvent, Store, StoreLine
from dreams.services import stores, sweeps
from dreams.services.audit import chained
from tests.factories import connect, put_store, store_with
from tests.people import People
from tests.sandbox_server import Sandbox


def test_a_workspace_is_imported_by_sweeping_alone(people: People, sandbox: Sandbox) -> None:
    connect(people)
    for number in range(3):
        put_store(sandbox, {"/a.md": f"A {number}"}, name=f"store {number}")
    sweeps.sweep()
    sweeps.sweep()
    assert list(Store.objects.values_list("memory_count", flat=True)) == [1, 1, 1]
    assert not Store.objects.filter(walked_at=None).exists()


def test_an_idle_sweep_asks_the_vendor_nothing(people: People, sandbox: Sandbox) -> None:
    store_with(people, sandbox)
    sweeps.sweep()
    sandbox.requests(clear=True)
    sweeps.sweep()
    assert sandbox.requests() == []


def test_many_stores_are_asked_less_often(people: People, sandbox: Sandbox, settings: Settings) -> None:
    store = store_with(people, sandbox)
    settings.VENDOR_READS_PER_MINUTE = 2
    line = StoreLine.objects.create(workspace=people.workspace, name="x")
    for number in range(30):
        Store.objects.create(
            workspace=people.workspace, line=line, remote_id=f"memstore_{number}", name="x", created_at=timezone.now()
        )
    store = stores.sync_store(store)
    wait = (store.next_check_at - timezone.now()).total_seconds()  # type: ignore[operator]
    assert 1800 < wait <= 1860


def test_one_failing_store_does_not_keep_the_others_waiting(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    ids = [put_store(sandbox, {"/a.md": "A"}, name=f"store {number}") for number in range(2)]
    stores.refresh_stores(workspace)
    Store.objects.update(walked_at=None, next_check_at=timezone.now())
    path = f"/v1/memory_stores/{ids[0]}/*"
    sandbox.faults([{"method": "GET", "path": path, "times": 9, "kind": "status", "status": 500}])
    sweeps.sweep_workspace(workspace)
    first, second = (Store.objects.get(remote_id=id) for id in ids)
    assert "internal failure" in first.problem
    assert (second.problem, second.memory_count) == ("", 1)


def test_the_record_is_sealed_into_a_chain(people: People, sandbox: Sandbox) -> None:
    store_with(people, sandbox)
    sweeps.sweep()
    events = list(AuditEvent.objects.filter(workspace=people.workspace).order_by("seq"))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    chain = ""
    for event in events:
        chain = chained(chain, event)
        assert event.chain == chain


@pytest.mark.parametrize("field", ["actor", "verb", "label"])
def test_a_changed_event_breaks_the_chain(people: People, sandbox: Sandbox, field: str) -> None:
    connect(people)
    sweeps.sweep()
    AuditEvent.objects.update(**{field: "somebody else"})
    event = AuditEvent.objects.get(seq=1)
    assert chained("", event) != event.chain
