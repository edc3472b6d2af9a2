"""The mirror of agents and their deployments, as last listed."""

from django.db import models

from dreams.models.workspace import Workspace


class Agent(models.Model):
    """An agent's newest version."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="agents")
    remote_id = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    version = models.PositiveIntegerField()
    description = models.TextField(blank=True)
    model = models.CharField(max_length=256, blank=True)
    # `multiagent` as the vendor listed it, in either of its two shapes; {} for an agent that works alone.
    multiagent = models.JSONField(default=dict)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "remote_id"], name="agent_once_per_workspace")
        ]

    def __str__(self) -> str:
        return self.name


class Deployment(models.Model):
    """A deployment and its `resources`, exactly as the vendor listed them."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="deployments")
    remote_id = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    agent_id = models.CharField(max_length=100, blank=True)
    agent_version = models.PositiveIntegerField(null=True)
    schedule = models.JSONField(default=dict)
    status = models.CharField(max_length=40)
    paused_reason = models.CharField(max_length=100, blank=True)
    resources = models.JSONField(default=list)
    archived_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "remote_id"], name="deployment_once_per_workspace")
        ]

    def __str__(self) -> str:
        return self.name

    def mounts(self, store_id: str) -> bool:
        """Whether the vendor store with that id is among its resources."""
        return any(
            r.get("type") == "memory_store" and r.get("memory_store_id") == store_id for r in self.resources
        )
