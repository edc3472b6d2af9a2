"""The page of a plan without a review: what will be written, what stopped it, and planning it again."""

import pytest

from dreams.models import ApplyRun, Snapshot, Text
from dreams.services import purging, restoring, stores
from dreams.services.texts import digest_of
from tests.factories import NOTES, agent_writes
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only
from tests.views.snapshotting import at_vendor, carried_out, moved, snapshot, words

__all__ = ["moved", "snapshot"]


@pytest.fixture
def run(people: People, moved: Snapshot) -> ApplyRun:
    """One create, one update, one delete, planned."""
    return restoring.plan_restore(moved, by=people.dave)


def page_of(people: People, run: ApplyRun, query: str = "", who: str = "dave") -> str:
    answer = browser_of(getattr(people, who)).get(f"/acme/runs/{run.pk}/{query}")
    assert answer.status_code == 200
    return words(answer)


def confirmed(people: People, run: ApplyRun) -> ApplyRun:
    answer = browser_of(people.dave).post(f"/acme/runs/{run.pk}/confirm/", {"digest": run.plan_digest})
    assert answer.status_code == 302
    run.refresh_from_db()
    return run


def test_members_read_it_and_nobody_else(people: People, run: ApplyRun) -> None:
    assert_members_only(people, f"/acme/runs/{run.pk}/")
    assert_fragment(people, f"/acme/runs/{run.pk}/", "run")
    assert browser_of(people.mallory).get(f"/acme-rival/runs/{run.pk}/").status_code == 404
    assert_only(people, f"/acme/runs/{run.pk}/again/", "post")
    assert_members_only(people, f"/acme/runs/{run.pk}/again/", method="post")


def test_the_plan_says_what_it_writes_and_what_keeps_the_way_back(people: People, run: ApplyRun) -> None:
    page = page_of(people, run)
    before = Snapshot.objects.get(why=Snapshot.Why.BEFORE_RESTORE)
    assert "Writes 2 memories into <b>support</b> (1 of them new) and removes 1: 3 calls to the API." in page
    assert f'<a href="/acme/snapshots/{before.pk}/">What the store holds now is kept</a>' in page
    assert "Confirm and make 3 writes" in page
    assert "review" not in page.lower().split('id="run"')[1].split("</main>")[0]
    assert "<del>" in page_of(people, run, "?step=2")


def test_the_bar_places_it_among_the_stores(people: People, run: ApplyRun) -> None:
    page = browser_of(people.dave).get(f"/acme/runs/{run.pk}/").content.decode()
    assert 'href="/acme/stores/" aria-current="page"' in page
    assert 'href="/acme/dreams/" aria-current="page"' not in page


def test_it_says_what_cannot_be_brought_back_before_and_after(people: People, moved: Snapshot) -> None:
    stores.sync_store(moved.store)
    purging.purge_text(Text.objects.get(sha256=digest_of(NOTES["/runbooks/deploy.md"])), by=people.alice)
    run = restoring.plan_restore(moved, by=people.dave)
    left = "1 memory cannot be brought back: the text was purged here"
    assert left in page_of(people, run)
    page = page_of(people, carried_out(confirmed(people, run)))
    assert "what the snapshot holds, but for what is named below." in page
    assert left in page


@pytest.mark.parametrize("who", ["bob", "carol"])
def test_others_see_why_they_may_not(people: People, run: ApplyRun, who: str) -> None:
    assert "To restore or import stores you need the role operator" in page_of(people, run, who=who)
    client = browser_of(getattr(people, who))
    assert client.post(f"/acme/runs/{run.pk}/confirm/", {"digest": run.plan_digest}).status_code == 403
    assert client.post(f"/acme/runs/{run.pk}/again/").status_code == 403


def test_another_plan_than_the_one_seen_is_not_confirmed(people: People, sandbox: Sandbox, run: ApplyRun) -> None:
    held = at_vendor(sandbox, run.target)
    answer = browser_of(people.dave).post(f"/acme/runs/{run.pk}/confirm/", {"digest": "0" * 64})
    assert answer.status_code == 409
    assert "not the plan you were shown" in words(answer)
    assert at_vendor(sandbox, run.target) == held


def test_when_it_is_done_it_says_so_and_a_snapshot_is_kept(people: People, run: ApplyRun) -> None:
    assert carried_out(confirmed(people, run)).state == "done"
    page = page_of(people, run)
    assert "path by path and byte by byte, what the snapshot holds" in page
    assert "Open the store" in page
    assert Snapshot.objects.filter(why=Snapshot.Why.AFTER_RESTORE).count() == 1


def test_what_somebody_wrote_after_the_plan_is_not_overwritten(
    people: People, sandbox: Sandbox, run: ApplyRun
) -> None:
    confirmed(people, run)
    agent_writes(sandbox, run.target, "/runbooks/deploy.md", "Written meanwhile.\n")
    agent_writes(sandbox, run.target, "/people/ana.md", "Ana came back.\n")
    assert carried_out(run).state == "blocked"
    held = at_vendor(sandbox, run.target)
    assert held["/runbooks/deploy.md"] == "Written meanwhile.\n"
    assert held["/people/ana.md"] == "Ana came back.\n"
    page = page_of(people, run)
    assert "1 of 3 steps were done and stay done" in page
    assert "are not what they were to be, first /people/ana.md" in page
    answer = browser_of(people.dave).post(f"/acme/runs/{run.pk}/again/")
    again = ApplyRun.objects.get(state="planned")
    assert answer["Location"] == f"/acme/runs/{again.pk}/"
    assert [(step.op, step.path) for step in again.steps.all()] == [
        ("update", "/people/ana.md"),
        ("update", "/runbooks/deploy.md"),
    ]
    assert carried_out(confirmed(people, again)).state == "done"
    assert f"/acme/runs/{again.pk}/" in page_of(people, run)


def test_a_plan_of_no_steps_has_its_own_words(people: People, snapshot: Snapshot) -> None:
    run = restoring.plan_restore(snapshot, by=people.dave)
    assert "holds exactly this already" in page_of(people, run)
    assert carried_out(confirmed(people, run)).state == "done"


def test_a_done_one_is_not_planned_again(people: People, run: ApplyRun) -> None:
    carried_out(confirmed(people, run))
    assert browser_of(people.dave).post(f"/acme/runs/{run.pk}/again/").status_code == 409


def test_planning_twice_leaves_one_plan(people: People, run: ApplyRun) -> None:
    newer = restoring.plan_again(run, by=people.dave)
    run.refresh_from_db()
    assert (run.state, newer.state) == ("abandoned", "planned")
    assert "replaced before anybody confirmed it" in page_of(people, run)
