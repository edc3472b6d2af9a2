"""Reads of a review: what blocks its approval, its votes and plans, and what a reader should know about its base."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet

from dreams.access import eligible_approvers
from dreams.models import ApplyRun, Approval, Attachment, Review, User, Workspace
from dreams.queries.change_list import ChangeList
from dreams.rules import review_states as states
from dreams.rules.review_states import Requirement


def find_reviews(workspace: Workspace) -> QuerySet[Review]:
    """Reviews with what their page reads of them."""
    return Review.objects.filter(workspace=workspace).select_related(
        "dream",
        "dream__requested_by",
        "dream__store",
        "before__store",
        "after",
        "target",
        "line",
        "opened_by",
        "closed_by",
        "superseded_by",
        "workspace",
        "provenance",
    )


def requirements(review: Review, changes: ChangeList, person: User) -> list[Requirement]:
    """What must hold before this person may approve; the same rule as the approval itself asks."""
    starts = review.started_by(person)
    return states.approval_requirements(
        undecided=changes.undecided,
        starter_approves=starts,
        self_approval_allowed=review.workspace.allow_self_approval,
        eligible_approvers=eligible_approvers(review.workspace) if starts and review.dream_id else 0,
        dreamt=review.dream_id is not None,
        blocked=changes.blocked,
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """What else a reader should know of a review: how long its dream took, its votes, its newest plan of writes, and
    the deployments that were pointed at its store and still are, by name."""

    duration: timedelta | None
    approvals: Sequence[Approval]
    run: ApplyRun | None
    attached: Sequence[str]

    @property
    def took(self) -> str:
        """How long the dream ran, as people say it."""
        seconds = int(self.duration.total_seconds()) if self.duration else 0
        if seconds < 60:
            return f"{seconds} s"
        return f"{seconds // 60} min" if seconds < 3600 else f"{seconds // 3600} h {seconds % 3600 // 60} min"


def standing(review: Review) -> Standing:
    """Three queries, for votes, plans and attachments, where the review is past deciding; none before."""
    dream = review.dream
    past = review.state != states.OPEN
    return Standing(
        duration=dream.ended_at - dream.started_at if dream and dream.ended_at and dream.started_at else None,
        approvals=list(review.approvals.select_related("person").order_by("-at")) if past else [],
        run=review.runs.exclude(state="abandoned").order_by("-planned_at").first() if past else None,
        attached=list(standing_attachments(review).values_list("deployment_name", flat=True)) if past else [],
    )


def standing_attachments(review: Review) -> QuerySet[Attachment]:
    """Those of a review that were done and not taken back, by the name of the deployment."""
    done = review.attachments.filter(state=Attachment.State.DONE, undoes=None)
    return done.exclude(undone_by__state=Attachment.State.DONE).order_by("deployment_name")


def with_attached(reviews: QuerySet[Review]) -> QuerySet[Review]:
    """The same, each with `attached`: whether a deployment was pointed at its store and still is."""
    done = Attachment.objects.filter(review=OuterRef("pk"), state=Attachment.State.DONE, undoes=None)
    return reviews.annotate(attached=Exists(done.exclude(undone_by__state=Attachment.State.DONE)))


def output_moved(review: Review) -> bool:
    """Whether the store it writes into was written since the review was opened (the mirror's word)."""
    seen = review.after.version_id
    return review.state in (states.OPEN, states.APPROVED) and bool(seen) and seen != review.target.last_version_id
