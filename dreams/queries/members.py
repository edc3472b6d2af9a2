"""Reads of the people of a workspace."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, QuerySet

from dreams.models import Membership, Workspace
from dreams.rules import roles


@dataclass(frozen=True, slots=True)
class Crew:
    """How many active people may approve reviews, and how many may start dreams, apply and attach; `only_admin` is
    the membership of an admin who has nobody beside them."""

    only_admin: int | None
    approvers: int
    operators: int


def members_of(workspace: Workspace) -> QuerySet[Membership]:
    """Everybody, the active ones first; `elsewhere`: they also belong to another workspace."""
    other = Membership.objects.filter(user=OuterRef("user")).exclude(workspace=workspace)
    rows = Membership.objects.filter(workspace=workspace).select_related("user").annotate(elsewhere=Exists(other))
    return rows.order_by("-active", "user__name", "pk")


def crew_of(workspace: Workspace) -> Crew:
    """Two queries."""
    active = Membership.objects.filter(workspace=workspace, active=True, user__is_active=True)
    counted = dict(active.values_list("role").annotate(count=Count("pk")))

    def able(action: str) -> int:
        return sum(count for role, count in counted.items() if roles.allows(role, action))

    admins = active.filter(role=roles.ADMIN).values_list("pk", flat=True)[:2]
    only = admins[0] if len(admins) == 1 else None
    return Crew(only, able("approve_review"), able("apply_review"))


def role_table() -> Sequence[tuple[str, str]]:
    """(name, what it may do) of each role, from the least on."""
    return [(roles.ROLE_WORDS[role], roles.ROLE_ABOUT[role]) for role in roles.ROLES]
