"""How well a comparison read a labelled dream: `python -m tests.yardstick.score [name …]`.

Takes what `compare(before, after).as_dict()` answers, and nothing else of an engine. README.md explains the rows.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.yardstick.labels import BANDS, KINDS, OPEN, TRAPS, Dream, Link, Statement, plain

# A reported text that is not a statement letter by letter is the one it holds, or is held by, by so much.
OVERLAP = 0.5
# A false alarm on these says nothing of an engine: a heading orders the text and claims nothing.
_HEADING = "heading"

Edge = tuple[str, str]


@dataclass
class Count:
    """How many of what was reported are right, and how many of what there is were reported."""

    hit: int = 0
    false: int = 0
    truth: int = 0

    @property
    def precision(self) -> float:
        """1 when nothing was reported."""
        return self.hit / (self.hit + self.false) if self.hit + self.false else 1.0

    @property
    def recall(self) -> float:
        """1 when there was nothing to find."""
        return self.hit / self.truth if self.truth else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass
class Score:
    """The figures of one dream. `counts` by row; `shares` are (how many, of how many) by row.

    `missed` and `false` are for people: what was not reported and what should not have been.
    """

    counts: defaultdict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    shares: dict[str, tuple[int, int]] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)


def score(dream: Dream, result: Mapping[str, Any]) -> Score:
    """Scores one result, in the shape of `Changes.as_dict()`, against the labels."""
    found = Score()
    _lineage(dream, result, found)
    reported = _Reported(dream, result)
    false = _lost(dream, reported, found) + _altered(dream, reported, found) + _unsourced(dream, reported, found)
    found.shares["false alarms / 10 changed notes"] = (10 * false, len(dream.changed))
    _harms(dream, reported, found)
    _traps(dream, reported, found)
    if "contradictions" in result:
        _contradictions(dream, result, found)
    return found


class _Reported:
    """A result in the ids of the labels."""

    def __init__(self, dream: Dream, result: Mapping[str, Any]) -> None:
        olds, news = Places(dream.olds.values()), Places(dream.news.values())
        self.lost = {old for place in result["lost"] for old in olds.at(place)}
        self.unsourced = {new for place in result["unsourced"] for new in news.at(place)}
        # Each report as all the pairs it may mean, with its kinds.
        self.altered = [
            ([(old, new) for old in olds.at(each["old"]) for new in news.at(each["new"])], set(each["kinds"]))
            for each in result["altered"]
        ]
        self.pairs = {pair: kinds for pairs, kinds in self.altered for pair in pairs}
        self.altered_olds = {old for old, _ in self.pairs}
        self.altered_news = {new for _, new in self.pairs}


class Places:
    """Finds the labelled statements that a reported place means."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self.by_path: dict[str, list[tuple[str, Statement]]] = defaultdict(list)
        for statement in statements:
            self.by_path[statement.path].append((plain(statement.text), statement))

    def at(self, place: Mapping[str, Any]) -> list[str]:
        """The ids of the statements at a path with this text; several when it was cut more coarsely."""
        text = plain(place["text"])
        here = self.by_path["/" + place["path"].lstrip("/")]
        same = [statement for known, statement in here if known == text]
        if same:
            return [min(same, key=lambda statement: abs(statement.line - place.get("line", 0))).id]
        return [
            statement.id
            for known, statement in here
            if known in text or (text in known and len(text) >= OVERLAP * len(known))
        ]


def edges(changes: Mapping[str, Any]) -> dict[str, set[Edge]]:
    """The lineage as (old, new) pairs by kind; a path that only lives on is no edge."""
    moved = {(each["old"], each["new"]) for each in changes["moved"]}
    merged = {(old, each["new"]) for each in changes["merged"] for old in each["olds"] if old != each["new"]}
    split = {(each["old"], new) for each in changes["split"] for new in each["news"] if new != each["old"]}
    return {"moved": moved, "merged": merged, "split": split, "lineage": moved | merged | split}


def _groups(changes: Mapping[str, Any]) -> dict[str, set[Any]]:
    return {
        "exact merge groups": {(frozenset(each["olds"]), each["new"]) for each in changes["merged"]},
        "exact split groups": {(each["old"], frozenset(each["news"])) for each in changes["split"]},
    }


def _lineage(dream: Dream, result: Mapping[str, Any], found: Score) -> None:
    truth = edges(dream.lineage) | _groups(dream.lineage)
    for row, said in (edges(result) | _groups(result)).items():
        hits = len(said & truth[row])
        found.counts[row] = Count(hits, len(said) - hits, len(truth[row]))
    said = edges(result)["lineage"]
    found.missed += [f"lineage {old} -> {new}" for old, new in sorted(truth["lineage"] - said)]
    found.false += [f"lineage {old} -> {new}" for old, new in sorted(said - truth["lineage"])]
    for band in BANDS:
        of_band = [edge for edge in truth["lineage"] if _band(dream, edge) == band]
        found.shares[f"lineage found, {band}"] = (sum(edge in said for edge in of_band), len(of_band))


