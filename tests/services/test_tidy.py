"""Nothing is deleted without a complete snapshot, nor while something needs it; what was left lying is cleared."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dreams.models import Comparison, Manifest, Memory, Snapshot, Store, StoreDraft, Text
from dreams.remote.gateway import Gateway
from dreams.rules.archives import Reading
from dreams.rules.moments import parse_moment
from dreams.services import applying, moments, restoring, snapshots, sweeps, tidy
from dreams.services.refusals import Refusal, Stale
from tests.factories import NOTES, agent_writes, store_with
from tests.people import People
from tests.sandbox_server import Sandbox
from tests.views.comparing import compared, since, written_since
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


# -- moments ------------------------------------------------------------------------------------------------


def long_ago() -> None:
    then = timezone.now() - timedelta(days=2)
    Snapshot.objects.filter(why=Snapshot.Why.MOMENT).update(taken_at=then)
    Comparison.objects.update(asked_at=then)


def moments_left() -> int:
    return Snapshot.objects.filter(why=Snapshot.Why.MOMENT).count()


def test_moments_that_nothing_holds_go_after_a_day_and_no_text_with_them(people: People, sandbox: Sandbox) -> None:
    store, then = written_since(people, sandbox)
    compared(store, *since(store, then))
    texts = Text.objects.count()
    long_ago()
    tidy.forget_moments(store.workspace)
    assert (moments_left(), Manifest.objects.count()) == (2, 2)
    Comparison.objects.all().delete()
    Snapshot.objects.update(taken_at=timezone.now())
    tidy.forget_moments(store.workspace)
    assert (moments_left(), Manifest.objects.count()) == (2, 2)
    long_ago()
    tidy.forget_moments(store.workspace)
    assert (moments_left(), Manifest.objects.count(), Text.objects.count()) == (0, 0, texts)


def test_what_a_review_or_a_snapshot_of_ours_holds_stays(people: People, sandbox: Sandbox) -> None:
    store, then = written_since(people, sandbox)
    ends = since(store, then)
    compared(store, *ends)
    before, after = (parse_moment(said) for said in ends)
    assert before and after
    moments.open_review(store.workspace, before, after, by=people.bob)
    snapshots.freeze(store, Snapshot.Why.BY_HAND)
    Comparison.objects.all().delete()
    long_ago()
    tidy.forget_moments(store.workspace)
    # The review's two; the third one, compared only, goes.
    assert (moments_left(), store.snapshots.count(), Manifest.objects.count()) == (2, 3, 2)


def test_a_comparison_that_was_begun_and_left_is_forgotten_after_a_day(people: People, sandbox: Sandbox) -> None:
    store, _ = written_since(people, sandbox)
    for name, asked, claimed in (("left", 2, None), ("new", 0, None), ("held", 2, 0), ("dead", 2, 2)):
        Comparison.objects.create(
            workspace=store.workspace,
            before=name,
            after=name,
            asked_at=timezone.now() - timedelta(days=asked),
            claim="" if claimed is None else "somebody",
            claimed_at=None if claimed is None else timezone.now() - timedelta(days=claimed),
        )
    tidy.forget_moments(store.workspace)
    assert sorted(Comparison.objects.values_list("before", flat=True)) == ["held", "new"]


def test_nothing_that_is_being_compared_is_taken_away(people: People, sandbox: Sandbox) -> None:
    """A moment lies in the past from its beginning, and its comparison points at it only once both ends are there."""
    store, then = written_since(people, sandbox)
    snapshots.replay_snapshot(store, then, Snapshot.Why.MOMENT)
    claimed = {"claim": "somebody", "claimed_at": timezone.now(), "asked_at": timezone.now()}
    row = Comparison.objects.create(workspace=store.workspace, before="a", after="b", **claimed)
    long_ago()
    tidy.forget_moments(store.workspace)
    assert moments_left() == 1
    row.delete()
    sweeps.sweep_workspace(store.workspace)
    assert moments_left() == 0


def test_few_are_forgotten_at_a_time(
    people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidy, "FORGOTTEN_A_SWEEP", 2)
    store = store_with(people, sandbox)
    for _ in range(3):
        snapshots.freeze(store, Snapshot.Why.MOMENT)
    long_ago()
    tidy.forget_moments(store.workspace)
    assert (moments_left(), Manifest.objects.count()) == (1, 1)
    tidy.forget_moments(store.workspace)
    assert (moments_left(), Manifest.objects.count()) == (0, 0)


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
