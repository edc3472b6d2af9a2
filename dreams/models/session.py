"""The mirror of the vendor's sessions: heads only; transcripts are read through and never stored."""

from django.db import models

from dreams.models.workspace import Workspace


class Session(models.Model):
    """A session of an agent as last listed."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="sessions")
    remote_id = models.CharField(max_length=100)
    title = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=40)
    agent_id = models.CharField(max_length=100, blank=True)
    agent_name = models.CharField(max_length=255, blank=True)
    deployment_id = models.CharField(max_length=100, blank=True)
    # One dict per outcome: description, iteration, result, explanation.
    outcomes = models.JSONField(default=list)
    # The result of the last of them, "" without any: what the list is filtered by.
    outcome = models.CharField(max_length=40, blank=True)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cache_read_input_tokens = models.PositiveBigIntegerField(default=0)
    cache_creation_input_tokens = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=10, blank=True)
    cost_cents = models.DecimalField(max_digits=12, decimal_places=3, null=True)
    active_seconds = models.FloatField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "remote_id"], name="session_once_per_workspace")
        ]
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="session_by_time"),
            models.Index(fields=["workspace", "outcome", "-created_at"], name="session_by_outcome"),
        ]

    def __str__(self) -> str:
        return self.title or self.remote_id


class SessionMount(models.Model):
    """A memory store mounted by a session; by the vendor's id, since the store may be gone."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="mounts")
    store_id = models.CharField(max_length=100, db_index=True)
    access = models.CharField(max_length=20)
    mount_path = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "store_id"], name="session_mounts_store_once")
        ]

    def __str__(self) -> str:
        return self.mount_path
