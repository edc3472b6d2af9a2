"""Which memory became which: what the dream said of it, paths that were exchanged, and laws that always hold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.rules import changes
from dreams.rules.changes import compare
from dreams.rules.lineage import Lineage, lineage
from dreams.rules.prints import Prints, words_of
from tests.corpora import Writer, dream

DEPLOYS = (
    "# Deploys\n\n- Deploys go out on Tuesday.\n- Ask Priya for the signing key.\n- The freeze starts in December.\n"
)
BACKUPS = (
    "# Backups\n\n- The replica is in Lisbon.\n- Backups are kept for thirty days.\n- Restores are tested monthly.\n"
)
# Has a word of DEPLOYS, and tells nothing of it otherwise.
DIGEST = "Shipping: midweek, Priya approves.\n"


def edges(found: Lineage) -> set[tuple[str, str]]:
    pairs = {(each.old, each.new) for each in found.moved}
    pairs |= {(old, each.new) for each in found.merged for old in each.olds}
    pairs |= {(each.old, new) for each in found.split for new in each.news}
    return {(old, new) for old, new in pairs if old != new}


# Labelled dreams


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_synthetic_dream_is_traced_whole(seed: int) -> None:
    dreamt = dream(300, seed=seed)
    found = lineage(dreamt.before, dreamt.after)
    said, truth = edges(found), dreamt.edges()
    assert 2 * len(said & truth) / (len(said) + len(truth)) >= 0.985
    assert {(frozenset(each.olds), each.new) for each in found.merged} >= dreamt.merged
    assert {(each.old, frozenset(each.news)) for each in found.split} >= dreamt.split


def test_fingerprints_that_are_kept_change_nothing() -> None:
    dreamt, prints = dream(120), Prints()
    first = lineage(dreamt.before, dreamt.after, prints=prints)
    assert prints.held
    assert lineage(dreamt.before, dreamt.after, prints=prints) == first
    assert lineage(dreamt.before, dreamt.after, prints=Prints(kept=0)) == first


def test_only_so_many_bytes_of_fingerprints_are_kept() -> None:
    prints = Prints(kept=100)
    for text in ("one two three " * 5, "four five six " * 5, "seven eight nine " * 5):
        (words,) = prints.of([text])
        assert len(words) == 15
    assert prints.size == sum(words.nbytes for words in prints.held.values()) <= 100


# What the dream itself said


def test_what_the_dream_said_goes_before_likeness() -> None:
    before, after = {"/a": DEPLOYS, "/b": BACKUPS}, {"/b": BACKUPS, "/c": DIGEST}
    assert edges(lineage(before, after)) == set()
    assert edges(lineage(before, after, evidence={"/c": ["/a"]})) == {("/a", "/c")}
    assert [each.new for each in compare(before, after, evidence={"/c": ["/a"]}).moved] == ["/c"]


def test_what_the_dream_said_is_not_believed_without_a_word_in_common() -> None:
    before, after = {"/a": DEPLOYS}, {"/c": "Entirely unrelated musings, forever.\n"}
    found = lineage(before, after, evidence={"/c": ["/a"], "/nowhere": ["/neither"]})
    assert (found.removed, found.added) == (["/a"], ["/c"])


def test_of_two_likely_places_the_one_that_the_dream_named_is_taken() -> None:
    before = {"/a": DEPLOYS, "/x": BACKUPS, "/y": BACKUPS + "- One more.\n"}
    after = {"/x": BACKUPS + DEPLOYS, "/y": BACKUPS + "- One more.\n" + DEPLOYS}
    for named in ("/x", "/y"):
        assert edges(lineage(before, after, evidence={named: ["/a", named]})) == {("/a", named)}


# Paths that live on with another's text


def test_two_paths_that_were_swapped_both_moved() -> None:
    found = compare({"/a": DEPLOYS, "/b": BACKUPS}, {"/a": BACKUPS, "/b": DEPLOYS})
    assert [(each.old, each.new, each.similarity) for each in found.moved] == [("/a", "/b", 1), ("/b", "/a", 1)]
    assert found.modified == found.merged == found.lost == found.altered == ()


def test_memories_that_moved_up_in_a_row_moved() -> None:
    found = compare({"/1": DEPLOYS, "/2": BACKUPS}, {"/2": DEPLOYS, "/3": BACKUPS})
    assert [(each.old, each.new) for each in found.moved] == [("/1", "/2"), ("/2", "/3")]
    assert found.modified == found.merged == found.split == found.added == found.removed == ()


def test_of_equal_memories_none_takes_the_place_of_another_one_s_name() -> None:
    found = compare({"/a/x.md": DEPLOYS, "/b/y.md": DEPLOYS}, {"/c/q.md": DEPLOYS, "/c/y.md": DEPLOYS})
    assert [(each.old, each.new) for each in found.moved] == [("/a/x.md", "/c/q.md"), ("/b/y.md", "/c/y.md")]


@pytest.mark.timeout(20)
def test_thousands_of_equal_memories_and_rows_of_them_find_their_places_at_once() -> None:
    equal = {f"/{n}": "word" for n in range(3_000)}
    assert len(compare(equal, {f"/new{path}": text for path, text in equal.items()}).moved) == 3_000
    row = {f"/{n:04}": f"word{n}" for n in range(3_000)}
    found = compare(row, {f"/{n + 1:04}": f"word{n}" for n in range(2_999)} | {"/0000": "another"})
    assert len(found.modified) == 3_000


def test_a_copy_of_a_memory_that_stayed_is_an_addition() -> None:
    found = compare({"/a": DEPLOYS}, {"/a": DEPLOYS, "/b": DEPLOYS})
    assert (found.unchanged, found.added, found.unsourced) == (("/a",), ("/b",), ())


# Words


def test_case_punctuation_and_line_breaks_are_no_part_of_a_word() -> None:
    one, other = words_of(["The “freeze” — starts\nin December.", "the freeze, starts in december"])
    assert one.tolist() == other.tolist()


def test_of_scripts_without_blanks_neighbouring_characters_are_words() -> None:
    one, other, both = words_of(["日本語", "本語です", "日本 語"])
    assert len(one) == 3 and len(other) == 4
    assert set(one.tolist()) & set(other.tolist())
    assert len(both) == 3 and one.tolist() != both.tolist()


# Laws

_TEXTS = st.one_of(
    st.sampled_from([DEPLOYS, BACKUPS, DEPLOYS + BACKUPS, DIGEST, "", "\n", "日本語です。", "```\ncode\n```"]),
    st.text(max_size=60),
)
_STORES = st.dictionaries(st.sampled_from([f"/{name}" for name in "abcdefg"]), _TEXTS, max_size=7)


@given(_STORES, _STORES)
def test_the_change_list_applied_to_before_gives_after(before: dict[str, str], after: dict[str, str]) -> None:
    found = lineage(before, after)
    made = {path: text for path, text in before.items() if path not in found.removed}
    for path in found.modified:
        made[path] = after[path]
    for each in found.moved:
        made.pop(each.old, None)
    for group in found.merged:
        for old in group.olds:
            made.pop(old, None)
    for part in found.split:
        made.pop(part.old, None)
    news = {each.new for each in (*found.moved, *found.merged)} | {new for each in found.split for new in each.news}
    made |= {path: after[path] for path in (*found.added, *news)}
    assert made == after
    assert all(before[each.old] == after[each.new] for each in found.moved if each.similarity == 1)


@given(_STORES, _STORES)
def test_each_path_is_in_a_class(before: dict[str, str], after: dict[str, str]) -> None:
    found: dict[str, Any] = compare(before, after).as_dict()
    plain = [path for name in ("unchanged", "modified", "added", "removed") for path in found[name]]
    olds = {each["old"] for each in found["moved"] + found["split"]}
    olds |= {old for each in found["merged"] for old in each["olds"]}
    news = {each["new"] for each in found["moved"] + found["merged"]}
    news |= {new for each in found["split"] for new in each["news"]}
    assert before.keys() - news <= {*plain} | olds and after.keys() - olds <= {*plain} | news
    assert olds <= before.keys() and news <= after.keys()
    assert len(plain) == len({*plain})


@given(_STORES, _STORES)
def test_other_names_of_all_paths_change_no_class(before: dict[str, str], after: dict[str, str]) -> None:
    def renamed(path: str) -> str:
        return f"/deep/{path[1:]}"

    found = lineage(before, after)
    other = lineage(
        {renamed(path): text for path, text in before.items()}, {renamed(path): text for path, text in after.items()}
    )
    for name in ("removed", "added", "modified"):
        assert [renamed(path) for path in getattr(found, name)] == getattr(other, name)
    assert {(renamed(old), renamed(new)) for old, new in edges(found)} == edges(other)


def test_near_twins_and_equal_lines_are_told_apart_or_left_alone() -> None:
    writer = Writer(5)
    form = writer.memory(10)
    before = {f"/old/{number}": form + f"- Owner {number}.\n" for number in range(200)}
    after = {f"/new/{number}": form + f"- Owner {number + 500}.\n" for number in range(200)}
    found = lineage(before, after)
    assert (len(found.removed), len(found.added)) == (200, 200)


def test_of_a_huge_store_the_unchanged_memories_that_have_to_do_with_the_change_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dreamt = dream(40)
    before, after = dreamt.before | {"/twin": BACKUPS, "/gone": BACKUPS + DEPLOYS}, dreamt.before | {"/twin": BACKUPS}
    monkeypatch.setattr(changes, "ROOM", 2_000)
    assert [place.text for place in compare(before, after).lost if place.path == "/gone"] == [
        "Deploys",
        "Deploys go out on Tuesday.",
        "Ask Priya for the signing key.",
        "The freeze starts in December.",
    ]
