"""Three-way merges: the laws, git's verdict beside ours, and each cell of the table of drift beside a dream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.rules.changes import compare
from dreams.rules.grouping import groups
from dreams.rules.merge import MergedChange, StoreMerge, merge_stores, three_way
from tests.bench_merge import WRONG, verdicts

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "d\r", "\x00", "\ud800"]), max_size=8).map("\n".join)
TEXT = st.one_of(LINES, LINES.map(lambda text: text + "\n"), st.text(max_size=40))
STORE = st.dictionaries(
    st.sampled_from(["/a", "/b", "/c", "/d"]), st.sampled_from(["one\n", "two\nx\n", "", "x\ny\nz\n"])
)

NOTE = "# Billing\n\n- Refunds take 30 days.\n- Ask Priya about taxes.\n- Invoices go out on Monday.\n"
OTHER = "# Ledger\n\n- The ledger closes at noon.\n- Two people sign each transfer.\n- Audits come in May.\n"


# Texts


@given(TEXT, TEXT)
def test_where_one_side_is_unchanged_the_other_is_the_merge(base: str, side: str) -> None:
    assert three_way(base, base, side).text == three_way(base, side, base).text == side
    assert three_way(base, base, side).clean
    assert three_way(base, side, base).clean


@given(TEXT, TEXT)
def test_where_both_did_the_same_that_is_the_merge(base: str, side: str) -> None:
    assert three_way(base, side, side).text == side
    assert three_way(base, side, side).clean


@given(TEXT, TEXT, TEXT)
def test_the_sides_may_change_places_up_to_their_names(base: str, ours: str, theirs: str) -> None:
    one, other = three_way(base, ours, theirs), three_way(base, theirs, ours)
    assert [(each.base, each.ours, each.theirs) for each in one.conflicts] == [
        (each.base, each.theirs, each.ours) for each in other.conflicts
    ]
    assert one.resolved == other.resolved
    if one.clean:
        assert one.text == other.text


@given(TEXT, TEXT, TEXT)
def test_a_conflict_names_the_lines_that_it_quotes(base: str, ours: str, theirs: str) -> None:
    for conflict in three_way(base, ours, theirs).conflicts:
        for text, quoted, (start, end) in (
            (base, conflict.base, conflict.base_lines),
            (ours, conflict.ours, conflict.ours_lines),
            (theirs, conflict.theirs, conflict.theirs_lines),
        ):
            assert "\n".join([*text.split("\n"), ""][start - 1 : end - 1]) == quoted.removesuffix("\n")
        assert conflict.ours != conflict.theirs


def test_edits_of_different_lines_go_together() -> None:
    ours, theirs = NOTE.replace("30 days", "14 days"), NOTE.replace("Monday", "Friday")
    merge = three_way(NOTE, ours, theirs)
    assert merge.text == NOTE.replace("30 days", "14 days").replace("Monday", "Friday")
    assert merge.clean
    assert merge.resolved is None


def test_edits_of_one_line_conflict_with_the_markers_of_git_and_their_words_are_offered() -> None:
    ours = NOTE.replace("30 days", "14 days")
    theirs = NOTE.replace("Refunds take", "Refunds of orders take")
    merge = three_way(NOTE, ours, theirs)
    assert merge.text == (
        "# Billing\n\n<<<<<<< ours\n- Refunds take 14 days.\n=======\n- Refunds of orders take 30 days.\n"
        ">>>>>>> theirs\n- Ask Priya about taxes.\n- Invoices go out on Monday.\n"
    )
    (conflict,) = merge.conflicts
    assert (conflict.base_lines, conflict.ours_lines, conflict.theirs_lines) == ((3, 4), (3, 4), (3, 4))
    assert conflict.resolved == "- Refunds of orders take 14 days.\n"
    assert merge.resolved == NOTE.replace("take 30", "of orders take 14")


def test_the_same_word_changed_in_two_ways_has_no_resolution() -> None:
    merge = three_way(NOTE, NOTE.replace("30", "14"), NOTE.replace("30", "60"))
    assert [conflict.resolved for conflict in merge.conflicts] == [None]
    assert merge.resolved is None


def test_edits_that_touch_conflict_as_in_git() -> None:
    assert not three_way("a\nb\n", "A\nb\n", "a\nB\n").clean
    assert three_way("a\nx\nb\n", "A\nx\nb\n", "a\nx\nB\n").text == "A\nx\nB\n"


def test_where_equally_short_edits_disagree_it_is_a_conflict() -> None:
    """git keeps one of the a's and merges; another alignment of the same length conflicts."""
    assert not three_way("a\nb\na\na\n", "a\nb\na\n", "a\na\na\na\n").clean


