"""Agents and environments: lists and single ones."""

import anthropic
import pytest

from tests.sandbox import seeds
from tests.sandbox_server import Sandbox


def test_archived_agents_are_listed_only_when_asked_for(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    live = seeds.agent(sandbox.state)["id"]
    gone = seeds.agent(sandbox.state, archived_at=sandbox.state.stamp())["id"]
    assert [agent.id for agent in client.beta.agents.list()] == [live]
    assert [agent.id for agent in client.beta.agents.list(include_archived=True, limit=1)] == [gone, live]
    assert client.beta.agents.retrieve(gone).archived_at is not None


def test_only_the_newest_version_of_an_agent_is_kept(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    agent = seeds.agent(sandbox.state)["id"]
    assert client.beta.agents.retrieve(agent, version=3).version == 3
    for unknown in ((agent, 2), ("agent_none", 3)):
        with pytest.raises(anthropic.NotFoundError):
            client.beta.agents.retrieve(unknown[0], version=unknown[1])


def test_agents_are_filtered_by_creation(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    seeds.agent(sandbox.state, created_at="2026-01-01T00:00:00Z")
    new = seeds.agent(sandbox.state)["id"]
    assert [agent.id for agent in client.beta.agents.list(created_at_gte="2026-06-01T00:00:00Z")] == [new]


def test_environments_are_listed_and_found(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    environment = seeds.environment(sandbox.state, name="Cloud")["id"]
    seeds.environment(sandbox.state, archived_at=sandbox.state.stamp())
    assert [found.id for found in client.beta.environments.list()] == [environment]
    assert client.beta.environments.retrieve(environment).name == "Cloud"
    with pytest.raises(anthropic.NotFoundError):
        client.beta.environments.retrieve("env_none")
