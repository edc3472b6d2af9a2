"""Searching the index: the same answers from SQLite's FTS5 and PostgreSQL's tsvector, the newest of the best first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from django.db import connection
from django.db.models import OuterRef, Subquery

from dreams.models import MemoryVersion, SearchDue, SearchEntry, Session, Store, Workspace
from dreams.queries.people import Author, authors_of
from dreams.rules.search_words import IN_PATH, LONG, Part, Query, excerpt, first_id, folder_marks, mark

MOST = 1000  # the newest so many are ranked; more are not counted
# What the page shows of an entry: making 25 of them whole costs as much as finding them.
SHOWN = (
    *("path", "memory_id", "version_id", "at", "live", "snapshot__taken_at", "text__body", "text__purged_at"),
    *("text__purged_by", "store__name", "store__remote_id", "store__archived_at", "store__gone_at"),
)
MOST_SESSIONS = 500  # an author who is an agent stands for its newest sessions


@dataclass(frozen=True, slots=True)
class Narrow:
    """What a search is narrowed to: a store by its vendor id, paths below or beginning with `path`, an author by the
    vendor's id or an agent's name, days (both included, UTC); `removed`: what is gone is looked through as well."""

    store: str = ""
    path: str = ""
    author: str = ""
    since: date | None = None
    until: date | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Keys of entries, best first; `more` when older ones were not ranked."""

    keys: list[int]
    more: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry as the page shows it: a piece of its text and of its path with the places of the words in each, and
    until when it stood (`ended`, by the operation `ending`), if that is known."""

    entry: SearchEntry
    author: Author | None
    piece: str
    marks: list[tuple[int, int]]
    path_marks: list[tuple[int, int]]
    before: bool
    after: bool
    ended: datetime | None
    ending: str


@dataclass(frozen=True, slots=True)
class _Ask:
    """What the database is asked: parts that must stand in the index, one of `any_of`, none of `without`; a beginning
    of the path; a range of keys."""

    need: Sequence[Part]
    any_of: Sequence[Part]
    without: Sequence[Part]
    path: str
    first: int
    last: int


def find(workspace: Workspace, query: Query, narrow: Narrow) -> Found:
    """Paths that hold all of it come first, then what holds the words beside each other, then the rest; each the
    newest first. Three queries at most, and a few for the filters, whatever there is."""
    ask = _asked(workspace, query, narrow)
    if ask is None:
        return Found([], False)
    keys = _select(_with(ask, query.parts))
    in_path = [Part(tuple(IN_PATH + word for word in part.words), part.prefix) for part in query.parts]
    paths = _select(_with(ask, in_path)) if in_path and keys else []
    beside = []
    if query.phrase and keys:
        beside = _select(_with(replace(ask, first=max(ask.first, keys[-1])), [query.phrase]))
    ranked = list(dict.fromkeys([*paths, *beside, *keys]))
    return Found(ranked[:MOST], max(len(ranked), len(keys), len(paths)) > MOST)


def _with(ask: _Ask, parts: Sequence[Part]) -> _Ask:
    return replace(ask, need=[*ask.need, *parts])


def _asked(workspace: Workspace, query: Query, narrow: Narrow) -> _Ask | None:
    """The filters and what must not stand; None when a filter names nothing there is."""
    need, without = [mark("all" if narrow.removed else "live", workspace.pk)], []
    if narrow.store:
        store = Store.objects.filter(workspace=workspace, remote_id=narrow.store).values_list("pk", flat=True).first()
        if store is None:
            return None
        need = [mark("store" if narrow.removed else "here", store)]
    if not narrow.removed:
        gone = Store.objects.filter(workspace=workspace, gone_at__isnull=False).values_list("pk", flat=True)
        without = [mark("store", pk) for pk in gone]
    need += folder_marks(narrow.path)[-1:]
    by = [mark("by", actor) for actor in _actors(workspace, narrow.author)] if narrow.author else []
    return _Ask(
        need=[Part((each,)) for each in need],
        any_of=[Part((each,)) for each in by],
        without=[*query.without, *(Part((each,)) for each in without)],
        path="" if narrow.path.endswith("/") else narrow.path,  # of a folder the mark says it all
        first=first_id(_midnight(narrow.since)) if narrow.since else 0,
        last=first_id(_midnight(narrow.until + timedelta(days=1))) - 1 if narrow.until else 2**63 - 1,
    )


def _terms(part: Part) -> list[tuple[str, bool]]:
    """(word, whether it may go on) of each word of a part."""
    return [(word, part.prefix and place == len(part.words)) for place, word in enumerate(part.words, 1)]


def _actors(workspace: Workspace, author: str) -> list[str]:
    """The ids that an author stands for: itself, and the newest sessions of the agent of that name."""
    sessions = Session.objects.filter(workspace=workspace, agent_name=author).order_by("-created_at", "-pk")
    return [author, *sessions.values_list("remote_id", flat=True)[:MOST_SESSIONS]]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _select(ask: _Ask) -> list[int]:
    """The keys of the newest MOST + 1 entries. Every value is a parameter; the words hold letters, digits and marks of
    ours only, and are quoted all the same."""
    table, key, where, values = (_fts5 if connection.vendor == "sqlite" else _tsquery)(ask)
    sql = f"SELECT {key} FROM {table} WHERE {where} AND {key} BETWEEN %s AND %s ORDER BY {key} DESC LIMIT {MOST + 1}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, ask.first, ask.last])
        return [key for (key,) in cursor.fetchall()]


def _fts5(ask: _Ask) -> tuple[str, str, str, list[object]]:
    """Table, key, condition and its values, for SQLite, whose index gives the newest first by itself."""

    def term(part: Part) -> str:
        return f'"{" ".join(part.words)}"{" *" if part.prefix else ""}'

    words = " AND ".join(map(term, ask.need))
    if ask.any_of:
        words += f" AND ({' OR '.join(map(term, ask.any_of))})"
    if ask.without:
        words = f"({words}) NOT ({' OR '.join(map(term, ask.without))})"
    if not ask.path:
        return "dreams_search", "rowid", "dreams_search MATCH %s", [words]
    # CROSS JOIN: so that it begins with the index.
    table = "dreams_search CROSS JOIN dreams_searchentry e ON e.id = dreams_search.rowid"
    where = "dreams_search MATCH %s AND substr(e.path, 1, %s) = %s"
    return table, "dreams_search.rowid", where, [words, len(ask.path), ask.path]


def _tsquery(ask: _Ask) -> tuple[str, str, str, list[object]]:
    """The same for PostgreSQL, whose index keeps pairs of words instead of their places (of which it has too few for
    long texts): longer phrases are looked up in the row's own words, and so are those of rows without pairs."""

    def word(lexeme: str, prefix: bool) -> str:
        return f"'{lexeme}':*" if prefix else f"'{lexeme}'"

    def term(part: Part) -> str:
        words = " & ".join(word(each, prefix) for each, prefix in _terms(part))
        if len(part.words) == 1:
            return words
        pairs = " & ".join(word(f"{one} {two}", prefix) for (one, _), (two, prefix) in pairwise(_terms(part)))
        return f"({pairs} | '{LONG}' & {words})"

    words = " & ".join(map(term, ask.need))
    if ask.any_of:
        words += f" & ({' | '.join(map(term, ask.any_of))})"
    single = [part for part in ask.without if len(part.words) == 1]
    if single:
        words += f" & !({' | '.join(map(term, single))})"
    where, values = ["e.tokens @@ %s::tsquery"], [words]
    runs = [(part, "> 0") for part in ask.need if len(part.words) > 1]
    runs += [(part, "= 0") for part in ask.without if len(part.words) > 1]
    for part, how in runs:
        where.append(f"strpos(e.words, %s) {how}")
        values.append(part.run)
    if ask.path:
        where.append("left(e.path, %s) = %s")
        values += [len(ask.path), ask.path]
    return "dreams_searchentry e", "e.id", " AND ".join(where), values


