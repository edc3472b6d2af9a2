"""The page of settings: name, rules and models, and everything known of the connection."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import Membership, Workspace
from dreams.remote.errors import Unreachable
from dreams.rules import roles
from dreams.services.vendor import note_outage
from tests.factories import KEY, connect, put_store
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_members_only, assert_only

URL = "/acme/settings/"
MODELS = "claude-opus-5\n\n claude-sonnet-5 \nclaude-opus-5"
FORM = {"name": "Acme", "allow_self_approval": "on", "daily_snapshots": "on", "dream_models": MODELS}
pytestmark = pytest.mark.django_db


def now(people: People) -> Workspace:
    return Workspace.objects.get(pk=people.workspace.pk)


def test_members_read_it_and_nobody_else(people: People) -> None:
    assert_members_only(people, URL)
    assert_only(people, URL, "get", "post")


def test_without_a_key_it_says_what_is_missing(people: People) -> None:
    assert "One thing is missing: the API key" in browser_of(people.alice).get(URL).content.decode()


def test_the_connection_is_told_but_never_the_key(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    page = browser_of(people.carol).get(URL).content.decode()
    for fact in (workspace.organization_id, workspace.remote_workspace_id, sandbox.url, "Answering"):
        assert fact in page
    assert KEY not in page


def test_an_outage_and_a_refusal_of_dreams_are_told(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    note_outage(workspace, Unreachable())
    Workspace.objects.filter(pk=workspace.pk).update(dreams_refused_at=timezone.now())
    page = browser_of(people.carol).get(URL).content.decode()
    assert "could not be reached" in page
    assert "not enrolled in the research preview" in page
    assert "Ask for access" in page


def test_settings_are_saved(people: People) -> None:
    answer = browser_of(people.alice).post(URL, FORM, follow=True)
    assert "The settings are saved" in answer.content.decode()
    workspace = now(people)
    assert (workspace.name, workspace.allow_self_approval) == ("Acme", True)
    assert workspace.dream_models == ["claude-opus-5", "claude-sonnet-5"]
    browser_of(people.alice).post(URL, {**FORM, "allow_self_approval": ""})
    assert now(people).allow_self_approval is False
    assert now(people).daily_snapshots is True
    browser_of(people.alice).post(URL, {**FORM, "daily_snapshots": ""})
    assert now(people).daily_snapshots is False


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 101}, {"dream_models": "x" * 257}, {"dream_models": "two words"},
              {"dream_models": "\n".join(map(str, range(31)))}, {"dream_models": "a\u202eb"}]
)  # fmt: skip
def test_what_is_wrong_is_said_and_kept_as_typed(people: People, wrong: dict[str, str]) -> None:
    answer = browser_of(people.alice).post(URL, {**FORM, **wrong})
    assert answer.status_code == 422
    assert 'class="errors"' in answer.content.decode()
    assert now(people).name == "Acme agents"


def test_only_an_admin_saves_and_others_see_why(people: People) -> None:
    for person in (people.bob, people.carol, people.dave):
        assert browser_of(person).post(URL, FORM).status_code == 403
    page = browser_of(people.dave).get(URL).content.decode()
    assert "you need the role admin" in page
    assert page.count(" disabled") >= 4
    assert now(people).name == "Acme agents"


def test_the_banner_of_self_approval_stands_while_one_person_approves_alone(people: People) -> None:
    Membership.objects.filter(user__in=[people.bob, people.dave]).update(role=roles.VIEWER)
    page = browser_of(people.alice).get(URL).content.decode()
    assert "Only one person here may approve" in page
    assert "1 person here may approve" in " ".join(page.split())


def test_the_number_of_queries_does_not_grow(people: People, sandbox: Sandbox) -> None:
    from dreams.services import stores

    connect(people)
    client, counts = browser_of(people.alice), []
    for more in (1, 12):
        for number in range(more):
            put_store(sandbox, {"/a.md": "x"}, name=f"{more} {number}")
        stores.refresh_stores(people.workspace)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
