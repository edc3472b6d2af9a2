"""The pages of a workspace as such: its settings, its key, and how far the import is."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dreams.access import check_can
from dreams.forms.workspaces import KeyForm, SettingsForm
from dreams.models import Workspace
from dreams.queries.members import crew_of
from dreams.queries.workspaces import import_of, stores_by_progress
from dreams.remote.errors import RemoteError
from dreams.services import workspaces as service
from dreams.services.refusals import Invalid, Refusal
from dreams.views.lookup import MemberRequest, allows, answer, in_workspace, why_not


@require_http_methods(["GET", "POST"])
@in_workspace
def workspace_settings(request: MemberRequest) -> HttpResponse:
    """The name and rules, and the connection to the vendor."""
    form = _settings_form(request.workspace)
    if request.method == "POST":
        check_can(request.user, request.workspace, "change_settings")
        form = SettingsForm(request.POST)
        if form.is_valid():
            try:
                service.change_settings(request.workspace, by=request.user, **form.cleaned_data)
            except Invalid as error:
                form.add_error("name", str(error))
            else:
                messages.success(request, "The settings are saved.")
                return redirect("workspace-settings", ws=request.workspace.slug)
    return _page(request, form, KeyForm(), 422 if form.errors else 200)


@require_POST
@in_workspace
def workspace_key(request: MemberRequest) -> HttpResponse:
    """Connects the key, or says in a sentence why not; then nothing is changed."""
    check_can(request.user, request.workspace, "change_settings")
    form, status = KeyForm(request.POST), 422
    if form.is_valid():
        try:
            service.connect_key(request.workspace, form.cleaned_data["key"], by=request.user)
        except (Refusal, RemoteError) as error:
            form.add_error("key", f"{error.words if isinstance(error, RemoteError) else error} Nothing was changed.")
            status = 422 if isinstance(error, Invalid) else 409
        else:
            messages.success(request, "The key is connected. Its memory stores are being read now.")
            return redirect("workspace-import", ws=request.workspace.slug)
    return _page(request, _settings_form(request.workspace), form, status)


@require_GET
@in_workspace
def workspace_import(request: MemberRequest) -> HttpResponse:
    """How far the first reading is, store by store; looks again until everything was read."""
    context = {
        "reading": import_of(request.workspace),
        "page": Paginator(stores_by_progress(request.workspace), 50).get_page(request.GET.get("page")),
        "why_not": why_not(request, "change_settings"),
    }
    return answer(request, "workspaces/import.html", "workspaces/_import.html", context)


def _settings_form(workspace: Workspace) -> SettingsForm:
    kept: dict[str, Any] = {"name": workspace.name, "allow_self_approval": workspace.allow_self_approval}
    kept |= {"daily_snapshots": workspace.daily_snapshots, "loss_alarm": workspace.loss_alarm}
    kept |= {f"scan_{kind}": choice for kind, choice in workspace.scan_policy.items()}
    return SettingsForm(initial={**kept, "dream_models": "\n".join(workspace.dream_models)})


def _page(request: MemberRequest, form: SettingsForm, key_form: KeyForm, status: int) -> HttpResponse:
    may = allows(request, "change_settings")
    context: dict[str, Any] = {
        "form": form,
        "key_form": key_form,
        "crew": crew_of(request.workspace),
        "reading": import_of(request.workspace),
        "default_models": settings.DREAM_MODELS,
        "base_url": settings.ANTHROPIC_BASE_URL,
        "may_change": may,
        "why_not": why_not(request, "change_settings"),
        "dream_why_not": why_not(request, "start_dream"),
    }
    for field in () if may else (*form.fields.values(), *key_form.fields.values()):
        field.disabled = True
    return render(request, "workspaces/settings.html", context, status=status)
