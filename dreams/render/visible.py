"""The one escaping function: foreign text as HTML in which nothing is markup and nothing is invisible."""

import re
import unicodedata
from html import escape

from django.utils.safestring import SafeString, mark_safe

# Controls but tab and newline, everything that joins, hides or turns the direction of other characters, blanks that
# are no white space, variation selectors, tags (which smuggle ASCII), line separators, halves of characters.
_HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_PICTURE = "#*0-9\xa9\xae\u203c-\u3299\U0001f000-\U0001faff"
# An emoji keeps what joins its parts; the same joiners anywhere else are shown.
_UNSEEN = re.compile(rf"(?:[{_HIDDEN}]|(?<![{_PICTURE}])\ufe0f|(?<![{_PICTURE}\ufe0f])\u200d|\u200d(?![{_PICTURE}]))+")
_SHOWN = 6  # of a long run only the first ones are written out: a page of NULs must not become ten


def visible(text: str) -> SafeString:
    """`text` escaped to stand in an element (not in an attribute); hidden characters as marks that name them.
    Any string is taken, NUL and lone surrogates too; what comes out encodes as UTF-8."""
    return mark_safe(_UNSEEN.sub(_mark, escape(text)))  # noqa: S308


def _mark(found: re.Match[str]) -> str:
    run = found[0]
    codes = [f"U+{ord(character):04X}" for character in run[:_SHOWN]]
    title = ", ".join(f"{code} {_name(character)}" for code, character in zip(codes, run, strict=False))
    more = f" and {len(run) - _SHOWN:,} more" if len(run) > _SHOWN else ""
    return f'<span class="unseen" title="{title}{more}">{" ".join(codes)}{more}</span>'


def _name(character: str) -> str:
    return unicodedata.name(character, "control character").lower()
