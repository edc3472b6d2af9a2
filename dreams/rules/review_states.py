"""The states of a review, of one change in it, and what blocks the approval."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from dreams.rules.states import StateTable, step

OPEN, APPROVED, APPLYING, APPLIED = "open", "approved", "applying", "applied"
DISCARDED, SUPERSEDED, ROLLED_BACK = "discarded", "superseded", "rolled_back"
ACTIVE = frozenset({OPEN, APPROVED, APPLYING})

REVIEW_STATES = StateTable(
    noun="review",
    words={
        OPEN: "Needs review",
        APPROVED: "Approved",
        APPLYING: "Applying",
        APPLIED: "Applied",
        DISCARDED: "Discarded",
        SUPERSEDED: "Superseded",
        ROLLED_BACK: "Rolled back",
    },
    steps=(
        step("approve", {OPEN}, APPROVED),
        step("reopen", {APPROVED}, OPEN),
        step("apply", {APPROVED}, APPLYING),
        step("stop_applying", {APPLYING}, APPROVED),
        step("finish_applying", {APPLYING}, APPLIED),
        step("discard", {OPEN, APPROVED}, DISCARDED),
        step("supersede", {OPEN, APPROVED}, SUPERSEDED),
        step("roll_back", {APPLIED}, ROLLED_BACK),
        step("attach_again", {ROLLED_BACK}, APPLIED),
    ),
    final=frozenset({DISCARDED, SUPERSEDED}),
)

UNCHANGED, UNDECIDED, ACCEPTED, KEPT, EDITED = "unchanged", "undecided", "accepted", "kept", "edited"
# It was decided, and what that was about is not the same any more.
ANOTHER_LOOK = "another_look"
CHANGE_WORDS = {
    UNCHANGED: "Unchanged",
    UNDECIDED: "Undecided",
    ANOTHER_LOOK: "Needs another look",
    ACCEPTED: "Accepted",
    KEPT: "Kept original",
    EDITED: "Edited",
}
OUTCOMES = (ACCEPTED, KEPT, EDITED)
# Those that ask for a decision.
WAITING = (UNDECIDED, ANOTHER_LOOK)

# What the store that was read did meanwhile, beside what the dream did: see rules.merge.
DRIFT_ONLY, BOTH_SAME, MERGEABLE, CONFLICTING = "drift_only", "both_same", "mergeable", "conflicting"
DRIFT_WORDS = {
    DRIFT_ONLY: "Only the base moved",
    BOTH_SAME: "Both did the same",
    MERGEABLE: "No overlapping edits found",
    CONFLICTING: "Conflict",
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One named condition of an approval: a stable name, whether it holds, and the sentence people read."""

    name: str
    satisfied: bool
    words: str


def approval_requirements(
    *,
    undecided: int,
    starter_approves: bool,
    self_approval_allowed: bool,
    eligible_approvers: int,
    dreamt: bool = True,
    blocked: int = 0,
) -> list[Requirement]:
    """What must hold before this person may approve; self-approval of a dream passes when the workspace allows it and
    there is nobody else who could approve (`eligible_approvers` counts the starter too). Without a dream the starter
    is who opened the review: agents wrote what it judges, so it is enough that the workspace allows it. `blocked`
    counts accepted changes that a check blocks."""
    decided = Requirement(
        "decided",
        undecided == 0,
        "Every change is decided."
        if undecided == 0
        else f"{undecided} {'change is' if undecided == 1 else 'changes are'} undecided.",
    )
    conditions = [decided]
    if blocked:
        what = "An accepted change is" if blocked == 1 else f"{blocked} accepted changes are"
        words = f"{what} blocked by a check: edit it out or keep the original."
        conditions.append(Requirement("checks", False, words))
    if not dreamt:
        return [*conditions, _opener(starter_approves, self_approval_allowed)]
    if not starter_approves:
        return [*conditions, Requirement("four_eyes", True, "You did not start this dream.")]
    alone = self_approval_allowed and eligible_approvers <= 1
    if alone:
        words = "You started this dream and approve it yourself: nobody else here may approve."
    elif self_approval_allowed:
        words = "You started this dream: one of the other reviewers has to approve it."
    else:
        words = "You started this dream, and this workspace does not let starters approve."
    return [*conditions, Requirement("four_eyes", alone, words)]


def _opener(opener_approves: bool, self_approval_allowed: bool) -> Requirement:
    if not opener_approves:
        return Requirement("four_eyes", True, "You did not open this review.")
    if self_approval_allowed:
        return Requirement("four_eyes", True, "You opened this review of what agents wrote, and may approve it.")
    words = "You opened this review, and this workspace does not let people approve what they started."
    return Requirement("four_eyes", False, words)


def result_digest(results: Iterable[tuple[str, str]]) -> str:
    """The digest that an approval is a vote over: every (path, sha256) of the store as decided, sorted by path."""
    digest = sha256()
    for path, sha in sorted(results):
        digest.update(f"{path}\0{sha}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def seen_digest(key: str, drift: Iterable[tuple[str, str]]) -> str:
    """The digest of what a person decides on: a change's own key and, where the base moved under it, every (path,
    sha256 now) of that; the key alone where nothing did."""
    moved = sorted(drift)
    return result_digest([(key, ""), *moved]) if moved else key


def next_undecided(states: Sequence[tuple[int, str]], after: int) -> int | None:
    """The id of the next change that waits behind `after` in the order given, else the first; None when none does."""
    ids = [id for id, _ in states]
    start = ids.index(after) + 1 if after in ids else 0
    for id, state in [*states[start:], *states[:start]]:
        if state in WAITING and id != after:
            return id
    return None
