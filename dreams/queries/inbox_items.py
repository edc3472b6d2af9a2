"""The lines of the inbox: each thing that waits, goes on or was done, said in a sentence with where it leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dreams.models import ApplyRun, Attachment, Dream, Review, StoreDraft
from dreams.rules import dream_states
from dreams.rules import review_states as states
from dreams.rules.dream_words import failure_words
from dreams.rules.losses import Loss

NONE = {"total": 0, "undecided": 0, "lost": 0, "altered": 0, "flagged": 0}
Badge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Item:
    """One line: `words` and the foreign `name` make its sentence, `page` and `pk` say where it leads. `at`: since
    when it waits or goes on, or when it was done. `progress`: how many of how many, what. `loss` is what is gone."""

    page: str
    pk: int
    words: str
    name: str
    badge: Badge
    at: datetime
    button: str = ""
    loss: str = ""
    facts: Sequence[str] = ()
    progress: tuple[int, int, str] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What lines of reviews say beside their rows: counts of changes, what went wrong last, and why the starter of a
    dream, or who opened a review without one, does not approve."""

    counts: Mapping[int, Mapping[str, int]]
    problems: Mapping[int, str]
    four_eyes: str
    of_opener: str


def waiting_item(thing: Review | Dream | ApplyRun | StoreDraft, about: About) -> Item:
    """A line of what waits, on this person (`thing.mine`) or on others."""
    if isinstance(thing, Dream):
        return _dream(thing)
    if isinstance(thing, ApplyRun):
        return _stopped(thing)
    if isinstance(thing, StoreDraft):
        return _not_made(thing)
    return {states.OPEN: _open, states.APPROVED: _approved, states.APPLIED: _applied}[thing.state](thing, about)


def since(thing: Review | Dream | ApplyRun | StoreDraft) -> datetime:
    """Since when it waits."""
    if isinstance(thing, Review):
        return thing.opened_at
    if isinstance(thing, ApplyRun):
        return thing.ended_at or thing.planned_at
    if isinstance(thing, StoreDraft):
        return thing.confirmed_at or thing.at
    return thing.ended_at or thing.requested_at


def _open(review: Review, about: About) -> Item:
    count = about.counts.get(review.pk, NONE)
    decided = count["total"] - count["undecided"]
    what = "the dream of" if review.dream else "what was written to"
    words, button = f"Review {what}", "Review"
    if not count["undecided"]:
        words, button = "Approve the review of", "Approve"
    elif decided:
        words, button = f"Go on reviewing {what}", "Go on"
    why = about.four_eyes if review.dream else about.of_opener
    told = [
        _number(count["altered"], "fact altered", "facts altered"),
        _number(count["flagged"], "flag", "flags"),
        _opener(review),
    ]
    return Item(
        page="review-detail",
        pk=review.pk,
        words=words,
        name=review.before.store.name,
        badge=_badge(review),
        at=review.opened_at,
        button=button,
        loss=_loss(review.loss, count["lost"]),
        facts=[fact for fact in told if fact],
        progress=(decided, count["total"], "decided") if count["total"] else None,
        note="" if review.mine else why,  # type: ignore[attr-defined]
    )


def _loss(loss: Loss, lost: int) -> str:
    if loss.loud:
        return f"{loss.figure}: the alarm is at {loss.alarm} %"
    return _number(lost, "sentence lost", "sentences lost")


def _approved(review: Review, about: About) -> Item:
    problem = about.problems.get(review.pk, "")
    return Item(
        page="review-detail",
        pk=review.pk,
        words="Apply again what was approved for" if problem else "Apply what was approved for",
        name=review.before.store.name,
        badge=_badge(review),
        at=review.opened_at,
        button="Apply",
        facts=[_opener(review)],
        note=f"The last try stopped: {problem}" if problem else "",
    )


def _applied(review: Review, about: About) -> Item:
    problem = about.problems.get(review.pk, "")
    return Item(
        page="attachment-create",
        pk=review.pk,
        words="Attach the reviewed store of",
        name=review.line.name,
        badge=_badge(review),
        at=review.opened_at,
        button="Attach",
        facts=["agents still read the old store", _starter(review.dream)],
        note=f"The last try was refused. {problem}" if problem else "",
    )


def _dream(dream: Dream) -> Item:
    button, note = "See why", dream.problem
    if dream.state == dream_states.COMPLETED and dream.output_snapshot_id:
        words, button, note = "Open a review of the dream over", "Look at it", ""
        if dream.busy:  # type: ignore[attr-defined]
            words, note = "A newer dream waits behind the review of", "Finish that review, or let this one replace it."
    else:
        words = {
            dream_states.FAILED: "Your dream failed:",
            dream_states.NOT_CREATED: "Your dream was not started:",
            dream_states.CANCELED: "Your dream was canceled elsewhere:",
            dream_states.UNKNOWN: "Nobody confirmed your dream yet:",
            dream_states.COMPLETED: "Your dream left nothing:",
        }[dream.state]
    if dream.state == dream_states.FAILED:
        note = failure_words(dream.error_type, dream.error_message or dream.problem)
    return Item(
        page="dream-detail",
        pk=dream.pk,
        words=words,
        name=dream.store.name,
        badge=_badge(dream),
        at=since(dream),
        button=button,
        facts=[_starter(dream)],
        note=note,
    )


