"""The record: one row per write, with copied labels instead of foreign keys and hashes instead of bodies."""

from django.db import models

from dreams.models.workspace import Workspace


class AuditEvent(models.Model):
    """Who did what to which thing, when. `seq` and `chain` are set after commit, in the order of ids, by the sweep:
    numbering inside the transaction would make every decision of a workspace queue on one row."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="audit_events")
    seq = models.PositiveBigIntegerField(null=True)
    chain = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    actor_id = models.CharField(max_length=100, blank=True)
    verb = models.CharField(max_length=60)
    noun = models.CharField(max_length=40)
    noun_id = models.CharField(max_length=100)
    label = models.CharField(max_length=1024)
    detail = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "seq"], name="audit_seq_once")]
        indexes = [models.Index(fields=["workspace", "-id"], name="audit_newest_first")]

    def __str__(self) -> str:
        return f"{self.actor} {self.verb} {self.label}"
