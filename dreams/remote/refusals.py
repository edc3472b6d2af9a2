"""Which error an answer, or the lack of one, is; and what of the vendor's own words may be repeated."""

import json
import math
import re
import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from dreams.remote import errors

QUOTED = 300
"""Characters of the vendor's message that are kept."""
ECHO = 12
"""A message that repeats so many characters in a row of a memory's text is withheld."""
NEVER_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)
BY_STATUS: dict[int, type[errors.Refused]] = {
    401: errors.KeyRefused,
    402: errors.NotAllowed,
    403: errors.NotAllowed,
    404: errors.NotFound,
    409: errors.Conflict,
    412: errors.PreconditionFailed,
    413: errors.TooLarge,
}


def request_id(response: httpx2.Response) -> str:
    """What the vendor's support asks for, "" when there is none."""
    given = response.headers.get("request-id", "")
    return given if re.fullmatch(r"[\w.-]{1,80}", given) else ""


def retry_after(response: httpx2.Response) -> float | None:
    """Seconds from now, from `retry-after-ms` or `retry-after` (seconds or a date), at most a day."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        given = response.headers.get(name)
        if given is None:
            continue
        try:
            seconds = float(given) * scale
        except ValueError:
            try:
                seconds = parsedate_to_datetime(given).timestamp() - time.time()
            except (ValueError, OverflowError):
                continue
        if math.isfinite(seconds):
            return min(max(seconds, 0.0), 86_400.0)
    return None


def quotable(message: Any, *, private: str, key: str) -> str:
    """The vendor's message on one line, without control characters, the key, or an echo of `private`."""
    if not isinstance(message, str):
        return ""
    text = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    text = re.sub(r"sk-ant-[\w-]+", "…", text.replace(key, "…") if key else text)[:QUOTED]
    words = " ".join(private.split())
    size = min(ECHO, len(words))
    if size and any(text[at : at + size] in words for at in range(len(text) - size + 1)):
        return ""
    return text


def envelope(response: httpx2.Response) -> dict[str, Any]:
    """The `error` object of the vendor's error body, {} when there is none."""
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def refusal(
    response: httpx2.Response, *, write: bool, private: str, key: str, named: Sequence[str] | None
) -> errors.RemoteError:
    """The error of an answer whose status is not 2xx.

    `private` is memory text that was sent; `named` the ids that a 404 may be about, or None when a 404 can
    only be about the thing asked for: a key without the dreaming preview gets a plain 404 there.
    """
    status = response.status_code
    error = envelope(response)
    kind = error["type"] if isinstance(error.get("type"), str) else ""
    message = quotable(error.get("message"), private=private, key=key)
    about: dict[str, Any] = {"status": status, "type": kind[:80], "request_id": request_id(response)}
    if status == 429:
        return errors.RateLimited(message, retry_after=retry_after(response), **about)
    if status == 408:
        return errors.TimedOut(message, write=write, **about)
    if status >= 500:
        return errors.ServerFailed(message, write=write, retry_after=retry_after(response), **about)
    if status < 400 or (not error and status != 413 and _is_page(response)):
        # A redirect, or somebody else's error page: a proxy's 404 must not read as "deleted".
        return errors.Malformed("not an answer of the API", write=write, **about)
    if kind == "memory_path_conflict_error":
        in_the_way, where = error.get("conflicting_memory_id"), error.get("conflicting_path")
        return errors.PathConflict(
            message,
            conflicting_memory_id=in_the_way if isinstance(in_the_way, str) else "",
            conflicting_path=where if isinstance(where, str) else "",
            **about,
        )
    if kind == "memory_precondition_failed_error":
        return errors.PreconditionFailed(message, **about)
    if named is not None and _not_enrolled(status, error, message, named):
        return errors.NotEnrolled(message, **about)
    return BY_STATUS.get(status, errors.BadRequest)(message, **about)


def _is_page(response: httpx2.Response) -> bool:
    return "html" in response.headers.get("content-type", "") or response.content.lstrip()[:1] == b"<"


def _not_enrolled(status: int, error: dict[str, Any], message: str, named: Sequence[str]) -> bool:
    details = error.get("details")
    if isinstance(details, dict) and details.get("error_code") == "organization_not_enrolled_in_beta":
        return True
    about_input = re.search(r"memory[ _]store|session", message, re.I) or any(id in message for id in named)
    return status == 404 and not about_input


def lost(failure: BaseException, *, write: bool) -> errors.RemoteError:
    """The error of a request that brought no whole answer, from what httpx2 raised."""
    if isinstance(failure, NEVER_SENT):
        return errors.Unreachable(quotable(str(failure), private="", key=""))
    if isinstance(failure, httpx2.TimeoutException):
        return errors.TimedOut(failure.__class__.__name__, write=write)
    if isinstance(failure, httpx2.DecodingError):
        return errors.Malformed("the answer's encoding is broken", write=write)
    return errors.Dropped(failure.__class__.__name__, write=write)
