"""The page of a store's health: the case for a dream over it, on one screen."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dreams.enqueue import enqueue
from dreams.models import HealthReport, Store
from dreams.queries import health as queries
from dreams.services.health import is_fresh, is_readable
from dreams.views.lookup import MemberRequest, answer, in_workspace, wants_fragment, why_not
from dreams.views.stores import find_store, store_frame


@require_GET
@in_workspace
def store_health(request: MemberRequest, store_id: str) -> HttpResponse:
    """One store's health as it was last looked over; when it was written since, it is looked over now, behind."""
    store = find_store(request, store_id)
    context = {**store_frame(request, store, "health"), **_health(request, store)}
    return answer(request, "health/store.html", "health/_health.html", context)


def _health(request: MemberRequest, store: Store) -> dict[str, Any]:
    report = HealthReport.objects.filter(store=store).first()
    made_at = report.made_at.isoformat() if report else ""
    stale = store.walked_at is not None and store.gone_at is None and not is_fresh(report, store)
    again = wants_fragment(request)
    if stale and not again:
        enqueue("examine_store", store.pk)
    # Looked at again until there is a newer report than the one that was seen first: a store that agents write to
    # all the time is never quite fresh.
    seen = request.GET.get("seen", "") if again else made_at
    return {
        "findings": queries.findings_of(store, report) if is_readable(report) else None,
        "limits": queries.limits_of(store),
        "cold": queries.cold_of(store),
        "waiting": queries.waiting_for(store) if store.writable else None,
        "stale": stale,
        "looking": stale and seen == made_at,
        "seen": seen,
        "dream_why_not": why_not(request, "start_dream"),
    }
