"""Who may: one truth for the button and for the action behind it."""

from django.core.exceptions import PermissionDenied

from dreams.models import Membership, User, Workspace
from dreams.rules import roles


class Forbidden(PermissionDenied):
    """This person may not do that; str() is the sentence to show."""


def membership_of(user: User, workspace: Workspace) -> Membership | None:
    """The person's active membership; None for everybody else, who must not learn that the workspace exists."""
    return Membership.objects.filter(user=user, workspace=workspace, active=True).first()


def can(user: User, workspace: Workspace, action: str) -> bool:
    """Whether the person's role is enough for the action (rules.roles)."""
    membership = membership_of(user, workspace)
    return membership is not None and user.is_active and roles.allows(membership.role, action)


def check_can(user: User, workspace: Workspace, action: str) -> None:
    """Forbidden with a sentence unless `can`."""
    membership = membership_of(user, workspace)
    if membership is None or not user.is_active:
        raise Forbidden("You are not a member of this workspace.")
    if not roles.allows(membership.role, action):
        raise Forbidden(roles.refusal(membership.role, action))


def eligible_approvers(workspace: Workspace) -> int:
    """How many people may approve reviews here."""
    enough = [role for role in roles.ROLES if roles.allows(role, "approve_review")]
    return Membership.objects.filter(
        workspace=workspace, active=True, user__is_active=True, role__in=enough
    ).count()
