"""Deployments: lists, and updates that replace `resources` whole."""

from typing import Any

import anthropic
import pytest

from tests.sandbox import seeds
from tests.sandbox_server import Sandbox

REPOSITORY = {"type": "github_repository", "url": "https://github.com/acme/api", "checkout": None, "mount_path": None}


def memory(store: dict[str, Any], **more: Any) -> Any:
    return {"type": "memory_store", "memory_store_id": store["id"], **more}


def ids(found: Any) -> list[str]:
    return [deployment.id for deployment in found]


def test_deployments_are_found_by_agent_and_status(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    state, agent = sandbox.state, seeds.agent(sandbox.state)
    mine = seeds.deployment(state, agent)["id"]
    paused = seeds.deployment(state, status="paused", paused_reason={"type": "manual"})["id"]
    gone = seeds.deployment(state, archived_at=state.stamp())["id"]
    deployments = client.beta.deployments
    assert ids(deployments.list()) == [paused, mine]
    assert ids(deployments.list(include_archived=True, limit=1)) == [gone, paused, mine]
    assert ids(deployments.list(status="paused")) == [paused]
    assert ids(deployments.list(agent_id=agent["id"])) == [mine]
    with pytest.raises(anthropic.BadRequestError, match="cannot be combined"):
        deployments.list(status="active", include_archived=True)


def test_resources_are_replaced_whole_and_the_rest_stays(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    old, new = seeds.store(sandbox.state), seeds.store(sandbox.state)
    before = seeds.deployment(sandbox.state, resources=[memory(old), {"type": "file", "file_id": "file_1"}])
    after = client.beta.deployments.update(
        before["id"], resources=[memory(new, access="read_only", instructions="Trust it")]
    )
    assert [item.to_dict() for item in after.resources] == [
        {
            "type": "memory_store",
            "memory_store_id": new["id"],
            "access": "read_only",
            "instructions": "Trust it",
        }
    ]
    kept = client.beta.deployments.retrieve(before["id"])
    assert kept == after
    assert (kept.name, kept.environment_id) == (before["name"], before["environment_id"])
    assert client.beta.deployments.update(before["id"], name="Other").resources == after.resources
    assert client.beta.deployments.update(before["id"], resources=[]).resources == []


def test_a_repository_needs_its_token_each_time_and_never_gives_it_back(
    client: anthropic.Anthropic, sandbox: Sandbox
) -> None:
    deployment = seeds.deployment(sandbox.state, resources=[REPOSITORY])["id"]
    shown: Any = client.beta.deployments.retrieve(deployment).resources[0].to_dict()
    with pytest.raises(anthropic.BadRequestError, match=r"resources\.0\.authorization_token: Field required"):
        client.beta.deployments.update(deployment, resources=[shown])
    with_token = {**shown, "authorization_token": "ghp_secret"}
    after = client.beta.deployments.update(deployment, resources=[with_token])
    assert after.resources[0].to_dict() == shown
    assert "ghp_secret" not in str(sandbox.state.all("deployment"))


def test_at_most_eight_stores_none_twice_none_unknown(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    nine = [seeds.store(sandbox.state) for _ in range(9)]
    deployment = seeds.deployment(sandbox.state)["id"]

    def attach(stores: list[dict[str, Any]]) -> Any:
        return client.beta.deployments.update(deployment, resources=[memory(store) for store in stores])

    assert len(attach(nine[:8]).resources) == 8
    with pytest.raises(anthropic.BadRequestError, match="more than 8 memory_store entries"):
        attach(nine)
    with pytest.raises(anthropic.BadRequestError, match="duplicate memory_store_id"):
        attach([nine[0], nine[0]])
    with pytest.raises(anthropic.NotFoundError):
        attach([{"id": "memstore_none"}])
    assert len(client.beta.deployments.retrieve(deployment).resources) == 8


def test_an_archived_store_may_stay_but_not_come(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    attached, other = seeds.store(sandbox.state), seeds.store(sandbox.state)
    deployment = seeds.deployment(sandbox.state, resources=[memory(attached)])["id"]
    for store in (attached, other):
        client.beta.memory_stores.archive(store["id"])
    assert client.beta.deployments.update(deployment, resources=[memory(attached)]).id == deployment
    with pytest.raises(anthropic.BadRequestError, match="is archived"):
        client.beta.deployments.update(deployment, resources=[memory(attached), memory(other)])


def test_the_other_members_are_replaced_cleared_or_patched(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    agent, environment = seeds.agent(sandbox.state, version=7), seeds.environment(sandbox.state)
    deployment = seeds.deployment(sandbox.state, metadata={"a": "1"})["id"]
    event: Any = {"type": "user.message", "content": [{"type": "text", "text": "Start."}]}
    after = client.beta.deployments.update(
        deployment,
        agent=agent["id"],
        environment_id=environment["id"],
        description="Every night",
        metadata={"a": None, "b": "2"},
        vault_ids=["vlt_1"],
        initial_events=[event],
        schedule=None,
        budget=None,
    )
    assert (after.agent.id, after.agent.version) == (agent["id"], 7)
    assert (after.environment_id, after.description) == (environment["id"], "Every night")
    assert (after.metadata, after.vault_ids, after.schedule) == ({"b": "2"}, ["vlt_1"], None)
    assert after.initial_events[0].to_dict() == event
    assert client.beta.deployments.update(deployment, description="").description is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"resources": [{"type": "vault"}]},
        {"resources": "none"},
        {"initial_events": []},
        {"schedule": {"type": "cron", "expression": "0 9 * * *", "timezone": "UTC"}},
        {"vault_ids": ["v"] * 51},
        {"extra_body": {"status": "paused"}},
    ],
)
def test_an_illegal_update_is_refused_and_changes_nothing(
    client: anthropic.Anthropic, sandbox: Sandbox, wrong: dict[str, Any]
) -> None:
    before = seeds.deployment(sandbox.state)
    with pytest.raises(anthropic.BadRequestError):
        client.beta.deployments.update(before["id"], **{"description": "new", **wrong})
    assert sandbox.state.get("deployment", before["id"]) == before


def test_an_archived_deployment_cannot_be_updated(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    deployment = seeds.deployment(sandbox.state, archived_at=sandbox.state.stamp())["id"]
    with pytest.raises(anthropic.BadRequestError, match="is archived"):
        client.beta.deployments.update(deployment, name="B")
    with pytest.raises(anthropic.NotFoundError):
        client.beta.deployments.update("depl_none", name="B")