def _stopped(run: ApplyRun) -> Item:
    words = "Restoring stopped half-way:" if run.mode == ApplyRun.Mode.RESTORE else "Filling stopped half-way:"
    return Item(
        page="run-detail",
        pk=run.pk,
        words=words,
        name=run.target.name,
        badge=_badge(run),
        at=since(run),
        button="Look at it",
        facts=[f"confirmed by {run.confirmed_by}"],
        note=run.problem,
    )


def _not_made(draft: StoreDraft) -> Item:
    return Item(
        page="store-preview",
        pk=draft.pk,
        words="A new store could not be made:",
        name=draft.name,
        badge=("blocked", "Not made"),
        at=since(draft),
        button="Look at it",
        facts=[f"asked for by {draft.by}"],
        note=draft.problem,
    )


WRITING = {
    ApplyRun.Mode.SWAP: "Applying to",
    ApplyRun.Mode.RESTORE: "Restoring",
    ApplyRun.Mode.IMPORT: "Filling",
}
WRITTEN = {
    ApplyRun.Mode.SWAP: "Applied the review of",
    ApplyRun.Mode.RESTORE: "Restored",
    ApplyRun.Mode.IMPORT: "Filled",
}


def dreaming_item(dream: Dream) -> Item:
    """A dream that goes on by itself."""
    words, told = "Dreaming over", []
    if dream.state in dream_states.FINAL:
        words = "Reading what the dream left of"
    elif dream.state not in dream_states.FOLLOWED:
        words = "Starting a dream over"
    elif tokens := dream.input_tokens + dream.output_tokens:
        told.append(f"{tokens:,} tokens so far")
    return Item(
        page="dream-detail",
        pk=dream.pk,
        words=words,
        name=dream.store.name,
        badge=_badge(dream),
        at=dream.requested_at,
        facts=[*told, _starter(dream)],
        note=dream.problem,
    )


def applying_item(run: ApplyRun) -> Item:
    """A run that writes; it carries how many of its steps are done."""
    return Item(
        page="run-detail",
        pk=run.pk,
        words=WRITING[ApplyRun.Mode(run.mode)],
        name=run.target.name,
        badge=_badge(run),
        at=run.confirmed_at or run.planned_at,
        facts=[f"confirmed by {run.confirmed_by}"],
        progress=(run.done, run.total, "written") if run.total else None,  # type: ignore[attr-defined]
        note=run.problem,
    )


def attaching_item(attachment: Attachment) -> Item:
    """A deployment that is being pointed at another store."""
    waits = attachment.state == Attachment.State.WAITING
    return Item(
        page="attachment-detail",
        pk=attachment.pk,
        words="Rolling back" if attachment.undoes_id else "Attaching to",
        name=attachment.deployment_name,
        badge=("confirmed", "Waiting") if waits else _badge(attachment),
        at=attachment.asked_at,
        facts=[f"asked for by {attachment.by}"],
        note=attachment.problem,
    )


def ended_item(dream: Dream) -> Item:
    """A dream that did not complete."""
    words = f"Dream {dream.get_state_display().lower()} over"
    at = dream.ended_at or dream.requested_at
    return Item("dream-detail", dream.pk, words, dream.store.name, _badge(dream), at, facts=[_starter(dream)])


def closed_item(review: Review) -> Item:
    """A review that was discarded or superseded."""
    return Item(
        page="review-detail",
        pk=review.pk,
        words=f"{review.get_state_display()} the review of",
        name=review.before.store.name,
        badge=_badge(review),
        at=review.closed_at or review.opened_at,
        facts=[f"by {review.closed_by}"] if review.closed_by else [],
        note=review.reason,
    )


def applied_item(run: ApplyRun) -> Item:
    """A run that was carried out."""
    return Item(
        page="run-detail",
        pk=run.pk,
        words=WRITTEN[ApplyRun.Mode(run.mode)],
        name=run.review.before.store.name if run.review else run.target.name,
        badge=("applied", "Applied") if run.review else ("done", "Done"),
        at=run.ended_at or run.planned_at,
        facts=[f"by {run.confirmed_by}"],
    )


def attached_item(attachment: Attachment) -> Item:
    """A deployment that was pointed at another store, or was refused."""
    words, badge = "Attached to", ("attached", "Attached")
    if attachment.undoes_id:
        words, badge = "Rolled back", ("rolled_back", "Rolled back")
    if attachment.state == Attachment.State.REFUSED:
        words, badge = "Nothing was changed at", ("refused", "Refused")
    return Item(
        page="attachment-detail",
        pk=attachment.pk,
        words=words,
        name=attachment.deployment_name,
        badge=badge,
        at=attachment.done_at or attachment.asked_at,
        facts=[f"by {attachment.by}"],
        note=attachment.problem,
    )


def _badge(thing: Review | Dream | ApplyRun | Attachment) -> Badge:
    return thing.state, thing.get_state_display()


def _starter(dream: Dream | None) -> str:
    if dream is None or dream.requested_by is None:
        return "started elsewhere"
    return f"started by {dream.requested_by}"


def _opener(review: Review) -> str:
    return _starter(review.dream) if review.dream else f"opened by {review.opened_by}"


def _number(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}" if count else ""
