"""Reviews: opened over two snapshots, decided change by change, approved over exact bytes, or discarded."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.utils import timezone

from dreams.access import check_can, eligible_approvers
from dreams.enqueue import enqueue
from dreams.models import Approval, Change, ChangePath, Decision, Dream, Review, Snapshot, User
from dreams.queries.checks import blocked_changes, blocks_in
from dreams.queries.drift import seen_now
from dreams.rules import review_states as states
from dreams.rules.checks import blocking_kinds, blocks_of_edit
from dreams.rules.paths import check_content, check_paths
from dreams.rules.review_states import REVIEW_STATES, Requirement
from dreams.services import audit
from dreams.services.comparing import Piece, pieces_of, purged_in, statements_in
from dreams.services.refusals import Invalid, Refusal, Stale
from dreams.services.snapshots import replay_snapshot
from dreams.services.texts import digest_of, keep_texts, texts_by_sha

log = logging.getLogger(__name__)

MAX_REASON = 1000
BLOCKED = "Edit it out, or keep the original; what blocks here is chosen in the settings."
NOT_COMPARED = (
    "Memorydash failed at comparing what this dream did, so its review is not open. Nothing is lost: ask for the "
    "review again on the dream's page; if it fails again, the log says why."
)


def open_review(dream: Dream, *, by: User | None = None) -> Review | None:
    """Opens the review of a completed dream: one row per change. None when it has one already, or when the line's
    open review has to end first (a person may supersede it). Raises RemoteError when the store as it was at the
    dream's start must be replayed and the vendor fails."""
    if by is not None:
        check_can(by, dream.workspace, "decide_change")
    if dream.output_snapshot is None or dream.output_store is None or dream.reviews.exists():
        return None
    if active_review(dream) is not None:
        return None
    return store_review(_drawn_up(dream), by)


def active_review(dream: Dream) -> Review | None:
    """The review that keeps this dream's line busy; None when the line is free."""
    return Review.objects.filter(line=dream.line_id, state__in=states.ACTIVE).first()


def supersede_review(old: Review, dream: Dream, *, by: User) -> Review | None:
    """Ends the line's open review in favour of a newer dream's; its decisions stay readable."""
    check_can(by, old.workspace, "discard_review")
    if dream.output_snapshot is None or dream.output_store is None:
        raise Refusal("That dream left nothing to review.")
    if dream.line_id != old.line_id or dream.reviews.exists():
        raise Refusal("That dream is of another store, or was reviewed already.")
    ready = _drawn_up(dream)  # takes seconds over a large store: not while the database is held
    with transaction.atomic():
        _close(old, "supersede", by, f"Superseded by dream {dream.pk}.")
        review = store_review(ready, by)
        if review is None:
            raise Stale("Somebody opened another review of this store meanwhile.")
        Review.objects.filter(pk=old.pk).update(superseded_by=review)
    return review


def _replayed_base(dream: Dream) -> Snapshot:
    base = replay_snapshot(dream.store, dream.requested_at, Snapshot.Why.DREAM_INPUT)
    quality = Dream.BaseQuality.REPLAYED if base.consistent else Dream.BaseQuality.UNCERTAIN
    Dream.objects.filter(pk=dream.pk, base=None).update(
        base=base, base_quality=quality, uncertain_paths=base.uncertain_paths[:100]
    )
    return base


@dataclass(frozen=True, slots=True)
class Ready:
    """A review as it will be stored, compared but not saved; without a dream it is of what was written to a store."""

    before: Snapshot
    after: Snapshot
    pieces: Sequence[Piece]
    purged: int  # of the texts on both sides, before they were compared
    dream: Dream | None = None
    statements: int = 0  # in the memories before, where that was counted


def _drawn_up(dream: Dream) -> Ready:
    assert dream.output_snapshot is not None
    before, after = dream.base or _replayed_base(dream), dream.output_snapshot
    purged = purged_in(before, after)
    try:
        pieces = pieces_of(before, after, dreamt=True, evidence=dream.evidence)
    except Exception as error:
        # A fault of ours over these very texts: trying again at every sweep would help nobody.
        log.exception("comparing what dream %s did failed", dream.pk)
        Dream.objects.filter(pk=dream.pk).update(problem=NOT_COMPARED)
        raise Refusal(NOT_COMPARED) from error
    Dream.objects.filter(pk=dream.pk, problem=NOT_COMPARED).update(problem="")
    return Ready(before, after, pieces, purged, dream, statements_in(before))


