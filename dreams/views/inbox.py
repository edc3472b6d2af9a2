"""The inbox: the first page of a workspace."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dreams.queries.inbox import inbox_of
from dreams.queries.workspaces import import_of
from dreams.views.lookup import MemberRequest, allows, answer, in_workspace, why_not


@require_GET
@in_workspace
def inbox(request: MemberRequest) -> HttpResponse:
    """What waits on this person and on others, what goes on, what was done; looks again while something goes on."""
    found = inbox_of(request.membership, request.GET.get("page"))
    reading = import_of(request.workspace)
    context = {
        "inbox": found,
        "reading": reading,
        "live": bool(found.going or reading.running),
        "can_connect": allows(request, "change_settings"),
        "why_not_connect": why_not(request, "change_settings"),
    }
    return answer(request, "inbox/inbox.html", "inbox/_inbox.html", context)
