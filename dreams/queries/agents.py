"""Reads of agents and deployments: whom they call, what they mount, and what about them is broken or soon will be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, QuerySet

from dreams.models import Agent, Deployment, Session, Store, Workspace
from dreams.queries.attachments import Row as AttachmentRow
from dreams.queries.attachments import find_attachments
from dreams.queries.attachments import row as attachment_row
from dreams.rules.loose import moment
from dreams.rules.rosters import Member, Roster, roster_of
from dreams.rules.standings import (
    Mounted,
    Trouble,
    deployment_troubles,
    mounted_stores,
    other_resources,
    paused_words,
    roster_trouble,
    schedule_words,
    upcoming_runs,
)

MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class MountRow:
    """A store that a deployment mounts; `store` is None when it is not in the mirror."""

    store_id: str
    store: Store | None
    access: str
    instructions: str
    state: str

    @property
    def name(self) -> str:
        """The store's name, else its id."""
        return self.store.name if self.store else self.store_id


@dataclass(frozen=True, slots=True)
class DeploymentRow:
    """A deployment with its state in words and what is wrong with it; `agent` is None when it is not mirrored."""

    deployment: Deployment
    agent: Agent | None
    badge: str
    status: str
    paused: str
    schedule: str
    mounts: list[MountRow]
    troubles: list[Trouble]


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One of a roster; `agent` is None when it is no agent of its own, or not mirrored."""

    member: Member
    agent: Agent | None
    name: str
    kind: str
    trouble: Trouble | None


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent in the list: whom it calls, and how much it is used."""

    agent: Agent
    roster: Roster
    members: list[MemberRow]
    deployments: int
    sessions: int
    last_at: datetime | None
    troubles: list[Trouble]


def agents_of(workspace: Workspace, *, show: str = "live") -> QuerySet[Agent]:
    """The agents by name; `show` "all" with the archived ones."""
    agents = Agent.objects.filter(workspace=workspace)
    return (agents if show == "all" else agents.filter(archived_at=None)).order_by("name", "pk")


def deployments_of(workspace: Workspace, *, show: str = "live") -> QuerySet[Deployment]:
    """The deployments by name; `show` "all" with the archived and deleted ones."""
    found = Deployment.objects.filter(workspace=workspace)
    return (found if show == "all" else found.filter(archived_at=None, gone_at=None)).order_by("name", "pk")


def agent_rows(workspace: Workspace, agents: Sequence[Agent]) -> list[AgentRow]:
    """The rows of one page; three queries whatever their number."""
    ids = [agent.remote_id for agent in agents]
    sessions = Session.objects.filter(workspace=workspace, agent_id__in=ids).values_list("agent_id")
    used = {id: (count, last) for id, count, last in sessions.annotate(Count("pk"), Max("created_at"))}
    live = deployments_of(workspace).filter(agent_id__in=ids).order_by().values_list("agent_id")
    deployed = dict(live.annotate(Count("pk")))
    rosters = {agent.pk: roster_of(agent.multiagent) for agent in agents}
    known = _agents(workspace, {id for roster in rosters.values() for id in roster.agent_ids})
    rows = []
    for agent in agents:
        members = _member_rows(agent, rosters[agent.pk], known)
        troubles = _roster_troubles(agent, members)
        count, last = used.get(agent.remote_id, (0, None))
        deployments = deployed.get(agent.remote_id, 0)
        rows.append(AgentRow(agent, rosters[agent.pk], members, deployments, count, last, troubles))
    return rows


def _agents(workspace: Workspace, ids: Iterable[str]) -> dict[str, Agent]:
    return {agent.remote_id: agent for agent in Agent.objects.filter(workspace=workspace, remote_id__in=set(ids))}


def _member_rows(agent: Agent, roster: Roster, known: dict[str, Agent]) -> list[MemberRow]:
    return [_member_row(agent, member, known.get(member.id)) for member in roster.members]


def _member_row(caller: Agent, member: Member, agent: Agent | None) -> MemberRow:
    if member.kind == "self" or (member.kind == "agent" and member.id == caller.remote_id):
        return MemberRow(member, None, "itself", "a further thread of the same agent", None)
    if member.kind == "advisor":
        return MemberRow(member, None, member.model or "an advisor", "advisor, asked in the middle of a turn", None)
    name = (agent.name if agent else member.name) or member.id or "a member without a name"
    if member.kind != "agent":
        return MemberRow(member, None, name, member.kind.replace("_", " "), None)
    trouble = roster_trouble(
        name,
        archived=bool(agent and agent.archived_at),
        known=agent is not None,
        pinned=member.version,
        newest=agent.version if agent else None,
    )
    return MemberRow(member, agent, name, "", trouble)


