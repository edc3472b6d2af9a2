"""Marking what a page of changes showed as read: by itself through htmx, or by the button."""

import pytest

from dreams.models import MemoryVersion, Store, Visit
from tests.factories import store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_members_only, assert_only

URL = "/acme/changes/seen/"


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


def seen(store: Store) -> dict[str, str]:
    return {"seen": f"{store.pk}:{MemoryVersion.objects.latest('pk').pk}"}


def test_members_post_it_and_nobody_else(people: People) -> None:
    assert_members_only(people, URL, method="post")
    assert_only(people, URL, "post")


def test_the_page_marks_by_itself_without_being_swapped(people: People, store: Store) -> None:
    answer = browser_of(people.carol).post(URL, seen(store), headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert Visit.objects.get().membership.user == people.carol


@pytest.mark.parametrize(
    ("back", "to"),
    [("/acme/stores/x/changes/?path=a", "/acme/stores/x/changes/?path=a"), ("//evil.example/", "/acme/changes/")],
)
def test_the_button_leads_back_to_the_page_it_stood_on(people: People, store: Store, back: str, to: str) -> None:
    answer = browser_of(people.carol).post(URL, {**seen(store), "next": back})
    assert (answer.status_code, answer["Location"]) == (302, to)


@pytest.mark.parametrize("text", ["", "x", "1:", "1:2:3", "1 2", "1:2 " * 30_000, "-1:2", "١:٢", "1" * 30 + ":2"])
def test_nonsense_is_refused_in_words(people: People, text: str) -> None:
    answer = browser_of(people.carol).post(URL, {"seen": text})
    assert answer.status_code == 422
    assert "Open the changes" in answer.content.decode()
    assert not Visit.objects.exists()
