"""Drawing differences ahead of their readers, and keeping what was drawn: a cache, never more."""

import time
from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from dreams.models import Change, Drawn, Review, Text, Workspace
from dreams.queries.changes import ChangePage, change_page
from dreams.render import Look
from dreams.rules import review_states as states

KEPT = timedelta(days=30)
FORGOTTEN_A_SWEEP = 5_000
# A worker draws so long for one review; whatever is left is drawn when somebody looks at it.
SECONDS = 120


def drawn_page(change: Change, look: Look) -> ChangePage:
    """One change ready to draw; what had to be drawn for it is kept for the next reader."""
    page = change_page(change, look, more_of(change))
    keep_drawn(change.review.workspace, page)
    return page


def more_of(change: Change) -> str:
    """The address that shows more of a memory of this change, whose number belongs at "{n}"."""
    where = {"ws": change.review.workspace.slug, "pk": change.review_id, "change": change.pk, "panel": 0}
    return reverse("change-panel", kwargs=where).removesuffix("0/") + "{n}/?all=1"


def keep_drawn(workspace: Workspace, page: ChangePage) -> None:
    """Keeps what was drawn anew, unless one of its texts is not there any more.

    Its texts are held while the rows are written: a purge that came first leaves nothing to hold, and one that comes
    later finds the rows and takes them with it.
    """
    sides = (*page.before, *page.after, *page.edited)
    if not page.fresh or any(side.purged for side in sides):
        return
    shas = {side.sha for side in sides}
    with transaction.atomic():
        texts = Text.objects.select_for_update().filter(workspace=workspace, sha256__in=shas, purged_at=None)
        if len(texts.order_by("pk").values_list("pk")) == len(shas):
            rows = [Drawn(workspace=workspace, key=key, html=html) for key, html in page.fresh.items()]
            Drawn.objects.bulk_create(rows, ignore_conflicts=True)


def draw_review(review: Review) -> None:
    """Draws the changes of a review as most readers see them first, the riskiest first. It may be killed at any time:
    whatever is missing is drawn when somebody looks at it."""
    until = time.monotonic() + SECONDS
    for change in review.changes.exclude(kind=states.UNCHANGED).order_by("position").iterator(chunk_size=100):
        if time.monotonic() > until:
            return
        change.review = review
        drawn_page(change, Look())


def forget_drawn(workspace: Workspace) -> None:
    """Forgets drawings a month old, some at a time; they can be drawn again."""
    old = Drawn.objects.filter(workspace=workspace, made_at__lt=timezone.now() - KEPT)
    first = list(old.order_by("made_at").values_list("pk", flat=True)[:FORGOTTEN_A_SWEEP])
    Drawn.objects.filter(pk__in=first).delete()
