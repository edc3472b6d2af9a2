"""The pages of agents and deployments, from the mirror."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from dreams.models import Agent, Deployment
from dreams.queries import agents as queries
from dreams.views.lookup import MemberRequest, answer, in_workspace


@require_GET
@in_workspace
def agent_list(request: MemberRequest) -> HttpResponse:
    """All agents with their rosters, or all deployments with what they mount."""
    view = "deployments" if request.GET.get("view") == "deployments" else "agents"
    show = "all" if request.GET.get("show") == "all" else "live"
    found = {"agents": queries.agents_of, "deployments": queries.deployments_of}
    rows = {"agents": queries.agent_rows, "deployments": queries.deployment_rows}
    page = Paginator(found[view](request.workspace, show=show), 50).get_page(request.GET.get("page"))
    context = {
        "view": view,
        "show": show,
        "counts": {name: of(request.workspace, show=show).count() for name, of in found.items()},
        "page": page,
        "rows": rows[view](request.workspace, list(page)),
        "query": f"view={view}&show={show}&",
        "mirror_at": request.workspace.agents_listed_at,
    }
    return answer(request, "agents/list.html", "agents/_list.html", context)


@require_GET
@in_workspace
def agent_detail(request: MemberRequest, agent_id: str) -> HttpResponse:
    """One agent: its roster, who calls it, the deployments that run it."""
    agent = get_object_or_404(
        Agent.objects.select_related("workspace"), workspace=request.workspace, remote_id=agent_id
    )
    context = {
        "agent": agent,
        "about": queries.agent_about(agent),
        "mirror_at": request.workspace.agents_listed_at,
    }
    return render(request, "agents/detail.html", context)


@require_GET
@in_workspace
def deployment_detail(request: MemberRequest, deployment_id: str) -> HttpResponse:
    """One deployment: when it runs, what it mounts, what is wrong with it."""
    rows = Deployment.objects.select_related("workspace")
    deployment = get_object_or_404(rows, workspace=request.workspace, remote_id=deployment_id)
    context = {
        "deployment": deployment,
        "about": queries.deployment_about(deployment),
        "mirror_at": deployment.seen_at,
    }
    return render(request, "deployments/detail.html", context)
