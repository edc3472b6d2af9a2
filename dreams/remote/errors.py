"""How a call to the vendor fails.

    RemoteError
     ├─ NeverSent       the vendor never heard of it
     │   ├─ Unreachable       connection refused, name not found, TLS refused, no free connection
     │   ├─ BudgetSpent       our own token bucket is empty                       (retry_after)
     │   └─ KeyMissing        no key, or one that cannot be an API key            permanent
     ├─ Refused         the vendor answered and did nothing                       permanent
     │   ├─ BadRequest        400, 422, other 4xx
     │   │   └─ Unsendable    we refused it ourselves                             never_sent
     │   ├─ KeyRefused        401
     │   ├─ NotAllowed        402, 403
     │   ├─ NotFound          404
     │   ├─ NotEnrolled       404 on creating or listing dreams
     │   ├─ PathConflict      409 (conflicting_memory_id, conflicting_path)
     │   ├─ PreconditionFailed 409, 412
     │   ├─ Conflict          any other 409
     │   └─ TooLarge          413
     ├─ Later           the vendor answered "not now" and did nothing
     │   └─ RateLimited       429                                                 (retry_after)
     ├─ Unclear         nobody can say whether it was done                        maybe_done for writes
     │   ├─ TimedOut          our total deadline, or 408
     │   ├─ Dropped           the connection was lost after sending
     │   ├─ ServerFailed      5xx, 529                                            (retry_after)
     │   └─ Malformed         HTML, bad JSON, `{}`, a missing field, a repeated cursor, a wrong sha256
     └─ VersionGap      the version looked for is no longer in the list: walk the whole store

`permanent`: asking the same again is useless. `maybe_done`: a write may have happened, so look before
asking again (a read is never maybe_done). `never_sent`: certainly nothing happened. Retrying is the caller's,
by rows.
"""


class RemoteError(Exception):
    """A call to the vendor that brought no answer we can use.

    `status` and `type` are the vendor's HTTP status and error type (None and "" when it did not answer),
    `retry_after` is in seconds, `request_id` is what its support asks for. `str()` and `.words` never hold
    the key, nor any text of a memory.
    """

    permanent: bool = False
    maybe_done: bool = False
    never_sent: bool = False
    sentence: str = "The call to the API failed."

    def __init__(
        self,
        detail: str = "",
        *,
        status: int | None = None,
        type: str = "",
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        self.detail = detail
        self.status = status
        self.type = type
        self.request_id = request_id
        self.retry_after = retry_after
        super().__init__(detail)

    def __str__(self) -> str:
        about = " ".join(part for part in (str(self.status or ""), self.type, self.request_id) if part)
        name = f"{self.__class__.__name__}[{about}]" if about else self.__class__.__name__
        return f"{name}: {self.detail}" if self.detail else name

    @property
    def words(self) -> str:
        """One English sentence (two at most) that a person can act on."""
        reference = f" (request {self.request_id})" if self.request_id else ""
        detail = f" It said: “{self.detail}”" if self.detail and self.status else ""
        return f"{self.sentence}{detail}{reference}"


class NeverSent(RemoteError):
    never_sent = True


class Unreachable(NeverSent):
    sentence = "The API could not be reached, so nothing was sent; check the network and the base URL."


class BudgetSpent(NeverSent):
    @property
    def words(self) -> str:
        """Says in how many seconds the budget has room again."""
        wait = f" in {max(1, round(self.retry_after))} s" if self.retry_after is not None else " shortly"
        return f"This dashboard's own share of the API's rate limit is used up; it goes on by itself{wait}."


class KeyMissing(NeverSent):
    permanent = True
    sentence = "There is no usable API key for this workspace; enter one in the workspace's settings."


class Refused(RemoteError):
    permanent = True


class BadRequest(Refused):
    sentence = "The API refused the request as invalid, and nothing was changed."


class Unsendable(BadRequest):
    """Refused by us before sending."""

    never_sent = True

    @property
    def words(self) -> str:
        """Says what cannot be sent."""
        return f"This cannot be sent to the API: {self.detail}."


class KeyRefused(Refused):
    sentence = "The API does not accept this workspace's key; enter a valid one in the workspace's settings."


class NotAllowed(Refused):
    sentence = "The API does not allow this key to do that (its permission or its organisation's billing)."


class NotFound(Refused):
    sentence = "The API does not find it: it was deleted, or it belongs to another workspace."


class NotEnrolled(Refused):
    sentence = (
        "The API offers no dreams to this key: the organisation is not enrolled in the dreaming preview. "
        "Everything else keeps working."
    )


class PathConflict(Refused):
    """`conflicting_memory_id` and `conflicting_path` name the memory in the way ("" when not told)."""

    sentence = "Another memory is in the way of that path, and nothing was changed."

    def __init__(
        self,
        detail: str = "",
        *,
        conflicting_memory_id: str = "",
        conflicting_path: str = "",
        status: int | None = None,
        type: str = "",
        request_id: str = "",
    ) -> None:
        self.conflicting_memory_id = conflicting_memory_id
        self.conflicting_path = conflicting_path
        super().__init__(detail, status=status, type=type, request_id=request_id)


class PreconditionFailed(Refused):
    sentence = "The memory was changed by somebody else meanwhile, so nothing was written; look at it again."


class Conflict(Refused):
    sentence = "The API refused this because of something else that is going on, and nothing was changed."


class TooLarge(Refused):
    sentence = "The API refused this as too large, and nothing was changed."


class Later(RemoteError):
    pass


class RateLimited(Later):
    sentence = "The API asks to slow down; nothing was done, and it is tried again later."


class Unclear(RemoteError):
    """No usable answer; with `write=True` nobody can say whether it was done."""

    uncertain = "Whether it was done is not known yet: it is looked up before anything is sent again."

    def __init__(
        self,
        detail: str = "",
        *,
        write: bool = False,
        status: int | None = None,
        type: str = "",
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail, status=status, type=type, request_id=request_id, retry_after=retry_after)
        self.maybe_done = write

    @property
    def words(self) -> str:
        """The sentence of what happened, and for a write that its result is unknown."""
        reference = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.sentence}{' ' + self.uncertain if self.maybe_done else ''}{reference}"


class TimedOut(Unclear):
    sentence = "The API did not answer in time."


class Dropped(Unclear):
    sentence = "The connection to the API was lost before its answer came."


class ServerFailed(Unclear):
    sentence = "The API had an internal failure."


class Malformed(Unclear):
    sentence = "What answered does not look like the API (a proxy, an outage page, or a changed format)."


class VersionGap(RemoteError):
    sentence = "The store's version list no longer reaches back to what is known, so all of it is read again."
