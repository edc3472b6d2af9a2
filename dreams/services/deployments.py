"""The mirror of agents and deployments."""

from django.db import transaction
from django.utils import timezone

from dreams.models import Agent, Deployment, Workspace
from dreams.remote.records import Deployment as RemoteDeployment
from dreams.services.texts import fitted, storable
from dreams.services.vendor import watched


def refresh_deployments(workspace: Workspace) -> None:
    """Brings agents and deployments up to date (two lists, 100 a call). Raises RemoteError."""
    with watched(workspace) as gateway:
        asked = timezone.now()
        agents, deployments = gateway.agents(), gateway.deployments()
    with transaction.atomic():
        for agent in agents:
            head = {
                "name": agent.name,
                "version": agent.version,
                "description": agent.description,
                "model": agent.model,
                "multiagent": storable(agent.multiagent),
                "archived_at": agent.archived_at,
            }
            Agent.objects.update_or_create(workspace=workspace, remote_id=agent.id, defaults=fitted(Agent, head))
        # One that was attached while the list was on its way is newer here than in the list.
        newer = set(workspace.deployments.filter(seen_at__gt=asked).values_list("remote_id", flat=True))
        for deployment in deployments:
            if deployment.id not in newer:
                note_deployment(workspace, deployment)
        listed = [deployment.id for deployment in deployments]
        gone = Deployment.objects.filter(workspace=workspace, gone_at=None, seen_at__lte=asked).exclude(
            remote_id__in=listed
        )
        gone.update(gone_at=timezone.now())
        Workspace.objects.filter(pk=workspace.pk).update(agents_listed_at=timezone.now())


def note_deployment(workspace: Workspace, remote: RemoteDeployment) -> Deployment:
    """Mirrors one deployment."""
    head = {
        "name": remote.name,
        "agent_id": remote.agent_id,
        "agent_version": remote.agent_version,
        "schedule": storable(remote.schedule),
        "status": remote.status,
        "paused_reason": remote.paused_reason,
        "resources": storable(remote.resources),
        "archived_at": remote.archived_at,
        "gone_at": None,
        "seen_at": timezone.now(),
    }
    fits = fitted(Deployment, head)
    deployment, _ = Deployment.objects.update_or_create(workspace=workspace, remote_id=remote.id, defaults=fits)
    return deployment
