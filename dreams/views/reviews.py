"""THE page of the product: what a dream, or agents, did to a store, decided change by change."""

import json
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.messages import get_messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dreams.access import check_can
from dreams.enqueue import enqueue
from dreams.forms.reviews import DecideForm, EditForm, SeenForm
from dreams.models import Change, Review, Store
from dreams.queries import changes as change_queries
from dreams.queries import drift as drift_queries
from dreams.queries import moments as moment_queries
from dreams.queries import reviews as queries
from dreams.queries.batches import newest_batches
from dreams.queries.change_list import PAGE, SHOWS, ChangeList, change_list, sections
from dreams.queries.checks import blocks_in
from dreams.queries.lineage import lineage
from dreams.render.map import draw_map
from dreams.rules import review_states as states
from dreams.services import applying, drawing
from dreams.services import reviews as service
from dreams.services.refusals import Invalid, Refusal, Stale
from dreams.views.looks import chosen, keep_look, look_of
from dreams.views.lookup import MemberRequest, answer, in_workspace, wants_fragment, why_not

FRESH = timedelta(seconds=60)


@require_GET
@in_workspace
def review_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """The review at one change: the one asked for, else the next that waits, else the sum of what was decided; htmx
    gets rows of the list."""
    review = find_review(request, pk)
    changes = _changes(request, review)
    if wants_fragment(request):
        return _rows(request, review, changes)
    asked = request.GET.get("change", "")
    chosen = int(asked) if asked.isdecimal() and len(asked) < 19 else changes.next_undecided(0)
    change = review.changes.filter(pk=chosen).first() if chosen and "sum" not in request.GET else None
    return _page(request, review, changes, change)


@require_GET
@in_workspace
def change_detail(request: MemberRequest, pk: int, change: int) -> HttpResponse:
    """The review at this change, or at the one beside it (`go`); htmx gets the middle and the right pane only."""
    review = find_review(request, pk)
    found = find_change(review, change)
    if "go" in request.GET:
        return _go_beside(request, review, found)
    if _wants_middle(request):
        return _fragment(request, "reviews/_shown.html", _centre(request, review, found))
    return _page(request, review, _changes(request, review), found)


@require_POST
@in_workspace
def change_decide(request: MemberRequest, pk: int, change: int) -> HttpResponse:
    """Accept or keep the original; saved at once, then on to the next one that waits."""
    review = find_review(request, pk)
    found = find_change(review, change)
    form = DecideForm(request.POST)
    if not form.is_valid():
        raise Invalid("Choose accept or keep the original; a reason has at most 1,000 characters.")
    said = form.cleaned_data
    try:
        service.decide_change(
            found,
            said["outcome"],
            by=request.user,
            seen_seq=said["seen_seq"],
            reason=said["reason"],
            seen=said["seen"],
        )
    except Stale as stale:
        return somebody_was_faster(request, review, found, stale)
    return go_on(request, review, found, states.CHANGE_WORDS[said["outcome"]].lower())


@require_POST
@in_workspace
def change_undo(request: MemberRequest, pk: int, change: int) -> HttpResponse:
    """Takes the last decision on a change back, and stays there."""
    review = find_review(request, pk)
    found = find_change(review, change)
    form = SeenForm(request.POST)
    if not form.is_valid():
        raise Invalid("That is not a decision to take back.")
    try:
        service.undo_decision(found, by=request.user, seen_seq=form.cleaned_data["seen_seq"])
    except Stale as stale:
        return somebody_was_faster(request, review, found, stale)
    return go_on(request, review, found, "undone", stay=True)


@require_http_methods(["GET", "POST"])
@in_workspace
def change_edit(request: MemberRequest, pk: int, change: int) -> HttpResponse:
    """The dream's text to be edited, with the original beside it; what was typed is never thrown away."""
    review = find_review(request, pk)
    found = find_change(review, change)
    check_can(request.user, request.workspace, "decide_change")
    data = request.POST if request.method == "POST" else None
    sheets = change_queries.sheets_of(change_queries.change_page(found))
    both = drift_queries.taking_both(found, sheets) if "both" in request.GET else sheets
    form = EditForm(both, data, initial={"seen_seq": found.seq})
    if not form.is_valid():
        return _editor(
            request, review, found, form, "Look at the marked fields." if data else "", 422 if data else 200
        )
    said = form.cleaned_data
    try:
        service.decide_change(
            found,
            states.EDITED,
            by=request.user,
            seen_seq=said["seen_seq"],
            texts=form.texts(),
            reason=said["reason"],
            seen=said["seen"],
        )
    except Refusal as error:
        return _editor(request, review, found, form, str(error), 422 if isinstance(error, Invalid) else 409)
    return go_on(request, review, found, "edited")


@require_GET
@in_workspace
def review_map(request: MemberRequest, pk: int) -> HttpResponse:
    """What became of what: a drawing while it is small, and the list that says the same."""
    review = find_review(request, pk)
    context = {"review": review, "noun": "" if review.dream_id else "store", **_lineage(request, review)}
    return answer(request, "reviews/map.html", "reviews/_map.html", context)


