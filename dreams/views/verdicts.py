"""What is decided of a review as a whole: approved, reopened, discarded."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from dreams.forms.reviews import DiscardForm
from dreams.services import reviews as service
from dreams.views.lookup import MemberRequest, in_workspace, why_not
from dreams.views.reviews import find_review


@require_POST
@in_workspace
def review_approve(request: MemberRequest, pk: int) -> HttpResponse:
    """One person's vote over the store as decided."""
    service.approve_review(find_review(request, pk), by=request.user)
    messages.success(request, "Approved. Nothing is written yet: plan the writes to see what will be.")
    return _back(request, pk)


@require_POST
@in_workspace
def review_reopen(request: MemberRequest, pk: int) -> HttpResponse:
    """Takes the approval back, so that decisions can be changed."""
    service.reopen_review(find_review(request, pk), by=request.user)
    messages.success(request, "Reopened: decisions can be changed again, and it needs a new approval.")
    return _back(request, pk)


@require_http_methods(["GET", "POST"])
@in_workspace
def review_discard(request: MemberRequest, pk: int) -> HttpResponse:
    """Ends the review with a reason; a page of its own where there is no dialog, or the reason was missing."""
    review = find_review(request, pk)
    form = DiscardForm(request.POST or None)
    if form.is_valid():
        service.discard_review(review, reason=form.cleaned_data["reason"], by=request.user)
        left = "what the dream wrote is left alone" if review.dream_id else "nothing is written to it"
        messages.success(request, f"Discarded. The store stays as it is, and {left}.")
        return _back(request, pk)
    noun = "" if review.dream_id else "store"
    context = {"review": review, "noun": noun, "form": form, "why_not": why_not(request, "discard_review")}
    return render(request, "reviews/discard.html", context, status=422 if form.errors else 200)


def _back(request: MemberRequest, pk: int) -> HttpResponse:
    return redirect("review-detail", ws=request.workspace.slug, pk=pk)
