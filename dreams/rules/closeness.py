"""What changed between two statements that are the same, word by word, but for one spot."""

import re
from collections.abc import Sequence

from dreams.rules.meaning import Meaning, changed_kinds
from dreams.rules.terms import terms
from dreams.rules.vocabulary import MODALS, TIMES, UNITS

# Of the words of either statement so many are the same, and the spot has no more words than this.
SAME, SPOT = 0.5, 4
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[^\w\s]|_+")
_NOT = frozenset("not no never cannot nicht nie kein keine without don't doesn't didn't isn't aren't wasn't".split())
# What comes and goes with a "not".
_HELPERS = frozenset("do does did don doesn can be will is are was were has have a an any ever yet".split())
_BINDING = frozenset("must should may".split())
_VALUES = frozenset("number unit date path version url".split())


def spot(old: str, new: str) -> tuple[list[str], list[str]] | None:
    """The words of either that are not the other's, when they stand at one place; None when they do not."""
    one, other = _TOKEN.findall(old), _TOKEN.findall(new)
    least = min(len(one), len(other))
    start = 0
    while start < least and one[start] == other[start]:
        start += 1
    end = 0
    while end < least - start and one[-1 - end] == other[-1 - end]:
        end += 1
    gone, come = one[start : len(one) - end], other[start : len(other) - end]
    if max(len(gone), len(come)) > SPOT or start + end < max(2, SAME * max(len(one), len(other))):
        return None
    return gone, come


def changed_at(place: tuple[Sequence[str], Sequence[str]], old: Meaning, new: Meaning) -> str:
    """The kind of fact that the spot changed, "" when it is none of the kinds or another spelling."""
    # "NO" is a code rather than a shout.
    gone, come = ([word.lower().replace("’", "'") for word in side if word != "NO"] for side in place)
    denied, denies = ([word for word in side if word in _NOT or word.endswith("n't")] for side in (gone, come))
    if len(denied) % 2 != len(denies) % 2 and _bare(gone) == _bare(come):
        return "negation"
    bound, binds = ({MODALS.get(word) for word in side} & _BINDING for side in (gone, come))
    if bound and binds and bound.isdisjoint(binds) and not (denied or denies):
        return "modal"
    if len(place[0]) != 1 or len(place[1]) != 1 or terms(place[0][0]) == terms(place[1][0]):
        return ""
    return _value(place[0][0], place[1][0], old, new)


def _value(gone: str, come: str, old: Meaning, new: Meaning) -> str:
    """The kind of value that one word in the place of another is."""
    kinds = [kind for kind in changed_kinds(old, new) if kind in _VALUES]
    if gone[0].isdigit() and come[0].isdigit():
        return kinds[0] if kinds else "number"
    if kinds in (["path"], ["url"]):
        return kinds[0]
    one, other = gone.lower(), come.lower()
    if TIMES.get(one, one) != TIMES.get(other, other) and one in TIMES and other in TIMES:
        return "date"
    if len(one) > 2 and len(other) > 2 and one in UNITS and other in UNITS:
        return "unit" if UNITS[one][0] != UNITS[other][0] else ""
    if gone[:1].isupper() and come[:1].isupper() and one[:4] != other[:4]:
        return "name"
    return ""


def _bare(words: Sequence[str]) -> list[tuple[str, ...]]:
    """The words without a "not" and what helps it, by their stems."""
    return [
        stems
        for word in words
        if word.removesuffix("n't") not in _HELPERS and word not in _NOT and (stems := terms(word))
    ]
