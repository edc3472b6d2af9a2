"""Line and word differences: the marks reproduce both texts, whatever the texts are."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.rules.words import Hunk, Line, TextDiff, line_hunks, text_diff

WORDS = st.sampled_from(
    ["fox", "Fox", "jumps", "40", "日本", "e\u0301", "👩\u200d🚀", ",", "\r", "\x00", "\ud800", "_a"]
)
LINES = st.lists(WORDS, max_size=6).map(" ".join)
TEXTS = st.tuples(st.lists(LINES, max_size=12).map("\n".join), st.sampled_from(["", "\n"])).map("".join)


def side(diff: TextDiff, kind: str) -> list[str]:
    return [line.text for hunk in diff.hunks for line in hunk.lines if line.kind in ("equal", kind)]


def lines_of(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def marked(lines: tuple[Line, ...], kind: str) -> list[list[str]]:
    return [[piece.text for piece in line.pieces if piece.changed] for line in lines if line.kind == kind]


@given(TEXTS, TEXTS)
def test_unfolded_lines_and_rows_reproduce_both_texts(old: str, new: str) -> None:
    diff = text_diff(old, new, context=None)
    if diff.only_line_endings or not diff.hunks:
        assert [line.rstrip("\r") for line in lines_of(old)] == [line.rstrip("\r") for line in lines_of(new)]
        return
    assert side(diff, "delete") == lines_of(old)
    assert side(diff, "insert") == lines_of(new)
    rows = [row for hunk in diff.hunks for row in hunk.rows]
    assert [row.left.text for row in rows if row.left] == lines_of(old)
    assert [row.right.text for row in rows if row.right] == lines_of(new)


@given(TEXTS, TEXTS)
def test_line_numbers_run_on_and_fold_what_is_skipped(old: str, new: str) -> None:
    diff = text_diff(old, new)
    before, after = lines_of(old), lines_of(new)
    seen = 0
    for hunk in diff.hunks:
        seen += hunk.skipped
        for line in hunk.lines:
            if line.old_no is not None:
                seen += 1
                assert line.old_no == seen
                assert before[line.old_no - 1] == line.text
            if line.new_no is not None:
                assert after[line.new_no - 1] == line.text
    assert seen + diff.skipped == len(before)


@given(TEXTS)
def test_a_text_against_itself_has_no_hunk(text: str) -> None:
    assert line_hunks(text, text) == []


@given(TEXTS, TEXTS)
def test_added_and_removed_lines_are_those_of_the_hunks(old: str, new: str) -> None:
    diff = text_diff(old, new)
    kinds = [line.kind for hunk in diff.hunks for line in hunk.lines]
    assert (diff.added_lines, diff.removed_lines) == (kinds.count("insert"), kinds.count("delete"))


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
    assert marked(hunk.lines, "delete") == [[], ["do not "]]


def test_changed_words_with_a_blank_between_are_one_mark() -> None:
    (hunk,) = line_hunks("one two three four five six\n", "one zwei drei four five six\n")
    assert marked(hunk.lines, "insert") == [["zwei drei"]]


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


def test_re_wrapping_is_flagged_and_marks_no_word() -> None:
    old = "The nightly build starts at two\nand takes forty minutes.\n\nEnd.\n"
    diff = text_diff(old, "The nightly build\nstarts at two and takes\nforty minutes.\n\nEnd.\n")
    assert diff.only_rewrapped
    (hunk,) = diff.hunks
    assert hunk.rewrapped
    assert marked(hunk.lines, "delete") == [[], []]
    assert not text_diff(old, old.replace("two", "three")).hunks[0].rewrapped


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
        ("日本" * 16_000, "本日" * 16_000),
        ("e" + "\u0301" * 50_000, "e" + "\u0300" * 50_000),
    ],
)
def test_hostile_texts_stay_bounded(old: str, new: str) -> None:
    assert text_diff(old, new).hunks


def test_hunks_are_in_order() -> None:
    hunks: list[Hunk] = line_hunks("\n".join("abcdefghijklmnopqrst"), "\n".join("aXcdefghijklmnopqrsY"))
    firsts = [next(line.old_no for line in hunk.lines if line.old_no) for hunk in hunks]
    assert all(one < other for one, other in pairwise(firsts))