def _roster_troubles(agent: Agent, members: Iterable[MemberRow]) -> list[Trouble]:
    """An archived agent calls nobody: what its roster holds is no trouble any more."""
    return [] if agent.archived_at else [row.trouble for row in members if row.trouble]


def deployment_rows(workspace: Workspace, deployments: Sequence[Deployment]) -> list[DeploymentRow]:
    """The rows of these deployments; two queries whatever their number."""
    agents = _agents(workspace, (deployment.agent_id for deployment in deployments))
    ids = {id for deployment in deployments for id, *_ in mounted_stores(deployment.resources)}
    rows = Store.objects.filter(workspace=workspace, remote_id__in=ids).select_related("line__current_store")
    stores = {store.remote_id: store for store in rows}
    return [_deployment_row(deployment, agents.get(deployment.agent_id), stores) for deployment in deployments]


def _deployment_row(deployment: Deployment, agent: Agent | None, stores: dict[str, Store]) -> DeploymentRow:
    mounts = [
        MountRow(id, stores.get(id), access, instructions, _state(stores.get(id)))
        for id, access, instructions in mounted_stores(deployment.resources)
    ]
    ended = deployment.archived_at or deployment.gone_at
    troubles = deployment_troubles(
        [_mounted(mount) for mount in mounts],
        agent_name=agent.name if agent else deployment.agent_id,
        agent_archived=bool(agent and agent.archived_at),
        pinned=deployment.agent_version,
        newest=agent.version if agent else None,
    )
    paused = paused_words(deployment.paused_reason) if deployment.status == "paused" and not ended else ""
    return DeploymentRow(
        deployment,
        agent,
        *_status(deployment),
        paused=paused,
        schedule=schedule_words(deployment.schedule),
        mounts=mounts,
        troubles=[] if ended else troubles,
    )


def _status(deployment: Deployment) -> tuple[str, str]:
    """(badge, word) of a deployment."""
    if deployment.gone_at:
        return "vanished", "Deleted"
    if deployment.archived_at:
        return "archived", "Archived"
    known = {"active": ("active", "Active"), "paused": ("inactive", "Paused")}
    word = deployment.status.replace("_", " ").capitalize() or "Unknown"
    return known.get(deployment.status, ("unknown", word))


def _state(store: Store | None) -> str:
    if store is None:
        return "unknown"
    return "gone" if store.gone_at else "archived" if store.archived_at else ""


def _mounted(mount: MountRow) -> Mounted:
    store = mount.store
    current = store.line.current_store if store else None
    successor = current.name if store and current and current.pk != store.pk else ""
    writes = mount.access != "read_only"
    return Mounted(mount.name, mount.state, store.memory_count if store else 0, writes, successor)


@dataclass(frozen=True, slots=True)
class AgentAbout:
    """Everything the page of an agent says: its roster, who calls it, its deployments, how much it is used."""

    row: AgentRow
    called_by: list[Agent]
    deployments: list[DeploymentRow]


def agent_about(agent: Agent) -> AgentAbout:
    """A fixed number of queries; the agents that call it are looked for in all rosters of the workspace."""
    workspace = agent.workspace
    others = agents_of(workspace).exclude(pk=agent.pk).exclude(multiagent={})
    deployments = list(deployments_of(workspace, show="all").filter(agent_id=agent.remote_id))
    return AgentAbout(
        row=agent_rows(workspace, [agent])[0],
        called_by=[other for other in others if agent.remote_id in roster_of(other.multiagent).agent_ids],
        deployments=deployment_rows(workspace, deployments),
    )


@dataclass(frozen=True, slots=True)
class DeploymentAbout:
    """Everything the page of a deployment says beside its row."""

    row: DeploymentRow
    upcoming: list[datetime]
    others: list[str]
    attachments: list[AttachmentRow]
    sessions: int
    last_at: datetime | None


def deployment_about(deployment: Deployment) -> DeploymentAbout:
    """Five queries."""
    workspace = deployment.workspace
    attachments = find_attachments(workspace).filter(deployment_id=deployment.remote_id, undoes=None)
    sessions = Session.objects.filter(workspace=workspace, deployment_id=deployment.remote_id)
    used = sessions.aggregate(count=Count("pk"), last=Max("created_at"))
    runs = map(moment, upcoming_runs(deployment.schedule))
    return DeploymentAbout(
        row=deployment_rows(workspace, [deployment])[0],
        upcoming=[run for run in runs if run],
        others=other_resources(deployment.resources),
        attachments=[attachment_row(attachment) for attachment in attachments[:MOST_LISTED]],
        sessions=used["count"],
        last_at=used["last"],
    )
