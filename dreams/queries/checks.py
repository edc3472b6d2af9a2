"""Reads of what the checks of a workspace block in a review."""

from dreams.models import Change, Review
from dreams.rules.checks import blocking_kinds, blocks_of


def blocked_changes(review: Review, *states: str) -> set[int]:
    """The changes in one of these states that hold what blocks by now: the settings may have changed since. One query
    at most."""
    kinds = blocking_kinds(review.workspace.scan_policy)
    if not kinds:
        return set()
    flagged = review.changes.filter(state__in=states, flag_count__gt=0)
    return {pk for pk, findings in flagged.values_list("pk", "findings") if blocks_of(findings, kinds)}


def blocks_in(change: Change) -> list[str]:
    """Why nobody may accept this change, a sentence each; empty when its checks let it in."""
    return blocks_of(change.findings, blocking_kinds(change.review.workspace.scan_policy))
