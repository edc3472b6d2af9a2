"""The words for what a session reports about itself: how it stopped, what failed, what it used, how outcomes stand."""

from collections.abc import Mapping
from typing import Any

# Outcome results the vendor documents: the badge's shape, and the word. New ones pass through as they came.
OUTCOME_RESULTS = {
    "asked": ("planned", "Asked for"),
    "pending": ("pending", "Not begun"),
    "running": ("running", "Running"),
    "evaluating": ("running", "Being evaluated"),
    "satisfied": ("satisfied", "Satisfied"),
    "needs_revision": ("stale", "Needs revision"),
    "max_iterations_reached": ("stale", "Gave up"),
    "failed": ("failed", "Failed"),
    "interrupted": ("canceled", "Interrupted"),
}
SESSION_STATUSES = {
    "idle": ("done", "Idle"),
    "running": ("running", "Running"),
    "rescheduling": ("pending", "Rescheduled"),
    "terminated": ("inactive", "Ended"),
}
# What still may write into the stores it mounts.
STILL_RUNNING = frozenset({"running", "rescheduling"})


def outcome_badge(result: str) -> tuple[str, str]:
    """(slug of the badge, word) of an outcome's result."""
    return OUTCOME_RESULTS.get(result, ("unknown", result.replace("_", " ").capitalize() or "Unknown"))


def status_badge(status: str) -> tuple[str, str]:
    """(slug of the badge, word) of a session's status."""
    return SESSION_STATUSES.get(status, ("unknown", status.replace("_", " ").capitalize() or "Unknown"))


def outcome_words(result: str, iteration: int) -> str:
    """An outcome in a few words; `iteration` counts from 0."""
    rounds = f"{iteration + 1} iteration{'' if iteration == 0 else 's'}"
    return {
        "satisfied": f"satisfied after {rounds}",
        "needs_revision": f"not satisfied yet after {rounds}",
        "max_iterations_reached": f"not satisfied: gave up after {rounds}",
        "failed": "outcome failed",
        "interrupted": "outcome interrupted",
        "pending": "outcome not begun",
        "running": "working on its outcome",
        "evaluating": "outcome being evaluated",
    }.get(result, f"outcome {result.replace('_', ' ')}")


def idle_words(reason: Mapping[str, Any], details: Mapping[str, Any]) -> tuple[str, bool]:
    """Why a session stopped for now, and whether somebody should look."""
    kind = reason.get("type")
    if kind == "refusal":
        said = ": ".join(part for part in (_text(details, "category"), _text(details, "explanation")) if part)
        return f"Refused to go on{f' ({said})' if said else ''}.", True
    if kind == "requires_action":
        calls = reason.get("event_ids")
        waiting = len(calls) if isinstance(calls, list) else 0
        return f"Waits for a person: {waiting or 'some'} tool call{'' if waiting == 1 else 's'} to answer.", True
    known = {
        "end_turn": ("Ended its turn.", False),
        "retries_exhausted": ("Stopped: its retries are used up.", True),
        "budget_reached": ("Stopped: its budget is used up.", True),
    }
    if isinstance(kind, str) and kind in known:
        return known[kind]
    return f"Went idle{f' ({kind})' if isinstance(kind, str) and kind else ''}.", False


def failure_words(error: Mapping[str, Any]) -> str:
    """An error event in one line, and whether it is tried again."""
    kind = _text(error, "type").removesuffix("_error").replace("_", " ")
    message = _text(error, "message")
    retry = error.get("retry_status")
    again = _text(retry, "type") if isinstance(retry, Mapping) else ""
    then = {
        "retrying": " It is tried again.",
        "exhausted": " The retries are used up.",
        "terminal": " It is not tried again.",
    }
    return f"Error{f', {kind}' if kind else ''}{f': {message}' if message else '.'}{then.get(again, '')}"


def usage_words(usage: Mapping[str, Any]) -> str:
    """The tokens so far in one line; "" for none."""
    told = [
        f"{count:,} tokens {word}"
        for key, word in (
            ("input_tokens", "in"),
            ("output_tokens", "out"),
            ("cache_read_input_tokens", "from the cache"),
        )
        if (count := _count(usage.get(key)))
    ]
    return f"So far {', '.join(told)}." if told else ""


def span(seconds: float) -> str:
    """A length of time in two units at most: "42 s", "4 min 10 s", "1 h 12 min", "2 d 3 h"."""
    whole = max(0, round(seconds))
    for unit, name, below, small in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= unit:
            rest = whole % unit // below
            return f"{whole // unit} {name}{f' {rest} {small}' if rest else ''}"
    return f"{whole} s"


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
