"""What a dream did to a store: the change list, the lineage, and the statements lost on the way."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from dreams.rules.change_types import Changes
from dreams.rules.ledger import ledger
from dreams.rules.lineage import carried, lineage
from dreams.rules.pairing import pair
from dreams.rules.prints import PRINTS, shared
from dreams.rules.sentences import split

# Of unchanged memories so many characters are read for what else says the same: a store of usual size whole, and
# of a huge one what has most in common with what did change.
ROOM = 5_000_000


def compare(
    before: Mapping[str, str], after: Mapping[str, str], *, evidence: Mapping[str, Collection[str]] | None = None
) -> Changes:
    """What changed between two stores, given as {path: text}; deterministic, any text is taken.

    Moved means equal bytes or mostly equal words and statements, the rest goes by path; `evidence` helps, see lineage.
    Lost, altered and unsourced statements are looked for in the whole store, not path by path: a fact that moved is
    not lost.
    """
    found = lineage(before, after, evidence=evidence)
    unchanged = sorted(path for path in before.keys() & after.keys() if before[path] == after[path])
    statements = {path: split(path, before[path]) for path in _told_nearby(before, after, unchanged)}
    left_out = set(unchanged) - statements.keys()
    olds, news = (
        [
            sentence
            for path in sorted(store.keys() - left_out)
            for sentence in (statements[path] if path in statements else split(path, store[path]))
        ]
        for store in (before, after)
    )
    pairing = pair(olds, news)
    book = ledger(olds, news, pairing)
    return Changes(
        unchanged=tuple(unchanged),
        modified=tuple(found.modified),
        added=tuple(found.added),
        removed=tuple(found.removed),
        moved=tuple(found.moved),
        merged=tuple(found.merged),
        split=tuple(found.split),
        lost=book.lost,
        altered=book.altered,
        unsourced=book.unsourced,
        contradictions=book.contradictions,
        uncertain=book.uncertain,
        carried=carried(olds, news, pairing, found),
    )


def _told_nearby(before: Mapping[str, str], after: Mapping[str, str], unchanged: Sequence[str]) -> list[str]:
    """The unchanged memories to read."""
    if sum(len(before[path]) for path in unchanged) <= ROOM:
        return list(unchanged)
    same = set(unchanged)
    changed = [text for store in (before, after) for path, text in sorted(store.items()) if path not in same]
    prints = PRINTS.of([*changed, *(before[path] for path in unchanged)])
    asked = np.arange(len(prints)) < len(changed)
    found = shared(prints[: len(changed)], prints[len(changed) :], asked, pairs=True)
    weight = np.bincount(found.new, found.weight, minlength=len(unchanged))
    told, room = [], ROOM
    for at in np.argsort(-weight, kind="stable").tolist():
        room -= len(before[unchanged[at]])
        if room < 0 or not weight[at]:
            break
        told.append(unchanged[at])
    return told
