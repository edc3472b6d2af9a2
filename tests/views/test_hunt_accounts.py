"""Nobody takes an address by themselves: whoever holds one may be invited with it."""

import pytest
from django.test import Client

from dreams.models import Membership
from dreams.services import members
from tests.people import PASSWORD, People, browser_of


def test_nobody_becomes_somebody_else_by_choosing_their_address(people: People) -> None:
    mallory = browser_of(people.mallory)
    for action in ("action_add", "action_primary"):
        assert mallory.post("/account/email/", {action: "", "email": "ceo@acme.example"}).status_code == 404
    added = members.add_member(
        people.workspace, email="ceo@acme.example", name="The CEO", role="admin", by=people.alice
    )
    assert added.user != people.mallory
    assert not Membership.objects.filter(user=people.mallory, workspace=people.workspace).exists()


@pytest.mark.parametrize(
    "page", ["login/", "signup/", "logout/", "password/change/", "password/reset/", "password/set/"]
)
def test_the_pages_of_signing_in_are_there(people: People, page: str) -> None:
    assert browser_of(people.alice).get(f"/account/{page}").status_code in (200, 302)
    assert Client().get(f"/account/{page}").status_code in (200, 302)


def test_signing_in_and_changing_the_password_work(people: People) -> None:
    client = Client()
    told = client.post("/account/login/?next=/acme/stores/", {"login": people.bob.email, "password": PASSWORD})
    assert told["Location"] == "/acme/stores/"
    new = {"oldpassword": PASSWORD, "password1": "another long phrase", "password2": "another long phrase"}
    assert client.post("/account/password/change/", new).status_code == 302
    assert client.get("/acme/stores/").status_code == 200
    away = Client().post(
        "/account/login/?next=//evil.example", {"login": people.bob.email, "password": new["password1"]}
    )
    assert "evil" not in away["Location"]