def store_review(ready: Ready, by: User | None) -> Review | None:
    """Saves a review with all its changes; None when another one was opened first, Stale when a text that it may
    quote was purged meanwhile. Without a dream `by` opened it."""
    store = ready.after.store
    try:
        with transaction.atomic():
            if purged_in(ready.before, ready.after) != ready.purged:
                raise Stale("A text of this review was purged at this moment. Ask again.")
            review = Review.objects.create(
                workspace=store.workspace,
                line=ready.dream.line if ready.dream else store.line,
                dream=ready.dream,
                before=ready.before,
                after=ready.after,
                target=store,
                opened_at=timezone.now(),
                opened_by=None if ready.dream else by,
                drift_version=ready.before.version_id,
                statements=ready.statements,
                statements_lost=sum(piece.change.lost_count for piece in ready.pieces),
            )
            changes = [piece.change for piece in ready.pieces]
            for change in changes:
                change.review = review
            Change.objects.bulk_create(changes, batch_size=200)
            rows = {change.key: change for change in review.changes.all()}
            paths = [
                ChangePath(review=review, change=rows[piece.change.key], side=side, path=path, sha256=sha)
                for piece in ready.pieces
                for side, held in ((ChangePath.Side.BEFORE, piece.olds), (ChangePath.Side.AFTER, piece.news))
                for path, sha in held.items()
            ]
            ChangePath.objects.bulk_create(paths, batch_size=500)
            of = {"dream": ready.dream.pk} if ready.dream else {"store": store.remote_id}
            audit.record(review.workspace, by, "opened review", review, **of, changes=len(changes))
            enqueue("draw_review", review.pk)
            if ready.dream:
                enqueue("note_drift", ready.before.store_id)  # what was written while it dreamt
    except IntegrityError:
        return None  # another process opened it first: the constraints allow one
    return review


def decide_change(
    change: Change,
    outcome: str,
    *,
    by: User,
    seen_seq: int,
    texts: Mapping[str, str] | None = None,
    reason: str = "",
    seen: str = "",
) -> Change:
    """Records the team's outcome for one change: accepted, kept (the original) or edited (`texts`: {path: text},
    a path left out is removed). `seen_seq` is the decision number the person saw: Stale when somebody decided
    meanwhile, or when `seen`, the digest of what they saw (`queries.drift.seen_now`), is another one by now. Raises
    Forbidden, Invalid, Refusal."""
    check_can(by, change.review.workspace, "decide_change")
    if outcome not in states.OUTCOMES:
        raise Invalid("Choose accept, keep the original, or edit.")
    if len(reason) > MAX_REASON:
        raise Invalid(f"A reason has at most {MAX_REASON:,} characters.")
    if outcome == states.EDITED:
        result = _edited_result(change, texts or {})
    else:
        blocks = blocks_in(change) if outcome == states.ACCEPTED else []
        if blocks:
            raise Refusal(f"Blocked by a check. {' '.join(blocks[:3])} {BLOCKED}")
        side = ChangePath.Side.AFTER if outcome == states.ACCEPTED else ChangePath.Side.BEFORE
        result = _side(change, side)
    return _decide(change, outcome, result, by, seen_seq, reason, seen)


def _edited_result(change: Change, texts: Mapping[str, str]) -> dict[str, str]:
    own = set(change.paths.values_list("path", flat=True))
    foreign = sorted(set(texts) - own)
    if foreign:
        raise Invalid(f"{foreign[0]} does not belong to this change.")
    if not texts:
        raise Invalid("An edit that leaves nothing is a removal: accept or keep the original instead.")
    for path, text in texts.items():
        problem = check_content(text)
        if problem:
            raise Invalid(f"{path}: {problem}")
    kinds = blocking_kinds(change.review.workspace.scan_policy)
    before = texts_by_sha(change.review.workspace, _side(change, ChangePath.Side.BEFORE).values()) if kinds else {}
    if blocks := blocks_of_edit(change.findings, kinds, texts, [held.text for held in before.values()]):
        raise Invalid(f"Blocked by a check. {' '.join(blocks[:3])}")
    keep_texts(change.review.workspace, texts.values())
    return {path: digest_of(text) for path, text in texts.items()}


