"""One memory of a change by itself: what a reader scrolls to, or asks to see although it is large."""

from dataclasses import replace

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from dreams.services import drawing
from dreams.views.looks import look_of
from dreams.views.lookup import MemberRequest, in_workspace, wants_fragment
from dreams.views.reviews import find_change, find_review


@require_GET
@in_workspace
def change_panel(request: MemberRequest, pk: int, change: int, panel: int) -> HttpResponse:
    """The memory of that number, counted from 0, as the page of its change shows it; `all` shows the whole of it."""
    review = find_review(request, pk)
    found = find_change(review, change)
    look = replace(look_of(request), only=panel)
    shown = drawing.drawn_page(found, look)
    if not shown.panels:
        raise Http404
    context = {"review": review, "change": found, "shown": shown, "panel": shown.panels[0], "look": look}
    if wants_fragment(request):
        response = HttpResponse(render_to_string("reviews/_panel.html", {"workspace": request.workspace, **context}))
    else:
        noun = "" if review.dream_id else "store"
        response = render(request, "reviews/panel.html", {"noun": noun, **context})
    patch_vary_headers(response, ["HX-Request", "Cookie"])
    return response
