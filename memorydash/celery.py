"""The Celery application: tasks are wake-ups, the rows of the database say what is to be done."""

import os
from typing import Any

from celery import Celery, bootsteps
from celery.beat import EmbeddedService, Scheduler
from celery.signals import heartbeat_sent, setup_logging, worker_ready
from click import Option

from memorydash.health import pulse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memorydash.settings")

app = Celery("memorydash")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class Beat(Scheduler):  # type: ignore[misc]
    """The schedule, kept in memory: a sweep that came late finds the same rows, so there is nothing to remember.

    (Celery's default writes a shelve file, which a killed process may leave broken.)
    """

    max_interval = 30.0  # seconds between two looks, hence between two pulses

    def setup_schedule(self) -> None:
        """Take the schedule from the settings."""
        self.merge_inplace(self.app.conf.beat_schedule)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; the seconds until the next look."""
        pulse("beat")
        return float(super().tick(*args, **kwargs))


class BeatInside(bootsteps.StartStopStep):  # type: ignore[misc]
    """`celery worker --beat-inside`: beat as a thread of the worker, for an installation with one worker.

    Celery's own --beat forks: 38 MB more, and a process that outlives a killed worker.
    """

    conditional = True

    def __init__(self, parent: Any, beat_inside: bool = False, **options: Any) -> None:
        super().__init__(parent, **options)
        self.enabled = beat_inside

    def create(self, parent: Any) -> Any:
        """The thread, started and stopped by the worker."""
        return EmbeddedService(parent.app, thread=True, scheduler_cls=Beat)


app.steps["worker"].add(BeatInside)
app.user_options["worker"].add(Option(["--beat-inside"], is_flag=True, help="Run beat as a thread of this worker."))


@setup_logging.connect
def leave_logging_to_django(**_: Any) -> None:
    """Celery sets no handlers of its own when somebody listens to this signal."""


@worker_ready.connect
@heartbeat_sent.connect
def worker_is_alive(**_: Any) -> None:
    """The worker's main loop came by."""
    pulse("worker")
