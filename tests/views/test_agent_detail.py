"""One agent: its roster in both shapes of the vendor, who calls it, the deployments that run it."""

from html import unescape
from typing import Any

import pytest
from django.utils import timezone

from dreams.models import Agent
from tests.people import People, browser_of
from tests.views.agenting import agent_row, coordinator_of, deployment_row
from tests.views.pages import assert_members_only, assert_only


@pytest.fixture
def quill(people: People) -> Agent:
    return agent_row(people.workspace, "Quill", description="Reads and writes little.")


def page(people: People, agent: Agent) -> str:
    answer = browser_of(people.carol).get(f"/acme/agents/{agent.remote_id}/")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_members_read_it_and_nobody_else(people: People, quill: Agent) -> None:
    url = f"/acme/agents/{quill.remote_id}/"
    assert_members_only(people, url)
    assert_only(people, url, "get")
    assert browser_of(people.alice).get("/acme/agents/agent_none/").status_code == 404
    assert browser_of(people.mallory).get(f"/acme-rival/agents/{quill.remote_id}/").status_code == 404


def test_one_that_works_alone_says_so_and_who_calls_it(people: People, quill: Agent) -> None:
    chief = agent_row(people.workspace, "Chief", multiagent=coordinator_of(quill))
    body = page(people, quill)
    assert "Nobody: it works alone." in body
    assert f'<a href="/acme/agents/{chief.remote_id}/">Chief</a>' in body
    assert "its sessions are created one by one" in body


def test_the_older_shape_is_told(people: People, quill: Agent) -> None:
    shape: dict[str, Any] = coordinator_of(quill, version=2)
    shape["agents"] += ["agent_unknown", {"type": "self"}, {"type": "advisor", "model": "claude-fable-5"}]
    body = page(people, agent_row(people.workspace, "Chief", multiagent=shape))
    for words in (
        '<a href="/acme/agents/agent_quill/">Quill</a>',
        "pinned to version 2",
        "Quill is called at version 2; the newest is 3.",
        "agent_unknown is in the roster but not among",
        "itself",
        "claude-fable-5",
        "advisor, asked in the middle of a turn",
        "older shape",
    ):
        assert words in body


def test_the_newer_shape_is_told_with_what_is_on(people: People, quill: Agent) -> None:
    on, off = {"type": "enabled"}, {"type": "disabled"}
    member = {"type": "agent", "id": quill.remote_id, "version": 3}
    group = {**on, "inline_agents": on, "predefined_agents": [member]}
    shape = {"type": "multiagent_20261001", "advisor": off, "subagents": group, "workflows": off}
    body = page(people, agent_row(people.workspace, "Chief", multiagent=shape))
    assert "pinned to version 3" in body and "for subagents" in body
    assert "and agents it makes up on the spot" in body
    assert "<dt>Workflows</dt><dd>off</dd>" in body


def test_an_archived_one_says_what_no_longer_works(people: People, quill: Agent) -> None:
    deployment_row(people.workspace, "desk", quill)
    Agent.objects.filter(pk=quill.pk).update(archived_at=timezone.now())
    body = page(people, quill)
    assert "archived for good" in body
    assert "Its agent Quill is archived: no session starts any more." in body
    assert "its newest version" not in body


def test_a_roster_of_tomorrow_and_hostile_names_are_shown_as_what_they_are(people: People) -> None:
    attack = "<script>alert(1)</script>"
    shape = {"type": attack, "agents": [{"type": attack, "id": attack, "name": attack}, 5, None]}
    agent = agent_row(people.workspace, attack, remote_id="agent_x", multiagent=shape, description=attack)
    answer = browser_of(people.carol).get(f"/acme/agents/{agent.remote_id}/").content.decode()
    assert "<script>alert" not in answer
    assert "a member without a name" in answer
