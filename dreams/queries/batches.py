"""Reads of what was accepted together: the decisions of one person at one instant, and how each stands by now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from dreams.models import Change, Decision, Review, User
from dreams.queries.change_list import TOGETHER
from dreams.rules import review_states as states

# What the decisions of a batch give as their reason.
REASONS = {kind: f"accepted with all that {words}" for kind, words in TOGETHER.items()}
_KINDS = {reason: kind for kind, reason in REASONS.items()}


@dataclass(frozen=True, slots=True)
class Accepted:
    """One change of a batch: the number of the decision that accepted it, and the change as it is by now."""

    change: Change
    seq: int

    @property
    def stands(self) -> bool:
        """Whether nobody decided it anew since."""
        return self.change.seq == self.seq and self.change.state == states.ACCEPTED

    @property
    def words(self) -> str:
        """How it stands by now, as people read it."""
        return states.CHANGE_WORDS[self.change.state]


@dataclass(frozen=True)
class Batch:
    """What one person accepted at once; `pk` is that of its first decision."""

    pk: int
    kind: str
    by: User
    at: datetime
    accepted: Sequence[Accepted]

    @property
    def words(self) -> str:
        """What they are: "only moved"."""
        return TOGETHER[self.kind]

    @property
    def standing(self) -> list[Accepted]:
        """Those still as the batch left them."""
        return [each for each in self.accepted if each.stands]

    @property
    def overtaken(self) -> list[Accepted]:
        """Those that somebody decided anew, or took back, since."""
        return [each for each in self.accepted if not each.stands]


def find_batch(review: Review, pk: int) -> Batch | None:
    """The batch of this review whose first decision has that number; two queries."""
    first = Decision.objects.select_related("by").filter(change__review=review, pk=pk, reason__in=_KINDS).first()
    if first is None:
        return None
    rows = Decision.objects.filter(change__review=review, by=first.by, at=first.at, reason=first.reason)
    decisions = rows.select_related("change__decided_by").order_by("pk")
    accepted = [Accepted(each.change, each.seq) for each in decisions]
    return Batch(pk, _KINDS[first.reason], first.by, first.at, accepted)


def newest_batches(review: Review) -> list[tuple[int, str, int]]:
    """(number, words, how many) of the last few batches of a review, newest first; one query."""
    rows = Decision.objects.filter(change__review=review, reason__in=_KINDS).values("by", "at", "reason")
    counted = rows.annotate(first=Min("pk"), count=Count("pk")).order_by("-first")[:5]
    return [(row["first"], TOGETHER[_KINDS[row["reason"]]], row["count"]) for row in counted]
