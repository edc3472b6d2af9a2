"""Source and differences as tables."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.render import Look, Mark, panels, side_by_side, source, unified
from dreams.rules.words import text_diff

OLD = "# Refunds\n\nAsk within 30 days.\nDo not pay in cash.\nTell Ana.\n"
NEW = "# Refunds\n\nAsk within 14 days.\nTell Ana.\nBe kind.\n"


def test_source_numbers_its_lines_as_data_that_is_not_copied():
    html = source("a\nb\n")
    assert re.findall(r'data-n="(\d+)"', html) == ["1", "2"]
    assert "newline" not in html
    assert "no newline at the end" in source("a\nb")


def test_source_ends_lines_at_newlines_only():
    html = source("a\u2028b\x0bc\r\nd\n")
    assert re.findall(r'data-n="(\d+)"', html) == ["1", "2"]
    assert "U+2028" in html and "U+000B" in html and "U+000D" in html


def test_the_words_that_changed_are_marked_on_both_sides():
    for html in (unified(text_diff(OLD, NEW)), side_by_side(text_diff(OLD, NEW))):
        assert "Ask within <del>30</del> days" in html
        assert "Ask within <ins>14</ins> days" in html


def test_a_line_without_a_partner_is_one_deletion_for_readers():
    html = unified(text_diff(OLD, NEW))
    assert '<tr class="cut whole"' in html or 'class="cut whole' in html
    assert "<del>Do not pay in cash.</del>" in html
    assert "<ins>Be kind.</ins>" in html


def test_each_change_begins_with_a_row_that_the_keys_can_walk_to():
    old = "\n".join(f"line {n}" for n in range(60)) + "\n"
    new = old.replace("line 5\n", "five\n").replace("line 50\n", "fifty\n")
    assert unified(text_diff(old, new)).count("data-hunk") == 2
    assert side_by_side(text_diff(old, new)).count("data-hunk") == 2


def test_unchanged_lines_are_folded_and_counted():
    old = "\n".join(f"line {n}" for n in range(60)) + "\n"
    html = unified(text_diff(old, old.replace("line 30\n", "thirty\n")))
    assert "27 unchanged lines" in html and "26 unchanged lines" in html
    assert "line 1<" not in html


def test_a_hunk_of_more_than_two_hundred_lines_is_cut_with_a_way_to_see_the_rest():
    diff = text_diff("", "".join(f"line {n}\n" for n in range(300)))
    html = unified(diff, more="?all=1&b=2")
    assert '<a href="?all=1&amp;b=2">100 more lines</a>' in html
    assert "line 199<" in html and "line 200<" not in html
    assert "line 299<" in unified(diff)


def test_marks_set_a_class_an_anchor_and_a_sentence():
    marks = {("old", 4): Mark("lost", "lost-1"), ("new", 3): Mark("flag", "altered-1", "A number changed: 30 → <14>.")}
    html = unified(text_diff(OLD, NEW), marks=marks)
    assert 'id="lost-1"' in html and "whole lost" in html
    assert 'id="altered-1"' in html and "A number changed: 30 → &lt;14&gt;." in html
    assert 'id="lost-1"' in side_by_side(text_diff(OLD, NEW), marks=marks)


def test_a_file_whose_line_endings_changed_says_so_in_one_line():
    assert "only the line endings differ" in unified(text_diff("a\nb\n", "a\r\nb\r\n"))


def test_heads_and_captions_are_escaped():
    diff = text_diff("a\n", "b\n")
    assert "<b>" not in unified(diff, caption="<b>")
    assert "<b>" not in side_by_side(diff, heads=("<b>", "/a.md"))


lines = st.lists(st.sampled_from(["", "a", "<script>", "b\r", "c \0", "\ud800", "Ask <30> & go"]), max_size=12)


@given(lines, lines)
def test_no_text_breaks_out_of_its_cell(old, new):
    diff = text_diff("\n".join(old), "\n".join(new))
    for html in (unified(diff), side_by_side(diff), source("\n".join(new))):
        html.encode()
        assert "<script" not in html
        assert html.count("<td") == html.count("</td>")
        assert html.count("<tr") == html.count("</tr>")


@pytest.mark.parametrize(("look", "both"), [(Look(), []), (Look(split=True), [("→ C 2", "Tom owns the gate.")])])
def test_a_line_says_where_it_came_from_or_went_in_a_few_signs(look, both):
    before = {"/a.md": "Ana likes tea.\n", "/b.md": "Tom owns the gate.\n"}
    after = {"/m.md": "Ana likes tea.\nTom owns the gate.\n"}
    signs = {("new", "/m.md", 1): "A 1", ("new", "/m.md", 2): "B 1"}
    signs |= {("old", "/a.md", 1): "→ C 1", ("old", "/b.md", 1): "→ C 2"}
    html = "".join(panel.html for panel in panels(before, after, {}, look, "", signs))
    found = re.findall('data-source="([^"]*)">(?:<...>)?([^<]*)', html)
    said = [("A 1", "Ana likes tea."), *both, ("B 1", "Tom owns the gate."), ("→ C 1", "Ana likes tea.")]
    assert found == said
    assert "from /a.md" not in html, "the sign says it already"
