"""The pages of a memory's versions: compared, restored, redacted; and of a text that is to be forgotten."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dreams.forms.versions import ReadForm, RestoreForm, UndeleteForm
from dreams.models import Memory, MemoryVersion, Store, Text
from dreams.queries import versions as queries
from dreams.remote.errors import RemoteError
from dreams.services import purging
from dreams.services import versions as service
from dreams.services.refusals import Invalid, Refusal
from dreams.views.lookup import MemberRequest, allows, answer, in_workspace, why_not
from dreams.views.stores import find_store, refresh_behind

_FROM_THE_PAGE = "Open the page of this version and restore it from there."


def find_version(request: MemberRequest, store_id: str, version_id: str) -> MemoryVersion:
    """The version of this workspace's store; 404 otherwise."""
    store = find_store(request, store_id)
    version = get_object_or_404(MemoryVersion, store=store, remote_id=version_id)
    version.store, version.workspace = store, store.workspace
    return version


@require_GET
@in_workspace
def memory_versions(request: MemberRequest, store_id: str, memory_id: str) -> HttpResponse:
    """The history of a memory, living or deleted, with two of its versions compared; htmx gets the comparison."""
    store = find_store(request, store_id)
    memory = _living(store, memory_id)
    current = memory.version_id if memory else ""
    page, rows = queries.history_page(store, memory_id, current, request.GET.get("page"))
    if not rows and memory is None:
        raise Http404
    older, newer = _chosen(request, store, memory_id, current, rows)
    split, whole = request.GET.get("view") == "split", "all" in request.GET
    shown = queries.compare(older, newer, split=split, whole=whole) if newer else None
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        **_frame(request, store, memory_id, memory),
        "page": page,
        "rows": rows,
        "query": f"{query.urlencode()}&" if query else "",
        "shown": shown,
        "split": split,
        "older_id": older.version.remote_id if older else "",
        "newer_id": newer.version.remote_id if newer else "",
        "refreshing": refresh_behind(store),
    }
    return answer(request, "memories/versions.html", "versions/_compare.html", context)


def _chosen(
    request: MemberRequest, store: Store, memory_id: str, current: str, rows: list[queries.VersionRow]
) -> tuple[queries.VersionRow | None, queries.VersionRow | None]:
    """The two to compare, the older first: those asked for, else the newest of the page and the one before it."""
    known = {row.version.remote_id: row for row in rows}
    asked = []
    for name in ("a", "b"):
        if id := request.GET.get(name, ""):
            found = known.get(id)
            if found is None:
                version = get_object_or_404(queries.versions_of(store, memory_id), remote_id=id)
                found = queries.row_of(version, current)
            asked.append(found)
    if not asked:
        asked = rows[:1]
    if len(asked) == 1:
        before = queries.version_before(asked[0].version)
        return (queries.row_of(before, current) if before else None), asked[0]
    asked.sort(key=lambda row: (row.version.created_at, row.version.pk))
    return (asked[0], asked[1]) if asked else (None, None)


def _living(store: Store, memory_id: str) -> Memory | None:
    memory = Memory.objects.filter(store=store, remote_id=memory_id).select_related("text").first()
    if memory:
        memory.store = store
    return memory


def _frame(request: MemberRequest, store: Store, memory_id: str, memory: Memory | None) -> dict[str, Any]:
    """What every page about versions says on top: where it is, and what may be done."""
    last = "" if memory else queries.last_path(store, memory_id)
    return {
        "store": store,
        "memory_id": memory_id,
        "memory": memory,
        "path": memory.path if memory else last,
        "stands_there": None if memory or not last else Memory.objects.filter(store=store, path=last).first(),
        "mirror_at": store.checked_at,
        "can_write": allows(request, "write_memory") and store.writable,
        "why_not": why_not(request, "write_memory")
        or ("" if store.writable else "The store takes no writes any more."),
        "can_redact": allows(request, "redact_version"),
    }


@require_POST
@in_workspace
def memory_refresh(request: MemberRequest, store_id: str, memory_id: str) -> HttpResponse:
    """Reads the memory's history from the vendor again: what was never read, and what was redacted since."""
    store = find_store(request, store_id)
    count = service.refresh_history(store, memory_id)
    messages.success(request, f"Read {count:,} version{'' if count == 1 else 's'} from the vendor.")
    return _to_versions(request, store_id, memory_id)


@require_POST
@in_workspace
def version_read(request: MemberRequest, store_id: str, version_id: str) -> HttpResponse:
    """Reads the bytes of one version from the vendor and goes back to the comparison."""
    version = find_version(request, store_id, version_id)
    service.read_text(version)
    form = ReadForm(request.POST)
    pair = {name: id for name, id in form.cleaned_data.items() if id} if form.is_valid() else {}
    return _to_versions(request, store_id, version.memory_id, **pair)


@require_GET
@in_workspace
def version_turn(request: MemberRequest, store_id: str, version_id: str) -> HttpResponse:
    """The call of a session that wrote a version, looked for in its transcript; htmx gets the answer only."""
    version = find_version(request, store_id, version_id)
    context = {
        **_frame(request, version.store, version.memory_id, _living(version.store, version.memory_id)),
        "version": version,
        "found": service.find_turn(version),
    }
    return answer(request, "versions/turn.html", "versions/_turn.html", context)


