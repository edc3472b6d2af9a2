"""How many tokens a dream is likely to use: an estimate with its range, and how it was made, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

# Prose takes about 4 bytes of UTF-8 a token; tables and code less, plain English more.
_BYTES_PER_TOKEN_FEW, _BYTES_PER_TOKEN_MANY = 5, 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """Tokens read and written anew by a dream, from `low` to `high`; `unknown` sessions are in neither."""

    low: int
    high: int
    unknown: int
    words: str

    @property
    def range(self) -> str:
        """The range alone, rounded: "16,000 to 47,000"."""
        return f"{_round(self.low)} to {_round(self.high)}"


def estimate_tokens(memory_bytes: int, session_tokens: Sequence[int | None] = ()) -> Estimate:
    """The tokens a dream over so many bytes of memories and these sessions will use, as a range.

    One number per session: the tokens of its transcript as the vendor counted them, None where unknown.
    Low: everything is read once and little is written. High: everything is read twice and written anew.
    Tokens read again from the cache are left out, as are prices: the vendor bills the model's own rates.
    """
    known = [tokens for tokens in session_tokens if tokens is not None]
    unknown = len(session_tokens) - len(known)
    low = memory_bytes // _BYTES_PER_TOKEN_FEW + sum(known)
    high = 3 * (memory_bytes // _BYTES_PER_TOKEN_MANY) + 2 * sum(known)
    return Estimate(low, high, unknown, _words(low, high, memory_bytes, len(known), unknown))


def _words(low: int, high: int, memory_bytes: int, known: int, unknown: int) -> str:
    sessions = f" and {_count(known, 'session')} as long as the vendor counted" if known else ""
    left_out = (
        f" {_count(unknown, 'session')} of unknown length {'is' if unknown == 1 else 'are'} not in it."
        if unknown
        else ""
    )
    return (
        f"About {_round(low)} to {_round(high)} tokens: {memory_bytes / 1000:,.0f} kB of memories at "
        f"{_BYTES_PER_TOKEN_MANY} to {_BYTES_PER_TOKEN_FEW} bytes a token{sessions}, from read once to read "
        f"twice and written anew.{left_out} Cached reads come on top; the price is the model's own."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _round(tokens: int) -> str:
    """Two digits of precision at most: an estimate must not look like a measurement."""
    if tokens < 1_000:
        return str(tokens)
    digits = len(str(tokens)) - 2
    rounded = round(tokens, -digits)
    if rounded >= 1_000_000:
        return f"{rounded / 1_000_000:g} million"
    return f"{rounded:,}"
