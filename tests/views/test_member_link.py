"""The link through which a member sets a password: made by admins, shown once, never kept."""

import pytest
from django.test import Client

from dreams.models import Membership
from tests.people import People, browser_of
from tests.views.pages import assert_members_only, assert_only

pytestmark = pytest.mark.django_db


def url_of(people: People, name: str = "bob") -> str:
    member = Membership.objects.get(user=getattr(people, name), workspace=people.workspace)
    return f"/acme/members/{member.pk}/link/"


def test_members_only_and_only_by_post(people: People) -> None:
    assert_members_only(people, url_of(people), method="post")
    assert_only(people, url_of(people), "post")


def test_nobody_but_an_admin_makes_one(people: People) -> None:
    for person in (people.bob, people.carol, people.dave):
        assert browser_of(person).post(url_of(people)).status_code == 403


def test_the_person_comes_in_by_it(people: People) -> None:
    answer = browser_of(people.alice).post(url_of(people))
    assert "no-store" in answer["Cache-Control"]
    link = answer.content.decode().partition('<pre id="link">')[2].partition("</pre>")[0]
    client = Client()
    form = client.get(link, follow=True)
    assert "<form" in form.content.decode()
    there = form.redirect_chain[-1][0]
    client.post(there, {"password1": "quite a long secret", "password2": "quite a long secret"})
    fresh = Client()
    fresh.post("/account/login/", {"login": people.bob.email, "password": "quite a long secret"})
    assert fresh.get("/acme/members/").status_code == 200


def test_a_used_up_link_says_so(people: People) -> None:
    page = Client().get("/account/password/reset/key/1-abc-def/").content.decode()
    assert "<html" in page
    assert "password1" not in page
    assert "Ask an admin of your workspace for a new one" in page


def test_a_deactivated_member_gets_none(people: People) -> None:
    Membership.objects.filter(user=people.bob).update(active=False)
    answer = browser_of(people.alice).post(url_of(people))
    assert answer.status_code == 409
    assert "deactivated" in answer.content.decode()