def hits(workspace: Workspace, query: Query, keys: Sequence[int]) -> list[Hit]:
    """These entries in this order, as the page shows them; four queries, one more when some are gone."""
    rows = SearchEntry.objects.filter(pk__in=keys).select_related("store", "text", "snapshot").only(*SHOWN)
    found = {row.pk: row for row in rows}
    endings = _endings([row.pk for row in found.values() if not row.live])
    versions = MemoryVersion.objects.filter(
        store__in={row.store_id for row in found.values()},
        remote_id__in=[row.version_id for row in found.values() if row.version_id],
    )
    authors = authors_of(workspace, versions.only("remote_id", "actor_kind", "actor_id"))
    ended = {key: endings.get(key, (None, "")) for key in found}
    return [_hit(found[key], query.parts, authors, *ended[key]) for key in keys if key in found]


def _endings(gone: Sequence[int]) -> dict[int, tuple[datetime, str]]:
    """When each of these entries ceased to stand, and by which operation, where a later version tells."""
    if not gone:
        return {}
    later = MemoryVersion.objects.filter(
        store=OuterRef("store"), memory_id=OuterRef("memory_id"), created_at__gt=OuterRef("at")
    ).order_by("created_at", "pk")
    rows = SearchEntry.objects.filter(pk__in=gone).exclude(memory_id="")
    times, operations = later.values("created_at")[:1], later.values("operation")[:1]
    told = rows.annotate(ended=Subquery(times), ending=Subquery(operations))
    return {key: (ended, ending) for key, ended, ending in told.values_list("pk", "ended", "ending") if ended}


def _hit(
    entry: SearchEntry, parts: Sequence[Part], authors: Mapping[str, Author], ended: datetime | None, ending: str
) -> Hit:
    text = entry.text.text
    start, end, marks = excerpt(text, parts)
    *_, path_marks = excerpt(entry.path, parts, most=2 * len(entry.path) + 200)
    return Hit(
        entry=entry,
        author=authors.get(entry.version_id),
        piece=text[start:end],
        marks=[(a - start, b - start) for a, b in marks],
        path_marks=path_marks,
        before=start > 0,
        after=end < len(text),
        ended=ended,
        ending=ending,
    )


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer: stores as (vendor id, name), names of agents; how many stores are not wholly indexed."""

    stores: list[tuple[str, str]]
    agents: list[str]
    unindexed: int


def choices(workspace: Workspace) -> Choices:
    """Every store of the workspace and the agents that are known; three queries."""
    stores = Store.objects.filter(workspace=workspace).order_by("name", "pk")
    agents = workspace.agents.exclude(name="").order_by("name").values_list("name", flat=True).distinct()
    return Choices(
        stores=list(stores.values_list("remote_id", "name")),
        agents=list(agents),
        unindexed=SearchDue.objects.filter(store__workspace=workspace).count(),
    )
