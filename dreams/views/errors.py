"""The pages for requests that fail."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _forbidden(request, str(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    # Without the request: what broke may be what the frame of every page asks for.
    return HttpResponse(render_to_string("500.html"), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    words = "This form was open for too long or came from another place. Go back, reload the page and send it again."
    return _forbidden(request, words)


def _forbidden(request: HttpRequest, words: str) -> HttpResponse:
    """A page; for htmx, which would swap the page into a fragment of itself, a notice among the messages."""
    if "HX-Request" not in request.headers:
        return render(request, "403.html", {"words": words}, status=403)
    words = words or "Your role in this workspace does not allow it."
    response = render(request, "_refused.html", {"words": words}, status=403)
    response["HX-Retarget"], response["HX-Reswap"] = "#messages", "innerHTML"
    return response
