"""The pages of a memory: read, created, edited, renamed, deleted."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from dreams import render as draw
from dreams.forms.memories import EditMemoryForm, NewMemoryForm, RenameMemoryForm, SeenForm, not_by_form
from dreams.models import Memory
from dreams.queries import memories as queries
from dreams.queries import versions
from dreams.remote.errors import RemoteError
from dreams.services import memories as service
from dreams.services.refusals import Invalid, Refusal, Stale
from dreams.views.lookup import MemberRequest, allows, in_workspace, why_not
from dreams.views.stores import find_store, refresh_behind


def find_memory(request: MemberRequest, store_id: str, memory_id: str) -> Memory:
    """The memory of this workspace's store; 404 otherwise."""
    store = find_store(request, store_id)
    memory = get_object_or_404(Memory.objects.select_related("text"), store=store, remote_id=memory_id)
    memory.store = store
    return memory


@require_GET
@in_workspace
def memory_detail(request: MemberRequest, store_id: str, memory_id: str) -> HttpResponse:
    """One memory: rendered or as source, with the last of its history. A mirror older than a minute is refreshed
    behind."""
    memory = find_memory(request, store_id, memory_id)
    history = versions.history_of(memory.store, memory_id, memory.version_id, limit=8)
    view = "source" if request.GET.get("view") == "source" else "rendered"
    body = memory.text.text
    before, after = queries.neighbours(memory)
    context = {
        "store": memory.store,
        "memory": memory,
        "shown": draw.source(body) if view == "source" else draw.markdown(body),
        "view": view,
        "history": history,
        "author": next((row.author for row in history if row.current), None),
        "before": before,
        "after": after,
        "mirror_at": memory.store.checked_at,
        "refreshing": refresh_behind(memory.store),
        "can_write": allows(request, "write_memory") and memory.store.writable,
        "why_not": why_not(request, "write_memory") or "The store takes no writes any more.",
    }
    return render(request, "memories/detail.html", context)


@require_http_methods(["GET", "POST"])
@in_workspace
def memory_create(request: MemberRequest, store_id: str) -> HttpResponse:
    """A new memory."""
    store = find_store(request, store_id)
    form = NewMemoryForm(request.POST or None, initial={"path": request.GET.get("in", "/")})
    status = 200
    if form.is_valid():
        try:
            memory = service.create_memory(store, by=request.user, **form.cleaned_data)
        except (Refusal, RemoteError) as error:
            words, status = _said(error)
            form.add_error("path", words)
        else:
            messages.success(request, f"Created {memory.path}.")
            return _to(memory)
    context = {"store": store, "form": form, "why_not": why_not(request, "write_memory")}
    return render(request, "memories/create.html", context, status=422 if form.errors and status == 200 else status)


@require_http_methods(["GET", "POST"])
@in_workspace
def memory_edit(request: MemberRequest, store_id: str, memory_id: str) -> HttpResponse:
    """A memory's text; when somebody was faster, what was typed stays in the form beside what stands now."""
    memory = find_memory(request, store_id, memory_id)
    start = {"content": memory.text.text, "seen_sha": memory.text.sha256}
    form, status, theirs = EditMemoryForm(request.POST or None, initial=start), 200, None
    if form.is_valid():
        try:
            if words := not_by_form(memory.text):
                raise Refusal(words)
            service.edit_memory(memory, by=request.user, **form.cleaned_data)
        except Invalid as error:
            form.add_error("content", str(error))
            status = 422
        except Stale as error:
            form.add_error(None, str(error))
            theirs = Memory.objects.filter(store=memory.store, remote_id=memory_id).select_related("text").first()
            status = 409
        except (Refusal, RemoteError) as error:
            words, status = _said(error)
            form.add_error(None, words)
        else:
            messages.success(request, f"Saved {memory.path}.")
            return _to(memory)
    context = {"store": memory.store, "memory": memory, "form": form, "theirs": theirs}
    context["why_not"] = why_not(request, "write_memory") or not_by_form(memory.text)
    return render(request, "memories/edit.html", context, status=status)


@require_http_methods(["GET", "POST"])
@in_workspace
def memory_rename(request: MemberRequest, store_id: str, memory_id: str) -> HttpResponse:
    """A memory's path."""
    memory = find_memory(request, store_id, memory_id)
    form = RenameMemoryForm(request.POST or None, initial={"path": memory.path, "seen_sha": memory.text.sha256})
    status = 200
    if form.is_valid():
        try:
            renamed = service.rename_memory(memory, by=request.user, **form.cleaned_data)
        except (Refusal, RemoteError) as error:
            words, status = _said(error)
            form.add_error("path", words)
        else:
            messages.success(request, f"Renamed {memory.path} to {renamed.path}.")
            return _to(renamed)
    context = {"store": memory.store, "memory": memory, "form": form, "why_not": why_not(request, "write_memory")}
    return render(request, "memories/rename.html", context, status=status)


@require_http_methods(["POST"])
@in_workspace
def memory_delete(request: MemberRequest, store_id: str, memory_id: str) -> HttpResponse:
    """Deletes a memory that still holds the bytes the person saw."""
    memory = find_memory(request, store_id, memory_id)
    form = SeenForm(request.POST)
    if not form.is_valid():
        raise Invalid("Open the memory and delete it from there.")
    service.delete_memory(memory, seen_sha=form.cleaned_data["seen_sha"], by=request.user)
    messages.success(request, f"Deleted {memory.path}. Its versions stay at the vendor.")
    return redirect("store-detail", ws=request.workspace.slug, store_id=store_id)


def _said(error: Refusal | RemoteError) -> tuple[str, int]:
    """The sentence and the status; the form is shown again with it, since what was typed must not be lost."""
    if isinstance(error, RemoteError):
        return error.words, 409 if error.permanent else 503
    return str(error), 422 if isinstance(error, Invalid) else 409


def _to(memory: Memory) -> HttpResponse:
    store = memory.store
    return redirect("memory-detail", ws=store.workspace.slug, store_id=store.remote_id, memory_id=memory.remote_id)
