"""Reads of the sessions around one store or its line: who could read, write and did, and how often they succeeded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from dreams.models import Attachment, Dream, DreamSession, MemoryVersion, Session, SessionMount, Store
from dreams.queries.offers import READ
from dreams.queries.sessions import never_dreamt
from dreams.rules import dream_states
from dreams.rules.success import Success, Week, monday_of, success_of, total, weeks_of
from dreams.rules.transcript_words import outcome_badge, status_badge

WEEKS, FEWEST = 26, 13  # weeks looked at; those drawn at least
MOST_MARKS = 40
STEP, WIDTH, HEIGHT = 12, 9, 60  # units of the chart: a week, its bar, all of it

SHOWS = {
    "all": ("All", Q()),
    "readers": ("Could only read", Q(mounted=True, could_write=False)),
    "writers": ("Could write", Q(could_write=True)),
    "wrote": ("Wrote", Q(wrote=True)),
    "undreamt": ("Never dreamt over", Q(undreamt=True)),
}


def sessions_around(store: Store, *, scope: str, show: str = "all") -> QuerySet[Session]:
    """Sessions that mounted the store or wrote to it, newest first; `scope` "line": any store of its line. `show` is
    a key of SHOWS."""
    return _around(store, scope).filter(SHOWS[show][1]).order_by("-created_at", "-pk")


def _around(store: Store, scope: str) -> QuerySet[Session]:
    ids = _store_ids(store, scope)
    mounts = SessionMount.objects.filter(session=OuterRef("pk"), store_id__in=ids)
    versions = MemoryVersion.objects.filter(
        workspace=store.workspace, actor_kind="session", actor_id=OuterRef("remote_id"), store__remote_id__in=ids
    )
    return (
        Session.objects.filter(workspace=store.workspace)
        .annotate(
            mounted=Exists(mounts),
            could_write=Exists(mounts.exclude(access="read_only")),
            wrote=Exists(versions),
            undreamt=never_dreamt(),
        )
        .filter(Q(mounted=True) | Q(wrote=True))
    )


def _store_ids(store: Store, scope: str) -> list[str]:
    return list(store.line.stores.values_list("remote_id", flat=True)) if scope == "line" else [store.remote_id]


def counts(store: Store, *, scope: str) -> list[tuple[str, str, int]]:
    """(key, words, number of sessions) of each of SHOWS; one query."""
    # Not named as the annotations are: an aggregate of the same name would hide the one that it counts by.
    each = {f"n_{show}": Count("pk", filter=condition) for show, (_, condition) in SHOWS.items()}
    numbers = _around(store, scope).aggregate(**each)
    return [(show, words, numbers[f"n_{show}"]) for show, (words, _) in SHOWS.items()]


@dataclass(frozen=True, slots=True)
class Row:
    """A session beside the store: what it might do, the memories and versions it wrote, the dreams that read it."""

    session: Session
    badge: str
    status: str
    access: str
    memories: int
    versions: int
    outcomes: list[tuple[str, str]]
    success: Success
    read_by: list[Dream]
    runs: Dream | None


def rows(store: Store, sessions: Sequence[Session], *, scope: str) -> list[Row]:
    """The rows of one page of `sessions_around`; three queries whatever their number."""
    ids = [session.remote_id for session in sessions]
    versions = MemoryVersion.objects.filter(
        workspace=store.workspace,
        actor_kind="session",
        actor_id__in=ids,
        store__remote_id__in=_store_ids(store, scope),
    )
    counted = versions.values_list("actor_id").annotate(Count("memory_id", distinct=True), Count("pk"))
    wrote = {actor: (memories, writes) for actor, memories, writes in counted}
    links = DreamSession.objects.filter(
        dream__workspace=store.workspace, dream__state__in=READ, session_id__in=ids
    ).select_related("dream")
    read: dict[str, list[Dream]] = {}
    for link in links.order_by("-dream__requested_at"):
        read.setdefault(link.session_id, []).append(link.dream)
    dreams = Dream.objects.filter(workspace=store.workspace, pipeline_session_id__in=ids)
    runs = {dream.pipeline_session_id: dream for dream in dreams}
    return [
        Row(
            session,
            *status_badge(session.status),
            _access(session),
            *wrote.get(session.remote_id, (0, 0)),
            outcomes=[outcome_badge(str(outcome.get("result", ""))) for outcome in session.outcomes],
            success=success_of(session.outcomes),
            read_by=read.get(session.remote_id, []),
            runs=runs.get(session.remote_id),
        )
        for session in sessions
    ]


def _access(session: Session) -> str:
    """What a session of `sessions_around` might do with the store."""
    if not session.mounted:
        return "wrote without mounting it"
    return "could write" if session.could_write else "could only read"


@dataclass(frozen=True, slots=True)
class Bar:
    """A week of the chart: the judged outcomes and, inside, the satisfied ones; heights from the bottom line up."""

    x: int
    judged: int
    satisfied: int

    @property
    def y(self) -> int:
        """The top of the outer bar."""
        return HEIGHT - self.judged

    @property
    def y_satisfied(self) -> int:
        """The top of the inner bar."""
        return HEIGHT - self.satisfied


@dataclass(frozen=True, slots=True)
class Mark:
    """A dream that completed or a deployment pointed elsewhere; `turning` when agents read another memory since."""

    at: datetime
    words: str
    x: float
    turning: bool


@dataclass(frozen=True, slots=True)
class SuccessAround:
    """The outcomes of the last WEEKS weeks: all, those before and after the newest turning mark, week by week, drawn
    and as a table of those weeks that have any. Drawn from `drawn` on, the first week in which there is anything."""

    all: Success
    before: Success | None
    after: Success | None
    pivot: Mark | None
    weeks: list[Week]
    bars: list[Bar]
    marks: list[Mark]
    width: int
    since: date
    drawn: date


def success_around(store: Store, *, scope: str) -> SuccessAround:
    """How often sessions that mounted the store reached their outcomes; three queries."""
    now = timezone.now()
    first = monday_of(now) - timedelta(weeks=WEEKS - 1)
    start = datetime.combine(first, time(), UTC)
    ids = _store_ids(store, scope)
    found = Session.objects.filter(
        Exists(SessionMount.objects.filter(session=OuterRef("pk"), store_id__in=ids)),
        workspace=store.workspace,
        created_at__gte=start,
    ).exclude(outcome="")
    sessions = [(begun, success_of(outcomes)) for begun, outcomes in found.values_list("created_at", "outcomes")]
    marks = _marks(store, ids, start)
    pivot = next((mark for mark in reversed(marks) if mark.turning), None)
    weeks = weeks_of(sessions, until=now, number=WEEKS)
    empty = next((place for place, week in enumerate(weeks) if week.success.n), WEEKS)
    if marks:
        empty = min(empty, int(marks[0].x // STEP))
    skipped = min(empty, WEEKS - FEWEST)
    marks = [replace(mark, x=mark.x - skipped * STEP) for mark in marks]
    return SuccessAround(
        all=total(success for _, success in sessions),
        before=total(success for begun, success in sessions if begun < pivot.at) if pivot else None,
        after=total(success for begun, success in sessions if begun >= pivot.at) if pivot else None,
        pivot=pivot,
        weeks=[week for week in reversed(weeks) if week.success.n],
        bars=_bars(weeks[skipped:]),
        marks=marks,
        width=(WEEKS - skipped) * STEP,
        since=first,
        drawn=weeks[skipped].monday,
    )


def _bars(weeks: Sequence[Week]) -> list[Bar]:
    most = max(week.success.n for week in weeks)
    tall = [(place, week.success) for place, week in enumerate(weeks) if week.success.n]
    unit = (HEIGHT - 4) / max(most, 1)
    return [
        Bar(place * STEP, max(2, round(success.n * unit)), round(success.satisfied * unit)) for place, success in tall
    ]


def _marks(store: Store, ids: Sequence[str], start: datetime) -> list[Mark]:
    """Oldest first: dreams over one of these stores, and deployments pointed at or away from one."""
    dreams = Dream.objects.filter(
        line=store.line, store__remote_id__in=ids, state=dream_states.COMPLETED, ended_at__gte=start
    )
    attached = Attachment.objects.filter(
        Q(to_store__remote_id__in=ids) | Q(from_store__remote_id__in=ids),
        line=store.line,
        state=Attachment.State.DONE,
        done_at__gte=start,
    ).select_related("to_store")
    told = [
        (dream.ended_at, "a dream wrote into the store", True)
        if dream.updates_existing
        else (dream.ended_at, "a dream over the store completed", False)
        for dream in dreams.order_by("-ended_at")[:MOST_MARKS]
    ]
    told += [
        (attachment.done_at, f"{attachment.deployment_name} was pointed at {attachment.to_store.name}", True)
        for attachment in attached.order_by("-done_at")[:MOST_MARKS]
    ]
    week = timedelta(weeks=1)
    return [Mark(at, words, round((at - start) / week * STEP, 1), turning) for at, words, turning in sorted(told)]
