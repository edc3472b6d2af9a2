"""The pages of dreams: asked for, listed, followed while they run, canceled, sent to review."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dreams.enqueue import enqueue
from dreams.forms.dreams import DreamForm, ReviewChoiceForm, form_sessions
from dreams.models import Dream, Review, Session, Store
from dreams.queries import dreams as queries
from dreams.queries import offers
from dreams.queries.health import carries_of
from dreams.queries.sessions import memories_at, session_of_dream
from dreams.remote.errors import RemoteError
from dreams.rules import dream_states as states
from dreams.rules.transcripts import latest, tool_paths, turns_of
from dreams.services import dreams as service
from dreams.services import reviews, sessions
from dreams.services.refusals import Refusal, Stale
from dreams.views.lookup import MemberRequest, allows, answer, in_workspace, why_not
from dreams.views.stores import find_store

FRESH = timedelta(seconds=60)
LATEST_PARTS = 30


def find_dream(request: MemberRequest, pk: int) -> Dream:
    """The dream of this workspace with that number; 404 otherwise."""
    rows = Dream.objects.select_related(
        *("workspace", "line__current_store", "store", "output_store", "requested_by"),
        *("base__manifest", "output_snapshot__manifest"),
    )
    return get_object_or_404(rows, workspace=request.workspace, pk=pk)


@require_GET
@in_workspace
def dream_list(request: MemberRequest) -> HttpResponse:
    """All dreams, newest first."""
    show = request.GET.get("show", "all")
    show = show if show in queries.FILTERS else "all"
    page = Paginator(queries.dreams_of(request.workspace, show), 50).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": queries.rows(list(page)),
        "show": show,
        "filters": [(key, words) for key, (words, _) in queries.FILTERS.items()],
        "query": f"show={show}&",
        "can_review": allows(request, "approve_review"),
        "live": any(dream.state in states.UNFINISHED for dream in page),
        "dream_why_not": why_not(request, "start_dream"),
    }
    return answer(request, "dreams/list.html", "dreams/_list.html", context)


@require_http_methods(["GET", "POST"])
@in_workspace
def dream_create(request: MemberRequest, store_id: str) -> HttpResponse:
    """A new dream over a store: what it would read and why, and what it will and will not do."""
    store = find_store(request, store_id)
    form = DreamForm(request.POST) if request.method == "POST" and "show" not in request.POST else None
    if form and form.is_valid():
        try:
            dream = service.request_dream(store, by=request.user, **_asked(form))
        except Refusal as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The dream is asked for. You may leave this page.")
            return redirect("dream-detail", ws=request.workspace.slug, pk=dream.pk)
    context = _new_dream(request, store, form)
    status = 422 if form and form.errors else 200
    return answer(request, "dreams/create.html", "dreams/_estimate.html", context, status=status)


def _asked(form: DreamForm) -> dict[str, Any]:
    asked = form.cleaned_data
    return {"session_ids": asked["sessions"], "model": asked["model"], "instructions": asked["instructions"]}


def _new_dream(request: MemberRequest, store: Store, form: DreamForm | None) -> dict[str, Any]:
    again = _again(request, store)
    typed = request.POST if request.method == "POST" else None
    models = request.workspace.dream_models or settings.DREAM_MODELS
    chosen = form_sessions(typed) if typed is not None else again and queries.session_ids(again)
    elsewhere = request.GET.get("all") == "1"
    older = request.GET.get("older", "")
    listed = max(offers.STEP, int(older)) if older.isdecimal() and len(older) < 6 else offers.STEP
    offered = offers.offers_for(store, chosen=chosen, older=listed, elsewhere=elsewhere)
    return {
        "store": store,
        "form": form
        or DreamForm.showing(
            typed, model=again.model if again else models[0], instructions=again.instructions if again else ""
        ),
        "offers": offered,
        "missing": max(0, len(set(chosen or ())) - len(offered.chosen)),
        "again": again,
        "models": models,
        "elsewhere": elsewhere,
        "older": listed,
        "older_next": listed + offers.STEP,
        "most": service.MAX_SESSIONS,
        "most_instructions": service.MAX_INSTRUCTIONS,
        "unfinished": queries.open_dream(store),
        "busy": queries.open_review(store),
        "carries": carries_of(store),
        "refreshing": _refresh_sessions_behind(request),
        "mirror_at": request.workspace.sessions_listed_at,
        "why_not": why_not(request, "start_dream"),
        "dream_why_not": why_not(request, "start_dream"),
    }


def _again(request: MemberRequest, store: Store) -> Dream | None:
    """The dream whose choices are to be made once more."""
    number = request.GET.get("again", "")
    if not (number.isdecimal() and len(number) < 12):
        return None
    return Dream.objects.filter(workspace=request.workspace, line=store.line, pk=number).first()


def _refresh_sessions_behind(request: MemberRequest) -> bool:
    """A list of sessions older than a minute is read again in the background: one that just ended is wanted most."""
    listed = request.workspace.sessions_listed_at
    stale = request.workspace.connected and (listed is None or listed < timezone.now() - FRESH)
    if stale and request.method == "GET":
        enqueue("refresh_sessions", request.workspace.pk)
    return stale


@require_GET
@in_workspace
def dream_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """One dream. Its page looks again every two seconds while something happens; only `?events=1` asks the vendor."""
    dream = find_dream(request, pk)
    about = queries.about(dream)
    context = {
        "dream": dream,
        "about": about,
        "again_store": dream.line.current_store or dream.store,
        "session": session_of_dream(dream),
        "can_cancel": allows(request, "cancel_dream"),
        "cancel_why_not": why_not(request, "cancel_dream") or _not_now(dream),
        "review_why_not": why_not(request, "decide_change"),
        "supersede_why_not": why_not(request, "discard_review"),
        "dream_why_not": why_not(request, "start_dream"),
        "supersede": f"?supersede={about.busy.pk}" if about.busy else "",
        "seen": request.GET.get("seen", ""),
    }
    if request.GET.get("events") != "1":
        return answer(request, "dreams/detail.html", "dreams/_dream.html", context)
    context |= _latest(context["session"])
    return answer(request, "dreams/detail.html", "dreams/_events.html", context)


def _not_now(dream: Dream) -> str:
    waiting = dream.state in (states.LAUNCHING, states.UNKNOWN)
    return "It can be canceled once the vendor has confirmed it." if waiting else ""


def _latest(session: Session | None) -> dict[str, Any]:
    if session is None:
        return {"events_shown": True, "events_problem": "The vendor has not begun a session for this dream yet."}
    try:
        events = sessions.read_latest(session)
    except RemoteError as error:
        return {"events_shown": True, "events_problem": error.words}
    raw = [event.raw for event in events]
    turns = turns_of(raw, memories=memories_at(session, tool_paths(raw)))
    return {
        "events_shown": True,
        "turns": latest(turns, LATEST_PARTS),
        "speaker": session.agent_name or "Dreaming",
        "events_at": timezone.now(),
    }


@require_POST
@in_workspace
def dream_recheck(request: MemberRequest) -> HttpResponse:
    """Looks again whether the vendor offers dreams to this key."""
    if service.recheck_access(request.workspace, by=request.user):
        messages.success(request, "The vendor offers dreams to this key now.")
    else:
        messages.warning(request, "The vendor still offers no dreams to this key.")
    return redirect("dream-list", ws=request.workspace.slug)


@require_POST
@in_workspace
def dream_cancel(request: MemberRequest, pk: int) -> HttpResponse:
    """Asks the vendor to stop; a dream that was not sent yet is taken back."""
    dream = service.cancel_dream(find_dream(request, pk), by=request.user)
    said = {
        states.NOT_CREATED: "Taken back: nothing was sent to the vendor.",
        states.CANCELED: "Canceled. What it had written so far stays in its copy.",
    }
    messages.success(request, said.get(dream.state, f"It was faster: this dream has {dream.state}."))
    return redirect("dream-detail", ws=request.workspace.slug, pk=pk)


@require_POST
@in_workspace
def dream_review(request: MemberRequest, pk: int) -> HttpResponse:
    """Opens the dream's review, ending the line's open one when that was asked for; else leads to the one it has."""
    dream = find_dream(request, pk)
    form = ReviewChoiceForm(request.GET)
    ending = form.cleaned_data["supersede"] if form.is_valid() else None
    review = dream.reviews.order_by("round").last() or _open_review(request, dream, ending)
    return redirect("review-detail", ws=request.workspace.slug, pk=review.pk)


def _open_review(request: MemberRequest, dream: Dream, ending: int | None) -> Review:
    if dream.output_snapshot is None:
        raise Refusal("There is nothing to review: the dream has not completed, or what it left is still being read.")
    old = reviews.active_review(dream)
    if old is not None and ending not in (None, old.pk):
        raise Stale("Another review was opened meanwhile. Look at it before you supersede it.")
    if old is not None and ending is not None:
        review = reviews.supersede_review(old, dream, by=request.user)
    else:
        review = reviews.open_review(dream, by=request.user)
    if review is None:
        raise Stale("Another review of this store is open. Supersede it, or wait until it is applied or discarded.")
    return review
