"""Reads of a workspace: how far the import is."""

from dataclasses import dataclass

from django.db.models import Case, Count, Q, QuerySet, Sum, When

from dreams.models import Store, Workspace


@dataclass(frozen=True, slots=True)
class Import:
    """How far the first reading is. `listed`: the list of stores came; `read` of `total` stores have been read once,
    `memories` so far, those of walks in progress too; `failing` stores were refused and are tried again."""

    connected: bool
    listed: bool
    total: int
    read: int
    failing: int
    memories: int

    @property
    def running(self) -> bool:
        """Whether something is still to be read."""
        return self.connected and not (self.listed and self.read == self.total)

    @property
    def unread(self) -> int:
        """Stores that were not read yet."""
        return self.total - self.read


def import_of(workspace: Workspace) -> Import:
    """One query."""
    found = workspace.stores.filter(gone_at=None).aggregate(
        total=Count("pk"),
        read=Count("pk", filter=Q(walked_at__isnull=False)),
        failing=Count("pk", filter=Q(walked_at=None) & ~Q(problem="")),
        held=Sum("memory_count", default=0),
        walking=Sum("walk_seen", filter=Q(walked_at=None), default=0),
    )
    return Import(
        connected=workspace.connected,
        listed=workspace.stores_listed_at is not None,
        total=found["total"],
        read=found["read"],
        failing=found["failing"],
        memories=found["held"] + found["walking"],
    )


def stores_by_progress(workspace: Workspace) -> QuerySet[Store]:
    """The stores: those that failed first, then those still to be read, then the others, by name."""
    unread = Q(walked_at=None)
    urgency = Case(When(unread & ~Q(problem=""), then=0), When(unread, then=1), default=2)
    return Store.objects.filter(workspace=workspace, gone_at=None).order_by(urgency, "name", "pk")
