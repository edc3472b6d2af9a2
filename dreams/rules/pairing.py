"""Which statement after carries which one before, told by the weight of the words and values they share.

A pair's chance is a logistic of eight figures, fitted on the labelled dreams of tests/yardstick.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process

from dreams.rules.sentences import Sentence
from dreams.rules.terms import terms

_Ints = npt.NDArray[np.int64]
_Short = npt.NDArray[np.int32]
_Floats = npt.NDArray[np.float64]

# A pair with such a chance carries; less than that, down to DOUBT, is worth a look: its origin is uncertain.
CARRIES, DOUBT = 0.3, 0.12
# Below this a pair that carries is no sure one.
SURELY = 0.75
# Terms that would make more pairs than this are said everywhere, and tell nothing.
TOO_COMMON = 3_000
# How many statements the stores had that the weights below were fitted on.
USUAL = 600
# Pairs that have so many of their letters in common are told by these, and are so likely.
LETTERS, NEARLY = 0.8, 0.9
# So many of the likeliest partners of a statement are looked at closely, of those that have such a part in common.
CANDIDATES, PART = 12, 0.13
# So many partners may share a statement between them.
TOGETHER = 3
# A statement is gone, or came from nowhere, when that is likelier than this; the two harms weigh more than an alarm.
GONE, UNKNOWN = 0.3, 0.13
# What the figures of a pair count (see _Pairs.figures), and the three of a statement without a partner (see alone).
_WEIGHTS = np.array([0.64, -2.55, 2.02, 6.11, 3.76, 5.5, 0.42, -3.18, -14.39])
_GONE = (-0.53, -1.12, -0.75)
_UNKNOWN = (-0.42, -2.61, -0.46)


@dataclass(frozen=True, slots=True)
class Pairing:
    """Pairs (old[n], new[n]) as indices into the statements given, with their `chance`, the likeliest first.

    Statements with the same normal form are pairs with chance 1. `gone`: for each old statement how likely nobody says
    it any more; `unknown`: for each new one how likely nobody said it before; both from 0 to 1.
    """

    old: list[int]
    new: list[int]
    chance: list[float]
    gone: list[float]
    unknown: list[float]


def pair(before: Sequence[Sentence], after: Sequence[Sentence]) -> Pairing:
    """All pairs worth a look of two stores, the likeliest first, and what seems to have no partner."""
    found = _Pairs(before, after)
    chance = found.chances()
    order = np.flatnonzero(chance >= DOUBT)
    order = order[np.lexsort((found.new[order], found.old[order], -chance[order]))]
    return Pairing(
        found.old[order].tolist(),
        found.new[order].tolist(),
        chance[order].tolist(),
        found.alone(found.olds, found.news, found.old, found.new, chance, _GONE).tolist(),
        found.alone(found.news, found.olds, found.new, found.old, chance, _UNKNOWN).tolist(),
    )


class _Table:
    """The terms of one side's statements as rows (statement, term), sorted by statement."""

    def __init__(self, statements: Sequence[Sentence], numbers: defaultdict[str, int]) -> None:
        keys: dict[str, int] = {}
        place = np.array([keys.setdefault(each.key, len(keys)) for each in statements], dtype=np.int64)
        read = [terms(key) for key in keys]
        sizes = np.array([len(held) for held in read], dtype=np.int64)
        self.count = len(statements)
        self.distinct = np.array([*map(numbers.__getitem__, chain.from_iterable(read))], dtype=np.int32)
        self.row, at = _runs((np.cumsum(sizes) - sizes)[place], sizes[place])
        self.column = self.distinct[at]
        self.starts = np.searchsorted(self.row, np.arange(self.count + 1))


