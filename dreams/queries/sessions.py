"""Reads of sessions: the filtered list, one session by its id, and which tool paths of a transcript are memories."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from dreams.models import (
    Deployment,
    Dream,
    DreamSession,
    Memory,
    MemoryVersion,
    Session,
    SessionMount,
    Store,
    Workspace,
)
from dreams.queries.offers import READ
from dreams.rules.paths import mount_path
from dreams.rules.transcript_words import outcome_badge, status_badge
from dreams.rules.transcripts import memory_path

Choice = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters of the list offer, each as (value, words): what occurs in the workspace."""

    stores: list[Choice]
    agents: list[Choice]
    deployments: list[Choice]
    statuses: list[Choice]
    outcomes: list[Choice]


def choices(workspace: Workspace) -> Choices:
    """Stores that some session mounts, and the agents, deployments, statuses and last results of sessions."""
    mine = Session.objects.filter(workspace=workspace)
    mounted = SessionMount.objects.filter(session__workspace=workspace).values("store_id")
    stores = Store.objects.filter(workspace=workspace, remote_id__in=mounted)
    # An agent renamed since is one agent still; one without an id goes by its name.
    agents = mine.exclude(agent_name="").values_list("agent_id").annotate(name=Max("agent_name"))
    used = mine.exclude(deployment_id="").values("deployment_id")
    deployments = Deployment.objects.filter(workspace=workspace, remote_id__in=used)
    statuses = mine.order_by("status").values_list("status", flat=True).distinct()
    results = mine.exclude(outcome="").order_by("outcome").values_list("outcome", flat=True).distinct()
    return Choices(
        stores=list(stores.order_by("name", "pk").values_list("remote_id", "name")),
        agents=sorted(((id or name, name) for id, name in agents), key=lambda choice: choice[1]),
        deployments=list(deployments.order_by("name", "pk").values_list("remote_id", "name")),
        statuses=[(status, status_badge(status)[1]) for status in statuses],
        outcomes=[(result, outcome_badge(result)[1]) for result in results],
    )


def sessions_of(
    workspace: Workspace,
    *,
    q: str = "",
    store: str = "",
    agent: str = "",
    deployment: str = "",
    status: str = "",
    outcome: str = "",
    since: date | None = None,
    until: date | None = None,
    undreamt: bool = False,
) -> QuerySet[Session]:
    """The sessions that pass all filters, newest first; both days are included, in UTC. `outcome` is the result of a
    session's last one; `undreamt`: no dream that completed or still may has read it, and it runs none."""
    found = Session.objects.filter(workspace=workspace)
    if q:
        found = found.filter(Q(title__icontains=q) | Q(remote_id=q))
    if store:
        found = found.filter(Exists(SessionMount.objects.filter(session=OuterRef("pk"), store_id=store)))
    if agent:
        found = found.filter(Q(agent_id=agent) | Q(agent_id="", agent_name=agent))
    if deployment:
        found = found.filter(deployment_id=deployment)
    if status:
        found = found.filter(status=status)
    if outcome:
        found = found.filter(outcome=outcome)
    if since:
        found = found.filter(created_at__date__gte=since)
    if until:
        found = found.filter(created_at__date__lte=until)
    if undreamt:
        found = found.filter(never_dreamt())
    return found.order_by("-created_at", "-pk")


def never_dreamt() -> Q:
    """No dream that completed or still may has read the session, and it is not the session of a dream itself."""
    mine = {"dream__workspace": OuterRef("workspace"), "session_id": OuterRef("remote_id")}
    read = DreamSession.objects.filter(dream__state__in=READ, **mine)
    runs = Dream.objects.filter(workspace=OuterRef("workspace"), pipeline_session_id=OuterRef("remote_id"))
    return ~Q(Exists(read)) & ~Q(Exists(runs))


@dataclass(frozen=True, slots=True)
class MountRow:
    """A store that a session mounts or wrote to, with how many of its memories it wrote. `store` is None when it is
    not in the mirror, `mount` when it wrote without one: the session of a dream."""

    mount: SessionMount | None
    store: Store | None
    wrote: int

    @property
    def words(self) -> str:
        """What it did there, or that it could only read; "" for one that could write and did not."""
        if self.wrote:
            return f"wrote {self.wrote:,}"
        return "reads" if self.mount and self.mount.access == "read_only" else ""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session in the list. `outcomes` are (badge, word); `tokens` read and written anew, `cached` besides; `runs`
    is the dream whose own session it is."""

    session: Session
    badge: str
    status: str
    outcomes: list[tuple[str, str]]
    mounts: list[MountRow]
    tokens: int
    cached: int
    cost: str
    runs: Dream | None


def rows(workspace: Workspace, sessions: Sequence[Session]) -> list[SessionRow]:
    """The rows of one page; four queries whatever their number."""
    ids = [session.remote_id for session in sessions]
    mounts = mounts_of(workspace, sessions)
    dreams = Dream.objects.filter(workspace=workspace, pipeline_session_id__in=ids)
    runs = {dream.pipeline_session_id: dream for dream in dreams}
    return [
        SessionRow(
            session,
            *status_badge(session.status),
            outcomes=[outcome_badge(str(outcome.get("result", ""))) for outcome in session.outcomes],
            mounts=mounts[session.remote_id],
            tokens=session.input_tokens + session.output_tokens,
            cached=session.cache_read_input_tokens + session.cache_creation_input_tokens,
            cost=cost_of(session),
            runs=runs.get(session.remote_id),
        )
        for session in sessions
    ]


def mounts_of(workspace: Workspace, sessions: Iterable[Session]) -> dict[str, list[MountRow]]:
    """{session's id: the stores it mounts, then those it wrote without a mount}; three queries."""
    sessions = list(sessions)
    mounted = SessionMount.objects.filter(session__in=[s.pk for s in sessions if s.pk]).order_by("pk")
    held: dict[int, list[SessionMount]] = defaultdict(list)
    for mount in mounted:
        held[mount.session_id].append(mount)
    versions = MemoryVersion.objects.filter(
        workspace=workspace, actor_kind="session", actor_id__in=[session.remote_id for session in sessions]
    )
    counts = versions.values_list("actor_id", "store__remote_id").annotate(Count("memory_id", distinct=True))
    wrote: dict[str, dict[str, int]] = defaultdict(dict)
    for session_id, store_id, count in counts.order_by("store"):
        wrote[session_id][store_id] = count
    ids = {mount.store_id for mounts in held.values() for mount in mounts} | {id for w in wrote.values() for id in w}
    stores = {store.remote_id: store for store in Store.objects.filter(workspace=workspace, remote_id__in=ids)}
    found = {}
    for session in sessions:
        here, mounts = wrote[session.remote_id], held[session.pk]
        rows = [MountRow(mount, stores.get(mount.store_id), here.pop(mount.store_id, 0)) for mount in mounts]
        found[session.remote_id] = rows + [MountRow(None, stores.get(id), count) for id, count in here.items()]
    return found


def cost_of(session: Session) -> str:
    """The vendor's list cost in whole units of its currency; "" when it told none."""
    cents: Decimal | None = session.cost_cents
    return "" if cents is None else f"{cents / 100:,.2f} {session.currency}".strip()


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
