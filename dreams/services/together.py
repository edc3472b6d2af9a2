"""Harmless changes decided at once, as a list that somebody looked over, and taken back at once."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from dreams.access import check_can
from dreams.models import Change, ChangePath, Decision, Review, User
from dreams.queries.batches import REASONS, Batch, find_batch
from dreams.queries.change_list import together
from dreams.rules import review_states as states
from dreams.services import audit
from dreams.services.refusals import Refusal, Stale
from dreams.services.reviews import hold_open


def accept_together(review: Review, kind: str, *, seen: str, by: User) -> int:
    """Accepts every change of a harmless kind (one of TOGETHER) in one transaction, provided that they are those that
    were `seen` (Together.seen); Stale when the list is another one by now. Returns the number of the batch."""
    check_can(by, review.workspace, "decide_change")
    with transaction.atomic():
        hold_open(review)
        found = together(review, kind)
        if not found.rows or found.seen != seen:
            raise Stale("This list changed while you were reading it. Nothing was accepted; look it over again.")
        pks = [row.pk for row in found.rows]
        batch = _decide(pks, states.ACCEPTED, by, REASONS[kind])
        audit.record(review.workspace, by, "accepted together", review, changes=len(pks), that=found.words)
    return batch


def undo_together(review: Review, batch: int, *, by: User) -> Batch:
    """Takes a batch back, but for what somebody decided anew since; returns it as it stood before. Refusal when there
    is nothing to take back."""
    check_can(by, review.workspace, "decide_change")
    with transaction.atomic():
        hold_open(review)
        found = find_batch(review, batch)
        if found is None or not found.standing:
            raise Refusal("Nothing of that batch stands any more as it was accepted: there is nothing to take back.")
        pks = [each.change.pk for each in found.standing]
        _decide(pks, states.UNDECIDED, by, "undone")
        audit.record(review.workspace, by, "took back together", review, changes=len(pks), that=found.words)
    return found


def _decide(pks: Sequence[int], outcome: str, by: User, reason: str) -> int:
    """One decision on each, with one time; returns the number of the first. The review is held, so nobody else decides
    meanwhile."""
    now, decided = timezone.now(), outcome != states.UNDECIDED
    Change.objects.filter(pk__in=pks).update(
        state=outcome, seq=F("seq") + 1, decided_by=by if decided else None, decided_at=now if decided else None
    )
    results: dict[int, dict[str, str]] = {pk: {} for pk in pks}
    if decided:
        paths = ChangePath.objects.filter(change__in=pks, side=ChangePath.Side.AFTER)
        for change, path, sha in paths.values_list("change_id", "path", "sha256"):
            results[change][path] = sha
    made = Decision.objects.bulk_create(
        Decision(
            change=change,
            seq=change.seq,
            outcome=outcome,
            result=results[change.pk],
            seen_digest=change.key,
            by=by,
            at=now,
            reason=reason,
        )
        for change in Change.objects.filter(pk__in=pks).order_by("position")
    )
    return min(decision.pk for decision in made)
