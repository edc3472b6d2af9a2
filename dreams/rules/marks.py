"""Which words of one place differ from those of another: sentences find each other first, then their words."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from rapidfuzz.distance import Indel, Postfix, Prefix

from dreams.rules.units import WORD, Unit, tokens_of, words_in

# The alignment needs n·m/8 bytes: 6,000 words a side are 4.5 MB and about 20 ms.
MAX_WORDS = 6_000
# A word that is in so many sentences at most says something about which of them belong together.
FEW = 4
# A sentence that shares less than this part of its letters, or words, with another is simply another sentence.
MIN_SHARED, MIN_LIKE = 0.3, 0.35
# Two sentences of any kind share about half of their letters in order, this part only the same one reworded.
ALIKE = 0.65

# Of what a break within a paragraph may consist.
_BLANK = " \t>\n"


class Cut(NamedTuple):
    """What differs: old characters from `old` to `old_end`, new ones from `new` to `new_end`; either may be none."""

    old: int
    old_end: int
    new: int
    new_end: int


class Match(NamedTuple):
    """Two units, by index, that say the same but for these cuts."""

    old: int
    new: int
    cuts: Sequence[Cut]


def common_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many items are equal at the start, and how many of the rest at the end."""
    shorter = min(len(old), len(new))
    start = 0
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return start, end


def matches(old: str, olds: list[Unit], new: str, news: list[Unit]) -> list[Match]:
    """The units of both texts that belong together, in order on both sides: equal ones first, then, between them,
    those that are alike."""
    if len(olds) == 1 == len(news):
        return _pair(old, olds, 0, new, news, 0)
    texts, others = _keys(old, olds), _keys(new, news)
    start, end = common_ends(texts, others)
    found = [Match(at, at, ()) for at in range(start)]
    middle, across = texts[start : len(texts) - end], others[start : len(others) - end]
    blocks = Indel.opcodes(middle, across).as_matching_blocks() if middle and across else [(0, 0, 0)]
    i, j = start, start
    for block in blocks:
        # The last one is the empty block behind everything.
        a, b, size = block[0] + start, block[1] + start, block[2]
        if not size:
            a, b = len(olds) - end, len(news) - end
        if i < a and j < b:
            for one, other in _partners(texts[i:a], others[j:b]):
                found += _pair(old, olds, i + one, new, news, j + other)
        found += [Match(a + at, b + at, ()) for at in range(size)]
        i, j = a + size, b + size
    return found + [Match(len(olds) - at, len(news) - at, ()) for at in range(end, 0, -1)]


def _keys(text: str, units: list[Unit]) -> list[str]:
    """The units without the white space behind them; where lines break within a paragraph does not count."""
    keys = []
    for at, (start, end, _, _) in enumerate(units):
        unit = text[start:end]
        if "\n" in unit:
            unit = "".join([" " if token[0] == "\n" else token for token in tokens_of(unit)])
        # Behind the last sentence of a line white space would be a change of its own.
        keys.append(unit.rstrip() if at + 1 < len(units) and units[at + 1].start == end else unit)
    return keys


def _pair(old: str, olds: list[Unit], one: int, new: str, news: list[Unit], other: int) -> list[Match]:
    first, second = olds[one], news[other]
    cuts = word_cuts(old[first.start : first.end], new[second.start : second.end])
    if cuts is None:
        return []
    a, b = first.start, second.start
    return [Match(one, other, [Cut(cut[0] + a, cut[1] + a, cut[2] + b, cut[3] + b) for cut in cuts])]


def word_cuts(old: str, new: str) -> list[Cut] | None:
    """The words that differ between two texts; None when they have too little in common to be one text reworded."""
    # The ends that are equal are left out, up to a blank: only there does a word surely end.
    start = len(old[: old.rfind(" ", 0, Prefix.similarity(old, new)) + 1].rstrip(_BLANK))
    end = Postfix.similarity(old[start:], new[start:])
    while end:
        blank = old.find(" ", len(old) - end)
        end = len(old) - blank if blank >= 0 else 0
        if end and old[blank - 1] not in _BLANK and new[len(new) - end - 1] not in _BLANK:
            break
        end = max(end - 1, 0)
    a, b = old[start : len(old) - end], new[start : len(new) - end]
    cuts = _token_cuts(a, b, start) if a and b else [Cut(start, start + len(a), start, start + len(b))]
    kept, at = [], 0
    for cut in cuts:
        kept.append(old[at : cut.old])
        at = cut.old_end
    kept.append(old[at:])
    return cuts if _is_reworded("".join(kept), min(old, new, key=len)) else None


def _is_reworded(kept: str, shorter: str) -> bool:
    """Whether enough of the shorter text was kept, in letters, or in words where an address would outweigh them."""
    if not WORD.search(kept):
        return False
    if len(kept) - kept.count(" ") >= MIN_SHARED * (len(shorter) - shorter.count(" ")):
        return True
    words = [sum(1 for token in tokens_of(text) if WORD.search(token)) for text in (kept, shorter)]
    return words[0] >= MIN_SHARED * words[1]


