"""What is queued: only names that are tasks, only after a commit, and nothing that a lost broker would lose."""

import ast
from pathlib import Path

import pytest
from celery import current_app
from django.db import transaction

from dreams import tasks
from dreams.enqueue import enqueue

DREAMS = Path(tasks.__file__).parent
NAMES = sorted(
    {
        node.args[0].value
        for path in DREAMS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "enqueue"
        if isinstance(node.args[0], ast.Constant)
    }
)
REGISTERED = {name.removeprefix("dreams.tasks.") for name in current_app.tasks if name.startswith("dreams.tasks.")}


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tasks that were sent."""
    sent: list[str] = []
    monkeypatch.setattr("dreams.enqueue._wake", lambda task, args: sent.append(task.name))
    return sent


def test_every_name_that_is_queued_is_a_task() -> None:
    assert len(NAMES) > 5
    assert set(NAMES) <= REGISTERED


def test_every_task_is_queued_or_beaten() -> None:
    from django.conf import settings

    beaten = {entry["task"].removeprefix("dreams.tasks.") for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert set(NAMES) | beaten == REGISTERED


def test_an_unknown_name_is_an_error_at_once() -> None:
    with pytest.raises(KeyError):
        enqueue("tidy_up_the_moon")


@pytest.mark.django_db(transaction=True)
def test_a_rollback_queues_nothing(woken: list[str]) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        enqueue("sweep")
        raise RuntimeError
    assert woken == []


@pytest.mark.django_db(transaction=True)
def test_what_is_queued_leaves_only_after_the_commit(woken: list[str]) -> None:
    with transaction.atomic():
        enqueue("sweep")
        assert woken == []
    assert woken == ["dreams.tasks.sweep"]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_costs_no_write(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*args: object, **given: object) -> None:
        raise ConnectionError("redis://somewhere:6379 refused")

    monkeypatch.setattr(tasks.sweep, "apply_async", away)
    enqueue("sweep")
    assert "broker away" in caplog.text
    assert "somewhere" not in caplog.text
