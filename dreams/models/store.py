"""The mirror of the vendor's memory stores: the logical line, its stores, their memories and versions."""

from django.db import models
from django.db.models import Q

from dreams.models.text import Text
from dreams.models.workspace import Workspace


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

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "remote_id"], name="version_once_per_store")]
        indexes = [
            models.Index(fields=["store", "memory_id"], name="version_by_memory"),
            models.Index(fields=["store", "-created_at"], name="version_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.path}"
