"""What a member has not seen yet of the writes to stores."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from dreams.models import Deployment, Membership, MemoryVersion, Store, StoreLine, Workspace
from dreams.rules.standings import mounted_stores

# Somebody who never looked at a store has not missed its whole past: only what was written lately counts as unread.
FIRST_LOOK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a member has seen a store. Unread is what was mirrored after `seen` (our number of a version, 0 without
    a visit) and not written before `since`: old history may be read from the vendor late, and is no news. `newest` is
    the number of the last write, 0 without any; `at` the last visit."""

    store: Store
    seen: int
    since: datetime
    at: datetime | None
    newest: int
    unread: int

    def missed(self, version: MemoryVersion) -> bool:
        """Whether this version of the store is unread."""
        return version.pk > self.seen and version.created_at >= self.since


def standings(membership: Membership, stores: QuerySet[Store]) -> dict[int, Standing]:
    """{store's number: Standing} of these stores; one query, which reads of each store what is unread only."""
    versions = MemoryVersion.objects.filter(store=OuterRef("pk"))
    unread = versions.filter(pk__gt=OuterRef("seen"), created_at__gte=OuterRef("since"))
    last_seen = MemoryVersion.objects.filter(pk=OuterRef("mine__version")).values("created_at")
    found = stores.annotate(
        mine=FilteredRelation("visits", condition=Q(visits__membership=membership)),
        seen=Coalesce(F("mine__version"), 0),
        seen_at=F("mine__at"),
        since=Coalesce(Subquery(last_seen), Value(timezone.now() - FIRST_LOOK)),
        newest=Coalesce(Subquery(versions.order_by("-created_at", "-pk").values("pk")[:1]), 0),
        unread=Coalesce(Subquery(unread.order_by().values("store").annotate(n=Count("pk")).values("n")), 0),
    )
    return {s.pk: Standing(s, s.seen, s.since, s.seen_at, s.newest, s.unread) for s in found}


def in_use(workspace: Workspace, stores: QuerySet[Store]) -> QuerySet[Store]:
    """Those of these stores that somebody reads: the current one of each line, and what live deployments mount. Not
    the copies that dreams made and nobody took over, nor what was replaced by one; one query."""
    live = Deployment.objects.filter(workspace=workspace, archived_at=None, gone_at=None)
    mounted = {id for resources in live.values_list("resources", flat=True) for id, *_ in mounted_stores(resources)}
    return stores.filter(Q(line__current_store=F("pk")) | Q(remote_id__in=mounted))


def unread_by_line(membership: Membership, lines: Iterable[StoreLine]) -> Counter[int]:
    """{line's number: how many writes to those of its stores that are in use the member has not seen}; two queries."""
    stores = in_use(membership.workspace, Store.objects.filter(line__in=[line.pk for line in lines]))
    counts: Counter[int] = Counter()
    for standing in standings(membership, stores).values():
        counts[standing.store.line_id] += standing.unread
    return counts
