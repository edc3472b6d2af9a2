"""Reads of dreams: the list, one dream as it stands, and what else goes on with its line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Prefetch, QuerySet
from django.utils import timezone

from dreams.models import Dream, DreamSession, Review, Session, Snapshot, Store, Workspace
from dreams.queries.reviews import with_attached
from dreams.rules import dream_states as states
from dreams.rules import review_states
from dreams.rules.cost import Estimate, estimate_tokens
from dreams.rules.dream_words import failure_words, partial_words, state_words
from dreams.rules.transcript_words import span

FILTERS = {
    "all": ("All", frozenset(states.DREAM_STATES.words)),
    "running": ("Under way", states.UNFINISHED),
    "completed": ("Completed", frozenset({states.COMPLETED})),
    "ended": ("Ended early", states.FINAL - {states.COMPLETED}),
}
PICTURE_WIDTH = 240  # units of the drawing of tokens


@dataclass(frozen=True, slots=True)
class DreamRow:
    """A dream in the list. `badge` and `label` are its state, "ready" while its review waits for decisions."""

    dream: Dream
    badge: str
    label: str
    review: Review | None
    lasted: str
    tokens: int


def dreams_of(workspace: Workspace, show: str) -> QuerySet[Dream]:
    """The workspace's dreams in that filter, newest first, with all that `rows` needs."""
    return (
        Dream.objects.filter(workspace=workspace, state__in=FILTERS[show][1])
        .select_related("store", "requested_by")
        .prefetch_related(Prefetch("reviews", with_attached(Review.objects.order_by("round"))))
        .annotate(session_count=Count("session_links"))
        .order_by("-requested_at", "-pk")
    )


def rows(dreams: Sequence[Dream]) -> list[DreamRow]:
    """The rows of one page."""
    return [_row(dream) for dream in dreams]


def _row(dream: Dream) -> DreamRow:
    review = next(reversed(dream.reviews.all()), None)
    badge, label = badge_of(dream, review)
    return DreamRow(dream, badge, label, review, elapsed(dream), tokens_of(dream))


def badge_of(dream: Dream, review: Review | None) -> tuple[str, str]:
    """(slug, word): a completed dream is ready while its review is open."""
    if dream.state == states.COMPLETED and review and review.state == review_states.OPEN:
        return "ready", "Ready to review"
    return dream.state, dream.get_state_display()


def tokens_of(dream: Dream) -> int:
    """All tokens the vendor counted for it so far, those read again from the cache too."""
    return dream.input_tokens + dream.output_tokens + dream.cache_creation_input_tokens + dream.cache_read_input_tokens


