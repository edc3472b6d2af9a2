"""`make bench`: three-way merges of fuzzed texts beside libgit2's, every disagreement counted under its reason."""

import random
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path
from typing import Self

import pygit2
from rapidfuzz.distance import Indel

from dreams.rules import text_merge as merge
from dreams.rules.merge import three_way

RUNS = 100_000
SHARE = 2_500  # triples of one task
SAME = ("both clean, same text", "both conflict, same text and markers")
WRONG = ("WRONG: clean here, conflict in libgit2", "WRONG: both clean, another text")
WHY = {
    "cautious": "conflict here, clean in libgit2: another equally short edit overlaps, or merges to another text",
    "wide": "conflict here, clean in libgit2: the shortest edit is not unique",
    "marks": "both conflict, markers at other lines",
}

MEMORY = Path("/dev/shm")
EMPTY = "cannot use string() on <cdata"

Triple = tuple[str, str, str]


class Oracle:
    """libgit2's merge of three texts, by objects in a folder that goes away with this."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.repository = pygit2.init_repository(self.folder.name, bare=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.folder.cleanup()

    def merged(self, triple: Triple) -> tuple[bool, str]:
        """Whether it is clean, and the text with our names at the markers."""
        entries = [
            pygit2.IndexEntry("f", self.repository.create_blob(text.encode()), pygit2.enums.FileMode.BLOB)
            for text in triple
        ]
        try:
            result = self.repository.merge_file_from_index(*entries, use_deprecated=False)
        except RuntimeError as error:
            assert EMPTY in str(error)
            return True, ""  # the binding cannot hand over an empty text
        text = re.sub(r"^<<<<<<< f(?=\r?$)", merge.MARKS[0], result.contents, flags=re.MULTILINE)
        return result.automergeable, re.sub(r"^>>>>>>> f(?=\r?$)", merge.MARKS[2], text, flags=re.MULTILINE)


def tangled(seed: int) -> Triple:
    """Texts of few different lines, so that edits can be read in many ways: the hardest there are."""
    rng = random.Random(seed)
    kinds = [chr(97 + n % 26) * (1 + n // 26) for n in range(rng.choice([2, 3, 5, 8, 12, 20, 60]))]
    kinds += ["", ""] * (rng.random() < 0.5)
    base = [rng.choice(kinds) for _ in range(rng.randint(0, rng.choice([4, 10, 25, 40])))]
    sides = [_edited(rng, base, lambda: rng.choice(kinds), rng.choice([1, 1, 2, 3, 5])) for _ in range(2)]
    end = "\r\n" if rng.random() < 0.05 else "\n"
    base_text, ours, theirs = (end.join([*lines, ""] if rng.random() < 0.9 else lines) for lines in (base, *sides))
    return base_text, ours, theirs


def notes(seed: int) -> Triple:
    """Markdown as memories have it: headings, blank lines, list items that are told apart."""
    rng = random.Random(seed)
    facts = iter(range(10**6))
    base = []
    for _ in range(rng.randint(1, 8)):
        base += [f"## Part {rng.randint(0, 50)}", "", *(f"- fact {next(facts)}" for _ in range(rng.randint(1, 5))), ""]
    ours, theirs = (
        _edited(rng, base, lambda: rng.choice([f"- fact {next(facts)}"] * 5 + [""]), rng.randint(1, 3))
        for _ in range(2)
    )
    base_text, one, other = ("\n".join(lines) + "\n" for lines in (base, ours, theirs))
    return base_text, one, other


def _edited(rng: random.Random, base: Sequence[str], line: Callable[[], str], times: int) -> list[str]:
    lines = list(base)
    for _ in range(times):
        kind, at, count = rng.random(), rng.randint(0, len(lines)), rng.choice([1, 1, 1, 2, 3])
        new = [line() for _ in range(count)]
        if kind < 0.3:
            lines[at:at] = new
        elif kind < 0.5:
            del lines[at : at + count]
        elif kind < 0.85:
            lines[at : at + count] = new
        elif kind < 0.93:
            block = lines[at : at + count]
            del lines[at : at + count]
            to = rng.randint(0, len(lines))
            lines[to:to] = block
        else:
            lines[at:at] = lines[max(0, at - count) : at]
    return lines


def verdict(oracle: Oracle, triple: Triple) -> str:
    """What the two merges of a triple have in common, in words."""
    clean, text = oracle.merged(triple)
    ours = three_way(*triple)
    if ours.clean and clean:
        return SAME[0] if ours.text == text else WRONG[1]
    if ours.clean:
        return WRONG[0]
    if clean:
        return WHY["cautious"] if _disputed(triple, text) else WHY["wide"]
    return SAME[1] if ours.text == text else WHY["marks"]


def _disputed(triple: Triple, text: str) -> bool:
    """Whether a plain merge over other shortest edits conflicts or gives another text than this."""
    base, ours, theirs = map(merge._lines, triple)
    for one, other in product(_alignments(base, ours), _alignments(base, theirs)):
        parts, at = [], 0
        for region in merge._regions(one, other):
            taken = merge._agreed(region, base, ours, theirs)
            if taken is None:
                return True
            parts += base[at : region[0]] + taken
            at = region[1]
        if "".join(parts + base[at:]) != text:
            return True
    return False


def _alignments(old: list[str], new: list[str]) -> Iterator[list[tuple[int, int, int, int]]]:
    """Four shortest edits, found from either end and from either side."""
    numbers: dict[str, int] = {}
    one, other = ("".join(chr(numbers.setdefault(line, len(numbers) + 1)) for line in side) for side in (old, new))
    n, m = len(one), len(other)
    yield [tuple(op)[1:] for op in Indel.opcodes(one, other) if op.tag != "equal"]
    yield [(c, d, a, b) for tag, a, b, c, d in Indel.opcodes(other, one) if tag != "equal"]
    yield [
        (n - b, n - a, m - d, m - c) for tag, a, b, c, d in reversed(list(Indel.opcodes(one[::-1], other[::-1])))
        if tag != "equal"
    ]
    yield [
        (n - d, n - c, m - b, m - a) for tag, a, b, c, d in reversed(list(Indel.opcodes(other[::-1], one[::-1])))
        if tag != "equal"
    ]


def verdicts(seeds: range) -> Counter[str]:
    """The verdicts of a row of triples: two of three are tangled, the third is a note."""
    with Oracle() as oracle:
        return Counter(verdict(oracle, (notes if seed % 3 == 0 else tangled)(seed)) for seed in seeds)


def report(runs: int = RUNS) -> str:
    """The table of verdicts, and what a merge costs beside one of libgit2."""
    shares = [range(at, min(at + SHARE, runs)) for at in range(0, runs, SHARE)]
    counted: Counter[str] = Counter()
    with ProcessPoolExecutor(2) as pool:
        for counts in pool.map(verdicts, shares):
            counted += counts
    ratios = []
    with Oracle() as oracle:
        for triple in map(notes, range(300)):
            start = time.perf_counter()
            three_way(*triple)
            middle = time.perf_counter()
            oracle.merged(triple)
            ratios.append((middle - start) / (time.perf_counter() - middle))
    rows = [*SAME, *WHY.values(), *WRONG]
    lines = [f"  {counted[row]:7,}  {row}" for row in rows]
    wrong = sum(counted[row] for row in WRONG)
    head = f"three-way merges beside libgit2: {runs:,} fuzzed triples, {wrong} wrong clean merges"
    cost = f"  one merge of notes takes {statistics.median(ratios):.1f} x libgit2's, with its objects"
    return "\n".join([head, *lines, cost])


if __name__ == "__main__":
    print(report())
