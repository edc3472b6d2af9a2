"""Reads of sessions: the filtered list, one session's head, and which tool paths of a transcript are memories."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from dreams.models import Dream, Memory, MemoryVersion, Session, SessionMount, Store, Workspace
from dreams.remote.records import Thread
from dreams.rules.paths import mount_path
from dreams.rules.transcript_words import outcome_badge, span, status_badge
from dreams.rules.transcripts import memory_path


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters of the list offer; stores as (vendor id, name), the rest as they occur."""

    stores: list[tuple[str, str]]
    agents: list[str]
    statuses: list[tuple[str, str]]
    outcomes: list[tuple[str, str]]


def choices(workspace: Workspace) -> Choices:
    """Stores that some session mounts, agents, statuses and outcome results that occur in the workspace."""
    mine = Session.objects.filter(workspace=workspace)
    mounted = SessionMount.objects.filter(session__workspace=workspace).values("store_id")
    stores = Store.objects.filter(workspace=workspace, remote_id__in=mounted)
    results = {
        outcome.get("result", "")
        for held in mine.exclude(outcomes=[]).values_list("outcomes", flat=True)
        for outcome in held
    }
    return Choices(
        stores=list(stores.order_by("name", "pk").values_list("remote_id", "name")),
        agents=list(
            mine.exclude(agent_name="").order_by("agent_name").values_list("agent_name", flat=True).distinct()
        ),
        statuses=[
            (s, status_badge(s)[1]) for s in mine.order_by("status").values_list("status", flat=True).distinct()
        ],
        outcomes=sorted((result, outcome_badge(result)[1]) for result in results if result),
    )


