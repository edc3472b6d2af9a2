"""The changes of a comparison as pieces to decide on, the riskiest first."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeVar

from dreams.rules.change_types import Changes, Group, Place, shas_of
from dreams.rules.rewrapping import only_rewrapped
from dreams.rules.scans import Finding, hosts, scan

# What is read first: the higher, the earlier.
_RISK = {"merged": 5, "split": 5, "modified": 4, "added": 3, "removed": 2, "moved": 1, "unchanged": 0}
_LOSS, _WARNING = 7, 6

_Item = TypeVar("_Item")
_Edges = list[tuple[str, str]]


def groups(
    changes: Changes, before: Mapping[str, str], after: Mapping[str, str], *, surprises: bool = True
) -> list[Group]:
    """The changes as pieces to decide on, riskiest first; each path of either side is in exactly one. A sentence
    without a source counts as a risk where new ones are `surprises`: a dream tidies, an agent learns."""
    edges = _edges(changes)
    leader = _components(edges, before.keys() | after.keys())
    members: dict[str, list[str]] = defaultdict(list)
    for path in sorted(leader):
        members[leader[path]].append(path)
    kinds = _kinds(changes, leader)
    lost = _by_group(leader, ((place.path, place) for place in changes.lost))
    altered = _by_both(leader, ((each, each.old, each.new) for each in changes.altered))
    unsourced = _by_group(leader, ((place.path, place) for place in changes.unsourced))
    clashes = _by_both(leader, ((each, each.one, each.other) for each in changes.contradictions))
    doubts = _by_both(leader, ((each, each.old, each.new) for each in changes.uncertain))
    carried = _by_both(leader, ((each, each.old, each.new) for each in changes.carried))
    tied = _by_group(leader, ((new, (old, new)) for old, new in edges))
    findings = _by_group(leader, ((finding.path, finding) for finding in _new_findings(before, after)))
    shas = {"before": shas_of(before), "after": shas_of(after)}
    found = []
    for first, paths in members.items():
        olds, news = [path for path in paths if path in before], [path for path in paths if path in after]
        missed = sum(not place.heading for place in lost[first])
        warnings = len(findings[first]) + len(clashes[first])
        counts = (len(altered[first]), missed, len(unsourced[first]) if surprises else 0, warnings)
        found.append(
            Group(
                kind=kinds[first],
                olds=tuple(olds),
                news=tuple(news),
                lost=tuple(lost[first]),
                altered=tuple(altered[first]),
                unsourced=tuple(unsourced[first]),
                findings=tuple(findings[first]),
                key=key_of(paths, shas),
                risk=_risk(kinds[first], *counts),
                contradictions=tuple(clashes[first]),
                uncertain=tuple(doubts[first]),
                carried=tuple(carried[first]),
                edges=tuple(sorted(tied[first])),
                rewrapped=len(olds) == len(news) == 1 and only_rewrapped(before[olds[0]], after[news[0]], news[0]),
            )
        )
    return sorted(found, key=lambda group: (-group.risk, group.news or group.olds))


def _risk(kind: str, altered: int, lost: int, unsourced: int, findings: int) -> int:
    """Losses and alarms, then warnings, then by kind. A changed meaning weighs most: it hides itself."""
    if kind == "unchanged":
        return 0
    # That a new memory says new things is no surprise; that an old one does is.
    doubts = unsourced if kind != "added" else 0
    tier = _LOSS if altered or lost else _WARNING if findings or doubts else _RISK[kind]
    return 1_000 * tier + min(999, 10 * altered + lost + 5 * findings + doubts)


def _edges(changes: Changes) -> _Edges:
    """Which memory became which, as (old path, new path)."""
    edges = [(each.old, each.new) for each in changes.moved]
    edges += [(old, each.new) for each in changes.merged for old in each.olds]
    return edges + [(each.old, new) for each in changes.split for new in each.news]


def _components(edges: _Edges, paths: Iterable[str]) -> dict[str, str]:
    """Each path with the leader of its connected piece."""
    leader = {path: path for path in paths}

    def find(path: str) -> str:
        while leader[path] != path:
            leader[path] = path = leader[leader[path]]
        return path

    for one, other in edges:
        leader[find(one)] = find(other)
    return {path: find(path) for path in leader}


def _kinds(changes: Changes, leader: Mapping[str, str]) -> dict[str, str]:
    """The kind of each piece by its leader; a merge says more than a split, a split more than a move."""
    kinds: dict[str, str] = {}
    for kind, paths in (
        ("merged", [each.new for each in changes.merged]),
        ("split", [each.old for each in changes.split]),
        ("moved", [each.new for each in changes.moved]),
        ("modified", changes.modified),
        ("added", changes.added),
        ("removed", changes.removed),
        ("unchanged", changes.unchanged),
    ):
        for path in paths:
            kinds.setdefault(leader[path], kind)
    return kinds


def _by_group(leader: Mapping[str, str], items: Iterable[tuple[str, _Item]]) -> defaultdict[str, list[_Item]]:
    sorted_out: defaultdict[str, list[_Item]] = defaultdict(list)
    for path, item in items:
        sorted_out[leader[path]].append(item)
    return sorted_out


def _by_both(
    leader: Mapping[str, str], items: Iterable[tuple[_Item, Place, Place]]
) -> defaultdict[str, list[_Item]]:
    """Each by the groups of its two places, once."""
    return _by_group(
        leader,
        (
            (path, item)
            for item, one, other in items
            for path in ({leader[one.path]: one.path} | {leader[other.path]: other.path}).values()
        ),
    )


def _new_findings(before: Mapping[str, str], after: Mapping[str, str]) -> list[Finding]:
    """Scan warnings about lines that stood nowhere in the store before."""
    known_lines = {line.strip() for text in before.values() for line in text.split("\n")}
    known_hosts = {host for text in before.values() if "://" in text for host in hosts(text)}
    found = []
    for path in sorted(after):
        if before.get(path) == after[path]:
            continue
        lines = after[path].split("\n")
        found += [
            finding
            for finding in scan(after[path], path=path, known_hosts=known_hosts)
            if lines[finding.line - 1].strip() not in known_lines
        ]
    return found


def key_of(paths: Iterable[str], shas: Mapping[str, Mapping[str, str]]) -> str:
    """Hex SHA-256 over (side, path, sha256) of a piece, in order."""
    sides = [(side, path, held[path]) for side, held in shas.items() for path in paths if path in held]
    return hashlib.sha256(json.dumps(sorted(sides)).encode()).hexdigest()
