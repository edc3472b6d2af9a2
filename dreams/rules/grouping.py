"""The changes of a comparison as pieces to decide on, the riskiest first."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeVar

from dreams.rules.change_types import Changes, Group, shas_of
from dreams.rules.scans import Finding, hosts, scan

# What is read first: the higher, the earlier.
_RISK = {"merged": 5, "split": 5, "modified": 4, "added": 3, "removed": 2, "moved": 1, "unchanged": 0}
_LOSS, _WARNING = 7, 6

_Item = TypeVar("_Item")


def groups(
    changes: Changes, before: Mapping[str, str], after: Mapping[str, str], *, surprises: bool = True
) -> list[Group]:
    """The changes as pieces to decide on, riskiest first; each path of either side is in exactly one. A sentence
    without a source counts as a risk where new ones are `surprises`: a dream tidies, an agent learns."""
    leader = _components(changes, before.keys() | after.keys())
    members: dict[str, list[str]] = defaultdict(list)
    for path in sorted(leader):
        members[leader[path]].append(path)
    kinds = _kinds(changes, leader)
    lost = _by_group(leader, ((place.path, place) for place in changes.lost))
    altered = _by_group(
        leader, ((path, each) for each in changes.altered for path in sorted({each.old.path, each.new.path}))
    )
    unsourced = _by_group(leader, ((place.path, place) for place in changes.unsourced))
    findings = _by_group(leader, ((finding.path, finding) for finding in _new_findings(before, after)))
    shas = {"before": shas_of(before), "after": shas_of(after)}
    found = []
    for first, paths in members.items():
        doubts = len(unsourced[first]) if surprises else 0
        counts = (len(altered[first]), len(lost[first]), doubts, len(findings[first]))
        found.append(
            Group(
                kind=kinds[first],
                olds=tuple(path for path in paths if path in before),
                news=tuple(path for path in paths if path in after),
                lost=tuple(lost[first]),
                altered=tuple(dict.fromkeys(altered[first])),
                unsourced=tuple(unsourced[first]),
                findings=tuple(findings[first]),
                key=key_of(paths, shas),
                risk=_risk(kinds[first], *counts),
            )
        )
    return sorted(found, key=lambda group: (-group.risk, group.news or group.olds))


def _risk(kind: str, altered: int, lost: int, unsourced: int, findings: int) -> int:
    """Losses and alarms, then warnings, then by kind. A changed meaning weighs most: it hides itself."""
    # That a new memory says new things is no surprise; that an old one does is.
    doubts = unsourced if kind != "added" else 0
    tier = _LOSS if altered or lost else _WARNING if findings or doubts else _RISK[kind]
    return 1_000 * tier + min(999, 10 * altered + lost + 5 * findings + doubts)


def _components(changes: Changes, paths: Iterable[str]) -> dict[str, str]:
    """Each path with the leader of its connected piece."""
    leader = {path: path for path in paths}

    def find(path: str) -> str:
        while leader[path] != path:
            leader[path] = path = leader[leader[path]]
        return path

    edges = [(each.old, each.new) for each in changes.moved]
    edges += [(old, each.new) for each in changes.merged for old in each.olds]
    edges += [(each.old, new) for each in changes.split for new in each.news]
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
