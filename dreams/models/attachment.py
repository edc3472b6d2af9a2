"""A deployment that was pointed at another store, with the exact way back."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from dreams.models.review import Review
from dreams.models.store import Store, StoreLine
from dreams.models.workspace import Workspace


class Attachment(models.Model):
    """One change of a deployment's `resources`, exact before and after."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DOING = "doing", "Attaching"
        DONE = "done", "Attached"
        UNKNOWN = "unknown", "Unconfirmed"
        REFUSED = "refused", "Not attached"

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="attachments")
    line = models.ForeignKey(StoreLine, models.PROTECT, related_name="attachments")
    review = models.ForeignKey(Review, models.PROTECT, null=True, related_name="attachments")
    deployment_id = models.CharField(max_length=100)
    deployment_name = models.CharField(max_length=255)
    from_store = models.ForeignKey(Store, models.PROTECT, related_name="+")
    to_store = models.ForeignKey(Store, models.PROTECT, related_name="+")
    before = models.JSONField()
    after = models.JSONField()
    before_digest = models.CharField(max_length=64)
    after_digest = models.CharField(max_length=64)
    undoes = models.OneToOneField("self", models.PROTECT, null=True, related_name="undone_by")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    claim = models.CharField(max_length=40, blank=True)
    claimed_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True, db_index=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "deployment_id"],
                condition=Q(state__in=["waiting", "doing", "unknown"]),
                name="attachment_one_active_per_deployment",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(done_at__isnull=False), name="attachment_done_at"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deployment_name}: {self.from_store} → {self.to_store}"
