"""Everything that talks to the vendor, each with what must be true of it once it ended: done once, or not at all."""

from collections.abc import Callable

from dreams.models import Attachment, AuditEvent, Dream, Memory, Review, Store
from dreams.rules import dream_states as states
from dreams.rules import review_states
from dreams.rules.resources import sendable
from dreams.services import applying, attachments, dreams, memories, restoring, reviews, stores, tidy, workspaces
from dreams.services.reviews import decided_store
from dreams.services.snapshots import shas_of
from tests import factories
from tests.faults.bringing_back import BRINGING_BACK
from tests.faults.ground import LONG_AGO, Ground, Operation
from tests.faults.of_versions import VERSION_OPERATIONS
from tests.sandbox.seeds import deployment

NOTES = factories.NOTES
EDITED = "# Ana\n\nEdited by Bob.\n"


# -- reading ----------------------------------------------------------------------------------------------


def two_stores_at_the_vendor(ground: Ground) -> None:
    factories.connect(ground.people)
    put = factories.put_store
    many = put(ground.sandbox, {f"/notes/{n:02}.md": f"Note {n}\n" for n in range(21)}, "many")
    put(ground.sandbox, {}, "empty")
    deployment(
        ground.sandbox.state,
        resources=[{"type": "memory_store", "memory_store_id": many, "access": "read_write"}],
    )


def import_all(ground: Ground) -> None:
    ground.sweep()
    ground.sweep(lists=False)


def imported(ground: Ground, said: str) -> None:
    assert Store.objects.count() == 2


def agents_wrote(ground: Ground) -> None:
    store = ground.kept["store"] = factories.store_with(ground.people, ground.sandbox)
    factories.agent_writes(ground.sandbox, store, "/runbooks/deploy.md", "Deploy at 03:00.\n")
    factories.agent_writes(ground.sandbox, store, "/new.md", "New.\n")
    factories.agent_deletes(ground.sandbox, store, "/scratch/today.md")


def agents_wrote_and_a_walk_is_due(ground: Ground) -> None:
    agents_wrote(ground)
    Store.objects.update(walked_at=LONG_AGO)


def nothing_more(ground: Ground, said: str) -> None:
    """What every operation must hold is enough."""


# -- dreams -----------------------------------------------------------------------------------------------


def dream_asked(ground: Ground) -> None:
    store = factories.store_with(ground.people, ground.sandbox)
    session = factories.put_session(ground.sandbox, store)
    ground.kept["dream"] = factories.dream_requested(ground.people, ground.sandbox, store, [session])


def dream_launched(ground: Ground) -> None:
    dream_asked(ground)
    dreams.start_dream(ground.state("dream"))


def dream_ended_at_vendor(ground: Ground) -> None:
    dream_launched(ground)
    ended_at_vendor(ground)


def ended_at_vendor(ground: Ground) -> None:
    from sandbox.dreams import advance

    factories.until(
        lambda: all(dream["status"] in states.FINAL for dream in ground.dreams_at_vendor()),
        lambda: advance(ground.sandbox.state),
    )


def dream_runs(ground: Ground) -> None:
    ground.sandbox.state.speed = 0.001
    dream_launched(ground)


def launched_once(ground: Ground, said: str) -> None:
    """One dream at the vendor, read to its end, with one review; or none, and a sentence that says so."""
    dream: Dream = ground.state("dream")
    if dream.state == states.NOT_CREATED:
        assert dream.problem
        assert ground.dreams_at_vendor() == []
        return
    followed_to_its_end(ground, said)


def followed_to_its_end(ground: Ground, said: str) -> None:
    dream: Dream = ground.state("dream")
    assert [made["id"] for made in ground.dreams_at_vendor()] == [dream.remote_id]
    assert Dream.objects.count() == 1
    assert (dream.state, dream.problem) == (states.COMPLETED, "")
    assert dream.output_store is not None
    assert dream.output_snapshot is not None
    assert {path: text.text.text for path, text in _entries(dream)} == ground.contents(dream.output_store.remote_id)
    review = Review.objects.get()
    assert (review.dream, review.state) == (dream, review_states.OPEN)
    verbs = list(AuditEvent.objects.filter(noun="dream").order_by("id").values_list("verb", flat=True))
    assert verbs.count("started dream") == 1
    assert verbs.count("dream completed") == 1


