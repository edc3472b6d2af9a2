"""Reads of moments and of what lies between two of them: which can be chosen, how they are called, what was found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import QuerySet

from dreams.models import (
    Comparison,
    Difference,
    Membership,
    Memory,
    MemoryVersion,
    Review,
    Snapshot,
    Store,
    Visit,
    Workspace,
)
from dreams.queries.change_list import ChangeList, Row, in_order
from dreams.rules import review_states as states
from dreams.rules.moments import AT, NOW, SNAPSHOT, Moment

MOST = 100  # snapshots, and other stores, that are offered
Why = Snapshot.Why
DREAMT = (Why.DREAM_INPUT, Why.DREAM_OUTPUT, Why.AFTER_APPLY)


@dataclass(frozen=True)
class End:
    """One end of a comparison. `snapshot` is what it held, None until a task has frozen or replayed it; equal `key`s
    are equal stores. `at`: the last write before the time that was asked for."""

    moment: Moment
    store: Store
    snapshot: Snapshot | None
    key: str
    at: datetime | None = None

    @property
    def words(self) -> str:
        """The moment behind its store's name: "now", "on 20 November 2026, 10:00 UTC"."""
        if self.moment.kind == SNAPSHOT and self.snapshot:
            return snapshot_words(self.snapshot)
        return f"on {moment_words(self.moment.at)}" if self.moment.at else "now"


def moment_words(at: datetime) -> str:
    """A time as people read it, in UTC."""
    return f"{at.day} {at:%B %Y, %H:%M}{f':{at:%S}' if at.second else ''} UTC"


def snapshot_words(snapshot: Snapshot) -> str:
    """What a snapshot is: when it was taken, and why."""
    if snapshot.why == Why.MOMENT:
        return f"on {moment_words(snapshot.taken_at)}"
    return f"{snapshot.get_why_display()}, {moment_words(snapshot.taken_at)}"


def end_of(workspace: Workspace, moment: Moment) -> End | None:
    """That moment in this workspace; None when there is no such store or snapshot here. A time counts as the last
    write before it, so that all times between two writes are one moment."""
    if moment.kind == SNAPSHOT:
        rows = Snapshot.objects.select_related("store__line__current_store", "store__workspace", "manifest")
        snapshot = rows.filter(store__workspace=workspace, pk=moment.snapshot).first()
        return End(moment, snapshot.store, snapshot, str(moment)) if snapshot else None
    stores = Store.objects.select_related("workspace", "line__current_store")
    store = stores.filter(workspace=workspace, remote_id=moment.store).first()
    if store is None:
        return None
    if moment.at is None:
        return _now(moment, store)
    at = _last_write(store, moment.at)
    frozen = store.snapshots.select_related("manifest").filter(why=Why.MOMENT, version_id="", taken_at=at)
    return End(moment, store, frozen.first(), str(replace(moment, at=at)), at)


def _now(moment: Moment, store: Store) -> End:
    held = Memory.objects.filter(store=store).values_list("path", "text__sha256")
    digest = states.result_digest(held)  # as services.snapshots names a manifest
    equal = store.snapshots.select_related("manifest").filter(manifest__digest=digest, consistent=True)
    return End(moment, store, equal.order_by("-taken_at").first(), f"{moment}:{digest}")


def _last_write(store: Store, at: datetime) -> datetime:
    if store.checked_at is None or store.checked_at < at:
        return at  # what was written before it is not all known yet
    last = MemoryVersion.objects.filter(store=store, created_at__lte=at).order_by("-created_at").first()
    return last.created_at if last else at


