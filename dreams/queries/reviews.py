"""Reads of a review: its list of changes, how far the deciding is, and what a reader should know about its base."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import groupby

from django.db.models import Exists, OuterRef, QuerySet

from dreams.access import eligible_approvers
from dreams.models import ApplyRun, Approval, Attachment, Change, Review, User, Workspace
from dreams.queries.checks import blocked_changes
from dreams.rules import review_states as states
from dreams.rules.review_states import Requirement

PAGE = 100
SHOWS = {
    "all": "All",
    "undecided": "Undecided",
    "lost": "Lost",
    "flagged": "Flagged",
    "unchanged": "Unchanged",
}
_SECTIONS = {
    "merged": "Merged and split",
    "split": "Merged and split",
    "modified": "Modified",
    "added": "Added",
    "removed": "Removed",
    "moved": "Moved only",
    "unchanged": "Unchanged",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One change as the list shows it. `lost`, `altered` and `flags` count findings."""

    pk: int
    kind: str
    title: str
    state: str
    seq: int
    lost: int
    altered: int
    flags: int
    added: int
    removed: int

    @property
    def folder(self) -> str:
        """The path up to the last slash."""
        return self.title[: self.title.rfind("/") + 1]

    @property
    def name(self) -> str:
        """The path behind the last slash."""
        return self.title[self.title.rfind("/") + 1 :]

    @property
    def gone(self) -> bool:
        """Whether the dream left no memory of it."""
        return self.kind == "removed"

    @property
    def state_words(self) -> str:
        """The state as people read it."""
        return states.CHANGE_WORDS[self.state]

    @property
    def section(self) -> str:
        """The heading it stands under: what it loses or alters goes before what it is."""
        if self.lost or self.altered:
            return "Lost or altered"
        return "Flagged" if self.flags else _SECTIONS[self.kind]

    def fits(self, show: str) -> bool:
        """Whether the filter `show` lets it through."""
        if show == "unchanged" or self.state == states.UNCHANGED:
            return show == "unchanged" and self.state == states.UNCHANGED
        if show == "undecided":
            return self.state == states.UNDECIDED
        if show == "lost":
            return self.lost + self.altered > 0
        return show == "all" or self.flags > 0


@dataclass(frozen=True)
class ChangeList:
    """Every change of a review in its order, and the filter that is on."""

    rows: Sequence[Row]
    show: str

    @cached_property
    def shown(self) -> list[Row]:
        """What the filter lets through."""
        return [row for row in self.rows if row.fits(self.show)]

    @cached_property
    def filters(self) -> list[tuple[str, str, int]]:
        """(name, words, how many) of each filter; empty ones are left out, but for All and the one that is on."""
        counted = [(show, words, sum(row.fits(show) for row in self.rows)) for show, words in SHOWS.items()]
        return [each for each in counted if each[2] or each[0] in ("all", self.show)]

    @cached_property
    def total(self) -> int:
        """How many changes ask for a decision, decided or not."""
        return sum(row.state != states.UNCHANGED for row in self.rows)

    @cached_property
    def undecided(self) -> int:
        """How many wait."""
        return self.counted(states.UNDECIDED)

    @cached_property
    def decided(self) -> int:
        """How many do not wait any more."""
        return self.total - self.undecided

    @cached_property
    def outcomes(self) -> list[tuple[str, str, int]]:
        """(state, words, how many) of each outcome that was chosen."""
        counted = [(state, states.CHANGE_WORDS[state], self.counted(state)) for state in states.OUTCOMES]
        return [each for each in counted if each[2]]

    @cached_property
    def moves(self) -> int:
        """How many undecided changes only moved, word for word, without a finding: what "accept moves" accepts."""
        return sum(
            row.kind == "moved"
            and row.state == states.UNDECIDED
            and not any((row.lost, row.altered, row.flags, row.added, row.removed))
            for row in self.rows
        )

    @cached_property
    def accepted_losses(self) -> list[Row]:
        """Accepted changes that lose or alter something: what an approval lets go."""
        return [row for row in self.rows if row.state == states.ACCEPTED and row.lost + row.altered]

    def counted(self, state: str) -> int:
        """How many are in this state."""
        return sum(row.state == state for row in self.rows)

    def row(self, pk: int) -> Row | None:
        """The row of one change."""
        return next((row for row in self.rows if row.pk == pk), None)

    def next_undecided(self, after: int) -> int | None:
        """The next change that waits behind `after`, first within the filter; None when none does."""
        for rows in (self.shown if self.show != "unchanged" else [], self.rows):
            found = states.next_undecided([(row.pk, row.state) for row in rows], after)
            if found is not None:
                return found
        return None

    def page_of(self, pk: int | None) -> int:
        """The page, from 1, on which a change stands under the filter."""
        at = next((n for n, row in enumerate(self.shown) if row.pk == pk), 0)
        return at // PAGE + 1


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
    )


def change_list(review: Review, show: str = "all") -> ChangeList:
    """The changes of a review in one query; an unknown filter is All."""
    fields = (
        "pk",
        "kind",
        "title",
        "state",
        "seq",
        "lost_count",
        "altered_count",
        "flag_count",
        "lines_added",
        "lines_removed",
    )
    rows = [Row(*values) for values in Change.objects.filter(review=review).order_by("position").values_list(*fields)]
    return ChangeList(rows, show if show in SHOWS else "all")


def sections(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """Rows that stand together, under their headings."""
    return [(section, list(group)) for section, group in groupby(rows, key=lambda row: row.section)]


def requirements(review: Review, changes: ChangeList, person: User) -> list[Requirement]:
    """What must hold before this person may approve; the same rule as the approval itself asks."""
    starts = review.started_by(person)
    return states.approval_requirements(
        undecided=changes.undecided,
        starter_approves=starts,
        self_approval_allowed=review.workspace.allow_self_approval,
        eligible_approvers=eligible_approvers(review.workspace) if starts and review.dream_id else 0,
        dreamt=review.dream_id is not None,
        blocked=blocked_changes(review),
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


def input_moved(review: Review) -> bool:
    """Whether the store the dream read was written since, or may have been (the mirror's word); without a dream that
    is what the review is about."""
    return review.dream_id is not None and review.before.version_id != review.before.store.last_version_id