def _entries(dream: Dream) -> list[tuple[str, object]]:
    assert dream.output_snapshot is not None
    return [(entry.path, entry) for entry in dream.output_snapshot.manifest.entries.select_related("text")]


def launch(ground: Ground) -> None:
    dreams.start_dream(ground.state("dream"))


def follow(ground: Ground) -> None:
    ground.sweep(lists=False)
    ground.sweep(lists=False)


def cancel(ground: Ground) -> None:
    dreams.cancel_dream(ground.state("dream"), by=ground.people.dave)


def canceled_or_told(ground: Ground, said: str) -> None:
    """Who was told nothing canceled it; who was told something reads the vendor's truth a moment later."""
    dream: Dream = ground.state("dream")
    (made,) = ground.dreams_at_vendor()
    assert (dream.remote_id, dream.state) == (made["id"], made["status"])
    if not said:
        assert dream.state == states.CANCELED
        assert dream.cancel_requested_at is not None


# -- reviews, plans, runs ---------------------------------------------------------------------------------


def review_waits_for_a_plan(ground: Ground) -> None:
    """An approved review whose plan is one create, one update and one delete; a deployment mounts its input."""
    review = factories.review_open(ground.people, ground.sandbox)
    for change in review.changes.filter(state=review_states.UNDECIDED):
        edited = change.kind == "merged"
        outcome = review_states.EDITED if edited else review_states.KEPT
        texts = {"/people/ana.md": EDITED} if edited else None
        reviews.decide_change(change, outcome, by=ground.people.bob, seen_seq=change.seq, texts=texts)
    ground.kept["review"] = reviews.approve_review(review, by=ground.people.bob)
    ground.kept["target"] = review.target
    ground.kept["written before"] = len(ground.versions(review.target.remote_id))


def plan(ground: Ground) -> None:
    run, drift = applying.plan_review(ground.state("review"), by=ground.people.dave)
    assert drift == []
    assert run is not None


def planned_or_told(ground: Ground, said: str) -> None:
    review: Review = ground.state("review")
    planned = review.runs.filter(state="planned")
    assert said or planned.count() == 1
    written_once(ground, 0)
    if said:
        plan(ground)  # nothing stands in the way of asking again
        assert planned.count() == 1


def plan_confirmed(ground: Ground) -> None:
    review_waits_for_a_plan(ground)
    plan(ground)
    run = ground.state("review").runs.get()
    ground.kept["run"] = applying.confirm_run(run, digest=run.plan_digest, by=ground.people.dave)


def apply(ground: Ground) -> None:
    applying.apply_run(ground.state("run"))


def applied_once(ground: Ground, said: str) -> None:
    """The store is what was decided, each step written once; or the run says why not, and a new plan finishes it."""
    run = ground.state("run")
    review: Review = ground.state("review")
    if run.state != "done":
        assert (run.state, review.state) == ("blocked", review_states.APPROVED)
        assert run.problem
        plan(ground)
        again = review.runs.get(state="planned")
        applying.apply_run(applying.confirm_run(again, digest=again.plan_digest, by=ground.people.dave))
        ground.settle()
        again.refresh_from_db()
        assert (again.state, again.problem) == ("done", "")
        review.refresh_from_db()
    assert review.state == review_states.APPLIED
    held = {m["path"]: m["content_sha256"] for m in ground.sandbox.state.memories(review.target.remote_id)}
    assert held == decided_store(review)
    assert len(held) == len(shas_of(review.before)) - 1  # two notes were merged, all others kept
    written_once(ground, 3)
    assert review.target.snapshots.filter(why="after_apply").count() == 1


def written_once(ground: Ground, count: int) -> None:
    """So many versions came into the output store."""
    now = ground.versions(ground.kept["target"].remote_id)
    assert len(now) - ground.kept["written before"] == count, [v["operation"] for v in now]


# -- attachments ------------------------------------------------------------------------------------------