def elapsed(dream: Dream) -> str:
    """How long it ran, or has run so far; "" before the vendor had it."""
    began = dream.started_at or (dream.launch_sent_at if dream.remote_id else None)
    ended = dream.ended_at or timezone.now()
    return span((ended - began).total_seconds()) if began and ended >= began else ""


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline; `state` colours its dash."""

    at: datetime
    text: str
    small: str = ""
    state: str = "done"


@dataclass(frozen=True, slots=True)
class Picture:
    """Tokens read and written anew beside the estimate, in units of PICTURE_WIDTH."""

    fresh: int
    now: int
    low: int
    spread: int
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Read:
    """A session the dream was given; `session` is None when it is not in the mirror (any more)."""

    session_id: str
    session: Session | None


@dataclass(frozen=True, slots=True)
class DreamAbout:
    """Everything the page of a dream says beside its fields.

    `live`: something still happens by itself, so the page keeps looking. `review` is the dream's own, `busy` the
    review of another dream that has to end first. `output` is the store it left, None when that is the input itself.
    """

    badge: str
    label: str
    sent: bool
    words: str
    failure: str
    partial: str
    lasted: str
    live: bool
    reads: list[Read]
    timeline: list[Moment]
    tokens: int
    picture: Picture | None
    review: Review | None
    busy: Review | None
    output: Store | None
    reviewable: bool

    @property
    def mark(self) -> str:
        """What the rest of the page depends on: while it stays the same, only the moving part is sent again."""
        review, busy = self.review and self.review.state, self.busy and self.busy.pk
        return "-".join(str(part or "") for part in (self.badge, self.sent and "sent", review, busy, self.reviewable))


def about(dream: Dream) -> DreamAbout:
    """The dream as it stands now, from the database only."""
    review = dream.reviews.order_by("round").last()
    busy = Review.objects.filter(line=dream.line_id, state__in=review_states.ACTIVE).first()
    reads = _reads(dream)
    failed = dream.state == states.FAILED
    left = dream.state in (states.FAILED, states.CANCELED) and dream.output_store is not None
    badge, label = badge_of(dream, review)
    reviewable = dream.state == states.COMPLETED and dream.output_snapshot_id is not None and review is None
    return DreamAbout(
        badge=badge,
        label=label,
        sent=bool(dream.remote_id),
        words=state_words(
            dream.state, snapshot_taken=dream.base_id is not None, updates_existing=dream.updates_existing
        ),
        failure=failure_words(dream.error_type, dream.error_message or dream.problem) if failed else "",
        partial=partial_words(updates_existing=dream.updates_existing) if left else "",
        lasted=elapsed(dream),
        live=_live(dream, reviewable and busy is None),
        reads=reads,
        timeline=_timeline(dream, review),
        tokens=tokens_of(dream),
        picture=_picture(dream, reads),
        review=review,
        busy=busy if reviewable else None,
        output=dream.output_store if dream.output_store_id != dream.store_id else None,
        reviewable=reviewable,
    )


def _live(dream: Dream, review_comes: bool) -> bool:
    if dream.state in states.UNFINISHED:
        return True
    # Ended, but what it left is still being read, or its review is about to be opened by the sweep.
    return dream.next_check_at is not None or (review_comes and dream.origin == Dream.Origin.OURS)


def session_ids(dream: Dream) -> list[str]:
    """The ids of the sessions it was given."""
    return list(DreamSession.objects.filter(dream=dream).values_list("session_id", flat=True))


def _reads(dream: Dream) -> list[Read]:
    ids = session_ids(dream)
    known = Session.objects.filter(workspace=dream.workspace, remote_id__in=ids)
    sessions = {session.remote_id: session for session in known}
    found = [Read(id, sessions.get(id)) for id in ids]
    return sorted(found, key=lambda read: read.session.created_at.timestamp() if read.session else 0, reverse=True)


def _picture(dream: Dream, reads: Sequence[Read]) -> Picture | None:
    """None before anything was counted, and for dreams whose input's size was never seen."""
    fresh = dream.input_tokens + dream.output_tokens + dream.cache_creation_input_tokens
    if dream.base is None or not fresh:
        return None
    lengths = [r.session.input_tokens + r.session.output_tokens or None if r.session else None for r in reads]
    estimate = estimate_tokens(dream.base.manifest.size, lengths)
    unit = PICTURE_WIDTH / (1.1 * max(estimate.high, fresh))
    low = round(estimate.low * unit)
    return Picture(fresh, max(1, round(fresh * unit)), low, max(1, round(estimate.high * unit) - low), estimate)


def _timeline(dream: Dream, review: Review | None) -> list[Moment]:
    """What happened, newest first."""
    who = str(dream.requested_by) if dream.requested_by else "elsewhere, with the API or in the Console"
    ours = dream.origin == Dream.Origin.OURS
    told = [
        Moment(dream.requested_at, f"Asked for by {who}" if dream.requested_by else f"Started {who}"),
        _snapshot_moment(dream.base, "The store was kept for comparison") if ours and dream.base else None,
        Moment(dream.launch_sent_at, "Sent to the vendor", dream.remote_id) if dream.launch_sent_at else None,
        Moment(dream.started_at, "Began to dream") if dream.started_at and ours else None,
        Moment(dream.cloned_at, "The vendor's copy was seen", _uncertain(dream)) if dream.cloned_at and ours else None,
        Moment(dream.cancel_requested_at, "Cancel was asked for", state="canceled")
        if dream.cancel_requested_at
        else None,
        Moment(dream.ended_at, dream.get_state_display(), dream.problem, dream.state) if dream.ended_at else None,
        _snapshot_moment(dream.output_snapshot, "What it left was read") if dream.output_snapshot else None,
        Moment(review.opened_at, "Its review was opened") if review else None,
        Moment(review.closed_at, f"Review: {review.get_state_display().lower()}", review.reason, review.state)
        if review and review.closed_at
        else None,
    ]
    return sorted((moment for moment in told if moment), key=lambda moment: moment.at, reverse=True)


def _snapshot_moment(snapshot: Snapshot, words: str) -> Moment:
    count = snapshot.manifest.count
    return Moment(snapshot.taken_at, words, f"{count:,} memor{'y' if count == 1 else 'ies'}")


def _uncertain(dream: Dream) -> str:
    count = len(dream.uncertain_paths)
    if not count:
        return ""
    return f"{count} memor{'y' if count == 1 else 'ies'} written meanwhile: whether the dream saw them is not known"


def open_dream(store: Store) -> Dream | None:
    """The newest dream of the store's line that has not ended."""
    unfinished = Dream.objects.filter(line=store.line_id, state__in=states.UNFINISHED)
    return unfinished.order_by("-requested_at").first()


def open_review(store: Store) -> Review | None:
    """The review that keeps the store's line busy."""
    return Review.objects.filter(line=store.line_id, state__in=review_states.ACTIVE).select_related("dream").first()
