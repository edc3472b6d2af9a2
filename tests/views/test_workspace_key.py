"""Connecting a key: each way it fails has its sentence, and what was typed is never sent back."""

import pytest
from pytest_django import Settings

from dreams.models import Workspace
from tests.factories import connect
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_members_only, assert_only

URL = "/acme/settings/key/"
SECRET = "sk-very-secret-7f3a"
pytestmark = pytest.mark.django_db


def test_members_only_and_only_by_post(people: People) -> None:
    assert_members_only(people, URL, method="post")
    assert_only(people, URL, "post")


def test_a_key_that_works_leads_to_the_import(people: People, sandbox: Sandbox) -> None:
    answer = browser_of(people.alice).post(URL, {"key": f"  {SECRET}\n"}, follow=True)
    assert answer.redirect_chain == [("/acme/import/", 302)]
    assert SECRET not in answer.content.decode()
    assert Workspace.objects.get(slug="acme").connected


@pytest.mark.parametrize(
    ("fault", "words", "status"),
    [
        ({"kind": "status", "status": 401}, "does not accept this key", 422),
        ({"kind": "status", "status": 403}, "does not allow this key", 409),
        ({"kind": "status", "status": 500}, "internal failure", 409),
        ({"kind": "malformed"}, "does not look like the API", 409),
        ({"kind": "reset"}, "connection to the API was lost", 409),
    ],
)
def test_each_failure_has_its_sentence(
    people: People, sandbox: Sandbox, fault: dict[str, object], words: str, status: int
) -> None:
    sandbox.faults([{"method": "GET", "path": "/v1/*", "times": 1, **fault}])
    answer = browser_of(people.alice).post(URL, {"key": SECRET})
    page = answer.content.decode()
    assert answer.status_code == status
    assert words in page
    assert "Nothing was changed" in page
    assert SECRET not in page
    assert not Workspace.objects.get(slug="acme").connected


def test_an_address_where_nobody_answers(people: People) -> None:
    answer = browser_of(people.alice).post(URL, {"key": SECRET})
    assert answer.status_code == 409
    assert "could not be reached" in answer.content.decode()


def test_a_base_url_that_is_none(people: People, settings: Settings) -> None:
    settings.ANTHROPIC_BASE_URL = "not a url"
    assert browser_of(people.alice).post(URL, {"key": SECRET}).status_code == 409


def test_a_key_of_another_workspace_is_refused(people: People, sandbox: Sandbox) -> None:
    connect(people)
    Workspace.objects.filter(slug="acme").update(remote_workspace_id="wrkspc_of_before")
    answer = browser_of(people.alice).post(URL, {"key": SECRET})
    assert answer.status_code == 409
    assert "wrkspc_of_before" in answer.content.decode()


@pytest.mark.parametrize("key", ["", "  ", "two words", "x" * 501, "a\x00b"])
def test_what_cannot_be_a_key(people: People, sandbox: Sandbox, key: str) -> None:
    answer = browser_of(people.alice).post(URL, {"key": key})
    assert answer.status_code == 422
    assert sandbox.requests() == []


def test_only_an_admin_connects(people: People, sandbox: Sandbox) -> None:
    for person in (people.bob, people.carol, people.dave):
        assert browser_of(person).post(URL, {"key": SECRET}).status_code == 403
    assert sandbox.requests() == []


def test_the_key_is_in_no_log(people: People, sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    browser_of(people.alice).post(URL, {"key": SECRET})
    assert SECRET not in caplog.text
