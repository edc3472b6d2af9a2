"""What every page gets: the workspace, the person's role, the theme, what waits."""

from typing import Any

from django.http import HttpRequest


def page(request: HttpRequest) -> dict[str, Any]:
    """The context processor; cheap, since it runs on every page."""
    return {"csp_nonce": getattr(request, "csp_nonce", ""), "theme": request.COOKIES.get("theme", "auto")}
