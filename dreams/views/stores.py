"""The pages of memory stores."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dreams.enqueue import enqueue
from dreams.forms.stores import StoreForm
from dreams.models import Store
from dreams.queries import stores as queries
from dreams.services import restoring, tidy
from dreams.services import stores as service
from dreams.services.refusals import Invalid
from dreams.views.lookup import MemberRequest, allows, answer, in_workspace, why_not

FRESH = timedelta(seconds=60)
MOST_LOOKS = 90  # of two seconds each


def find_store(request: MemberRequest, store_id: str) -> Store:
    """The store of this workspace with that id of the vendor; 404 otherwise."""
    rows = Store.objects.select_related("workspace", "line", "line__current_store")
    return get_object_or_404(rows, workspace=request.workspace, remote_id=store_id)


@require_GET
@in_workspace
def store_list(request: MemberRequest) -> HttpResponse:
    """All lines by their current store."""
    show = "all" if request.GET.get("show") == "all" else "live"
    page = Paginator(queries.lines_of(request.workspace, show=show), 50).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": queries.line_rows(request.membership, list(page)),
        "show": show,
        "query": "show=all&" if show == "all" else "",
        "mirror_at": request.workspace.stores_listed_at,
        "can_manage": allows(request, "manage_store"),
        "why_not": why_not(request, "manage_store"),
        "importing": any(row.walked_at is None for row in request.workspace.stores.filter(gone_at=None)),
    }
    return answer(request, "stores/list.html", "stores/_list.html", context)


@require_http_methods(["GET", "POST"])
@in_workspace
def store_create(request: MemberRequest) -> HttpResponse:
    """A new store, made at the vendor at once; the same form sent twice makes one."""
    form = StoreForm(request.POST or None, initial={"token": uuid4().hex})
    if form.is_valid():
        try:
            store = restoring.create_store(request.workspace, by=request.user, **form.cleaned_data)
        except Invalid as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, f"Created the store {store.name}.")
            return redirect("store-detail", ws=request.workspace.slug, store_id=store.remote_id)
    context = {"form": form, "why_not": why_not(request, "manage_store")}
    return render(request, "stores/create.html", context, status=422 if form.errors else 200)


@require_GET
@in_workspace
def store_detail(request: MemberRequest, store_id: str) -> HttpResponse:
    """One store: its folders, its memories, what is around it. A mirror older than a minute is refreshed behind."""
    store = find_store(request, store_id)
    prefix, q, sort = request.GET.get("in", "/"), request.GET.get("q", "")[:200], request.GET.get("sort", "path")
    tab = "about" if request.GET.get("view") == "about" else "memories"
    found = queries.memories_of(store, prefix=prefix if prefix.endswith("/") else "/", q=q, sort=sort)
    page = Paginator(found, 100).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        **store_frame(request, store, tab),
        "folders": queries.folders_of(store),
        "page": page,
        "rows": queries.with_authors(store, list(page)),
        "prefix": prefix,
        "q": q,
        "sort": sort,
        "query": f"{query.urlencode()}&" if query else "",
    }
    return answer(request, "stores/detail.html", "stores/_memories.html", context)


def store_frame(request: MemberRequest, store: Store, tab: str) -> dict[str, Any]:
    """What the head of every page of a store shows (`stores/_head.html`), and which of its tabs this is. A mirror
    older than a minute is refreshed behind."""
    return {
        "store": store,
        "tab": tab,
        "about": queries.about(store),
        "refreshing": refresh_behind(store),
        "mirror_at": store.checked_at,
        "can_write": allows(request, "write_memory") and store.writable,
        "can_manage": allows(request, "manage_store"),
        "can_dream": allows(request, "start_dream") and store.writable,
        "why_not": why_not(request, "write_memory"),
    }


def refresh_behind(store: Store) -> bool:
    """Queues a look for newer writes when the mirror is older than a minute; whether it did."""
    stale = store.gone_at is None and (store.checked_at is None or store.checked_at < timezone.now() - FRESH)
    if stale:
        enqueue("sync_store", store.pk)
    return stale


@require_GET
@in_workspace
def store_freshness(request: MemberRequest, store_id: str) -> HttpResponse:
    """How old the mirror of a store is, for pages that wait for a look at the vendor to end: they ask again every two
    seconds, fetch themselves anew when something was written, and give up after MOST_LOOKS."""
    store = find_store(request, store_id)
    seen, looks = request.GET.get("seen", ""), request.GET.get("looks", "")
    look = int(looks) + 1 if looks.isdecimal() and len(looks) < 4 else MOST_LOOKS
    ended = moment(store.checked_at) != seen or store.gone_at is not None
    context = {
        "store": store,
        "refreshing": not ended and look < MOST_LOOKS,
        "looks": look,
        "seen": seen,
        "news": ended and store.last_version_id != request.GET.get("version", ""),
        "late": not ended and look >= MOST_LOOKS,
        "version": request.GET.get("version", ""),
        "mirror_at": store.checked_at,
        "oob": ended,
    }
    return render(request, "stores/_freshness.html", context)


def moment(at: datetime | None) -> str:
    """A time as it is handed to the page and back."""
    return at.isoformat() if at else ""


@require_POST
@in_workspace
def store_refresh(request: MemberRequest, store_id: str) -> HttpResponse:
    """Asks the vendor what changed, now."""
    store = service.sync_store(find_store(request, store_id))
    messages.success(request, f"{store.name} is up to date: {store.memory_count:,} memories.")
    return redirect("store-detail", ws=request.workspace.slug, store_id=store_id)


@require_POST
@in_workspace
def store_archive(request: MemberRequest, store_id: str) -> HttpResponse:
    """Archives the store at the vendor, for good."""
    store = tidy.archive_store(find_store(request, store_id), by=request.user)
    messages.success(request, f"Archived {store.name}. Its memories stay readable; nobody writes to it any more.")
    return redirect("store-detail", ws=request.workspace.slug, store_id=store_id)


@require_http_methods(["GET", "POST"])
@in_workspace
def store_delete(request: MemberRequest, store_id: str) -> HttpResponse:
    """Deletes the store at the vendor, once its name was typed."""
    store = find_store(request, store_id)
    problem = ""
    if request.method == "POST":
        try:
            tidy.delete_store(store, typed_name=request.POST.get("name", ""), by=request.user)
        except Invalid as error:
            problem = str(error)
        else:
            messages.success(request, f"Deleted {store.name} at the vendor. A snapshot of all it held is kept here.")
            return redirect("snapshot-list", ws=request.workspace.slug, store_id=store_id)
    context = {"store": store, "problem": problem, "why_not": why_not(request, "manage_store")}
    return render(request, "stores/delete.html", context, status=422 if problem else 200)
