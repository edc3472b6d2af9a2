"""Agents and deployments of the mirror for their pages, made quickly and by the hundred."""

from typing import Any

from django.utils import timezone

from dreams.models import Agent, Deployment, Workspace


def agent_row(workspace: Workspace, name: str, **head: Any) -> Agent:
    """A mirrored agent of version 3; its id is its name in small letters."""
    values = {"remote_id": f"agent_{name.lower()}", "version": 3, "model": "claude-opus-5", **head}
    return Agent.objects.create(workspace=workspace, name=name, **values)


def deployment_row(
    workspace: Workspace, name: str, agent: Agent | None = None, *stores: str, **head: Any
) -> Deployment:
    """A mirrored deployment of that agent's version 3 which mounts the stores with these ids of the vendor."""
    resources = [{"type": "memory_store", "memory_store_id": id, "access": "read_write"} for id in stores]
    values = {
        "remote_id": f"depl_{name}",
        "agent_id": agent.remote_id if agent else "agent_nobody",
        "agent_version": 3,
        "status": "active",
        "resources": resources,
        "seen_at": timezone.now(),
        **head,
    }
    return Deployment.objects.create(workspace=workspace, name=name, **values)


def coordinator_of(*agents: Agent, version: int = 3) -> dict[str, Any]:
    """A roster in the older shape."""
    return {
        "type": "coordinator",
        "agents": [{"type": "agent", "id": agent.remote_id, "version": version} for agent in agents],
    }