def test_markers_in_a_memory_are_text_like_any_other() -> None:
    hostile = "<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\n"
    merge = three_way(hostile + NOTE, hostile + NOTE.replace("30", "14"), hostile + NOTE.replace("take", "last"))
    assert merge.resolved == hostile + NOTE.replace("take 30", "last 14")


def test_markers_end_as_the_lines_do_and_a_missing_newline_does_not_glue_them() -> None:
    crlf = three_way("a\r\nb\r\n", "a\r\nB\r\n", "a\r\nC\r\n")
    assert crlf.text == "a\r\n<<<<<<< ours\r\nB\r\n=======\r\nC\r\n>>>>>>> theirs\r\n"
    assert three_way("a", "b", "c").text == "<<<<<<< ours\nb\n=======\nc\n>>>>>>> theirs\n"


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ("", "a", "b"),
        ("x" * 100_000, "x" * 99_999, "y"),
        ("a\n" * 25_000, "a\n" * 25_001, "a\n" * 24_999 + "b"),
        ("a\nb\n" * 10_000, "b\n" + "a\nb\n" * 10_000, "a\nb\n" * 10_000 + "c\n"),
        ("." * 50_000, "." * 49_999, "!" + "." * 50_000),
        ("a\nb\n" * 6_000, "b\nb\na\n" * 4_000, "a\na\nb\n" * 4_000),
        ("\ud800\x00\r\n", "\ud800\x00", "\ufeff"),
    ],
)
def test_any_text_is_taken(base: str, ours: str, theirs: str) -> None:
    merge = three_way(base, ours, theirs)
    assert merge.clean == (not merge.conflicts)


def test_no_merge_is_clean_where_libgit2_conflicts_or_says_something_else() -> None:
    """Two thousand of the triples of `make bench`."""
    counted = verdicts(range(2_000))
    assert sum(counted.values()) == 2_000
    assert not [row for row in WRONG if counted[row]]


# Stores


def merged(base: dict[str, str], ours: dict[str, str], theirs: dict[str, str]) -> StoreMerge:
    found = merge_stores(base, ours, theirs)
    drifted = {path for path in base.keys() | theirs.keys() if base.get(path) != theirs.get(path)}
    told = {each.path for change in found.changes for each in change.drift}
    assert told <= drifted
    return found


def touched(found: StoreMerge) -> MergedChange:
    """The one change with drift."""
    (change,) = [change for change in found.changes if change.drift]
    return change


def standings(found: StoreMerge) -> list[str]:
    return [each.standing for change in found.changes for each in change.drift]


@given(STORE, STORE)
def test_a_store_that_one_side_left_alone_is_as_the_other_made_it(base: dict[str, str], side: dict[str, str]) -> None:
    assert merge_stores(base, base, side).texts == side
    assert merge_stores(base, side, base).texts == side
    assert not merge_stores(base, base, side).conflicts
    assert not merge_stores(base, side, base).conflicts


@given(STORE, STORE)
def test_stores_that_became_the_same_do_not_conflict(base: dict[str, str], side: dict[str, str]) -> None:
    found = merge_stores(base, side, side)
    assert found.texts == side
    assert not found.conflicts


