"""Line and word differences: the marks reproduce both texts, whatever the texts are."""

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dreams.rules.words import Hunk, Line, TextDiff, line_hunks, text_diff

GRAPHEMES = [
    "👩\u200d👩\u200d👧",
    "👍🏽",
    "🇩🇪🇫🇷",
    "1\ufe0f\u20e3",
    "🏴\U000e0067\U000e0062\U000e007f",
    "か\u3099",
    "का",
    "e\u0301",
]
WORDS = st.sampled_from(
    [
        "fox",
        "Fox",
        "jumps.",
        "40",
        "日本。",
        ",",
        "\r",
        "\x00",
        "\ud800",
        "_a",
        "-",
        "#",
        "> a",
        "|",
        "```",
        *GRAPHEMES,
    ]
)
LINES = st.lists(WORDS, max_size=6).map(" ".join)
TEXTS = st.tuples(st.lists(LINES, max_size=12).map("\n".join), st.sampled_from(["", "\n"])).map("".join)


def lines_of(text: str, diff: TextDiff) -> list[str]:
    """The lines as the diff shows them: without carriage returns where each side has one kind of ending."""
    if "CRLF" in diff.endings and "mixed" not in diff.endings:
        text = text.replace("\r\n", "\n")
    return text.removesuffix("\n").split("\n") if text else []


def marked(lines: Sequence[Line], kind: str) -> list[list[str]]:
    return [[piece.text for piece in line.pieces if piece.changed] for line in lines if line.kind == kind]


def inline(line: Line) -> str:
    """A re-wrapped line as one reads it."""
    return "".join(
        f"[-{piece.text}-]" if piece.gone else f"[+{piece.text}+]" if piece.changed else piece.text
        for piece in line.pieces
    )


@given(TEXTS, TEXTS)
def test_unfolded_rows_reproduce_both_texts(old: str, new: str) -> None:
    diff = text_diff(old, new, context=None)
    before, after = lines_of(old, diff), lines_of(new, diff)
    if diff.only_line_endings or not diff.hunks:
        assert [line.rstrip("\r") for line in before] == [line.rstrip("\r") for line in after]
        return
    rows = [row for hunk in diff.hunks for row in hunk.rows]
    assert [row.left.text for row in rows if row.left] == before
    assert [row.right.text for row in rows if row.right] == after


@given(TEXTS, TEXTS)
def test_unfolded_lines_reproduce_the_new_text_and_every_word_of_the_old_one(old: str, new: str) -> None:
    diff = text_diff(old, new, context=None)
    lines = [line for hunk in diff.hunks for line in hunk.lines]
    if diff.only_line_endings or not diff.hunks:
        return
    shown = ["".join(piece.text for piece in line.pieces if not piece.gone) for line in lines if line.kind != "delete"]
    assert shown == lines_of(new, diff)
    was = [
        "".join(piece.text for piece in line.pieces if line.kind != "rewrapped" or piece.gone or not piece.changed)
        for line in lines
        if line.kind != "insert"
    ]
    quoted = str.maketrans("", "", " >\n\t\r")
    assert "".join(was).translate(quoted) == "".join(lines_of(old, diff)).translate(quoted)


@given(TEXTS, TEXTS)
@example("fox \0", "fox jumps. Fox")
def test_marks_say_what_the_two_sides_do_not_share(old: str, new: str) -> None:
    """Without what is marked, both sides read the same but for white space."""
    diff = text_diff(old, new, context=None)
    sides: list[list[str]] = [[], []]
    for row in (row for hunk in diff.hunks for row in hunk.rows):
        for at, line in enumerate((row.left, row.right)):
            whole = line is not None and line.whole
            sides[at] += [piece.text for piece in line.pieces if not piece.changed] if line and not whole else []
    blank = str.maketrans("", "", " >\n\t\r")
    assert "".join(sides[0]).translate(blank) == "".join(sides[1]).translate(blank)


@given(TEXTS, TEXTS)
def test_no_mark_cuts_what_is_one_character_to_a_reader(old: str, new: str) -> None:
    for hunk in text_diff(old, new, context=None).hunks:
        for line in hunk.lines:
            for piece in line.pieces[1:]:
                first = piece.text[0]
                assert not unicodedata.combining(first), line
                assert first not in "\u200d\ufe0f\u20e3🏽\U000e007f", line
            for one, other in pairwise(line.pieces):
                assert not one.text.endswith("\u200d"), line
                assert not (one.text.endswith("🇩") or other.text.startswith("🇪")), line


