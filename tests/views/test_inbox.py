"""The inbox: what waits on whom at each moment of the job, and a count that says the same."""

import html
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import ApplyRun, Attachment, Dream, Membership, Review, Snapshot, Store, StoreLine, User, Workspace
from dreams.queries.inbox import Inbox, count_waiting, inbox_of
from dreams.rules import dream_states, roles
from dreams.rules import review_states as states
from dreams.rules.archives import Reading
from dreams.services import applying, restoring, reviews, snapshots, sweeps
from dreams.services.stores import refresh_stores, sync_store
from tests.factories import (
    agent_writes,
    connect,
    dream_completed,
    dream_requested,
    put_session,
    put_store,
    review_applied,
    review_approved,
    review_decided,
    review_open,
    store_with,
)
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only
from tests.views.snapshotting import carried_out, moved, snapshot

__all__ = ["moved", "snapshot"]

URL = "/acme/"
pytestmark = pytest.mark.django_db


def inbox(user: User) -> Inbox:
    """The inbox of this person; the number in the top bar must say the same."""
    membership = Membership.objects.select_related("workspace", "user").get(user=user, workspace__slug="acme")
    found = inbox_of(membership)
    assert count_waiting(membership) == found.yours.paginator.count
    return found


def yours(user: User) -> list[str]:
    return [item.words for item in inbox(user).yours]


def others(user: User) -> list[str]:
    return [item.words for item in inbox(user).others]


def read(user: User) -> str:
    return browser_of(user).get(URL).content.decode()


def test_members_read_it_and_nobody_else(people: People) -> None:
    assert_members_only(people, URL)
    assert_only(people, URL, "get")
    assert_fragment(people, URL, "inbox")


# --- whose turn it is ------------------------------------------------------------------------------------------------


def test_an_open_review_waits_on_who_may_approve_but_not_on_who_started_the_dream(
    people: People, sandbox: Sandbox
) -> None:
    review_open(people, sandbox)
    assert yours(people.bob) == yours(people.alice) == ["Review the dream of"]
    assert yours(people.dave) == yours(people.carol) == []
    assert others(people.dave) == others(people.carol) == ["Review the dream of"]
    assert "one of the other reviewers has to approve it" in inbox(people.dave).others[0].note
    assert inbox(people.carol).others[0].note == ""


def test_it_waits_on_the_starter_too_when_nobody_else_may_approve(people: People, sandbox: Sandbox) -> None:
    review_open(people, sandbox)
    Membership.objects.filter(user__in=[people.alice, people.bob]).update(role=roles.VIEWER)
    assert yours(people.dave) == ["Review the dream of"]
    Workspace.objects.filter(slug="acme").update(allow_self_approval=False)
    assert yours(people.dave) == []
    assert "an admin can add a reviewer" in inbox(people.dave).others[0].note


def test_the_line_of_a_review_tells_what_is_in_it(people: People, sandbox: Sandbox) -> None:
    review = review_open(people, sandbox)
    changes = review.changes.filter(state=states.UNDECIDED)
    changes.update(lost_count=0, altered_count=0, flag_count=0)
    first = changes.order_by("position")[0]
    changes.filter(pk=first.pk).update(lost_count=2, flag_count=1)
    total = changes.count()
    item = inbox(people.bob).yours[0]
    assert item.progress == (0, total, "decided")
    assert (item.loss, list(item.facts)) == ("2 sentences lost", ["1 flag", "started by Dave"])
    reviews.decide_change(first, states.KEPT, by=people.bob, seen_seq=first.seq)
    item = inbox(people.bob).yours[0]
    assert (item.words, item.progress) == ("Go on reviewing the dream of", (1, total, "decided"))
    page = read(people.bob)
    assert f'href="/acme/reviews/{review.pk}/"' in page
    assert "data-waiting" in page


def test_a_decided_review_waits_for_its_approval(people: People, sandbox: Sandbox) -> None:
    review_decided(people, sandbox)
    assert yours(people.bob) == ["Approve the review of"]


