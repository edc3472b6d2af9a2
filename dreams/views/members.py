"""The pages of members: who is here with which role, and the links that let new ones in."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from dreams.access import check_can
from dreams.forms.members import ROLE_CHOICES, MemberForm, NewMemberForm
from dreams.models import Membership
from dreams.queries import members as queries
from dreams.services import members as service
from dreams.services.refusals import Invalid, Refusal
from dreams.views.lookup import MemberRequest, allows, in_workspace, why_not


@require_http_methods(["GET", "POST"])
@in_workspace
def member_list(request: MemberRequest) -> HttpResponse:
    """Everybody here; an admin adds somebody and gets their link."""
    form = NewMemberForm(request.POST or None)
    if request.method == "POST":
        check_can(request.user, request.workspace, "manage_members")
        if form.is_valid():
            try:
                added = service.add_member(request.workspace, by=request.user, **form.cleaned_data)
            except Invalid as error:
                form.add_error("email", str(error))
            else:
                return _welcome(request, added)
    context = {
        "page": Paginator(queries.members_of(request.workspace), 50).get_page(request.GET.get("page")),
        "crew": queries.crew_of(request.workspace),
        "table": queries.role_table(),
        "form": form,
        "roles": ROLE_CHOICES,
        "can_manage": allows(request, "manage_members"),
        "why_not": why_not(request, "manage_members"),
    }
    return render(request, "members/list.html", context, status=422 if form.errors else 200)


@require_POST
@in_workspace
def member_change(request: MemberRequest, pk: int) -> HttpResponse:
    """Another role, or in and out."""
    member = _find(request, pk)
    form = MemberForm(request.POST)
    if not form.is_valid():
        raise Invalid("Choose a role.")
    member = service.change_member(member, by=request.user, **form.cleaned_data)
    how = member.get_role_display().lower() if member.active else "deactivated: they cannot come in any more"
    messages.success(request, f"{member.user} is now {how}.")
    return redirect("member-list", ws=request.workspace.slug)


@require_POST
@never_cache
@in_workspace
def member_link(request: MemberRequest, pk: int) -> HttpResponse:
    """A new link through which a member sets a password."""
    return _link(request, _find(request, pk))


def _find(request: MemberRequest, pk: int) -> Membership:
    rows = Membership.objects.select_related("user", "workspace")
    return get_object_or_404(rows, workspace=request.workspace, pk=pk)


def _welcome(request: MemberRequest, added: Membership) -> HttpResponse:
    """Who has a password already, or an account that opens other workspaces, needs no link from here."""
    if added.user.has_usable_password():
        messages.success(request, f"Added {added.user}. They have an account already and sign in as they always do.")
        return redirect("member-list", ws=request.workspace.slug)
    try:
        return _link(request, added)
    except Refusal as error:
        messages.success(request, f"Added {added.user}.")
        messages.info(request, str(error))
        return redirect("member-list", ws=request.workspace.slug)


def _link(request: MemberRequest, member: Membership) -> HttpResponse:
    """Shown in the answer itself and kept nowhere."""
    address = request.build_absolute_uri(service.make_link(member, by=request.user))
    return render(request, "members/link.html", {"member": member, "address": address})
