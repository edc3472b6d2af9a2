"""The set-up page: one link, one first admin, once."""

import pytest
from django.core import signing
from django.test import Client

from dreams.models import AuditEvent, Membership, User, Workspace
from dreams.rules import roles
from dreams.services import setup

FORM = {
    "name": "Alice",
    "email": "alice@acme.example",
    "password": "correct horse battery",
    "workspace": "Acme agents",
    "slug": "acme",
}
pytestmark = pytest.mark.django_db


def url() -> str:
    return f"/setup/{setup.setup_token()}/"


def test_the_link_makes_the_first_admin_and_leads_to_the_key() -> None:
    client, there = Client(), url()
    assert "You become the first admin" in client.get(there).content.decode()
    answer = client.post(there, FORM, follow=True)
    assert answer.redirect_chain == [("/acme/settings/", 302)]
    assert "One thing is missing: the API key" in answer.content.decode()
    admin = Membership.objects.get()
    assert (admin.user.email, admin.role, admin.workspace.name) == ("alice@acme.example", roles.ADMIN, "Acme agents")
    assert AuditEvent.objects.get().verb == "created workspace"


def test_it_works_once() -> None:
    there = url()
    Client().post(there, FORM)
    for answer in (Client().get(there), Client().post(there, {**FORM, "email": "eve@acme.example", "slug": "eve"})):
        assert answer.status_code == 409
        assert "set up already" in answer.content.decode()
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "token", ["x", signing.dumps("first admin", salt="another"), "a:b:c"], ids=["short", "salted", "odd"]
)
def test_a_forged_link_opens_nothing(token: str) -> None:
    answer = Client().post(f"/setup/{token}/", FORM)
    assert answer.status_code == 409
    assert "not valid" in answer.content.decode()
    assert not User.objects.exists()


def test_a_link_of_yesterday_opens_nothing(time_machine: object) -> None:
    time_machine.move_to("2026-05-01 12:00:00+00:00", tick=False)  # type: ignore[attr-defined]
    there = url()
    time_machine.shift(setup.VALID_SECONDS + 1)  # type: ignore[attr-defined]
    assert Client().get(there).status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "alice"},
        {"name": ""},
        {"password": "short"},
        {"password": "password1234"},
        {"workspace": ""},
        {"slug": "two words"},
        {"slug": "account"},
        {"slug": "static"},
    ],
)
def test_what_is_wrong_is_said_and_makes_nobody(wrong: dict[str, str]) -> None:
    answer = Client().post(url(), {**FORM, **wrong})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'class="errors"' in page
    assert FORM["password"] not in page
    assert not User.objects.exists()
    assert not Workspace.objects.exists()


def test_only_get_and_post() -> None:
    assert Client().delete(url()).status_code == 405
