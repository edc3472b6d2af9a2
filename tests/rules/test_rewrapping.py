"""What counts as the same text, broken into other lines; and what does not, although every word is the same."""

import pytest

from dreams.rules.changes import compare
from dreams.rules.grouping import groups
from dreams.rules.rewrapping import only_rewrapped

NOTE = "# Deploys\n\nDeploys go out on Tuesday\nat noon. Ask Pia first.\n\n- Never on Fridays.\n- The freeze is May.\n"


@pytest.mark.parametrize(
    "new",
    [
        NOTE.replace("Tuesday\nat", "Tuesday at"),
        NOTE.replace("- ", "* "),
        NOTE.replace("\n\n", "\n\n\n"),
        NOTE.replace("\n", "\r\n"),
        NOTE.rstrip("\n"),
        NOTE.replace("noon. Ask", "noon.  \nAsk"),
    ],
)
def test_line_breaks_white_space_and_list_marks_are_no_change_of_words(new: str) -> None:
    assert only_rewrapped(NOTE, new, "/a.md")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (NOTE, NOTE),
        (NOTE, NOTE.replace("is May", "is June")),
        (NOTE, NOTE.replace("Tuesday", "*Tuesday*")),
        ("- Call Ana\n- on Fridays only Bob\n", "Call Ana on Fridays only Bob\n"),
        ("Call Ana.\nCall Bob.\n", "Call Bob.\nCall Ana.\n"),
        ("```\nif x:\n    stop()\n```\n", "```\nif x:\nstop()\n```\n"),
        ("```\nif x:\n    stop()\n", "```\nif x:\nstop()\n"),
        ("---\na:\n  b: 1\n---\nText.\n", "---\na:\nb: 1\n---\nText.\n"),
        ("Run:\n\n    rm old\n    rm new\n", "Run:\n\n    rm old rm new\n"),
        ("# Title\nText here.\n", "# Title Text here.\n"),
    ],
)
def test_what_says_something_else_or_may_is_a_change(old: str, new: str) -> None:
    assert not only_rewrapped(old, new, "/a.md")


def test_data_is_never_only_rewrapped() -> None:
    assert not only_rewrapped("a:\n  b: 1\n", "a:\nb: 1\n", "/config/limits.yaml")


def test_a_group_knows_it_and_a_moved_one_too() -> None:
    before = {"/a.md": NOTE, "/b.md": "Backups are kept for thirty days. Restores are tested monthly.\n"}
    after = {"/a.md": NOTE.replace("Tuesday\nat", "Tuesday at"), "/c.md": before["/b.md"].replace(". R", ".\nR")}
    assert [(group.news, group.rewrapped) for group in groups(compare(before, after), before, after)] == [
        (("/a.md",), True),
        (("/c.md",), True),
    ]
