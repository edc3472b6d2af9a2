"""What every page gets: the workspace, the person's role, what waits on them, the outage line, the theme."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from dreams.queries.inbox import count_waiting


def page(request: HttpRequest) -> dict[str, Any]:
    """The context processor; two queries on a page of a workspace, none elsewhere."""
    workspace = getattr(request, "workspace", None)
    membership = getattr(request, "membership", None)
    return {
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "theme": request.COOKIES.get("theme", "auto"),
        "demo": settings.DEMO,
        "workspace": workspace,
        "membership": membership,
        "vendor_outage": workspace.outage if workspace else "",
        "inbox_count": count_waiting(workspace, membership) if workspace and membership else 0,
    }
