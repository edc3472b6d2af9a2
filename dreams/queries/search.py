"""Searching the index: the same answers from SQLite's FTS5 and PostgreSQL's tsvector, the newest of the best first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection
from django.db.models import OuterRef, Subquery

from dreams.models import MemoryVersion, SearchDue, SearchEntry, Session, Store, Workspace
from dreams.queries.people import Author, authors_of
from dreams.rules.search_words import IN_PATH, Part, Query, excerpt, first_id, folder_marks, mark

MOST = 1000  # the newest so many are ranked; more are not counted
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
    """What the database is asked: words that must stand in the index, one of each group, none of `without`; runs that
    must (not) stand in the row's own words; a beginning of the path; a range of keys."""

    need: Sequence[tuple[str, bool]]
    any_of: Sequence[str]
    without: Sequence[tuple[str, bool]]
    runs: Sequence[str]
    no_runs: Sequence[str]
    path: str
    first: int
    last: int


def find(workspace: Workspace, query: Query, narrow: Narrow) -> Found:
    """Paths that hold all words come first, then texts with the words beside each other, then the rest; each the
    newest first. Two queries at most, whatever there is."""
    ask = _asked(workspace, query, narrow)
    if ask is None:
        return Found([], False)
    in_path = [(IN_PATH + word, prefix) for part in query.parts for word, prefix in _terms(part)]
    paths = [key for key, _ in _select(replace(ask, need=[*ask.need, *in_path]), "")] if in_path else []
    rows = _select(ask, query.phrase.run if query.phrase else "")
    ranked = dict.fromkeys([*paths, *(key for key, beside in rows if beside), *(key for key, _ in rows)])
    return Found(list(ranked)[:MOST], max(len(ranked), len(rows), len(paths)) > MOST)


def _asked(workspace: Workspace, query: Query, narrow: Narrow) -> _Ask | None:
    """None when a filter names nothing there is."""
    need = [(mark("ws" if narrow.removed else "live", workspace.pk), False)]
    without = [(word, prefix) for part in query.without if len(part.words) == 1 for word, prefix in _terms(part)]
    if narrow.store:
        store = Store.objects.filter(workspace=workspace, remote_id=narrow.store).values_list("pk", flat=True).first()
        if store is None:
            return None
        need.append((mark("store", store), False))
    if not narrow.removed:
        gone = Store.objects.filter(workspace=workspace, gone_at__isnull=False).values_list("pk", flat=True)
        without += [(mark("store", pk), False) for pk in gone]
    need += [(folder, False) for folder in folder_marks(narrow.path)[-1:]]
    need += [term for part in query.parts for term in _terms(part)]
    runs = [part.run for part in query.parts if len(part.words) > 1]
    return _Ask(
        need=list(dict.fromkeys(need)),
        any_of=[mark("by", actor) for actor in _actors(workspace, narrow.author)] if narrow.author else [],
        without=without,
        runs=runs,
        no_runs=[part.run for part in query.without if len(part.words) > 1],
        path=narrow.path,
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


def _select(ask: _Ask, phrase: str) -> list[tuple[int, bool]]:
    """(key, whether `phrase` stands in it) of the newest MOST + 1 entries."""
    fts = connection.vendor == "sqlite"
    place, key = ("instr", "dreams_search.rowid") if fts else ("strpos", "e.id")
    where, values = [f"{key} BETWEEN %s AND %s"], [_expression(ask, fts), ask.first, ask.last]
    for run in ask.runs:
        where.append(f"{place}(e.words, %s) > 0")
        values.append(run)
    for run in ask.no_runs:
        where.append(f"{place}(e.words, %s) = 0")
        values.append(run)
    if ask.path:
        where.append("substr(e.path, 1, %s) = %s")
        values += [len(ask.path), ask.path]
    flag = f"{place}(e.words, %s) > 0" if phrase else "1 = 0"
    # CROSS JOIN: SQLite then begins with the index of words, which gives its rows newest first by itself.
    table = (
        "dreams_search CROSS JOIN dreams_searchentry e ON e.id = dreams_search.rowid WHERE dreams_search MATCH %s"
        if fts
        else "dreams_searchentry e WHERE e.tokens @@ %s::tsquery"
    )
    # Only names of ours are put together here; every value is a parameter.
    sql = f"SELECT e.id, {flag} FROM {table} AND {' AND '.join(where)} ORDER BY {key} DESC LIMIT {MOST + 1}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [*([phrase] if phrase else []), *values])
        return [(key, bool(beside)) for key, beside in cursor.fetchall()]


def _expression(ask: _Ask, fts: bool) -> str:
    """The words in the language of FTS5 or of tsquery. They hold letters, digits and our own marks only; quoted all
    the same."""

    def term(word: str, prefix: bool) -> str:
        return (f'"{word}" *' if prefix else f'"{word}"') if fts else (f"'{word}':*" if prefix else f"'{word}'")

    both, either = (" AND ", " OR ") if fts else (" & ", " | ")
    need = both.join(term(*each) for each in ask.need)
    if ask.any_of:
        need += f"{both}({either.join(term(word, False) for word in ask.any_of)})"
    if not ask.without:
        return need
    none = either.join(term(*each) for each in ask.without)
    return f"({need}) NOT ({none})" if fts else f"({need}) & !({none})"


def hits(workspace: Workspace, query: Query, keys: Sequence[int]) -> list[Hit]:
    """These entries in this order, as the page shows them; four queries."""
    later = MemoryVersion.objects.filter(
        store=OuterRef("store"), memory_id=OuterRef("memory_id"), created_at__gt=OuterRef("at")
    ).order_by("created_at", "pk")
    rows = (
        SearchEntry.objects.filter(pk__in=keys)
        .select_related("store", "text", "snapshot")
        .defer("words")
        .annotate(ended=Subquery(later.values("created_at")[:1]), ending=Subquery(later.values("operation")[:1]))
    )
    found = {row.pk: row for row in rows}
    versions = MemoryVersion.objects.filter(
        store__in={row.store_id for row in found.values()},
        remote_id__in=[row.version_id for row in found.values() if row.version_id],
    )
    authors = authors_of(workspace, versions)
    return [_hit(found[key], query.parts, authors) for key in keys if key in found]


def _hit(entry: SearchEntry, parts: Sequence[Part], authors: Mapping[str, Author]) -> Hit:
    text = entry.text.text
    start, end, marks = excerpt(text, parts)
    *_, path_marks = excerpt(entry.path, parts, most=2 * len(entry.path) + 200)
    gone = not entry.live
    return Hit(
        entry=entry,
        author=authors.get(entry.version_id),
        piece=text[start:end],
        marks=[(a - start, b - start) for a, b in marks],
        path_marks=path_marks,
        before=start > 0,
        after=end < len(text),
        ended=entry.ended if gone else None,
        ending=(entry.ending or "") if gone else "",
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
