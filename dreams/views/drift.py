"""The page of everything that was written to the store a dream read while its review goes on."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dreams.queries import drift as queries
from dreams.views.lookup import MemberRequest, answer, in_workspace
from dreams.views.reviews import find_review

PER_PAGE = 100


@require_GET
@in_workspace
def review_drift(request: MemberRequest, pk: int) -> HttpResponse:
    """Each path of the base that moved, how it stands beside the dream, and the change it touches."""
    review = find_review(request, pk)
    page = Paginator(queries.drift_rows(review), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "review": review,
        "noun": "",
        "base": queries.base_drift(review, most=0),
        "page": page,
        "rows": [queries.moved_of(row) for row in page],
    }
    return answer(request, "reviews/drift.html", "reviews/_drift_list.html", context)
