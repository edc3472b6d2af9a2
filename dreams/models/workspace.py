"""A workspace: one key to the vendor, one team, everything they look at."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from dreams.rules import roles


class Workspace(models.Model):
    """One vendor workspace and its team. The vendor ids are pinned by the first key that answers."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    key_ciphertext = models.BinaryField(null=True, editable=False)
    key_set_at = models.DateTimeField(null=True)
    organization_id = models.CharField(max_length=100, blank=True)
    remote_workspace_id = models.CharField(max_length=100, blank=True)
    allow_self_approval = models.BooleanField(default=True)
    daily_snapshots = models.BooleanField(default=True)
    # What a review does with a warning, {kind of rules.scans: "warn" or "block"}; a kind left out warns.
    scan_policy = models.JSONField(default=dict, blank=True)
    # A dream that loses more of its statements than this, in percent, raises an alarm.
    loss_alarm = models.PositiveSmallIntegerField(default=25)
    dream_models = models.JSONField(default=list, blank=True)
    # The last thing the vendor said to this key when it did not simply answer; "" while all is well.
    outage = models.CharField(max_length=500, blank=True)
    outage_since = models.DateTimeField(null=True)
    dreams_refused_at = models.DateTimeField(null=True)
    stores_listed_at = models.DateTimeField(null=True)
    sessions_listed_at = models.DateTimeField(null=True)
    agents_listed_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(key_ciphertext__isnull=True, key_set_at__isnull=True)
                | Q(key_ciphertext__isnull=False, key_set_at__isnull=False),
                name="workspace_key_with_time",
            ),
            models.CheckConstraint(
                condition=Q(outage="", outage_since__isnull=True)
                | (~Q(outage="") & Q(outage_since__isnull=False)),
                name="workspace_outage_with_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def connected(self) -> bool:
        """Whether a key is stored; whether it still works is told by `outage`."""
        return self.key_ciphertext is not None


class Membership(models.Model):
    """A person's role in a workspace; deactivated rather than deleted, since decisions name it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(r, roles.ROLE_WORDS[r]) for r in roles.ROLES])
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "workspace"], name="membership_once"),
            models.CheckConstraint(condition=Q(role__in=roles.ROLES), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"
