"""How much of each memory became part of which other: by word pairs where they are clear, by statements where not."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dreams.rules.pairing import CARRIES, Pairing, pair
from dreams.rules.prints import Found, Words, grams, shared
from dreams.rules.sentences import Sentence, split

# A share from which a memory belongs to the other.
SHARED = 0.5
# So much of a memory's word pairs is such a share; unrelated memories have two thirds of that at most.
CLEAR = 0.2
# What weighs less says nothing, unless it is most of both memories.
WEIGHTY, MOST = 25.0, 0.6
# A memory that has less of its words in common with any other is not told anew there; so many others are looked at.
FAINT, NEAREST = 0.2, 3
# A long memory has words of everybody: less than this of it says nothing.
SLIGHT = 0.04
# So much together have to be the shares of a memory's statements and of its words that were told anew elsewhere.
TOLD = 0.74
# What it counts that both are in the same folder and have a word of their names in common.
KIN = 0.12
# What somebody said of a memory's origin is believed when the two have so much in common.
CREDIBLE = 0.05
# A statement is carried into its likeliest memory, and into any other with such a chance.
SURE = 0.5
# A statement that more memories hold than this is boilerplate and ties nothing together.
BOILERPLATE = 4

_NAME = re.compile(r"[^\W\d_]{4,100}")

# {memory on one side: {memory on the other: how much of the first}}
_Shares = dict[str, dict[str, float]]
_Edges = dict[tuple[str, str], tuple[float, float]]


def _nothing() -> _Shares:
    return defaultdict(dict)


@dataclass(slots=True)
class Shares:
    """`given`: how much of each removed memory went into each one after; `taken`: how much of each added one came
    from each one before; `stayed`: how much of that is still at the old path, too. SHARED is enough."""

    given: _Shares = field(default_factory=_nothing)
    taken: _Shares = field(default_factory=_nothing)
    stayed: _Shares = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class Sides:
    """Two stores and what is asked of them: the paths of the memories that are `removed` and `added`, and each path's
    words before and after, of those that can have to do with them."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    removed: Set[str]
    added: Set[str]
    words_before: Mapping[str, Words]
    words_after: Mapping[str, Words]


def shares(sides: Sides, evidence: Mapping[str, Collection[str]]) -> Shares:
    """How much of each removed memory is in which one after, and of each added one in which one before.

    `evidence`: {new path: old paths it is said to be made of}, believed where the words do not contradict it.
    """
    found = _clear(sides)
    olds = {old for old in sides.removed if not _enough(found.given[old])}
    settled = {_leader(held) for held in found.given.values() if _enough(held)}
    news = {new for new in sides.added if not _enough(found.taken[new]) and new not in settled}
    said = [(old, new) for new, made_of in evidence.items() for old in made_of if old != new]
    near = _near(sides, olds, news, said)
    _told(sides, found, olds, news, near)
    _believe(sides, found, said, near)
    return found


def _enough(held: Mapping[str, float]) -> bool:
    return max(held.values(), default=0.0) >= SHARED


def _leader(held: Mapping[str, float]) -> str | None:
    return max(held, key=held.__getitem__, default=None)


def _clear(sides: Sides) -> Shares:
    """What most word pairs say."""
    found = Shares()
    olds, news = list(sides.words_before), list(sides.words_after)
    both = shared(
        [*sides.words_before.values()],
        [*sides.words_after.values()],
        np.array([*(old in sides.removed for old in olds), *(new in sides.added for new in news)], bool),
        pairs=True,
    )
    telling = (both.weight >= WEIGHTY) | (np.minimum(both.of_old, both.of_new) >= MOST)
    telling &= np.maximum(both.of_old, both.of_new) >= CLEAR / 2
    for (old, new), (of_old, of_new) in _edges(both, telling, olds, news).items():
        if old in sides.removed:
            # What was moved and condensed keeps little of the old, but the new is all from there.
            mean = 3 * of_old * of_new / (of_old + of_new) if new in sides.added else 0.0
            found.given[old][new] = max(of_old, mean) * SHARED / CLEAR
        if new in sides.added:
            found.taken[new][old] = of_new * SHARED / CLEAR
            if old not in sides.removed and of_new >= CLEAR:
                found.stayed[new][old] = found.taken[new][old] * _stayed(sides, old, new)
    return found


