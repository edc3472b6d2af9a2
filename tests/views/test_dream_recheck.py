"""Looking again whether the vendor offers dreams to the key."""

import pytest
from django.utils import timezone

from dreams.models import Workspace
from tests.factories import connect
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_members_only, assert_only

URL = "/acme/dreams/recheck/"


@pytest.fixture
def workspace(people: People, sandbox: Sandbox) -> Workspace:
    workspace = connect(people)
    Workspace.objects.filter(pk=workspace.pk).update(dreams_refused_at=timezone.now())
    return workspace


def test_operators_look_again_and_nobody_else(people: People, workspace: Workspace) -> None:
    assert_members_only(people, URL, method="post")
    assert_only(people, URL, "post")
    assert browser_of(people.carol).post(URL).status_code == 403


def test_once_the_vendor_offers_dreams_the_line_is_gone(people: People, workspace: Workspace) -> None:
    client = browser_of(people.dave)
    assert "Look again" in client.get("/acme/dreams/").content.decode()
    body = client.post(URL, follow=True).content.decode()
    assert "The vendor offers dreams to this key now." in body
    assert "Look again" not in body


def test_while_it_does_not_that_is_said(people: People, sandbox: Sandbox, workspace: Workspace) -> None:
    sandbox.faults([{"path": "/v1/dreams*", "kind": "status", "status": 404}])
    body = browser_of(people.dave).post(URL, follow=True).content.decode()
    assert "The vendor still offers no dreams to this key." in body
    assert "Ask for access" in body


def test_a_vendor_that_does_not_answer_is_a_sentence(people: People, sandbox: Sandbox, workspace: Workspace) -> None:
    sandbox.faults([{"path": "/v1/dreams*", "kind": "status", "status": 529}])
    assert browser_of(people.dave).post(URL).status_code == 503
