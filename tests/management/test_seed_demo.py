"""The demo's seed: a dream in every state, a second call that changes nothing, and kills at any moment."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from dreams.management.commands import seed_demo
from dreams.models import Attachment, AuditEvent, Deployment, Dream, Review, User
from dreams.services import vendor
from tests.drifting import base_becomes
from tests.factories import NOTES, review_open
from tests.people import People
from tests.sandbox_server import Sandbox
from tests.views.reviewing import decide_all

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def world(settings: Settings) -> Iterator[Sandbox]:
    """The demo world at its own pace, so that the running dream runs."""
    vendor.bucket.cache_clear()
    with Sandbox(demo=True, speed=1.0) as server:
        settings.ANTHROPIC_BASE_URL, settings.DEMO = server.url, True
        yield server


def seed() -> str:
    words = StringIO()
    call_command("seed_demo", stdout=words)
    return words.getvalue()


@pytest.mark.django_db
def test_it_leaves_a_dream_in_every_state(world: Sandbox) -> None:
    assert "alice@example.com" in seed()
    states = {dream.store.name: dream.state for dream in Dream.objects.select_related("store")}
    assert states.pop("legal-playbooks") in ("pending", "running")
    assert states == {
        "prod-support": "completed",
        "engineering-conventions": "failed",
        "customer-preferences": "completed",
    }
    failed = Dream.objects.get(state="failed")
    assert failed.output_store is not None
    assert failed.output_store.memory_count > 0
    waiting = Review.objects.get(state="open")
    assert waiting.before.store.name == "prod-support"
    assert sum(waiting.changes.values_list("lost_count", flat=True)) >= 3
    assert waiting.changes.filter(state="undecided").count() >= 20


@pytest.mark.django_db
def test_one_dream_was_really_applied_and_attached(world: Sandbox) -> None:
    seed()
    review = Review.objects.get(state="applied")
    attachment = Attachment.objects.get(review=review)
    assert attachment.state == "done"
    deployment = Deployment.objects.get(remote_id=attachment.deployment_id)
    at_vendor = world.state.get("deployment", attachment.deployment_id)
    assert at_vendor is not None
    for resources in (at_vendor["resources"], deployment.resources):
        mounted = {entry["memory_store_id"] for entry in resources if entry["type"] == "memory_store"}
        assert review.target.remote_id in mounted
        assert review.before.store.remote_id not in mounted
    assert review.line.current_store == review.target
    assert {event.actor for event in AuditEvent.objects.filter(verb="approved review")} == {"Bob Okafor"}


def test_a_review_whose_base_moved_between_two_starts_is_taken_through(
    people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    review = review_open(people, sandbox)
    decide_all(review, people.bob)
    base_becomes(review, {path: f"{text}Written later.\n" for path, text in NOTES.items()})
    assert review.changes.filter(state="another_look").exists()
    monkeypatch.setattr(seed_demo, "attach", lambda *given: None)
    seed_demo.take_through(review.dream, people.bob, people.dave)
    review.refresh_from_db()
    assert review.state == "applied"


@pytest.mark.django_db
def test_a_second_call_changes_nothing_and_asks_the_vendor_nothing(world: Sandbox) -> None:
    said = seed()
    events, people = AuditEvent.objects.count(), User.objects.count()
    world.requests(clear=True)
    assert seed() == said
    assert world.requests() == []
    assert (AuditEvent.objects.count(), User.objects.count()) == (events, people)


@pytest.mark.django_db
def test_without_a_stand_in_it_says_so(settings: Settings) -> None:
    settings.DEMO = True
    with pytest.raises(CommandError, match="could not be reached"):
        seed()


def test_outside_the_demo_it_refuses(settings: Settings) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=1"):
        seed()


# Moments of the seed, each seen by what the database holds by then.
MOMENTS = (
    "SELECT 1 FROM dreams_store WHERE claim <> ''",
    "SELECT 1 FROM dreams_dream WHERE claim <> ''",
    "SELECT 1 FROM dreams_decision",
    "SELECT 1 FROM dreams_attachment",
)


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on(tmp_path: Path) -> None:
    env = {**os.environ, "DATA_DIR": str(tmp_path), "DEMO": "1", "VENDOR_READS_PER_MINUTE": "100000"}
    env |= {"DJANGO_SETTINGS_MODULE": "memorydash.settings", "PYTHONPATH": str(ROOT), "REDIS_URL": ""}
    with Sandbox(demo=True, speed=1.0) as sandbox:
        env["ANTHROPIC_BASE_URL"] = sandbox.url
        manage = [sys.executable, str(ROOT / "manage.py")]
        subprocess.run([*manage, "migrate", "-v0"], env=env, check=True)
        with closing(sqlite3.connect(tmp_path / "memorydash.sqlite3", isolation_level=None)) as database:
            for moment in MOMENTS:
                child = subprocess.Popen([*manage, "seed_demo"], env=env, stdout=subprocess.DEVNULL)
                while not database.execute(moment).fetchone():
                    assert child.poll() is None, f"ended before: {moment}"
                    time.sleep(0.001)
                child.kill()
                assert child.wait() == -signal.SIGKILL
            done = subprocess.run([*manage, "seed_demo"], env=env, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            reviews = database.execute("SELECT state FROM dreams_review ORDER BY state").fetchall()
            attached = database.execute("SELECT state FROM dreams_attachment").fetchall()
            people = database.execute("SELECT count(*) FROM dreams_membership").fetchone()
    assert (reviews, attached, people) == ([("applied",), ("open",)], [("done",)], (4,))
