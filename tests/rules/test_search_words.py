"""How texts are cut into words and queries are read: the same for both, whatever the script."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.rules import search_words
from dreams.rules.search_words import (
    Part,
    entry_id,
    excerpt,
    first_id,
    folder_marks,
    index_words,
    mark,
    parse,
    words_of,
)

# Letters and digits of any script and what is set on them; of ASCII nothing else.
WORD = re.compile("[a-z0-9\u0080-\ud7ff\uf900-\U0010ffff]+")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ångström_naïve, ÉÉ", "angstrom naive ee"),
        ("Straße ﬁne İstanbul", "strasse fine istanbul"),
        ("e\u0301te\u0301", "ete"),
        ("½ kg", "1 2 kg"),
        ("日本語", "日本 本語 語"),
        ("foo日本bar", "foo 日本 本 bar"),
        ("한국어", "한국 국어 어"),
        ("ｶﾞｽ", "ガス ス"),
        ("नमस्ते दुनिया", "नमस्ते दुनिया"),
        ("/run-books/a.b.md", "run books a b md"),
        ("x" * 500, "x" * 64),
        ("\ue000live1 \ue001a /", "live1 a"),
        ("\x00 \ud800 🙂 — …", ""),
    ],
)
def test_a_text_is_cut_into_folded_words(text: str, words: str) -> None:
    assert words_of(text) == words.split()


@pytest.mark.parametrize(
    ("typed", "parts", "without"),
    [
        ("Foo bar", [Part(("foo",)), Part(("bar",))], []),
        ('"foo  bar" -baz', [Part(("foo", "bar"))], [Part(("baz",))]),
        ('wor* "a wor*" "a wor"*', [Part(("wor",), True), Part(("a", "wor")), Part(("a", "wor"), True)], []),
        ("on-call a.md", [Part(("on", "call")), Part(("a", "md"))], []),
        ('-"a b" --c', [], [Part(("a", "b")), Part(("c",))]),
        ("“curly words”", [Part(("curly", "words"))], []),
        ('"never closed', [Part(("never", "closed"))], []),
        ("日", [Part(("日",), True)], []),
        ("日本語", [Part(("日本", "本語"))], []),
        ('"日本 foo"', [Part(("日本", "本", "foo"))], []),
        ("same same", [Part(("same",))], []),
    ],
)
def test_a_query_is_read(typed: str, parts: list[Part], without: list[Part]) -> None:
    query = parse(typed)
    assert (list(query.parts), list(query.without), query.cut) == (parts, without, False)


@pytest.mark.parametrize("typed", ["", " ", '"', '""""', "*", "- -- -", "(&|!)", "\ue000\ue001", "🙂"])
def test_what_holds_no_letter_asks_for_nothing(typed: str) -> None:
    assert parse(typed) == search_words.Query()


def test_too_much_is_cut_and_too_short_a_prefix_is_a_word() -> None:
    assert parse("a" * 10_000).cut
    many = parse(" ".join(f"w{number}" for number in range(30)))
    assert (many.cut, len(many.parts)) == (True, 20)
    assert parse("a*") == search_words.Query((Part(("a",)),), short=("a",))


@given(st.text())
def test_any_text_gives_words_that_both_databases_split_alike(text: str) -> None:
    words = index_words("/a b.md", text, [mark("ws", 1)])
    for word in words[1:-1].split(" "):
        assert WORD.fullmatch(word.lstrip("\ue000\ue001")) or word == "\ue002"
    assert words_of(text) == [word for word, _, _ in search_words.spans(text)]


@given(st.text(min_size=1), st.text(), st.text())
def test_what_stands_in_a_text_is_found_by_its_own_words(inside: str, before: str, after: str) -> None:
    part = search_words.part_of(inside)
    if part is not None:
        assert part.run in index_words("/", f"{before} {inside} {after}", [])


@given(st.text())
def test_any_query_is_read_and_holds_nothing_but_words(typed: str) -> None:
    query = parse(typed)
    for part in (*query.parts, *query.without):
        assert part.words
        assert all(WORD.fullmatch(word) for word in part.words)


@given(st.text(max_size=2_000), st.text(max_size=30))
def test_an_excerpt_lies_in_the_text_and_its_places_are_in_order(text: str, typed: str) -> None:
    start, end, places = excerpt(text, parse(typed).parts)
    assert 0 <= start <= end <= len(text)
    flat = [start, *(each for place in places for each in place), end]
    assert flat == sorted(flat)


def test_an_excerpt_shows_where_most_of_it_stands() -> None:
    text = "quick " + "word " * 200 + "the quick brown fox jumps " + "word " * 200
    start, end, places = excerpt(text, parse('quick "brown fox"').parts)
    assert [text[a:b] for a, b in places] == ["quick", "brown fox"]
    assert end - start < 300
    assert excerpt("ＡＢＣ日本語", parse("本語 abc").parts)[2] == [(0, 3), (4, 6)]


def test_keys_are_in_the_order_of_time_and_never_taken_twice() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    first = entry_id(noon, "a", set())
    assert first == entry_id(noon, "a", set())
    assert entry_id(noon, "a", {first, first + 1}) == first + 2
    assert first_id(noon) <= first < first_id(noon + timedelta(milliseconds=1)) < 2**63
    assert first_id(datetime(1950, 1, 1, tzinfo=UTC)) == 0


def test_a_path_lies_in_its_folders() -> None:
    assert folder_marks("/a/b/c.md") == [mark("folder", "/a/"), mark("folder", "/a/b/")]
    assert folder_marks("/c.md") == []
