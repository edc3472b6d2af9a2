"""The states of a dream on our side, from the request to its end; the vendor's own status is kept apart."""

from dreams.rules.states import StateTable, step

REQUESTED, SNAPSHOTTING, LAUNCHING, UNKNOWN = "requested", "snapshotting", "launching", "unknown"
PENDING, RUNNING = "pending", "running"
COMPLETED, FAILED, CANCELED, NOT_CREATED = "completed", "failed", "canceled", "not_created"

BEFORE_LAUNCH = frozenset({REQUESTED, SNAPSHOTTING})
FOLLOWED = frozenset({PENDING, RUNNING})
FINAL = frozenset({COMPLETED, FAILED, CANCELED, NOT_CREATED})
UNFINISHED = BEFORE_LAUNCH | FOLLOWED | {LAUNCHING, UNKNOWN}

DREAM_STATES = StateTable(
    noun="dream",
    words={
        REQUESTED: "Queued",
        SNAPSHOTTING: "Reading the store",
        LAUNCHING: "Starting",
        UNKNOWN: "Start unconfirmed",
        PENDING: "Queued",
        RUNNING: "Dreaming…",
        COMPLETED: "Completed",
        FAILED: "Failed",
        CANCELED: "Canceled",
        NOT_CREATED: "Not started",
    },
    steps=(
        step("claim_snapshot", {REQUESTED}, SNAPSHOTTING),
        step("snapshot_later", {SNAPSHOTTING}, REQUESTED),
        step("claim_launch", {SNAPSHOTTING}, LAUNCHING),
        step("launch_later", {LAUNCHING}, SNAPSHOTTING),
        step("lose_answer", {LAUNCHING}, UNKNOWN),
        step("accept", {LAUNCHING, UNKNOWN}, PENDING),
        step("give_up", {REQUESTED, SNAPSHOTTING, LAUNCHING, UNKNOWN}, NOT_CREATED),
        step("run", {PENDING}, RUNNING),
        step("complete", {PENDING, RUNNING}, COMPLETED),
        step("fail", {PENDING, RUNNING}, FAILED),
        step("cancel", {PENDING, RUNNING}, CANCELED),
    ),
    final=FINAL,
)


def step_for_status(status: str) -> str | None:
    """The step that a vendor status asks for; None for "pending" and for a status nobody knows yet."""
    return {RUNNING: "run", COMPLETED: "complete", FAILED: "fail", CANCELED: "cancel"}.get(status)
