"""The index of search: one row per text at a path of a store, now or once, with the words it is found by."""

from django.db import models

from dreams.models.snapshot import Snapshot
from dreams.models.store import Store
from dreams.models.text import Text
from dreams.models.workspace import Workspace


class SearchEntry(models.Model):
    """Derived from memories, versions and snapshots, and made anew from them by `manage.py reindex`.

    The key is rules.search_words.entry_id: the order of keys is that of time. What looks `words` up is made by
    migration 0007 for each database: triggers into FTS5 on SQLite, which a table made anew by a later AlterField
    would lose; a generated tsvector on PostgreSQL."""

    id = models.BigIntegerField(primary_key=True)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.CASCADE, related_name="search_entries", db_index=False)
    text = models.ForeignKey(Text, models.CASCADE, related_name="search_entries")
    path = models.CharField(max_length=1024)
    # The memory and the version that wrote it; "" for what is known from a snapshot only.
    memory_id = models.CharField(max_length=100, blank=True)
    version_id = models.CharField(max_length=100, blank=True)
    actor_id = models.CharField(max_length=100, blank=True)
    snapshot = models.ForeignKey(Snapshot, models.CASCADE, null=True, related_name="+")
    at = models.DateTimeField()
    live = models.BooleanField()
    words = models.TextField()

    class Meta:
        indexes = [
            models.Index(fields=["store", "memory_id"], name="search_of_memory"),
            models.Index(fields=["store"], condition=models.Q(live=True), name="search_of_living"),
        ]

    def __str__(self) -> str:
        return self.path


class SearchDue(models.Model):
    """A store whose index is to be completed, by a task or the sweep."""

    store = models.OneToOneField(Store, models.CASCADE, related_name="search_due")
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"index {self.store}"
