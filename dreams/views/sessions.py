"""The pages of sessions: the list, those of one store, and a transcript read through from the vendor."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dreams.forms.sessions import SessionFilters
from dreams.models import Session
from dreams.queries import session_page
from dreams.queries import sessions as queries
from dreams.queries import store_sessions as of_store
from dreams.remote.errors import NotFound, RemoteError
from dreams.rules.transcripts import evaluations_of, tool_paths, troubles_of, turns_of, with_names
from dreams.services import sessions as service
from dreams.views.lookup import MemberRequest, answer, in_workspace
from dreams.views.stores import find_store, store_frame


@require_GET
@in_workspace
def session_list(request: MemberRequest) -> HttpResponse:
    """The sessions of the mirror, filtered."""
    filters = SessionFilters(request.GET)
    wanted = filters.cleaned_data if filters.is_valid() else {}
    page = Paginator(queries.sessions_of(request.workspace, **wanted), 50).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "filters": filters,
        "wanted": wanted,
        "narrowed": any(wanted.values()),
        "choices": queries.choices(request.workspace),
        "page": page,
        "rows": queries.rows(request.workspace, list(page)),
        "query": f"{query.urlencode()}&" if query else "",
        "mirror_at": request.workspace.sessions_listed_at,
    }
    return answer(request, "sessions/list.html", "sessions/_list.html", context, 422 if filters.errors else 200)


@require_GET
@in_workspace
def session_detail(request: MemberRequest, session_id: str) -> HttpResponse:
    """One session: its head from the mirror, its transcript from the vendor; when the vendor fails, the head stays."""
    session = queries.find_session(request.workspace, session_id)
    if session is None:
        raise Http404
    thread_id = request.GET.get("thread") or None
    about = session_page.about(session)
    context = {
        "session": session,
        "about": about,
        "outcomes": about.outcomes,
        "thread_id": thread_id or "",
        "mirror_at": request.workspace.sessions_listed_at,
    }
    return render(request, "sessions/detail.html", context | _transcript(session, about, thread_id))


def _transcript(session: Session, about: session_page.SessionAbout, thread_id: str | None) -> dict[str, Any]:
    try:
        read = service.read_transcript(session, thread_id=thread_id)
    except NotFound as error:  # of a thread that is not found only a sentence, of the session its own words
        return {"problem": error.words} if thread_id else {"vanished": True}
    except RemoteError as error:
        return {"problem": error.words}
    raw = [event.raw for event in read.events]
    turns = turns_of(raw, memories=queries.memories_at(session, tool_paths(raw)))
    names = {thread.id: session_page.thread_name(thread) for thread in read.threads}
    with_names(turns, names)
    return {
        "speaker": names.get(thread_id or "", session.agent_name) or "Agent",
        "turns": turns,
        "troubles": troubles_of(turns),
        "outcomes": about.outcomes if thread_id else session_page.with_rounds(about.outcomes, evaluations_of(turns)),
        "threads": session_page.thread_rows(read.threads),
        "cut": read.cut,
    }


@require_GET
@in_workspace
def store_sessions(request: MemberRequest, store_id: str) -> HttpResponse:
    """The sessions around one store, or its whole line: who could read, write and did, and how well they did."""
    store = find_store(request, store_id)
    scope = "line" if request.GET.get("scope") == "line" else "store"
    show = request.GET.get("show") if request.GET.get("show") in of_store.SHOWS else "all"
    counts = of_store.counts(store, scope=scope)
    pages = Paginator(of_store.sessions_around(store, scope=scope, show=show), 50)
    pages.count = {key: number for key, _, number in counts}[show]  # else they are counted twice
    page = pages.get_page(request.GET.get("page"))
    context = {
        **store_frame(request, store, "sessions"),
        "scope": scope,
        "show": show,
        "counts": counts,
        "page": page,
        "rows": of_store.rows(store, list(page), scope=scope),
        "success": of_store.success_around(store, scope=scope),
        "query": f"scope={scope}&show={show}&",
    }
    return answer(request, "stores/sessions.html", "stores/_sessions.html", context)
