"""The page of members: who is here, with forms for admins alone."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.models import Membership, User
from dreams.rules import roles
from tests.people import People, browser_of
from tests.views.pages import assert_members_only, assert_only

URL = "/acme/members/"
EVE = {"email": "eve@acme.example", "name": "Eve", "role": roles.REVIEWER}
pytestmark = pytest.mark.django_db


def test_members_read_it_and_nobody_else(people: People) -> None:
    assert_members_only(people, URL)
    assert_only(people, URL, "get", "post")


def test_a_viewer_sees_everybody_and_no_form(people: People) -> None:
    page = browser_of(people.carol).get(URL).content.decode()
    assert "dave@acme.example" in page
    assert "reads everything" in page
    assert 'name="email"' not in page
    assert 'name="role"' not in page
    assert "you need the role admin" in page


def test_adding_somebody_shows_the_link_once(people: People) -> None:
    client = browser_of(people.alice)
    answer = client.post(URL, EVE)
    page = answer.content.decode()
    assert answer.status_code == 200
    link = page.partition('<pre id="link">')[2].partition("</pre>")[0]
    assert link.startswith("http://testserver/account/password/reset/key/")
    assert Membership.objects.get(user__email="eve@acme.example").role == roles.REVIEWER
    assert link not in client.get(URL).content.decode()


def test_somebody_with_a_password_needs_no_link(people: People) -> None:
    answer = browser_of(people.alice).post(URL, {**EVE, "email": people.mallory.email}, follow=True)
    assert "have an account already" in answer.content.decode()
    assert "/password/reset/key/" not in answer.content.decode()
    assert people.mallory.memberships.filter(workspace=people.workspace).exists()


def test_somebody_invited_elsewhere_too_gets_no_link_from_here(people: People) -> None:
    browser_of(people.mallory).post("/acme-rival/members/", EVE)
    answer = browser_of(people.alice).post(URL, EVE, follow=True)
    assert "/password/reset/key/" not in answer.content.decode()
    assert "also belongs to another workspace" in answer.content.decode()


@pytest.mark.parametrize(
    "wrong", [{"email": "eve"}, {"email": ""}, {"name": ""}, {"role": "owner"}, {"name": "x" * 101}]
)
def test_what_is_wrong_is_said_and_kept(people: People, wrong: dict[str, str]) -> None:
    answer = browser_of(people.alice).post(URL, {**EVE, **wrong})
    assert answer.status_code == 422
    assert 'class="errors"' in answer.content.decode()
    assert not User.objects.filter(name="Eve").exists()


def test_a_member_twice_is_refused_with_a_sentence(people: People) -> None:
    answer = browser_of(people.alice).post(URL, {**EVE, "email": "BOB@acme.example"})
    assert answer.status_code == 422
    assert "Bob is a member already" in answer.content.decode()


def test_only_an_admin_adds(people: People) -> None:
    for person in (people.bob, people.carol, people.dave):
        assert browser_of(person).post(URL, EVE).status_code == 403
    assert not User.objects.filter(email="eve@acme.example").exists()


def test_one_approver_alone_is_said_in_a_banner(people: People) -> None:
    words = "Only one person here may approve"
    assert words not in browser_of(people.carol).get(URL).content.decode()
    Membership.objects.filter(user__in=[people.bob, people.dave]).update(role=roles.VIEWER)
    assert words in browser_of(people.carol).get(URL).content.decode()
    people.workspace.allow_self_approval = False
    people.workspace.save()
    assert "can be approved by nobody" in browser_of(people.carol).get(URL).content.decode()


def test_the_number_of_queries_does_not_grow_with_the_members(people: People) -> None:
    client, counts = browser_of(people.alice), []
    for more in (0, 30):
        for number in range(more):
            user = get_user_model().objects.create_user(f"p{number}@acme.example", None, name=f"P{number}")
            Membership.objects.create(user=user, workspace=people.workspace, role=roles.VIEWER)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_hostile_name_is_shown_and_not_run(people: People) -> None:
    browser_of(people.alice).post(URL, {**EVE, "name": "<script>alert(1)</script>"})
    assert "<script>alert(1)" not in browser_of(people.carol).get(URL).content.decode()


def test_the_only_admin_has_no_way_to_step_down(people: People) -> None:
    words = "The only admin stays one"
    page = browser_of(people.alice).get(URL).content.decode()
    assert words in page
    assert page.count('name="role" aria-label') == 3
    assert page.count("Deactivate<") == 3
    Membership.objects.filter(user=people.bob).update(role=roles.ADMIN)
    page = browser_of(people.alice).get(URL).content.decode()
    assert words not in page
    assert page.count("Deactivate<") == 4
