"""Differences drawn already, so that each pair of texts is compared once."""

from django.db import models

from dreams.models.workspace import Workspace


class Drawn(models.Model):
    """A fragment by what went into it (both texts, the marks, the look, the version of the drawing); a cache that may
    be emptied at any time, and is when a text of the workspace is purged. Never shared between workspaces: a hit
    would tell one what the other holds."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    html = models.TextField()
    made_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="drawn_once")]

    def __str__(self) -> str:
        return self.key
