"""The mirror of the vendor's memory stores: the logical line, its stores, their memories and versions."""

from django.db import models
from django.db.models import Q

from dreams.models.text import Text
from dreams.models.workspace import Membership, Workspace


class StoreLine(models.Model):
    """A logical memory: a chain of vendor stores, since attaching a dream's output changes the store's id."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="lines")
    name = models.CharField(max_length=255)
    current_store = models.ForeignKey("Store", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Store(models.Model):
    """A vendor memory store as last seen; counts come from here, never from a walk at page time."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="stores")
    line = models.ForeignKey(StoreLine, models.PROTECT, related_name="stores")
    remote_id = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    description = models.CharField(max_length=1024, blank=True)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)
    last_version_id = models.CharField(max_length=100, blank=True)
    last_changed_at = models.DateTimeField(null=True)
    # The versions known here reach back to this moment; null when they reach back to the first write.
    history_from = models.DateTimeField(null=True)
    walked_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    memory_count = models.PositiveIntegerField(default=0)
    memory_bytes = models.PositiveBigIntegerField(default=0)
    # A walk in progress: how many memories were read so far, and whose claim it is until when.
    walk_seen = models.PositiveIntegerField(default=0)
    claim = models.CharField(max_length=40, blank=True)
    claimed_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)
    next_check_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "remote_id"], name="store_once_per_workspace"),
            models.CheckConstraint(
                condition=Q(claim="", claimed_at__isnull=True) | (~Q(claim="") & Q(claimed_at__isnull=False)),
                name="store_claim_with_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def readable(self) -> bool:
        """Whether the vendor still has it."""
        return self.gone_at is None

    @property
    def writable(self) -> bool:
        """Whether the vendor takes writes: neither archived nor gone."""
        return self.gone_at is None and self.archived_at is None


class Memory(models.Model):
    """A memory as it stands in its store, as last seen."""

    store = models.ForeignKey(Store, models.CASCADE, related_name="memories")
    remote_id = models.CharField(max_length=100)
    path = models.CharField(max_length=1024)
    text = models.ForeignKey(Text, models.PROTECT, related_name="+")
    version_id = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "remote_id"], name="memory_once_per_store"),
            models.UniqueConstraint(fields=["store", "path"], name="memory_path_once_per_store"),
        ]

    def __str__(self) -> str:
        return self.path


class MemoryVersion(models.Model):
    """One entry of a memory's history: who wrote which bytes when; the bytes, where read, are a Text."""

    store = models.ForeignKey(Store, models.CASCADE, related_name="versions")
    # The store's, once more: the feed of a workspace is read by an index over it.
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    remote_id = models.CharField(max_length=100)
    memory_id = models.CharField(max_length=100)
    operation = models.CharField(max_length=40)
    path = models.CharField(max_length=1024, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    actor_kind = models.CharField(max_length=40, blank=True)
    actor_id = models.CharField(max_length=100, blank=True)
    redacted_at = models.DateTimeField(null=True)
    redacted_by_kind = models.CharField(max_length=40, blank=True)
    redacted_by_id = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "remote_id"], name="version_once_per_store")]
        indexes = [
            models.Index(fields=["store", "memory_id", "-created_at", "-id"], name="version_of_memory"),
            models.Index(fields=["store", "-created_at", "-id"], name="version_in_store"),
            models.Index(fields=["workspace", "-created_at", "-id"], name="version_in_workspace"),
            models.Index(fields=["workspace", "actor_id", "-created_at"], name="version_by_author"),
            models.Index(fields=["workspace", "sha256"], name="version_by_text"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.path}"


class VersionGap(models.Model):
    """A stretch of a store's history that the vendor no longer listed when it was read: what was written in between
    is not known here."""

    store = models.ForeignKey(Store, models.CASCADE, related_name="gaps")
    # Between the last version known before and the first one listed after; null when nothing was listed after.
    after_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)
    noted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "after_at"], name="gap_once_per_store")]

    def __str__(self) -> str:
        return f"unknown from {self.after_at:%Y-%m-%d %H:%M}"


class Visit(models.Model):
    """How far a member has seen what was written to a store: everything mirrored after `version` is unread. By our
    number, not by time: a version may be mirrored long after it was written."""

    membership = models.ForeignKey(Membership, models.CASCADE, related_name="visits")
    store = models.ForeignKey(Store, models.CASCADE, related_name="visits")
    version = models.PositiveBigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["membership", "store"], name="visit_once_per_store")]

    def __str__(self) -> str:
        return f"{self.membership} saw {self.store}"


class HealthReport(models.Model):
    """What was found in a store as of `version_id`; made in a task, since comparing 2,000 texts takes a while."""

    store = models.OneToOneField(Store, models.CASCADE, related_name="health")
    version_id = models.CharField(max_length=100, blank=True)
    made_at = models.DateTimeField()
    # Shapes as rules.health gives them.
    findings = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"health of {self.store} at {self.made_at:%Y-%m-%d %H:%M}"