def find_review(request: MemberRequest, pk: int) -> Review:
    """The review of this workspace with that number; 404 otherwise."""
    return get_object_or_404(queries.find_reviews(request.workspace), pk=pk)


def find_change(review: Review, pk: int) -> Change:
    """The change of this review with that number; 404 otherwise."""
    change = get_object_or_404(Change.objects.select_related("decided_by"), review=review, pk=pk)
    change.review = review
    return change


def _changes(request: MemberRequest, review: Review) -> ChangeList:
    """The list under the filter and the words that the address, or the form, says."""
    said = {**request.GET.dict(), **request.POST.dict()}
    return change_list(review, said.get("show", ""), said.get("q", ""))


def _wants_middle(request: MemberRequest) -> bool:
    """Whether htmx swaps the memory; the links of the list say so by their target alone."""
    at_memory = request.headers.get("HX-Target") == "memory"
    return wants_fragment(request) or (at_memory and "HX-History-Restore-Request" not in request.headers)


def _rows(request: MemberRequest, review: Review, changes: ChangeList) -> HttpResponse:
    """A part of the list: what its scrolling, its words or the fold of the unchanged asks for."""
    typed = request.headers.get("HX-Trigger-Name") == "q"
    context = {
        **_list(changes, request.GET.get("page") or 1),
        "review": review,
        "changes": changes,
        "show": changes.show if changes.show != "all" else "",
        "part": True,
        "oob": typed,
    }
    response = _fragment(request, "reviews/_part.html", context)
    if typed:
        response["HX-Trigger"] = json.dumps({"announce": f"{len(changes.shown)} shown"})
    return response


def _go_beside(request: MemberRequest, review: Review, change: Change) -> HttpResponse:
    """The change before or behind this one in the order of the whole list; this one again at either end."""
    changes = _changes(request, review)
    forward = request.GET["go"] == "next"
    beside = changes.beside(change.pk, 1 if forward else -1)
    address = _address(request, review, beside or change.pk, changes.query)
    if not _wants_middle(request):
        return redirect(address)
    shown = find_change(review, beside) if beside else change
    response = _fragment(request, "reviews/_shown.html", _centre(request, review, shown))
    response["HX-Push-Url"] = address
    if not beside:
        response["HX-Trigger"] = json.dumps({"announce": f"that was the {'last' if forward else 'first'} one"})
    return response


