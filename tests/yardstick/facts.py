"""How well a comparison reads small labelled cases: `python -m tests.yardstick.facts [--details] [open|aside]`.

Takes what `compare(before, after).as_dict()` says of lost and altered. Of the part put aside it prints counts only.
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.yardstick.labels import plain
from tests.yardstick.score import OVERLAP, Count

HERE = Path(__file__).parent
PARTS = ("open", "aside")

Case = dict[str, Any]
Place = Mapping[str, Any]


@dataclass
class Figures:
    """The figures of one part; `wrong` says for people what was missed and what was a false alarm."""

    cases: int = 0
    right: int = 0
    lost: Count = field(default_factory=Count)
    altered: Count = field(default_factory=Count)
    kinds: Count = field(default_factory=Count)
    sown: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def read(part: str) -> list[Case]:
    """The cases of a part, as they lie in its file."""
    return list(json.loads((HERE / f"facts-{part}.json").read_text("utf-8"))["cases"])


def count(figures: Figures, case: Case, result: Mapping[str, Any]) -> None:
    """Adds one case and what an engine said of it; the case is right when nothing is missed, false or misnamed."""
    wrong = _lost(figures, case, result) + _altered(figures, case, result)
    figures.cases += 1
    figures.right += not wrong
    figures.wrong += [f"{case['name']}: {each}" for each in wrong]


def _same(said: Place, labelled: Place) -> bool:
    """Whether a reported place is the labelled one, or it cut a little coarser or finer."""
    one, other = sorted((plain(said["text"]), plain(labelled["text"])), key=len)
    return said["path"] == labelled["path"] and one in other and len(one) >= OVERLAP * len(other)


def _both(said: Mapping[str, Any], labelled: Mapping[str, Any]) -> bool:
    return _same(said["old"], labelled["old"]) and _same(said["new"], labelled["new"])


def _lost(figures: Figures, case: Case, result: Mapping[str, Any]) -> list[str]:
    missed = [each for each in case["lost"] if not any(_same(said, each) for said in result["lost"])]
    false = [said for said in result["lost"] if not any(_same(said, each) for each in case["lost"])]
    figures.lost.truth += len(case["lost"])
    figures.lost.hit += len(case["lost"]) - len(missed)
    figures.lost.false += len(false)
    return [f"not lost: {each['text']}" for each in missed] + [f"called lost: {each['text']}" for each in false]


def _altered(figures: Figures, case: Case, result: Mapping[str, Any]) -> list[str]:
    wrong = []
    for each in case["altered"]:
        kinds = set(each["kinds"])
        figures.sown.update(kinds)
        figures.altered.truth += 1
        figures.kinds.truth += len(kinds)
        named = next((set(said["kinds"]) for said in result["altered"] if _both(said, each)), None)
        if named is None:
            wrong.append(f"not altered {sorted(kinds)}: {each['old']['text']} -> {each['new']['text']}")
            continue
        figures.altered.hit += 1
        figures.found.update(kinds)
        figures.kinds.hit += len(kinds & named)
        figures.kinds.false += len(named - kinds)
        if named != kinds:
            wrong.append(f"{sorted(kinds)} called {sorted(named)}: {each['new']['text']}")
    for said in result["altered"]:
        if not any(_both(said, each) for each in case["altered"]):
            figures.altered.false += 1
            wrong.append(f"called altered {said['kinds']}: {said['old']['text']} -> {said['new']['text']}")
    return wrong


def table(figures: Figures) -> str:
    """All figures of a part, one row each; no text of any case."""
    rows = [("", "recall", "precision", "found")]
    for name in ("lost", "altered", "kinds"):
        row: Count = getattr(figures, name)
        rows.append((name, f"{row.recall:.3f}", f"{row.precision:.3f}", f"{row.hit} of {row.truth}"))
    rows += [(f"  {kind}", "", "", f"{figures.found[kind]} of {figures.sown[kind]}") for kind in sorted(figures.sown)]
    rows.append(("cases wholly right", "", "", f"{figures.right} of {figures.cases}"))
    false = figures.lost.false + figures.altered.false
    rows.append(("false alarms per case", f"{false / max(1, figures.cases):.3f}", "", f"{false} in {figures.cases}"))
    return "\n".join(f"{name:24}{one:>10}{two:>12}{three:>14}" for name, one, two, three in rows)


def main(arguments: list[str]) -> None:
    """Prints the table of a part, "open" if none is named; with `--details` each miss and each false alarm."""
    from dreams.rules.changes import compare

    details = "--details" in arguments
    parts = [argument for argument in arguments if not argument.startswith("-")] or ["open"]
    if unknown := {*parts} - {*PARTS}:
        sys.exit(f"{', '.join(sorted(unknown))}: no such part, there are {' and '.join(PARTS)}.")
    if details and "aside" in parts:
        sys.exit("aside: put aside, the figures may be known, the sentences may not.")
    for part in parts:
        figures = Figures()
        for case in read(part):
            count(figures, case, compare(case["before"], case["after"]).as_dict())
        print(f"{part}\n{table(figures)}")
        if details:
            print(*figures.wrong, sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
