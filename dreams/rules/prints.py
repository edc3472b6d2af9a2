"""The fingerprint of a memory, a number for each of its words, and how much of each memory is found in which other."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]
_Ints = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]
_Bytes = npt.NDArray[np.uint8]

# So many bytes of text are read at once: what numpy needs on the way is ten times as much.
_AT_ONCE = 4_000_000
# What would tie together more pairs of memories is boilerplate; and what more than a few of either side have, of pairs
# of words fewer than of words.
BOILERPLATE, FEW_PAIRS, FEW_WORDS = 128, 6, 8
# Of more pairs or words than so many every second, third ... is enough, down to the last figure.
MOST_PAIRS, MOST_WORDS, SPARSEST = 200_000, 400_000, 16

_SPACES = bytes(code if code > 127 or chr(code).isalnum() else 32 for code in range(256))
_MASKS = np.array([(1 << 8 * count) - 1 for count in range(9)], dtype=np.uint64)
_MIX, _MIX_AGAIN = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_HALF = np.uint64(32)


class Prints:
    """Fingerprints of texts, up to so many bytes of them; those asked for last are kept."""

    def __init__(self, kept: int = 64_000_000) -> None:
        self.kept, self.size = kept, 0
        self.held: OrderedDict[bytes, Words] = OrderedDict()
        self.lock = Lock()

    def of(self, texts: Sequence[str]) -> list[Words]:
        """The fingerprint of each text, in their order."""
        shas = [hashlib.sha256(text.encode(errors="surrogatepass")).digest() for text in texts]
        with self.lock:
            found = {sha: self.held[sha] for sha in shas if sha in self.held}
        missing = {sha: text for sha, text in zip(shas, texts, strict=True) if sha not in found}
        found |= zip(missing, words_of(missing.values()), strict=True)
        with self.lock:
            for sha in found:
                if sha not in self.held:
                    self.size += found[sha].nbytes
                self.held[sha] = found[sha]
                self.held.move_to_end(sha)
            while self.size > self.kept:
                self.size -= self.held.popitem(last=False)[1].nbytes
        return [found[sha] for sha in shas]


PRINTS = Prints()


def words_of(texts: Iterable[str]) -> list[Words]:
    """For each text the numbers of its words in their order: case and punctuation do not count, and of scripts
    without blanks each two neighbouring characters are a word."""
    found: list[Words] = []
    batch: list[bytes] = []
    size = 0
    for text in texts:
        batch.append(text.lower().encode(errors="surrogatepass"))
        size += len(batch[-1])
        if size > _AT_ONCE:
            found += _read(batch)
            batch, size = [], 0
    return found + _read(batch)


def _read(texts: list[bytes]) -> list[Words]:
    if not texts:
        return []
    data = b" " + b" ".join(texts).translate(_SPACES) + b" " * 8
    codes = np.frombuffer(data, dtype=np.uint8)
    if not data.isascii():
        codes = _without_signs(codes)
    word = codes > 32
    if data.isascii():
        borders = np.flatnonzero(word[1:] != word[:-1]) + 1
        starts, ends = borders[::2], borders[1::2]
    else:
        starts, ends = _borders(codes, word)
    numbers = _numbers(codes, starts, ends)
    firsts = np.cumsum([1, *(len(text) + 1 for text in texts)])
    return [each.copy() for each in np.split(numbers, np.searchsorted(starts, firsts[1:-1]))]


def _without_signs(codes: _Bytes) -> _Bytes:
    """Quotation marks, dashes and CJK punctuation as blanks."""
    codes = codes.copy()
    for lead, second, length in ((0xE2, 0x80, 3), (0xE3, 0x80, 3), (0xEF, 0xBC, 3), (0xC2, None, 2)):
        at = np.flatnonzero(codes == lead)
        if second is not None:
            at = at[codes[at + 1] == second]
        for offset in range(length):
            codes[at + offset] = 32
    return codes


def _is_character(codes: _Bytes) -> npt.NDArray[np.bool_]:
    """Which bytes begin a CJK character, of three bytes."""
    return (codes >= 0xE3) & (codes <= 0xED)


def _borders(codes: _Bytes, word: npt.NDArray[np.bool_]) -> tuple[_Ints, _Ints]:
    """Where words begin and end; a CJK character is one with the next one."""
    first, last = word[1:] & ~word[:-1], word[:-1] & ~word[1:]
    at = np.flatnonzero(_is_character(codes))
    # The n-th stands between two bytes, the n-th and the next one.
    first[at - 1] = True
    last[at - 1] |= word[at - 1]
    last[at + 2] = True
    first[at + 2] |= word[at + 3]
    starts, ends = np.flatnonzero(first) + 1, np.flatnonzero(last) + 1
    return starts, ends + 3 * (_is_character(codes[starts]) & _is_character(codes[ends]))


def _numbers(codes: _Bytes, starts: _Ints, ends: _Ints) -> Words:
    """One number a word, of its first eight bytes, so that "rotation" nearly always meets "rotations"."""
    eight = np.ndarray((len(codes) - 7,), dtype="<u8", buffer=codes, strides=(1,))
    found = (eight[starts] & _MASKS[np.minimum(ends - starts, 8)]) * _MIX
    numbers: Words = (((found ^ (found >> _HALF)) * _MIX_AGAIN) >> _HALF).astype(np.uint32)
    return numbers


def grams(words: Words) -> Words:
    """The pairs of neighbouring words, one number each."""
    return (words[:-1] * np.uint32(0x9E3779B1)) ^ ((words[1:] * np.uint32(0x85EBCA77)) >> np.uint32(3))


@dataclass(frozen=True, slots=True)
class Found:
    """Pairs of memories (old[n], new[n]) with something in common: the weight of it, and how much of either it is."""

    old: _Ints
    new: _Ints
    weight: _Floats
    of_old: _Floats
    of_new: _Floats


def shared(olds: Sequence[Words], news: Sequence[Words], asked: npt.NDArray[np.bool_], *, pairs: bool) -> Found:
    """How much of each old memory is in each new one: the words they share, or the pairs of neighbouring words, the
    rarer the weightier.

    `asked` tells for each of the olds and then of the news whether it matters: two others make no pair.
    """
    count, width = len(asked), max(1, len(news))
    number, memory, rest = _once([*olds, *news], asked, pairs)
    first = np.flatnonzero(np.concatenate([[True], number[1:] != number[:-1]])) if len(number) else np.zeros(0, int)
    held = np.diff(np.append(first, len(number)))
    # The old memories come first in a number's run, after each other.
    by_old = np.add.reduceat(memory < len(olds), first, dtype=np.int64) if len(first) else held
    by_new = held - by_old
    weight = np.log((count + 1) / np.maximum(held, 1))
    least = np.minimum(by_old, by_new)
    ties = (least > 0) & (least <= (FEW_PAIRS if pairs else FEW_WORDS)) & (by_old * by_new <= BOILERPLATE)
    whole = np.bincount(memory, np.repeat(weight, held), minlength=count) + rest * np.log(count + 1)
    whole = np.maximum(whole, 1e-9)
    both = np.flatnonzero(ties)
    times = by_old[both] * by_new[both]
    of = np.repeat(both, times)
    at = np.arange(len(of)) - np.repeat(np.cumsum(times) - times, times)
    begin, many = first[of], by_new[of]
    left, right = memory[begin + at // many], memory[begin + by_old[of] + at % many]
    wanted = asked[left] | asked[right]
    key, told = left[wanted] * width + (right[wanted] - len(olds)), weight[of[wanted]]
    order = np.argsort(key)
    key, told = key[order], told[order]
    edge = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, int)
    total = np.add.reduceat(told, edge) if len(edge) else told
    old, new = key[edge] // width, key[edge] % width
    return Found(old, new, total, total / whole[old], total / whole[len(olds) + new])


def _once(
    memories: Sequence[Words], asked: npt.NDArray[np.bool_], pairs: bool
) -> tuple[npt.NDArray[np.uint64], _Ints, _Ints]:
    """Each number of each memory once, sorted, and the memory's place in the list beside it; of those not asked for
    only what some other has too, and for each memory how many numbers were left out."""
    numbers, memory = _sampled(memories, pairs)
    matters = asked[memory]
    known = np.zeros(1 << 20, bool)
    bucket = numbers >> np.uint32(12)
    known[bucket[matters]] = True
    kept = matters | known[bucket]
    rest = np.bincount(memory[~kept], minlength=len(memories))
    keys = (numbers[kept].astype(np.uint64) << _HALF) | memory[kept]
    keys.sort()
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
    return keys >> _HALF, (keys & np.uint64(0xFFFFFFFF)).astype(np.int64), rest


def _sampled(memories: Sequence[Words], pairs: bool) -> tuple[Words, npt.NDArray[np.uint32]]:
    """The numbers of all memories, or a part of them when there are many, with each one's place in the list."""
    sizes = np.array([len(words) for words in memories], dtype=np.int64)
    every = np.uint32(min(SPARSEST, 1 + sizes.sum() // (MOST_PAIRS if pairs else MOST_WORDS)))
    found: list[tuple[Words, npt.NDArray[np.uint32]]] = [(np.zeros(0, np.uint32), np.zeros(0, np.uint32))]
    batch = np.cumsum(sizes) // _AT_ONCE
    for number in range(int(batch[-1]) + 1 if len(batch) else 0):
        places = np.flatnonzero(batch == number)
        if not len(places):
            continue
        numbers = np.concatenate([memories[place] for place in places.tolist()])
        memory = np.repeat(places.astype(np.uint32), sizes[places])
        if pairs and len(numbers):
            numbers, inside = grams(numbers), memory[1:] == memory[:-1]
            wanted = inside if every == 1 else inside & (numbers % every == 0)
            numbers, memory = numbers[wanted], memory[1:][wanted]
        elif every > 1:
            wanted = numbers % every == 0
            numbers, memory = numbers[wanted], memory[wanted]
        found.append((numbers, memory))
    return np.concatenate([each for each, _ in found]), np.concatenate([each for _, each in found])