def ready_to_attach(ground: Ground) -> None:
    review = factories.review_applied(ground.people, ground.sandbox)
    entry = {"type": "memory_store", "memory_store_id": review.before.store.remote_id, "access": "read_write"}
    file = {"type": "file", "file_id": "file_1", "mount_path": "/f"}
    made = deployment(ground.sandbox.state, resources=[entry, file])
    attachments.prepare_attachment(review)
    ground.kept.update(review=review, deployment=made["id"], before=made["resources"])
    ground.kept["digest"] = attachments.offers_for(review)[0].before_digest


def mounted(ground: Ground) -> object:
    """The resources of the deployment at the vendor, without what its answers only echo."""
    return sendable(ground.resources(ground.kept["deployment"]))


def ask_to_attach(ground: Ground) -> None:
    review: Review = ground.state("review")
    drift = attachments.drift_digest(attachments.written_since(review), review)
    chosen = {ground.kept["deployment"]: ground.kept["digest"]}
    (made,) = attachments.attach_store(review, chosen=chosen, seen_drift=drift, by=ground.people.dave)
    ground.kept["attachment"] = made


def asked_or_told(ground: Ground, said: str) -> None:
    assert Attachment.objects.count() == (0 if said else 1)
    if said:
        assert mounted(ground) == ground.kept["before"]
        ask_to_attach(ground)
        ground.settle()
    ground.kept["attachment"] = Attachment.objects.get()
    attached_once(ground, "")


def attach_asked(ground: Ground) -> None:
    ready_to_attach(ground)
    ask_to_attach(ground)


def attach(ground: Ground) -> None:
    attachments.attach_one(ground.state("attachment"))


def attached_once(ground: Ground, said: str) -> None:
    """The deployment holds the new list, exactly; or the old one, and the row says why and can be asked again."""
    attachment: Attachment = ground.state("attachment")
    now = mounted(ground)
    if attachment.state == Attachment.State.REFUSED:
        assert attachment.problem
        assert now == sendable(attachment.before)
        ask_to_attach(ground)
        ground.settle()
        attachment = ground.state("attachment")
        now = mounted(ground)
    assert (attachment.state, attachment.problem) == ("done", "")
    assert now == attachment.after
    assert attachment.line.current_store == attachment.to_store
    assert updates(ground) <= 2


def updates(ground: Ground) -> int:
    """How often a deployment was sent since the faults were lifted last."""
    return sum(asked["method"] == "POST" and "/deployments/" in asked["path"] for asked in ground.sandbox.requests())


def undo_asked(ground: Ground) -> None:
    attach_asked(ground)
    attach(ground)
    ask_to_undo(ground)


def ask_to_undo(ground: Ground) -> None:
    ground.kept.setdefault("attached", ground.kept["attachment"])
    attached: Attachment = ground.state("attached")
    assert attached.state == "done", attached.problem
    ground.kept["attachment"] = attachments.undo_attachment(attached, by=ground.people.dave)


def undone_once(ground: Ground, said: str) -> None:
    attachment: Attachment = ground.state("attachment")
    if attachment.state == Attachment.State.REFUSED:
        assert attachment.problem
        assert mounted(ground) == ground.state("attached").after
        ask_to_undo(ground)
        ground.settle()
        attachment = ground.state("attachment")
    assert (attachment.state, attachment.problem) == ("done", "")
    assert mounted(ground) == ground.kept["before"]
    assert attachment.line.current_store == attachment.to_store


# -- single memories and stores ---------------------------------------------------------------------------


def store_open(ground: Ground) -> None:
    store = ground.kept["store"] = factories.store_with(ground.people, ground.sandbox)
    ground.kept["memory"] = Memory.objects.select_related("text").get(store=store, path="/people/ana.md")
    ground.kept["versions"] = len(ground.versions(store.remote_id))


def create_memory(ground: Ground) -> None:
    memories.create_memory(ground.state("store"), path="/new.md", content="New.\n", by=ground.people.alice)


def edit_memory(ground: Ground) -> None:
    memory: Memory = ground.kept["memory"]
    memories.edit_memory(memory, content="Edited.\n", seen_sha=memory.text.sha256, by=ground.people.alice)


def rename_memory(ground: Ground) -> None:
    memory: Memory = ground.kept["memory"]
    memories.rename_memory(memory, path="/people/renamed.md", seen_sha=memory.text.sha256, by=ground.people.alice)


