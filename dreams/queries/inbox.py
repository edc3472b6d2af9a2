"""What waits on a person."""

from django.db.models import Q, QuerySet

from dreams.models import Membership, Review, Workspace
from dreams.rules import review_states as states
from dreams.rules import roles


def reviews_waiting(workspace: Workspace, membership: Membership) -> QuerySet[Review]:
    """Reviews whose next step is this person's: open ones for whoever may approve and did not start the dream (or
    may approve alone), approved ones for whoever may apply."""
    mine = Q(pk__in=[])
    if roles.allows(membership.role, "approve_review"):
        mine |= Q(state=states.OPEN)
    if roles.allows(membership.role, "apply_review"):
        mine |= Q(state=states.APPROVED)
    return Review.objects.filter(mine, workspace=workspace)


def count_waiting(workspace: Workspace, membership: Membership) -> int:
    """How many reviews wait on this person: the number in the top bar and in the page title."""
    return reviews_waiting(workspace, membership).count()
