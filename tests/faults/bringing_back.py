"""Snapshots taken, brought back, and stores made of them: what must be true once each ended, however it went."""

from dreams.models import ApplyRun, Snapshot, StoreDraft
from dreams.services import applying, restoring, snapshots
from tests import factories
from tests.faults.ground import Ground, Operation

NOTES = factories.NOTES


def snapshot_asked(ground: Ground) -> None:
    store = factories.store_with(ground.people, ground.sandbox)
    factories.agent_writes(ground.sandbox, store, "/late.md", "Late.\n")
    ground.kept["wish"] = snapshots.ask_snapshot(store, note="", by=ground.people.bob)


def take(ground: Ground) -> None:
    snapshots.take_asked(ground.kept["wish"])


def taken_once(ground: Ground, said: str) -> None:
    kept = Snapshot.objects.get(why=Snapshot.Why.BY_HAND)
    held = {entry.path: entry.text.text for entry in kept.manifest.entries.select_related("text")}
    assert held == ground.contents(kept.store.remote_id)


def store_moved_on(ground: Ground) -> None:
    """A snapshot, after which a memory was rewritten, one made, one removed."""
    store = ground.kept["store"] = factories.store_with(ground.people, ground.sandbox)
    ground.kept["snapshot"] = snapshots.take_snapshot(store, Snapshot.Why.DAILY)
    factories.agent_writes(ground.sandbox, store, "/runbooks/deploy.md", "Deploy on Fridays.\n")
    factories.agent_writes(ground.sandbox, store, "/late.md", "Late.\n")
    factories.agent_deletes(ground.sandbox, store, "/people/ana.md")
    ground.kept["written before"] = len(ground.versions(store.remote_id))


def restore_confirmed(ground: Ground) -> None:
    store_moved_on(ground)
    run = restoring.plan_restore(ground.kept["snapshot"], by=ground.people.dave)
    ground.kept["run"] = applying.confirm_run(run, digest=run.plan_digest, by=ground.people.dave)


def restore(ground: Ground) -> None:
    applying.apply_run(ground.state("run"))


def restored_once(ground: Ground, said: str) -> None:
    """The store is what it was, each step written once; or the run says why not, and a new plan finishes it."""
    run = finished(ground, ground.state("run"))
    assert ground.contents(run.target.remote_id) == NOTES
    assert len(ground.versions(run.target.remote_id)) - ground.kept["written before"] == 3
    assert run.target.snapshots.filter(why=Snapshot.Why.AFTER_RESTORE).count() == 1


def finished(ground: Ground, run: ApplyRun) -> ApplyRun:
    """The run, done; where it was stopped, the next plan's."""
    if run.state == "blocked":
        assert run.problem
        run = restoring.plan_again(run, by=ground.people.dave)
        applying.apply_run(applying.confirm_run(run, digest=run.plan_digest, by=ground.people.dave))
        ground.settle()
        run.refresh_from_db()
    assert (run.state, run.problem) == ("done", "")
    return run


def new_store_asked(ground: Ground) -> None:
    store_moved_on(ground)
    ground.kept["draft"] = restoring.draft_from_snapshot(
        ground.kept["snapshot"], name="again", by=ground.people.dave, token="t"
    )


def make_and_fill(ground: Ground) -> None:
    run = restoring.fill_store(ground.state("draft"))
    assert run is not None
    applying.apply_run(run)


def made_and_filled_once(ground: Ground, said: str) -> None:
    """One store with all of it; or a sentence, and a person who asks again gets one."""
    draft: StoreDraft = ground.state("draft")
    if draft.run is None:
        assert draft.problem
        restoring.confirm_draft(draft, name=draft.name, by=ground.people.dave)
        ground.settle()
        draft = ground.state("draft")
    assert draft.run is not None
    run = finished(ground, draft.run)
    assert ground.contents(run.target.remote_id) == NOTES
    assert len([head for head in ground.sandbox.state.all("store") if head["name"] == "again"]) == 1


BRINGING_BACK = [
    Operation("take a snapshot", snapshot_asked, take, taken_once),
    Operation("restore", restore_confirmed, restore, restored_once),
    Operation("make and fill a store", new_store_asked, make_and_fill, made_and_filled_once),
]
