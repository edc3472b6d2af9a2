"""What happens around every request: the content security policy, sign-in through htmx, refusals as sentences."""

import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

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


def sign_in_through_htmx(get_response: Next) -> Next:
    """An htmx request whose sign-in expired must lead the whole page to the sign-in, not swap it into a fragment."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if (
            request.headers.get("HX-Request")
            and response.status_code == 302
            and "/account/login" in response["Location"]
        ):
            away = HttpResponse(status=204)
            away["HX-Redirect"] = response["Location"]
            return away
        return response

    return middleware


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
        back = request.headers.get("Referer", "") if request.method == "POST" else ""
        if request.headers.get("HX-Request"):
            # 409, so that htmx swaps it; into the messages, wherever the button meant its answer to go.
            response = render(request, "_refused.html", {"words": words}, status=409)
            response["HX-Retarget"], response["HX-Reswap"] = "#messages", "innerHTML"
            return response
        return render(request, "refused.html", {"words": words, "back": back}, status=status)
