"""Attaching a reviewed store to deployments, what was attached, and the way back."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dreams.forms.attachments import AttachForm
from dreams.models import Attachment, Review
from dreams.queries import attachments as queries
from dreams.queries import reviews as review_queries
from dreams.queries.runs import memory_ids
from dreams.rules import review_states
from dreams.services import applying
from dreams.services import attachments as service
from dreams.services.refusals import Invalid, Refusal
from dreams.views.lookup import MemberRequest, answer, in_workspace, why_not

PAGE = 50
# Older knowledge is read again before anybody may choose; attaching itself always reads again.
FRESH = timedelta(minutes=10)
WRITTEN_SHOWN = 200


@require_http_methods(["GET", "POST"])
@in_workspace
def attachment_create(request: MemberRequest, pk: int) -> HttpResponse:
    """The deployments of the line and what attaching would do to each; asking for some of them."""
    review = find_review(request, pk)
    if request.method == "GET":
        return _fragment(request, review) if request.headers.get("HX-Request") else _page(request, review)
    if "check" in request.POST:
        service.prepare_attachment(review)
        return redirect("attachment-create", ws=request.workspace.slug, pk=pk)
    form = AttachForm(request.POST)
    try:
        if not form.is_valid():
            raise Invalid("This page was incomplete. Look at the list again.")
        asked = service.attach_store(
            review, chosen=form.chosen(), seen_drift=form.cleaned_data["drift"], by=request.user
        )
    except Refusal as error:
        status = 422 if isinstance(error, Invalid) else 409
        return _page(request, find_review(request, pk), problem=str(error), ticked=set(form.chosen()), status=status)
    if not asked:
        messages.info(request, "Nothing to do: what you chose mounts the reviewed store already.")
    return redirect("attachment-create", ws=request.workspace.slug, pk=pk)


@require_POST
@in_workspace
def make_current(request: MemberRequest, pk: int) -> HttpResponse:
    """The reviewed store becomes what new dreams, the store page and new sessions start from."""
    review = find_review(request, pk)
    applying.make_current(review, by=request.user)
    messages.success(request, f"{review.target.name} is the current store of its line now. No deployment was changed.")
    return redirect("attachment-create", ws=request.workspace.slug, pk=pk)


@require_GET
@in_workspace
def attachment_list(request: MemberRequest) -> HttpResponse:
    """Everything that was ever attached or rolled back, newest first."""
    page = Paginator(queries.find_attachments(request.workspace), PAGE).get_page(request.GET.get("page"))
    rows = [queries.row(attachment) for attachment in page]
    context = {"page": page, "rows": rows, "active": any(row.active for row in rows)}
    return answer(request, "attachments/list.html", "attachments/_list.html", context)


@require_GET
@in_workspace
def attachment_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """One change of a deployment, exact before and after, and the way back."""
    attachment = find_attachment(request, pk)
    standing = queries.standing(attachment)
    refused = attachment.state == Attachment.State.REFUSED
    heads = ("As it was shown", "As it was asked for") if refused else ("Before", "After")
    now = standing.deployment.resources if standing.deployment else []
    other = attachment.state != Attachment.State.DONE and standing.deployment
    other = other and not standing.holds(attachment.before) and not standing.holds(attachment.after)
    context = {
        "row": queries.row(attachment),
        "attachment": attachment,
        "standing": standing,
        "diff": queries.side_by_side(attachment.before, attachment.after, heads),
        "holds_now": queries.pretty(now) if other else "",
        "moved_on": attachment.state == Attachment.State.DONE and not standing.holds(attachment.after),
        "why_not": why_not(request, "attach_store"),
        "mirror_at": standing.deployment.seen_at if standing.deployment else None,
    }
    return answer(request, "attachments/detail.html", "attachments/_detail.html", context)


@require_POST
@in_workspace
def attachment_undo(request: MemberRequest, pk: int) -> HttpResponse:
    """Asks for the deployment's exact previous resources."""
    undo = service.undo_attachment(find_attachment(request, pk), by=request.user)
    return redirect("attachment-detail", ws=request.workspace.slug, pk=undo.pk)