def _band(dream: Dream, edge: Edge) -> str:
    """The band of most statements that went this way; of equal ones the harder."""
    bands = [
        BANDS.index(link.band)
        for (old, new), link in dream.links.items()
        if (dream.olds[old].path, dream.news[new].path) == edge and dream.olds[old].kind != _HEADING
    ]
    return BANDS[max(bands, key=lambda band: (bands.count(band), band))] if bands else ""


def _lost(dream: Dream, reported: _Reported, found: Score) -> int:
    """What is gone for no good reason has to be reported, whatever else is gone may be."""
    row = found.counts["lost"]
    alarms: dict[str, int] = defaultdict(int)
    for old in (dream.olds[each] for each in reported.lost):
        if old.kind == _HEADING:
            continue
        if old.fate == "gone":
            row.hit += old.harmful
        # A statement that says something else now, or less, is under the wrong head, but it is no false alarm.
        elif not any(link.kinds or link.drops for link in old.to):
            row.false += 1
            alarms[old.to[0].band] += 1
            found.false.append(f"lost ({old.to[0].band}) {old.path}: {old.text}")
    harms = [old for old in dream.olds.values() if old.harmful]
    row.truth = len(harms)
    found.missed += [f"lost {old.path}: {old.text}" for old in harms if old.id not in reported.lost]
    others = [old for old in dream.olds.values() if old.fate == "gone" and not old.harmful and old.kind != _HEADING]
    found.shares["called lost, gone for a reason"] = (sum(old.id in reported.lost for old in others), len(others))
    for band in BANDS:
        surviving = [old for old in dream.olds.values() if old.to and old.to[0].band == band and old.kind != _HEADING]
        found.shares[f"called lost but there, {band}"] = (alarms[band], len(surviving))
    return row.false


def _altered(dream: Dream, reported: _Reported, found: Score) -> int:
    harmful = {pair: link for pair, link in dream.links.items() if link.harmful}
    row = found.counts["altered"]
    kinds = found.counts["kinds of altered"]
    row.truth = len(harmful)
    hits: set[Edge] = set()
    for pairs, said in reported.altered:
        right = [pair for pair in pairs if pair in harmful]
        hits.update(right)
        for pair in right:
            _count_kinds(harmful[pair], said, kinds)
        if pairs and not right and not any(_excused(dream, *pair) for pair in pairs):
            row.false += 1
            old, new = (side[each] for side, each in zip((dream.olds, dream.news), pairs[0], strict=True))
            found.false.append(f"altered {sorted(said)} {old.text} -> {new.text}")
    row.hit = len(hits)
    for pair, link in harmful.items():
        for name in (f"altered, {link.band}", *(f"altered, {kind}" for kind in link.kinds)):
            found.counts[name].truth += 1
            found.counts[name].hit += pair in hits
        if pair not in hits:
            texts = f"{dream.olds[pair[0]].text} -> {dream.news[pair[1]].text}"
            found.missed.append(f"altered ({link.band}) {[*link.kinds]} {texts}")
    return row.false


def _count_kinds(link: Link, said: set[str], row: Count) -> None:
    # Another word in the place of a value is of no kind that the issue names: whatever is said of it is right.
    needed = set(link.kinds) - {"value"}
    row.truth += len(needed)
    row.hit += len(needed & said)
    row.false += len(said - needed - set(link.may)) if "value" not in link.kinds else 0


def _excused(dream: Dream, old: str, new: str) -> bool:
    """Whether a pair is a change that is right, one beside the right partner, or the successor of a fact."""
    link = dream.links.get((old, new))
    was = dream.olds[old]
    if link and (link.kinds or link.drops or dream.news[new].adds):
        return True
    if was.kind == _HEADING or new in was.instead or was.harmful:
        return True
    return not link and any(way.harmful for way in was.to)


def _unsourced(dream: Dream, reported: _Reported, found: Score) -> int:
    row = found.counts["unsourced"]
    changed = {new for (_, new), link in dream.links.items() if link.kinds}
    scaffold = 0
    for new in (dream.news[each] for each in reported.unsourced):
        if new.origin in ("invented", "injected"):
            row.hit += 1
        elif new.origin == "scaffold" or new.kind == _HEADING:
            scaffold += 1
        elif not new.adds and new.id not in changed:
            row.false += 1
            found.false.append(f"unsourced {new.path}: {new.text}")
    truth = [new for new in dream.news.values() if new.origin in ("invented", "injected")]
    row.truth = len(truth)
    found.missed += [f"unsourced {new.path}: {new.text}" for new in truth if new.id not in reported.unsourced]
    headings = sum(new.origin == "scaffold" or new.kind == _HEADING for new in dream.news.values())
    found.shares["headings, links called unsourced"] = (scaffold, headings)
    return row.false


