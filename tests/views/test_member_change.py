"""Changing a member: another role, in and out, and never the last admin."""

import pytest

from dreams.models import Membership
from dreams.rules import roles
from tests.people import People, browser_of
from tests.views.pages import assert_members_only, assert_only

pytestmark = pytest.mark.django_db


def member(people: People, name: str) -> Membership:
    return Membership.objects.get(user=getattr(people, name), workspace=people.workspace)


def url_of(people: People, name: str) -> str:
    return f"/acme/members/{member(people, name).pk}/"


def test_members_only_and_only_by_post(people: People) -> None:
    assert_members_only(people, url_of(people, "bob"), method="post")
    assert_only(people, url_of(people, "bob"), "post")


def test_an_admin_changes_a_role(people: People) -> None:
    form = {"role": roles.OPERATOR, "active": "on"}
    answer = browser_of(people.alice).post(url_of(people, "bob"), form, follow=True)
    assert "Bob is now operator" in answer.content.decode()
    assert member(people, "bob").role == roles.OPERATOR


def test_an_admin_lets_somebody_out_and_in_again(people: People) -> None:
    client = browser_of(people.alice)
    client.post(url_of(people, "dave"), {"role": roles.OPERATOR})
    assert browser_of(people.dave).get("/acme/members/").status_code == 404
    client.post(url_of(people, "dave"), {"role": roles.OPERATOR, "active": "on"})
    assert browser_of(people.dave).get("/acme/members/").status_code == 200


def test_the_last_admin_cannot_step_down_and_is_told_why(people: People) -> None:
    answer = browser_of(people.alice).post(url_of(people, "alice"), {"role": roles.VIEWER, "active": "on"})
    assert answer.status_code == 409
    assert "at least one active admin" in answer.content.decode()
    assert member(people, "alice").role == roles.ADMIN


@pytest.mark.parametrize("form", [{}, {"role": "owner", "active": "on"}])
def test_what_is_no_role_is_refused(people: People, form: dict[str, str]) -> None:
    assert browser_of(people.alice).post(url_of(people, "bob"), form).status_code == 422
    assert member(people, "bob").role == roles.REVIEWER


def test_nobody_else_changes_anybody(people: People) -> None:
    for person in (people.bob, people.carol, people.dave):
        answer = browser_of(person).post(url_of(people, "bob"), {"role": roles.ADMIN, "active": "on"})
        assert answer.status_code == 403
    assert member(people, "bob").role == roles.REVIEWER


def test_a_member_of_another_workspace_is_not_found(people: People) -> None:
    mallory = people.mallory.memberships.get()
    answer = browser_of(people.alice).post(f"/acme/members/{mallory.pk}/", {"role": roles.VIEWER, "active": "on"})
    assert answer.status_code == 404