def test_an_approved_review_waits_on_operators(people: People, sandbox: Sandbox) -> None:
    review_approved(people, sandbox)
    assert yours(people.dave) == yours(people.alice) == ["Apply what was approved for"]
    assert yours(people.bob) == []
    assert others(people.bob) == ["Apply what was approved for"]


def test_a_stopped_run_is_told_with_its_reason(people: People, sandbox: Sandbox) -> None:
    review = review_approved(people, sandbox)
    run, _ = applying.plan_review(review, by=people.dave)
    assert run is not None
    ApplyRun.objects.filter(pk=run.pk).update(state="blocked", problem="Two memories are not what was decided.")
    item = inbox(people.dave).yours[0]
    assert item.words == "Apply again what was approved for"
    assert "Two memories are not what was decided." in item.note


def attach(review: Review, by: User, state: str, **more: object) -> Attachment:
    """An attachment of the review as it would stand in the ledger."""
    now = timezone.now()
    return Attachment.objects.create(
        workspace=review.workspace, line=review.line, review=review, deployment_id=f"depl_{state}",
        deployment_name="support-triage", from_store=review.before.store, to_store=review.target, before=[], after=[],
        by=by, asked_at=now, state=state, done_at=now if state == "done" else None, **more,
    )  # fmt: skip


def test_an_applied_review_waits_to_be_attached(people: People, sandbox: Sandbox) -> None:
    review = review_applied(people, sandbox)
    assert yours(people.dave) == ["Attach the reviewed store of"]
    assert yours(people.bob) == []
    assert others(people.bob) == ["Attach the reviewed store of"]
    refused = attach(review, people.dave, "refused", problem="Somebody changed this deployment.")
    assert "support-triage: Somebody changed this deployment." in inbox(people.dave).yours[0].note
    refused.delete()
    attach(review, people.dave, "doing")
    assert yours(people.dave) == []


@pytest.mark.parametrize("how", ["current", "attached", "archived", "newer"])
def test_an_applied_review_that_is_used_or_useless_waits_no_more(people: People, sandbox: Sandbox, how: str) -> None:
    review = review_applied(people, sandbox)
    if how == "current":
        StoreLine.objects.filter(pk=review.line_id).update(current_store=review.target)
    elif how == "attached":
        attach(review, people.dave, "done")
    elif how == "archived":
        Store.objects.filter(pk=review.target_id).update(archived_at=timezone.now())
    else:
        Review.objects.create(
            workspace=review.workspace, line=review.line, before=review.before, after=review.after,
            target=review.target, state=states.APPLIED, opened_at=timezone.now(),
        )  # fmt: skip
    assert yours(people.dave) == (["Attach the reviewed store of"] if how == "newer" else [])


# --- dreams that need a person ---------------------------------------------------------------------------------------


def found_elsewhere(people: People, sandbox: Sandbox) -> Dream:
    """A completed dream that nobody here started and nobody reviews."""
    review = review_open(people, sandbox)
    dream = review.dream
    assert dream is not None
    review.delete()
    Dream.objects.filter(pk=dream.pk).update(origin=Dream.Origin.FOUND, requested_by=None)
    return Dream.objects.get(pk=dream.pk)


def test_a_dream_found_elsewhere_waits_on_who_may_review_it(people: People, sandbox: Sandbox) -> None:
    dream = found_elsewhere(people, sandbox)
    assert yours(people.bob) == yours(people.dave) == ["Open a review of the dream over"]
    assert inbox(people.bob).yours[0].facts == ["started elsewhere"]
    assert others(people.carol) == ["Open a review of the dream over"]
    assert reviews.open_review(dream, by=people.bob) is not None
    assert yours(people.bob) == ["Review the dream of"]


