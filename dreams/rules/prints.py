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
# A number that would tie together more pairs of memories, or more than a few of both sides, is boilerplate.
BOILERPLATE, FEW = 256, 4
# When there are more numbers, every second or fourth of them is enough.
MOST_NUMBERS = 6_000_000

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
    first, last = word[1:] & ~word[:-1], word[:-1] & ~word[1:]
    if not data.isascii():
        _characters(codes, word, first, last)
    starts, ends = np.flatnonzero(first) + 1, np.flatnonzero(last) + 1
    if not data.isascii():
        # A character and the next one are a word, each character but the last begins one.
        ends = ends + 3 * (_is_character(codes[starts]) & _is_character(codes[ends]))
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


def _characters(
    codes: _Bytes, word: npt.NDArray[np.bool_], first: npt.NDArray[np.bool_], last: npt.NDArray[np.bool_]
) -> None:
    """Adds the borders of CJK characters to those of words; borders[n] is between the bytes n and n + 1."""
    at = np.flatnonzero(_is_character(codes))
    first[at - 1] = True
    last[at - 1] |= word[at - 1]
    last[at + 2] = True
    first[at + 2] |= word[at + 3]


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


def shared(olds: Sequence[Words], news: Sequence[Words], *, pairs: bool = False) -> Found:
    """How much of each old memory is in each new one: the words they share, or the pairs of neighbouring words, the
    rarer the weightier."""
    count, width = len(olds) + len(news), max(1, len(news))
    number, memory = _once([*olds, *news], pairs)
    first = np.flatnonzero(np.concatenate([[True], number[1:] != number[:-1]])) if len(number) else np.zeros(0, int)
    held = np.diff(np.append(first, len(number)))
    # The old memories come first in a number's run, after each other.
    by_old = np.add.reduceat(memory < len(olds), first, dtype=np.int64) if len(first) else held
    by_new = held - by_old
    weight = np.log((count + 1) / np.maximum(held, 1))
    weight[(by_old * by_new > BOILERPLATE) | (np.minimum(by_old, by_new) > FEW)] = 0
    whole = np.maximum(np.bincount(memory, np.repeat(weight, held), minlength=count), 1e-9)
    both = np.flatnonzero((by_old > 0) & (by_new > 0) & (weight > 0))
    times = by_old[both] * by_new[both]
    of = np.repeat(both, times)
    at = np.arange(len(of)) - np.repeat(np.cumsum(times) - times, times)
    left = memory[first[of] + at // by_new[of]]
    right = memory[first[of] + by_old[of] + at % by_new[of]] - len(olds)
    edges, inverse = np.unique(left * width + right, return_inverse=True)
    total = np.bincount(inverse, weight[of], minlength=len(edges)).astype(np.float64, copy=False)
    old, new = edges // width, edges % width
    return Found(old, new, total, total / whole[old], total / whole[len(olds) + new])


def _once(memories: Sequence[Words], pairs: bool) -> tuple[npt.NDArray[np.uint64], _Ints]:
    """Each number of each memory once, sorted, and the memory's place in the list beside it."""
    numbers = np.concatenate([np.zeros(0, np.uint32), *memories])
    memory = np.repeat(np.arange(len(memories), dtype=np.uint64), [len(words) for words in memories])
    if pairs and len(numbers):
        inside = memory[1:] == memory[:-1]
        numbers, memory = grams(numbers)[inside], memory[1:][inside]
    every = np.uint32(-(-len(numbers) // MOST_NUMBERS))
    if every > 1:
        some = numbers % every == 0
        numbers, memory = numbers[some], memory[some]
    keys = (numbers.astype(np.uint64) << _HALF) | memory
    keys.sort()
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
    return keys >> _HALF, (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)
