"""What happens around every request: the content security policy, unreadable addresses, the way back after signing
in again, refusals as sentences."""

import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from dreams.remote.errors import RemoteError
from dreams.services.refusals import Busy, Invalid, Refusal

Next = Callable[[HttpRequest], HttpResponse]


def content_security_policy(get_response: Next) -> Next:
    """Gives each request a nonce in `request.csp_nonce` and forbids everything that is not ours."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.csp_nonce = secrets.token_urlsafe(16)  # type: ignore[attr-defined]
        response = get_response(request)
        response["Content-Security-Policy"] = (
            "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; connect-src 'self'; "
            f"img-src 'self'; style-src 'self'; script-src 'self' 'nonce-{request.csp_nonce}'"  # type: ignore[attr-defined]
        )
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response

    return middleware


def addresses_without_nul(get_response: Next) -> Next:
    """Forms refuse a NUL by themselves; in an address it would reach PostgreSQL, which takes none in any text."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("a NUL in the address")
        return get_response(request)

    return middleware


def sign_in_again(get_response: Next) -> Next:
    """When the sign-in expired, a button or a fragment leads back to the page it stood on, since its own address is no
    page; and htmx changes the whole page, instead of swapping the sign-in into it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "Location" not in response:
            return response
        live = "HX-Request" in request.headers
        own = redirect_to_login(request.get_full_path())["Location"]
        if response.get("Location") != own or (request.method == "GET" and not live):
            return response
        response = redirect_to_login(page_before(request) or "/")
        if live:
            response = HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
        return response

    return middleware


def page_before(request: HttpRequest) -> str:
    """The path of the page of ours that the person was on; "" when the browser names none, or a foreign one."""
    said = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(said, allowed_hosts={request.get_host()}):
        return ""
    parts = urlsplit(said)
    path = f"/{parts.path.lstrip('/')}"  # "//host" would be another host again
    return f"{path}?{parts.query}" if parts.query else path


class RefusalsAsPages:
    """A refusal that a view did not turn into a form becomes a page (or, for htmx, a notice) with its sentence."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """422 for what is not well-formed, 409 for what cannot be now, 503 when the vendor is the reason."""
        if isinstance(exception, RemoteError):
            return self._answer(request, exception.words, 409 if exception.permanent else 503)
        if isinstance(exception, Busy):
            return self._answer(request, "This store is being read at this moment. Try again in a few seconds.", 409)
        if isinstance(exception, Refusal):
            return self._answer(request, str(exception), 422 if isinstance(exception, Invalid) else 409)
        return None

    @staticmethod
    def _answer(request: HttpRequest, words: str, status: int) -> HttpResponse:
        back = page_before(request) if request.method == "POST" else ""
        if request.headers.get("HX-Request"):
            # 409, so that htmx swaps it; into the messages, wherever the button meant its answer to go.
            response = render(request, "_refused.html", {"words": words}, status=409)
            response["HX-Retarget"], response["HX-Reswap"] = "#messages", "innerHTML"
            return response
        return render(request, "refused.html", {"words": words, "back": back}, status=status)
