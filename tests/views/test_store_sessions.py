"""The sessions around a store: who could read, write and did, what was dreamt over, how often outcomes were met."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import Attachment, Session, Store
from tests.factories import store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.dreaming import dream_row, session_row, wrote
from tests.views.pages import assert_fragment, assert_members_only, assert_only


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    store = store_with(people, sandbox)
    Store.objects.filter(pk=store.pk).update(checked_at=timezone.now() + timedelta(days=1))
    return store


def url(store: Store) -> str:
    return f"/acme/stores/{store.remote_id}/sessions/"


def page(people: People, store: Store, query: str = "") -> str:
    answer = browser_of(people.carol).get(f"{url(store)}{query}")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def listed(people: People, store: Store, query: str = "") -> list[str]:
    return re.findall(r'<th scope="row"><a href="/acme/sessions/(\w+)/">', page(people, store, query))


def judged(session: Session, *results: str, iteration: int = 0) -> Session:
    outcomes = [{"id": f"outc_{n}", "result": result, "iteration": iteration} for n, result in enumerate(results)]
    Session.objects.filter(pk=session.pk).update(outcomes=outcomes, outcome=results[-1])
    return session


def test_members_read_it_and_nobody_else(people: People, store: Store) -> None:
    session_row(store)
    assert_members_only(people, url(store))
    assert_only(people, url(store), "get")
    assert_fragment(people, url(store), "store-sessions")
    assert browser_of(people.alice).get("/acme/stores/memstore_none/sessions/").status_code == 404


def test_each_session_stands_where_it_belongs(people: People, store: Store) -> None:
    reader = session_row(store, access="read_only", days=4)
    quiet = session_row(store, days=3)
    writer = session_row(store, days=2)
    dreamer = session_row(store, access="none", days=1)
    session_row(store, access="none")
    wrote(writer, store, "/a.md", "/b.md")
    wrote(dreamer, store, "/c.md")
    dream_row(store, quiet, pipeline_session_id=dreamer.remote_id)
    ids = [session.remote_id for session in (dreamer, writer, quiet, reader)]
    assert listed(people, store) == ids
    assert listed(people, store, "?show=readers") == [reader.remote_id]
    assert listed(people, store, "?show=writers") == [writer.remote_id, quiet.remote_id]
    assert listed(people, store, "?show=wrote") == [dreamer.remote_id, writer.remote_id]
    assert listed(people, store, "?show=undreamt") == [writer.remote_id, reader.remote_id]
    body = page(people, store)
    assert re.findall(r"(\w[\w ]+) <small>(\d+)</small></a>", body)[-5:] == [
        ("All", "4"),
        ("Could only read", "1"),
        ("Could write", "2"),
        ("Wrote", "2"),
        ("Never dreamt over", "2"),
    ]
    for words in ("could only read", "could write", "wrote without mounting it", "a dream itself"):
        assert words in body


def test_the_line_counts_the_stores_before_and_after(people: People, store: Store, sandbox: Sandbox) -> None:
    older = Store.objects.create(
        workspace=store.workspace, line=store.line, remote_id="memstore_older", name="older", created_at=timezone.now()
    )
    here, before = session_row(store, days=1), session_row(older, days=2)
    assert listed(people, store) == [here.remote_id]
    assert listed(people, store, "?scope=line") == [here.remote_id, before.remote_id]


def test_success_is_told_with_its_number_drawn_and_in_a_table(people: People, store: Store) -> None:
    judged(session_row(store, days=1), "satisfied", iteration=1)
    judged(session_row(store, days=1), "max_iterations_reached", "running", iteration=2)
    judged(session_row(store, days=30), "<b>odd</b>")
    judged(session_row(store, days=400), "satisfied")
    body = page(people, store)
    figures = re.findall(r"<dt>([\w ()]+)</dt><dd>([\d.,]+)</dd>", body)
    assert figures[:3] == [("outcomes judged (n)", "3"), ("satisfied", "1"), ("iterations on average", "2.0")]
    assert body.count('class="judged"') == 2
    assert "1 of 2" in body and "0 of 1" in body
    assert 'style="' not in body


def test_before_and_after_are_compared_only_where_agents_read_another_memory_since(
    people: People, store: Store
) -> None:
    judged(session_row(store, days=20), "failed")
    judged(session_row(store, days=2), "satisfied")
    dream = dream_row(store, days=10)
    body = page(people, store)
    assert 'class="mark"' in body and 'class="turning"' not in body
    assert "Before and after" not in body, "the output of that dream is read by nobody"
    Attachment.objects.create(
        workspace=store.workspace,
        line=store.line,
        deployment_id="depl_1",
        deployment_name="<desk>",
        from_store=store,
        to_store=store,
        before=[],
        after=[],
        before_digest="",
        after_digest="",
        state=Attachment.State.DONE,
        by=people.alice,
        asked_at=timezone.now(),
        done_at=dream.ended_at + timedelta(hours=1),
    )
    body = page(people, store)
    rows = re.findall(
        r'<tr><th scope="row">(before|since)[^<]*</th>\s*(?:\{#.*#\})?\s*<td class="num">(\d+)</td>', body
    )
    assert rows == [("before", "1"), ("since", "1")]
    assert "a difference may be chance" in body
    assert (
        "<desk> was pointed at" in body and "<desk>" not in browser_of(people.carol).get(url(store)).content.decode()
    )


def test_without_outcomes_there_is_no_rate(people: People, store: Store) -> None:
    judged(session_row(store), "running")
    body = page(people, store)
    assert "there is no rate to show" in body
    assert "0 of 0" not in body and "satisfied</dt>" not in body


def test_an_empty_store_says_why(people: People, store: Store) -> None:
    assert "No session mounted this store" in page(people, store)
    session_row(store)
    assert "None of them" in page(people, store, "?show=wrote")


def test_the_number_of_queries_does_not_grow_with_the_sessions(people: People, store: Store) -> None:
    client, counts = browser_of(people.carol), []
    for more in (3, 30):
        for number in range(more):
            session = judged(session_row(store), "satisfied")
            wrote(session, store, f"/{more}-{number}.md")
            dream_row(store, session)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url(store)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