@given(STORE, STORE, STORE)
def test_each_drifted_path_is_told_once(base: dict[str, str], ours: dict[str, str], theirs: dict[str, str]) -> None:
    found = merge_stores(base, ours, theirs)
    told = [each.path for change in found.changes for each in change.drift]
    assert len(told) == len(set(told))
    assert [change.standing for change in found.conflicts] == ["conflicting"] * len(found.conflicts)


def test_what_only_the_dream_changed_is_dream_only_and_untouched_memories_are_in_no_class() -> None:
    found = merged({"/a": NOTE, "/b": OTHER}, {"/a": NOTE + "- More.\n", "/b": OTHER}, {"/a": NOTE, "/b": OTHER})
    assert {standing: len(changes) for standing, changes in found.as_dict().items() if changes} == {"dream_only": 1}


def test_drift_on_what_the_dream_left_alone_stays() -> None:
    found = merged({"/a": NOTE, "/b": OTHER}, {"/a": NOTE, "/b": OTHER}, {"/a": NOTE + "- More.\n", "/c": "New.\n"})
    assert found.texts == {"/a": NOTE + "- More.\n", "/c": "New.\n"}
    assert standings(found) == ["drift_only"] * 3


def test_edits_of_both_merge_at_the_path_the_dream_chose() -> None:
    ours, theirs = NOTE.replace("30", "14"), NOTE.replace("Monday", "Friday")
    found = merged({"/a": NOTE, "/b": OTHER}, {"/x": ours, "/b": OTHER}, {"/a": theirs, "/b": OTHER})
    assert found.texts["/x"] == ours.replace("Monday", "Friday")
    assert touched(found).standing == "mergeable"
    assert touched(found).drift[0].onto == ("/x",)


def test_edits_of_one_line_conflict() -> None:
    found = merged({"/a": NOTE}, {"/a": NOTE.replace("30", "14")}, {"/a": NOTE.replace("30", "60")})
    assert touched(found).standing == "conflicting"
    merge = touched(found).drift[0].merge
    assert merge is not None
    assert len(merge.conflicts) == 1


def test_the_same_edit_by_both_is_the_same() -> None:
    edited = NOTE.replace("30", "14")
    assert standings(merged({"/a": NOTE}, {"/a": edited}, {"/a": edited})) == ["both_same"]


def test_an_edit_of_a_memory_that_was_merged_away_belongs_to_the_one_that_took_it_in() -> None:
    base = {"/a": NOTE, "/b": OTHER}
    theirs = {"/a": NOTE.replace("Priya", "Omar"), "/b": OTHER}
    found = merged(base, {"/all": NOTE + "\n" + OTHER}, theirs)
    change = touched(found)
    assert (change.news, change.standing, change.drift[0].onto) == (("/all",), "mergeable", ("/all",))
    assert found.texts == {"/all": NOTE.replace("Priya", "Omar") + "\n" + OTHER}


def test_edits_of_several_memories_that_became_one_are_all_in_it() -> None:
    base = {"/a": NOTE, "/b": OTHER}
    theirs = {"/a": NOTE.replace("Priya", "Omar"), "/b": OTHER.replace("Two people", "Three people")}
    found = merged(base, {"/all": NOTE + "\n" + OTHER}, theirs)
    assert found.texts == {"/all": theirs["/a"] + "\n" + theirs["/b"]}


def test_an_edit_of_a_split_memory_goes_to_the_part_that_has_the_line() -> None:
    whole = NOTE + "\n" + OTHER
    found = merged({"/all": whole}, {"/a": NOTE, "/b": OTHER}, {"/all": whole.replace("Two people", "Three people")})
    assert found.texts == {"/a": NOTE, "/b": OTHER.replace("Two people", "Three people")}
    assert touched(found).drift[0].onto[0] == "/b"


