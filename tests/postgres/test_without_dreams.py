"""Moments compared, a pair reviewed, a snapshot restored, a folder sent in: once from end to end on each database."""

import pytest

from dreams.models import Snapshot
from dreams.rules import review_states as states
from dreams.rules.archives import Reading
from dreams.rules.moments import parse_moment
from dreams.services import applying, moments, restoring, reviews, stores, tidy
from dreams.services.snapshots import shas_now, shas_of, take_snapshot
from tests.factories import NOTES, agent_writes, connect
from tests.faults.ground import Ground
from tests.views.comparing import compared, since, written_since
from tests.views.snapshotting import carried_out

pytestmark = pytest.mark.slow


def test_what_agents_wrote_since_a_moment_is_compared_reviewed_and_taken_back(database: str, ground: Ground) -> None:
    people = ground.people
    store, then = written_since(people, ground.sandbox)
    ends = since(store, then)
    found = compared(store, *ends)
    assert found
    assert found.made_at
    before, after = (parse_moment(said) for said in ends)
    assert before
    assert after
    review = moments.open_review(people.workspace, before, after, by=people.bob)
    for change in review.changes.filter(state=states.UNDECIDED):
        reviews.decide_change(change, states.KEPT, by=people.bob, seen_seq=change.seq)
    reviews.approve_review(review, by=people.alice)
    run, drift = applying.plan_review(review, by=people.dave)
    assert run is not None, drift
    carried_out(applying.confirm_run(run, digest=run.plan_digest, by=people.dave))
    assert ground.contents(store.remote_id) == NOTES
    assert shas_now(store) == shas_of(review.before)
    tidy.forget_moments(people.workspace)


def test_a_snapshot_is_restored_and_a_folder_becomes_a_store(database: str, ground: Ground) -> None:
    people = ground.people
    workspace = connect(people)
    odd = {**NOTES, "/nul.md": "a\0b", "/A": "upper", "/a": "lower", "/日本/語.md": "\u202e\ufeff\r\n"}
    reading = Reading(files={path: text.encode() for path, text in odd.items()})
    draft = restoring.draft_from_files(workspace, reading, name="imported", by=people.dave)
    run = restoring.fill_store(restoring.confirm_draft(draft, name="imported", by=people.dave))
    assert run is not None
    store = carried_out(run).target
    assert ground.contents(store.remote_id) == odd
    snapshot = take_snapshot(stores.sync_store(store), Snapshot.Why.BY_HAND)
    for path in ("/a", "/people/ana.md", "/late.md"):
        agent_writes(ground.sandbox, store, path, "something else")
    run = restoring.plan_restore(snapshot, by=people.dave)
    assert carried_out(applying.confirm_run(run, digest=run.plan_digest, by=people.dave)).state == "done"
    assert ground.contents(store.remote_id) == odd
