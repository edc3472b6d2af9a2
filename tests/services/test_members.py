"""Members: added once, never without an admin, and a link to set a password only for whom this workspace vouches."""

import pytest
from django.test import Client

from dreams.access import Forbidden
from dreams.models import AuditEvent, Membership, User
from dreams.rules import roles
from dreams.services import members
from dreams.services.refusals import Invalid, Refusal
from tests.people import People

pytestmark = pytest.mark.django_db


def member(user: User, people: People) -> Membership:
    return Membership.objects.get(user=user, workspace=people.workspace)


def add(
    people: People, email: str = "eve@acme.example", role: str = roles.REVIEWER, by: User | None = None
) -> Membership:
    return members.add_member(people.workspace, email=email, name="Eve", role=role, by=by or people.alice)


def test_a_new_person_gets_an_account_that_nobody_can_sign_in_to_yet(people: People) -> None:
    added = add(people)
    assert not added.user.has_usable_password()
    assert AuditEvent.objects.get(verb="added member").detail == {"email": "eve@acme.example", "role": "reviewer"}


def test_an_address_that_is_known_in_other_letters_is_the_same_person(people: People) -> None:
    assert add(people, "MALLORY@acme.example").user == people.mallory
    with pytest.raises(Invalid, match="member already"):
        add(people, "Bob@Acme.example")


def test_only_admins_add_change_and_make_links(people: People) -> None:
    for person in (people.bob, people.carol, people.dave, people.mallory):
        with pytest.raises(Forbidden):
            add(people, by=person)
        with pytest.raises(Forbidden):
            members.change_member(member(people.bob, people), role=roles.ADMIN, active=True, by=person)
        with pytest.raises(Forbidden):
            members.make_link(member(people.bob, people), by=person)


@pytest.mark.parametrize("role", ["", "owner", "Admin"])
def test_an_unknown_role_is_invalid(people: People, role: str) -> None:
    with pytest.raises(Invalid):
        add(people, role=role)
    with pytest.raises(Invalid):
        members.change_member(member(people.bob, people), role=role, active=True, by=people.alice)


@pytest.mark.parametrize(("role", "active"), [(roles.OPERATOR, True), (roles.ADMIN, False)])
def test_the_last_admin_stays_one(people: People, role: str, active: bool) -> None:
    alice = member(people.alice, people)
    with pytest.raises(Refusal, match="at least one active admin"):
        members.change_member(alice, role=role, active=active, by=people.alice)
    members.change_member(member(people.bob, people), role=roles.ADMIN, active=True, by=people.alice)
    assert members.change_member(alice, role=role, active=active, by=people.alice).role == role


def test_an_admin_whose_account_is_off_does_not_count(people: People) -> None:
    members.change_member(member(people.bob, people), role=roles.ADMIN, active=True, by=people.alice)
    User.objects.filter(pk=people.bob.pk).update(is_active=False)
    with pytest.raises(Refusal):
        members.change_member(member(people.alice, people), role=roles.VIEWER, active=True, by=people.alice)


def test_a_deactivated_member_may_do_nothing_any_more(people: People) -> None:
    members.change_member(member(people.dave, people), role=roles.OPERATOR, active=False, by=people.alice)
    client = Client()
    client.force_login(people.dave)
    assert client.get("/acme/stores/").status_code == 404


def test_what_is_as_it_was_is_not_recorded_again(people: People) -> None:
    members.change_member(member(people.dave, people), role=roles.OPERATOR, active=True, by=people.alice)
    assert not AuditEvent.objects.filter(verb="changed member").exists()


def set_password(path: str, password: str) -> int:
    """What a person does with the link; the status of the last answer."""
    client = Client()
    page = client.get(path, follow=True)
    if "password1" not in page.content.decode():
        return 404
    there = page.redirect_chain[-1][0]
    return client.post(there, {"password1": password, "password2": password}, follow=True).status_code


def signs_in(email: str, password: str) -> bool:
    client = Client()
    client.post("/account/login/", {"login": email, "password": password})
    return "_auth_user_id" in client.session


def test_the_link_sets_a_password_once(people: People) -> None:
    path = members.make_link(add(people), by=people.alice)
    assert set_password(path, "a long enough secret") == 200
    assert signs_in("eve@acme.example", "a long enough secret")
    assert set_password(path, "another secret, later") == 404
    assert signs_in("eve@acme.example", "a long enough secret")


def test_the_record_of_a_link_does_not_hold_it(people: People) -> None:
    path = members.make_link(add(people), by=people.alice)
    event = AuditEvent.objects.get(verb="made password link")
    assert path.split("/")[-2] not in f"{event.label} {event.detail}"


def test_no_link_for_a_person_who_also_belongs_elsewhere(people: People) -> None:
    """Else the admin of one workspace could take over an account that opens another."""
    mallory = add(people, "mallory@acme.example")
    with pytest.raises(Refusal, match="also belongs"):
        members.make_link(mallory, by=people.alice)
    rival = members.add_member(
        people.mallory.memberships.get(workspace__slug="acme-rival").workspace,
        email="bob@acme.example", name="B", role=roles.VIEWER, by=people.mallory,
    )  # fmt: skip
    with pytest.raises(Refusal):
        members.make_link(rival, by=people.mallory)


def test_no_link_for_somebody_deactivated(people: People) -> None:
    off = members.change_member(member(people.dave, people), role=roles.OPERATOR, active=False, by=people.alice)
    with pytest.raises(Refusal, match="deactivated"):
        members.make_link(off, by=people.alice)
