"""The facts inside a statement: which ones changed, and which wordings say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.rules.meaning import changed_kinds, meaning, stem


def kinds(old: str, new: str) -> list[str]:
    return changed_kinds(meaning(old), meaning(new))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("It takes 40 connections", "It takes 80 connections", ["number"]),
        ("It takes forty connections", "It takes 50 connections", ["number"]),
        ("It lives 15 minutes", "It lives 15 hours", ["unit"]),
        ("It costs $20", "It costs €20", ["unit"]),
        ("Keep 30 copies for 7 days", "Keep 7 copies for 30 days", ["number"]),
        ("Due on 3 March 2027", "Due on 4 March 2027", ["date"]),
        ("Starts at 02:00", "Starts at 03:00", ["date"]),
        ("Restart on Mondays", "Restart on Tuesday", ["date"]),
        ("A daily report", "A weekly report", ["date"]),
        ("Deploy on merge", "Never deploy on merge", ["negation"]),
        ("It is enabled", "It is disabled", ["negation"]),
        ("Allow at least two", "Allow at most two", ["negation"]),
        ("[ ] rotate the key", "[x] rotate the key", ["negation"]),
        ("rotate the key", "~~rotate the key~~", ["negation"]),
        ("Keys must rotate", "Keys should rotate", ["modal"]),
        ("Keys must rotate", "Keys may rotate", ["modal"]),
        ("You need not ask", "You must not ask", ["modal"]),
        ("It can be disabled", "It must be disabled", ["modal"]),
        ("Ask Pia first", "Ask Lars first", ["name"]),
        ("The prefix is NO-", "The prefix is NOR-", ["name"]),
        ("Runs on eu-west-1", "Runs on eu-west-2", ["name"]),
        ("Read from conf/a.toml", "Read from conf/b.toml", ["path"]),
        ("Read from /etc/app", "Read from /etc/app2", ["path"]),
        ("Ships with Kotlin 2.1", "Ships with Kotlin 2.3", ["version"]),
        ("Pinned to 1.2.3", "Pinned to 1.2.4", ["version"]),
        ("See https://a.example/x", "See https://a.example/y", ["url"]),
        ("Write to a@b.example", "Write to c@b.example", ["url"]),
        ("Connect to 10.0.0.1", "Connect to 10.0.0.2", ["url"]),
        ("Prefer tabs over spaces", "Prefer spaces over tabs", ["order"]),
        ("Alice reports to Bob", "Bob reports to Alice", ["order"]),
        ("The client calls the server", "The server calls the client", ["order"]),
        ("Run the slow tests before the final merge", "Run the final merge before the slow tests", ["order"]),
    ],
)
def test_a_changed_fact_is_named_by_its_kind(old: str, new: str, expected: list[str]) -> None:
    assert kinds(old, new) == expected
    assert kinds(new, old) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("It takes forty minutes", "It takes 40 minutes"),
        ("It lives 90 minutes", "It lives 1.5 hours"),
        ("It holds 1,000 rows", "It holds 1000 rows"),
        ("It holds 10k rows", "It holds 10,000 rows"),
        ("It costs $20", "It costs 20 USD"),
        ("Due on 2027-03-03", "Due on March 3, 2027"),
        ("Starts at 2 pm", "Starts at 14:00"),
        ("Never deploy", "Do not deploy"),
        ("Never deploy", "You must not deploy"),
        ("It is not enabled", "It is disabled"),
        ("You have to ask", "You must ask"),
        ("Ilse wants short messages", "Messages should be short, Ilse prefers"),
        ("Pinned to v1.2.3", "Pinned to 1.2.3"),
    ],
)
def test_another_spelling_of_a_fact_is_no_change(old: str, new: str) -> None:
    assert kinds(old, new) == []


def test_words_are_compared_by_stem() -> None:
    assert stem("expires") == stem("expiry")
    assert stem("connections") == stem("connected")
    assert stem("stopping") == stem("stops")
    assert stem("use") == "use"


def test_a_capital_at_the_start_says_nothing() -> None:
    assert meaning("Deploys are slow").of("name") == ()
    assert meaning("Today Deploys are slow").of("name") == ("Deploys",)


def test_chinese_and_japanese_negations_are_seen() -> None:
    assert "negation" in kinds("タブを使う", "タブを使わない")
    assert "negation" in kinds("可以部署", "不可以部署")


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a.",
        "1.",
        "1",
        "1,111",
        "a/",
        "/",
        "a@",
        "a-",
        "~",
        "Jan ",
        "1 Jan ",
        "日",
        "a://",
        "two ",
        "'",
        "1:1",
        "v1.1.",
        "_",
        " ",
        "+",
        "-1",
        "w.w@",
        "/a:",
        "$",
        "[x",
    ],
)
def test_a_hundred_kilobytes_of_anything_are_read_in_one_go(piece: str) -> None:
    meaning((piece * 100_000)[:100_000])


@given(st.text(alphabet="aBé1 .,:/@-~$%'’日ない\x00\ud800[]x", max_size=60))
def test_any_text_has_a_meaning_and_means_the_same_as_itself(text: str) -> None:
    assert changed_kinds(meaning(text), meaning(text)) == []


@pytest.mark.parametrize(
    "text", ["ſix days", "at fıve past nıne", "half paſt ſix", "ſıxty-fıve", "one ſecond", "an eıghth of it", "THİRD"]
)
def test_letters_that_a_search_takes_for_others_break_nothing(text: str) -> None:
    assert changed_kinds(meaning(text), meaning(text)) == []
