"""Any two moments side by side: chosen on a store's page, spelt in the address, read only; a review may be opened."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from dreams.enqueue import enqueue
from dreams.forms.compare import MomentsForm
from dreams.queries import change_list as lists
from dreams.queries import changes as change_queries
from dreams.queries import moments as queries
from dreams.queries.moments import End, Found
from dreams.rules.moments import NOW, Moment, parse_moment
from dreams.services import moments as service
from dreams.services.refusals import Invalid, Stale
from dreams.views.looks import keep_look, look_of
from dreams.views.lookup import MemberRequest, in_workspace, wants_fragment, why_not
from dreams.views.stores import find_store, refresh_behind, store_frame


@require_GET
@in_workspace
def store_compare(request: MemberRequest, store_id: str) -> HttpResponse:
    """The two moments are chosen: the ones of every day by one click, any others by a form."""
    store = find_store(request, store_id)
    now = timezone.now()
    chosen = request.GET if "before" in request.GET else None
    form = MomentsForm(store_id, queries.snapshots_to_choose(store), queries.stores_to_choose(store), now, chosen)
    if form.is_valid():
        return redirect(_address(request, form.cleaned_data["before"], form.cleaned_data["after"]))
    choices = queries.quick_choices(store, request.membership, now)
    context = {
        **store_frame(request, store, "compare"),
        "form": form,
        "quick": [(each, _address(request, each.moment, f"{NOW}:{store_id}")) for each in choices],
    }
    return render(request, "compare/choose.html", context, status=422 if form.errors else 200)


@require_GET
@in_workspace
def compare(request: MemberRequest) -> HttpResponse:
    """What differs between two moments; while it is not known, the page asks for it and looks again by itself."""
    ends = _ends(request, request.GET)
    found = queries.found_between(ends.before, ends.after)
    if not found.made:
        enqueue("compare_moments", request.workspace.pk, str(ends.before.moment), str(ends.after.moment))
        return _waiting(request, ends, found)
    shown = _shown(request, ends, found)
    if request.headers.get("HX-Target") == "memory":
        return _answer(request, "compare/_shown.html", shown)
    return _answer(request, "compare/_comparison.html", {**_page(request, ends, found), **shown})


@require_POST
@in_workspace
def compare_review(request: MemberRequest) -> HttpResponse:
    """Opens a review of what was written between a moment and now, as it was compared."""
    ends = _ends(request, request.POST)
    try:
        review = service.open_review(request.workspace, ends.before.moment, ends.after.moment, by=request.user)
    except Stale as stale:
        messages.error(request, f"{stale} No review was opened.")
        return redirect(ends.address)
    messages.success(request, "The review is open. Nothing is written before it is decided, approved and applied.")
    return redirect("review-detail", ws=request.workspace.slug, pk=review.pk)


@dataclass(frozen=True, slots=True)
class _Ends:
    """Both ends, and the address of their comparison."""

    before: End
    after: End
    address: str


def _address(request: MemberRequest, before: str, after: str) -> str:
    query = urlencode({"before": before, "after": after}, safe=":")
    return f"{reverse('compare', kwargs={'ws': request.workspace.slug})}?{query}"


def _ends(request: MemberRequest, said: Any) -> _Ends:
    """The two ends of an address; Invalid with a sentence for what is no moment, 404 for what is not of here."""
    moments = [parse_moment(said.get(name, "")) for name in ("before", "after")]
    if not moments[0] or not moments[1]:
        raise Invalid("These are not two moments: choose them on the page of a store, under Compare.")
    before, after = (_end(request, moment) for moment in moments)
    return _Ends(before, after, _address(request, str(before.moment), str(after.moment)))


def _end(request: MemberRequest, moment: Moment) -> End:
    if moment.at and moment.at > timezone.now():
        raise Invalid("That moment has not come yet.")
    end = queries.end_of(request.workspace, moment)
    if end is None:
        raise Http404
    if end.snapshot is None and end.store.walked_at is None:
        raise Invalid(f"The store “{end.store.name}” was not read yet; it can be compared once it is.")
    return end


def _frame(request: MemberRequest, ends: _Ends) -> dict[str, Any]:
    """What the page says around the comparison; nothing of it is needed where only a part is sent."""
    if wants_fragment(request):
        return {"ends": ends}
    if ends.before.store != ends.after.store:
        refresh_behind(ends.before.store)
    return {**store_frame(request, ends.after.store, "compare"), "ends": ends}


def _waiting(request: MemberRequest, ends: _Ends, found: Found) -> HttpResponse:
    return _answer(request, "compare/_comparison.html", {**_frame(request, ends), "found": found})


def _page(request: MemberRequest, ends: _Ends, found: Found) -> dict[str, Any]:
    changes = found.changes(request.GET.get("show", ""))
    page = Paginator(changes.shown, lists.PAGE).get_page(request.GET.get("page") or 1)
    show = f"show={changes.show}&" if changes.show != "all" else ""
    pair = ends.address.partition("?")[2]
    return {
        **_frame(request, ends),
        "found": found,
        "changes": changes,
        "page": page,
        "pager_query": f"{pair}&{show}",
        "sections": lists.sections(page),
        "review_why": why_not(request, "decide_change") or service.why_no_review(ends.before, ends.after),
    }


def _shown(request: MemberRequest, ends: _Ends, found: Found) -> dict[str, Any]:
    """The one difference in the middle, and how it is drawn."""
    asked = request.GET.get("change", "")
    if asked.isdecimal() and len(asked) < 9:
        place = int(asked)
    else:
        place = next((row.pk for row in found.changes(request.GET.get("show", "")).shown), 0)
    change, look = found.difference(place), look_of(request)
    address = f"{ends.address}&change={place}&"
    page = change_queries.difference_page(change, request.workspace, look, f"{address}all=1") if change else None
    return {"change": change, "shown": page, "look": look, "address": address}


def _answer(request: HttpRequest, fragment: str, context: dict[str, Any]) -> HttpResponse:
    response = render(request, fragment if wants_fragment(request) else "compare/result.html", context)
    patch_vary_headers(response, ["HX-Target"])
    return keep_look(request, response)