def _fragment(request: MemberRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A part of the page, drawn without what only the frame asks the database for: this is sent at every decision."""
    around = {"workspace": request.workspace, "csrf_token": get_token(request), "messages": get_messages(request)}
    return keep_look(request, HttpResponse(render_to_string(template, around | context), status=status))


def _centre(request: MemberRequest, review: Review, change: Change | None) -> dict[str, Any]:
    """What the middle and the right pane need."""
    look = look_of(request)
    show = request.POST.get("show") or request.GET.get("show", "")
    show = show if show in SHOWS and show != "all" else ""
    frozen = (
        "" if review.state == states.OPEN else f"This review is {states.REVIEW_STATES.words[review.state].lower()}"
    )
    if review.state == states.APPROVED:
        frozen += ": reopen it to change a decision"
    return {
        "review": review,
        "noun": "" if review.dream_id else "store",
        "change": change,
        "shown": drawing.drawn_page(change, look) if change else None,
        "clash": drift_queries.clash_of(change) if change else None,
        "blocks": blocks_in(change) if change and change.state != states.UNCHANGED else [],
        "look": look,
        "show": show,
        "advance": chosen(request, "advance"),
        "undecided_why": f"{frozen}." if frozen else why_not(request, "decide_change"),
        **({} if change else _summary(request, review)),
    }


def _summary(request: MemberRequest, review: Review) -> dict[str, Any]:
    """What stands in the middle where no change does."""
    return {**_lineage(request, review), "batches": newest_batches(review)}


def _bar(request: MemberRequest, review: Review, changes: ChangeList) -> dict[str, Any]:
    """What the bar at the foot and the filters need."""
    required = queries.requirements(review, changes, request.user) if review.state == states.OPEN else []
    starts = review.started_by(request.user)
    unmet = [each.words for each in required if not each.satisfied]
    return {
        "changes": changes,
        "requirements": required,
        "may_not": why_not(request, "approve_review"),
        "approve_why": why_not(request, "approve_review") or " ".join(unmet),
        "discard_why": why_not(request, "discard_review"),
        "apply_why": why_not(request, "apply_review"),
        "attach_why": why_not(request, "attach_store"),
        "decide_why": why_not(request, "decide_change"),
        "standing": queries.standing(review),
        "self_words": next(
            (each.words for each in required if starts and each.name == "four_eyes" and each.satisfied), ""
        ),
    }


def _list(changes: ChangeList, number: int | str) -> dict[str, Any]:
    """What the list of changes needs to show its page `number`; `continued` is the section that the page before ended
    with."""
    page = Paginator(changes.shown, PAGE).get_page(number)
    before = changes.shown[page.start_index() - 2].section if page.has_previous() else ""
    return {
        "page": page,
        "sections": [(section, changes.sizes[section], rows) for section, rows in sections(page)],
        "continued": before,
    }


def _page(
    request: MemberRequest,
    review: Review,
    changes: ChangeList,
    change: Change | None,
    centre: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    if change:
        change.review = review
    active = review.state in (states.OPEN, states.APPROVED)
    context = {
        **(centre or _centre(request, review, change)),
        **_bar(request, review, changes),
        "sessions": review.dream.session_links.count() if review.dream else 0,
        **_list(changes, request.GET.get("page") or changes.page_of(change.pk if change else None)),
        "drift": applying.output_drift(review) if queries.output_moved(review) else [],
        "base": drift_queries.base_drift(review) if active else None,
        "between": moment_queries.between_words(review) if not review.dream_id else "",
        "mirror_at": review.target.checked_at,
    }
    _refresh_behind(review.target, review.before.store)
    if active and review.dream_id and review.drift_version != review.before.store.last_version_id:
        enqueue("note_drift", review.before.store_id)
    return keep_look(request, render(request, "reviews/detail.html", context, status=status))


def _refresh_behind(*stores: Store) -> None:
    for store in stores:
        if store.gone_at is None and (store.checked_at is None or store.checked_at < timezone.now() - FRESH):
            enqueue("sync_store", store.pk)


def _editor(
    request: MemberRequest, review: Review, change: Change, form: EditForm, problem: str, status: int
) -> HttpResponse:
    """The editor with what was typed. After a 409 it holds the number of the decision that was faster: saving again
    replaces that one, knowingly."""
    change = find_change(review, change.pk)
    context = _centre(request, review, change)
    if context["undecided_why"] and not problem:
        raise Refusal(context["undecided_why"])
    context |= {"form": form, "problem": problem, "again": status == 409}
    if wants_fragment(request):
        return _fragment(request, "reviews/_shown.html", context, status)
    return _page(request, review, _changes(request, review), change, context, status)


def go_on(request: MemberRequest, review: Review, decided: Change, said: str, *, stay: bool = False) -> HttpResponse:
    """After a decision: the next change that waits, or this one again when the reader does not want to be led."""
    changes = _changes(request, review)
    leads = chosen(request, "advance") == "on" and not stay
    target = changes.next_undecided(decided.pk) if leads else decided.pk
    words = f"{said}, {changes.undecided} left" if changes.undecided else f"{said}, every change is decided"
    address = _address(request, review, target, changes.query)
    if not wants_fragment(request):
        messages.success(request, f"{decided.title}: {words}.")
        return keep_look(request, redirect(address))
    response = _decided(request, review, changes, decided, target)
    response["HX-Push-Url"] = address
    response["HX-Trigger"] = json.dumps({"announce": words})
    return response


def _decided(
    request: MemberRequest, review: Review, changes: ChangeList, decided: Change, target: int | None, status: int = 200
) -> HttpResponse:
    """The fragment after a decision: the middle, and out of band the right pane, the bar, the filters, and two rows of
    the list, or all of it when the next change stands on another page of it."""
    shown = find_change(review, target) if target else None
    rows = {row.pk: row for row in (changes.row(decided.pk), changes.row(target or 0)) if row}
    page = changes.page_of(target)
    turned = target is not None and page != changes.page_of(decided.pk)
    context = {
        **_centre(request, review, shown),
        **_bar(request, review, changes),
        **(_list(changes, page) if turned else {"rows": rows.values()}),
        "turned": turned,
        "oob": True,
    }
    return _fragment(request, "reviews/_decided.html", context, status)


def somebody_was_faster(request: MemberRequest, review: Review, change: Change, stale: Stale) -> HttpResponse:
    """409 with who and what, over the change as it stands now; nothing of this reader was saved."""
    messages.error(request, f"{stale} Your choice was not saved; look again.")
    changes = _changes(request, review)
    if wants_fragment(request):
        return _decided(request, review, changes, change, change.pk, status=409)
    return _page(request, review, changes, find_change(review, change.pk), status=409)


def _address(request: MemberRequest, review: Review, change: int | None, query: str) -> str:
    where = {"ws": request.workspace.slug, "pk": review.pk}
    path = (
        reverse("change-detail", kwargs={**where, "change": change})
        if change
        else reverse("review-detail", kwargs=where)
    )
    return f"{path}{query}"


def _lineage(request: MemberRequest, review: Review) -> dict[str, Any]:
    """What became of what; the drawing is "" where a list says it better."""
    found = lineage(review)
    drawn = draw_map(found.strands, lambda pk: _address(request, review, pk, "")) if found.fits else ""
    return {"lineage": found, "drawn": drawn}
