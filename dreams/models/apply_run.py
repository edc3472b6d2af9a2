"""A stored plan of writes into a store and how far it got."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from dreams.models.review import Review
from dreams.models.snapshot import Manifest, Snapshot
from dreams.models.store import Store


class ApplyRun(models.Model):
    """A plan with its digest; nothing is written before somebody confirmed that digest."""

    class Mode(models.TextChoices):
        SWAP = "swap", "write the decisions into the dream's output store"
        RESTORE = "restore", "make the store equal to a snapshot"
        IMPORT = "import", "fill a new store"

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        CONFIRMED = "confirmed", "Waiting"
        RUNNING = "running", "Applying"
        DONE = "done", "Applied"
        BLOCKED = "blocked", "Stopped"
        ABANDONED = "abandoned", "Abandoned"

    # What the target becomes equal to: the decisions of a review, or a manifest (a snapshot, or what was sent in).
    review = models.ForeignKey(Review, models.PROTECT, null=True, related_name="runs")
    manifest = models.ForeignKey(Manifest, models.PROTECT, null=True, related_name="runs")
    snapshot = models.ForeignKey(Snapshot, models.PROTECT, null=True, related_name="runs")
    target = models.ForeignKey(Store, models.PROTECT, related_name="runs")
    mode = models.CharField(max_length=20, choices=Mode.choices, default=Mode.SWAP)
    state = models.CharField(max_length=20, choices=State.choices, default=State.PLANNED)
    plan_digest = models.CharField(max_length=64)
    approved_digest = models.CharField(max_length=64)
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    planned_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    claim = models.CharField(max_length=40, blank=True)
    claimed_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True, db_index=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["target"],
                condition=Q(state__in=["confirmed", "running"]),
                name="apply_one_active_per_target",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="apply_confirmed_with_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["confirmed", "running", "done"]) | Q(confirmed_by__isnull=False),
                name="apply_runs_only_confirmed",
            ),
            models.CheckConstraint(
                condition=Q(review__isnull=False, manifest__isnull=True, mode="swap")
                | (Q(review__isnull=True, manifest__isnull=False) & ~Q(mode="swap")),
                name="apply_review_or_manifest",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mode} of {self.review or self.target}"


class ApplyStep(models.Model):
    """One write of a plan with its precondition, recorded before and after."""

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        DOING = "doing", "Doing"
        DONE = "done", "Done"
        UNKNOWN = "unknown", "Unconfirmed"
        BLOCKED = "blocked", "Blocked"

    run = models.ForeignKey(ApplyRun, models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField()
    op = models.CharField(
        max_length=10, choices=[("create", "create"), ("update", "update"), ("delete", "delete")]
    )
    path = models.CharField(max_length=1024)
    memory_id = models.CharField(max_length=100, blank=True)
    expected_sha = models.CharField(max_length=64, blank=True)
    target_sha = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    version_id = models.CharField(max_length=100, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="apply_step_position_once"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(done_at__isnull=False), name="apply_step_done_at"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.op} {self.path}"
