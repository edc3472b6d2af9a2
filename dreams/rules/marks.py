"""Which words of one place differ from those of another: sentences find each other first, then their words."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from rapidfuzz.distance import Indel, Postfix, Prefix

from dreams.rules.units import BREAK, WORD, Unit, at_blanks, tokens_of, words_in

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
# What stands behind a word and is none of it.
_CLOSING = ".,;:!?)"


# What differs: old characters from the first number up to the second, new ones from the third up to the fourth; either
# may be none. A bare tuple, for there are by far the most of these.
Cut = tuple[int, int, int, int]


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
            unit = BREAK.sub(" ", unit)
        # Behind the last sentence of a line white space would be a change of its own.
        keys.append(unit.rstrip() if at + 1 < len(units) and units[at + 1].start == end else unit)
    return keys


def _pair(old: str, olds: list[Unit], one: int, new: str, news: list[Unit], other: int) -> list[Match]:
    start, end, _, _ = olds[one]
    begin, until, _, _ = news[other]
    cuts = word_cuts(old[start:end], new[begin:until], start, begin)
    return [] if cuts is None else [Match(one, other, cuts)]


def word_cuts(old: str, new: str, base: int = 0, across: int = 0) -> list[Cut] | None:
    """The words that differ between two texts, which begin at `base` and `across`; None when they have too little in
    common to be one text reworded."""
    cuts = _chunk_cuts(*flat, base, across) if (flat := at_blanks(old, new)) else _end_cuts(old, new, base, across)
    return cuts if _is_reworded(old, new, cuts, base) else None


def _chunk_cuts(old: str, new: str, base: int, across: int) -> list[Cut]:
    """What differs between two texts that part at blanks: what stands between those is far fewer than words, and told
    apart sooner; only where it differs do words have to be looked for."""
    one, other = old.split(" "), new.split(" ")
    start = end = 0
    if max(len(one), len(other)) > MAX_WORDS:
        start, end = common_ends(one, other)
        if max(len(one), len(other)) - start - end > MAX_WORDS:
            return [(base, base + len(old), across, across + len(new))]
    keys = [one[start : len(one) - end], other[start : len(other) - end]]
    if "\0" in old or "\0" in new:
        # An aligner of lists takes one character by its number and all else by its hash: "" would equal NUL.
        keys = [[chunk or "  " for chunk in side] for side in keys]
    blocks = Indel.editops(*keys).as_matching_blocks()
    olds, news = list(accumulate(map(len, one), initial=base)), list(accumulate(map(len, other), initial=across))
    cuts: list[Cut] = []
    i = j = start
    for block in blocks:
        a, b = block[0] + start, block[1] + start
        if i < a or j < b:
            # Each stands as many blanks further on as there are chunks before it.
            at, to, here, there = olds[i] + i, olds[a] + a, news[j] + j, news[b] + b
            if i < a and j < b:
                gone, came = old[at - base : to - 1 - base], new[here - across : there - 1 - across]
                found = _cuts_within(gone, came, at, here)
                word = len(one[i]) if len(one[i]) > len(other[j]) else len(other[j])
            else:
                found = [(at - 1, to - 1, here - 1, there - 1) if i else (at, to, here, there)]
                word = len(one[i] if i < a else other[j])
            if cuts:
                last, first = cuts[-1], found[0]
                # Beside the first word of what changed, or less: so it is where blanks are words too.
                around = min(_size(last), _size(first), word)
                if _is_island(old[last[1] - base : first[0] - base], around):
                    found[0] = (last[0], first[1], last[2], first[3])
                    cuts.pop()
            cuts += found
        i, j = a + block[2], b + block[2]
    return cuts


def _cuts_within(old: str, new: str, base: int, across: int) -> list[Cut]:
    """What differs between texts of which no chunk is equal."""
    end = 1 if old[-1:] == new[-1:] and old[-1] in _CLOSING else 0
    if not old or not new or (_has_but_words(old, end) and _has_but_words(new, end)):
        return [(base, base + len(old) - end, across, across + len(new) - end)]
    return _without_islands(_token_cuts(old, new, base, across), old, base)


def _has_but_words(text: str, end: int) -> bool:
    return text.isascii() and text[: len(text) - end].replace(" ", "").isalnum()


def _end_cuts(old: str, new: str, base: int, across: int) -> list[Cut]:
    """What differs between any two texts: the ends that are equal are left out, up to a blank behind which a word
    surely begins."""
    start = len(old[: old.rfind(" ", 0, Prefix.similarity(old, new)) + 1].rstrip(_BLANK))
    end = Postfix.similarity(old[start:], new[start:])
    while end:
        blank = old.find(" ", len(old) - end)
        end = len(old) - blank if blank >= 0 else 0
        if end and old[blank - 1] not in _BLANK and new[len(new) - end - 1] not in _BLANK:
            break
        end = max(end - 1, 0)
    a, b = old[start : len(old) - end], new[start : len(new) - end]
    base, across = base + start, across + start
    if not a or not b:
        return [(base, base + len(a), across, across + len(b))]
    return _without_islands(_token_cuts(a, b, base, across), a, base)


def _is_reworded(old: str, new: str, cuts: list[Cut], base: int) -> bool:
    """Whether enough of the shorter text was kept, in letters, or in words where an address would outweigh them."""
    kept, at = [], 0
    left = len(old) - old.count(" ")
    for start, end, _, _ in cuts:
        kept.append(old[at : start - base])
        at = end - base
        left -= end - start
    kept.append(old[at:])
    shorter = old if len(old) <= len(new) else new
    if not any(map(WORD.search, kept)):
        return False
    # Most often already so when all that went is counted as letters.
    if left >= MIN_SHARED * len(shorter):
        return True
    rest = "".join(kept)
    if len(rest) - rest.count(" ") >= MIN_SHARED * (len(shorter) - shorter.count(" ")):
        return True
    words = [sum(1 for token in tokens_of(text) if WORD.search(token)) for text in (rest, shorter)]
    return words[0] >= MIN_SHARED * words[1]


def _token_cuts(old: str, new: str, base: int, across: int) -> list[Cut]:
    one, other = tokens_of(old), tokens_of(new)
    whole = (base, base + len(old), across, across + len(new))
    if len(one) == 1 == len(other):
        return [whole]
    keys = [one, other]
    if "\n" in old or "\n" in new:
        keys = [[" " if token[0] == "\n" else token for token in side] for side in keys]
    start = end = 0
    if max(len(one), len(other)) > MAX_WORDS:
        start, end = common_ends(*keys)
        if max(len(one), len(other)) - start - end > MAX_WORDS:
            return [whole]
    blocks = Indel.editops(*(side[start : len(side) - end] for side in keys)).as_matching_blocks()
    olds, news = list(accumulate(map(len, one), initial=base)), list(accumulate(map(len, other), initial=across))
    cuts: list[Cut] = []
    i = j = start
    for block in blocks:
        a, b = block[0] + start, block[1] + start
        if i < a or j < b:
            cuts.append((olds[i], olds[a], news[j], news[b]))
        i, j = a + block[2], b + block[2]
    return cuts


def _without_islands(cuts: list[Cut], old: str, base: int) -> list[Cut]:
    """The same with cuts joined over what says little between them."""
    if len(cuts) < 2:
        return cuts
    joined = []
    at, to, here, there = cuts[0]
    for start, end, begin, until in cuts[1:]:
        same = old[to - base : start - base]
        if _is_island(same, min(max(to - at, there - here), max(end - start, until - begin))):
            to, there = end, until
        else:
            joined.append((at, to, here, there))
            at, to, here, there = start, end, begin, until
    joined.append((at, to, here, there))
    return joined


def _size(cut: Cut) -> int:
    gone, came = cut[1] - cut[0], cut[3] - cut[2]
    return gone if gone > came else came


def _is_island(same: str, around: int) -> bool:
    """Whether what two texts share is a blank, a comma, or a word that is small beside what changed around it."""
    return 3 * len(same.strip()) <= around or not WORD.search(same)


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
