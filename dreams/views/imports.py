"""A new store from files: sent in, looked over, made."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from dreams.access import check_can
from dreams.forms.snapshots import ImportForm, NewNameForm
from dreams.models import StoreDraft
from dreams.rules.paths import MAX_CONTENT_BYTES, MAX_MEMORIES
from dreams.services import restoring
from dreams.services.refusals import Invalid
from dreams.views.lookup import MemberRequest, in_workspace, wants_fragment, why_not

SHOWN = 300


@require_http_methods(["GET", "POST"])
@in_workspace
def store_import(request: MemberRequest) -> HttpResponse:
    """Takes a .zip or a folder; nothing is made of it before somebody saw what would be."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        check_can(request.user, request.workspace, "restore_store")
        form = ImportForm(request.POST, request.FILES)
        reading = form.read(request)
        if reading:
            try:
                name = form.cleaned_data["name"]
                draft = restoring.draft_from_files(request.workspace, reading, name=name, by=request.user)
            except Invalid as error:
                form.add_error("archive", str(error))
            else:
                return redirect("store-preview", ws=request.workspace.slug, pk=draft.pk)
    context = {
        "form": form,
        "why_not": why_not(request, "restore_store"),
        "most": MAX_MEMORIES,
        "largest": MAX_CONTENT_BYTES,
    }
    return render(request, "stores/import.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@in_workspace
def store_preview(request: MemberRequest, pk: int) -> HttpResponse:
    """What will be created and what is refused, before anything is written; afterwards how far the making is, until
    there is a run to look at."""
    rows = StoreDraft.objects.defer("archive").select_related("workspace", "manifest", "store", "run", "by")
    draft = get_object_or_404(rows, workspace=request.workspace, pk=pk)
    form = NewNameForm(request.POST or None, initial={"name": draft.name})
    if request.method == "POST" and form.is_valid():
        try:
            draft = restoring.confirm_draft(draft, name=form.cleaned_data["name"], by=request.user)
        except Invalid as error:
            form.add_error("name", str(error))
        else:
            return redirect("store-preview", ws=request.workspace.slug, pk=draft.pk)
    if draft.run or (draft.store and draft.manifest is None):
        return _go_on(request, draft)
    files = draft.report.get("files", [])
    context = {
        "draft": draft,
        "form": form,
        "files": files[:SHOWN],
        "count": len(files),
        "size": sum(size for _, size in files),
        "refused": draft.report.get("refused", []),
        "notes": draft.report.get("notes", []),
        "making": draft.confirmed_at is not None and draft.next_check_at is not None,
        "why_not": why_not(request, "restore_store"),
    }
    template = "stores/_making.html" if wants_fragment(request) else "stores/preview.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _go_on(request: MemberRequest, draft: StoreDraft) -> HttpResponse:
    """To the run that fills the store, or to the store; htmx changes the whole page."""
    slug = request.workspace.slug
    if draft.run:
        response = redirect("run-detail", ws=slug, pk=draft.run.pk)
    else:
        response = redirect("store-detail", ws=slug, store_id=draft.store.remote_id if draft.store else "")
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
    return response
