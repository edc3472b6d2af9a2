"""The token estimate: a range, rounded, and honest about what it leaves out."""

from dreams.rules.cost import estimate_tokens


def test_the_range_covers_four_bytes_a_token() -> None:
    estimate = estimate_tokens(400_000, [10_000, 20_000])
    assert estimate.low == 110_000
    assert estimate.low <= 400_000 / 4 + 30_000 <= estimate.high
    assert "110,000 to 460,000 tokens" in estimate.words
    assert estimate.range == "110,000 to 460,000"
    assert "2 sessions" in estimate.words


def test_sessions_of_unknown_length_are_named_and_not_invented() -> None:
    estimate = estimate_tokens(1_000, [None, 500, None])
    assert (estimate.low, estimate.unknown) == (700, 2)
    assert "2 sessions of unknown length are not in it" in estimate.words


def test_an_empty_store_without_sessions_costs_about_nothing() -> None:
    assert (estimate_tokens(0).low, estimate_tokens(0).high) == (0, 0)


def test_big_numbers_are_rounded_to_two_digits() -> None:
    assert "1.2 million" in estimate_tokens(6_123_456).words
