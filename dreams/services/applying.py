"""Carrying plans out: what a review decided, or what a manifest holds, confirmed by digest, written step by step,
resumable after a kill."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from django.db import IntegrityError, transaction
from django.utils import timezone

from dreams.access import check_can
from dreams.enqueue import enqueue
from dreams.models import ApplyRun, ApplyStep, Entry, Memory, Review, Snapshot, Store, StoreLine, Text, User
from dreams.remote.errors import (
    KeyRefused,
    NotAllowed,
    NotFound,
    PathConflict,
    PreconditionFailed,
    Refused,
    RemoteError,
)
from dreams.remote.gateway import Gateway
from dreams.rules import review_states as states
from dreams.rules.plan import Held, Step, plan_digest, plan_writes
from dreams.rules.review_states import REVIEW_STATES
from dreams.services import audit
from dreams.services.claims import claim, release, renew
from dreams.services.refusals import Busy, Refusal, Stale
from dreams.services.reviews import decided_store
from dreams.services.snapshots import freeze, shas_now, shas_of
from dreams.services.stores import sync_store
from dreams.services.texts import texts_by_sha
from dreams.services.vendor import watched

State = ApplyRun.State
StepState = ApplyStep.State
CHUNK = 50
TOLD_EVERY = 1.0  # seconds
GONE_ON = "This plan was confirmed, replaced or withdrawn meanwhile."
# What the record says at the end, when it went well and when it did not.
ENDS = {
    ApplyRun.Mode.SWAP: ("applied review", "could not apply review"),
    ApplyRun.Mode.RESTORE: ("restored store", "could not restore store"),
    ApplyRun.Mode.IMPORT: ("imported store", "could not import store"),
}


@dataclass(frozen=True, slots=True)
class Drift:
    """A path of the output store that holds neither what the reviewers saw nor what they decided."""

    path: str
    seen_sha: str
    now_sha: str


def plan_review(review: Review, *, by: User) -> tuple[ApplyRun | None, list[Drift]]:
    """Plans the writes that make the reviewed store equal to what was decided. The store is read again first;
    paths that somebody else changed there since the review was opened are returned as drift, and then nothing is
    planned: those bytes nobody has seen. Raises Refusal, Busy, RemoteError."""
    check_can(by, review.workspace, "apply_review")
    review.refresh_from_db(fields=["state"])
    if review.state != states.APPROVED:
        raise Refusal("Only an approved review can be applied.")
    try:
        target = sync_store(review.target)
    except NotFound as error:
        raise Refusal(
            "The reviewed store no longer exists at the vendor, so there is nothing to apply to. What it held stays "
            "readable here: discard this review."
        ) from error
    if not target.writable:
        raise Refusal("The reviewed store was archived meanwhile: the vendor takes no writes to it.")
    # Read before drift is looked for: what is written in between is drift, or no longer what a step expects.
    held, wanted = held_by(target), decided_store(review)
    if drift := output_drift(review):
        return None, drift
    steps = plan_writes(held, wanted)
    approval = review.approvals.order_by("-at").first()
    now_digest = states.result_digest(wanted.items())
    if approval is None or approval.digest != now_digest:
        raise Refusal("The approval is over other bytes than these decisions give: reopen and approve again.")
    with transaction.atomic():
        review.runs.filter(state=State.PLANNED).update(state=State.ABANDONED, ended_at=timezone.now())
        run = ApplyRun.objects.create(
            review=review,
            target=target,
            plan_digest=plan_digest(steps),
            approved_digest=now_digest,
            planned_by=by,
            planned_at=timezone.now(),
        )
        keep_steps(run, steps)
        audit.record(review.workspace, by, "planned applying", run, digest=run.plan_digest, steps=len(steps))
    return run, []


def output_drift(review: Review) -> list[Drift]:
    """Paths of the mirrored output store that differ both from what was reviewed and from what was decided (a run
    that stopped half-way has made some of them equal to the decision already)."""
    seen, now, wanted = shas_of(review.after), shas_now(review.target), decided_store(review)
    return [
        Drift(path, seen.get(path, ""), now.get(path, ""))
        for path in sorted(seen.keys() | now.keys())
        if now.get(path) != seen.get(path) and now.get(path) != wanted.get(path)
    ]


def held_by(store: Store) -> dict[str, Held]:
    """{path: what the mirror holds there}, as plans take it."""
    rows = Memory.objects.filter(store=store).values_list("path", "remote_id", "text__sha256")
    return {path: Held(remote_id, sha) for path, remote_id, sha in rows}


def keep_steps(run: ApplyRun, steps: Iterable[Step]) -> None:
    """Stores the steps of a plan; to be called inside the transaction that stores the run."""
    rows = [
        ApplyStep(
            run=run,
            position=step.position,
            op=step.op,
            path=step.path,
            memory_id=step.memory_id,
            expected_sha=step.expected_sha,
            target_sha=step.target_sha,
        )
        for step in steps
    ]
    ApplyStep.objects.bulk_create(rows, batch_size=200)


def wanted_of(run: ApplyRun) -> dict[str, str]:
    """{path: sha256} that a run leaves in its target: what its review decided, or what its manifest holds. Where a
    text of the manifest was purged here, what the mirror has at that path stays."""
    if run.review:
        return decided_store(run.review)
    return restorable(run.manifest_id, run.target, leave=run.snapshot.uncertain_paths if run.snapshot else ())


def restorable(manifest: int | None, target: Store, *, leave: Sequence[str] = ()) -> dict[str, str]:
    """{path: sha256} of a manifest, as it can be made of `target`: a text that was purged here cannot be written, and
    what stood at the paths `leave` is not known, so whatever stands there stays."""
    rows = Entry.objects.filter(manifest=manifest).values_list("path", "text__sha256", "text__purged_at")
    wanted = {path: sha for path, sha, purged_at in rows if purged_at is None}
    open_paths = {*leave, *(path for path, _, purged_at in rows if purged_at is not None)} - wanted.keys()
    now = shas_now(target) if open_paths else {}
    return {**wanted, **{path: now[path] for path in open_paths if path in now}}


def confirm_run(run: ApplyRun, *, digest: str, by: User) -> ApplyRun:
    """Lets a plan run; `digest` must be the one the person was shown. Raises Stale when it is not, when the plan was
    replaced or confirmed meanwhile, or when the decisions are no longer those it was made from."""
    workspace, review = run.target.workspace, run.review
    check_can(by, workspace, "apply_review" if review else "restore_store")
    if digest != run.plan_digest:
        raise Stale("This is not the plan you were shown. Look at the plan again.")
    now = timezone.now()
    try:
        with transaction.atomic():
            if review:
                _begin(review, run)
            moved = ApplyRun.objects.filter(pk=run.pk, state=State.PLANNED).update(
                state=State.CONFIRMED, confirmed_by=by, confirmed_at=now, next_check_at=now
            )
            if not moved:
                raise Stale(GONE_ON)
            verb = "confirmed applying" if review else "confirmed restoring"
            audit.record(workspace, by, verb, run, digest=digest)
            enqueue("apply_run", run.pk)
    except IntegrityError as error:
        raise Stale("Another plan is being written into this store. Wait for its end, then plan again.") from error
    run.refresh_from_db()
    return run


def _begin(review: Review, run: ApplyRun) -> None:
    """Locked, as deciding does: a plan that was being made during a reopening must not outlive it."""
    Review.objects.select_for_update().get(pk=review.pk)
    if states.result_digest(decided_store(review).items()) != run.approved_digest:
        raise Stale("The decisions were changed since this plan was made. Plan again.")
    began = Review.objects.filter(pk=review.pk, state__in=REVIEW_STATES.sources("apply")).update(state=states.APPLYING)
    if not began:
        raise Stale(GONE_ON)


def apply_run(run: ApplyRun) -> None:
    """Carries a confirmed plan out, from wherever it stopped. Two workers do it once: the run is claimed. A step the
    vendor refuses blocks that step; the rest goes on and the run ends as blocked with a true report."""
    active = ApplyRun.objects.filter(state__in=[State.CONFIRMED, State.RUNNING])
    token = claim(active, run.pk, state=State.RUNNING)
    if token is None:
        return
    run.refresh_from_db()
    shas = run.steps.exclude(target_sha="").values_list("target_sha", flat=True)
    workspace = run.target.workspace
    texts = texts_by_sha(workspace, shas)
    bodies = {sha: text.text for sha, text in texts.items() if text.purged_at is None}
    try:
        _look_up(run)
        with watched(workspace) as gateway:
            if not _carry_out(gateway, run, bodies, token):
                return
        sync_store(run.target)
    except (RemoteError, Busy) as error:
        words, wait = "", 2.0
        if isinstance(error, RemoteError):
            words, wait = error.words, error.retry_after or 15
            if isinstance(error, Refused):
                _end(run, token, problem=words)
                return
        release(run, token, problem=words[:500], next_check_at=timezone.now() + timedelta(seconds=wait))
        return
    except Refusal as error:
        _end(run, token, problem=str(error))
        return
    except BaseException:
        release(run, token)
        raise
    _end(run, token)


def _look_up(run: ApplyRun) -> None:
    """Steps found `doing` or `unknown` were interrupted: what the store holds now decides which were done. One that
    was not is sent again; it is still guarded by its precondition."""
    interrupted = list(run.steps.filter(state__in=[StepState.DOING, StepState.UNKNOWN]))
    if not interrupted:
        return
    sync_store(run.target)
    held = _held_versions(run.target)
    for step in interrupted:
        _settle(step, held)
    _tell(interrupted)


def _carry_out(gateway: Gateway, run: ApplyRun, bodies: Mapping[str, str], token: str) -> bool:
    """Takes the steps that are left; False when the claim was lost. A few are marked together before their calls and
    told together after them: three commits for each would take longer than the calls. A process that is killed in
    between leaves them `doing`, to be looked up."""
    left = list(run.steps.exclude(state__in=[StepState.DONE, StepState.BLOCKED]))
    for start in range(0, len(left), CHUNK):
        chunk, begun = left[start : start + CHUNK], 0
        with transaction.atomic():
            if not renew(run, token):
                return False
            run.steps.filter(pk__in=[step.pk for step in chunk]).update(state=StepState.DOING)
        # Purged since the run began: a run may take minutes.
        gone = _purged(run, [step.target_sha for step in chunk])
        bodies = {sha: body for sha, body in bodies.items() if sha not in gone}
        told = monotonic()
        try:
            for begun, step in enumerate(chunk, 1):
                if not ApplyRun.objects.filter(pk=run.pk, claim=token).exists():
                    return False
                _take(gateway, run, step, bodies)
                if monotonic() - told > TOLD_EVERY:
                    if not renew(run, token):
                        return False
                    _tell(chunk[:begun])
                    told = monotonic()
        except (RemoteError, Busy, Refusal):
            _tell(chunk)  # those behind it stand as they did
            raise
        _tell(chunk)
    return True


def _purged(run: ApplyRun, shas: Sequence[str]) -> set[str]:
    rows = Text.objects.filter(workspace=run.target.workspace_id, sha256__in=shas, body=None)
    return set(rows.values_list("sha256", flat=True))


def _take(gateway: Gateway, run: ApplyRun, step: ApplyStep, bodies: Mapping[str, str]) -> None:
    """One step: called, and what came of it noted on the step. What the vendor refuses blocks this step alone, unless
    it is the key that is refused."""
    if step.target_sha and step.target_sha not in bodies:
        step.state = StepState.BLOCKED
        step.problem = "The text that this memory was to hold was purged here, so it cannot be written any more."
        return
    try:
        step.state = StepState.DOING
        _done(step, _write(gateway, run.target.remote_id, step, bodies))
    except (PreconditionFailed, PathConflict) as error:
        # A write that was given up on may have come late: then what stands there is what was decided.
        sync_store(run.target)
        if not _settle(step, _held_versions(run.target)):
            step.state, step.problem = StepState.BLOCKED, error.words[:500]
    except RemoteError as error:
        if isinstance(error, NotFound) and step.op == "delete":
            _done(step, "")
        elif isinstance(error, Refused) and not isinstance(error, KeyRefused | NotAllowed):
            step.state, step.problem = StepState.BLOCKED, error.words[:500]
        else:
            step.state = StepState.UNKNOWN if error.maybe_done else StepState.PLANNED
            step.problem = error.words[:500]
            raise


def _write(gateway: Gateway, store_id: str, step: ApplyStep, bodies: Mapping[str, str]) -> str:
    if step.op == "create":
        return gateway.create_memory(store_id, step.path, bodies[step.target_sha]).version_id
    if step.op == "update":
        content = bodies[step.target_sha]
        return gateway.update_memory(
            store_id, step.memory_id, content=content, expected_sha256=step.expected_sha
        ).version_id
    gateway.delete_memory(store_id, step.memory_id, expected_sha256=step.expected_sha)
    return ""


def _held_versions(store: Store) -> dict[str, tuple[str, str]]:
    """{memory id, and path as well: (sha256, version id)} of the mirror."""
    rows = Memory.objects.filter(store=store).values_list("remote_id", "path", "text__sha256", "version_id")
    return {key: (sha, version) for remote_id, path, sha, version in rows for key in (remote_id, path)}


def _settle(step: ApplyStep, held: Mapping[str, tuple[str, str]]) -> bool:
    """Whether the step was done after all, by what the store holds."""
    sha, version_id = held.get(step.memory_id or step.path, ("", ""))
    if sha != step.target_sha:
        return False
    _done(step, version_id)
    return True


def _done(step: ApplyStep, version_id: str) -> None:
    step.state, step.done_at, step.version_id, step.problem = StepState.DONE, timezone.now(), version_id, ""


def _tell(steps: Sequence[ApplyStep]) -> None:
    # As an upsert: all rows in one plain statement; bulk_update builds four conditions for each of them.
    ApplyStep.objects.bulk_create(
        steps,
        update_conflicts=True,
        unique_fields=["run", "position"],
        update_fields=["state", "done_at", "version_id", "problem"],
    )


def _end(run: ApplyRun, token: str, problem: str = "") -> None:
    """Ends a run: done when the store is what was wanted, path by path; else blocked, and the review is approved again
    so that a person may look and plan anew."""
    wanted, now = wanted_of(run), shas_now(run.target)
    off = sorted(path for path in wanted.keys() | now.keys() if wanted.get(path) != now.get(path))
    ok = not off and not problem
    if not ok and not problem:
        what = "what was decided" if run.review else "what they were to be"
        problem = f"{len(off)} of the store's memories are not {what}, first {off[0]}."
    with transaction.atomic():
        state = State.DONE if ok else State.BLOCKED
        ended = {"state": state, "ended_at": timezone.now(), "next_check_at": None, "problem": problem[:500]}
        if not release(run, token, **ended):
            return
        if run.review:
            step = "finish_applying" if ok else "stop_applying"
            Review.objects.filter(pk=run.review.pk, state__in=REVIEW_STATES.sources(step)).update(
                state=REVIEW_STATES.target(step)
            )
        if ok:
            freeze(run.target, Snapshot.Why.AFTER_APPLY if run.review else Snapshot.Why.AFTER_RESTORE)
        done, failed = ENDS[ApplyRun.Mode(run.mode)]
        thing = run.review or run.target
        audit.record(run.target.workspace, run.confirmed_by, done if ok else failed, thing, run=run.pk, off=len(off))


def make_current(review: Review, *, by: User) -> StoreLine:
    """Makes the store of an applied review the current one of its line: what new dreams, the store page and new
    sessions start from. For lines that no deployment mounts; attaching does the same by itself."""
    check_can(by, review.workspace, "attach_store")
    if review.state != states.APPLIED:
        raise Refusal("Only the store of an applied review can become the current one.")
    store, line = review.target, review.line
    if not store.writable:
        raise Refusal("The reviewed store was archived or deleted meanwhile: it cannot become the current one.")
    was = line.current_store
    with transaction.atomic():
        StoreLine.objects.filter(pk=line.pk).update(current_store=store)
        was_id = was.remote_id if was else ""
        audit.record(review.workspace, by, "made store current", store, store=store.remote_id, was=was_id)
    line.refresh_from_db()
    return line
