"""Putting back what a dream lost: at once where its neighbours went, or after choosing the place and looking at it."""

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from dreams.access import check_can
from dreams.forms.reviews import PutBackForm, WhereForm
from dreams.models import Change, Review
from dreams.queries.changes import writable_paths
from dreams.queries.drift import seen_now
from dreams.render import unified
from dreams.rules import review_states as states
from dreams.rules.words import text_diff
from dreams.services import putting_back as service
from dreams.services.putting_back import Plan
from dreams.services.refusals import Invalid, Refusal, Stale
from dreams.views.lookup import MemberRequest, answer, in_workspace, wants_fragment
from dreams.views.reviews import find_change, find_review, go_on, somebody_was_faster


@require_http_methods(["GET", "POST"])
@in_workspace
def change_put_back(request: MemberRequest, pk: int, change: int) -> HttpResponse:
    """Where a sentence would go and what comes of it; a POST puts it back, there or at the place that suits best."""
    review = find_review(request, pk)
    found = find_change(review, change)
    check_can(request.user, request.workspace, "decide_change")
    if request.method == "GET":
        return _choose(request, review, found)
    form = PutBackForm(request.POST)
    if not form.is_valid():
        raise Invalid("That is no sentence to put back.")
    said = form.cleaned_data
    try:
        plan = service.put_back(found, said.pop("finding"), by=request.user, **said)
    except Stale as stale:
        return somebody_was_faster(request, review, found, stale)
    return _done(request, review, found, plan)


def _choose(request: MemberRequest, review: Review, change: Change) -> HttpResponse:
    """The place with its preview; a place that cannot be is said beside the fields."""
    if review.state != states.OPEN:
        word = states.REVIEW_STATES.words[review.state].lower()
        raise Refusal(f"This review is {word}: nothing can be put back now.")
    form = WhereForm(request.GET)
    if not form.is_valid():
        raise Invalid("That is no sentence to put back.")
    said, problem = form.cleaned_data, ""
    try:
        plan = service.plan_back(change, said["finding"], into=said["into"], where=said["where"])
    except Refusal as refusal:
        if not said["into"]:
            raise
        problem, plan = str(refusal), service.plan_back(change, said["finding"])
    context = {
        "review": review,
        "noun": "" if review.dream_id else "store",
        "change": change,
        "finding": said["finding"],
        "where": said["where"],
        "into": said["into"] if problem else plan.path,
        "problem": problem,
        "plan": plan,
        "paths": writable_paths(change),
        "seen": seen_now(plan.target, review),
        "preview": unified(text_diff(plan.before, plan.after), caption=f"What {plan.path} would become"),
    }
    return answer(request, "reviews/put_back.html", "reviews/_put_back.html", context, 422 if problem else 200)


def _done(request: MemberRequest, review: Review, change: Change, plan: Plan) -> HttpResponse:
    words = f"put back into {plan.path}, line {plan.line}"
    if plan.target.pk == change.pk:
        return go_on(request, review, find_change(review, change.pk), words, stay=True)
    # Two changes differ now: the page is drawn anew.
    messages.success(request, f"The sentence is {words}. That is an edit of the change {plan.target.title}.")
    where = {"ws": request.workspace.slug, "pk": review.pk, "change": change.pk}
    address = reverse("change-detail", kwargs=where)
    if wants_fragment(request):
        return HttpResponse(headers={"HX-Location": json.dumps({"path": address, "target": "body"})})
    return redirect(address)