class _Pairs:
    def __init__(self, before: Sequence[Sentence], after: Sequence[Sentence]) -> None:
        self.before, self.after = before, after
        numbers = defaultdict[str, int](count().__next__)
        self.olds, self.news = _Table(before, numbers), _Table(after, numbers)
        held = np.bincount(np.concatenate([self.olds.distinct, self.news.distinct]), minlength=len(numbers))
        # The weights are those of a store of the size that the figures were fitted on, however few or many there are.
        scale = USUAL / max(USUAL, len(before) + len(after))
        self.weight = np.log(USUAL / np.maximum(held * scale, 1)) + 0.3
        self.old_weight = self._sums(self.olds, len(before))
        self.new_weight = self._sums(self.news, len(after))
        same_old, same_new, gone, fresh = _equal(before, after)
        old, new = self._candidates(gone, fresh)
        shared = self._shared(old, new)
        self.old, self.new = np.concatenate([old, same_old]), np.concatenate([new, same_new])
        self.same = np.concatenate([np.zeros(len(old), bool), np.ones(len(same_old), bool)])
        self.shared = np.concatenate([shared, self.old_weight[same_old]])
        self.shared_old = self.shared / self.old_weight[self.old]
        self.shared_new = self.shared / self.new_weight[self.new]

    def _sums(self, table: _Table, count: int) -> _Floats:
        return np.maximum(np.bincount(table.row, self.weight[table.column], minlength=count), 1e-9)

    def _candidates(self, gone: npt.NDArray[np.bool_], fresh: npt.NDArray[np.bool_]) -> tuple[_Ints, _Ints]:
        """The pairs that share the most, for each side; of what was told apart already neither looks for the other."""
        found = []
        for olds, news in ((gone, np.ones(len(fresh), bool)), (~gone, fresh)):
            found.append(self._join(_only(self.olds, olds), _only(self.news, news)))
        old, new, shared = (np.concatenate(each) for each in zip(*found, strict=True))
        keep = _top(old, shared, CANDIDATES) | _top(new, shared, CANDIDATES)
        return old[keep], new[keep]

    def _join(self, olds: tuple[_Ints, _Short], news: tuple[_Ints, _Short]) -> tuple[_Ints, _Ints, _Floats]:
        """The pairs of statements that have a fair part in common, with the weight of the telling terms in both."""
        size, width = len(self.weight), max(1, len(self.after))
        old_count, new_count = (np.bincount(column, minlength=size) for _, column in (olds, news))
        telling = old_count * new_count <= TOO_COMMON
        (old_row, old_column), (new_row, new_column) = (
            (row[telling[column]], column[telling[column]]) for row, column in (olds, news)
        )
        order = np.argsort(new_column, kind="stable")
        starts = np.cumsum(new_count * telling) - new_count * telling
        of, at = _runs(starts[old_column], new_count[old_column])
        # Old statement, new statement and term as one number each: sorted once, all that two have in common is a run.
        rows = np.sort((old_row * (width * size))[of] + (new_row * size + new_column)[order][at])
        keys = rows // size
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        shared = np.add.reduceat(self.weight[rows - keys * size], first) if len(first) else np.zeros(0)
        old, new = np.divmod(keys[first], width)
        near = shared * shared >= PART * PART * self.old_weight[old] * self.new_weight[new]
        return old[near], new[near], shared[near]

    def _common(self, one: _Table, other: _Table, left: _Ints, right: _Ints) -> tuple[_Ints, _Short]:
        """For each pair of statements their common terms, as (number of the pair, term)."""
        size = len(self.weight)
        known = np.sort(other.row * np.int64(size) + other.column)
        of, at = _runs(one.starts[left], one.starts[left + 1] - one.starts[left])
        column = one.column[at]
        wanted = (right * size)[of] + column
        if not len(known):
            return of[:0], column[:0]
        mask = _mask(len(known))
        seen = np.zeros(mask + 1, bool)
        seen[known & mask] = True
        likely = np.flatnonzero(seen[wanted & mask])
        wanted = wanted[likely]
        hit = likely[known[np.minimum(np.searchsorted(known, wanted), len(known) - 1)] == wanted]
        return of[hit], column[hit]

    def _shared(self, old: _Ints, new: _Ints) -> _Floats:
        """The weight of all terms that each pair has in common, the everyday ones too."""
        of, column = self._common(self.olds, self.news, old, new)
        return _weighed(of, self.weight[column], len(old))

    def alone(
        self, one: _Table, other: _Table, mine: _Ints, theirs: _Ints, chance: _Floats, weights: Sequence[float]
    ) -> _Floats:
        """For each statement of one side how likely it has no partner: when the best is unlikely, and when all the
        likely ones together have few of its words."""
        best = np.full(one.count, 1e-4)
        np.maximum.at(best, mine, np.minimum(chance, 0.999))
        pairs = np.flatnonzero((chance >= DOUBT) & (best[mine] < 0.999))
        pairs = pairs[_top(mine[pairs], chance[pairs], TOGETHER)]
        of, column = self._common(one, other, mine[pairs], theirs[pairs])
        known = np.unique(mine[pairs][of] * len(self.weight) + column)
        rows, columns = known // max(1, len(self.weight)), known % max(1, len(self.weight))
        whole = self._sums(one, one.count)
        covered = np.bincount(rows, self.weight[columns], minlength=one.count) / whole
        by_chance, by_cover, start = weights
        found: _Floats = 1 / (1 + np.exp(-(by_chance * np.log(best / (1 - best)) + by_cover * covered + start)))
        return np.where(best >= 0.999, 0.0, np.round(found, 6))

    def figures(self) -> _Floats:
        """What the chance of each pair is told by, one row a pair."""
        likeness = np.sqrt(self.shared_old * self.shared_new)
        best_old, best_new = np.zeros(len(self.before)), np.zeros(len(self.after))
        np.maximum.at(best_old, self.old, likeness)
        np.maximum.at(best_new, self.new, likeness)
        paths = defaultdict[str, int](count().__next__)
        old_path, new_path = (np.array([paths[each.path] for each in side]) for side in (self.before, self.after))
        one = old_path[self.old] == new_path[self.new]
        heading = [each.kind == "heading" for each in self.before], [each.kind == "heading" for each in self.after]
        apart = np.array(heading[0], bool)[self.old] != np.array(heading[1], bool)[self.new]
        return np.stack(
            [
                self.shared_old,
                self.shared_new,
                np.log1p(self.shared),
                likeness / np.maximum(best_old[self.old], 1e-9),
                likeness / np.maximum(best_new[self.new], 1e-9),
                self._kinship(),
                one.astype(float),
                apart.astype(float),
                np.ones(len(self.old)),
            ],
            axis=1,
        )

    def _kinship(self) -> _Floats:
        """For each pair how much of the old memory seems to be in the new one, from 0 to 1."""
        old_memory, old_count = _memories(self.before)
        new_memory, new_count = _memories(self.after)
        told = self.shared_old * np.clip(self.shared / 8, 0, 1) * self.old_weight[self.old]
        # The best of each (old statement, new memory), summed up by (old memory, new memory).
        keys = self.old * new_count + new_memory[self.new]
        order = np.lexsort((-told, keys))
        first = order[np.concatenate([[True], keys[order][1:] != keys[order][:-1]])] if len(keys) else order
        edge = old_memory[self.old] * new_count + new_memory[self.new]
        edges, at = np.unique(edge, return_inverse=True)
        sums = np.bincount(at[first], told[first], minlength=len(edges))
        whole = np.bincount(old_memory, self.old_weight, minlength=old_count)
        kinship: _Floats = sums[at] / whole[old_memory[self.old]]
        return kinship

    def _twins(self) -> npt.NDArray[np.bool_]:
        """Which pairs are the same but for a few letters, and each the closest the other has."""
        keys, others = [each.key for each in self.before], [each.key for each in self.after]
        size, other_size = np.array([*map(len, keys)])[self.old], np.array([*map(len, others)])[self.new]
        alike = np.flatnonzero(2 * np.minimum(size, other_size) >= LETTERS * (size + other_size))
        ratio = np.zeros(len(self.old))
        ratio[alike] = process.cpdist(
            [*map(keys.__getitem__, self.old[alike].tolist())],
            [*map(others.__getitem__, self.new[alike].tolist())],
            scorer=fuzz.ratio,
            score_cutoff=100 * LETTERS,
            dtype=np.float64,
        )
        best_old, best_new = np.zeros(len(self.before)), np.zeros(len(self.after))
        np.maximum.at(best_old, self.old, ratio)
        np.maximum.at(best_new, self.new, ratio)
        near: npt.NDArray[np.bool_] = (ratio > 0) & (ratio == best_old[self.old]) & (ratio == best_new[self.new])
        return near

    def chances(self) -> _Floats:
        """The chance of each pair that the new statement carries the old one."""
        chance = 1 / (1 + np.exp(-self.figures() @ _WEIGHTS))
        chance = np.where(self._twins(), np.maximum(chance, NEARLY), chance)
        rounded: _Floats = np.where(self.same, 1.0, np.minimum(np.round(chance, 6), 0.999))
        return rounded


