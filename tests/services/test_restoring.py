"""What is brought back equals what was kept, byte for byte, whatever happened to the store in between; one request
makes one store."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dreams.access import Forbidden
from dreams.models import ApplyRun, AuditEvent, Snapshot, Store, StoreDraft, Text, Workspace
from dreams.rules.archives import Reading
from dreams.rules.paths import MAX_CONTENT_BYTES, MAX_MEMORIES, check_path, check_paths
from dreams.services import applying, purging, restoring, stores, sweeps
from dreams.services.refusals import Invalid, Refusal, Stale, Unsettled
from dreams.services.snapshots import take_snapshot
from dreams.services.texts import digest_of, keep_texts
from tests.factories import NOTES, agent_deletes, agent_writes, connect, put_store, store_with
from tests.people import People
from tests.sandbox_server import Sandbox
from tests.views.snapshotting import at_vendor, carried_out, held, moved, snapshot

__all__ = ["moved", "snapshot"]
CREATE_STORE = {"method": "POST", "path": "/v1/memory_stores"}


def restored(people: People, snapshot: Snapshot) -> ApplyRun:
    """The snapshot planned into its store, confirmed, carried out."""
    run = restoring.plan_restore(snapshot, by=people.dave)
    return carried_out(applying.confirm_run(run, digest=run.plan_digest, by=people.dave))


def rewrite(sandbox: Sandbox, store: Store, now: Mapping[str, str]) -> None:
    """Agents make the store hold exactly this."""
    for path in at_vendor(sandbox, store).keys() - now.keys():
        agent_deletes(sandbox, store, path)
    for path, text in now.items():
        agent_writes(sandbox, store, path, text)


def filled(people: People, workspace: Workspace, files: Mapping[str, str], name: str = "imported") -> ApplyRun:
    """These files sent in, confirmed, made, filled."""
    reading = Reading(files={path: text.encode() for path, text in files.items()})
    draft = restoring.draft_from_files(workspace, reading, name=name, by=people.dave)
    run = restoring.fill_store(restoring.confirm_draft(draft, name=name, by=people.dave))
    assert run is not None
    return carried_out(run)


# -- byte for byte ----------------------------------------------------------------------------------------

ODD_PATHS = ["/a", "/A", "/a/b", "/a/b/c", "/A/b", "/é", "/日本/語.md", "/ sp ", "/CON", "/x.", "/b\\c", "/a?", "/%2e"]
ODD_TEXTS = ["", "\n", "\r\n", "\r", "a\0b", "\ufeff", "PK\x03\x04", "\u202e", "é", "e\u0301", "x" * MAX_CONTENT_BYTES]
letters = st.characters(blacklist_categories=("Cs", "Cc", "Cf", "Zl", "Zp"))
odd_path = st.one_of(st.sampled_from(ODD_PATHS), st.text(letters, min_size=1, max_size=8).map(lambda name: f"/{name}"))
odd_text = st.sampled_from(ODD_TEXTS) | st.text(st.characters(blacklist_categories=("Cs",)), max_size=30)
contents = (
    st.dictionaries(odd_path.filter(lambda path: check_path(path) is None), odd_text, max_size=7)
    .filter(lambda held: check_paths(held) == [])
)  # fmt: skip


@pytest.fixture
def worn(people: People, sandbox: Sandbox) -> Store:
    """One store that all examples of a property use, after each other."""
    return store_with(people, sandbox, {})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(then=contents, now=contents)
def test_a_restored_store_equals_the_snapshot_byte_for_byte(
    people: People, sandbox: Sandbox, worn: Store, then: dict[str, str], now: dict[str, str]
) -> None:
    rewrite(sandbox, worn, {})
    rewrite(sandbox, worn, then)
    kept = take_snapshot(worn, Snapshot.Why.BY_HAND)
    rewrite(sandbox, worn, now)
    run = restored(people, kept)
    assert (run.state, run.problem) == ("done", "")
    assert at_vendor(sandbox, worn) == then
    assert held(worn) == then
    assert worn.snapshots.order_by("pk").last().manifest == kept.manifest  # type: ignore[union-attr]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=contents.filter(bool))
def test_an_imported_store_equals_what_was_sent_in(people: People, sandbox: Sandbox, files: dict[str, str]) -> None:
    run = filled(people, connect(people), files)
    assert (run.state, run.problem) == ("done", "")
    assert at_vendor(sandbox, run.target) == files


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ({"/a": "1"}, {"/a/b": "2"}),
        ({"/a/b": "1"}, {"/a": "2"}),
        ({"/a": "1", "/b": "2"}, {"/a": "2", "/b": "1"}),
        ({"/a": "1"}, {"/A": "1"}),
        ({"/a": "1"}, {}),
        ({}, {"/a": "1"}),
    ],
)
def test_paths_that_stand_in_each_others_way_are_sorted_out(
    people: People, sandbox: Sandbox, then: dict[str, str], now: dict[str, str]
) -> None:
    store = store_with(people, sandbox, then)
    kept = take_snapshot(store, Snapshot.Why.BY_HAND)
    rewrite(sandbox, store, now)
    assert restored(people, kept).state == "done"
    assert at_vendor(sandbox, store) == then


def test_a_full_store_is_brought_back_though_there_is_no_room(people: People, sandbox: Sandbox) -> None:
    then = {f"/then/{number:04}": str(number) for number in range(MAX_MEMORIES)}
    store = store_with(people, sandbox, then)
    kept = take_snapshot(store, Snapshot.Why.BY_HAND)
    for number in range(30):
        agent_deletes(sandbox, store, f"/then/{number:04}")
        agent_writes(sandbox, store, f"/now/{number:04}", str(number))
    run = restored(people, kept)
    assert (run.state, run.steps.count()) == ("done", 60)
    assert at_vendor(sandbox, store) == then


def test_what_the_store_held_before_can_be_brought_back_too(people: People, sandbox: Sandbox, moved: Snapshot) -> None:
    now = at_vendor(sandbox, moved.store)
    restored(people, moved)
    before = Snapshot.objects.get(why=Snapshot.Why.BEFORE_RESTORE)
    assert restored(people, before).state == "done"
    assert at_vendor(sandbox, moved.store) == now


# -- what cannot be ---------------------------------------------------------------------------------------


def test_a_text_that_was_purged_is_left_as_it_stands(people: People, sandbox: Sandbox, moved: Snapshot) -> None:
    from django.utils import timezone

    entry = moved.manifest.entries.get(path="/runbooks/deploy.md")
    Text.objects.filter(pk=entry.text_id).update(body=None, purged_at=timezone.now(), purged_by="Alice")
    run = restored(people, moved)
    assert run.state == "done"
    expected = {**NOTES, "/runbooks/deploy.md": "Deploy on Fridays.\n"}
    assert at_vendor(sandbox, moved.store) == expected


def test_a_text_that_is_purged_while_a_plan_is_written_is_not_sent_any_more(
    people: People, sandbox: Sandbox, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("/people/ana.md", "/people/ana-copy.md", "/scratch/today.md"):
        agent_deletes(sandbox, snapshot.store, path)
    run = restoring.plan_restore(snapshot, by=people.dave)
    take = applying._take

    def take_then_purge(*about: Any) -> None:
        monkeypatch.undo()
        take(*about)
        purging.purge_text(Text.objects.get(sha256=digest_of(NOTES["/scratch/today.md"])), by=people.alice)

    monkeypatch.setattr(applying, "CHUNK", 1)
    monkeypatch.setattr(applying, "_take", take_then_purge)
    applying.confirm_run(run, digest=run.plan_digest, by=people.dave)
    carried_out(run)
    assert at_vendor(sandbox, snapshot.store).keys() == NOTES.keys() - {"/scratch/today.md"}


def test_paths_that_cannot_be_told_for_that_moment_are_left_as_they_stand(
    people: People, sandbox: Sandbox, moved: Snapshot
) -> None:
    Snapshot.objects.filter(pk=moved.pk).update(consistent=False, uncertain_paths=["/late.md"])
    moved.refresh_from_db()
    assert restored(people, moved).state == "done"
    assert at_vendor(sandbox, moved.store) == {**NOTES, "/late.md": "Late.\n"}


def test_what_would_be_left_may_stand_in_the_way_and_is_refused(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox, {"/a/b": "1"})
    kept = take_snapshot(store, Snapshot.Why.BY_HAND)
    rewrite(sandbox, store, {"/a": "2"})
    Snapshot.objects.filter(pk=kept.pk).update(uncertain_paths=["/a"])
    kept.refresh_from_db()
    with pytest.raises(Refusal, match="cannot both be memories"):
        restoring.plan_restore(kept, by=people.dave)


def test_an_archived_store_takes_no_restore(people: People, sandbox: Sandbox, snapshot: Snapshot) -> None:
    from dreams.services.tidy import archive_store

    archive_store(snapshot.store, by=people.dave)
    with pytest.raises(Refusal, match="into a new store"):
        restoring.plan_restore(snapshot, by=people.dave)


def test_two_plans_do_not_write_into_one_store_at_once(people: People, sandbox: Sandbox, moved: Snapshot) -> None:
    first = restoring.plan_restore(moved, by=people.dave)
    applying.confirm_run(first, digest=first.plan_digest, by=people.dave)
    second = restoring.plan_restore(moved, by=people.alice)
    with pytest.raises(Stale, match="Another plan"):
        applying.confirm_run(second, digest=second.plan_digest, by=people.alice)
    assert carried_out(first).state == "done"


@pytest.mark.parametrize("who", ["bob", "carol", "mallory"])
def test_only_operators_bring_back_and_import(people: People, snapshot: Snapshot, who: str) -> None:
    person = getattr(people, who)
    with pytest.raises(Forbidden):
        restoring.plan_restore(snapshot, by=person)
    with pytest.raises(Forbidden):
        restoring.draft_from_snapshot(snapshot, name="x", by=person)
    with pytest.raises(Forbidden):
        restoring.draft_from_files(people.workspace, Reading(files={"/a": b"a"}), name="x", by=person)
    run = restoring.plan_restore(snapshot, by=people.dave)
    with pytest.raises(Forbidden):
        applying.confirm_run(run, digest=run.plan_digest, by=person)


# -- a new store ------------------------------------------------------------------------------------------


def test_the_sweep_makes_and_fills_what_a_killed_worker_left(
    people: People, sandbox: Sandbox, snapshot: Snapshot
) -> None:
    restoring.draft_from_snapshot(snapshot, name="again", by=people.dave, token="t")
    for _ in range(3):  # makes and fills it; writes; finds nothing more
        sweeps.sweep_workspace(people.workspace)
    run = ApplyRun.objects.get()
    assert (run.mode, run.state) == ("restore", "done")
    assert at_vendor(sandbox, run.target) == NOTES
    said = list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))
    assert said[-3:] == ["asked for store", "created store", "restored store"]


@pytest.mark.parametrize("kind", ["drop_after_commit", "malformed"])
def test_a_store_whose_making_was_not_answered_is_found(people: People, sandbox: Sandbox, kind: str) -> None:
    sandbox.faults([{**CREATE_STORE, "kind": kind, **({"body": "html"} if kind == "malformed" else {})}])
    run = filled(people, connect(people), {"/a": "1"})
    assert run.state == "done"
    assert len(sandbox.state.all("store")) == 1


def test_one_that_was_never_made_is_asked_for_anew_only_by_a_person(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    sandbox.faults([{**CREATE_STORE, "kind": "reset"}])
    with pytest.raises(Unsettled):
        restoring.create_store(workspace, name="lost", description="", by=people.dave, token="t")
    with pytest.raises(Unsettled):
        restoring.create_store(workspace, name="lost", description="", by=people.dave, token="t")
    assert sandbox.state.all("store") == []
    assert restoring.create_store(workspace, name="lost", description="", by=people.dave, token="u").name == "lost"


def test_the_same_form_twice_is_one_store_and_two_forms_are_two(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    made = [
        restoring.create_store(workspace, name="twin", description="", by=people.dave, token=token)
        for token in ("one", "one", "two")
    ]
    assert made[0] == made[1] != made[2]
    assert len(sandbox.state.all("store")) == 2


def test_a_store_of_somebody_else_with_that_name_is_not_taken(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    first = restoring.create_store(workspace, name="twin", description="", by=people.dave, token="one")
    sandbox.faults([{**CREATE_STORE, "kind": "reset"}])
    with pytest.raises(Unsettled):
        restoring.create_store(workspace, name="twin", description="", by=people.dave, token="two")
    assert StoreDraft.objects.get(token="one").store == first


def test_a_rate_limit_is_waited_out_by_the_sweep(people: People, sandbox: Sandbox, snapshot: Snapshot) -> None:
    draft = restoring.draft_from_snapshot(snapshot, name="later", by=people.dave, token="t")
    sandbox.faults([{**CREATE_STORE, "kind": "status", "status": 429, "retry_after": 1}])
    sweeps.sweep_workspace(people.workspace)
    draft.refresh_from_db()
    assert draft.problem
    assert draft.store is None
    assert draft.next_check_at is not None
    StoreDraft.objects.update(next_check_at="2000-01-01T00:00Z")
    for _ in range(2):
        sweeps.sweep_workspace(people.workspace)
    assert ApplyRun.objects.get().state == "done"


def test_what_was_purged_here_is_refused_before_a_store_is_made_without_it(people: People, sandbox: Sandbox) -> None:
    text = keep_texts(people.workspace, ["Secret."])[digest_of("Secret.")]
    purging.purge_text(text, by=people.alice)
    reading = Reading(files={"/a.md": b"A.", "/secret.md": b"Secret."})
    draft = restoring.draft_from_files(people.workspace, reading, name="x", by=people.dave)
    assert draft.report["files"] == [["/a.md", 2]]
    assert draft.report["refused"] == [["secret.md", "These very bytes were purged here for good."]]


def test_what_is_no_memory_is_never_sent_in(people: People) -> None:
    with pytest.raises(Invalid, match="no file"):
        restoring.draft_from_files(people.workspace, Reading(), name="x", by=people.dave)


def test_a_new_store_that_somebody_wrote_to_first_keeps_that(
    people: People, sandbox: Sandbox, snapshot: Snapshot
) -> None:
    draft = restoring.draft_from_snapshot(snapshot, name="busy", by=people.dave, token="t")
    store = restoring.make_store(draft)
    agent_writes(sandbox, store, "/people/ana.md", "An agent was faster.\n")
    run = restoring.fill_store(draft)
    assert run is not None
    assert carried_out(run).state == "blocked"
    assert at_vendor(sandbox, store)["/people/ana.md"] == "An agent was faster.\n"
    again = restoring.plan_again(run, by=people.dave)
    assert carried_out(applying.confirm_run(again, digest=again.plan_digest, by=people.dave)).state == "done"
    assert at_vendor(sandbox, store) == NOTES


def test_a_store_at_the_vendor_is_no_target_of_somebody_elses_import(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    put_store(sandbox, {"/theirs.md": "theirs"}, name="imported")
    stores.refresh_stores(workspace)
    run = filled(people, workspace, {"/a": "1"})
    assert run.state == "done"
    assert len(sandbox.state.all("store")) == 2
