"""What happens around every request: the content security policy, and sign-in for expired htmx requests."""

import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

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