@pytest.mark.parametrize("why", ["in use", "overtaken", "gone"])
def test_a_dream_found_elsewhere_that_no_longer_matters_does_not_wait(
    people: People, sandbox: Sandbox, why: str
) -> None:
    dream = found_elsewhere(people, sandbox)
    if why == "in use":
        StoreLine.objects.filter(pk=dream.line_id).update(current_store=dream.output_store)
    elif why == "overtaken":
        Dream.objects.create(
            workspace=dream.workspace, line=dream.line, store=dream.store, model="m", requested_at=timezone.now(),
            state=dream_states.RUNNING, origin=Dream.Origin.FOUND, remote_id="drm_newer",
        )  # fmt: skip
    else:
        Store.objects.filter(pk=dream.output_store_id).update(gone_at=timezone.now())
    assert yours(people.bob) == []


def test_a_newer_dream_waits_behind_the_open_review_of_its_line(people: People, sandbox: Sandbox) -> None:
    review = review_open(people, sandbox)
    newer = dream_completed(people, sandbox, review.before.store, [put_session(sandbox, review.before.store)])
    assert yours(people.bob) == ["Review the dream of", "A newer dream waits behind the review of"]
    assert others(people.carol) == ["Review the dream of", "A newer dream waits behind the review of"]
    reviews.supersede_review(review, newer, by=people.bob)
    assert yours(people.bob) == ["Review the dream of"]
    assert [item.words for item in inbox(people.bob).recent] == ["Superseded the review of"]


FELL = {
    dream_states.FAILED: ("Your dream failed:", {"error_type": "timeout"}, "longer than the vendor allows"),
    dream_states.NOT_CREATED: ("Your dream was not started:", {"problem": "Not enrolled."}, "Not enrolled."),
    dream_states.CANCELED: ("Your dream was canceled elsewhere:", {}, ""),
    dream_states.UNKNOWN: ("Nobody confirmed your dream yet:", {"problem": "No answer."}, "No answer."),
    dream_states.COMPLETED: ("Your dream left nothing:", {"problem": "No output store."}, "No output store."),
}


@pytest.fixture
def asked(people: People, sandbox: Sandbox) -> Callable[..., Dream]:
    """Dave's dream, put into a state."""
    store = store_with(people, sandbox)
    dream = dream_requested(people, sandbox, store, [put_session(sandbox, store)])

    def put(state: str, **fields: object) -> Dream:
        ended = timezone.now() if state in dream_states.FINAL else None
        now = {"state": state, "ended_at": ended, "next_check_at": None, "claim": "", "claimed_at": None, **fields}
        Dream.objects.filter(pk=dream.pk).update(**now)
        return dream

    return put


@pytest.mark.parametrize("state", FELL)
def test_a_dream_that_ended_unasked_comes_to_who_asked_for_it(
    people: People, asked: Callable[..., Dream], state: str
) -> None:
    words, fields, note = FELL[state]
    asked(state, **fields)
    assert yours(people.dave) == [words]
    assert note in inbox(people.dave).yours[0].note
    assert yours(people.alice) == []
    assert words not in read(people.alice)


def test_what_one_did_oneself_or_long_ago_is_no_news(people: People, asked: Callable[..., Dream]) -> None:
    asked(dream_states.CANCELED, cancel_requested_at=timezone.now())
    assert yours(people.dave) == []
    assert [item.words for item in inbox(people.dave).recent] == ["Dream canceled over"]
    asked(dream_states.FAILED, ended_at=timezone.now() - timedelta(days=8))
    assert yours(people.dave) == []


def test_asking_again_clears_the_failure_of_before(
    people: People, sandbox: Sandbox, asked: Callable[..., Dream]
) -> None:
    dream = asked(dream_states.FAILED)
    assert yours(people.dave) == ["Your dream failed:"]
    dream_requested(people, sandbox, dream.store, [put_session(sandbox, dream.store)])
    assert yours(people.dave) == []


# --- what goes on, and what was done ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "words"),
    [("requested", "Starting a dream over"), ("running", "Dreaming over"), ("pending", "Dreaming over")],
)
def test_a_dream_under_way_goes_on_and_the_page_looks_again(
    people: People, asked: Callable[..., Dream], state: str, words: str
) -> None:
    asked(state)
    assert [item.words for item in inbox(people.carol).going] == [words]
    assert 'hx-trigger="every 5s"' in read(people.carol)


