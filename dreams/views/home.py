"""The pages outside any workspace: the way in, the health check, the theme switch, the first set-up."""

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dreams.forms.setup import SetupForm
from dreams.models import Membership
from dreams.services import setup as setup_service
from dreams.services.refusals import Invalid

THEMES = ("auto", "light", "dark")


@require_GET
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """To the person's first workspace; a page that says so for somebody who is in none."""
    mine = Membership.objects.filter(user=request.user, active=True).select_related("workspace").order_by("pk")
    membership = mine.first()
    if membership is None:
        return render(request, "home/none.html")
    return redirect("inbox", ws=membership.workspace.slug)


@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when this process reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remembers the theme in a cookie and goes back to the page."""
    chosen = request.POST.get("theme", "auto")
    back = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    response = HttpResponseRedirect(back if safe else "/")  # not redirect(), which would take "inbox" for a name
    response.set_cookie(
        "theme",
        chosen if chosen in THEMES else "auto",
        max_age=365 * 24 * 3600,
        samesite="Lax",
        secure=settings.HTTPS,
        httponly=True,
    )
    return response


@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """Makes the first admin through the link that `manage.py setup_link` prints, then asks for the vendor's key."""
    setup_service.check_token(token)
    form = SetupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            admin, workspace = setup_service.set_up(token, **form.cleaned_data)
        except Invalid as error:
            form.add_error("slug", str(error))
        else:
            login(request, admin, backend=settings.AUTHENTICATION_BACKENDS[0])
            return redirect("workspace-settings", ws=workspace.slug)
    return render(request, "home/setup.html", {"form": form}, status=422 if form.errors else 200)
