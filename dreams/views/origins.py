"""Where the sentences of a change come from: a part of the right pane, which follows the reading of sessions."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dreams.queries import provenance as queries
from dreams.views.lookup import MemberRequest, answer, in_workspace
from dreams.views.reviews import find_change, find_review


@require_GET
@in_workspace
def change_origins(request: MemberRequest, pk: int, change: int) -> HttpResponse:
    """The sentences of one change with the turns that say, or deny, them."""
    review = find_review(request, pk)
    found = find_change(review, change)
    context = {
        "review": review,
        "noun": "" if review.dream_id else "store",
        "change": found,
        "mirror_at": review.target.checked_at,
        "origins": queries.origins_of(found, whole="all" in request.GET),
    }
    return answer(request, "changes/origins.html", "changes/_origins.html", context)
