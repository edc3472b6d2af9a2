"""Looking a store over: once per change, at most hourly by itself, nothing kept of texts that went meanwhile."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dreams.models import HealthReport, Memory, Store, Text
from dreams.services import health, stores, sweeps
from tests.factories import NOTES, agent_writes, store_with
from tests.people import People
from tests.sandbox_server import Sandbox


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox, NOTES)


def test_a_store_is_looked_over_once_until_it_is_written_again(sandbox: Sandbox, store: Store) -> None:
    report = health.examine_store(store)
    assert report is not None
    assert report.findings["same"] == [["/people/ana-copy.md", "/people/ana.md"]]
    assert report.findings["growth"][-1]["memories"] == 5
    assert health.examine_store(store) is None

    agent_writes(sandbox, store, "/people/ana-copy.md", "Something else.")
    store = stores.sync_store(store)
    assert not health.is_fresh(HealthReport.objects.get(), store)
    again = health.examine_store(store)
    assert again is not None
    assert again.findings["same"] == []


def test_it_asks_the_vendor_nothing(sandbox: Sandbox, store: Store) -> None:
    sandbox.requests(clear=True)
    health.examine_store(store)
    assert sandbox.requests() == []


def test_by_itself_a_store_that_is_written_all_the_time_is_looked_over_hourly(sandbox: Sandbox, store: Store) -> None:
    assert health.stores_due(store.workspace) == [store]
    health.examine_store(store)
    agent_writes(sandbox, store, "/new.md", "New.")
    stores.sync_store(store)
    assert health.stores_due(store.workspace) == []
    HealthReport.objects.update(made_at=timezone.now() - timedelta(minutes=61))
    assert health.stores_due(store.workspace) == [store]


@pytest.mark.django_db(transaction=True)
def test_the_sweep_has_due_stores_looked_over(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox, NOTES)
    HealthReport.objects.all().delete()
    sweeps.sweep_workspace(store.workspace)
    assert HealthReport.objects.get().version_id == Store.objects.get(pk=store.pk).last_version_id


def test_what_was_never_read_or_is_gone_is_left_alone(store: Store) -> None:
    for gone in ({"walked_at": None}, {"walked_at": timezone.now(), "gone_at": timezone.now()}):
        Store.objects.filter(pk=store.pk).update(**gone)
        assert health.examine_store(Store.objects.get(pk=store.pk)) is None
        assert health.stores_due(store.workspace) == []


@pytest.mark.parametrize("what", ["written", "purged"])
def test_nothing_is_kept_of_texts_that_changed_while_they_were_looked_at(
    sandbox: Sandbox, store: Store, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    look = health.examine

    def interrupted(texts: dict[str, str]) -> object:
        if what == "written":
            agent_writes(sandbox, store, "/people/ana.md", "Other words.")
            stores.sync_store(store)
        else:
            text = Memory.objects.get(store=store, path="/scratch/today.md").text
            Text.objects.filter(pk=text.pk).update(body=None, purged_at=timezone.now(), purged_by="Alice")
        return look(texts)

    monkeypatch.setattr(health, "examine", interrupted)
    assert health.examine_store(store) is None
    assert not HealthReport.objects.exists()


def test_a_purged_text_is_not_looked_at(sandbox: Sandbox, store: Store) -> None:
    Text.objects.update(body=None, purged_at=timezone.now(), purged_by="Alice")
    report = health.examine_store(store)
    assert report is not None
    assert report.findings["same"] == []


def test_too_much_text_is_left_out_and_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "MOST_BYTES", 130)
    report = health.examine_store(store)
    assert report is not None
    assert report.findings["left_out"] == 3


def test_hidden_characters_and_nul_can_be_stored(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox, {"/nul.md": "a\0b\u202e", "/other\u202e.md": "x"}, name="odd")
    assert health.examine_store(store) is not None
