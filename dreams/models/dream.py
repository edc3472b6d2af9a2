"""A dream from the request on: our state, the vendor's status, and everything needed to resume after a kill."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from dreams.models.snapshot import Snapshot
from dreams.models.store import Store, StoreLine
from dreams.models.workspace import Workspace
from dreams.rules.dream_states import DREAM_STATES, LAUNCHING, REQUESTED


class Dream(models.Model):
    """One asynchronous job of the vendor over one store and up to 100 sessions."""

    class Origin(models.TextChoices):
        OURS = "ours", "started here"
        FOUND = "found", "started elsewhere"

    class BaseQuality(models.TextChoices):
        EXACT = "exact", "exact"
        REPLAYED = "replayed", "replayed from versions"
        UNCERTAIN = "uncertain", "uncertain"

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="dreams")
    line = models.ForeignKey(StoreLine, models.PROTECT, related_name="dreams")
    store = models.ForeignKey(Store, models.PROTECT, related_name="dreams")
    remote_id = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=20, choices=list(DREAM_STATES.words.items()), default=REQUESTED)
    remote_status = models.CharField(max_length=40, blank=True)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.OURS)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField()
    model = models.CharField(max_length=256)
    instructions = models.CharField(max_length=4096, blank=True)
    updates_existing = models.BooleanField(default=False)

    base = models.ForeignKey(Snapshot, models.PROTECT, null=True, related_name="+")
    base_quality = models.CharField(max_length=10, choices=BaseQuality.choices, blank=True)
    output_store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="output_of")
    output_snapshot = models.ForeignKey(Snapshot, models.PROTECT, null=True, related_name="+")
    # When the vendor's clone was first seen, and paths that agents wrote between our snapshot and then.
    cloned_at = models.DateTimeField(null=True)
    uncertain_paths = models.JSONField(default=list)

    claim = models.CharField(max_length=40, blank=True)
    claimed_at = models.DateTimeField(null=True)
    launch_sent_at = models.DateTimeField(null=True)
    empty_looks = models.PositiveIntegerField(default=0)
    next_check_at = models.DateTimeField(null=True, db_index=True)
    problem = models.CharField(max_length=500, blank=True)

    pipeline_session_id = models.CharField(max_length=100, blank=True)
    # What the dream's own session says it made of what, {new path: [old paths]}; null until it was asked.
    evidence = models.JSONField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    error_type = models.CharField(max_length=100, blank=True)
    error_message = models.CharField(max_length=1000, blank=True)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cache_read_input_tokens = models.PositiveBigIntegerField(default=0)
    cache_creation_input_tokens = models.PositiveBigIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "remote_id"], condition=~Q(remote_id=""), name="dream_once_per_workspace"
            ),
            models.CheckConstraint(condition=Q(state__in=list(DREAM_STATES.words)), name="dream_state_known"),
            models.CheckConstraint(
                condition=Q(claim="", claimed_at__isnull=True) | (~Q(claim="") & Q(claimed_at__isnull=False)),
                name="dream_claim_with_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=LAUNCHING) | ~Q(claim=""), name="dream_launching_is_claimed"
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-requested_at"], name="dream_by_time")]

    def __str__(self) -> str:
        return f"dream {self.pk} over {self.store}"


class DreamSession(models.Model):
    """One session a dream reads; by the vendor's id, since sessions may be deleted."""

    dream = models.ForeignKey(Dream, models.CASCADE, related_name="session_links")
    session_id = models.CharField(max_length=100, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dream", "session_id"], name="dream_reads_session_once")
        ]

    def __str__(self) -> str:
        return self.session_id
