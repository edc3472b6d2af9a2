"""How a reader wants texts drawn: asked for in the address, kept in cookies."""

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from dreams.render import Look

YEAR = 365 * 24 * 3600
# Parameter and its two values, the usual one first.
LOOKS = {"view": ("unified", "split"), "text": ("source", "rendered"), "advance": ("on", "off")}


def chosen(request: HttpRequest, name: str) -> str:
    """The value of one of LOOKS: just said, else as kept, else the usual one."""
    usual, other = LOOKS[name]
    # The last one: a check box that is on comes behind the hidden field that says off.
    said = request.GET.get(name) or request.POST.get(name) or request.COOKIES.get(f"review_{name}")
    return other if said == other else usual


def look_of(request: HttpRequest) -> Look:
    """What the drawing of a text asks for; `all` in the address shows what is capped."""
    return Look(
        split=chosen(request, "view") == "split",
        rendered=chosen(request, "text") == "rendered",
        whole="all" in request.GET,
    )


def keep_look(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The same response, which remembers what was just chosen."""
    for name, values in LOOKS.items():
        said = request.GET.get(name) or request.POST.get(name)
        if said in values and said != request.COOKIES.get(f"review_{name}"):
            response.set_cookie(f"review_{name}", said, max_age=YEAR, httponly=True, samesite="Lax")
    patch_vary_headers(response, ["HX-Request", "Cookie"])
    return response
