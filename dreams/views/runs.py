"""A plan of writes, of a review or of a restore: shown, confirmed, and how far its writing got."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from dreams.models import ApplyRun
from dreams.queries import reviews as review_queries
from dreams.queries import runs as queries
from dreams.services import applying as service
from dreams.services import restoring
from dreams.services.refusals import Stale
from dreams.views.lookup import MemberRequest, answer, in_workspace, why_not

PAGE = 50


@require_POST
@in_workspace
def run_plan(request: MemberRequest, pk: int) -> HttpResponse:
    """Reads the output store again and plans its writes; paths that others changed there stop it."""
    review = get_object_or_404(review_queries.find_reviews(request.workspace), pk=pk)
    run, drift = service.plan_review(review, by=request.user)
    if run is None:
        rows = queries.drift_rows(review.target, [(each.path, each.seen_sha, each.now_sha) for each in drift])
        noun = "" if review.dream_id else "store"
        context = {"review": review, "rows": rows, "noun": noun, "mirror_at": review.target.checked_at}
        return render(request, "runs/drift.html", context, status=409)
    return redirect("run-detail", ws=request.workspace.slug, pk=run.pk)


@require_GET
@in_workspace
def run_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """The plan before it is confirmed, its progress while it runs, what was written when it ended."""
    return _page(request, find_run(request, pk))


@require_POST
@in_workspace
def run_confirm(request: MemberRequest, pk: int) -> HttpResponse:
    """Lets the plan run that the person saw; any other is shown again with the reason."""
    run = find_run(request, pk)
    try:
        service.confirm_run(run, digest=request.POST.get("digest", ""), by=request.user)
    except Stale as error:
        messages.error(request, f"{error} Nothing was written by this.")
        return _page(request, find_run(request, pk), status=409)
    return redirect("run-detail", ws=request.workspace.slug, pk=run.pk)


@require_POST
@in_workspace
def run_again(request: MemberRequest, pk: int) -> HttpResponse:
    """Plans a restore or an import anew from what the store holds now."""
    run = restoring.plan_again(find_run(request, pk), by=request.user)
    return redirect("run-detail", ws=request.workspace.slug, pk=run.pk)


def find_run(request: MemberRequest, pk: int) -> ApplyRun:
    """The run of this workspace with that number; 404 otherwise."""
    return get_object_or_404(queries.find_runs(request.workspace), pk=pk)


def _page(request: MemberRequest, run: ApplyRun, status: int = 200) -> HttpResponse:
    only_open = request.GET.get("show", "open" if run.state == ApplyRun.State.BLOCKED else "all") == "open"
    asked = request.GET.get("step", "")
    shown = int(asked) if asked.isdecimal() and len(asked) < 10 else None
    steps = queries.steps_of(run, only_open=only_open)
    before = steps.filter(position__lt=shown).count() if shown and "page" not in request.GET else 0
    page = Paginator(steps, PAGE).get_page(request.GET.get("page") or before // PAGE + 1)
    context = {
        "run": run,
        "review": run.review,
        "noun": "" if run.review and run.review.dream_id else "store",
        "tally": queries.tally(run),
        "page": page,
        "rows": queries.step_rows(run, page, shown),
        "show": "open" if only_open else "all",
        "shown": shown,
        "active": run.state in queries.ACTIVE,
        "readers": queries.readers_of(run.target),
        "newest": queries.newest_of(run),
        "before": queries.before_of(run),
        "apply_why": why_not(request, "apply_review" if run.review else "restore_store"),
        "attach_why": why_not(request, "attach_store"),
        "mirror_at": run.target.checked_at,
    }
    return answer(request, "runs/detail.html", "runs/_run.html", context, status=status)
