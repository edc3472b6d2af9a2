"""How far a member has seen what was written to stores."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from dreams.access import check_can
from dreams.models import Membership, MemoryVersion, Visit


def mark_seen(membership: Membership, seen: Mapping[int, int]) -> None:
    """Notes that the member saw each store ({our number of the store: of its version}) up to that version; what was
    mirrored later stays unread. Never backwards: of two pages open at once the newer one counts. Other workspaces'
    numbers, and versions of other stores, are left out. No audit row: it concerns nobody else."""
    check_can(membership.user, membership.workspace, "read")
    now = timezone.now()
    mine = MemoryVersion.objects.filter(workspace=membership.workspace, pk__in=seen.values())
    true = [(store, version) for store, version in mine.values_list("store", "pk") if seen.get(store) == version]
    with transaction.atomic():
        Visit.objects.bulk_create(
            [Visit(membership=membership, store_id=store, version=version, at=now) for store, version in true],
            ignore_conflicts=True,
            batch_size=200,
        )
        for store, version in true:
            Visit.objects.filter(membership=membership, store=store, version__lte=version).update(
                version=version, at=now
            )
