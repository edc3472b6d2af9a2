"""The changes feed: of the workspace, of a store, of a line; one write by itself; how far somebody has seen it."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from dreams.forms.feed import FeedFilters, SeenForm
from dreams.models import MemoryVersion, Store
from dreams.queries import feed as queries
from dreams.queries.people import authors_of
from dreams.queries.unread import in_use, standings
from dreams.queries.written import written
from dreams.remote.errors import RemoteError
from dreams.services import versions as versions_service
from dreams.services import visits as service
from dreams.services.refusals import Invalid, Refusal
from dreams.views.lookup import MemberRequest, answer, in_workspace, wants_fragment
from dreams.views.stores import find_store, store_frame


@require_GET
@in_workspace
def feed(request: MemberRequest) -> HttpResponse:
    """What was written to the stores of the workspace that are in use; to all of them on request."""
    context, status = _feed(request, Store.objects.filter(workspace=request.workspace), many=True)
    return answer(request, "feed/feed.html", "feed/_feed.html", context, status)


@require_GET
@in_workspace
def store_feed(request: MemberRequest, store_id: str) -> HttpResponse:
    """What was written to a store, or to the stores of its line that are in use; to all of these on request."""
    store = find_store(request, store_id)
    line = request.GET.get("scope") == "line"
    stores = Store.objects.filter(line=store.line) if line else Store.objects.filter(pk=store.pk)
    context, status = _feed(request, stores, many=line)
    context |= {**store_frame(request, store, "changes"), "scope": "line" if line else "store"}
    return answer(request, "feed/store.html", "feed/_feed.html", context, status)


def _feed(request: MemberRequest, stores: QuerySet[Store], *, many: bool) -> tuple[dict[str, Any], int]:
    """What the feed of these stores shows, and the status: 422 for filters that cannot be understood. Of `many`, what
    dreams wrote into copies that nobody reads yet is left out: it is reviewed elsewhere, and would bury the rest."""
    filters = FeedFilters(request.GET)
    wanted = filters.cleaned_data if filters.is_valid() else {}
    if many and not wanted.get("unused"):
        stores = in_use(request.workspace, stores)
    held = standings(request.membership, stores)
    found = queries.feed_of(request.workspace, held, wanted)
    if found is None:
        raise Http404
    unread = sum(standing.unread for standing in held.values())
    looked = request.resolver_match.url_name != "feed"
    seen = [s for s in held.values() if s.newest and (s.unread or looked)]
    narrowed = any(value for name, value in wanted.items() if name not in ("before", "unused"))
    context = {
        "feed": found,
        "workspace_url": reverse("inbox", kwargs={"ws": request.workspace.slug}),
        "filters": filters,
        "wanted": wanted,
        "narrowed": narrowed or filters.errors,
        "authors": queries.author_choices(request.workspace, wanted.get("author", "")),
        "unread": unread,
        "unread_stores": sum(bool(standing.unread) for standing in held.values()),
        "visited_at": next(iter(held.values())).at if len(held) == 1 else None,
        "seen": " ".join(f"{s.store.pk}:{s.newest}" for s in seen),
        # What was not on the page was not seen: with filters, or with more than a page, the button is pressed by hand.
        "at_once": found.unread_shown == unread and not (narrowed or filters.errors or wanted.get("before")),
        "query": _without_before(request),
        "many": len(held) != 1,
        "whole": many,
    }
    return context, 422 if filters.errors else 200


def _without_before(request: MemberRequest) -> str:
    query = request.GET.copy()
    query.pop("before", None)
    return f"{query.urlencode()}&" if query else ""


@require_GET
@in_workspace
def feed_entry(request: MemberRequest, pk: int) -> HttpResponse:
    """One write with its whole difference, from what is kept here."""
    return _entry(request, _find(request, pk))


@require_GET
@in_workspace
def feed_read(request: MemberRequest, pk: int) -> HttpResponse:
    """The same after its texts, of which only the heads were mirrored, were read from the vendor. A GET, since nothing
    but our copy of unchanging bytes is filled by it."""
    version = _find(request, pk)
    (row,) = written(request.workspace, [version])
    problem = ""
    for each in (row.before, version):
        if each is not None and each.sha256 and row.state == "unheld":
            each.store = version.store
            try:
                versions_service.read_text(each)
            except (Refusal, RemoteError) as error:
                problem = error.words if isinstance(error, RemoteError) else str(error)
    return _entry(request, _find(request, pk), problem)


def _find(request: MemberRequest, pk: int) -> MemoryVersion:
    version = queries.version_of(request.workspace, pk)
    if version is None:
        raise Http404
    return version


def _entry(request: MemberRequest, version: MemoryVersion, problem: str = "") -> HttpResponse:
    (row,) = written(request.workspace, [version], whole=True)
    context = {
        "row": row,
        "workspace_url": reverse("inbox", kwargs={"ws": request.workspace.slug}),
        "store": version.store,
        "author": authors_of(request.workspace, [version])[version.remote_id],
        "problem": problem,
        "mirror_at": version.store.checked_at,
    }
    return answer(request, "feed/entry.html", "feed/_difference.html", context)


@require_POST
@in_workspace
def feed_seen(request: MemberRequest) -> HttpResponse:
    """Marks what a page of changes showed as read: by the page itself once it is open, or by its button."""
    form = SeenForm(request.POST)
    if not form.is_valid():
        raise Invalid("Open the changes and mark them as read from there.")
    service.mark_seen(request.membership, form.cleaned_data["seen"])
    if wants_fragment(request):
        return HttpResponse(status=204)
    messages.success(request, "Marked as read.")
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(back if safe else reverse("feed", kwargs={"ws": request.workspace.slug}))
