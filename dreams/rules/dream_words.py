"""What each state of a dream means for the person who reads it, what happens next, and why a dream failed."""

from dreams.rules import dream_states as states

# The vendor's error types as documented; the list is open.
_FAILURES = {
    "timeout": "It took longer than the vendor allows. Fewer sessions or a smaller store may fit.",
    "internal_error": "The vendor had an internal failure. Nothing is wrong with the store; you may start it again.",
    "memory_store_org_limit_exceeded": (
        "Your organisation has as many memory stores as the vendor allows, and a dream needs room for one more. "
        "Delete stores that nobody mounts, then start it again."
    ),
    "input_memory_store_too_large": "The store is larger than the vendor dreams over. Remove or split memories first.",
    "input_memory_store_unavailable": "The store was archived or deleted while the dream ran.",
    "input_session_unavailable": "A session it was to read was deleted while the dream ran. Start again without it.",
}

# A dream told to update the existing store has no copy: there, nothing may claim that agents read the old.
_INTO_ITSELF = {
    states.RUNNING: "The vendor reads the sessions and rewrites the store itself, not a copy: agents that mount it "
    "see each change at once.",
    states.COMPLETED: "The vendor rewrote the store itself, not a copy: agents that mount it already read the new "
    "memories.",
    states.FAILED: "The dream ended before it was done.",
    states.CANCELED: "The dream was canceled before it was done.",
}


def state_words(state: str, *, snapshot_taken: bool = False, updates_existing: bool = False) -> str:
    """One or two sentences: what is going on, and what happens next without anybody's doing."""
    if state == states.SNAPSHOTTING and snapshot_taken:
        return "The store as it stands now is kept for comparison. The dream is sent next."
    if updates_existing and state in _INTO_ITSELF:
        return _INTO_ITSELF[state]
    return {
        states.REQUESTED: "Your request is saved. The store is read first, so that you can compare afterwards; then "
        "the dream is sent to the vendor.",
        states.SNAPSHOTTING: "Every memory of the store is being read, so that you can compare afterwards. Nothing "
        "was sent to the vendor yet.",
        states.LAUNCHING: "The dream is being sent to the vendor at this moment.",
        states.UNKNOWN: "The dream was sent, but the vendor's answer never came. It is looked up in the vendor's list "
        "and never sent a second time. If it is not there after half an hour, it counts as not started, and you may "
        "ask again.",
        states.PENDING: "The vendor has accepted the dream and starts it when there is room.",
        states.RUNNING: "The vendor reads the sessions and rewrites a copy of the store. What agents read stays as it "
        "is. This takes minutes to a few hours; you may leave this page.",
        states.COMPLETED: "What the dream wrote stands in a store of its own. Agents read it only once its review was "
        "applied and attached.",
        states.FAILED: "The dream ended before it was done. Nothing that agents read has changed.",
        states.CANCELED: "The dream was canceled before it was done. Nothing that agents read has changed.",
        states.NOT_CREATED: "The dream never began at the vendor. Nothing was changed anywhere.",
    }[state]


def partial_words(*, updates_existing: bool) -> str:
    """The warning beside what a failed or canceled dream left behind."""
    if updates_existing:
        return (
            "This dream wrote into the store itself, so the store may be half rewritten: some memories new, others "
            "still to be merged or already gone. Look at what was written lately before agents rely on it."
        )
    return "It left a copy that is partly rewritten. No agent reads it; it can be looked at, then deleted."


def failure_words(error_type: str, message: str) -> str:
    """Why a dream failed, for a person: the vendor's type in our words, else its own type and message."""
    if known := _FAILURES.get(error_type):
        return known
    named = error_type.replace("_", " ")
    said = f"{named}: {message}" if named and message else named or message
    return f"The vendor says: {said}" if said else "The vendor gave no reason."
