"""The pages of snapshots: taken, read as they were, brought back, and stores as files."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dreams import render as draw
from dreams.forms.snapshots import NewNameForm, NoteForm
from dreams.models import Snapshot
from dreams.queries import snapshots as queries
from dreams.rules.archives import write
from dreams.services import restoring
from dreams.services import snapshots as service
from dreams.services.refusals import Invalid
from dreams.views.lookup import MemberRequest, allows, answer, in_workspace, why_not
from dreams.views.stores import find_store, store_frame

PAGE = 20
FILES_PAGE = 100


def find_snapshot(request: MemberRequest, pk: int) -> Snapshot:
    """The snapshot of this workspace with that number; 404 otherwise."""
    return get_object_or_404(queries.find_snapshots(request.workspace), pk=pk)


@require_GET
@in_workspace
def snapshot_list(request: MemberRequest, store_id: str) -> HttpResponse:
    """The snapshots of a store, the one being taken, and the plans that bring one back."""
    store = find_store(request, store_id)
    page = Paginator(queries.snapshots_of(store), PAGE).get_page(request.GET.get("page"))
    context = {
        **store_frame(request, store, "snapshots"),
        "page": page,
        "rows": queries.snapshot_rows(store, list(page)),
        "wish": queries.wish_of(store),
        "restores": queries.restores_of(store),
        "take_why": why_not(request, "take_snapshot"),
        "restore_why": why_not(request, "restore_store"),
    }
    return answer(request, "snapshots/list.html", "snapshots/_list.html", context)


@require_POST
@in_workspace
def snapshot_take(request: MemberRequest, store_id: str) -> HttpResponse:
    """Asks for a snapshot as of now; the list shows it when it is there."""
    form = NoteForm(request.POST)
    if not form.is_valid():
        raise Invalid("A note has at most 200 characters, and no NUL.")
    service.ask_snapshot(find_store(request, store_id), note=form.cleaned_data["note"], by=request.user)
    return redirect("snapshot-list", ws=request.workspace.slug, store_id=store_id)


@require_GET
@in_workspace
def snapshot_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """A store as it was: its folders, its memories, and one of them read."""
    snapshot = find_snapshot(request, pk)
    prefix, path = request.GET.get("in", "/"), request.GET.get("path", "")
    entry = queries.entry_at(snapshot, path) if path else None
    if path and entry is None:
        raise Http404
    view = "source" if request.GET.get("view") == "source" else "rendered"
    shown = None
    if entry and entry.text.purged_at is None:
        shown = draw.source(entry.text.text) if view == "source" else draw.markdown(entry.text.text)
    found = queries.entries_of(snapshot, prefix=prefix if prefix.endswith("/") else "/")
    context = {
        "snapshot": snapshot,
        "store": snapshot.store,
        "about": queries.about(snapshot),
        "folders": queries.folders_of(snapshot),
        "page": Paginator(found, FILES_PAGE).get_page(request.GET.get("page")),
        "prefix": prefix,
        "entry": entry,
        "now": queries.memory_now(snapshot, path) if entry else None,
        "shown": shown,
        "view": view,
        "restore_why": why_not(request, "restore_store"),
        "mirror_at": snapshot.taken_at,
    }
    return answer(request, "snapshots/detail.html", "snapshots/_held.html", context)


@require_http_methods(["GET", "POST"])
@in_workspace
def snapshot_restore(request: MemberRequest, pk: int) -> HttpResponse:
    """Where to bring it back: a plan for the same store, or a new store at once."""
    snapshot = find_snapshot(request, pk)
    if request.method == "POST" and request.POST.get("into") == "same":
        run = restoring.plan_restore(snapshot, by=request.user)
        return redirect("run-detail", ws=request.workspace.slug, pk=run.pk)
    name = f"{snapshot.store.name} {snapshot.taken_at:%Y-%m-%d}"[-255:]
    form = NewNameForm(request.POST or None, initial={"name": name, "token": uuid4().hex})
    if form.is_valid():
        try:
            draft = restoring.draft_from_snapshot(snapshot, by=request.user, **form.cleaned_data)
        except Invalid as error:
            form.add_error("name", str(error))
        else:
            return redirect("store-preview", ws=request.workspace.slug, pk=draft.pk)
    context = {
        "snapshot": snapshot,
        "store": snapshot.store,
        "about": queries.about(snapshot),
        "form": form,
        "restore_why": why_not(request, "restore_store"),
        "can_restore": allows(request, "restore_store"),
    }
    return render(request, "snapshots/restore.html", context, status=422 if form.errors else 200)


@require_GET
@in_workspace
def snapshot_download(request: MemberRequest, pk: int) -> StreamingHttpResponse:
    """A snapshot as a .zip with its manifest."""
    snapshot = find_snapshot(request, pk)
    name = f"{slugify(snapshot.store.name) or 'store'}-{snapshot.taken_at:%Y%m%d-%H%M}.zip"
    return _download(request, queries.files_of_snapshot(snapshot), name)


@require_GET
@in_workspace
def store_download(request: MemberRequest, store_id: str) -> StreamingHttpResponse:
    """A store as last read, as a .zip with its manifest."""
    store = find_store(request, store_id)
    return _download(request, queries.files_of_store(store), f"{slugify(store.name) or 'store'}.zip")


def _download(request: HttpRequest, files: queries.Files, name: str) -> StreamingHttpResponse:
    """Streamed: a full store has two hundred megabytes. Each kind of server wants its own kind of iterator."""
    pieces = write(files.parts(), files.paths, files.about)
    content = _in_turn(pieces) if isinstance(request, ASGIRequest) else pieces
    disposition = content_disposition_header(True, name) or ""
    return StreamingHttpResponse(
        content, content_type="application/zip", headers={"Content-Disposition": disposition}
    )


async def _in_turn(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    following = sync_to_async(lambda: next(pieces, None))
    while (piece := await following()) is not None:
        yield piece
