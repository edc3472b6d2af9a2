"""One HTTP request to the vendor: a total deadline, no retries, nothing from the environment but proxies."""

import hashlib
import ipaddress
import logging
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpcore2
import httpx2

if TYPE_CHECKING:
    import anthropic

CONNECT_SECONDS = 5.0
LIMITS = httpx2.Limits(max_connections=50, max_keepalive_connections=10, keepalive_expiry=30.0)

_ends_at: ContextVar[float] = ContextVar("ends_at")
_clients: dict[tuple[str, str, int], "anthropic.Anthropic"] = {}
_clients_lock = threading.Lock()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Everything that this thread sends and receives inside ends `seconds` from now, however it drips."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def _left(timeout: float | None, too_late: type[Exception]) -> float | None:
    ends_at = _ends_at.get(None)
    if ends_at is None:
        return timeout
    left = ends_at - time.monotonic()
    if left <= 0:
        raise too_late("total deadline")
    return left if timeout is None else min(timeout, left)


class _Stream(httpcore2.NetworkStream):
    """A socket whose every wait is cut to what is left of the deadline.

    httpx's time-outs are per read: a peer that sends one byte a second, in the headers or in the body, would
    hold the thread for ever. Only the socket sees both.
    """

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore2.NetworkBackend):
    """Opens sockets that obey the deadline."""

    def __init__(self) -> None:
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._inner.connect_tcp(host, port, left, local_address, socket_options))


def is_loopback(base_url: str) -> bool:
    """Whether `base_url` points at this machine: no proxy must ever see such a request."""
    host = (urlsplit(base_url).hostname or "").lower()
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@cache
def _tls(trust_env: bool) -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=trust_env)  # 40 ms to make, and good for all


def _http_client(base_url: str) -> httpx2.Client:
    # Proxies and certificates of the environment only off this machine. No redirects: the key must not
    # follow to another host.
    off_machine = not is_loopback(base_url)
    client = httpx2.Client(verify=_tls(off_machine), trust_env=off_machine, limits=LIMITS, follow_redirects=False)
    for transport in [client._transport, *client._mounts.values()]:
        if isinstance(transport, httpx2.HTTPTransport):
            # No public way to hand a backend to a transport; a test with dripping headers holds this line.
            transport._pool._network_backend = _Backend()
    return client


def client_for(key: str, base_url: str | None) -> "anthropic.Anthropic":
    """The SDK's client for this key and address, one per process, so that connections are reused.

    Raises httpx2.InvalidURL or ValueError when `base_url` is no URL. The SDK is imported here and not above because it
    costs 1.3 s and 67 MB, which a process that never calls should not pay.
    """
    import anthropic

    url = base_url or os.environ.get("ANTHROPIC_BASE_URL") or "https://api.anthropic.com"
    slot = (url, hashlib.sha256(key.encode()).hexdigest(), os.getpid())
    with _clients_lock:
        client = _clients.get(slot)
        if client is None or client.is_closed():
            sdk_log = logging.getLogger("anthropic")
            if sdk_log.getEffectiveLevel() < logging.INFO:
                sdk_log.setLevel(logging.INFO)  # its debug lines hold whole request bodies: memory texts
            client = anthropic.Anthropic(
                api_key=key, base_url=url, max_retries=0, http_client=_http_client(url), open_telemetry=False
            )
            client._custom_headers = {}  # what ANTHROPIC_CUSTOM_HEADERS put there, another key perhaps
            _clients[slot] = client
    return client


def close_clients() -> None:
    """Close every connection of this process; the next call opens new ones."""
    with _clients_lock:
        while _clients:
            _clients.popitem()[1].close()


def send(method: Callable[..., Any], seconds: float, *args: Any, **given: Any) -> httpx2.Response:
    """Call one of the SDK's `with_raw_response` methods; its whole answer, whatever the status was.

    Raises httpx2's own exceptions when no answer came.
    """
    import anthropic

    timeout = httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
    try:
        with deadline(seconds):
            response: httpx2.Response = method(*args, **given, timeout=timeout).http_response
            return response
    except anthropic.APIStatusError as refused:
        return refused.response
    except anthropic.APIConnectionError as lost:
        failure = lost.__cause__
    # Raised outside the handler, so that no chained exception carries a response body into a log.
    raise failure if failure is not None else httpx2.ReadError("no answer")
