"""Nothing is deleted without a complete snapshot, nor while something needs it; what was left lying is cleared."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dreams.models import Memory, Snapshot, Store, StoreDraft, Text
from dreams.remote.gateway import Gateway
from dreams.rules.archives import Reading
from dreams.services import applying, restoring, snapshots, tidy
from dreams.services.refusals import Refusal, Stale
from tests.factories import NOTES, agent_writes, store_with
from tests.people import People
from tests.sandbox_server import Sandbox
from tests.views.snapshotting import moved, snapshot

__all__ = ["moved", "snapshot"]


def test_a_complete_snapshot_is_kept_right_before(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    kept = tidy.delete_store(store, typed_name="support", by=people.dave)
    assert sandbox.state.all("store") == []
    assert (kept.why, kept.consistent, kept.version_id) == ("before_delete", True, store.last_version_id)
    assert {entry.path: entry.text.text for entry in kept.manifest.entries.select_related("text")} == NOTES


def test_a_write_that_nobody_saw_stops_it(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    agent_writes(sandbox, store, "/new.md", "new")
    with pytest.raises(Stale, match="Look at it again"):
        tidy.delete_store(store, typed_name="support", by=people.dave)
    assert len(sandbox.state.all("store")) == 1


def test_a_write_at_the_last_moment_stops_it_too(
    people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_with(people, sandbox)
    freeze = tidy.freeze

    def freeze_and_be_overtaken(*args: object, **given: object) -> Snapshot:
        agent_writes(sandbox, store, "/new.md", "new")
        return freeze(*args, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(tidy, "freeze", freeze_and_be_overtaken)
    with pytest.raises(Stale, match="at this moment"):
        tidy.delete_store(store, typed_name="support", by=people.dave)
    assert len(sandbox.state.all("store")) == 1


def test_a_text_that_is_not_held_any_more_stops_it(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    memory = Memory.objects.get(store=store, path="/scratch/today.md")
    Text.objects.filter(pk=memory.text_id).update(body=None, purged_at=timezone.now(), purged_by="Alice")
    with pytest.raises(Refusal, match=r"1 of its texts were purged here, first that of /scratch/today\.md"):
        tidy.delete_store(store, typed_name="support", by=people.dave)
    assert len(sandbox.state.all("store")) == 1


def test_a_failed_attempt_leaves_one_snapshot_however_often(
    people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_with(people, sandbox)
    sandbox.faults([{"method": "DELETE", "path": "/v1/memory_stores/*", "kind": "status", "status": 403, "times": 2}])
    for _ in range(2):
        with pytest.raises(Exception, match="403"):
            tidy.delete_store(store, typed_name="support", by=people.dave)
    tidy.delete_store(store, typed_name="support", by=people.dave)
    assert Snapshot.objects.filter(why="before_delete").count() == 1


def test_a_plan_that_writes_into_it_keeps_it(people: People, sandbox: Sandbox, moved: Snapshot) -> None:
    run = restoring.plan_restore(moved, by=people.dave)
    applying.confirm_run(run, digest=run.plan_digest, by=people.dave)
    for take_away in (tidy.archive_store, lambda store, by: tidy.delete_store(store, typed_name="support", by=by)):
        with pytest.raises(Refusal, match="a plan is being written into it"):
            take_away(Store.objects.get(pk=moved.store.pk), by=people.dave)


def test_what_was_sent_in_and_never_confirmed_is_forgotten_after_a_day(people: People) -> None:
    reading = Reading(files={"/a": b"a"})
    for days, confirmed in ((2, False), (0, False), (2, True)):
        draft = restoring.draft_from_files(people.workspace, reading, name=f"{days} {confirmed}", by=people.dave)
        changed = {"confirmed_at": timezone.now()} if confirmed else {}
        StoreDraft.objects.filter(pk=draft.pk).update(at=timezone.now() - timedelta(days=days), **changed)
    tidy.forget_drafts(people.workspace)
    assert sorted(StoreDraft.objects.values_list("name", flat=True)) == ["0 False", "2 True"]


# -- daily snapshots ---------------------------------------------------------------------------------------


def daily(store: Store) -> int:
    return store.snapshots.filter(why="daily").count()


def a_day_later() -> None:
    for each in Snapshot.objects.all():
        Snapshot.objects.filter(pk=each.pk).update(taken_at=each.taken_at - timedelta(days=1, minutes=1))


def test_one_is_taken_each_day_that_something_was_written(people: People, sandbox: Sandbox) -> None:
    from dreams.services import stores

    store = store_with(people, sandbox)
    asked = len(sandbox.requests())
    for _ in range(3):
        snapshots.take_daily(people.workspace)
    assert daily(store) == 1
    a_day_later()
    snapshots.take_daily(people.workspace)
    assert daily(store) == 1, "nothing was written"
    assert len(sandbox.requests()) == asked, "the mirror is enough"
    agent_writes(sandbox, store, "/new.md", "new")
    stores.sync_store(store)
    snapshots.take_daily(people.workspace)
    snapshots.take_daily(people.workspace)
    assert daily(store) == 2
    agent_writes(sandbox, store, "/newer.md", "newer")
    stores.sync_store(store)
    snapshots.take_daily(people.workspace)
    assert daily(store) == 2, "one a day"


def test_equal_days_share_their_manifest(people: People, sandbox: Sandbox, snapshot: Snapshot) -> None:
    agent_writes(sandbox, snapshot.store, "/new.md", "new")
    from tests.factories import agent_deletes

    agent_deletes(sandbox, snapshot.store, "/new.md")
    taken = snapshots.take_snapshot(snapshot.store, Snapshot.Why.DAILY)
    assert taken.manifest == snapshot.manifest


def test_none_is_taken_where_it_is_switched_off_or_nothing_was_ever_written(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    empty = store_with(people, sandbox, {}, name="empty")
    people.workspace.daily_snapshots = False
    snapshots.take_daily(people.workspace)
    assert daily(store) == 0
    people.workspace.daily_snapshots = True
    snapshots.take_daily(people.workspace)
    assert (daily(store), daily(empty)) == (1, 0)


def test_a_replayed_moment_is_no_last_snapshot(people: People, sandbox: Sandbox, snapshot: Snapshot) -> None:
    Snapshot.objects.update(why=Snapshot.Why.MOMENT)
    snapshots.take_daily(people.workspace)
    assert daily(snapshot.store) == 1


def test_deleting_asks_the_vendor_once(people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_with(people, sandbox)
    sandbox.faults([{"method": "DELETE", "path": "/v1/memory_stores/*", "kind": "drop_after_commit"}])
    calls, delete = [], Gateway.delete_store

    def counted(gateway: Gateway, id: str) -> None:
        calls.append(id)
        delete(gateway, id)

    monkeypatch.setattr(Gateway, "delete_store", counted)
    tidy.delete_store(store, typed_name="support", by=people.dave)
    assert calls == [store.remote_id]
    store.refresh_from_db()
    assert store.gone_at is not None
