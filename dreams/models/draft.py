"""What a person asked for that may take more than a request: a store to be made, a snapshot to be taken."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from dreams.models.apply_run import ApplyRun
from dreams.models.snapshot import Manifest, Snapshot
from dreams.models.store import Store
from dreams.models.workspace import Workspace


class StoreDraft(models.Model):
    """A store that was asked for: kept before the vendor hears of it, so that one request makes one store, whatever
    is sent twice or killed in between. What is to fill it is `archive` (sent in, not confirmed), then `manifest`."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="drafts")
    # From the form: a second sending of the same form finds the first one's row.
    token = models.CharField(max_length=40)
    name = models.CharField(max_length=255)
    description = models.CharField(max_length=1024, blank=True)
    archive = models.BinaryField(null=True)
    # Of what was sent in: files [path, bytes], refused [name, why], notes.
    report = models.JSONField(default=dict)
    manifest = models.ForeignKey(Manifest, models.PROTECT, null=True, related_name="+")
    snapshot = models.ForeignKey(Snapshot, models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    # When the vendor was asked to make it; written before the call.
    sent_at = models.DateTimeField(null=True)
    store = models.ForeignKey(Store, models.SET_NULL, null=True, related_name="+")
    run = models.OneToOneField(ApplyRun, models.SET_NULL, null=True, related_name="draft")
    claim = models.CharField(max_length=40, blank=True)
    claimed_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True, db_index=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "token"], name="draft_once_per_form"),
            models.CheckConstraint(
                condition=Q(claim="", claimed_at__isnull=True) | (~Q(claim="") & Q(claimed_at__isnull=False)),
                name="draft_claim_with_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SnapshotWish(models.Model):
    """A snapshot that a person asked for and that waits for the store to be read."""

    store = models.OneToOneField(Store, models.CASCADE, related_name="wish")
    note = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    next_check_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"snapshot of {self.store}"
