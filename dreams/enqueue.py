"""'Do it later': tasks are woken by name, always after commit; what is not woken is found by the sweep."""

import logging
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from dreams.remote.spending import spender

log = logging.getLogger(__name__)


def enqueue(name: str, *args: Any) -> None:
    """Wakes the task `dreams.tasks.<name>` once the current transaction is committed; a rollback wakes nothing.

    `send_task` would ignore an unknown name until a worker meets it, hence the look-up. A broker that is away
    costs only time: the row that waits has a `next_check_at`, and the sweep finds it.
    """
    task = current_app.tasks[f"dreams.tasks.{name}"]
    transaction.on_commit(lambda: _wake(task, args))


def _wake(task: Any, args: tuple[Any, ...]) -> None:
    try:
        # On whose behalf, so that the calls it makes are counted for the person who caused them.
        task.apply_async(args=args, retry=False, ignore_result=True, headers={"person": spender().person})
    except (OperationalError, OSError) as error:
        log.warning("broker away, the sweep will find the work of %s: %s", task.name, type(error).__name__)
