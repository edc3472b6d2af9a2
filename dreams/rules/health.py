"""What is worth tidying in one store: duplicates, contradictions, what a scan finds; and how near its limits are."""

from collections.abc import Mapping
from typing import Any

from dreams.rules.contradictions import contradictions
from dreams.rules.duplicates import near, same_bytes
from dreams.rules.scans import scan, visible, without_secrets
from dreams.rules.sentences import Sentence

# The vendor's limits of one store, and from which part of them on they are near.
MOST_MEMORIES, MOST_BYTES = 2_000, 102_400
NEAR, AT = 0.8, 0.95
# So many of each kind are kept, the worst first; all are counted.
KEPT = 100
# The report's own version: reports of another one are made anew.
EDITION = 2
_EXCERPT = 300


def examine(texts: Mapping[str, str]) -> dict[str, Any]:
    """The findings of a store given as {path: text}, as JSON takes them; secrets are shortened, hidden characters
    written out. Takes seconds for 2,000 memories, and time linear in their words.

    `same`: lists of paths with equal bytes; `near`: {path, other, likeness, mutual} (see rules.duplicates);
    `contradictions`: {kinds, one, other}, each side {path, line, text}; `findings`: {path, line, kind, why, excerpt};
    `counts`: how many there are of each, of which at most KEPT are listed; `edition`: of this shape.
    """
    same = same_bytes(texts)
    alike = near(texts)
    clashes = contradictions(texts)
    found = [finding for path in sorted(texts) for finding in scan(texts[path], path=path)]
    found.sort(key=lambda each: ("secret", "invisible", "injection", "host").index(each.kind))
    return {
        "edition": EDITION,
        "same": [list(paths[:KEPT]) for paths in same[:KEPT]],
        "near": [
            {"path": each.path, "other": each.other, "likeness": each.likeness, "mutual": each.mutual}
            for each in alike[:KEPT]
        ],
        "contradictions": [
            {"kinds": list(each.kinds), "one": _side(each.one), "other": _side(each.other)} for each in clashes[:KEPT]
        ],
        "findings": [
            {"path": f.path, "line": f.line, "kind": f.kind, "why": f.why, "excerpt": without_secrets(f.excerpt)}
            for f in found[:KEPT]
        ],
        "counts": {
            "same": len(same),
            "same_spare": sum(len(paths) - 1 for paths in same),
            "near": len(alike),
            "contradictions": len(clashes),
            "secrets": sum(each.kind == "secret" for each in found),
            "invisible": sum(each.kind == "invisible" for each in found),
            "injections": sum(each.kind == "injection" for each in found),
        },
    }


def _side(sentence: Sentence) -> dict[str, Any]:
    shown = visible(without_secrets(sentence.text))
    text = shown if len(shown) <= _EXCERPT else f"{shown[:_EXCERPT]}…"
    return {"path": sentence.path, "line": sentence.line, "text": text}


def tone(value: int, most: int) -> str:
    """How a meter is drawn: "" with room left, "warn" near the limit, "bad" at it."""
    return "bad" if value >= AT * most else "warn" if value >= NEAR * most else ""
