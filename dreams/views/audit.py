"""The page of the record."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dreams.access import check_can
from dreams.queries import audit as queries
from dreams.rules.audit_words import NOUNS, VERBS
from dreams.services.audit import broken_seals
from dreams.views.lookup import MemberRequest, answer, in_workspace


@require_GET
@in_workspace
def audit_list(request: MemberRequest) -> HttpResponse:
    """Who did what to which thing, newest first, with the seals of what is shown checked."""
    check_can(request.user, request.workspace, "read_audit")
    asked = request.GET
    filters = queries.Filters(asked.get("verb", "")[:60], asked.get("person", "")[:100], asked.get("noun", "")[:40])
    before = _number(asked.get("before", ""))
    page = queries.events_of(request.workspace, filters, before)
    kept = asked.copy()
    kept.pop("before", None)
    context = {
        "page": page,
        "filters": filters,
        "first": before is None,
        "broken": broken_seals(request.workspace, [row.event for row in page.rows]),
        "verbs": VERBS,
        "nouns": NOUNS,
        "people": queries.people_of(request.workspace),
        "query": f"{kept.urlencode()}&" if kept else "",
    }
    return answer(request, "audit/list.html", "audit/_list.html", context)


def _number(text: str) -> int | None:
    """An id of ours; None for anything else."""
    return int(text) if text.isdecimal() and len(text) < 19 else None