def _side(change: Change, side: str) -> dict[str, str]:
    return dict(change.paths.filter(side=side).values_list("path", "sha256"))


def undo_decision(change: Change, *, by: User, seen_seq: int) -> Change:
    """Takes the last decision back: a new row with the outcome before it (undecided when there was none), which needs
    another look where the base moved since that was decided."""
    check_can(by, change.review.workspace, "decide_change")
    last = change.decisions.filter(seq=seen_seq).first()
    if last is None:
        raise Stale("There is no decision to take back any more; this page was out of date.")
    before = _standing_before(change, last)
    if before is None:
        return _decide(change, states.UNDECIDED, {}, by, seen_seq, "undone")
    return _decide(change, before.outcome, before.result, by, seen_seq, "undone", about=before.seen_digest)


def _standing_before(change: Change, last: Decision) -> Decision | None:
    """The decision that `last` replaced. Undos pair off with what they took back, so that undoing twice goes two
    steps back instead of bringing the undone outcome up again."""
    stack: list[Decision] = []
    for decision in change.decisions.filter(seq__lte=last.seq).order_by("seq"):
        if decision.reason == "undone" and stack:
            stack.pop()
        else:
            stack.append(decision)
    return stack[-2] if len(stack) > 1 else None


def _decide(
    change: Change,
    outcome: str,
    result: Mapping[str, str],
    by: User,
    seen_seq: int,
    reason: str,
    seen: str = "",
    about: str = "",
) -> Change:
    """`about`: the digest that an outcome of before was about; else it is about what stands now."""
    now = timezone.now()
    with transaction.atomic():
        review = hold_open(change.review)
        digest = seen_now(change, review)
        state = states.ANOTHER_LOOK if about not in ("", digest) else outcome
        decided = state in states.OUTCOMES
        moved = (
            Change.objects.filter(pk=change.pk, seq=seen_seq)
            .exclude(state=states.UNCHANGED)
            .update(
                state=state,
                seq=seen_seq + 1,
                decided_by=by if decided else None,
                decided_at=now if decided else None,
            )
        )
        if not moved:
            raise Stale(_who_was_faster(change))
        if seen and seen != digest:
            raise Stale("The base moved under this change while you were reading.")
        Decision.objects.create(
            change=change,
            seq=seen_seq + 1,
            outcome=outcome,
            result=dict(result),
            seen_digest=about or digest,
            by=by,
            at=now,
            reason=reason,
        )
        shown = outcome if outcome != states.UNDECIDED else "undid the decision on"
        audit.record(change.review.workspace, by, f"{shown} change", change, review=review.pk, result=dict(result))
    change.state, change.seq = state, seen_seq + 1
    change.decided_by, change.decided_at = (by, now) if decided else (None, None)
    return change


def hold_open(review: Review) -> Review:
    """The review's row, locked until the transaction ends, so that an approval and a decision cannot pass each other;
    Refusal when nothing can be decided in it."""
    held = Review.objects.select_for_update().get(pk=review.pk)
    if held.state != states.OPEN:
        word = REVIEW_STATES.words[held.state].lower()
        raise Refusal(f"This review is {word}: reopen it to change a decision.")
    return held


def _who_was_faster(change: Change) -> str:
    last = change.decisions.select_related("by").order_by("-seq").first()
    if last is None:
        return "This change needs no decision."
    return f"{last.by} decided this while you were reading: {states.CHANGE_WORDS[last.outcome].lower()}."


