"""What every page gets: the workspace, the person's role, what waits on them, the outage line, the theme."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from dreams.queries.inbox import count_waiting
from dreams.rules import roles
from dreams.services.vendor import bucket_of


def page(request: HttpRequest) -> dict[str, Any]:
    """The context processor; its queries run only where the top bar is drawn. A page that knows better how
    old its mirror is gives its own `mirror_at`."""
    workspace = getattr(request, "workspace", None)
    membership = getattr(request, "membership", None)
    return {
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "theme": request.COOKIES.get("theme", "auto"),
        "demo": settings.DEMO,
        "workspace": workspace,
        "membership": membership,
        "vendor_outage": workspace.outage if workspace else "",
        # Asked for by the foot alone: fragments have none.
        "calls_left": (lambda: bucket_of(workspace).left()) if workspace and membership else None,
        "mirror_at": workspace.stores_listed_at if workspace else None,
        "can_read_audit": membership is not None and roles.allows(membership.role, "read_audit"),
        # Lazy, since the context processor also runs for fragments, which show no top bar.
        "inbox_count": SimpleLazyObject(lambda: count_waiting(membership)) if membership else 0,
    }