def test_an_edit_of_what_the_dream_removed_would_be_lost() -> None:
    found = merged({"/a": NOTE, "/b": OTHER}, {"/b": OTHER}, {"/a": NOTE + "- More.\n", "/b": OTHER})
    assert (standings(found), touched(found).drift[0].why) == (["conflicting"], "deleted_by_dream")


def test_what_was_deleted_since_conflicts_with_an_edit_and_agrees_with_a_removal() -> None:
    base = {"/a": NOTE, "/b": OTHER}
    assert standings(merged(base, {"/a": NOTE + "- More.\n", "/b": OTHER}, {"/b": OTHER})) == ["conflicting"]
    assert standings(merged(base, {"/b": OTHER}, {"/b": OTHER})) == ["both_same"]


def test_a_path_that_both_added_is_the_same_or_a_conflict() -> None:
    assert standings(merged({}, {"/a": NOTE}, {"/a": NOTE})) == ["both_same"]
    assert standings(merged({}, {"/a": NOTE}, {"/a": OTHER})) == ["conflicting"]


def test_what_moved_since_keeps_its_new_path_with_the_edits_of_the_dream() -> None:
    edited = NOTE.replace("30", "14")
    found = merged({"/a": NOTE, "/b": OTHER}, {"/a": edited, "/b": OTHER}, {"/moved": NOTE, "/b": OTHER})
    assert found.texts == {"/moved": edited, "/b": OTHER}
    assert standings(found) == ["mergeable"]


def test_what_moved_to_two_places_conflicts_and_to_the_same_agrees() -> None:
    assert standings(merged({"/a": NOTE}, {"/x": NOTE}, {"/y": NOTE})) == ["conflicting"]
    assert standings(merged({"/a": NOTE}, {"/x": NOTE}, {"/x": NOTE})) == ["both_same"]


def test_what_moved_since_and_the_dream_removed_is_no_agreement() -> None:
    found = merged({"/a": NOTE, "/b": OTHER}, {"/b": OTHER}, {"/moved": NOTE, "/b": OTHER})
    assert (standings(found), touched(found).drift[0].now) == (["conflicting"], "/moved")


@pytest.mark.parametrize("edited", [NOTE, NOTE.replace("30", "14")])
def test_what_moved_since_to_a_path_that_the_dream_filled_hides_neither_text(edited: str) -> None:
    ours = {"/a": edited, "/moved": OTHER}
    found = merged({"/a": NOTE}, ours, {"/moved": NOTE})
    assert "conflicting" in standings(found)
    assert all(line in found.texts["/moved"] for line in (*NOTE.split("\n"), *OTHER.split("\n")))
    assert edited == NOTE or found.texts["/a"] == edited


def test_an_edit_of_what_went_into_a_memory_that_moved_since_goes_with_it() -> None:
    ours, theirs = {"/b": OTHER + NOTE}, {"/moved": OTHER, "/z": NOTE.replace("30", "14")}
    found = merged({"/z": NOTE, "/b": OTHER}, ours, theirs)
    assert found.texts == {"/moved": OTHER + NOTE.replace("30", "14")}


def test_words_offered_for_a_memory_that_moved_since_stand_at_its_new_path() -> None:
    found = merged({"/a": NOTE}, {"/a": NOTE.replace("30", "14")}, {"/moved": NOTE.replace("Refunds", "Refunding")})
    assert standings(found) == ["conflicting"]
    assert touched(found).offered == {"/moved": NOTE.replace("30", "14").replace("Refunds", "Refunding")}


def test_with_the_pieces_given_only_those_are_looked_at() -> None:
    base, ours = {"/a": NOTE, "/b": OTHER}, {"/a": NOTE.replace("30", "14"), "/b": OTHER}
    pieces = [piece for piece in groups(compare(base, ours), base, ours) if "/a" in piece.olds]
    found = merge_stores(base, ours, {"/a": NOTE.replace("Monday", "Friday"), "/b": OTHER}, pieces)
    assert [change.olds for change in found.changes] == [("/a",)]
    assert standings(found) == ["mergeable"]
