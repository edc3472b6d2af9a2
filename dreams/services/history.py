"""What is known of the writes to a store: read from the vendor's lists, with where that knowledge begins and the holes
in it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice

from django.utils import timezone

from dreams.models import MemoryVersion, Store, VersionGap
from dreams.remote.gateway import Gateway
from dreams.remote.records import Version
from dreams.services.mirror import keep_versions

HISTORY_PAGES = 50  # of 100 versions each: how far back the first import reads who wrote what


def read_history(gateway: Gateway, store: Store, after_page: Callable[[], None]) -> datetime | None:
    """Mirrors who wrote what: heads of versions only, 100 a call. Returns the moment where what is known now begins;
    None when that is the first write to each memory.

    All are kept at the end and oldest first: within a store our numbers rise with time, which `Visit` relies on.
    """
    pages = gateway.version_pages(store.remote_id)
    heads: list[Version] = []
    for page in islice(pages, HISTORY_PAGES):
        heads.extend(page)
        after_page()
    keep_versions(store, heads[::-1])
    if next(pages, None):
        return heads[-1].created_at
    return _begins(heads[::-1])


def _begins(heads: Sequence[Version]) -> datetime | None:
    """From when on no memory misses a write: the vendor forgets old versions, and keeps the last ones of a memory
    longer, so that its oldest one need not be its first."""
    oldest: dict[str, Version] = {}
    for version in heads:
        oldest.setdefault(version.memory_id, version)
    return max((v.created_at for v in oldest.values() if v.operation != "created"), default=None)


def note_gap(store: Store) -> None:
    """The vendor's list no longer holds the last version known here: from then until the first one listed after, what
    was written is unknown. To be called when its list was read again, before the store's last version moves on."""
    if store.last_changed_at is None:
        return
    later = MemoryVersion.objects.filter(store=store, created_at__gt=store.last_changed_at)
    first = later.order_by("created_at", "pk").first()
    VersionGap.objects.get_or_create(
        store=store,
        after_at=store.last_changed_at,
        defaults={"until_at": first.created_at if first else None, "noted_at": timezone.now()},
    )