def sessions_of(
    workspace: Workspace,
    *,
    q: str = "",
    store: str = "",
    agent: str = "",
    status: str = "",
    outcome: str = "",
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[Session]:
    """The sessions that pass all filters, newest first; both days are included, in UTC."""
    found = Session.objects.filter(workspace=workspace)
    if q:
        found = found.filter(Q(title__icontains=q) | Q(remote_id=q))
    if store:
        found = found.filter(Exists(SessionMount.objects.filter(session=OuterRef("pk"), store_id=store)))
    if agent:
        found = found.filter(agent_name=agent)
    if status:
        found = found.filter(status=status)
    if outcome:
        found = found.filter(pk__in=_with_outcome(workspace, outcome))
    if since:
        found = found.filter(created_at__date__gte=since)
    if until:
        found = found.filter(created_at__date__lte=until)
    return found.order_by("-created_at", "-pk")


def _with_outcome(workspace: Workspace, outcome: str) -> list[int]:
    """By hand: SQLite cannot look into a JSON list, and few sessions have outcomes at all."""
    held = Session.objects.filter(workspace=workspace).exclude(outcomes=[]).values_list("pk", "outcomes")
    return [pk for pk, outcomes in held if any(o.get("result") == outcome for o in outcomes)]


@dataclass(frozen=True, slots=True)
class MountRow:
    """A store that a session mounts; `store` is None when it is not in the mirror."""

    mount: SessionMount
    store: Store | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session in the list. `outcomes` are (badge, word); `runs` is the dream whose own session it is."""

    session: Session
    badge: str
    status: str
    outcomes: list[tuple[str, str]]
    mounts: list[MountRow]
    tokens: int
    cost: str
    wrote: int
    runs: Dream | None


def rows(workspace: Workspace, sessions: Sequence[Session]) -> list[SessionRow]:
    """The rows of one page; four queries whatever their number."""
    ids = [session.remote_id for session in sessions]
    mounts = _mounts(workspace, sessions)
    written = MemoryVersion.objects.filter(store__workspace=workspace, actor_kind="session", actor_id__in=ids)
    wrote = dict(written.values_list("actor_id").annotate(Count("memory_id", distinct=True)))
    dreams = Dream.objects.filter(workspace=workspace, pipeline_session_id__in=ids)
    runs = {dream.pipeline_session_id: dream for dream in dreams}
    return [
        SessionRow(
            session,
            *status_badge(session.status),
            outcomes=[outcome_badge(outcome.get("result", "")) for outcome in session.outcomes],
            mounts=mounts[session.pk],
            tokens=session.input_tokens + session.output_tokens,
            cost=cost_of(session.cost_cents),
            wrote=wrote.get(session.remote_id, 0),
            runs=runs.get(session.remote_id),
        )
        for session in sessions
    ]


def _mounts(workspace: Workspace, sessions: Iterable[Session]) -> dict[int, list[MountRow]]:
    found: dict[int, list[MountRow]] = {session.pk: [] for session in sessions}
    mounts = list(SessionMount.objects.filter(session__in=list(found)).order_by("pk"))
    ids = {mount.store_id for mount in mounts}
    stores = {store.remote_id: store for store in Store.objects.filter(workspace=workspace, remote_id__in=ids)}
    for mount in mounts:
        found[mount.session_id].append(MountRow(mount, stores.get(mount.store_id)))
    return found


def cost_of(cents: Decimal | None) -> str:
    """The vendor's list cost in whole units of its currency; "" when it told none."""
    return "" if cents is None else f"{cents / 100:,.2f}"


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """An outcome as it stands last."""

    badge: str
    label: str
    description: str
    explanation: str
    round: int


@dataclass(frozen=True, slots=True)
class SessionAbout:
    """The mirrored head of a session: what it mounts, wrote and cost, and which dreams read it."""

    badge: str
    status: str
    outcomes: list[OutcomeRow]
    mounts: list[MountRow]
    wrote: list[Memory]
    wrote_count: int
    read_by: list[Dream]
    runs: Dream | None
    tokens: int
    cost: str
    active: str


MOST_WRITTEN = 20


def about(session: Session) -> SessionAbout:
    """Everything the page of a session says beside its transcript."""
    workspace = session.workspace
    written = MemoryVersion.objects.filter(
        store__workspace=workspace, actor_kind="session", actor_id=session.remote_id
    )
    changed = Memory.objects.filter(store__workspace=workspace, remote_id__in=written.values("memory_id"))
    dreams = Dream.objects.filter(workspace=workspace).select_related("store")
    badge, status = status_badge(session.status)
    return SessionAbout(
        badge=badge,
        status=status,
        outcomes=[_outcome(outcome) for outcome in session.outcomes],
        mounts=_mounts(workspace, [session])[session.pk] if session.pk else [],
        wrote=list(changed.select_related("store").defer("text").order_by("path")[:MOST_WRITTEN]),
        wrote_count=written.values("memory_id").distinct().count(),
        read_by=list(dreams.filter(session_links__session_id=session.remote_id).order_by("-requested_at")),
        runs=dreams.filter(pipeline_session_id=session.remote_id).first(),
        tokens=session.input_tokens + session.output_tokens,
        cost=cost_of(session.cost_cents),
        active=span(session.active_seconds) if session.active_seconds else "",
    )


def _outcome(outcome: Mapping[str, object]) -> OutcomeRow:
    badge, label = outcome_badge(str(outcome.get("result", "")))
    told = (str(outcome.get(key) or "") for key in ("description", "explanation"))
    return OutcomeRow(badge, label, *told, round=int(outcome.get("iteration") or 0) + 1)


def session_of_dream(dream: Dream) -> Session | None:
    """The session that runs a dream: the mirrored one, else its id alone (it may never be listed), unsaved."""
    if not dream.pipeline_session_id:
        return None
    return _mirrored_or_bare(dream.workspace, dream.pipeline_session_id)


def find_session(workspace: Workspace, session_id: str) -> Session | None:
    """The session with that id of the vendor: of the mirror, or the unlisted one of a dream of this workspace."""
    found = Session.objects.filter(workspace=workspace, remote_id=session_id).first()
    if found is None and Dream.objects.filter(workspace=workspace, pipeline_session_id=session_id).exists():
        found = _mirrored_or_bare(workspace, session_id)
    if found is not None:
        found.workspace = workspace
    return found


def _mirrored_or_bare(workspace: Workspace, session_id: str) -> Session:
    bare = Session(workspace=workspace, remote_id=session_id)
    return Session.objects.filter(workspace=workspace, remote_id=session_id).first() or bare


def memories_at(session: Session, file_paths: Iterable[str]) -> dict[str, tuple[str, str]]:
    """{file path: (store id, memory id)} for those below the session's mounts that are memories of the mirror."""
    mounts = _mount_paths(session)
    wanted = {file: place for file in file_paths if (place := memory_path(file, mounts))}
    rows = Memory.objects.filter(
        store__workspace=session.workspace_id,
        store__remote_id__in={store for store, _ in wanted.values()},
        path__in={path for _, path in wanted.values()},
    )
    ids = {(store, path): id for store, path, id in rows.values_list("store__remote_id", "path", "remote_id")}
    return {file: (place[0], ids[place]) for file, place in wanted.items() if place in ids}


def _mount_paths(session: Session) -> dict[str, str]:
    """{mount path: store id}. The vendor names no mounts for the session of a dream: there the store it writes into
    is looked for where an agent would see it."""
    if session.pk and (known := dict(session.mounts.values_list("mount_path", "store_id"))):
        return known
    dreams = Dream.objects.filter(workspace=session.workspace_id, pipeline_session_id=session.remote_id)
    dream = dreams.select_related("output_store").first()
    output = dream.output_store if dream else None
    return {mount_path(output.name): output.remote_id} if output else {}


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A thread in the list of threads; `depth` says how far it is indented."""

    thread: Thread
    badge: str
    status: str
    depth: int


def thread_rows(threads: Iterable[Thread]) -> list[ThreadRow]:
    """The threads below their parents, each level in the order of their beginning; those without a known parent, and
    those that only hang on each other, at the top."""
    left = {thread.id: thread for thread in sorted(threads, key=lambda thread: thread.created_at)}
    tops = [id for id, thread in left.items() if thread.parent_id not in left]
    found: list[ThreadRow] = []
    while left:
        waiting = [(id, 0) for id in reversed(tops or list(left)[:1])]
        while waiting:
            id, depth = waiting.pop()
            if thread := left.pop(id, None):
                found.append(ThreadRow(thread, *status_badge(thread.status), depth=depth))
                below = [other.id for other in left.values() if other.parent_id == id]
                waiting.extend((child, depth + 1) for child in reversed(below))
        tops = []
    return found