@given(TEXTS, TEXTS)
def test_line_numbers_run_on_and_fold_what_is_skipped(old: str, new: str) -> None:
    diff = text_diff(old, new)
    before, after = lines_of(old, diff), lines_of(new, diff)
    seen = 0
    for hunk in diff.hunks:
        seen += hunk.skipped
        for row in hunk.rows:
            if row.left is not None and row.left.old_no is not None:
                seen += 1
                assert row.left.old_no == seen
                assert before[row.left.old_no - 1] == row.left.text
            if row.right is not None and row.right.new_no is not None:
                assert after[row.right.new_no - 1] == row.right.text
    assert seen + diff.skipped == len(before)


@given(TEXTS, TEXTS)
def test_each_old_line_of_a_re_wrapped_paragraph_begins_in_one_of_its_new_lines(old: str, new: str) -> None:
    for hunk in text_diff(old, new).hunks:
        numbers = [
            n for line in hunk.lines if line.old_no for n in range(line.old_no, (line.old_end or line.old_no) + 1)
        ]
        assert sorted(numbers) == [row.left.old_no for row in hunk.rows if row.left]


@given(TEXTS)
def test_a_text_against_itself_has_no_hunk(text: str) -> None:
    assert line_hunks(text, text) == []


@given(TEXTS, TEXTS)
def test_added_and_removed_lines_are_those_of_the_hunks(old: str, new: str) -> None:
    diff = text_diff(old, new)
    rows = [row for hunk in diff.hunks for row in hunk.rows if row.op != "equal"]

    def changed(line: Line | None) -> bool:
        return line is not None and (line.kind != "rewrapped" or any(piece.changed for piece in line.pieces))

    assert diff.added_lines == sum(changed(row.right) for row in rows)
    assert diff.removed_lines == sum(changed(row.left) for row in rows)


def test_only_the_changed_words_are_marked() -> None:
    (hunk,) = line_hunks("The replica takes 40 connections.\n", "The replica takes 80 open connections.\n")
    assert marked(hunk.lines, "delete") == [["40"]]
    assert marked(hunk.lines, "insert") == [["80 open"]]
    assert [row.op for row in hunk.rows] == ["replace"]


def test_a_line_that_shares_hardly_a_word_is_not_sprinkled_with_marks() -> None:
    (hunk,) = line_hunks("Deploys happen on Friday, never before noon.\n", "Use a tab, please: it is shorter.\n")
    assert marked(hunk.lines, "delete") == marked(hunk.lines, "insert") == [[]]


def test_marks_of_a_line_come_from_its_partner_and_not_from_the_dash_of_its_neighbour() -> None:
    (hunk,) = line_hunks("- Who may ask.\n- Rows, do not delete.\n", "- Rows, delete.\n")
    assert marked(hunk.lines, "delete") == [[], [" do not"]]


def test_changed_words_with_a_blank_between_are_one_mark() -> None:
    (hunk,) = line_hunks("one two three four five six\n", "one zwei drei four five six\n")
    assert marked(hunk.lines, "insert") == [["zwei drei"]]


@pytest.mark.parametrize(
    ("old", "new", "marks"),
    [
        ("The gate is painted (mostly) red.", "The gate is painted (mostly) blue.", ["blue"]),
        ("It was red and green and small.", "It was red, and green and small.", [","]),
        ("Ask *ana* before the freeze ends.", "Ask *ben* before the freeze ends.", ["ben"]),
        ("To be sure, these are the types.", "Now be sure, these are the types.", ["Now"]),
        ("Stay here until the bell\nrings for us.", "Stay here until the horn\nrings for us.", ["horn"]),
    ],
)
def test_what_stands_around_a_changed_word_is_not_marked(old: str, new: str, marks: list[str]) -> None:
    (hunk,) = line_hunks(f"{old}\n", f"{new}\n")
    assert [mark for line in marked(hunk.lines, "insert") for mark in line] == marks


@pytest.mark.parametrize(
    ("old", "new", "mark"),
    [
        ("cafe\u0301 is open all day\n", "cafe\u0300 is open all day\n", "cafe\u0300"),
        ("the 👩\u200d🚀 is up and away\n", "the 👩\u200d🚒 is up and away\n", "👩\u200d🚒"),
        ("会議は火曜日です\n", "会議は水曜日です\n", "水"),
    ],
)
def test_marks_do_not_cut_a_visible_character(old: str, new: str, mark: str) -> None:
    assert marked(line_hunks(old, new)[0].lines, "insert") == [[mark]]


def test_lines_of_a_changed_place_stand_beside_their_partner() -> None:
    (hunk,) = line_hunks("alpha uses port 1\nbeta uses host 2\n", "a wholly new line\nbeta uses host 3\n")
    sides = [(row.left and row.left.text, row.right and row.right.text) for row in hunk.rows]
    assert sides == [("alpha uses port 1", "a wholly new line"), ("beta uses host 2", "beta uses host 3")]


