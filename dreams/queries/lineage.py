"""Reads of what became of what in a review: every memory that moved, was merged, split, added or left out."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from dreams.models import ChangePath, Review
from dreams.render.map import MOST, Strand

LISTED = 100  # of a kind; the list of changes has them all
KINDS = {
    "merged": "Merged",
    "split": "Split",
    "moved": "Moved",
    "removed": "Left out",
    "added": "Added",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """The strands of one change as a line of text says them."""

    change: int
    olds: Sequence[str]
    news: Sequence[str]
    lost: int


@dataclass(frozen=True)
class Lineage:
    """Every strand of a review, those of a change beside each other, by kind."""

    strands: Sequence[Strand]

    @property
    def fits(self) -> bool:
        """Whether they are few enough to be drawn."""
        return 0 < len(self.strands) <= MOST

    @property
    def kinds(self) -> list[tuple[str, str, list[Piece], int]]:
        """(kind, words, its first pieces, how many more there are) of each kind that there is."""
        found = []
        for kind, words in KINDS.items():
            own = groupby((each for each in self.strands if each.kind == kind), key=lambda each: each.change)
            pieces = [_piece(list(strands)) for _, strands in own]
            if pieces:
                found.append((kind, words, pieces[:LISTED], max(0, len(pieces) - LISTED)))
        return found


def _piece(strands: Sequence[Strand]) -> Piece:
    olds, news = ({each.old for each in strands} - {""}), ({each.new for each in strands} - {""})
    return Piece(strands[0].change, sorted(olds), sorted(news), strands[0].lost)


def lineage(review: Review) -> Lineage:
    """What became of what, by kind and then in the order of the review; two queries."""
    changes = review.changes.filter(kind__in=KINDS).order_by("position")
    rows = list(changes.values_list("pk", "kind", "title", "edges", "lost_count"))
    paths: dict[tuple[int, str], list[str]] = defaultdict(list)
    # Reviews that were opened before lineages were kept have their paths alone.
    bare = review.paths.filter(change__kind__in=KINDS, change__edges=[]).order_by("path")
    for change, side, path in bare.values_list("change_id", "side", "path"):
        paths[change, side].append(path)
    strands = []
    for pk, kind, title, edges, lost in sorted(rows, key=lambda row: list(KINDS).index(row[1])):
        ends = edges or _ends(kind, title, paths[pk, ChangePath.Side.BEFORE], paths[pk, ChangePath.Side.AFTER])
        strands += [Strand(pk, kind, old, new, lost) for old, new in ends]
    return Lineage(strands)


def _ends(kind: str, title: str, olds: Sequence[str], news: Sequence[str]) -> list[tuple[str, str]]:
    """(old path, new path) as far as the paths of both sides tell; "" where there is none."""
    if not olds or not news:
        return [*((old, "") for old in olds), *(("", new) for new in news)]
    return [(olds[0], new) for new in news] if kind == "split" else [(old, title) for old in olds]
