"""A store at one moment: a snapshot points at a manifest, which equal moments share."""

from django.conf import settings
from django.db import models

from dreams.models.store import Store
from dreams.models.text import Text
from dreams.models.workspace import Workspace


class Manifest(models.Model):
    """A set of (path, sha256), known by its digest."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="manifests")
    digest = models.CharField(max_length=64)
    count = models.PositiveIntegerField()
    size = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "digest"], name="manifest_once_per_workspace")
        ]

    def __str__(self) -> str:
        return self.digest[:12]


class Entry(models.Model):
    """One path of a manifest, byte-exact and case-sensitive, and the text it held."""

    manifest = models.ForeignKey(Manifest, models.CASCADE, related_name="entries")
    path = models.CharField(max_length=1024)
    text = models.ForeignKey(Text, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["manifest", "path"], name="entry_path_once")]

    def __str__(self) -> str:
        return self.path


class Snapshot(models.Model):
    """A store as it was. `consistent`: the newest version id was the same before and after it was read."""

    class Why(models.TextChoices):
        DREAM_INPUT = "dream_input", "before a dream"
        DREAM_OUTPUT = "dream_output", "what a dream left"
        BEFORE_APPLY = "before_apply", "before applying"
        AFTER_APPLY = "after_apply", "after applying"
        BEFORE_DELETE = "before_delete", "before deleting the store"
        BY_HAND = "by_hand", "taken by hand"
        DAILY = "daily", "daily"
        MOMENT = "moment", "the store at an earlier moment"
        BEFORE_RESTORE = "before_restore", "before restoring"
        AFTER_RESTORE = "after_restore", "after restoring"

    store = models.ForeignKey(Store, models.CASCADE, related_name="snapshots")
    manifest = models.ForeignKey(Manifest, models.PROTECT, related_name="snapshots")
    why = models.CharField(max_length=20, choices=Why.choices)
    version_id = models.CharField(max_length=100, blank=True)
    taken_at = models.DateTimeField()
    consistent = models.BooleanField()
    # Of a replayed moment: paths whose bytes at that time cannot be told for sure.
    uncertain_paths = models.JSONField(default=list)
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["store", "-taken_at"], name="snapshot_by_time")]

    def __str__(self) -> str:
        return f"{self.store} at {self.taken_at:%Y-%m-%d %H:%M}"