def test_an_ended_dream_is_still_being_read_for_a_moment(people: People, asked: Callable[..., Dream]) -> None:
    asked(dream_states.COMPLETED, next_check_at=timezone.now())
    assert [item.words for item in inbox(people.dave).going] == ["Reading what the dream left of"]
    assert yours(people.dave) == []


def test_a_run_and_an_attachment_under_way_are_told(people: People, sandbox: Sandbox) -> None:
    review = review_approved(people, sandbox, states.KEPT)
    run, _ = applying.plan_review(review, by=people.dave)
    assert run is not None
    applying.confirm_run(run, digest=run.plan_digest, by=people.dave)
    steps = run.steps.count()
    going = inbox(people.carol).going
    assert [(item.words, item.progress) for item in going] == [("Applying to", (0, steps, "written"))]
    attach(review, people.dave, "waiting")
    assert [item.words for item in inbox(people.carol).going] == ["Attaching to", "Applying to"]


def test_what_was_done_lately_is_told_newest_first(people: People, sandbox: Sandbox) -> None:
    review = review_applied(people, sandbox)
    attach(review, people.dave, "done")
    attach(review, people.dave, "refused", problem="Changed meanwhile.")
    told = [(item.words, item.badge[1]) for item in inbox(people.carol).recent]
    assert sorted(told) == [
        ("Applied the review of", "Applied"),
        ("Attached to", "Attached"),
        ("Nothing was changed at", "Refused"),
    ]
    assert inbox(people.carol).recent[-1].words == "Applied the review of"


def test_a_discarded_review_is_told_with_its_reason(people: People, sandbox: Sandbox) -> None:
    reviews.discard_review(review_open(people, sandbox), reason="It forgot <b>Ana</b>", by=people.bob)
    page = read(people.carol)
    assert "Discarded the review of" in page
    assert "It forgot &lt;b&gt;Ana&lt;/b&gt;" in page


# --- its empty states, its liveness, its cost ------------------------------------------------------------------------


def test_a_restore_that_stopped_waits_on_operators_until_it_is_planned_again(
    people: People, sandbox: Sandbox, moved: Snapshot
) -> None:
    run = restoring.plan_restore(moved, by=people.dave)
    applying.confirm_run(run, digest=run.plan_digest, by=people.dave)
    assert [item.words for item in inbox(people.carol).going] == ["Restoring"]
    agent_writes(sandbox, moved.store, "/runbooks/deploy.md", "Written while it was being restored.\n")
    assert carried_out(run).state == ApplyRun.State.BLOCKED
    assert yours(people.dave) == ["Restoring stopped half-way:"]
    assert others(people.carol) == ["Restoring stopped half-way:"]
    assert run.problem in html.unescape(read(people.dave))
    again = restoring.plan_again(run, by=people.dave)
    assert yours(people.dave) == []
    applying.confirm_run(again, digest=again.plan_digest, by=people.dave)
    assert carried_out(again).state == ApplyRun.State.DONE
    assert [item.words for item in inbox(people.carol).recent] == ["Restored"]


