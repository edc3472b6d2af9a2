"""The page of the record: newest first, filtered, by keys instead of counts, with the seals checked."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.models import AuditEvent
from dreams.services import audit
from tests.factories import review_decided
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only

URL = "/acme/audit/"
pytestmark = pytest.mark.django_db


def record(people: People, count: int, verb: str = "started dream") -> None:
    for _ in range(count):
        audit.record(people.workspace, people.dave, verb, people.workspace)


def read(people: People, query: str = "") -> str:
    answer = browser_of(people.bob).get(URL + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_reviewers_read_it_and_nobody_else(people: People) -> None:
    assert_members_only(people, URL)
    assert_only(people, URL, "get")
    assert_fragment(people, URL, "events")
    answer = browser_of(people.carol).get(URL)
    assert answer.status_code == 403
    assert "you need the role reviewer" in answer.content.decode()


def test_the_menu_leads_there_only_for_whom_it_opens(people: People) -> None:
    assert URL in browser_of(people.bob).get("/acme/members/").content.decode()
    assert URL not in browser_of(people.carol).get("/acme/members/").content.decode()


def test_an_empty_record_says_so(people: People) -> None:
    assert "Nothing was recorded yet" in read(people)
    assert "No such event" in read(people, "?noun=dream")


def test_it_tells_who_did_what_to_what_and_leads_there(people: People, sandbox: Sandbox) -> None:
    review = review_decided(people, sandbox)
    page = read(people)
    assert "accepted change" in page
    assert f'href="/acme/reviews/{review.pk}/"' in page
    assert "Bob" in page
    assert "<b>Memorydash</b>:" in page
    assert "completed<small>" in page


def test_hostile_labels_are_shown_and_not_run(people: People) -> None:
    people.workspace.name = "<script>alert(1)</script>\u202e"
    audit.record(people.workspace, people.bob, "did", people.workspace, note="<b>x</b>")
    page = read(people)
    assert "<script>alert(1)" not in page
    assert "<b>x</b>" not in page
    assert "\u202e" not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [("?verb=approved", 0), ("?verb=START", 3), ("?noun=workspace", 3), ("?noun=dream", 0), ("?person=system", 0)],
)
def test_filters(people: People, query: str, found: int) -> None:
    record(people, 3)
    page = read(people, query)
    assert page.count('<th scope="row">') == found


def test_the_filter_by_person(people: People) -> None:
    record(people, 2)
    audit.record(people.workspace, None, "swept", people.workspace)
    assert read(people, f"?person={people.dave.pk}").count('<th scope="row">') == 2
    assert read(people, f"?person={people.bob.pk}").count('<th scope="row">') == 0
    assert read(people, "?person=system").count('<th scope="row">') == 1


def test_older_events_are_reached_page_by_page_with_the_filters_kept(people: People) -> None:
    record(people, 205)
    seen = []
    query = "?verb=dream&person=&noun="
    while query:
        page = read(people, query)
        seen.append(page.count('<th scope="row">'))
        older = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
        assert "verb=dream" in older or not older
        query = older
    assert seen == [100, 100, 5]


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "", "\u0663", "1.5"])
def test_a_strange_place_is_no_error(people: People, before: str) -> None:
    record(people, 1)
    read(people, f"?before={before}")


def test_a_forged_event_is_marked(people: People) -> None:
    record(people, 3)
    audit.seal(people.workspace)
    assert "do not fit" not in read(people)
    AuditEvent.objects.filter(seq=2).update(actor="Nobody")
    assert read(people).count("does not fit") == 1


def test_the_number_of_queries_does_not_grow_and_nothing_is_counted(people: People) -> None:
    client, counts = browser_of(people.bob), []
    for more in (3, 150):
        record(people, more)
        audit.seal(people.workspace)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL).status_code == 200
        counts.append(len(queries))
        asked = [query["sql"] for query in queries if "dreams_auditevent" in query["sql"]]
        assert asked
        assert not any("COUNT(" in sql for sql in asked)
    assert counts[0] == counts[1]


def test_another_workspaces_events_are_not_shown(people: People) -> None:
    record(people, 1)
    page = browser_of(people.mallory).get("/acme-rival/audit/").content.decode()
    assert "<b>Dave</b>" not in page
