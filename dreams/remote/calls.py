"""One call to the vendor: a token from the bucket, one request, an answer that is checked or an error."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2

from dreams.remote import errors, refusals, transport
from dreams.remote.bucket import Bucket
from dreams.remote.fields import LONE_SURROGATES, Fields, ShapeError, decode, page

if TYPE_CHECKING:
    from anthropic.resources.beta.beta import Beta

T = TypeVar("T")

VENDOR_ID = re.compile(r"[\w-]{1,200}")
"""Addresses are built from ids, which may come from a reader's address bar."""
MAX_PAGES = 10_000
"""A list longer than this is taken for one that never ends."""


class Caller:
    """What all calls of one key have in common; `Gateway` adds the calls."""

    def __init__(
        self, key: str, *, base_url: str | None = None, bucket: Bucket | None = None, deadline: float = 20.0
    ) -> None:
        self._key = key.strip()
        self._base_url = base_url
        self._bucket = bucket
        self._deadline = deadline

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(base_url={self._base_url!r})"

    @property
    def _beta(self) -> "Beta":
        if not re.fullmatch(r"[!-~]+", self._key):
            raise errors.KeyMissing()
        try:
            return transport.client_for(self._key, self._base_url).beta
        except (httpx2.InvalidURL, ValueError):
            raise errors.Unreachable("the base URL is not a URL") from None

    def _send(
        self,
        method: Callable[..., Any],
        *args: str,
        write: bool,
        private: str = "",
        named: Sequence[str] | None = None,
        **given: Any,
    ) -> httpx2.Response:
        """One request, None left out. `private` and `named` as in `refusals.refusal`."""
        given = {name: value for name, value in given.items() if value is not None}
        ids = [*args, *(value for name, value in given.items() if name.endswith("_id"))]
        if not all(VENDOR_ID.fullmatch(id) for id in ids):
            raise errors.Unsendable("an id is empty or holds signs that no id has")
        if LONE_SURROGATES.search(json.dumps([ids, given], ensure_ascii=False, default=str)):
            raise errors.Unsendable("the text holds half a character (a lone surrogate), which is not valid text")
        if self._bucket is not None:
            self._bucket.take()
        failure: errors.RemoteError
        try:
            response = transport.send(method, self._deadline, *args, **given)
        except httpx2.HTTPError as lost:
            failure = refusals.lost(lost, write=write)
        else:
            if response.is_success:
                return response
            failure = refusals.refusal(response, write=write, private=private, key=self._key, named=named)
        raise failure

    def _ask(
        self,
        read: Callable[[Fields], T],
        method: Callable[..., Any],
        *args: str,
        write: bool = False,
        **given: Any,
    ) -> T:
        """One request and its answer through `read`, whose ShapeError becomes Malformed."""
        response = self._send(method, *args, write=write, **given)
        try:
            return read(decode(response.content))
        except ShapeError as wrong:
            detail = str(wrong)
        raise errors.Malformed(
            detail, write=write, status=response.status_code, request_id=refusals.request_id(response)
        )

    def _pages(
        self, read: Callable[[Fields], T], method: Callable[..., Any], *args: str, **given: Any
    ) -> Iterator[list[T]]:
        """The pages of a list, one request each; a cursor that comes twice is Malformed."""
        seen: set[str] = set()
        cursor: str | None = None
        while True:
            items, cursor = self._ask(lambda answer: page(answer, read), method, *args, page=cursor, **given)
            yield items
            if cursor is None:
                return
            if cursor in seen or len(seen) >= MAX_PAGES:
                raise errors.Malformed("a page cursor repeats, or the list never ends")
            seen.add(cursor)

    def _all(self, read: Callable[[Fields], T], method: Callable[..., Any], *args: str, **given: Any) -> list[T]:
        return [item for items in self._pages(read, method, *args, **given) for item in items]