def test_a_store_that_could_not_be_made_to_be_filled_waits_on_operators(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    draft = restoring.draft_from_files(workspace, Reading({"/a.md": b"A\n"}), name="Imported", by=people.dave)
    sandbox.faults([{"method": "POST", "path": "/v1/memory_stores", "kind": "status", "status": 400}])
    draft = restoring.confirm_draft(draft, name="Imported", by=people.dave)
    sweeps.attempt(restoring.fill_store, draft)
    assert yours(people.dave) == ["A new store could not be made:"]
    assert yours(people.bob) == []
    assert f"/acme/stores/import/{draft.pk}/" in read(people.dave)


def test_without_a_key_it_says_how_to_begin_to_who_can(people: People) -> None:
    page = read(people.alice)
    assert "Begin with a key" in page
    assert "/acme/settings/" in page
    assert "you need the role admin" in read(people.bob)


def test_an_import_in_progress_is_told_and_linked(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    assert "list of memory stores is being read" in read(people.bob)
    put_store(sandbox, {"/a.md": "x"})
    refresh_stores(workspace)
    page = read(people.bob)
    assert "0 of 1 memory stores are read" in page
    assert "/acme/import/" in page
    assert "every 5s" in page
    sync_store(Store.objects.get())
    page = read(people.bob)
    assert "/acme/import/" not in page
    assert "every 5s" not in page
    assert "Nothing has dreamt yet" in page


def test_inbox_zero_says_so(people: People, sandbox: Sandbox) -> None:
    reviews.discard_review(review_open(people, sandbox), reason="no", by=people.bob)
    assert "Nothing waits on you" in read(people.bob)


def test_the_count_stands_in_the_title_and_the_bar_and_comes_with_the_fragment(
    people: People, sandbox: Sandbox
) -> None:
    review_open(people, sandbox)
    assert "<title>(1) Inbox" in read(people.bob)
    assert "<title>Inbox" in read(people.dave)
    fragment = browser_of(people.bob).get(URL, headers={"HX-Request": "true"}).content.decode()
    assert '<span id="inbox-count" hx-swap-oob="true"> <span class="count">1' in fragment
    assert "<title>(1) Inbox" in fragment


def test_hostile_names_are_shown_and_not_run(people: People, sandbox: Sandbox) -> None:
    review = review_open(people, sandbox)
    Store.objects.filter(pk=review.before.store_id).update(name="<img src=x onerror=alert(1)>\u202e")
    page = read(people.bob)
    assert "<img src=x" not in page
    assert "\u202e" not in page


def test_looking_asks_the_vendor_nothing(people: People, sandbox: Sandbox) -> None:
    review_open(people, sandbox)
    sandbox.requests(clear=True)
    read(people.bob)
    assert sandbox.requests() == []


def test_another_workspaces_reviews_are_not_shown(people: People, sandbox: Sandbox) -> None:
    review_open(people, sandbox)
    assert "Review the dream of" not in browser_of(people.mallory).get("/acme-rival/").content.decode()


def fill(people: People, sandbox: Sandbox, count: int) -> None:
    """A line with a thing of each kind, `count` times; by rows, since the loop itself is tested elsewhere."""
    workspace, now = people.workspace, timezone.now()
    for number in range(count):
        store_id = put_store(sandbox, {"/a.md": "x"}, name=f"store {number}")
        refresh_stores(workspace)
        store = sync_store(Store.objects.get(remote_id=store_id))
        snapshot = snapshots.freeze(store, "dream_output")
        common = {"workspace": workspace, "line": store.line}
        asked = {**common, "store": store, "requested_by": people.alice, "requested_at": now, "model": "m"}
        for state in (dream_states.RUNNING, dream_states.FAILED, dream_states.UNKNOWN):
            Dream.objects.create(**asked, ended_at=now, state=state)
        both = {**common, "before": snapshot, "after": snapshot, "target": store, "opened_at": now}
        review = Review.objects.create(**both)
        review.changes.create(key="k", kind="modified", title="/a.md", position=0, lost_count=1)
        Review.objects.create(**both, state=states.DISCARDED, closed_by=people.bob, closed_at=now, reason="no")
        runs = {"review": review, "planned_by": people.dave, "planned_at": now}
        runs |= {"confirmed_by": people.dave, "confirmed_at": now, "ended_at": now, "target": store}
        ApplyRun.objects.create(**runs, state="running")
        ApplyRun.objects.create(**runs, state="done")
        for state in ("doing", "done", "refused"):
            Attachment.objects.create(
                **common, review=review, deployment_id=f"depl_{store.pk}_{state}", deployment_name="d",
                from_store=store, to_store=store, before=[], after=[], by=people.dave, asked_at=now, state=state,
                done_at=now,
            )  # fmt: skip


def test_the_number_of_queries_does_not_grow(people: People, sandbox: Sandbox) -> None:
    connect(people)
    client, counts = browser_of(people.alice), []
    for more in (3, 27):
        fill(people, sandbox, more)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert inbox(people.alice).yours.paginator.count > 50
    assert "page=2" in read(people.alice)
