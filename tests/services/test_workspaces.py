"""Workspaces: the first key pins the vendor's workspace, a bad key changes nothing, and nobody reads a key back."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from dreams.access import Forbidden
from dreams.crypto import decrypt
from dreams.models import AuditEvent, User, Workspace
from dreams.remote.errors import RemoteError, Unreachable
from dreams.rules import roles
from dreams.services import workspaces
from dreams.services.refusals import Invalid, Refusal, Stale
from dreams.services.vendor import note_outage
from tests.factories import KEY, connect
from tests.people import People
from tests.sandbox_server import Sandbox

pytestmark = pytest.mark.django_db


def test_a_key_that_answers_is_stored_encrypted_and_pins_the_vendors_ids(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    assert workspace.connected
    assert workspace.organization_id
    assert KEY.encode() not in bytes(workspace.key_ciphertext)
    assert decrypt(workspace.key_ciphertext) == KEY
    event = AuditEvent.objects.get(verb="connected key")
    assert KEY not in str(event.detail) + event.label


def test_the_import_starts_by_itself(
    people: People, sandbox: Sandbox, django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        connect(people)
    assert Workspace.objects.get(pk=people.workspace.pk).stores_listed_at is not None


@pytest.mark.parametrize("key", ["", "   ", "sk with a blank", "schlüssel", "sk-\u202e", "sk-\nx"])
def test_what_cannot_be_a_key_is_invalid_and_never_sent(people: People, sandbox: Sandbox, key: str) -> None:
    with pytest.raises(Invalid):
        workspaces.connect_key(people.workspace, key, by=people.alice)
    assert sandbox.requests() == []


def test_a_key_the_vendor_does_not_accept_changes_nothing(people: People, sandbox: Sandbox) -> None:
    before = connect(people)
    sandbox.faults([{"method": "GET", "path": "/v1/*", "times": 1, "kind": "status", "status": 401}])
    with pytest.raises(Invalid, match="does not accept this key"):
        workspaces.connect_key(before, "sk-wrong", by=people.alice)
    assert bytes(Workspace.objects.get(pk=before.pk).key_ciphertext) == bytes(before.key_ciphertext)


def test_an_unreachable_vendor_changes_nothing(people: People) -> None:
    with pytest.raises(Unreachable) as error:
        workspaces.connect_key(people.workspace, KEY, by=people.alice)
    assert "could not be reached" in error.value.words
    assert not Workspace.objects.get(pk=people.workspace.pk).connected


@pytest.mark.parametrize("kind", ["malformed", "reset"])
def test_a_strange_answer_changes_nothing(people: People, sandbox: Sandbox, kind: str) -> None:
    sandbox.faults([{"method": "GET", "path": "/v1/*", "times": 1, "kind": kind}])
    with pytest.raises(RemoteError):
        connect(people)
    assert not Workspace.objects.get(pk=people.workspace.pk).connected


@pytest.mark.parametrize(
    ("organization", "place"), [("org_of_others", ""), ("org_of_others", "wrkspc_x"), ("", "wrkspc_of_others")]
)
def test_a_key_of_another_workspace_is_refused(
    people: People, sandbox: Sandbox, organization: str, place: str
) -> None:
    workspace = connect(people)
    Workspace.objects.filter(pk=workspace.pk).update(
        organization_id=organization or workspace.organization_id, remote_workspace_id=place
    )
    workspace.refresh_from_db()
    with pytest.raises(Refusal, match="belongs to"):
        workspaces.connect_key(workspace, KEY, by=people.alice)


def test_a_workspace_that_was_not_told_before_is_pinned_by_the_next_key(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    told = workspace.remote_workspace_id
    Workspace.objects.filter(pk=workspace.pk).update(remote_workspace_id="")
    workspace.refresh_from_db()
    assert workspaces.connect_key(workspace, KEY, by=people.alice).remote_workspace_id == told != ""


def test_of_two_first_keys_at_once_one_is_refused(people: People, sandbox: Sandbox) -> None:
    stale = Workspace.objects.get(pk=people.workspace.pk)
    Workspace.objects.filter(pk=stale.pk).update(organization_id="org_of_the_faster_admin")
    with pytest.raises(Stale):
        workspaces.connect_key(stale, KEY, by=people.alice)
    assert not Workspace.objects.get(pk=stale.pk).connected


def test_a_new_key_clears_what_was_said_of_the_old_one(people: People, sandbox: Sandbox) -> None:
    workspace = connect(people)
    note_outage(workspace, Unreachable())
    assert workspaces.connect_key(workspace, KEY, by=people.alice).outage == ""


def test_only_admins_connect_and_set(people: People, sandbox: Sandbox) -> None:
    for person in (people.bob, people.carol, people.dave, people.mallory):
        with pytest.raises(Forbidden):
            workspaces.connect_key(people.workspace, KEY, by=person)
        with pytest.raises(Forbidden):
            workspaces.change_settings(
                people.workspace, name="Mine", allow_self_approval=True, dream_models=[], by=person
            )
    assert sandbox.requests() == []


def test_settings_are_kept_and_recorded(people: People) -> None:
    changed = workspaces.change_settings(
        people.workspace, name=" Acme ", allow_self_approval=False, dream_models=["claude-opus-5"], by=people.alice
    )
    assert (changed.name, changed.allow_self_approval, changed.dream_models) == ("Acme", False, ["claude-opus-5"])
    assert AuditEvent.objects.get(verb="changed settings").detail["allow_self_approval"] is False
    with pytest.raises(Invalid):
        workspaces.change_settings(changed, name=" ", allow_self_approval=True, dream_models=[], by=people.alice)


@pytest.mark.parametrize("slug", [*sorted(workspaces.RESERVED_SLUGS), "acme"])
def test_an_address_that_means_something_else_is_taken(people: People, slug: str) -> None:
    with pytest.raises(Invalid, match="taken"):
        workspaces.create_workspace(name="X", slug=slug, admin=people.alice)


def test_every_first_part_of_an_address_is_reserved() -> None:
    from django.urls import get_resolver

    first = {str(pattern.pattern).split("/")[0] for pattern in get_resolver().url_patterns}
    first |= {str(p.pattern).split("/")[0] for p in get_resolver("dreams.urls").url_patterns}
    assert {part for part in first if part and not part.startswith("<")} <= workspaces.RESERVED_SLUGS


def test_a_new_workspace_has_its_admin(people: People) -> None:
    made = workspaces.create_workspace(name="New", slug="new", admin=people.mallory)
    assert made.memberships.get().role == roles.ADMIN
    assert User.objects.get(pk=people.mallory.pk).memberships.count() == 2
