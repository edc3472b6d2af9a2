"""What the checks of a workspace do not let into a store: warnings of the kinds that its settings let block."""

from collections.abc import Iterable, Mapping, Set
from typing import Any

from dreams.rules.scans import BLOCK, KIND_WORDS, hosts, scan


def blocking_kinds(policy: Mapping[str, str]) -> set[str]:
    """The kinds of warning that block under a policy {kind: "warn" or "block"}; all others only warn."""
    return {kind for kind in KIND_WORDS if policy.get(kind) == BLOCK}


def blocks_of(findings: Mapping[str, Any], kinds: Set[str]) -> list[str]:
    """Why what was found in a change (see Change.findings) may not be accepted, a sentence each; empty when it may."""
    scans = findings.get("scans", []) if kinds else []
    return [f"Line {each['line']} of {each['path']} {each['why']}." for each in scans if each["kind"] in kinds]


def blocks_of_edit(
    findings: Mapping[str, Any], kinds: Set[str], texts: Mapping[str, str], before: Iterable[str]
) -> list[str]:
    """The same for the texts {path: text} that somebody made of it: what they add to those `before`. Of addresses
    only those that were found in the change: a person who types a new one knows it."""
    if not kinds:
        return []
    known = {line.strip() for text in before for line in text.split("\n")}
    found = []
    for path, text in sorted(texts.items()):
        lines = text.split("\n")
        found += [
            f"Line {each.line} of {path} {each.why}."
            for each in scan(text, path=path)
            if each.kind in kinds and lines[each.line - 1].strip() not in known
        ]
        led = hosts(text) if "host" in kinds else set()
        found += [
            f"{path} still {each['why']}."
            for each in findings.get("scans", [])
            if each["kind"] == "host" and any(f" {host}," in each["why"] for host in led)
        ]
    return found
