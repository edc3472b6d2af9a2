"""Reads of snapshots: the list with what changed from one to the next, what one held, and stores as files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Left

from dreams.models import ApplyRun, Entry, Memory, Snapshot, SnapshotWish, Store, Text, Workspace
from dreams.rules.archives import Part
from dreams.rules.paths import Folder, tree

# Texts read at once while a download is being written.
TEXTS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """A snapshot in the list: how many memories it has more, other and less than `previous`, the one before it in
    time; `same` is the newest older snapshot that holds exactly the same."""

    snapshot: Snapshot
    previous: Snapshot | None
    same: Snapshot | None
    added: int
    changed: int
    removed: int


def find_snapshots(workspace: Workspace) -> QuerySet[Snapshot]:
    """The snapshots of a workspace with what their page reads of them."""
    rows = Snapshot.objects.filter(store__workspace=workspace)
    return rows.select_related("store__workspace", "store__line__current_store", "manifest", "taken_by")


def snapshots_of(store: Store) -> QuerySet[Snapshot]:
    """The snapshots of a store, newest first."""
    return (
        Snapshot.objects.filter(store=store)
        .select_related("manifest", "taken_by")
        .defer("uncertain_paths")
        .order_by("-taken_at", "-pk")
    )


def snapshot_rows(store: Store, page: Sequence[Snapshot]) -> list[SnapshotRow]:
    """Rows for these neighbours, newest first; three queries whatever their number and size."""
    if not page:
        return []
    last = page[-1]
    older = snapshots_of(store).filter(Q(taken_at__lt=last.taken_at) | Q(taken_at=last.taken_at, pk__lt=last.pk))
    before = older.first()
    ordered = [*page, before] if before else [*page]
    pairs = {each.pk: ordered[n + 1] for n, each in enumerate(page) if n + 1 < len(ordered)}
    counted = _differences([(each, pairs[each.pk]) for each in page if each.pk in pairs])
    # Those before the page are asked for once: the newest of each manifest.
    twins = {each.manifest_id: each for each in reversed(older.filter(manifest__in={s.manifest_id for s in page}))}
    rows = []
    for snapshot in reversed(page):
        added, changed, removed = counted.get(snapshot.pk, (0, 0, 0))
        same = twins.get(snapshot.manifest_id)
        rows.append(SnapshotRow(snapshot, pairs.get(snapshot.pk), same, added, changed, removed))
        twins[snapshot.manifest_id] = snapshot
    return rows[::-1]


def _differences(pairs: Sequence[tuple[Snapshot, Snapshot]]) -> dict[int, tuple[int, int, int]]:
    """{snapshot: (added, changed, removed)} since the other one of its pair; one query over the index of paths."""
    unequal = [(new, old) for new, old in pairs if new.manifest_id != old.manifest_id]
    if not unequal:
        return {}
    whens = [When(pk=new.pk, then=Value(old.manifest_id)) for new, old in unequal]
    was = Entry.objects.filter(manifest=OuterRef("before"), path=OuterRef("manifest__entries__path"))
    entries = (
        Snapshot.objects.filter(pk__in=[new.pk for new, _ in unequal], manifest__entries__isnull=False)
        .annotate(before=Case(*whens), text=F("manifest__entries__text"))
        .annotate(was=Subquery(was.values("text")[:1]))
    )
    counts = {
        pk: (added, changed)
        for pk, added, changed in entries.values_list("pk").annotate(
            added=Sum(Case(When(was=None, then=1), default=0)),
            changed=Sum(Case(When(was__isnull=False, then=Case(When(was=F("text"), then=0), default=1)), default=0)),
        )
    }
    found = {}
    for new, old in unequal:
        added, changed = counts.get(new.pk, (0, 0))
        found[new.pk] = (added, changed, old.manifest.count - (new.manifest.count - added))
    return found


def wish_of(store: Store) -> SnapshotWish | None:
    """The snapshot of this store that is being taken."""
    return SnapshotWish.objects.filter(store=store).select_related("by", "store").first()


def restores_of(store: Store, limit: int = 5) -> list[ApplyRun]:
    """The newest plans that make the store equal to a manifest."""
    rows = ApplyRun.objects.filter(target=store, review=None).exclude(state=ApplyRun.State.ABANDONED)
    return list(rows.select_related("snapshot", "planned_by").order_by("-planned_at", "-pk")[:limit])


# -- one snapshot -----------------------------------------------------------------------------------------


def folders_of(snapshot: Snapshot) -> Folder:
    """Its folders, with how many memories lie below each."""
    return tree(Entry.objects.filter(manifest=snapshot.manifest_id).values_list("path", flat=True))


def entries_of(snapshot: Snapshot, *, prefix: str = "/") -> QuerySet[Entry]:
    """Its memories below a folder by path, byte by byte as the vendor compares; without the texts."""
    rows = Entry.objects.filter(manifest=snapshot.manifest_id).select_related("text").defer("text__body")
    if prefix != "/":
        rows = rows.alias(head=Left("path", len(prefix))).filter(head=prefix)
    return rows.order_by("path")


def entry_at(snapshot: Snapshot, path: str) -> Entry | None:
    """What it held at this path."""
    return Entry.objects.filter(manifest=snapshot.manifest_id, path=path).select_related("text").first()


def memory_now(snapshot: Snapshot, path: str) -> Memory | None:
    """What its store holds at this path now, from the mirror."""
    return Memory.objects.filter(store=snapshot.store_id, path=path).select_related("text").defer("text__body").first()


@dataclass(frozen=True, slots=True)
class SnapshotAbout:
    """What restoring meets: texts that were purged here, plans from this snapshot, others of the same manifest."""

    purged: int
    runs: list[ApplyRun]
    same: int


def about(snapshot: Snapshot) -> SnapshotAbout:
    """What the page says beside the memories; three queries."""
    runs = ApplyRun.objects.filter(snapshot=snapshot).exclude(state=ApplyRun.State.ABANDONED)
    return SnapshotAbout(
        purged=Entry.objects.filter(manifest=snapshot.manifest_id, text__purged_at__isnull=False).count(),
        runs=list(runs.select_related("target", "planned_by").order_by("-planned_at", "-pk")[:5]),
        same=Snapshot.objects.filter(manifest=snapshot.manifest_id).exclude(pk=snapshot.pk).count(),
    )


# -- as files ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Files:
    """What a download holds: `about` goes into its manifest, `paths` are all, and `parts` reads their texts as it is
    iterated. Only what is about the content itself is in it, so that equal content gives equal bytes."""

    about: dict[str, Any]
    held: Sequence[tuple[str, int, str]]

    @property
    def paths(self) -> list[str]:
        """All paths, in order."""
        return [path for path, _, _ in self.held]

    def parts(self) -> Iterator[Part]:
        """The memories one after the other; `TEXTS_AT_ONCE` a query."""
        for start in range(0, len(self.held), TEXTS_AT_ONCE):
            some = self.held[start : start + TEXTS_AT_ONCE]
            texts = Text.objects.in_bulk({pk for _, pk, _ in some})
            for path, pk, sha in some:
                body = texts[pk].body
                yield Part(path, sha, None if body is None else bytes(body))


def files_of_snapshot(snapshot: Snapshot) -> Files:
    """A snapshot as files."""
    rows = Entry.objects.filter(manifest=snapshot.manifest_id).values_list("path", "text_id", "text__sha256")
    return Files(_told(snapshot.store, snapshot.version_id, snapshot.taken_at.isoformat()), sorted(rows))


def files_of_store(store: Store) -> Files:
    """The mirror of a store as files: all of one moment. `taken_at` is when it came to be so, since when it was looked
    at last says nothing about what it holds."""
    for _ in range(5):
        head = Store.objects.get(pk=store.pk)
        rows = sorted(Memory.objects.filter(store=store).values_list("path", "text_id", "text__sha256"))
        if Store.objects.filter(pk=store.pk, last_version_id=head.last_version_id).exists():
            break
    since = head.last_changed_at or head.created_at
    return Files(_told(head, head.last_version_id, since.isoformat()), rows)


def _told(store: Store, version_id: str, taken_at: str) -> dict[str, Any]:
    return {
        "store_id": store.remote_id,
        "name": store.name,
        "description": store.description,
        "taken_at": taken_at,
        "version_id": version_id,
    }
