"""What a dream did to a store: the change list, the lineage, and the statements lost on the way."""

from collections.abc import Mapping

from dreams.rules.change_types import Changes, shas_of
from dreams.rules.ledger import ledger
from dreams.rules.lineage import carried, lineage
from dreams.rules.pairing import pair
from dreams.rules.sentences import split


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> Changes:
    """What changed between two stores, given as {path: text}; deterministic, any text is taken.

    Moved means equal bytes or mostly equal statements, the rest goes by path. Lost, altered and unsourced
    statements are looked for in the whole store, not path by path: a fact that moved is not lost.
    """
    shas_before, shas_after = shas_of(before), shas_of(after)
    statements_before = {path: split(path, text) for path, text in before.items()}
    statements_after = {
        path: statements_before[path] if before.get(path) == text else split(path, text)
        for path, text in after.items()
    }
    olds = [sentence for path in sorted(before) for sentence in statements_before[path]]
    news = [sentence for path in sorted(after) for sentence in statements_after[path]]
    pairing = pair(olds, news)
    found = lineage(shas_before, shas_after, olds, news, pairing)
    book = ledger(olds, news, pairing)
    both = sorted(shas_before.keys() & shas_after.keys())
    in_lineage = {merged.new for merged in found.merged} | {each.old for each in found.split}
    return Changes(
        unchanged=tuple(path for path in both if shas_before[path] == shas_after[path]),
        modified=tuple(path for path in both if shas_before[path] != shas_after[path] and path not in in_lineage),
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
