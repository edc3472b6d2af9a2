"""The loop once, through the services: a store dreams, people decide, the plan is applied, a deployment attached."""

from dreams.models import Change, Memory
from dreams.rules import review_states as states
from dreams.services import applying, reviews
from dreams.services.snapshots import shas_now, shas_of
from tests.factories import review_applied, review_approved, review_open
from tests.people import People
from tests.sandbox_server import Sandbox


def test_accepting_everything_leaves_the_output_as_the_dream_made_it(people: People, sandbox: Sandbox) -> None:
    review = review_applied(people, sandbox)
    assert shas_now(review.target) == shas_of(review.after)
    assert review.runs.get().steps.count() == 0


def test_keeping_every_original_writes_the_store_back_as_it_was(people: People, sandbox: Sandbox) -> None:
    review = review_applied(people, sandbox, states.KEPT)
    assert shas_now(review.target) == shas_of(review.before)
    at_vendor = {m["path"]: m["content_sha256"] for m in sandbox.state.memories(review.target.remote_id)}
    assert at_vendor == shas_of(review.before)
    assert review.runs.get().steps.count() > 0


def test_every_path_of_both_sides_belongs_to_exactly_one_change(people: People, sandbox: Sandbox) -> None:
    review = review_open(people, sandbox)
    rows = list(review.paths.values_list("side", "path"))
    assert sorted(p for s, p in rows if s == "before") == sorted(shas_of(review.before))
    assert sorted(p for s, p in rows if s == "after") == sorted(shas_of(review.after))


def test_an_edit_is_written_byte_for_byte(people: People, sandbox: Sandbox) -> None:
    review = review_open(people, sandbox)
    for change in Change.objects.filter(review=review, state=states.UNDECIDED):
        path = change.paths.first().path  # type: ignore[union-attr]
        text = f"Edited by Bob: {path}\u202e <script>\r\n"
        reviews.decide_change(change, states.EDITED, by=people.bob, seen_seq=0, texts={path: text})
    review = reviews.approve_review(review, by=people.bob)
    run, drift = applying.plan_review(review, by=people.dave)
    assert run is not None, drift
    applying.apply_run(applying.confirm_run(run, digest=run.plan_digest, by=people.dave))
    run.refresh_from_db()
    assert (run.state, run.problem) == ("done", "")
    bodies = [m.text.text for m in Memory.objects.filter(store=review.target).select_related("text")]
    edited = sum(body.startswith("Edited by Bob") and body.endswith("<script>\r\n") for body in bodies)
    assert edited == Change.objects.filter(review=review, state=states.EDITED).count() > 0


def test_a_memory_written_into_the_output_meanwhile_is_not_overwritten(people: People, sandbox: Sandbox) -> None:
    from tests.factories import agent_writes

    review = review_approved(people, sandbox, states.KEPT)
    path = next(iter(shas_of(review.after)))
    agent_writes(sandbox, review.target, path, "Somebody was here")
    run, drift = applying.plan_review(review, by=people.dave)
    assert run is None
    assert [d.path for d in drift] == [path]
