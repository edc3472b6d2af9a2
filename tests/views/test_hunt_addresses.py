"""Addresses and fields that no page of ours makes: each gets a page with a sentence, none a failure, and none changes
anything."""

import pytest
from django.test import Client

from dreams.models import Memory, Session, Store
from dreams.queries.stores import memories_of
from dreams.services import sessions
from tests.factories import put_session, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.reviewing import review_of

PAGES = [
    "/acme/stores/a%00b/",
    "/acme/stores/{store}/memories/a%00b/",
    "/acme/sessions/a%00b/",
    "/acme/stores/{store}/?q=a%00b",
    "/acme/stores/{store}/?in=/a%00/",
    "/acme/sessions/?q=a%00b&store=%00&agent=%00&status=%00&outcome=%00",
    "/acme/audit/?verb=%00&person=%00&noun=%00",
    "/acme/stores/{store}/dream/?again=%00",
    "/acme/reviews/{review}/?change=%00&show=%00&page=%00",
    "/acme/stores/?page=" + "9" * 5000,
    "/acme/reviews/" + "9" * 30 + "/",
    "/acme/reviews/" + "9" * 5000 + "/",
    "/acme/reviews/{review}/?change=999999999999999999&page=-1",
    "/acme/reviews/{review}/changes/" + "9" * 30 + "/",
    "/acme/audit/?before=999999999999999999&person=99999999999999999999999",
    "/acme/sessions/?since=0001-01-01&until=9999-12-31",
    "/acme/stores/%ED%A0%80/?q=%ED%A0%80%FF",
    "/acme/stores/?" + "a=1&" * 6000,
    "/acme/dreams/?show=" + "x" * 60000,
    "/account/login/?next=%00&next=javascript:alert(1)",
    "/account/password/reset/key/zzzzzzzzzzzzz-a/",
    "/setup/a%00b/",
    "/%00/",
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page[:40])
def test_an_odd_address_is_answered_with_a_page(people: People, page: str) -> None:
    review = review_of(people)
    address = page.format(store=review.target.remote_id, review=review.pk)
    assert browser_of(people.alice).get(address).status_code < 500


def test_a_forged_host_gets_a_page(people: People) -> None:
    assert browser_of(people.alice).get("/acme/", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("back", ["inbox", "store-list", "https://evil.example/", "//evil.example", "/acme/\r\nX: y"])
def test_the_theme_switch_leads_nowhere_else_and_never_fails(people: People, back: str) -> None:
    answer = Client().post("/theme/", {"theme": "dark", "next": back})
    assert answer.status_code == 302
    assert "evil.example" not in answer["Location"]


def test_sessions_with_nul_are_refused_with_a_sentence(people: People) -> None:
    store = review_of(people).before.store
    form = {"sessions": ["sesn_\0"], "model": "claude-opus-4-8", "instructions": ""}
    answer = browser_of(people.dave).post(f"/acme/stores/{store.remote_id}/dream/", form)
    assert answer.status_code == 422


@pytest.mark.parametrize("thread", ["sthr_nobody", ";x", "%2e%2e", "..", "../../deployments", "a\0b"])
def test_a_thread_that_does_not_exist_is_said_and_the_session_stays(
    people: People, sandbox: Sandbox, thread: str
) -> None:
    store = store_with(people, sandbox)
    session_id = put_session(sandbox, store)
    sessions.refresh_sessions(people.workspace)
    answer = browser_of(people.carol).get(f"/acme/sessions/{session_id}/", {"thread": thread})
    assert answer.status_code < 500
    assert Session.objects.get(remote_id=session_id).gone_at is None
    assert Store.objects.get(pk=store.pk).gone_at is None


@pytest.mark.parametrize("foreign", ["javascript:alert(1)", "https://evil.example/", "//evil.example/x"])
def test_a_refusal_links_back_only_to_our_own_pages(people: People, foreign: str) -> None:
    url = f"/acme/reviews/{review_of(people).pk}/plan/"
    client = browser_of(people.dave)
    shown = client.post(url, headers={"Referer": foreign}).content.decode()
    assert "evil.example" not in shown
    assert "javascript:" not in shown
    assert "/acme/stores/" in client.post(url, headers={"Referer": "http://testserver/acme/stores/"}).content.decode()


def test_whoever_signs_in_again_comes_back_to_the_page_and_not_to_its_button(people: People) -> None:
    url = f"/acme/reviews/{review_of(people).pk}/approve/"
    page = "http://testserver/acme/reviews/1/?show=lost"
    plain = Client().post(url, headers={"Referer": page})
    assert plain["Location"] == "/account/login/?next=/acme/reviews/1/%3Fshow%3Dlost"
    live = Client().post(url, headers={"HX-Request": "true", "HX-Current-URL": page})
    assert live["HX-Redirect"] == plain["Location"]
    forged = Client().post(url, headers={"Referer": "https://evil.example/"})
    assert forged["Location"] == "/account/login/?next=/"


@pytest.mark.parametrize("forged", [False, True])
def test_what_htmx_may_not_do_is_said_in_the_messages_and_not_swapped_as_a_page(people: People, forged: bool) -> None:
    review = review_of(people)
    change = review.changes.filter(state="undecided").first()
    assert change is not None
    client = Client(enforce_csrf_checks=forged)
    client.force_login(people.carol)
    url = f"/acme/reviews/{review.pk}/changes/{change.pk}/decide/"
    answer = client.post(url, {"outcome": "accepted", "seen_seq": 0}, headers={"HX-Request": "true"})
    assert answer.status_code == 403
    assert b"<html" not in answer.content
    assert answer["HX-Retarget"] == "#messages"


def test_a_folder_holds_its_own_memories_whatever_the_case_and_the_signs(people: People) -> None:
    notes = {path: "x\n" for path in ("/a/x.md", "/A/x.md", "/a.md", "/a0/x.md", "/a%/x.md", "/ä/x.md", "/a/b/ü.md")}
    review = review_of(people, notes, notes | {"/new.md": "y\n"})
    store = review.before.store
    for number, entry in enumerate(review.before.manifest.entries.all()):
        Memory.objects.create(
            store=store,
            remote_id=f"mem_{number}",
            path=entry.path,
            text=entry.text,
            version_id="memver_in",
            created_at=store.created_at,
            updated_at=store.created_at,
        )
    assert [memory.path for memory in memories_of(store, prefix="/a/")] == ["/a/b/ü.md", "/a/x.md"]
    assert [memory.path for memory in memories_of(store, prefix="/a%/")] == ["/a%/x.md"]
