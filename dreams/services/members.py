"""The people of a workspace: added, given a role, deactivated; never without an admin."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.db import IntegrityError, transaction
from django.urls import reverse

from dreams.access import check_can
from dreams.models import Membership, User, Workspace
from dreams.rules import roles
from dreams.services import audit
from dreams.services.refusals import Invalid, Refusal


def add_member(workspace: Workspace, *, email: str, name: str, role: str, by: User) -> Membership:
    """Adds a person with a role; one who is new here gets an account without a password, and sets it through
    `make_link`. Raises Invalid."""
    check_can(by, workspace, "manage_members")
    if role not in roles.ROLES:
        raise Invalid("Choose a role.")
    try:
        with transaction.atomic():
            person = User.objects.filter(email__iexact=email).first() or User.objects.create_user(email, name=name)
            if Membership.objects.filter(user=person, workspace=workspace).exists():
                raise Invalid(f"{person} is a member already.")
            membership = Membership.objects.create(user=person, workspace=workspace, role=role)
            audit.record(workspace, by, "added member", membership, email=person.email, role=role)
    except IntegrityError as error:
        raise Invalid("Somebody added this person a moment ago.") from error
    return membership


def change_member(membership: Membership, *, role: str, active: bool, by: User) -> Membership:
    """Changes a member's role or (de)activates them; the last active admin stays one. Raises Invalid, Refusal."""
    workspace = membership.workspace
    check_can(by, workspace, "manage_members")
    if role not in roles.ROLES:
        raise Invalid("Choose a role.")
    with transaction.atomic():
        # The workspace's row is locked, so that two admins cannot demote each other at once.
        Workspace.objects.select_for_update().get(pk=workspace.pk)
        admins = Membership.objects.filter(workspace=workspace, active=True, user__is_active=True, role=roles.ADMIN)
        others = admins.exclude(pk=membership.pk).exists()
        if not others and (role != roles.ADMIN or not active):
            raise Refusal("A workspace keeps at least one active admin: make somebody else admin first.")
        now = Membership.objects.filter(pk=membership.pk)
        if now.exclude(role=role, active=active).update(role=role, active=active):
            membership.refresh_from_db()
            audit.record(workspace, by, "changed member", membership, role=role, active=active)
    return membership


def make_link(membership: Membership, *, by: User) -> str:
    """The path through which the person sets a password, once, within PASSWORD_RESET_TIMEOUT: to be handed over by
    whoever asked for it. Refused for people who belong to another workspace too: that account is not this admin's
    to open. Raises Refusal."""
    workspace, person = membership.workspace, membership.user
    check_can(by, workspace, "manage_members")
    if not membership.active or not person.is_active:
        raise Refusal(f"{person} is deactivated here: a password would open nothing. Activate them first.")
    if person.memberships.exclude(workspace=workspace).exists():
        raise Refusal(
            f"{person} also belongs to another workspace, so this one cannot give out a link to their account. "
            f"If they cannot sign in, they ask for a mail at {reverse('account_reset_password')}."
        )
    with transaction.atomic():
        audit.record(workspace, by, "made password link", membership)
    key = default_token_generator.make_token(person)
    return reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(person), "key": key})
