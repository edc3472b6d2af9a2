"""The mirror of deployments: current, and never set back by a list that was on its way while somebody attached."""

from dataclasses import replace

import pytest

from dreams.models import Agent, Deployment
from dreams.remote.gateway import Gateway
from dreams.rules.rosters import roster_of
from dreams.services import deployments
from dreams.services.refusals import Refusal
from dreams.services.tidy import archive_store
from tests.factories import connect, dream_requested, put_session, store_with
from tests.people import People
from tests.sandbox_server import Sandbox


def test_a_list_older_than_an_attachment_does_not_undo_it_here(
    people: People, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(demo=True) as sandbox:
        settings.ANTHROPIC_BASE_URL = sandbox.url  # type: ignore[attr-defined]
        workspace = connect(people)
        deployments.refresh_deployments(workspace)
        one = Deployment.objects.filter(workspace=workspace).first()
        assert one is not None
        listed = Gateway.deployments

        def attached_meanwhile(gateway: Gateway) -> object:
            answer = listed(gateway)
            remote = next(d for d in answer if d.id == one.remote_id)
            deployments.note_deployment(workspace, replace(remote, name="attached meanwhile"))
            return answer

        monkeypatch.setattr(Gateway, "deployments", attached_meanwhile)
        deployments.refresh_deployments(workspace)
        one.refresh_from_db()
        assert one.name == "attached meanwhile"


def test_the_input_of_a_running_dream_is_not_archived_under_it(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    dream_requested(people, sandbox, store, [put_session(sandbox, store)])
    with pytest.raises(Refusal, match="a dream is reading it"):
        archive_store(store, by=people.dave)


def test_rosters_of_both_shapes_schedules_and_pinned_versions_are_mirrored(people: People, settings: object) -> None:
    with Sandbox(demo=True) as sandbox:
        settings.ANTHROPIC_BASE_URL = sandbox.url  # type: ignore[attr-defined]
        workspace = connect(people)
        before = len(sandbox.requests())
        deployments.refresh_deployments(workspace)
        assert len(sandbox.requests()) - before == 2, "one list of agents, one of deployments"
    rosters = {agent.name: roster_of(agent.multiagent) for agent in Agent.objects.all()}
    assert {name for name, roster in rosters.items() if not roster.alone} == {"Harbourmaster", "Quill", "Tally"}
    assert [(member.kind, member.version) for member in rosters["Tally"].members] == [
        ("agent", 3),
        ("agent", 2),
        ("advisor", None),
    ]
    month_end = Deployment.objects.get(name="month-end")
    assert (month_end.agent_version, month_end.schedule["expression"]) == (4, "0 6 1 * *")
    assert Deployment.objects.get(name="code-review").schedule == {}
    assert Deployment.objects.get(name="tokyo-digest").paused_reason == "error: memory_store_archived_error"