def _harms(dream: Dream, reported: _Reported, found: Score) -> None:
    """How many harms show at all, under whatever head."""
    seen_olds = reported.lost | reported.altered_olds
    seen_news = reported.unsourced | reported.altered_news

    def share(row: str, seen: Collection[bool]) -> None:
        found.shares[row] = (sum(seen), len(seen))

    altered = [link for link in dream.links.values() if link.harmful]
    share("shown: lost", [old.id in seen_olds for old in dream.olds.values() if old.harmful])
    for band in BANDS[1:]:
        of_band = [link for link in altered if link.band == band]
        share(f"shown: altered, {band}", [link.old in seen_olds or link.new in seen_news for link in of_band])
    share(
        "shown: false merge", [link.old in seen_olds or link.new in seen_news for link in altered if link.false_merge]
    )
    share("shown: part lost", [link.old in seen_olds for link in dream.links.values() if link.drops == "harmful"])
    share("shown: clause invented", [new.id in seen_news for new in dream.news.values() if new.adds])
    for origin in ("invented", "injected"):
        share(f"shown: {origin}", [new.id in seen_news for new in dream.news.values() if new.origin == origin])


def _traps(dream: Dream, reported: _Reported, found: Score) -> None:
    for trap in TRAPS:
        links = [link for link in dream.links.values() if link.trap == trap]
        fallen = sum(link.old in reported.lost or (link.old, link.new) in reported.pairs for link in links)
        found.shares[f"fell for: {trap}"] = (fallen, len(links))


def _contradictions(dream: Dream, result: Mapping[str, Any], found: Score) -> None:
    """For engines whose result has `contradictions`: a list of {"one": place, "other": place}."""
    news = Places(dream.news.values())
    said = {
        frozenset((one, other))
        for each in result["contradictions"]
        for one in news.at(each["one"])
        for other in news.at(each["other"])
    }
    hits = len(said & set(dream.contradictions))
    found.counts["contradictions"] = Count(hits, len(said) - hits, len(dream.contradictions))


ROWS = (
    *("moved", "merged", "split", "lineage", "exact merge groups", "exact split groups"),
    *("lost", "altered", "kinds of altered", "unsourced", "contradictions"),
)
RECALL_ROWS = tuple(f"altered, {name}" for name in (*BANDS[1:], *KINDS))


def table(scores: Mapping[str, Score]) -> str:
    """All figures, one row each, a column a dream."""

    def row(name: str, cell: Callable[[Score], str]) -> str:
        return f"{name:34}" + "".join(f"{cell(each):>22}" for each in scores.values())

    def counted(name: str) -> Callable[[Score], str]:
        return lambda each: (
            "{0.precision:.3f} {0.recall:.3f} {0.f1:.3f}".format(each.counts[name]) if name in each.counts else "-"
        )

    def recalled(name: str) -> Callable[[Score], str]:
        return lambda each: "{0.hit} of {0.truth}".format(each.counts[name]) if name in each.counts else "-"

    def shared(name: str) -> Callable[[Score], str]:
        return lambda each: "{} of {}".format(*each.shares[name])

    alarms = "false alarms / 10 changed notes"
    lines = [f"{'':34}" + "".join(f"{name:>22}" for name in scores)]
    lines.append(f"{'precision, recall, F1':34}")
    lines += [row(name, counted(name)) for name in ROWS]
    lines.append(row(alarms, lambda each: f"{each.shares[alarms][0] / each.shares[alarms][1]:.1f}"))
    lines += [row(name, recalled(name)) for name in RECALL_ROWS]
    shares = {name: None for each in scores.values() for name in each.shares if name != alarms}
    return "\n".join(lines + [row(name, shared(name)) for name in shares])


def main(arguments: list[str]) -> None:
    """Prints the table, and with `--details` each miss and each false alarm."""
    from dreams.rules.changes import compare

    details = "--details" in arguments
    names = [name for name in arguments if not name.startswith("-")] or [*OPEN]
    if details and (put_aside := {*names} - {*OPEN}):
        sys.exit(f"{', '.join(sorted(put_aside))}: put aside, the figures may be known, the sentences may not.")
    dreams = [Dream(name) for name in names]
    scores = {dream.name: score(dream, compare(dream.before, dream.after).as_dict()) for dream in dreams}
    print(table(scores))
    for name, each in scores.items() if details else ():
        print(f"\n{name}: missed", *each.missed, f"\n{name}: false alarms", *each.false, sep="\n  ")


if __name__ == "__main__":
    main(sys.argv[1:])
