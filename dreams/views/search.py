"""The page of search: over the paths and texts of all stores of a workspace."""

from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_GET

from dreams.forms.search import SearchForm
from dreams.queries import search as queries
from dreams.rules.search_words import MIN_PREFIX, parse, part_of
from dreams.views.lookup import MemberRequest, answer, in_workspace


@require_GET
@in_workspace
def search(request: MemberRequest) -> HttpResponse:
    """What holds the words, best first, 25 a page; nothing before a word is typed."""
    typed = request.GET.get("q", "")
    form, query = SearchForm(request.GET), parse(typed)
    asked = form.is_valid() and bool(query.parts or query.without)
    found = queries.find(request.workspace, query, form.narrow) if asked else queries.Found([], False)
    page = Paginator(found.keys, 25).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {
        "typed": typed,
        "form": form,
        "query": query,
        "asked": asked,
        "more": found.more,
        "page": page,
        "hits": queries.hits(request.workspace, query, list(page)) if asked else [],
        "choices": queries.choices(request.workspace),
        "kept": f"{kept.urlencode()}&" if kept else "",
        **(_wider(kept, typed) if asked and not found.keys else {}),
    }
    return answer(request, "search/search.html", "search/_results.html", context, 422 if form.errors else 200)


def _wider(kept: QueryDict, typed: str) -> dict[str, str]:
    """A link to the same search with its last word left open, where that was a plain word and may have more to it."""
    word = typed.split()[-1] if typed and typed == typed.rstrip() else ""
    part = part_of(word)
    if part is None or part.prefix or len(part.words[-1]) < MIN_PREFIX or not (word[0] + word[-1]).isalnum():
        return {}
    kept["q"] = f"{typed}*"
    return {"wider": f"?{kept.urlencode()}", "wider_words": f"Look for what begins with “{word}”"}
