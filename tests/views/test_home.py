"""The first address: to one's workspace, or a page that says one is in none; and the pages for what fails."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client, RequestFactory

from dreams.models import Membership
from dreams.views.errors import server_error
from tests.people import People, browser_of

pytestmark = pytest.mark.django_db


def test_it_leads_to_the_sign_in_and_then_to_ones_workspace(people: People) -> None:
    assert Client().get("/")["Location"].startswith("/account/login/")
    assert browser_of(people.bob).get("/")["Location"] == "/acme/"


def test_who_is_in_no_workspace_is_told_what_to_do(people: People) -> None:
    Membership.objects.filter(user=people.bob).update(active=False)
    page = browser_of(people.bob).get("/").content.decode()
    assert "You are in no workspace yet" in page


def test_only_get(people: People) -> None:
    assert browser_of(people.bob).post("/").status_code == 405


@pytest.mark.parametrize("path", ["/nowhere/", "/acme/dreams/999999/", "/acme/nothing/here/"])
def test_what_is_not_there_has_a_page_of_ours(people: People, path: str) -> None:
    answer = browser_of(people.bob).get(path)
    assert answer.status_code == 404
    assert "Nothing is here" in answer.content.decode()


def test_a_page_that_breaks_needs_neither_the_database_nor_the_context(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The inbox breaks, and so would everything that the frame of a page asks for."""

    def broken(*args: object) -> None:
        raise RuntimeError("broken")

    client = browser_of(people.bob)
    client.raise_request_exception = False
    for name in ("dreams.context.count_waiting", "dreams.views.inbox.inbox_of"):
        monkeypatch.setattr(name, broken)
    answer = client.get("/acme/")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
    assert "broken" not in answer.content.decode()


def test_the_page_of_500_asks_no_query(
    django_assert_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    with django_assert_num_queries(0):
        assert server_error(RequestFactory().get("/")).status_code == 500


def test_a_form_without_its_token_is_refused_with_a_sentence(people: People) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people.alice)
    answer = strict.post("/acme/settings/", {"name": "x"})
    assert answer.status_code == 403
    assert "reload the page and send it again" in answer.content.decode()


def test_an_expired_sign_in_leads_the_whole_page_there_for_htmx(people: People) -> None:
    answer = Client().get("/acme/", headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/account/login/")


def test_nobody_signs_up_by_themselves() -> None:
    page = Client().get("/account/signup/").content.decode()
    assert "By invitation" in page
