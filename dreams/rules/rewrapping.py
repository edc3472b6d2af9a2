"""Whether two texts differ in line breaks, white space and list marks alone, so that nobody need read them twice."""

import re

from dreams.rules.sentences import split

# Where white space is part of what is said.
_LAYOUT_COUNTS = re.compile(r"\.(?:ya?ml|py|toml|json|ini|sh|csv|tsv|diff|patch)$|(?:^|/)Makefile$")
_BULLET = re.compile(r"^[ \t]*(?:>[ \t]?)*[ \t]*[-*+•][ \t]+", re.MULTILINE)
_SET_IN = re.compile(r"^(?: {4}|\t)[ \t]*(?![-*+•\s]).*$", re.MULTILINE)


def only_rewrapped(old: str, new: str, path: str) -> bool:
    """Whether the same statements stand in the same order with the same words; False for equal texts, and wherever
    white space itself says something (code, front matter, data)."""
    if old == new or _LAYOUT_COUNTS.search(path):
        return False
    old, new = old.replace("\r\n", "\n"), new.replace("\r\n", "\n")
    if old == new:
        return True
    if _BULLET.sub(" ", old).split() != _BULLET.sub(" ", new).split() or _SET_IN.findall(old) != _SET_IN.findall(new):
        return False
    # Two items that became one sentence have the same words; what they say may differ.
    return _statements(path, old) == _statements(path, new)


def _statements(path: str, text: str) -> list[tuple[str, str, str]]:
    lines = text.split("\n")
    return [
        (each.kind, each.key, lines[each.line - 1].rstrip() if _verbatim(each.kind, each.text) else "")
        for each in split(path, text)
    ]


def _verbatim(kind: str, text: str) -> bool:
    return kind == "code" or (kind == "row" and not text.startswith("|"))
