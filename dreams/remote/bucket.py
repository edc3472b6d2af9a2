"""The dashboard's share of the vendor's rate limit: token buckets, one for all processes or one for this."""

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from dreams.remote.errors import BudgetSpent
from dreams.remote.spending import KEPT, MOST_SPENDERS, SLOT, Spent, Tally, slot_of, spender

log = logging.getLogger(__name__)

RATE_PER_MINUTE = 120
"""A tenth of the 1,200 reads a minute that the vendor allows an organisation."""
WAIT_SECONDS = 5.0
AWAY_SECONDS = 5.0
"""After a failure the server is left alone for this long."""

# One script, so that no two processes spend the same token; the server's clock, because theirs differ.
# Who is willing to wait takes a token that is not there yet: the next one waits longer, so that all come in turn.
# (Asking again after each wait let eight first imports starve each other for ever.)
# What was taken is counted by who spent it, in a hash per slot of time that goes by itself.
# {tokens left, negative while calls wait for theirs; calls made; milliseconds until the token taken is there, or,
# negative, would be: none taken}
TAKE = """
local rate, burst, n, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local state = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'used')
local tokens = math.min(burst, (tonumber(state[1]) or burst)
                               + math.max(0, now - (tonumber(state[2]) or now)) * rate / 60000)
local used = tonumber(state[3]) or 0
local wait = math.ceil(math.max(0, n - tokens) * 60000 / rate)
if wait <= patience then
  tokens, used = tokens - n, used + n
  if n > 0 then
    local label = ARGV[5]
    if redis.call('HEXISTS', KEYS[2], label) == 0 and redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[6]) then
      label = ''
    end
    redis.call('HINCRBY', KEYS[2], label, n)
    redis.call('EXPIRE', KEYS[2], ARGV[7])
  end
else
  wait = -wait
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now, 'used', used)
return {math.floor(tokens), used, wait}
"""


@dataclass(frozen=True, slots=True)
class Account:
    """A bucket as it stands: tokens that could be taken now, calls that wait for theirs, and what was spent by whom.
    `shared`: counted for all processes; else only for the one that answers."""

    left: int
    waiting: int
    spent: Spent
    shared: bool


class Bucket(Protocol):
    """Where each call to the vendor takes its token first."""

    rate_per_minute: float
    burst: int

    def take(self, n: int = 1) -> None:
        """Take `n` tokens, waiting a little; BudgetSpent, with `retry_after` in seconds, when there are none."""

    def left(self) -> int:
        """Tokens that could be taken now."""

    def account(self) -> Account:
        """How it stands, without taking anything."""


Ask = Callable[[int, float], tuple[int, int, float]]


def _take(ask: Ask, n: int, patience: float) -> None:
    """Take and wait until it is there; at once BudgetSpent when that would be later than in `patience` seconds."""
    wait = ask(n, patience)[2]
    if wait < 0:
        raise BudgetSpent(retry_after=-wait)
    if wait:
        time.sleep(wait)


class LocalBucket:
    """A bucket of this process alone. `burst` is how many tokens it holds when full."""

    def __init__(
        self,
        rate_per_minute: float = RATE_PER_MINUTE,
        *,
        burst: int | None = None,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self.rate_per_minute = rate_per_minute
        self.burst = burst or max(1, round(rate_per_minute / 4))
        self.wait_seconds = wait_seconds
        self._tokens = float(self.burst)
        self._at = time.monotonic()
        self._used = 0
        self._tally = Tally()
        self._lock = threading.Lock()

    def take(self, n: int = 1) -> None:
        """As `Bucket.take`."""
        _take(self._ask, n, self.wait_seconds)

    def used(self) -> int:
        """Tokens taken since it was made."""
        return self._ask(0)[1]

    def left(self) -> int:
        """As `Bucket.left`."""
        return max(0, self._ask(0)[0])

    def account(self) -> Account:
        """As `Bucket.account`, of this process alone."""
        tokens = self._ask(0)[0]
        return Account(max(0, tokens), max(0, -tokens), self._tally.spent(), shared=False)

    def _ask(self, n: int, patience: float = 0.0) -> tuple[int, int, float]:
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate_per_minute / 60)
            self._at = now
            wait = max(0.0, n - self._tokens) * 60 / self.rate_per_minute
            if wait <= patience:
                self._tokens -= n
                self._used += n
                if n:
                    self._tally.count(n)
            else:
                wait = -wait
            return math.floor(self._tokens), self._used, wait


