"""Reads of what the checks of a workspace block in a review."""

from dreams.models import Review
from dreams.rules import review_states as states
from dreams.rules.checks import blocking_kinds, blocks_of


def blocked_changes(review: Review) -> int:
    """How many accepted changes hold what blocks by now: the settings may have changed since. One query at most."""
    kinds = blocking_kinds(review.workspace.scan_policy)
    if not kinds:
        return 0
    accepted = review.changes.filter(state=states.ACCEPTED, flag_count__gt=0)
    return sum(bool(blocks_of(findings, kinds)) for findings in accepted.values_list("findings", flat=True))