@require_http_methods(["GET", "POST"])
@in_workspace
def version_restore(request: MemberRequest, store_id: str, version_id: str) -> HttpResponse:
    """A version written back: into its living memory, or as a new one when that was deleted."""
    version = find_version(request, store_id, version_id)
    problem, status, sent = "", 200, None
    if request.method == "POST":
        sent = RestoreForm(request.POST) if "seen_sha" in request.POST else UndeleteForm(request.POST)
        try:
            memory = _restored(request, version, sent)
        except (Refusal, RemoteError) as error:
            problem, status = _said(error)
        else:
            messages.success(request, f"{memory.path} holds the text of {version.created_at:%-d %B, %H:%M} UTC again.")
            return redirect("memory-detail", request.workspace.slug, store_id, memory.remote_id)
    return render(request, "versions/restore.html", _restoring(request, version, sent, problem), status=status)


def _restoring(
    request: MemberRequest, version: MemoryVersion, sent: RestoreForm | UndeleteForm | None, problem: str
) -> dict[str, Any]:
    """The form over what stands now, which may be another than what the person saw when it was sent."""
    memory = _living(version.store, version.memory_id)
    row = queries.row_of(version, memory.version_id if memory else "")
    moved = bool(memory and version.path and version.path != memory.path)
    form: RestoreForm | UndeleteForm
    if memory:
        form = RestoreForm(initial={"seen_sha": memory.text.sha256})
    else:
        form = sent if isinstance(sent, UndeleteForm) else UndeleteForm(initial={"path": version.path})
    return {
        **_frame(request, version.store, version.memory_id, memory),
        "version": version,
        "row": row,
        "form": form,
        "problem": problem,
        "moved": moved,
        "taken": moved and Memory.objects.filter(store=version.store, path=version.path).exists(),
        "shown": queries.back_to(memory, row) if memory else queries.compare(None, row),
    }


def _restored(request: MemberRequest, version: MemoryVersion, form: RestoreForm | UndeleteForm) -> Memory:
    if not form.is_valid():
        raise Invalid(
            "Choose a path of at most 1,024 characters." if isinstance(form, UndeleteForm) else _FROM_THE_PAGE
        )
    said = form.cleaned_data
    if isinstance(form, UndeleteForm):
        return service.undelete_memory(version, path=said["path"], by=request.user)
    return service.restore_version(version, seen_sha=said["seen_sha"], old_path=said["old_path"], by=request.user)


@require_http_methods(["GET", "POST"])
@in_workspace
def version_redact(request: MemberRequest, store_id: str, version_id: str) -> HttpResponse:
    """Blanks a version at the vendor for good, once it was said what that does and where the bytes stay."""
    version = find_version(request, store_id, version_id)
    problem, status, sha = "", 200, version.sha256
    if request.method == "POST":
        try:
            purged = service.redact_version(version, by=request.user)
        except (Refusal, RemoteError) as error:
            problem, status = _said(error)
            version = find_version(request, store_id, version_id)
        else:
            return _redacted(request, version, sha, purged)
    memory = _living(version.store, version.memory_id)
    context = {
        **_frame(request, version.store, version.memory_id, memory),
        "version": version,
        "row": queries.row_of(version, memory.version_id if memory else ""),
        "holders": queries.holders_of(request.workspace, version.sha256, besides=version),
        "problem": problem,
        "why_not": why_not(request, "redact_version"),
    }
    return render(request, "versions/redact.html", context, status=status)


def _redacted(request: MemberRequest, version: MemoryVersion, sha: str, purged: list[Text]) -> HttpResponse:
    """On to what is left: the other places with these bytes, where there are any."""
    text = Text.objects.filter(workspace=request.workspace, sha256=sha, purged_at=None).first()
    if purged or text is None:
        here = "Its text is forgotten here too; a tombstone stays." if purged else "No text of it was kept here."
        messages.success(request, f"Redacted at the vendor. {here}")
        return _to_versions(request, version.store.remote_id, version.memory_id)
    messages.success(request, "Redacted at the vendor. Other places still hold the same bytes: they are listed here.")
    return redirect("text-purge", request.workspace.slug, sha)


@require_http_methods(["GET", "POST"])
@in_workspace
def text_purge(request: MemberRequest, sha: str) -> HttpResponse:
    """Forgets a text here for good, once it was said where it is."""
    text = get_object_or_404(Text.objects.defer("body"), workspace=request.workspace, sha256=sha)
    problem, status = "", 200
    if request.method == "POST":
        try:
            text = purging.purge_text(text, by=request.user)
        except Refusal as error:
            problem, status = _said(error)
        else:
            messages.success(request, "Purged. A tombstone stands wherever the text was; no sync brings it back.")
            return redirect("text-purge", request.workspace.slug, sha)
    context = {
        "text": text,
        "holders": queries.holders_of(request.workspace, sha),
        "can_redact": allows(request, "redact_version"),
        "problem": problem,
        "why_not": why_not(request, "purge_text"),
    }
    return render(request, "texts/purge.html", context, status=status)


def _said(error: Refusal | RemoteError) -> tuple[str, int]:
    if isinstance(error, RemoteError):
        return error.words, 409 if error.permanent else 503
    return str(error), 422 if isinstance(error, Invalid) else 409


def _to_versions(request: MemberRequest, store_id: str, memory_id: str, **query: str) -> HttpResponse:
    where = reverse("memory-versions", args=[request.workspace.slug, store_id, memory_id])
    return redirect(f"{where}?{urlencode(query)}" if query else where)
