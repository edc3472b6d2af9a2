"""The people of a workspace: added, given a role, deactivated; never without an admin."""

from django.db import transaction

from dreams.access import check_can
from dreams.models import Membership, User, Workspace
from dreams.rules import roles
from dreams.services import audit
from dreams.services.refusals import Invalid, Refusal


def add_member(workspace: Workspace, *, email: str, name: str, role: str, by: User) -> Membership:
    """Adds a person with a role; one who is new here gets an account without a password, and sets it through a
    one-time link (`set_password_path`)."""
    check_can(by, workspace, "manage_members")
    if role not in roles.ROLES:
        raise Invalid("Choose a role.")
    with transaction.atomic():
        person = User.objects.filter(email__iexact=email).first()
        if person is None:
            person = User.objects.create_user(email, name=name)
        if Membership.objects.filter(user=person, workspace=workspace).exists():
            raise Invalid(f"{person} is a member already.")
        membership = Membership.objects.create(user=person, workspace=workspace, role=role)
        audit.record(workspace, by, "added member", membership, email=person.email, role=role)
    return membership


def change_member(membership: Membership, *, role: str, active: bool, by: User) -> Membership:
    """Changes a member's role or (de)activates them; the last active admin stays one."""
    workspace = membership.workspace
    check_can(by, workspace, "manage_members")
    if role not in roles.ROLES:
        raise Invalid("Choose a role.")
    with transaction.atomic():
        # All admins' rows are locked, so that two admins cannot demote each other at once.
        admins = Membership.objects.select_for_update().filter(workspace=workspace, active=True, role=roles.ADMIN)
        others = [admin.pk for admin in admins if admin.pk != membership.pk]
        if not others and (role != roles.ADMIN or not active):
            raise Refusal("A workspace keeps at least one active admin: make somebody else admin first.")
        Membership.objects.filter(pk=membership.pk).update(role=role, active=active)
        membership.refresh_from_db()
        audit.record(workspace, by, "changed member", membership, role=role, active=active)
    return membership
