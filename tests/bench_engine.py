"""`make bench`: the change list beside git's, what the statements cost on top of it, and what the worst inputs do."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import log
from pathlib import Path

from dreams.rules import alarms, closeness, ledger, meaning, phrasing, polarity, sentences, terms
from dreams.rules.changes import compare
from dreams.rules.lineage import Lineage, lineage
from dreams.rules.prints import PRINTS, Prints
from tests.corpora import Dreamt, dream

NOTES, RUNS = 2_000, 7
SIZES = (250, 1_000, 4_000)
MEMORY = Path("/dev/shm")
Stores = tuple[Mapping[str, str], Mapping[str, str]]


def report(samples: Path | None = None) -> str:
    """All rows as text; `samples` is a folder with the folders `old` and `new` in it, measured as well."""
    return "\n".join(rows(samples))


def rows(samples: Path | None = None) -> Iterator[str]:
    """The rows of the report as they are measured."""
    made = dream(NOTES)
    yield f"the engine, {NOTES} notes before and {len(made.after)} after (medians of {RUNS}, goals in brackets)"
    yield from _traced(made)
    yield from _beside_git(made.before, made.after)
    yield from _worst()
    yield from _growth()
    yield _large()
    if samples and (samples / "old").is_dir() and (samples / "new").is_dir():
        before, after = _read(samples / "old"), _read(samples / "new")
        yield f"{samples.name}, {len(before)} before and {len(after)} after"
        yield from _beside_git(before, after)


def _read(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {f"/{path.relative_to(folder).as_posix()}": path.read_bytes().decode(errors="replace") for path in files}


def _edges(found: Lineage) -> set[tuple[str, str]]:
    pairs = {(each.old, each.new) for each in found.moved}
    pairs |= {(old, each.new) for each in found.merged for old in each.olds}
    pairs |= {(each.old, new) for each in found.split for new in each.news}
    return {(old, new) for old, new in pairs if old != new}


def _traced(made: Dreamt) -> list[str]:
    """How much of the lineage is found, at the usual levels of rewording and beyond."""
    rows = []
    for name, levels in (("up to 35 %", (0.0, 0.1, 0.2, 0.35)), ("50 %", (0.5,)), ("60 %", (0.6,))):
        each = made if len(levels) > 1 else dream(NOTES, seed=2, levels=levels)
        found = lineage(each.before, each.after)
        said, truth = _edges(found), each.edges()
        merges = {(frozenset(group.olds), group.new) for group in found.merged}
        splits = {(part.old, frozenset(part.news)) for part in found.split}
        f1 = 2 * len(said & truth) / (len(said) + len(truth))
        rows.append(
            f"  lineage, words replaced {name:10} F1 {f1:.3f} [.985]   "
            f"exact merges {_f1(merges, each.merged):.3f} [.97]   exact splits {_f1(splits, each.split):.3f} [.90]"
        )
    return rows


def _f1(said: set[tuple[frozenset[str], str]] | set[tuple[str, frozenset[str]]], truth: Iterable[object]) -> float:
    wanted = set(truth)
    return 2 * len(wanted.intersection(said)) / (len(said) + len(wanted))


def _forget() -> None:
    """As if this process had seen none of these texts."""
    PRINTS.held.clear()
    PRINTS.size = 0
    for module in (terms, phrasing, meaning, polarity, alarms, closeness, ledger, sentences):
        for cached in vars(module).values():
            if hasattr(cached, "cache_clear"):
                cached.cache_clear()


def _beside_git(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The change list against git's, and the statements on top, in turns within one run."""
    git = shutil.which("git")
    times: dict[str, list[float]] = {"git": [], "cold": [], "cached": [], "list": [], "all": []}
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        _write(Path(folder), before, after)
        for run in range(RUNS):
            if git:
                command = [git, "diff", "--no-index", "--name-status", "-M", "old", "new"]
                times["git"].append(_seconds(subprocess.run, command, cwd=folder, capture_output=True))
            prints = Prints()
            _forget()
            times["cold"].append(_seconds(lineage, before, after, prints=prints))
            _forget()
            times["cached"].append(_seconds(lineage, before, after, prints=prints))
            if run < 3:
                _forget()
                times["list"].append(_work(lineage, before, after, prints=Prints()))
                _forget()
                times["all"].append(_work(compare, before, after))
    middle = {name: statistics.median(each) for name, each in times.items() if each}
    cold, cached = middle["cold"] * 1000, middle["cached"] * 1000
    rows = [f"  change list           {cold:6.0f} ms, with fingerprints kept {cached:.0f} ms"]
    if git:
        rows.append(
            f"  change list / git -M  {middle['cold'] / middle['git']:6.2f} [.8], with fingerprints kept "
            f"{middle['cached'] / middle['git']:.2f} [.5]; git takes {middle['git'] * 1000:.0f} ms"
        )
    else:
        rows.append("  change list / git -M  not measured: there is no git here")
    on_top = (middle["all"] - middle["list"]) / middle["list"]
    return [*rows, f"  lost and altered on top / change list, processor time {on_top:.1f} [6]"]