class _Server:
    """One Redis or Valkey server, and whether it was away a moment ago; shared in the process."""

    def __init__(self, url: str) -> None:
        # The bucket stands before every call, so it must fail fast: no retries of redis-py's own.
        client = redis.Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0, retry=Retry(NoBackoff(), 0))
        self._client = client
        self._script = client.register_script(TAKE)
        self._away_until = 0.0
        self._told = False

    def ask(
        self, name: str, rate: float, burst: int, n: int, patience: float = 0.0
    ) -> tuple[int, int, float] | None:
        """What the script answers; None while the server is away."""
        slot = f"{name}:spent:{slot_of(time.time())}"
        args: list[str | float] = [rate, burst, n, patience * 1000, spender().label, MOST_SPENDERS, KEPT + SLOT]
        told = self._asked(lambda: self._script(keys=[name, slot], args=args))
        return None if told is None else (int(told[0]), int(told[1]), int(told[2]) / 1000)

    def spent(self, name: str) -> Spent | None:
        """What was spent under a name; None while the server is away."""
        now = slot_of(time.time())
        slots = range(now, now - KEPT, -SLOT)
        with self._client.pipeline(transaction=False) as pipe:
            for slot in slots:
                pipe.hgetall(f"{name}:spent:{slot}")
            found = self._asked(pipe.execute)
        if found is None:
            return None
        counts = dict(zip(slots, found, strict=True))
        return {slot: {label.decode(): int(n) for label, n in held.items()} for slot, held in counts.items() if held}

    def _asked(self, ask: Callable[[], Any]) -> Any:
        if time.monotonic() < self._away_until:
            return None
        try:
            told = ask()
        except redis.RedisError as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            if not self._told:
                log.warning("the shared budget of API calls is away (%s): counting by process", error)
                self._told = True
            return None
        self._told = False
        return told


@cache
def _server(url: str) -> _Server:
    return _Server(url)


@cache
def _stand_by(url: str, name: str, rate_per_minute: float) -> LocalBucket:
    return LocalBucket(rate_per_minute, wait_seconds=WAIT_SECONDS)


class RedisBucket:
    """A bucket that all processes share through Redis or Valkey, under the key `name`.

    While the server is away, calls pass at a quarter of the rate, counted by this process alone; that is said
    in the log once.
    """

    def __init__(
        self,
        redis_url: str,
        name: str,
        rate_per_minute: float = RATE_PER_MINUTE,
        *,
        burst: int | None = None,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self.name = name
        self.rate_per_minute = rate_per_minute
        self.burst = burst or max(1, round(rate_per_minute / 4))
        self.wait_seconds = wait_seconds
        self._server = _server(redis_url)
        self._stand_by = _stand_by(redis_url, name, rate_per_minute / 4)

    def take(self, n: int = 1) -> None:
        """As `Bucket.take`."""
        _take(self._ask, n, self.wait_seconds)

    def used(self) -> int:
        """Tokens taken under this name since the server knows it."""
        return self._ask(0)[1]

    def left(self) -> int:
        """As `Bucket.left`."""
        return max(0, self._ask(0)[0])

    def account(self) -> Account:
        """As `Bucket.account`; while the server is away, that of this process."""
        tokens = self._ask(0)[0]
        spent = self._server.spent(self.name)
        if spent is None:
            return self._stand_by.account()
        return Account(max(0, tokens), max(0, -tokens), spent, shared=True)

    def _ask(self, n: int, patience: float = 0.0) -> tuple[int, int, float]:
        told = self._server.ask(self.name, self.rate_per_minute, self.burst, n, patience)
        return told if told is not None else self._stand_by._ask(n, patience)