def test_context_is_three_lines_and_the_rest_is_folded() -> None:
    old = [str(number) for number in range(40)]
    new = [*old[:10], "ten", *old[11:30], "thirty", *old[31:]]
    diff = text_diff("\n".join(old), "\n".join(new))
    assert [hunk.skipped for hunk in diff.hunks] == [7, 13]
    assert diff.skipped == 6
    assert len(text_diff("\n".join(old), "\n".join(new), context=None).hunks) == 1


def test_a_change_across_a_blank_line_is_one_change() -> None:
    (hunk,) = line_hunks("a\n\nb\n", "x\n\ny\n")
    assert [line.kind for line in hunk.lines] == ["delete"] * 3 + ["insert"] * 3


def test_only_changed_line_endings_are_said_in_one_flag() -> None:
    diff = text_diff("a\r\nb\r\n", "a\nb\n")
    assert (diff.only_line_endings, diff.hunks, diff.added_lines) == (True, (), 0)
    assert not text_diff("a\r\nb\r\n", "a\nc\n").only_line_endings


def test_a_missing_final_newline_is_a_flag_not_a_line() -> None:
    diff = text_diff("a\nb", "a\nb\n")
    assert (diff.hunks, diff.old_without_newline, diff.new_without_newline) == ((), True, False)
    assert not text_diff("", "\n").old_without_newline


NIGHTLY = "The nightly build starts at two\nand takes forty minutes.\n\nEnd.\n"


def test_a_re_wrapped_paragraph_is_no_change() -> None:
    diff = text_diff(NIGHTLY, "The nightly build\nstarts at two and takes\nforty minutes.\n\nEnd.\n")
    assert diff.only_rewrapped
    assert (diff.added_lines, diff.removed_lines) == (0, 0)
    (hunk,) = diff.hunks
    assert hunk.rewrapped
    assert [inline(line) for line in hunk.lines if line.kind == "rewrapped"] == [
        "The nightly build",
        "starts at two and takes",
        "forty minutes.",
    ]
    assert not text_diff(NIGHTLY, NIGHTLY.replace("two", "three")).hunks[0].rewrapped


def test_a_re_wrapped_paragraph_with_one_changed_word_shows_that_word() -> None:
    diff = text_diff(NIGHTLY, "The nightly build\nstarts at three and takes\nforty minutes.\n\nEnd.\n")
    assert not diff.only_rewrapped
    (hunk,) = diff.hunks
    shown = [inline(line) for line in hunk.lines if line.kind == "rewrapped"]
    assert shown == ["The nightly build", "starts at [-two-][+three+] and takes", "forty minutes."]
    assert [(line.old_no, line.new_no) for line in hunk.lines[:3]] == [(1, 1), (2, 2), (None, 3)]
    assert marked([row.left for row in hunk.rows if row.left], "rewrapped") == [["two"], []]


def test_a_sentence_that_came_into_a_re_wrapped_paragraph_is_marked_as_a_whole() -> None:
    new = "The nightly build starts at two and takes forty\nminutes. Nobody waits for it.\n\nEnd.\n"
    (hunk,) = text_diff(NIGHTLY, new).hunks
    assert "[+Nobody waits for it.+]" in "".join(inline(line) for line in hunk.lines)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# Release steps\nfor Monday\n", "# Release\nsteps for Monday\n"),
        ("- one thing\n- another\n", "- one thing - another\n"),
        ("```\nif a:\n  run\n```\n", "```\nif a: run\n```\n"),
        ("| a | b |\n| 1 | 2 |\n", "| a | b | | 1 | 2 |\n"),
        ("---\nowner: ana\nteam: ops\n---\n", "---\nowner: ana team: ops\n---\n"),
        ("one line\n\nanother line\n", "one line another line\n"),
        ("a line that ends hard  \nanother\n", "a line that ends\nhard another\n"),
    ],
)
def test_a_break_that_means_something_is_not_re_wrapping(old: str, new: str) -> None:
    assert not any(hunk.rewrapped for hunk in text_diff(old, new).hunks)


def test_quotes_and_items_are_re_wrapped_like_any_paragraph() -> None:
    assert text_diff("> It was said once\n> and again.\n", "> It was said\n> once and again.\n").only_rewrapped
    assert text_diff("- A long item that\n  goes on.\n", "- A long\n  item that goes on.\n").only_rewrapped


