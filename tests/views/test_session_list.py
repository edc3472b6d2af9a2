"""The list of sessions: every filter, outcomes and costs as they were mirrored, and which one runs a dream."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import Session, Store, Workspace
from tests.factories import store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.dreaming import dream_row, session_row, wrote
from tests.views.pages import assert_fragment, assert_members_only, assert_only

URL = "/acme/sessions/"


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


def listed(people: People, query: str = "") -> list[str]:
    body = browser_of(people.carol).get(f"{URL}{query}").content.decode()
    return re.findall(r'<th scope="row"><a href="/acme/sessions/(\w+)/">', body)


def test_members_read_it_and_nobody_else(people: People) -> None:
    assert_members_only(people, URL)
    assert_only(people, URL, "get")
    assert_fragment(people, URL, "sessions")


def test_the_newest_comes_first(people: People, store: Store) -> None:
    old, new = session_row(store, days=3), session_row(store, days=1)
    assert listed(people) == [new.remote_id, old.remote_id]


def test_each_filter_keeps_what_it_names(people: People, store: Store) -> None:
    plain = session_row(store, title="Plain", days=1)
    other = session_row(store, title="Other", access="none", agent_name="Clerk", status="running", days=10)
    Session.objects.filter(pk=other.pk).update(outcome="failed", agent_id="agent_7", deployment_id="depl_9")
    dream_row(store, other)
    day = (timezone.now() - timedelta(days=5)).date().isoformat()
    assert listed(people, f"?store={store.remote_id}") == [plain.remote_id]
    assert listed(people, "?q=lai") == [plain.remote_id]
    assert listed(people, f"?q={other.remote_id}") == [other.remote_id]
    assert listed(people, "?agent=agent_7") == [other.remote_id]
    assert listed(people, "?agent=Helper") == [plain.remote_id], "one without an id goes by its name"
    assert listed(people, "?deployment=depl_9") == [other.remote_id]
    assert listed(people, "?undreamt=on") == [plain.remote_id]
    assert listed(people, "?status=running") == [other.remote_id]
    assert listed(people, "?outcome=failed") == [other.remote_id]
    assert listed(people, f"?since={day}") == [plain.remote_id]
    assert listed(people, f"?until={day}") == [other.remote_id]
    assert listed(people, "?agent=agent_7&status=running&outcome=failed&q=oth") == [other.remote_id]
    assert listed(people, "?agent=agent_7&status=idle") == []


def test_a_dream_that_failed_read_nothing_and_the_session_of_a_dream_is_never_offered(
    people: People, store: Store
) -> None:
    tried, own = session_row(store), session_row(store, access="none")
    dream_row(store, tried, state="failed", pipeline_session_id=own.remote_id)
    assert listed(people, "?undreamt=on") == [tried.remote_id]


def test_the_filters_stay_in_the_address_of_the_next_page(people: People, store: Store) -> None:
    for number in range(51):
        session_row(store, title=f"Ticket {number}", outcome="max_iterations_reached")
    body = browser_of(people.carol).get(f"{URL}?q=ticket&outcome=max_iterations_reached&undreamt=on").content.decode()
    assert 'href="?q=ticket&amp;outcome=max_iterations_reached&amp;undreamt=on&amp;page=2"' in body
    assert '<option value="max_iterations_reached" selected>Gave up</option>' in body
    assert 'name="undreamt" value="on" checked' in body


def test_a_result_or_status_of_tomorrow_can_be_chosen_and_is_shown(people: People, store: Store) -> None:
    session = session_row(store, status="hibernating")
    Session.objects.filter(pk=session.pk).update(outcome="<b>new</b>", outcomes=[{"result": "<b>new</b>"}])
    body = browser_of(people.carol).get(f"{URL}?outcome=%3Cb%3Enew%3C/b%3E&status=hibernating").content.decode()
    assert session.remote_id in body
    assert "<b>new</b>" not in body
    assert "Hibernating" in body


def test_both_days_of_a_range_are_included(people: People, store: Store) -> None:
    session = session_row(store, days=1)
    day = session.created_at.date().isoformat()
    assert listed(people, f"?since={day}&until={day}") == [session.remote_id]


def test_a_day_that_is_none_is_said(people: People, store: Store) -> None:
    session_row(store)
    answer = browser_of(people.carol).get(f"{URL}?since=yesterday")
    assert answer.status_code == 422
    assert "Enter a valid date." in answer.content.decode()


def test_a_row_tells_outcomes_cost_tokens_and_what_it_wrote(people: People, store: Store) -> None:
    session = session_row(store, cost_cents=Decimal("187.5"), currency="USD", access="read_only")
    session_row(store, access="read_only")
    outcomes = [{"result": "satisfied", "iteration": 0}, {"result": "brand_new", "iteration": 1}]
    Session.objects.filter(pk=session.pk).update(outcomes=outcomes)
    wrote(session, store, "/a.md", "/b.md")
    body = browser_of(people.carol).get(URL).content.decode()
    for words in ("Satisfied", "Brand new", "1.88 USD", "1,000", "reads", store.name):
        assert words in body
    assert re.search(rf'{store.name}</a> <span class="num">wrote 2</span>', body)


def test_a_session_that_runs_a_dream_says_which_and_a_deleted_one_that_it_is(people: People, store: Store) -> None:
    own = session_row(store, access="none", gone_at=timezone.now())
    dream = dream_row(store, pipeline_session_id=own.remote_id)
    body = browser_of(people.carol).get(URL).content.decode()
    assert f'runs the <a href="/acme/dreams/{dream.pk}/">' in body
    assert "Deleted" in body


def test_a_title_is_shown_as_what_it_is(people: People, store: Store) -> None:
    session_row(store, title="<img src=x onerror=alert(1)>\u202e")
    body = browser_of(people.carol).get(URL).content.decode()
    assert "U+202E" in body
    assert "<img" not in body
    assert "&lt;img src=x" in body


@pytest.mark.parametrize(
    ("query", "words"),
    [("", "No session yet"), ("?status=running", "No session passes these filters")],
)
def test_an_empty_list_says_why(people: People, query: str, words: str) -> None:
    Workspace.objects.filter(pk=people.workspace.pk).update(sessions_listed_at=timezone.now())
    assert words in browser_of(people.carol).get(f"{URL}{query}").content.decode()


def test_before_the_first_import_it_says_that_it_comes(people: People) -> None:
    assert "Sessions are not listed yet" in browser_of(people.carol).get(URL).content.decode()


def test_a_long_list_comes_in_pages_that_keep_the_filters(people: People, store: Store) -> None:
    for _ in range(51):
        session_row(store)
    assert len(listed(people, "?agent=Helper")) == 50
    assert len(listed(people, "?agent=Helper&page=2")) == 1
    assert "?agent=Helper&amp;page=2" in browser_of(people.carol).get(f"{URL}?agent=Helper").content.decode()


def test_the_number_of_queries_does_not_grow_with_the_sessions(people: People, store: Store) -> None:
    client, counts = browser_of(people.carol), []
    for more in (3, 30):
        for number in range(more):
            wrote(session_row(store), store, f"/{more}-{number}.md")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
