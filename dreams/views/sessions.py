"""The pages of sessions: the list from the mirror, and a transcript read through from the vendor."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dreams.forms.sessions import SessionFilters
from dreams.models import Session
from dreams.queries import sessions as queries
from dreams.remote.errors import RemoteError
from dreams.rules.transcripts import tool_paths, turns_of
from dreams.services import sessions as service
from dreams.views.lookup import MemberRequest, answer, in_workspace


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
    context = {
        "session": session,
        "about": queries.about(session),
        "thread_id": request.GET.get("thread", ""),
        "mirror_at": request.workspace.sessions_listed_at,
    }
    context |= _transcript(session, request.GET.get("thread") or None)
    return render(request, "sessions/detail.html", context)


def _transcript(session: Session, thread_id: str | None) -> dict[str, Any]:
    try:
        read = service.read_transcript(session, thread_id=thread_id)
    except RemoteError as error:
        return {"problem": error.words}
    raw = [event.raw for event in read.events]
    speaker = next((thread.agent_name for thread in read.threads if thread.id == thread_id), session.agent_name)
    return {
        "speaker": speaker or "Agent",
        "turns": turns_of(raw, memories=queries.memories_at(session, tool_paths(raw))),
        "threads": queries.thread_rows(read.threads),
        "cut": read.cut,
    }