def test_sentences_find_each_other_before_their_words_do() -> None:
    old = "The blue team owns the queue. The red team owns the ledger.\n"
    (hunk,) = text_diff(old, "The green team owns the cache. The blue team owns the queue.\n").hunks
    shown = [piece.text for line in hunk.lines if line.kind == "insert" for piece in line.pieces if not piece.changed]
    assert "The blue team owns the queue." in "".join(shown)


@pytest.mark.parametrize(
    ("old", "new", "marks"),
    [
        (
            "see https://a.example/x/1?b=2 for all of it",
            "see https://a.example/x/2?b=2 for all of it",
            "https://a.example/x/2?b=2",
        ),
        ("the limit is 3.14 for all of us", "the limit is 3.15 for all of us", "3.15"),
        ("since 2024-05-01 in this house", "since 2024-06-01 in this house", "2024-06-01"),
        ("it costs $1,200 a month here", "it costs $1,300 a month here", "$1,300"),
        ("at most -5 in the open winter", "at most 5 in the open winter", "5"),
        ("runs on v1.2.3 since last week", "runs on v1.3.3 since last week", "v1.3.3"),
        ("about 40% of them all stay here", "about 45% of them all stay here", "45%"),
    ],
)
def test_an_address_or_a_number_is_marked_as_a_whole(old: str, new: str, marks: str) -> None:
    assert marked(line_hunks(old, new)[0].lines, "insert") == [[marks]]


def test_a_long_address_does_not_make_a_line_another_one() -> None:
    old = "Docs: see https://wiki.example/spaces/operations/pages/123456/a-page-with-a-long-name\n"
    assert marked(line_hunks(old, old.replace("123456", "123457"))[0].lines, "delete") == [
        ["https://wiki.example/spaces/operations/pages/123456/a-page-with-a-long-name"]
    ]


def test_words_of_a_file_with_other_line_endings_are_compared_without_them() -> None:
    diff = text_diff("a line\r\nthat stays here\r\n", "a line\nthat is here\n")
    assert diff.endings == ("CRLF", "LF")
    assert marked(diff.hunks[0].lines, "insert") == [["is"]]
    assert text_diff("a\r\nb\n", "a\nc\n").endings == ("mixed", "LF")


def test_other_code_points_for_the_same_letters_are_said() -> None:
    assert text_diff("cafe\u0301\n", "caf\u00e9\n").only_normalised
    assert not text_diff("cafe\n", "caf\u00e9\n").only_normalised


def test_lines_end_at_line_feeds_only() -> None:
    (hunk,) = line_hunks("a\u2028b\x0bc\x85d\n", "a\u2028b\x0bc\x85e\n")
    assert len(hunk.lines) == 2


def test_beyond_the_cap_a_place_is_shown_without_marks() -> None:
    old = " ".join(f"a{number}" for number in range(7_000))
    (hunk,) = line_hunks(f"x {old} y\n", f"x {old.replace('a', 'b')} y\n")
    assert marked(hunk.lines, "insert") == [[]]
    # The same length with one changed word is within the cap, for common ends do not count.
    (hunk,) = line_hunks(f"x {old} y\n", f"x {old.replace('a3500 ', 'b ')} y\n")
    assert marked(hunk.lines, "insert") == [["b"]]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a" * 100_000, "a" * 99_999 + "b"),
        ("x\n" * 20_000, "x\n" * 19_000 + "y\n" * 1_000),
        ("a\nb\n" * 12_500, "b\na\n" * 12_500),
        ("\n" * 100_000, "a\n" * 50_000),
        ("word " * 20_000, "drow " * 20_000),
        (",." * 50_000, ".," * 50_000),
        ("." * 100_000, "." * 99_999 + "A"),
        ("日本" * 16_000, "本日" * 16_000),
        ("e" + "\u0301" * 50_000, "e" + "\u0300" * 50_000),
        (
            "\n".join(f"a line {n} of twins" for n in range(1_000)),
            "\n".join(f"a line {n} of brothers" for n in range(1_000)),
        ),
        ("One. " * 20_000, "Two. " * 20_000),
        ("\n".join(f"word{n}" for n in range(9_000)), "\n".join(f"word{n}" for n in reversed(range(9_000)))),
        ("word " * 20_000, "word\n" * 20_000),
    ],
)
@pytest.mark.timeout(20)
def test_hostile_texts_stay_bounded(old: str, new: str) -> None:
    assert text_diff(old, new).hunks


def test_hunks_are_in_order() -> None:
    hunks: list[Hunk] = line_hunks("\n".join("abcdefghijklmnopqrst"), "\n".join("aXcdefghijklmnopqrsY"))
    firsts = [next(line.old_no for line in hunk.lines if line.old_no) for hunk in hunks]
    assert all(one < other for one, other in pairwise(firsts))
