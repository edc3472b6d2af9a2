"""Paths and contents the vendor takes or refuses, mount names, and trees of any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.rules.paths import (
    Folder,
    ancestors,
    check_content,
    check_path,
    check_paths,
    mount_path,
    mount_slug,
    tree,
)


@pytest.mark.parametrize(
    "path",
    [
        "/a",
        "/a/b.md",
        "/" + "/".join("abcdefghijklmnopqrst"),
        "/Ärger/日本語.md",
        "/" + "é" * 511,
        "/a b/.hidden",
    ],
)
def test_a_path_within_the_rules_is_accepted(path: str) -> None:
    assert check_path(path) is None


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("", "slash"),
        ("a", "slash"),
        ("/", "name"),
        ("//a", "empty"),
        ("/a/", "empty"),
        ("/a/../b", ".."),
        ("/./b", "“.”"),
        ("/" + "/".join("abcdefghijklmnopqrstu"), "21 parts"),
        ("/a\x00", "U+0000"),
        ("/a\n", "U+000A"),
        ("/a\u202eb", "U+202E"),
        ("/a\u200b", "U+200B"),
        ("/a\u2028", "U+2028"),
        ("/a\ud800", "surrogate"),
        ("/e\u0301", "NFC"),
        ("/" + "é" * 512, "1,025 bytes"),
    ],
)
def test_a_path_against_the_rules_is_refused_with_the_reason(path: str, word: str) -> None:
    assert word in (check_path(path) or "")


def test_content_may_have_exactly_the_limit_of_bytes() -> None:
    assert check_content("") is None
    assert check_content("é" * 51_200) is None
    assert "102,401 bytes" in (check_content("é" * 51_200 + "a") or "")


def test_a_lone_surrogate_in_a_text_is_named_with_its_line() -> None:
    assert "Line 2" in (check_content("fine\nnot \udfff fine") or "")


def test_paths_that_shadow_each_other_cannot_live_together() -> None:
    assert check_paths(["/a", "/ab/c", "/b"]) == []
    (problem,) = check_paths(["/a", "/a/b/c", "/b"])
    assert "/a and /a/b/c" in problem


def test_a_store_holds_two_thousand_memories_and_not_one_more() -> None:
    assert check_paths(f"/{number}" for number in range(2_000)) == []
    assert "2,001" in check_paths(f"/{number}" for number in range(2_001))[0]


def test_ancestors_are_the_folders_above() -> None:
    assert list(ancestors("/a/b/c")) == ["/a", "/a/b"]
    assert list(ancestors("/a")) == []


def test_the_mount_slug_follows_the_documented_rule() -> None:
    assert mount_slug("User Preferences") == "user-preferences"
    assert mount_slug("Légal & Co. 2") == "l-gal-co-2"
    assert mount_path("User Preferences") == "/mnt/memory/user-preferences"


def test_a_tree_nests_folders_and_counts_memories() -> None:
    root = tree(["/b.md", "/a/x.md", "/a/y/z.md", "/a/x.md"])
    assert (root.count, [file.path for file in root.files]) == (3, ["/b.md"])
    (folder,) = root.folders
    assert (folder.name, folder.path, folder.count) == ("a", "/a/", 2)
    assert folder.folders[0].files[0].name == "z.md"


def test_a_path_deeper_than_allowed_does_not_nest_for_ever() -> None:
    def depth(folder: Folder) -> int:
        return 1 + max(map(depth, folder.folders), default=0)

    root = tree(["/" * 5_000 + "x"])
    assert root.count == 1
    assert depth(root) == 20


@given(st.lists(st.text(alphabet="/ab.\x00é", max_size=12)))
def test_a_tree_holds_every_path_exactly_once(paths: list[str]) -> None:
    def below(folder: Folder) -> list[str]:
        return [file.path for file in folder.files] + [path for sub in folder.folders for path in below(sub)]

    root = tree(paths)
    assert sorted(below(root)) == sorted(set(paths))
    assert root.count == len(set(paths))
