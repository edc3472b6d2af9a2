"""Claims by compare-and-set: a row is worked on by one process, and a killed process's claim runs out."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

# Longer than any single vendor call (VENDOR_DEADLINE_SECONDS), since a holder renews between calls.
LEASE = timedelta(seconds=90)


def claim(rows: QuerySet[Any], pk: int, **sets: Any) -> str | None:
    """Takes the row `pk` of `rows` (a queryset that names the states it may be taken from) and sets `sets` with it.

    Returns the claim token, or None when the row is in another state or somebody else's claim still runs.
    """
    token = uuid4().hex
    free = Q(claim="") | Q(claimed_at__lt=timezone.now() - LEASE)
    taken = rows.filter(free, pk=pk).update(claim=token, claimed_at=timezone.now(), **sets)
    return token if taken else None


def renew(row: Model, token: str, **sets: Any) -> bool:
    """Prolongs a claim and sets `sets`; False when it was lost meanwhile, and the holder must stop."""
    rows = type(row)._default_manager.filter(pk=row.pk, claim=token)
    return bool(rows.update(claimed_at=timezone.now(), **sets))


def release(row: Model, token: str, **sets: Any) -> bool:
    """Gives the claim back and sets `sets` in the same UPDATE; False when it was lost meanwhile."""
    rows = type(row)._default_manager.filter(pk=row.pk, claim=token)
    return bool(rows.update(claim="", claimed_at=None, **sets))
