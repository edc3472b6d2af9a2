"""Looking a store over for what is worth tidying: in a task, since comparing 2,000 texts takes seconds."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from dreams.models import HealthReport, Memory, MemoryVersion, Store, Workspace
from dreams.rules.growth import Write, growth, hot
from dreams.rules.health import EDITION, examine
from dreams.services.texts import storable

# By itself a store is looked over at most so often; when somebody opens the page, at once.
EVERY = timedelta(hours=1)
STORES_A_SWEEP = 3
# More text than this of one store is not compared: it would keep a worker for minutes.
MOST_BYTES = 10_000_000


def is_readable(report: HealthReport | None) -> bool:
    """Whether the report has the shape that is written today."""
    return report is not None and report.findings.get("edition") == EDITION


def is_fresh(report: HealthReport | None, store: Store) -> bool:
    """Whether the report speaks of the store as it is mirrored now."""
    return is_readable(report) and report.version_id == store.last_version_id  # type: ignore[union-attr]


def stores_due(workspace: Workspace) -> list[Store]:
    """The stores to look over by themselves, the longest unseen first: written since, and not within EVERY."""
    written = ~Q(health__version_id=F("last_version_id")) & Q(health__made_at__lt=timezone.now() - EVERY)
    stale = Q(health=None) | written
    rows = Store.objects.filter(stale, workspace=workspace, walked_at__isnull=False, gone_at=None)
    return list(rows.order_by(F("health__made_at").asc(nulls_first=True), "pk")[:STORES_A_SWEEP])


def examine_store(store: Store) -> HealthReport | None:
    """Makes the report of a store from the mirror alone, without a call to the vendor; None when there is nothing to
    do (it is fresh; the store was never read, or is gone), or when its texts changed meanwhile: it is found again."""
    report = HealthReport.objects.filter(store=store).first()
    if store.walked_at is None or store.gone_at or is_fresh(report, store):
        return None
    held = _held(store)
    findings, left_out = _findings(store)
    with transaction.atomic():
        # Locked, so that no sync, and no purge of what is quoted here, comes between looking and saving.
        now = Store.objects.select_for_update().get(pk=store.pk)
        if now.last_version_id != store.last_version_id or _held(store) != held:
            return None
        report, _ = HealthReport.objects.update_or_create(
            store=store,
            defaults={
                "version_id": store.last_version_id,
                "made_at": timezone.now(),
                "findings": {**findings, "left_out": left_out},
            },
        )
    return report


def _held(store: Store) -> set[str]:
    """The texts that may be quoted."""
    return set(Memory.objects.filter(store=store, text__purged_at=None).values_list("text__sha256", flat=True))


def _findings(store: Store) -> tuple[dict[str, Any], int]:
    """What rules.health finds, with growth and hot paths; and how many memories were too much to compare."""
    now, texts, size, left_out = timezone.now(), {}, 0, 0
    rows = Memory.objects.filter(store=store, text__purged_at=None).select_related("text").order_by("path")
    for memory in rows.iterator(chunk_size=100):
        size += memory.text.size
        if size > MOST_BYTES:
            left_out += 1
        else:
            texts[memory.path] = memory.text.text
    found = examine(texts)
    grown = growth(_writes(store), memories=store.memory_count, bytes=store.memory_bytes, now=now)
    found["growth"] = [{**asdict(day), "day": day.day.isoformat()} for day in grown]
    found["hot"] = [{**asdict(each), "last": each.last.isoformat()} for each in hot(_writes(store), now=now)]
    kept: dict[str, Any] = storable(found)
    return kept, left_out


def _writes(store: Store) -> Iterator[Write]:
    rows = MemoryVersion.objects.filter(store=store).order_by("created_at", "pk")
    columns = ("memory_id", "operation", "path", "size", "actor_kind", "actor_id", "created_at", "redacted_at")
    for memory_id, operation, path, size, kind, actor, at, redacted in rows.values_list(*columns).iterator():
        yield Write(memory_id, operation, path, None if redacted else size, actor if kind == "session" else "", at)
