"""The page of the budget: what this dashboard may ask the vendor for, what it asked, for whom, and what waits."""

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dreams.queries.budget import spendings, waiting_work
from dreams.services.vendor import bucket_of
from dreams.views.lookup import MemberRequest, answer, in_workspace

VENDOR_READS_PER_MINUTE = 1_200


@require_GET
@in_workspace
def budget(request: MemberRequest) -> HttpResponse:
    """The budget as it stands; looks again every ten seconds, without asking the vendor."""
    bucket = bucket_of(request.workspace)
    account = bucket.account()
    context = {
        "account": account,
        "burst": bucket.burst,
        "rate": settings.VENDOR_READS_PER_MINUTE,
        "vendor_rate": VENDOR_READS_PER_MINUTE,
        "spendings": spendings(request.workspace, account.spent),
        "waiting": waiting_work(request.workspace),
    }
    return answer(request, "budget/budget.html", "budget/_budget.html", context)
