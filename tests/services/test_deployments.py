"""The mirror of deployments: current, and never set back by a list that was on its way while somebody attached."""

from dataclasses import replace

import pytest

from dreams.models import Deployment
from dreams.remote.gateway import Gateway
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
