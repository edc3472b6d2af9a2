"""All agents and all deployments: whom they call, what they mount, and what about them is broken or soon will be."""

from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import Store, Workspace
from tests.factories import store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.agenting import agent_row, coordinator_of, deployment_row
from tests.views.dreaming import session_row
from tests.views.pages import assert_fragment, assert_members_only, assert_only

URL = "/acme/agents/"


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


def page(people: People, query: str = "") -> str:
    answer = browser_of(people.carol).get(f"{URL}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_members_read_it_and_nobody_else(people: People) -> None:
    agent_row(people.workspace, "Quill")
    assert_members_only(people, URL)
    assert_only(people, URL, "get")
    assert_fragment(people, URL, "agents")
    assert 'aria-current="page">Agents</a>' in page(people)


def test_an_agent_is_shown_with_its_roster_and_its_use(people: People, store: Store) -> None:
    quill = agent_row(people.workspace, "Quill")
    agent_row(people.workspace, "Chief", multiagent=coordinator_of(quill))
    agent_row(people.workspace, "Old", archived_at=timezone.now())
    deployment_row(people.workspace, "desk", quill)
    session_row(store, agent_id=quill.remote_id)
    body = page(people)
    for words in (
        "<span>Quill</span>",
        "nobody",
        '1<span class="unit"> deployment',
        "?agent=agent_quill",
    ):
        assert words in body
    assert "agent_old" not in body
    assert "Archived" in page(people, "?show=all")


def test_what_is_broken_in_a_roster_is_said_in_the_list(people: People) -> None:
    gone = agent_row(people.workspace, "Gone", archived_at=timezone.now())
    older = agent_row(people.workspace, "Older", version=4)
    shape = coordinator_of(gone, older)
    shape["agents"] += [{"type": "agent", "id": "agent_unknown"}]
    agent_row(people.workspace, "Chief", multiagent=shape)
    body = page(people)
    assert "Gone is archived: work can no longer be handed to it." in body
    assert "Older is called at version 3; the newest is 4." in body


def test_deployments_are_shown_with_what_they_mount_and_what_is_wrong(people: People, store: Store) -> None:
    quill = agent_row(people.workspace, "Quill")
    cron = {"type": "cron", "expression": "0 4 * * *", "timezone": "UTC"}
    deployment_row(people.workspace, "desk", quill, store.remote_id, schedule=cron)
    deployment_row(people.workspace, "lost", None, "memstore_nobody_knows", status="hibernating")
    deployment_row(people.workspace, "ended", quill, archived_at=timezone.now())
    body = unescape(page(people, "?view=deployments"))
    for words in ("0 4 * * * in UTC", store.name, "Active", "Hibernating", "memstore_nobody_knows", "agent_nobody"):
        assert words in body
    assert "The store memstore_nobody_knows is not in the list" in body
    assert "depl_ended" not in body
    assert "depl_ended" in page(people, "?view=deployments&show=all")


def test_hostile_names_are_text(people: People) -> None:
    attack = "<script>alert(1)</script>"
    agent = agent_row(people.workspace, attack, remote_id="agent_1", description=attack, model=attack)
    deployment_row(people.workspace, attack, agent, attack, remote_id="depl_1", schedule={"expression": attack})
    for query in ("", "?view=deployments"):
        assert "<script>alert" not in page(people, query)


@pytest.mark.parametrize(
    ("query", "words"), [("", "No agent"), ("?view=deployments", "No deployment"), ("?view=odd", "No agent")]
)
def test_an_empty_list_says_why(people: People, query: str, words: str) -> None:
    assert "Agents are not listed yet" in page(people, query)
    Workspace.objects.filter(pk=people.workspace.pk).update(agents_listed_at=timezone.now())
    assert f"<h2>{words}</h2>" in page(people, query)


def test_a_long_list_comes_in_pages_that_keep_what_is_shown(people: People) -> None:
    for number in range(51):
        deployment_row(people.workspace, f"desk {number}")
    body = page(people, "?view=deployments&show=all")
    assert "view=deployments&amp;show=all&amp;page=2" in body


@pytest.mark.parametrize("query", ["", "?view=deployments"])
def test_the_number_of_queries_does_not_grow(people: People, store: Store, query: str) -> None:
    client, counts = browser_of(people.carol), []
    for more in (3, 30):
        for number in range(more):
            agent = agent_row(people.workspace, f"A{more}x{number}")
            agent_row(people.workspace, f"C{more}x{number}", multiagent=coordinator_of(agent))
            deployment_row(people.workspace, f"{more}x{number}", agent, store.remote_id)
            session_row(store, agent_id=agent.remote_id)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{URL}{query}").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