def _token_cuts(old: str, new: str, base: int) -> list[Cut]:
    one, other = tokens_of(old), tokens_of(new)
    whole = Cut(base, base + len(old), base, base + len(new))
    if len(one) == 1 == len(other):
        return [whole]
    keys = [[" " if token[0] == "\n" else token for token in side] for side in (one, other)]
    if max(len(one), len(other)) > MAX_WORDS:
        start, end = common_ends(*keys)
        if max(len(one), len(other)) - start - end > MAX_WORDS:
            return [whole]
    else:
        start = end = 0
    blocks = Indel.opcodes(*(side[start : len(side) - end] for side in keys)).as_matching_blocks()
    places = list(accumulate(map(len, one), initial=base)), list(accumulate(map(len, other), initial=base))
    cuts: list[Cut] = []
    i = j = start
    for block in blocks:
        a, b = block[0] + start, block[1] + start
        if i < a or j < b:
            cuts.append(Cut(places[0][i], places[0][a], places[1][j], places[1][b]))
        i, j = a + block[2], b + block[2]
    return _without_islands(cuts, old, base) if len(cuts) > 1 else cuts


def _without_islands(cuts: list[Cut], old: str, base: int) -> list[Cut]:
    """The same with cuts joined over a blank, a comma, or a word that is small beside what changed around it."""
    joined = [cuts[0]]
    for cut in cuts[1:]:
        last = joined[-1]
        same = old[last.old_end - base : cut.old - base]
        around = min(max(c.old_end - c.old, c.new_end - c.new) for c in (last, cut))
        if 3 * len(same.strip()) <= around or not WORD.search(same):
            joined[-1] = Cut(last.old, cut.old_end, last.new, cut.new_end)
        else:
            joined.append(cut)
    return joined


def _partners(olds: list[str], news: list[str]) -> list[tuple[int, int]]:
    """Which sentences are one another's rewording, by index, in order. Only those are weighed that share a word which
    few others have, or stand at about the same place: the work grows with the number of words only."""
    if len(olds) == 1 == len(news):
        return [(0, 0)]
    start, end = _alike_ends(olds, news)
    first, last = [(n, n) for n in range(start)], [(len(olds) - n, len(news) - n) for n in range(end, 0, -1)]
    olds, news = olds[start : len(olds) - end], news[start : len(news) - end]
    if not olds or not news:
        return first + last
    words = [words_in(text) for text in olds], [words_in(text) for text in news]
    places: dict[str, list[int]] = {}
    for j, found in enumerate(words[1]):
        for word in found:
            places.setdefault(word, []).append(j)
    pairs = []
    for i, found in enumerate(words[0]):
        near = {i * len(news) // len(olds)}
        for word in found:
            at = places.get(word)
            if at and len(at) <= FEW:
                near.update(at)
        # Of one sentence the later ones come first, so that no two of its pairs can follow each other.
        pairs += [(i, j, like) for j in sorted(near, reverse=True) if (like := _like(found, words[1][j]))]
    return first + [(start + i, start + j) for i, j in _uncrossed(pairs, len(news))] + last


def _alike_ends(olds: list[str], news: list[str]) -> tuple[int, int]:
    """How many sentences at the start, and how many of the rest at the end, are plainly the next one reworded."""
    shorter = min(len(olds), len(news))
    start = end = 0
    while start < shorter and Indel.normalized_similarity(olds[start], news[start]) >= ALIKE:
        start += 1
    while end < shorter - start and Indel.normalized_similarity(olds[-1 - end], news[-1 - end]) >= ALIKE:
        end += 1
    return start, end


def _uncrossed(pairs: list[tuple[int, int, float]], count: int) -> list[tuple[int, int]]:
    """The pairs that do not cross each other with the greatest sum of likenesses."""
    # A Fenwick tree of the best chain that ends before each place: (its sum, its last pair).
    best: list[tuple[float, int]] = [(0.0, -1)] * (count + 1)
    before: list[int] = []
    for number, (_, j, like) in enumerate(pairs):
        top, at = (0.0, -1), j
        while at > 0:
            top = max(top, best[at])
            at &= at - 1
        before.append(top[1])
        chain, at = (top[0] + like, number), j + 1
        while at <= count:
            best[at] = max(best[at], chain)
            at += at & -at
    found = []
    last, at = (0.0, -1), count
    while at > 0:
        last = max(last, best[at])
        at &= at - 1
    number = last[1]
    while number >= 0:
        found.append(pairs[number][:2])
        number = before[number]
    return found[::-1]


def _like(one: frozenset[str], other: frozenset[str]) -> float:
    """Which part of their words two sentences share, 0 when it is too small to count."""
    share = 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0
    return share if share >= MIN_LIKE else 0.0
