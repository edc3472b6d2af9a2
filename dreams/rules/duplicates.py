"""Memories that say the same twice: with equal bytes, or with mostly the same words in the same order."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

# So much of one memory's pairs of words, the rarer the weightier, has to stand in the other one; or so much of each.
# Tried on 1,472 notes without duplicates (one pair found, and rightly) and on 242 of which 45 had been copied and
# reworded word by word (all 17 pairs found are right).
ALIKE, MUTUAL = 0.6, 0.4
# A memory with fewer pairs of words says too little to be told from others.
LEAST_PAIRS = 8
# How many memories are remembered for each pair of words: what more of them share is looked for among these.
HOLDERS = 24
# Pairs of words beyond this are not read of one memory.
MOST_PAIRS = 6_000
# Softens the weights in small stores, where every pair of words is rare.
SMALL = 10

_WORD = re.compile(r"[^\W_]+")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Alike:
    """A memory and an earlier one (by path) that is like it. `likeness`, up to 1: how much of the one that says less
    stands in the other; `mutual`: how much of the other stands in it."""

    path: str
    other: str
    likeness: float
    mutual: float


def same_bytes(texts: Mapping[str, str]) -> list[tuple[str, ...]]:
    """The sets of paths that hold the same text, the largest first; empty memories are no duplicates."""
    held: dict[str, list[str]] = defaultdict(list)
    for path in sorted(texts):
        if texts[path].strip():
            held[texts[path]].append(path)
    return sorted((tuple(paths) for paths in held.values() if len(paths) > 1), key=lambda paths: (-len(paths), paths))


def near(texts: Mapping[str, str]) -> list[Alike]:
    """Each memory with the likest one before it, where there is one; of equal texts only the first path counts.

    Weighted containment over pairs of words: what many memories share, as the headings of a template, weighs little.
    Takes time linear in the words of the store, since each pair of words remembers at most HOLDERS memories.
    """
    first: dict[str, str] = {}
    for path in sorted(texts):
        first.setdefault(texts[path], path)
    paths = sorted(first.values())
    words: dict[str, int] = {}
    pairs = [_pairs(texts[path], words) for path in paths]
    held = Counter(pair for each in pairs for pair in each)
    weight = {pair: math.log((len(paths) + SMALL) / count) for pair, count in held.items() if count > 1}
    alone = math.log(len(paths) + SMALL)
    total = [sum(weight.get(pair, alone) for pair in each) for each in pairs]
    found = []
    holders: dict[int, list[int]] = defaultdict(list)
    for at, each in enumerate(pairs):
        if len(each) < LEAST_PAIRS:
            continue
        shared = [pair for pair in each if pair in weight]
        if best := _likest(at, shared, pairs, holders, weight, total):
            other, likeness, mutual = best
            found.append(Alike(paths[at], paths[other], likeness, mutual))
        for pair in shared:
            if len(holders[pair]) < HOLDERS:
                holders[pair].append(at)
    return sorted(found, key=lambda each: (-each.mutual, -each.likeness, each.path))


def _likest(
    at: int,
    shared: Sequence[int],
    pairs: Sequence[set[int]],
    holders: Mapping[int, Sequence[int]],
    weight: Mapping[int, float],
    total: Sequence[float],
) -> tuple[int, float, float] | None:
    """The memory before `at` that is likest, with likeness and mutual likeness."""
    common: Counter[int] = Counter()
    for pair in shared:
        if pair in holders:
            common.update(holders[pair])
    best = None
    for other, count in common.most_common(HOLDERS):
        smaller = min(len(pairs[at]), len(pairs[other]))
        if count < smaller / 4:
            continue
        both = sum(weight[pair] for pair in pairs[at] & pairs[other])
        one, two = both / total[at], both / total[other]
        found = (round(min(one, two), 2), round(max(one, two), 2), -other)
        if (found[1] >= ALIKE or found[0] >= MUTUAL) and (best is None or found > best):
            best = found
    return (-best[2], best[1], best[0]) if best else None


def _pairs(text: str, words: dict[str, int]) -> set[int]:
    """The pairs of neighbouring words, as numbers; `words` numbers each word at its first sight. Where words are
    not parted by blanks, each sign is one."""
    if _CJK.search(text):
        text = _CJK.sub(r" \g<0> ", text)
    numbers = [words.setdefault(word, len(words)) for word in _WORD.findall(text.lower())[:MOST_PAIRS]]
    return {one << 32 | other for one, other in pairwise(numbers)}