def _edges(found: Found, wanted: npt.NDArray[np.bool_], olds: list[str], news: list[str]) -> _Edges:
    """{(old path, new path): (how much of the old, how much of the new)} of two paths."""
    numbers = (each[wanted].tolist() for each in (found.old, found.new, found.of_old, found.of_new))
    return {
        (olds[old], news[new]): (of_old, of_new)
        for old, new, of_old, of_new in zip(*numbers, strict=True)
        if olds[old] != news[new]
    }


def _stayed(sides: Sides, old: str, new: str, seen: Callable[[Words], Words] = grams) -> float:
    """How much of what an old memory and a new one share is still at the old path."""
    if old not in sides.words_after:
        return 0.0
    common = np.intersect1d(seen(sides.words_before[old]), seen(sides.words_after[new]))
    return float(np.isin(common, seen(sides.words_after[old])).mean()) if len(common) else 0.0


def _near(sides: Sides, olds: Set[str], news: Set[str], said: Iterable[tuple[str, str]]) -> _Edges:
    """The pairs with some words in common: of the olds given, of the news given, and those that were said."""
    every_old, every_new = list(sides.words_before), list(sides.words_after)
    wanted = {*olds, *(old for old, _ in said)}
    asked = np.array([*(old in wanted for old in every_old), *(new in news for new in every_new)], bool)
    if not asked.any():
        return {}
    both = shared([*sides.words_before.values()], [*sides.words_after.values()], asked, pairs=False)
    return _edges(both, np.maximum(both.of_old, both.of_new) >= CREDIBLE, every_old, every_new)


def _told(sides: Sides, found: Shares, olds: Set[str], news: Set[str], near: _Edges) -> None:
    """What the statements say of memories that share but few word pairs with any other."""
    ways_old: dict[str, list[tuple[float, str]]] = {old: [] for old in olds}
    ways_new: dict[str, list[tuple[float, str]]] = {new: [] for new in news}
    for (old, new), (of_old, of_new) in near.items():
        if max(of_old, of_new) < FAINT - KIN or min(of_old, of_new) < SLIGHT:
            continue
        kin = KIN * _kin(old, new)
        if old in ways_old:
            ways_old[old].append((max(of_old, of_new if new in sides.added else 0.0) + kin, new))
        if new in ways_new and of_new + kin >= FAINT:
            # What is still said at the old path has no need to be told anew elsewhere.
            ways_new[new].append((of_new * (1 - _stayed(sides, old, new, np.unique)) + kin, old))
    looked_old, looked_new = _worth_a_look(ways_old), _worth_a_look(ways_new)
    if not looked_old and not looked_new:
        return
    more_new = {new for ways in looked_old.values() for new in ways}
    more_old = {old for ways in looked_new.values() for old in ways}
    told_old, told_new = looked_old.keys() | more_old, looked_new.keys() | more_new
    # A memory's own text, and whatever went there clearly, are rivals.
    told_old |= {old for old, held in found.given.items() if _leader(held) in told_new}
    told_old |= told_new & sides.before.keys()
    told_new |= {new for new, held in found.taken.items() if _leader(held) in told_old}
    told_new |= told_old & sides.after.keys()
    before = [each for path in sorted(told_old) for each in split(path, sides.before[path])]
    after = [each for path in sorted(told_new) for each in split(path, sides.after[path])]
    given, taken, stayed = carried_shares(before, after, pair(before, after))
    for old, ways in looked_old.items():
        found.given[old] = _both(given.get(old, {}), ways)
    for new, ways in looked_new.items():
        found.taken[new], found.stayed[new] = _both(taken.get(new, {}), ways), stayed.get(new, {})