def _equal(
    before: Sequence[Sentence], after: Sequence[Sentence]
) -> tuple[_Ints, _Ints, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """The pairs with the same normal form, one for each old statement and one for each new one, preferably at the
    same path; and which statements of either side have no partner."""
    places: dict[str, dict[str, int]] = {}
    old_places: dict[str, dict[str, int]] = {}
    for at, each in enumerate(after):
        places.setdefault(each.key, {}).setdefault(each.path, at)
    for at, each in enumerate(before):
        old_places.setdefault(each.key, {}).setdefault(each.path, at)
    pairs = set()
    for at, each in enumerate(before):
        if held := places.get(each.key):
            pairs |= {(at, to) for to in ([held[each.path]] if each.path in held else list(held.values())[:4])}
    for to, each in enumerate(after):
        if held := old_places.get(each.key):
            pairs.add((held.get(each.path, next(iter(held.values()))), to))
    both = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    gone = np.array([each.key not in places for each in before], bool)
    fresh = np.array([each.key not in old_places for each in after], bool)
    return both[:, 0], both[:, 1], gone, fresh


def _weighed(at: _Ints, weight: _Floats, count: int) -> _Floats:
    """The sum of the weights at each number below `count`."""
    return np.bincount(at, weight, minlength=count).astype(np.float64, copy=False)


def _runs(starts: _Ints, times: _Ints) -> tuple[_Ints, _Ints]:
    """Runs of numbers, each from its start and so long, behind each other: each number's run, and the number."""
    of = np.repeat(np.arange(len(times)), times)
    return of, np.arange(len(of)) + np.repeat(starts - np.cumsum(times) + times, times)


def _mask(count: int) -> int:
    """So many of their last bits that hardly two of `count` numbers have the same."""
    return (1 << min(22, 2 + count.bit_length())) - 1


def _only(table: _Table, wanted: npt.NDArray[np.bool_]) -> tuple[_Ints, _Short]:
    rows = wanted[table.row] if len(table.row) else np.zeros(0, bool)
    return table.row[rows], table.column[rows]


def _top(group: _Ints, value: _Floats, count: int) -> npt.NDArray[np.bool_]:
    """Which are among the `count` highest of their group."""
    keep = (np.bincount(group) <= count)[group] if len(group) else np.zeros(0, bool)
    rest = np.flatnonzero(~keep)
    order = rest[np.lexsort((-value[rest], group[rest]))]
    sorted_group = group[order]
    keep[order] = np.arange(len(order)) - np.searchsorted(sorted_group, sorted_group) < count
    return keep


def _memories(statements: Sequence[Sentence]) -> tuple[_Ints, int]:
    """The number of each statement's memory, and how many there are."""
    numbers: dict[str, int] = {}
    found = np.array([numbers.setdefault(each.path, len(numbers)) for each in statements], dtype=np.int64)
    return found, max(1, len(numbers))
