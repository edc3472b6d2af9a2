"""The changes feed: what was written to stores, newest first, by whom, and where it is not known."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Left

from dreams.models import Dream, MemoryVersion, Session, Store, VersionGap, Workspace
from dreams.queries.people import KIND_WORDS, Author, authors_of
from dreams.queries.unread import Standing
from dreams.queries.written import Written, written

PAGE = 50


@dataclass(frozen=True, slots=True)
class Group:
    """Writes of one author to one store that follow each other; `dream` is the one whose work the session was, `actor`
    the value of the filter by this author."""

    author: Author
    actor: str
    store: Store
    dream: Dream | None
    rows: list[Written]
    memories: int


@dataclass(frozen=True, slots=True)
class Break:
    """A line between the writes, at the moment `at`: a gap in what is known (until `until`), or, without `until`,
    where the known history of the store begins."""

    store: Store
    at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Feed:
    """One page of it. `items` are groups and breaks; `older` is the number to go on before, 0 at the end."""

    items: list[Group | Break]
    shown: int
    unread_shown: int
    older: int


def feed_of(workspace: Workspace, standings: Mapping[int, Standing], wanted: Mapping[str, Any]) -> Feed | None:
    """The 50 newest writes to the stores of `standings` before the version numbered `wanted["before"]` (all without);
    None when there is no such version. `wanted` are the cleaned filters of forms.feed, all of them may be missing. The
    number of queries does not depend on how many writes there are."""
    found = _found(workspace, standings, wanted)
    upper = None
    if wanted.get("before"):
        last = MemoryVersion.objects.filter(workspace=workspace, pk=wanted["before"]).first()
        if last is None:
            return None
        upper = last.created_at
        earlier = Q(created_at__lt=upper) | Q(pk__lt=last.pk)
        found = found.filter(earlier, created_at__lte=upper)
    versions = list(found.order_by("-created_at", "-pk")[: PAGE + 1])
    more, versions = len(versions) > PAGE, versions[:PAGE]
    rows = [
        replace(row, unread=standings[row.version.store_id].missed(row.version))
        for row in written(workspace, versions)
    ]
    if wanted.get("until"):
        upper = min(upper or _after(wanted["until"]), _after(wanted["until"]))
    lower = versions[-1].created_at if more else _begin(wanted["since"]) if wanted.get("since") else None
    breaks = _breaks(standings, upper, lower)
    return Feed(
        items=_items(workspace, rows, breaks, standings),
        shown=len(rows),
        unread_shown=sum(row.unread for row in rows),
        older=versions[-1].pk if more else 0,
    )


def _found(
    workspace: Workspace, standings: Mapping[int, Standing], wanted: Mapping[str, Any]
) -> QuerySet[MemoryVersion]:
    found = _of_stores(workspace, standings)
    if path := wanted.get("path"):
        if path.startswith("/"):  # by bytes, as the vendor compares them: startswith ignores case on SQLite
            found = found.alias(head=Left("path", len(path))).filter(head=path)
        else:
            found = found.filter(path__icontains=path)
    if author := wanted.get("author"):
        found = found.filter(_by(workspace, author))
    if operation := wanted.get("operation"):
        found = found.filter(redacted_at=None) if operation != "redacted" else found.exclude(redacted_at=None)
        found = found if operation == "redacted" else found.filter(operation=operation)
    if wanted.get("since"):
        found = found.filter(created_at__gte=_begin(wanted["since"]))
    if wanted.get("until"):
        found = found.filter(created_at__lt=_after(wanted["until"]))
    return found.filter(_unread(standings)) if wanted.get("unread") else found


def _of_stores(workspace: Workspace, stores: Collection[int]) -> QuerySet[MemoryVersion]:
    """Of one store by its own index; of several by that of the workspace, which gives them in order already."""
    if len(stores) == 1:
        return MemoryVersion.objects.filter(store__in=stores)
    return MemoryVersion.objects.filter(workspace=workspace, store__in=stores)


def _by(workspace: Workspace, author: str) -> Q:
    kind, _, name = author.partition(":")
    if kind == "agent":
        sessions = Session.objects.filter(workspace=workspace, agent_name=name).values("remote_id")
        return Q(actor_kind="session", actor_id__in=sessions)
    return Q(actor_kind=name) if kind == "kind" else Q(actor_id=author)


def _unread(standings: Mapping[int, Standing]) -> Q:
    found = Q(pk__in=[])
    for pk, standing in standings.items():
        if standing.unread:
            found |= Q(store=pk, pk__gt=standing.seen, created_at__gte=standing.since)
    return found


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _after(day: date) -> datetime:
    return _begin(day) + timedelta(days=1)


def _breaks(
    standings: Mapping[int, Standing], upper: datetime | None, lower: datetime | None
) -> list[Break]:
    """The breaks of this stretch of time, newest first; what was written at `at` stands below the break."""
    gaps = VersionGap.objects.filter(store__in=standings)
    found = [Break(standings[gap.store_id].store, gap.after_at, gap.until_at or gap.noted_at) for gap in gaps]
    for standing in standings.values():
        if standing.store.history_from:
            # What was written at this very moment is known, so it stands above.
            found.append(Break(standing.store, standing.store.history_from - timedelta(microseconds=1), None))
    here = [b for b in found if (upper is None or b.at < upper) and (lower is None or b.at >= lower)]
    return sorted(here, key=lambda b: b.at, reverse=True)


def _items(
    workspace: Workspace, rows: Sequence[Written], breaks: Sequence[Break], standings: Mapping[int, Standing]
) -> list[Group | Break]:
    """Rows as groups, cut where a break stands between them; two queries."""
    versions = [row.version for row in rows]
    authors = authors_of(workspace, versions)
    actors = {version.actor_id for version in versions} - {""}
    dreams = Dream.objects.filter(workspace=workspace, pipeline_session_id__in=actors)
    by_session = {dream.pipeline_session_id: dream for dream in dreams}
    items: list[Group | Break] = []
    left = list(breaks)

    def place(row: Written) -> tuple[int, int, str, str]:
        version = row.version
        above = sum(b.at >= version.created_at for b in breaks)
        return above, version.store_id, version.actor_kind, version.actor_id

    for (above, store, kind, actor), run in groupby(rows, key=place):
        while len(breaks) - len(left) < above:
            items.append(left.pop(0))
        mine = list(run)
        memories = len({row.version.memory_id for row in mine})
        author = authors[mine[0].version.remote_id]
        dream = by_session.get(actor)
        items.append(Group(author, actor or f"kind:{kind}", standings[store].store, dream, mine, memories))
    return items + left


def author_choices(workspace: Workspace, chosen: str = "") -> list[tuple[str, str]]:
    """(value, words) of the filter by author: agents by name, then kinds; and `chosen`, where it is none of these."""
    names = Session.objects.filter(workspace=workspace).exclude(agent_name="")
    agents = names.order_by("agent_name").values_list("agent_name", flat=True).distinct()
    choices = [(f"agent:{name}", name) for name in agents]
    choices += [(f"kind:{kind}", f"any {words}") for kind, words in KIND_WORDS.items()]
    if chosen and chosen not in dict(choices):
        one = MemoryVersion.objects.filter(workspace=workspace, actor_id=chosen).first()
        words = authors_of(workspace, [one])[one.remote_id].name if one else chosen
        choices.append((chosen, words))
    return choices


def version_of(workspace: Workspace, pk: int) -> MemoryVersion | None:
    """The version with our number, with its store; None when it is of another workspace."""
    rows = MemoryVersion.objects.filter(workspace=workspace, pk=pk)
    return rows.select_related("store__workspace", "store__line__current_store").first()
