"""How views find things: the workspace with its member, and the helper that answers a page or only its fragment."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from dreams.models import Membership, Workspace
from dreams.remote.spending import spending
from dreams.rules import roles


class MemberRequest(HttpRequest):
    """A request of a signed-in member: what `in_workspace` puts on it."""

    workspace: Workspace
    membership: Membership


View = Callable[..., HttpResponse]


def in_workspace(view: View) -> View:
    """Signed-in members only; everybody else gets a 404, since they must not learn that the workspace exists.
    The view is called without the slug: the workspace and the membership are on the request."""

    @login_required
    @wraps(view)
    def looked_up(request: HttpRequest, ws: str, **rest: Any) -> HttpResponse:
        found = Membership.objects.filter(workspace__slug=ws, user=request.user, active=True)
        membership = found.select_related("workspace", "user").first()
        if membership is None:
            raise Http404
        request.workspace, request.membership = membership.workspace, membership  # type: ignore[attr-defined]
        with spending(work="page", person=membership.user_id):
            return view(request, **rest)

    return looked_up


def allows(request: MemberRequest, action: str) -> bool:
    """Whether the member's role is enough: for `can_…` in templates; the service checks again."""
    return roles.allows(request.membership.role, action)


def why_not(request: MemberRequest, action: str) -> str:
    """The sentence for a disabled button; "" when the member may."""
    return "" if allows(request, action) else roles.refusal(request.membership.role, action)


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx swaps a part of the page; when it restores one from the history it needs the whole."""
    whole = ("HX-Boosted", "HX-History-Restore-Request")
    return "HX-Request" in request.headers and not any(header in request.headers for header in whole)


def answer(request: HttpRequest, page: str, fragment: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The whole page, or for htmx only its fragment (`templates/<noun>/_<thing>.html`), at the same address."""
    response = render(request, fragment if wants_fragment(request) else page, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
