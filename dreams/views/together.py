"""Accepting all of one harmless kind: the list first, then the act, then its undo."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from dreams.models import Review
from dreams.queries.batches import Batch, find_batch
from dreams.queries.change_list import TOGETHER, together
from dreams.rules import review_states as states
from dreams.services import together as service
from dreams.services.refusals import Stale
from dreams.views.lookup import MemberRequest, in_workspace, why_not
from dreams.views.reviews import find_review


@require_http_methods(["GET", "POST"])
@in_workspace
def review_accept(request: MemberRequest, pk: int, kind: str) -> HttpResponse:
    """What would be accepted at once, to be looked over; accepted only as it was seen."""
    review = find_review(request, pk)
    if kind not in TOGETHER:
        raise Http404
    problem = ""
    if request.method == "POST":
        try:
            batch = service.accept_together(review, kind, seen=request.POST.get("seen", ""), by=request.user)
        except Stale as stale:
            problem = str(stale)
        else:
            return redirect("review-accepted", ws=request.workspace.slug, pk=pk, batch=batch)
    context = {
        "review": review,
        "noun": "" if review.dream_id else "store",
        "found": together(review, kind),
        "problem": problem,
        "why_not": _why_not(request, review),
    }
    return render(request, "reviews/accept.html", context, status=409 if problem else 200)


@require_http_methods(["GET", "POST"])
@in_workspace
def review_accepted(request: MemberRequest, pk: int, batch: int) -> HttpResponse:
    """What was accepted at once, each as it stands by now; taken back by a POST."""
    review = find_review(request, pk)
    found = find_batch(review, batch)
    if found is None:
        raise Http404
    if request.method == "POST":
        messages.success(request, _taken_back(service.undo_together(review, batch, by=request.user)))
        return redirect("review-accepted", ws=request.workspace.slug, pk=pk, batch=batch)
    noun = "" if review.dream_id else "store"
    context = {"review": review, "noun": noun, "batch": found, "why_not": _why_not(request, review)}
    return render(request, "reviews/accepted.html", context)


def _why_not(request: MemberRequest, review: Review) -> str:
    if review.state != states.OPEN:
        return f"This review is {states.REVIEW_STATES.words[review.state].lower()}."
    return why_not(request, "decide_change")


def _taken_back(batch: Batch) -> str:
    said = f"Took {len(batch.standing)} back: undecided again."
    if batch.overtaken:
        many = "1 was" if len(batch.overtaken) == 1 else f"{len(batch.overtaken)} were"
        said += f" {many} decided anew since, and left as somebody wanted it."
    return said
