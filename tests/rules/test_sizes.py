"""Sizes and ids are said in one way."""

import pytest

from dreams.rules.sizes import id_words, size_words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (4_096, "4.1 kB"),
        (102_400, "102.4 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (204_800_000, "204.8 MB"),
        (-1_234, "−1.2 kB"),
        (10**16, "10,000.0 TB"),
    ],
)
def test_sizes_are_decimal_with_one_digit(size: int, words: str) -> None:
    assert size_words(size).replace("\u00a0", " ") == words


def test_a_long_id_is_said_by_its_end_and_a_short_one_as_it_is() -> None:
    assert id_words("API key", "apikey_01AbCdEfGhIjKlMn") == "API key ending in GhIjKlMn"
    assert id_words("Console user", "user_console7") == "Console user console7"
    assert id_words("session", "") == "session"