def between_words(review: Review) -> str:
    """The two moments of a review without a dream."""
    start = snapshot_words(review.before)
    if review.before.store_id != review.after.store_id:
        start = f"{review.before.store}, {start}"
    return f"{start} → {moment_words(review.after.taken_at)}"


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to begin: what people call it, the moment it means, and its time."""

    words: str
    moment: str
    at: datetime


def quick_choices(store: Store, membership: Membership, now: datetime) -> list[Choice]:
    """The beginnings that people ask for every day, as far as there are any."""
    taken = store.snapshots.exclude(why=Why.MOMENT).order_by("-taken_at")
    dreamt, newest = taken.filter(why__in=DREAMT).first(), taken.first()
    visit = Visit.objects.filter(store=store, membership=membership).first()
    visited = _unread_since(store, visit) if visit else None
    written = store.last_changed_at
    yesterday = now.replace(second=0, microsecond=0) - timedelta(days=1)
    found = [
        _at("Since my last visit", store, visited) if visited and written and visited < written else None,
        _at("Since yesterday", store, yesterday),
        Choice("Since the last dream", f"{SNAPSHOT}:{dreamt.pk}", dreamt.taken_at) if dreamt else None,
        Choice("Since the last snapshot", f"{SNAPSHOT}:{newest.pk}", newest.taken_at)
        if newest and newest != dreamt
        else None,
    ]
    return [choice for choice in found if choice and choice.at >= store.created_at]


def _at(words: str, store: Store, at: datetime) -> Choice:
    return Choice(words, str(Moment(AT, store.remote_id, at)), at)


def _unread_since(store: Store, visit: Visit) -> datetime:
    """Just before the first version that was mirrored after the visit, which may have been written before it."""
    unread = MemoryVersion.objects.filter(store=store, pk__gt=visit.version, created_at__lte=visit.at)
    first = unread.order_by("created_at").first()
    return first.created_at - timedelta(microseconds=1) if first else visit.at


def snapshots_to_choose(store: Store) -> list[tuple[str, str]]:
    """(moment, words) of the snapshots of the store's line, newest first."""
    rows = Snapshot.objects.filter(store__line=store.line_id).exclude(why=Why.MOMENT).select_related("store")
    of = {store.pk: ""}
    return [
        (f"{SNAPSHOT}:{row.pk}", f"{of.get(row.store_id, f'{row.store}: ')}{snapshot_words(row)}")
        for row in rows.order_by("-taken_at", "-pk")[:MOST]
    ]


def stores_to_choose(store: Store) -> list[tuple[str, str]]:
    """(moment, words) of the other stores as they are now: those of the same line first, then by name."""
    rows = Store.objects.filter(workspace=store.workspace_id, walked_at__isnull=False).exclude(pk=store.pk)
    near = rows.filter(line=store.line_id).order_by("-created_at")[:MOST]
    far = rows.filter(gone_at=None).exclude(line=store.line_id).order_by("name", "pk")[:MOST]
    return [(f"{NOW}:{row.remote_id}", f"{row.name}, now") for row in (*near, *far)]


@dataclass(frozen=True)
class Found:
    """What lies between two moments, as far as it is known. `made`: it was compared; before that `read` of `to_read`
    old texts were read, and `problem` says what keeps it."""

    comparison: Comparison | None

    @property
    def made(self) -> bool:
        """Whether there is something to show."""
        return self.comparison is not None and self.comparison.made_at is not None

    @cached_property
    def rows(self) -> list[Row]:
        """What differs, in the order of a review, one query; `pk` is the place in the comparison."""
        fields = (
            *("position", "kind", "title"),
            *("lost_count", "altered_count", "flag_count", "lines_added", "lines_removed", "edges", "rewrapped"),
        )
        found = self.comparison.differences.order_by("position").values_list(*fields)
        return in_order(Row(place, kind, title, states.UNDECIDED, 0, *counts) for place, kind, title, *counts in found)

    def changes(self, show: str) -> ChangeList:
        """The same under a filter."""
        return ChangeList(self.rows, show if show in ("lost", "flagged") else "all")

    def difference(self, place: int) -> Difference | None:
        """The one at that place."""
        return self.comparison.differences.filter(position=place).first()

    @property
    def unsure(self) -> Sequence[tuple[Snapshot, Sequence[str]]]:
        """(snapshot, paths) of each side of which something cannot be told."""
        sides = (self.comparison.before_snapshot, self.comparison.after_snapshot)
        return [(side, side.uncertain_paths) for side in sides if side.uncertain_paths or side.note]


def found_between(before: End, after: End) -> Found:
    """What is known of the way from one end to the other; one query."""
    return Found(comparisons(before, after).select_related("before_snapshot", "after_snapshot").first())


def comparisons(before: End, after: End) -> QuerySet[Comparison]:
    """The row of these two ends; none until it was asked for."""
    rows = Comparison.objects.filter(workspace=before.store.workspace_id)
    return rows.filter(before=before.key, after=after.key)