def decided_store(review: Review) -> dict[str, str]:
    """{path: sha256} of the store as decided: unchanged paths as they are, decided ones as their decision says,
    undecided ones as the original."""
    wanted: dict[str, str] = {}
    current = {
        (d.change_id, d.seq): d.result
        for d in Decision.objects.filter(change__review=review).only("seq", "result", "change")
    }
    states_by_id = dict(review.changes.values_list("pk", "state"))
    seqs = dict(review.changes.values_list("pk", "seq"))
    for change_id, side, path, sha in review.paths.values_list("change_id", "side", "path", "sha256"):
        undecided = states_by_id[change_id] not in states.OUTCOMES
        if undecided and side == ChangePath.Side.BEFORE:
            wanted[path] = sha
    for change_id, state in states_by_id.items():
        if state in states.OUTCOMES:
            wanted.update(current[change_id, seqs[change_id]])
    return wanted


def requirements_for(review: Review, person: User) -> list[Requirement]:
    """What must hold before this person may approve, each with its sentence."""
    tally = review.changes.aggregate(undecided=Count("pk", filter=Q(state__in=states.WAITING)))
    return states.approval_requirements(
        undecided=tally["undecided"],
        starter_approves=review.started_by(person),
        self_approval_allowed=review.workspace.allow_self_approval,
        eligible_approvers=eligible_approvers(review.workspace),
        dreamt=review.dream_id is not None,
        blocked=len(blocked_changes(review, states.ACCEPTED)),
    )


def approve_review(review: Review, *, by: User) -> Review:
    """Approves the store as decided; a vote over its exact bytes. Nothing is written to the vendor by this."""
    check_can(by, review.workspace, "approve_review")
    with transaction.atomic():
        review = Review.objects.select_for_update(of=("self",)).select_related("workspace", "dream").get(pk=review.pk)
        unmet = [r.words for r in requirements_for(review, by) if not r.satisfied]
        if unmet:
            raise Refusal(" ".join(unmet))
        wanted = decided_store(review)
        impossible = check_paths(wanted)
        if impossible:
            raise Refusal(f"These decisions cannot stand together: {impossible[0]}")
        _step(review, "approve")
        digest = states.result_digest(wanted.items())
        Approval.objects.update_or_create(
            review=review,
            person=by,
            digest=digest,
            defaults={"at": timezone.now(), "by_starter": review.started_by(by)},
        )
        audit.record(review.workspace, by, "approved review", review, digest=digest)
    return review


def reopen_review(review: Review, *, by: User) -> Review:
    """Takes an approval back so that decisions can be changed; the vote stays in the record."""
    check_can(by, review.workspace, "approve_review")
    with transaction.atomic():
        _step(review, "reopen")
        review.runs.filter(state="planned").update(state="abandoned", ended_at=timezone.now())
        audit.record(review.workspace, by, "reopened review", review)
    return review


def reopen_unasked(review: Review, *, changes: int) -> None:
    """Takes an approval back because so many of the changes that it approved need another look; the vote stays in the
    record. To be called inside a transaction that holds the review."""
    _step(review, "reopen")
    review.runs.filter(state="planned").update(state="abandoned", ended_at=timezone.now())
    audit.record(review.workspace, None, "reopened review", review, another_look=changes)


def discard_review(review: Review, *, reason: str, by: User) -> Review:
    """Ends a review for good with a reason; the store stays as it is, the dream's output is left alone."""
    check_can(by, review.workspace, "discard_review")
    if not reason.strip():
        raise Invalid("Say why, in a few words: the next reader will want to know.")
    if len(reason) > MAX_REASON:
        raise Invalid(f"A reason has at most {MAX_REASON:,} characters.")
    with transaction.atomic():
        _close(review, "discard", by, reason.strip())
    return review


def _close(review: Review, step: str, by: User, reason: str) -> None:
    """To be called inside a transaction."""
    _step(review, step, closed_at=timezone.now(), closed_by=by, reason=reason)
    review.runs.filter(state="planned").update(state="abandoned", ended_at=timezone.now())
    audit.record(review.workspace, by, f"{REVIEW_STATES.target(step)} review", review, reason=reason)


def _step(review: Review, name: str, **sets: object) -> None:
    """One transition by compare-and-set; Stale with the state it is really in."""
    target = REVIEW_STATES.target(name)
    moved = Review.objects.filter(pk=review.pk, state__in=REVIEW_STATES.sources(name)).update(state=target, **sets)
    review.refresh_from_db()
    if not moved:
        raise Stale(f"This review is {REVIEW_STATES.words[review.state].lower()} by now; nothing was changed.")
