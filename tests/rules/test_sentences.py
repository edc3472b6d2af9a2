"""Memories cut into statements: what is one, where it begins, and when two are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.rules.sentences import split

NOTE = """\
---
title: Build notes
---
# The *nightly* build

The build starts at 02:00 UTC and takes
about forty minutes. Dr. Who says, e.g. here, that v2.1 is fine! Is it?
Underlined
---
* first item
  goes on
- [ ] second. Third of the list.
> quoted

| env | owner |
|-----|:-----:|
| qa  | **Pia** |

```sh
make build
  }
```
Name: Bob
Role: Dev

Two lines,\\
one break
***
ユーザーはタブを好む。会議は火
曜日です。
"""


def texts(text: str) -> list[str]:
    return [sentence.text for sentence in split("/a.md", text)]


def keys(text: str) -> list[str]:
    return [sentence.key for sentence in split("/a.md", text)]


def test_each_kind_of_statement_is_found_with_its_line() -> None:
    assert [(each.line, each.kind, each.text) for each in split("/a.md", NOTE)] == [
        (2, "row", "title: Build notes"),
        (4, "heading", "The *nightly* build"),
        (6, "prose", "The build starts at 02:00 UTC and takes about forty minutes."),
        (7, "prose", "Dr. Who says, e.g. here, that v2.1 is fine!"),
        (7, "prose", "Is it?"),
        (8, "prose", "Underlined"),
        (10, "prose", "first item goes on"),
        (12, "prose", "[ ] second."),
        (12, "prose", "Third of the list."),
        (13, "prose", "quoted"),
        (15, "row", "| env | owner |"),
        (17, "row", "| qa | **Pia** |"),
        (20, "code", "make build"),
        (23, "prose", "Name: Bob"),
        (24, "prose", "Role: Dev"),
        (26, "prose", "Two lines,\\"),
        (27, "prose", "one break"),
        (29, "prose", "ユーザーはタブを好む。"),
        (29, "prose", "会議は火曜日です。"),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("- Use tabs.\n", "* Use tabs\n"),
        ("1. Use tabs\n", "> Use   tabs.\n"),
        ("Use **tabs** for `make`.", "Use tabs for make."),
        ("It is “quoted” and isn’t new.", 'It is "quoted" and isn\'t new.'),
        ("The build starts\nat two. It ends\nat three.", "The build\nstarts at two.\nIt ends at three."),
        ("a b c\r\nd e f\r\n", "a b c d e f"),
        ("| a | b |", "|a|b|"),
        ("# Title #", "Title\n====="),
        ("会議は火\n曜日です", "会議は火曜日です。"),
    ],
)
def test_white_space_markers_and_wrapping_do_not_count(one: str, other: str) -> None:
    assert keys(one) == keys(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Use tabs", "use tabs"),
        ("Use tabs", "Use tabs?"),
        ("- [ ] tabs", "- [x] tabs"),
        ("~~Use tabs~~", "Use tabs"),
        ("`__init__`", "`init`"),
        ("2*3*4", "234"),
        ("- 3 days", "- 5 days"),
    ],
)
def test_what_carries_meaning_counts(one: str, other: str) -> None:
    assert keys(one) != keys(other)


def test_nothing_that_states_nothing_is_a_statement() -> None:
    assert texts("\n\n---\n***\n|---|---|\n```\n}\n```\n>\n-\n!?\n") == []
    assert texts("") == []


def test_abbreviations_initials_and_decimals_do_not_end_a_sentence() -> None:
    for text in ("See e.g. The docs.", "Ask J. Smith.", "Use v2.1 of it.", "It costs 3.50 USD.", "See a.md for it."):
        assert texts(text) == [text]


def test_an_open_fence_runs_to_the_end() -> None:
    assert [each.kind for each in split("/a", "```\none\ntwo\n# three")] == ["code"] * 3


def test_a_rule_on_the_first_line_is_no_front_matter_unless_it_is_closed() -> None:
    assert texts("---\nOne line.\nAnother.") == ["One line.", "Another."]


@pytest.mark.parametrize(
    "text",
    [
        "a",
        ".",
        "a.",
        "A. ",
        "*a ",
        "**",
        "> ",
        "- ",
        "| ",
        "`",
        "e.g. ",
        "etc. Etc. ",
        "-",
        "|-",
        "日 ",
        "a:\n",
        "\x00",
    ],
)
def test_a_hostile_text_of_a_hundred_kilobytes_is_read_in_one_go(text: str) -> None:
    split("/a", (text * 100_000)[:100_000] + "a")


@given(st.text(alphabet="aB1 .!\n\r\t*-#|>`~:。日\x00\ud800\u2028", max_size=80))
def test_any_text_is_read_and_lines_lie_within_it(text: str) -> None:
    lines = text.split("\n")
    last = 0
    for sentence in split("/a", text):
        assert last <= sentence.line <= len(lines)
        assert sentence.text.split()[0][:1] in lines[sentence.line - 1]
        assert sentence.key
        last = sentence.line


@given(st.lists(st.sampled_from(["The", "build", "takes", "40", "minutes,", "so", "wait."]), min_size=1, max_size=25))
def test_wrapping_a_paragraph_anywhere_keeps_its_statements(words: list[str]) -> None:
    wrapped = "".join(word + ("\n" if at % 3 == 2 else " ") for at, word in enumerate(words))
    assert keys(wrapped) == keys(" ".join(words))
