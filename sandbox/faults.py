"""Faults on demand: what to do wrong, for which requests, how many times."""

import fnmatch
import json
import threading
from dataclasses import dataclass

from starlette.responses import Response

from sandbox.wire import Fields, refused

KINDS = ("status", "reset", "slow", "malformed", "drop_after_commit")
BODIES = ("empty_object", "html", "bad_json", "repeat_cursor")
REPEATED = "page_cmVwZWF0ZWQ="  # the cursor that leads to the page it came from
ALWAYS = UNSAID = -1
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


@dataclass
class Fault:
    """One rule: `times` counts down to 0, where it ends."""

    method: str
    path: str
    kind: str
    times: int
    status: int
    retry_after: float
    seconds: float
    body: str

    def matches(self, method: str, path: str) -> bool:
        """Whether the rule still applies and speaks of this request."""
        return self.times != 0 and self.method in ("*", method) and fnmatch.fnmatchcase(path, self.path)

    def spoil(self, reply: Response) -> Response:
        """What a "malformed" rule sends, with status 200, instead of the handler's answer."""
        if self.body == "html":
            return Response("<html><body><h1>502 Bad Gateway</h1></body></html>", media_type="text/html")
        half = bytes(getattr(reply, "body", b"{"))
        text = {"empty_object": b"{}", "bad_json": half[: max(1, len(half) // 2)]}
        return Response(text[self.body], media_type="application/json")


class Faults:
    """The list of rules; the first that matches a request is used up by it."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._lock = threading.Lock()

    def replace(self, text: bytes) -> None:
        """Put the rules of a JSON list in place of all others; 400 (ApiError) when one is not legal."""
        try:
            rules = Fields({"faults": json.loads(text)}).objects("faults")
        except ValueError:
            raise refused("faults: not valid JSON") from None
        parsed = [parse_fault(rule) for rule in rules]
        with self._lock:
            self._rules = parsed

    def take(self, method: str, path: str) -> Fault | None:
        """The rule for this request, its count lowered by one, or None."""
        with self._lock:
            rule = next((rule for rule in self._rules if rule.matches(method, path)), None)
            if rule and rule.times > 0:
                rule.times -= 1
            return rule


def parse_fault(fields: Fields) -> Fault:
    """A rule; only `kind` is required, `times` is 1 unless said (null = until the list is replaced)."""
    fault = Fault(
        method=fields.maybe_text("method") or "*",
        path=fields.maybe_text("path") or "*",
        kind=fields.choice("kind", KINDS),
        times=int(fields.number("times", ALWAYS if fields.has("times") else 1)),
        status=int(fields.number("status", 500)),
        retry_after=fields.number("retry_after", UNSAID),
        seconds=fields.number("seconds", 5),
        body=fields.choice("body", BODIES, "empty_object"),
    )
    fields.done()
    return fault
