"""Nothing a text holds becomes markup, and nothing stays unseen."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.render import visible

# Signs of their own, with ink: they enclose or precede numbers in Arabic, Syriac, Kaithi, Egyptian and shorthand.
INKED = {chr(c) for c in (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)} | {
    chr(c) for c in range(0x13430, 0x13456)
}


def test_markup_is_text():
    assert visible("<script>alert('1')</script> & \"x\"") == (
        "&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt; &amp; &quot;x&quot;"
    )


def test_every_control_format_separator_and_surrogate_character_is_named():
    hidden = [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs", "Zl", "Zp") and chr(code) not in {"\t", "\n"} | INKED
    ]
    unmarked = [f"U+{ord(c):04X}" for c in hidden if f"U+{ord(c):04X}" not in visible(f"a{c}b") or c in visible(c)]
    assert unmarked == []


def test_a_turned_direction_is_shown_with_its_name():
    assert visible("a\u202eb") == 'a<span class="unseen" title="U+202E right-to-left override">U+202E</span>b'


def test_an_emoji_keeps_its_joiners_and_a_word_does_not():
    assert "unseen" not in visible("👩‍👩‍👧 ⚠️ 1️⃣")
    assert "U+200D" in visible("pass\u200dword")
    assert "U+FE0F" in visible("a\ufe0f")


def test_a_long_run_of_hidden_characters_is_counted_and_not_written_out():
    shown = visible("\0" * 100_000)
    assert len(shown) < 500
    assert "and 99,994 more" in shown


@given(st.text(st.characters(codec=None)))
@pytest.mark.parametrize("around", ["", "<b>"])
def test_any_text_at_all_becomes_utf_8_without_a_tag_of_its_own(around, text):
    shown = visible(around + text)
    shown.encode()
    assert shown.count("<") == shown.count('<span class="unseen"') + shown.count("</span>")
