"""Two moments that somebody looks at side by side, and what was found between them: made in a task, kept a while."""

from django.db import models
from django.db.models import Q

from dreams.models.snapshot import Snapshot
from dreams.models.workspace import Workspace


class Comparison(models.Model):
    """What changed between two moments. A row is made when a page asks; the page that waits for it wakes the task
    again, so that a killed one costs nothing, and what nobody looks at any more is not worked on."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="comparisons")
    # The two ends by their content (queries.moments.End.key): equal keys are equal stores.
    before = models.CharField(max_length=200)
    after = models.CharField(max_length=200)
    before_snapshot = models.ForeignKey(Snapshot, models.CASCADE, null=True, related_name="+")
    after_snapshot = models.ForeignKey(Snapshot, models.CASCADE, null=True, related_name="+")
    unchanged = models.PositiveIntegerField(default=0)
    # Old versions whose texts have to be read from the vendor first, and how many were.
    to_read = models.PositiveIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)
    claim = models.CharField(max_length=40, blank=True)
    claimed_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "before", "after"], name="comparison_once"),
            models.CheckConstraint(
                condition=Q(claim="", claimed_at__isnull=True) | (~Q(claim="") & Q(claimed_at__isnull=False)),
                name="comparison_claim_with_time",
            ),
            models.CheckConstraint(
                condition=Q(made_at__isnull=True)
                | Q(before_snapshot__isnull=False, after_snapshot__isnull=False),
                name="comparison_made_of_snapshots",
            ),
        ]

    def __str__(self) -> str:
        return f"from {self.before} to {self.after}"


class Difference(models.Model):
    """One connected piece of what changed, with the fields of a review's Change."""

    comparison = models.ForeignKey(Comparison, models.CASCADE, related_name="differences")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=64)
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=1024)
    # {path: sha256} on each side.
    olds = models.JSONField(default=dict)
    news = models.JSONField(default=dict)
    findings = models.JSONField(default=dict)
    edges = models.JSONField(default=list)
    rewrapped = models.BooleanField(default=False)
    lost_count = models.PositiveIntegerField(default=0)
    altered_count = models.PositiveIntegerField(default=0)
    flag_count = models.PositiveIntegerField(default=0)
    lines_added = models.PositiveIntegerField(default=0)
    lines_removed = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["comparison", "position"], name="difference_position_once")
        ]

    def __str__(self) -> str:
        return self.title
