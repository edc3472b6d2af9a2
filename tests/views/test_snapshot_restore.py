"""Bringing a snapshot back: as a plan into the same store, or into a new one."""

import pytest

from dreams.models import ApplyRun, AuditEvent, Snapshot, Store, StoreDraft
from dreams.services import restoring, tidy
from tests.factories import NOTES
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_members_only, assert_only
from tests.views.snapshotting import at_vendor, carried_out, moved, snapshot, words

__all__ = ["moved", "snapshot"]


def url(snapshot: Snapshot) -> str:
    return f"/acme/snapshots/{snapshot.pk}/restore/"


def test_members_read_it_and_nobody_else(people: People, snapshot: Snapshot) -> None:
    assert_members_only(people, url(snapshot))
    assert_only(people, url(snapshot), "get", "post")
    page = words(browser_of(people.bob).get(url(snapshot)))
    assert page.count("To restore or import stores you need the role operator") == 2


@pytest.mark.parametrize("who", ["bob", "carol"])
@pytest.mark.parametrize("into", ["same", "new"])
def test_others_may_not(people: People, snapshot: Snapshot, who: str, into: str) -> None:
    answer = browser_of(getattr(people, who)).post(url(snapshot), {"into": into, "name": "x"})
    assert answer.status_code == 403
    assert not ApplyRun.objects.exists()
    assert not StoreDraft.objects.exists()


def test_into_the_same_store_it_is_a_plan_first(people: People, sandbox: Sandbox, moved: Snapshot) -> None:
    before = at_vendor(sandbox, moved.store)
    answer = browser_of(people.dave).post(url(moved), {"into": "same"})
    run = ApplyRun.objects.get()
    assert answer["Location"] == f"/acme/runs/{run.pk}/"
    assert at_vendor(sandbox, moved.store) == before
    assert [(step.op, step.path) for step in run.steps.all()] == [
        ("create", "/people/ana.md"),
        ("update", "/runbooks/deploy.md"),
        ("delete", "/late.md"),
    ]
    kept = Snapshot.objects.get(why=Snapshot.Why.BEFORE_RESTORE)
    assert dict(kept.manifest.entries.values_list("path", "text__size")).keys() == before.keys()


def test_into_a_new_store_it_is_made_and_filled(people: People, sandbox: Sandbox, moved: Snapshot) -> None:
    form = {"into": "new", "name": "support again", "token": "t1"}
    answer = browser_of(people.dave).post(url(moved), form)
    draft = StoreDraft.objects.get()
    assert answer["Location"] == f"/acme/stores/import/{draft.pk}/"
    assert "being made at the vendor" in words(browser_of(people.dave).get(answer["Location"]))
    run = restoring.fill_store(draft)
    assert run is not None
    assert browser_of(people.dave).get(answer["Location"])["Location"] == f"/acme/runs/{run.pk}/"
    assert carried_out(run).state == "done"
    assert at_vendor(sandbox, run.target) == NOTES
    assert run.target.name == "support again"
    assert at_vendor(sandbox, moved.store)["/late.md"] == "Late.\n"  # the old one is not touched
    assert AuditEvent.objects.filter(verb="restored store").count() == 1


def test_the_same_form_sent_twice_makes_one_store(people: People, sandbox: Sandbox, snapshot: Snapshot) -> None:
    client = browser_of(people.dave)
    for _ in range(2):
        client.post(url(snapshot), {"into": "new", "name": "twice", "token": "t1"})
    for draft in StoreDraft.objects.all():
        restoring.fill_store(draft)
        restoring.fill_store(draft)
    assert len([store for store in sandbox.state.all("store") if store["name"] == "twice"]) == 1
    assert ApplyRun.objects.count() == 1


def test_a_name_that_no_store_can_have_is_refused_beside_the_field(people: People, snapshot: Snapshot) -> None:
    answer = browser_of(people.dave).post(url(snapshot), {"into": "new", "name": "a\x01b", "token": "t1"})
    assert answer.status_code == 422
    assert "control characters" in words(answer)
    assert not StoreDraft.objects.exists()


def test_a_deleted_store_comes_back_from_the_snapshot_before_it(
    people: People, sandbox: Sandbox, snapshot: Snapshot
) -> None:
    kept = tidy.delete_store(snapshot.store, typed_name="support", by=people.dave)
    page = words(browser_of(people.dave).get(url(kept)))
    assert "The vendor no longer has this store." in page
    assert browser_of(people.dave).post(url(kept), {"into": "same"}).status_code == 409
    browser_of(people.dave).post(url(kept), {"into": "new", "name": "back", "token": "t2"})
    run = restoring.fill_store(StoreDraft.objects.get())
    assert run is not None
    carried_out(run)
    assert at_vendor(sandbox, Store.objects.get(name="back")) == NOTES
