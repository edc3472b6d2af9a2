"""What a dream did to a store: the change list, the lineage, and the statements lost on the way."""

from collections.abc import Collection, Mapping

from dreams.rules.change_types import Changes
from dreams.rules.ledger import ledger
from dreams.rules.lineage import carried, lineage
from dreams.rules.pairing import pair
from dreams.rules.sentences import split


def compare(
    before: Mapping[str, str], after: Mapping[str, str], *, evidence: Mapping[str, Collection[str]] | None = None
) -> Changes:
    """What changed between two stores, given as {path: text}; deterministic, any text is taken.

    Moved means equal bytes or mostly equal words and statements, the rest goes by path; `evidence` helps, see lineage.
    Lost, altered and unsourced statements are looked for in the whole store, not path by path: a fact that moved is
    not lost.
    """
    found = lineage(before, after, evidence=evidence)
    statements_before = {path: split(path, text) for path, text in before.items()}
    statements_after = {
        path: statements_before[path] if before.get(path) == text else split(path, text)
        for path, text in after.items()
    }
    olds = [sentence for path in sorted(before) for sentence in statements_before[path]]
    news = [sentence for path in sorted(after) for sentence in statements_after[path]]
    pairing = pair(olds, news)
    book = ledger(olds, news, pairing)
    return Changes(
        unchanged=tuple(sorted(path for path in before.keys() & after.keys() if before[path] == after[path])),
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
