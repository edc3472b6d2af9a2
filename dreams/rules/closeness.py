"""Statements that are the same, word by word, but for one spot or for their numbers: which, and what changed there."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from dreams.rules.meaning import Meaning, changed_kinds
from dreams.rules.sentences import Sentence
from dreams.rules.terms import terms
from dreams.rules.vocabulary import MODALS, MONTHS, TIMES, UNITS

# Of the words of either statement so many are the same, and the spot has no more words than this.
SAME, SPOT = 0.5, 4
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[^\w\s]|_+")
_NOT = frozenset(
    "not no never cannot nicht nie kein keine keinen without don't doesn't didn't isn't aren't wasn't nunca jamás sin "
    "pas jamais sans".split()
)
# What comes and goes with a "not".
_HELPERS = frozenset(
    "do does did don doesn can be will is are was were has have a an any ever yet always immer siempre "
    "toujours ne de des du".split()
)
_BINDING = frozenset("must should may sometimes".split())
_ONLY = frozenset(word for word, name in MODALS.items() if name == "only")
_VALUES = frozenset("number unit date path version url".split())


_YEAR = re.compile(r"(?:19|20)\d\d$")
# A capital at the start makes no name of these.
_BOUNDS = frozenset(MODALS).union("höchstens mindestens maximal wenigstens max min maximum minimum".split())
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_TURN = re.compile(r"\b(?:not|never|must|should|may|can|shall|only)\b|n['’]t\b")


def frame(key: str) -> str:
    """A statement without its numbers, "not" and duties: what has the same frame is the same form, filled in anew."""
    if any(map(_turns, key.split())):
        key = _TURN.sub(" ", key)
    return " ".join(_NUMBER.sub("#", key).split())


@lru_cache(maxsize=50_000)
def _turns(word: str) -> bool:
    return _TURN.search(word) is not None


def same_frames(
    before: Sequence[Sentence], after: Sequence[Sentence], gone: Iterable[int], fresh: Iterable[int]
) -> list[tuple[int, int]]:
    """Pairs of statements, by their numbers, that have the same frame: at one path in their order, and from path to
    path where nothing else has it."""
    olds, news = _by_frame(before, gone), _by_frame(after, fresh)
    found = [pair for place in olds for pair in zip(olds[place], news.get(place, ()), strict=False)]
    paired = {old for old, _ in found}, {new for _, new in found}
    alone_old, alone_new = (
        _alone((framed, at) for (framed, _), held in side.items() for at in held if at not in done)
        for side, done in zip((olds, news), paired, strict=True)
    )
    return found + [(alone_old[framed], alone_new[framed]) for framed in alone_old if framed in alone_new]


def _by_frame(statements: Sequence[Sentence], chosen: Iterable[int]) -> dict[tuple[str, str], list[int]]:
    """The chosen statements by frame and path."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at in chosen:
        each = statements[at]
        if each.kind != "heading":
            found[frame(each.key), each.path].append(at)
    return found


def _alone(framed: Iterable[tuple[str, int]]) -> dict[str, int]:
    """What is the only one of its frame."""
    many: dict[str, list[int]] = defaultdict(list)
    for key, at in framed:
        many[key].append(at)
    return {key: held[0] for key, held in many.items() if len(held) == 1}


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
    if _ONLY.isdisjoint(gone) != _ONLY.isdisjoint(come) and _bare(gone) == _bare(come):
        return "modal"
    kinds = [kind for kind in changed_kinds(old, new) if kind in _VALUES]
    if len(kinds) == 1 and kinds[0] in ("path", "version", "url"):
        return kinds[0]
    if len(place[0]) != 1 or len(place[1]) != 1 or terms(place[0][0]) == terms(place[1][0]):
        return ""
    bare = any(number == place[0][0] and not unit for number, unit, *_ in old.amounts)
    return _value(place[0][0], place[1][0], kinds, bare)


def _value(gone: str, come: str, kinds: Sequence[str], bare: bool) -> str:
    """The kind of value that one word in the place of another is; `bare`: it has no unit."""
    if gone[0].isdigit() and come[0].isdigit():
        if _YEAR.match(gone) and _YEAR.match(come) and bare:
            return "date"
        return kinds[0] if kinds else "number"
    gone, come = (word.removesuffix("'s").removesuffix("’s") for word in (gone, come))
    one, other = gone.lower(), come.lower()
    if {one, other} == {"am", "pm"}:
        return "date"
    if TIMES.get(one, one) != TIMES.get(other, other) and one in TIMES and other in TIMES:
        return "date"
    if len(gone) > 1 and len(come) > 1 and (unit := UNITS.get(gone, UNITS.get(one))):
        base = UNITS.get(come, UNITS.get(other))
        return "unit" if base and unit[0] != base[0] else ""
    if one in MONTHS and other in MONTHS:
        return "date" if MONTHS[one] != MONTHS[other] else ""
    if gone[:1].isupper() and come[:1].isupper() and one[:4] != other[:4] and not {one, other} & _BOUNDS:
        return "name"
    return ""


def _bare(words: Sequence[str]) -> list[tuple[str, ...]]:
    """The words without a "not" and what helps it, by their stems."""
    return [
        stems
        for word in words
        if not {word, word.removesuffix("n't")} & (_HELPERS | _NOT | _ONLY) and (stems := terms(word))
    ]
