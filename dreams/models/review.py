"""A review of two snapshots: its changes, every decision ever taken on them, and the approvals."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from dreams.models.dream import Dream
from dreams.models.snapshot import Snapshot
from dreams.models.store import Store, StoreLine
from dreams.models.user import User
from dreams.models.workspace import Workspace
from dreams.rules import review_states as states
from dreams.rules.losses import Loss


class Review(models.Model):
    """What a team thinks of the way from `before` to `after`; at most one is open per line."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="reviews")
    line = models.ForeignKey(StoreLine, models.PROTECT, related_name="reviews")
    dream = models.ForeignKey(Dream, models.PROTECT, null=True, related_name="reviews")
    round = models.PositiveIntegerField(default=1)
    before = models.ForeignKey(Snapshot, models.PROTECT, related_name="+")
    after = models.ForeignKey(Snapshot, models.PROTECT, related_name="+")
    target = models.ForeignKey(Store, models.PROTECT, related_name="reviews")
    state = models.CharField(
        max_length=20, choices=list(states.REVIEW_STATES.words.items()), default=states.OPEN
    )
    opened_at = models.DateTimeField()
    # Who asked for it; null when the end of a dream opened it.
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=1000, blank=True)
    superseded_by = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    # How many statements `before` has, headings aside, and how many of them nobody says any more.
    statements = models.PositiveIntegerField(default=0)
    statements_lost = models.PositiveIntegerField(default=0)
    # When the store that was read was last compared with `before`, and its newest version then.
    drift_at = models.DateTimeField(null=True)
    drift_version = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["line"], condition=Q(state__in=sorted(states.ACTIVE)), name="review_one_active_per_line"
            ),
            models.UniqueConstraint(
                fields=["dream", "round"],
                condition=Q(dream__isnull=False),
                name="review_round_once_per_dream",
            ),
            models.CheckConstraint(
                condition=Q(state__in=list(states.REVIEW_STATES.words)), name="review_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=states.DISCARDED) | (~Q(reason="") & Q(closed_by__isnull=False)),
                name="review_discard_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"review {self.pk} of {self.line}"

    @property
    def loss(self) -> Loss:
        """How much of what was known is lost."""
        return Loss(self.statements_lost, self.statements, self.workspace.loss_alarm)

    def started_by(self, person: User) -> bool:
        """Whether it is because of this person: who asked for the dream, or opened the review where there is none."""
        return person.pk == (self.dream.requested_by_id if self.dream else self.opened_by_id)


class Change(models.Model):
    """One connected component of the lineage: the paths that must be decided together."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="changes")
    key = models.CharField(max_length=64)
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=1024)
    position = models.PositiveIntegerField()
    # {"lost": […], "altered": […], "unsourced": […], "contradictions": […], "uncertain": […], "scans": […],
    # "carried": […]}, shapes as rules.changes gives them.
    findings = models.JSONField(default=dict)
    # [[old path, new path]] of a lineage: which memory became which.
    edges = models.JSONField(default=list)
    # Whether only line breaks, white space and list marks differ.
    rewrapped = models.BooleanField(default=False)
    lost_count = models.PositiveIntegerField(default=0)
    altered_count = models.PositiveIntegerField(default=0)
    flag_count = models.PositiveIntegerField(default=0)
    lines_added = models.PositiveIntegerField(default=0)
    lines_removed = models.PositiveIntegerField(default=0)
    state = models.CharField(
        max_length=20, choices=list(states.CHANGE_WORDS.items()), default=states.UNDECIDED
    )
    seq = models.PositiveIntegerField(default=0)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["review", "key"], name="change_once_per_review"),
            models.UniqueConstraint(fields=["review", "position"], name="change_position_once"),
            models.CheckConstraint(
                condition=(
                    Q(
                        state__in=[states.UNCHANGED, states.UNDECIDED, states.ANOTHER_LOOK],
                        decided_by__isnull=True,
                        decided_at__isnull=True,
                    )
                    | Q(state__in=states.OUTCOMES, decided_by__isnull=False, decided_at__isnull=False)
                ),
                name="change_decided_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ChangePath(models.Model):
    """One path on one side of a review and the bytes it holds there."""

    class Side(models.TextChoices):
        BEFORE = "before", "before"
        AFTER = "after", "after"

    review = models.ForeignKey(Review, models.CASCADE, related_name="paths")
    change = models.ForeignKey(Change, models.CASCADE, related_name="paths")
    side = models.CharField(max_length=6, choices=Side.choices)
    path = models.CharField(max_length=1024)
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(fields=["review", "side", "path"], name="change_path_once_per_side")
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.path}"


class Drift(models.Model):
    """A path of the store that was read whose bytes are not those of `before` any more, and what that means for the
    review. The rows of a review are made anew when the store moved again."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="drifts")
    # The change whose decision it touches; none for what the dream left alone.
    change = models.ForeignKey(Change, models.CASCADE, null=True, related_name="drifts")
    path = models.CharField(max_length=1024)
    standing = models.CharField(max_length=20, choices=list(states.DRIFT_WORDS.items()))
    # Hex SHA-256 of what stood there and of what stands there now; "" for nothing.
    base_sha256 = models.CharField(max_length=64, blank=True)
    now_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["review", "path"], name="drift_path_once")]

    def __str__(self) -> str:
        return f"{self.path} {self.standing}"


class Decision(models.Model):
    """One decision on a change; never edited, undoing is a new row."""

    change = models.ForeignKey(Change, models.CASCADE, related_name="decisions")
    seq = models.PositiveIntegerField()
    outcome = models.CharField(max_length=20)
    # {path: sha256} the change leaves in the store under this outcome; empty when undecided.
    result = models.JSONField(default=dict)
    seen_digest = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["seq"]
        constraints = [models.UniqueConstraint(fields=["change", "seq"], name="decision_seq_once_per_change")]

    def __str__(self) -> str:
        return f"{self.outcome} by {self.by}"


class Approval(models.Model):
    """One person's vote over exact bytes: the digest of the whole store as decided."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="approvals")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()
    by_starter = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "person", "digest"], name="approval_once_per_digest")
        ]

    def __str__(self) -> str:
        return f"approved by {self.person}"