def find_review(request: MemberRequest, pk: int) -> Review:
    """The review of this workspace with that number; 404 otherwise."""
    return get_object_or_404(review_queries.find_reviews(request.workspace), pk=pk)


def find_attachment(request: MemberRequest, pk: int) -> Attachment:
    """The attachment of this workspace with that number; 404 otherwise."""
    return get_object_or_404(queries.find_attachments(request.workspace), pk=pk)


@dataclass(frozen=True, slots=True)
class Card:
    """One deployment on the page: what would change, who runs it, why it cannot be chosen ("" when it can), whether
    we are changing it just now, whether it mounts another store than the dream read."""

    offer: service.Offer
    diff: SafeString
    agent: str
    why: str
    busy: bool
    elsewhere: bool

    @property
    def nulls(self) -> bool:
        """Whether the list before holds a null, which is not sent again."""
        return any(None in entry.values() for entry in self.offer.swap.before if entry.get("type") == "memory_store")


def _cards(request: MemberRequest, review: Review) -> list[Card]:
    offers = service.offers_for(review)
    agents = queries.agent_names(request.workspace, [offer.deployment for offer in offers])
    busy = queries.busy_deployments(request.workspace)
    cards = []
    for offer in offers:
        now = offer.deployment.remote_id in busy
        problems = [] if offer.attached else offer.swap.problems
        why = "It is being changed at this moment." if now else " ".join(problems)
        diff = queries.side_by_side(offer.swap.before, offer.swap.after, ("Now", "After attaching"))
        elsewhere = not offer.attached and offer.from_store != review.before.store
        cards.append(Card(offer, diff, agents.get(offer.deployment.agent_id, ""), why, now, elsewhere))
    return cards


def _made(request: MemberRequest, review: Review) -> list[queries.Row]:
    return [queries.row(each) for each in queries.find_attachments(request.workspace).filter(review=review)[:PAGE]]


def _fragment(request: MemberRequest, review: Review) -> HttpResponse:
    """What was asked for, polled while it is carried out; when all of it ended, the whole page is read again."""
    made = _made(request, review)
    active = any(row.active for row in made)
    context = {"review": review, "made": made, "active": active}
    response = render(request, "attachments/_made.html", context)
    response["Vary"] = "HX-Request"
    if not active:
        response["HX-Refresh"] = "true"
    return response


def _page(
    request: MemberRequest, review: Review, *, problem: str = "", ticked: set[str] = frozenset(), status: int = 200
) -> HttpResponse:
    made = _made(request, review)
    context: dict[str, Any] = {
        "review": review,
        "made": made,
        "active": any(row.active for row in made),
        "problem": problem,
        "applied": review.dream_id and review.state in (review_states.APPLIED, review_states.ROLLED_BACK),
        "why_not": why_not(request, "attach_store"),
    }
    if context["applied"]:
        context |= _choices(request, review, ticked)
    response = render(request, "attachments/create.html", context, status=status)
    response["Vary"] = "HX-Request"
    return response


def _choices(request: MemberRequest, review: Review, ticked: set[str]) -> dict[str, Any]:
    written, cards, read_at = service.written_since(review), _cards(request, review), queries.read_at(review)
    entry, python = queries.entry_snippets(review.target)
    shown = written[:WRITTEN_SHOWN]
    ids = memory_ids(review.before.store, [each.path for each in shown])
    return {
        "cards": cards,
        # Most deployments of a line share the same note: each is said once.
        "notes": dict.fromkeys(note for c in cards if not c.offer.attached for note in c.offer.swap.notes),
        "fresh": read_at is not None and read_at > timezone.now() - FRESH,
        "read_at": read_at,
        "mirror_at": read_at,
        "ticked": ticked,
        "to_do": any(not card.offer.attached for card in cards),
        "may_choose": any(not card.why and not card.offer.attached for card in cards),
        "written": written,
        "written_rows": [(each, ids.get(each.path, "")) for each in shown],
        "drift": service.drift_digest(written, review),
        "entry_json": entry,
        "entry_python": python,
    }
