"""The named people of the tests: Alice (admin), Bob (reviewer), Carol (viewer), Dave (operator, starts dreams),
Mallory (admin of another workspace)."""

from dataclasses import dataclass

from django.test import Client

from dreams.models import Membership, User, Workspace
from dreams.rules import roles

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class People:
    """Everybody, and the workspace that all but Mallory share."""

    workspace: Workspace
    alice: User
    bob: User
    carol: User
    dave: User
    mallory: User


def make_people(slug: str = "acme") -> People:
    """The workspace `slug` with its members, and Mallory in a workspace of her own."""
    workspace = Workspace.objects.create(slug=slug, name="Acme agents")
    elsewhere = Workspace.objects.create(slug=f"{slug}-rival", name="Rival")
    crew = {
        "alice": (workspace, roles.ADMIN),
        "bob": (workspace, roles.REVIEWER),
        "carol": (workspace, roles.VIEWER),
        "dave": (workspace, roles.OPERATOR),
        "mallory": (elsewhere, roles.ADMIN),
    }
    users = {}
    for name, (where, role) in crew.items():
        users[name] = User.objects.create_user(f"{name}@{slug}.example", PASSWORD, name=name.title())
        Membership.objects.create(user=users[name], workspace=where, role=role)
    return People(workspace, **users)


def browser_of(user: User) -> Client:
    """A signed-in test client."""
    client = Client()
    client.force_login(user)
    return client