def _both(told: Mapping[str, float], ways: Mapping[str, float]) -> dict[str, float]:
    """The shares of the statements told anew, seen together with those of the words."""
    return {path: (share + ways[path]) * SHARED / TOLD for path, share in told.items() if path in ways}


def _kin(one: str, other: str) -> bool:
    (folder, _, name), (other_folder, _, other_name) = one.rpartition("/"), other.rpartition("/")
    words, other_words = (_NAME.findall(each.partition(".")[0]) for each in (name, other_name))
    return folder == other_folder and not set(words).isdisjoint(other_words)


def _worth_a_look(ways: Mapping[str, list[tuple[float, str]]]) -> dict[str, dict[str, float]]:
    """Of each memory that may be told anew somewhere, the likeliest others."""
    found = {}
    for path, others in ways.items():
        nearest = sorted(others, reverse=True)[:NEAREST]
        if nearest and nearest[0][0] >= FAINT:
            found[path] = {other: share for share, other in nearest if share >= nearest[0][0] / 2}
    return found


def _believe(sides: Sides, found: Shares, said: Iterable[tuple[str, str]], near: _Edges) -> None:
    """Takes somebody's word for what a memory was made of, unless the two have nothing in common."""
    most_given = {old: max([SHARED, *held.values()]) for old, held in found.given.items()}
    most_taken = {new: max([SHARED, *held.values()]) for new, held in found.taken.items()}
    for old, new in said:
        if (old, new) in near and old in sides.removed:
            of_old, of_new = near[old, new]
            found.given[old][new] = most_given.get(old, SHARED) + of_old
            if new in sides.added:
                found.taken[new][old] = most_taken.get(new, SHARED) + of_new


def carried_shares(
    before: Sequence[Sentence], after: Sequence[Sentence], pairing: Pairing
) -> tuple[_Shares, _Shares, _Shares]:
    """`given`, `taken` and `stayed` (see Shares) between all memories of some statements, each share up to 1."""
    telling_old, telling_new = _telling(before), _telling(after)
    into: dict[int, set[str]] = defaultdict(set)
    source: dict[int, set[str]] = defaultdict(set)
    stayed: dict[int, set[str]] = defaultdict(set)
    pairs = list(zip(pairing.old, pairing.new, pairing.chance, strict=True))
    at_home = {old for old, new, chance in pairs if chance >= SURE and before[old].path == after[new].path}
    for old, new, chance in pairs:
        if chance < CARRIES:
            continue
        if chance >= SURE or not into[old]:
            into[old].add(after[new].path)
        if chance >= SURE or not source[new]:
            source[new].add(before[old].path)
            if old in at_home:
                stayed[new].add(before[old].path)
    return (
        _parts(before, telling_old, into),
        _parts(after, telling_new, source),
        _parts(after, telling_new, stayed),
    )


def _parts(statements: Sequence[Sentence], telling: Sequence[bool], found: Mapping[int, Iterable[str]]) -> _Shares:
    whole = Counter(each.path for each, tells in zip(statements, telling, strict=True) if tells)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for at, paths in found.items():
        if telling[at]:
            counts[statements[at].path].update(paths)
    return {path: {other: many / whole[path] for other, many in held.items()} for path, held in counts.items()}


def _telling(statements: Sequence[Sentence]) -> list[bool]:
    """Which statements tell memories apart: neither headings, unless there is nothing else, nor boilerplate."""
    holders = Counter(key for key, _ in {(each.key, each.path) for each in statements})
    tells = [each.kind not in ("heading", "code") and holders[each.key] <= BOILERPLATE for each in statements]
    told = {each.path for each, telling in zip(statements, tells, strict=True) if telling}
    return [
        telling or (each.path not in told and holders[each.key] <= BOILERPLATE)
        for each, telling in zip(statements, tells, strict=True)
    ]
