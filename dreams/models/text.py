"""The bodies of memories: the only table that holds any, once per workspace and sha256."""

from django.db import models
from django.db.models import Q

from dreams.models.workspace import Workspace


class Text(models.Model):
    """Bytes of a memory as of some moment. Never shared between workspaces: a shared row would be an oracle."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="texts")
    sha256 = models.CharField(max_length=64)
    body = models.BinaryField(null=True)
    size = models.PositiveIntegerField()
    purged_at = models.DateTimeField(null=True)
    purged_by = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "sha256"], name="text_once_per_workspace"),
            models.CheckConstraint(
                condition=Q(body__isnull=False, purged_at__isnull=True)
                | (Q(body__isnull=True, purged_at__isnull=False) & ~Q(purged_by="")),
                name="text_body_or_tombstone",
            ),
        ]

    def __str__(self) -> str:
        return self.sha256[:12]

    @property
    def tombstone(self) -> str:
        """What stands where a purged text was: when it went and through whom; "" for a text that is kept."""
        return f"Purged here on {self.purged_at:%-d %B %Y, %H:%M} UTC by {self.purged_by}." if self.purged_at else ""

    @property
    def text(self) -> str:
        """The body as text; "" for a purged one (ask `purged_at` first)."""
        return bytes(self.body).decode("utf-8", "replace") if self.body is not None else ""