def _write(folder: Path, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    for name, store in (("old", before), ("new", after)):
        for path, text in store.items():
            file = folder / name / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode(errors="surrogatepass"))


def _seconds(act: Callable[..., object], *given: object, **named: object) -> float:
    """By the clock on the wall, as another program has to be measured."""
    start = time.perf_counter()
    act(*given, **named)
    return time.perf_counter() - start


def _work(act: Callable[..., object], *given: object, **named: object) -> float:
    """Seconds of the processor, which others on the machine do not lengthen."""
    start = time.process_time()
    act(*given, **named)
    return time.process_time() - start


def _growth() -> list[str]:
    """By which power of the number of notes the time grows."""
    listed, whole = [], []
    for size in SIZES:
        made = dream(size, seed=size)
        _forget()
        listed.append(min(_work(lineage, made.before, made.after, prints=Prints()) for _ in range(3)))
        _forget()
        whole.append(_work(compare, made.before, made.after))
    return [
        f"  {name} grows with the notes to the power of {_power(times):.2f} [1.15], processor time: "
        + ", ".join(f"{size}: {seconds * 1000:.0f} ms" for size, seconds in zip(SIZES, times, strict=True))
        for name, times in (("change list", listed), ("all of it", whole))
    ]


def _power(times: list[float]) -> float:
    """The slope of the line through the points, both axes logarithmic."""
    xs, ys = [log(size) for size in SIZES], [log(seconds) for seconds in times]
    return statistics.linear_regression(xs, ys).slope


def _large() -> str:
    """The peak memory of 2,000 notes of 50 kB, in a process of its own."""
    script = "from tests.bench_engine import large; large()"
    start = time.perf_counter()
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    if ended.returncode:
        return f"  2,000 x 50 kB: {ended.stderr.strip().splitlines()[-1]}"
    return f"  2,000 x 50 kB: {ended.stdout.strip()} [1 GB], {time.perf_counter() - start:.0f} s"


def large() -> None:
    """Compares 2,000 notes of 50 kB, one of twenty touched, and prints the most memory this took."""
    import resource

    made = dream(64, statements=(550, 750))
    notes = [text for _, text in sorted(made.before.items())]
    filling = {
        f"/kept/{number}.md": notes[number % len(notes)].replace(" ", f" x{number} ", 300) for number in range(1_936)
    }
    before, after = made.before | filling, made.after | filling
    for number in range(70):
        path = f"/kept/{number}.md"
        after[path] = before[path].replace("takes", "needs", 20)
    compare(before, after)
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GB")


def worst() -> dict[str, Stores]:
    """Pairs of memories, and stores, that are the most work for their size."""
    lines = "".join("- The same line again.\n" for _ in range(20_000))
    twins = "".join(f"- The limit of tenant {number} is {number * 7} rows.\n" for number in range(1_000))
    others = "".join(f"- The limit of tenant {number} is {number * 7 + 1} rows.\n" for number in range(1_000))
    return {
        "one character x 100 kB": ({"/a": "x" * 100_000}, {"/a": "x" * 99_999 + "y"}),
        "one blank x 100 kB": ({"/a": " " * 100_000}, {"/b": " " * 99_999}),
        "20,000 equal lines": ({"/a": lines}, {"/a": lines + "- Another line.\n"}),
        "1,000 near twins": ({"/a": twins}, {"/a": others}),
        "1,000 near twins, as memories": (
            {f"/a/{at}": line for at, line in enumerate(twins.splitlines())},
            {f"/b/{at}": line for at, line in enumerate(others.splitlines())},
        ),
    }


def _worst() -> list[str]:
    rows = []
    for name, stores in worst().items():
        times = []
        for _ in range(3):
            _forget()
            times.append(_work(compare, *stores))
        rows.append(f"  worst case, {name:30} {statistics.median(times) * 1000:5.0f} ms [250], processor time")
    return rows


if __name__ == "__main__":
    for row in rows(Path(os.environ["SAMPLES"]) if "SAMPLES" in os.environ else None):
        print(row, flush=True)