def delete_memory(ground: Ground) -> None:
    memory: Memory = ground.kept["memory"]
    memories.delete_memory(memory, seen_sha=memory.text.sha256, by=ground.people.alice)


WRITTEN = {
    "create": {**NOTES, "/new.md": "New.\n"},
    "edit": {**NOTES, "/people/ana.md": "Edited.\n"},
    "rename": {("/people/renamed.md" if path == "/people/ana.md" else path): text for path, text in NOTES.items()},
    "delete": {path: text for path, text in NOTES.items() if path != "/people/ana.md"},
}


def memory_written(verb: str) -> Callable[[Ground, str], None]:
    """The check of one write: there once when nothing was said; else once or not at all, and the words are true."""

    def check(ground: Ground, said: str) -> None:
        store_id = ground.kept["store"].remote_id
        now, new = ground.contents(store_id), len(ground.versions(store_id)) - ground.kept["versions"]
        done = now == WRITTEN[verb]
        assert done or now == NOTES
        assert new == (1 if done else 0)
        told = said.lower()
        assert done or said, "nothing was said, and nothing was written"
        assert not (done and "nothing was" in told), said
        assert AuditEvent.objects.filter(verb__endswith=" memory").count() == (0 if said else 1)

    return check


def new_store(ground: Ground) -> None:
    restoring.create_store(ground.workspace, name="fresh", description="", by=ground.people.alice)


def store_made_once(ground: Ground, said: str) -> None:
    made = [head for head in ground.sandbox.state.all("store") if head["name"] == "fresh"]
    assert len(made) <= 1
    assert said or made
    assert not (made and "nothing was" in said.lower()), said


def archive_store(ground: Ground) -> None:
    tidy.archive_store(ground.state("store"), by=ground.people.alice)


def store_archived(ground: Ground, said: str) -> None:
    (head,) = ground.sandbox.state.all("store")
    assert said or head["archived_at"]
    assert not (head["archived_at"] and "nothing was" in said.lower()), said


def delete_store(ground: Ground) -> None:
    tidy.delete_store(ground.state("store"), typed_name="support", by=ground.people.alice)


def store_deleted(ground: Ground, said: str) -> None:
    left = ground.sandbox.state.all("store")
    assert said or not left
    assert left or "nothing was" not in said.lower(), said
    rows = Memory.objects.filter(store=ground.kept["store"]).select_related("text")
    assert {row.path: row.text.text for row in rows} == NOTES  # what it held stays readable here


def connect_again(ground: Ground) -> None:
    workspaces.connect_key(ground.workspace, "sk-another-key", by=ground.people.alice)


OPERATIONS = [
    Operation("first import", two_stores_at_the_vendor, import_all, imported),
    Operation("incremental sync", agents_wrote, lambda g: stores.sync_store(g.state("store")), nothing_more),
    Operation(
        "daily walk", agents_wrote_and_a_walk_is_due, lambda g: stores.sync_store(g.state("store")), nothing_more
    ),
    Operation("launch", dream_asked, launch, launched_once),
    Operation("follow", dream_ended_at_vendor, follow, followed_to_its_end),
    Operation("cancel", dream_runs, cancel, canceled_or_told),
    Operation("plan", review_waits_for_a_plan, plan, planned_or_told),
    Operation("apply", plan_confirmed, apply, applied_once),
    Operation("ask to attach", ready_to_attach, ask_to_attach, asked_or_told),
    Operation("attach", attach_asked, attach, attached_once),
    Operation("undo attach", undo_asked, attach, undone_once),
    Operation("create memory", store_open, create_memory, memory_written("create")),
    Operation("edit memory", store_open, edit_memory, memory_written("edit")),
    Operation("rename memory", store_open, rename_memory, memory_written("rename")),
    Operation("delete memory", store_open, delete_memory, memory_written("delete")),
    *VERSION_OPERATIONS,
    Operation("create store", store_open, new_store, store_made_once),
    Operation("archive store", store_open, archive_store, store_archived),
    Operation("delete store", store_open, delete_store, store_deleted),
    Operation("connect a key", store_open, connect_again, nothing_more),
    *BRINGING_BACK,
]
