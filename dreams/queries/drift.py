"""Reads of what happened to the store a dream read while its review goes on, and of how both edits go together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from django.db.models import Case, Count, IntegerField, QuerySet, Value, When

from dreams.models import Approval, Change, ChangePath, Decision, Drift, Review, Text, Workspace
from dreams.queries.changes import Sheet
from dreams.rules import review_states as states
from dreams.rules.merge import Drifted, MergedChange, merge_stores
from dreams.rules.text_merge import Place, places
from dreams.rules.words import text_diff

FEW = 5
# How many places of one memory are drawn; the texts themselves are a click away.
PLACES = 40
ORDER = (states.CONFLICTING, states.MERGEABLE, states.BOTH_SAME, states.DRIFT_ONLY)
WHY_WORDS = {
    "edited": "The dream changed this memory, and somebody else did since.",
    "deleted_since": "The dream worked on this memory, and somebody deleted it since.",
    "deleted_by_dream": "Somebody changed this memory since, and the dream left it out: accepting loses that edit.",
    "both_added": "The dream wrote a memory here, and so did somebody else since.",
    "moved_since": "The dream worked on this memory, and somebody moved it since.",
}


@dataclass(frozen=True, slots=True)
class Moved:
    """One path of the base that moved: what happened there, how that stands, and the change it touches, if any."""

    path: str
    did: str
    standing: str
    words: str
    change: int | None


@dataclass(frozen=True)
class BaseDrift:
    """What the base did since the dream read it, the worst first; `rows` may be some of `total` only. `vote` is an
    approval that does not stand any more because of it."""

    rows: Sequence[Moved]
    counts: Mapping[str, int]
    overlaps: int
    waiting: int
    vote: Approval | None

    @cached_property
    def total(self) -> int:
        """How many paths moved."""
        return sum(self.counts.values())

    @property
    def left_behind(self) -> int:
        """How many of them the dream left alone: its output holds them as they were."""
        return self.counts.get(states.DRIFT_ONLY, 0)

    @property
    def further(self) -> int:
        """How many are not among the rows."""
        return self.total - len(self.rows)

    @property
    def words(self) -> str:
        """The one sentence of it."""
        moved = f"The base moved {self.total} {'memory' if self.total == 1 else 'memories'} since"
        overlap = "overlaps" if self.overlaps == 1 else "overlap"
        return f"{moved}; {self.overlaps or 'none'} {overlap if self.overlaps else 'overlaps'}"


def drift_rows(review: Review) -> QuerySet[Drift]:
    """The drift of a review, the worst first."""
    rank = Case(
        *(When(standing=standing, then=Value(place)) for place, standing in enumerate(ORDER)),
        output_field=IntegerField(),
    )
    return review.drifts.order_by(rank, "path")


def knows_drift(review: Review) -> bool:
    """Whether it may have any: the base was seen at another version than the dream's."""
    return review.dream_id is not None and review.drift_version != review.before.version_id


def base_drift(review: Review, most: int | None = FEW) -> BaseDrift | None:
    """What the page says of it, in four queries; None, and no query, when the base did not move."""
    if not knows_drift(review):
        return None
    counted = review.drifts.order_by().values("standing").annotate(paths=Count("pk"))
    counts = {row["standing"]: row["paths"] for row in counted}
    if not counts:
        return None
    waiting = review.changes.filter(state=states.ANOTHER_LOOK).count()
    vote = None
    if waiting and review.state == states.OPEN:
        vote = review.approvals.select_related("person").order_by("-at").first()
    overlaps = sum(count for standing, count in counts.items() if standing != states.DRIFT_ONLY)
    return BaseDrift([moved_of(row) for row in drift_rows(review)[:most]], counts, overlaps, waiting, vote)


def moved_of(row: Drift) -> Moved:
    """A row as the page shows it."""
    did = "changed" if row.base_sha256 and row.now_sha256 else "added" if row.now_sha256 else "removed"
    return Moved(row.path, did, row.standing, states.DRIFT_WORDS[row.standing], row.change_id)


def seen_now(change: Change, review: Review) -> str:
    """The digest of what a person decides on now: the change, and the drift that touches it, as `review`, which holds
    the change, knows it by now."""
    if review.drift_version == change.review.before.version_id:
        return change.key
    return states.seen_digest(change.key, change.drifts.values_list("path", "now_sha256"))


# Pieces of a text, each with whether it differs from what stood there before.
Pieces = Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Row:
    """One place that moved since, in three columns; `ours` is None where the dream left it as it was. `resolved`: both
    edits of a clash word by word, None where they cannot be told apart."""

    line: int
    base: str
    theirs: Pieces
    ours: Pieces | None
    clash: bool
    resolved: str | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """One memory that both worked on, `now` at that path or gone, `onto` that path by the dream; its first places, and
    how many are `hidden`."""

    path: str
    now: str
    onto: str
    standing: str
    words: str
    why: str
    rows: Sequence[Row]
    hidden: int


@dataclass(frozen=True, slots=True)
class Clash:
    """What the base did under one change. `seen`: the digest that a decision on it is about; `offered`, {path: text},
    holds both edits, None where somebody has to choose; `last` is the decision that it overtook."""

    overlaps: Sequence[Overlap]
    seen: str
    offered: Mapping[str, str] | None
    conflicts: bool
    purged: bool
    last: Decision | None

    @property
    def before(self) -> str:
        """What was decided before it moved, in a sentence."""
        return f"{self.last.by} had it {states.CHANGE_WORDS[self.last.outcome].lower()}." if self.last else ""


@dataclass(frozen=True, slots=True)
class _Piece:
    olds: Sequence[str]
    news: Sequence[str]
    edges: Sequence[tuple[str, str]]


def clash_of(change: Change) -> Clash | None:
    """What the centre shows of the drift under one change; None where there is none, without a query where the base
    did not move at all."""
    rows = list(change.drifts.all()) if knows_drift(change.review) else []
    if not rows:
        return None
    held: dict[str, dict[str, str]] = {"before": {}, "after": {}}
    for side, path, sha in change.paths.values_list("side", "path", "sha256"):
        held[side][path] = sha
    base, ours = held[ChangePath.Side.BEFORE], held[ChangePath.Side.AFTER]
    now = {path: sha for path, sha in base.items() if path not in {row.path for row in rows}}
    now |= {row.path: row.now_sha256 for row in rows if row.now_sha256}
    texts, purged = _texts(change.review.workspace, [*base.values(), *ours.values(), *now.values()])
    sides = [{path: texts[sha] for path, sha in shas.items()} for shas in (base, ours, now)]
    piece = _Piece(list(base), list(ours), [(old, new) for old, new in change.edges])
    merged = merge_stores(*sides, pieces=[piece]).changes[0]
    conflicts = any(row.standing == states.CONFLICTING for row in rows)
    last = change.decisions.select_related("by").order_by("-seq").first()
    return Clash(
        overlaps=[] if purged else [_overlap(each, sides) for each in merged.drift],
        seen=states.seen_digest(change.key, [(row.path, row.now_sha256) for row in rows]),
        offered=None if purged else _offered(merged, {*base, *ours}),
        conflicts=conflicts,
        purged=purged,
        last=last if change.state == states.ANOTHER_LOOK else None,
    )


def _texts(workspace: Workspace, shas: Sequence[str]) -> tuple[dict[str, str], bool]:
    """{sha256: text}, and whether one is not kept any more."""
    rows = {text.sha256: text for text in Text.objects.filter(workspace=workspace, sha256__in=set(shas))}
    kept = {sha: rows[sha].text if sha in rows else "" for sha in shas}
    return kept, any(sha not in rows or rows[sha].body is None for sha in shas)


def _offered(merged: MergedChange, own: set[str]) -> Mapping[str, str] | None:
    """Both edits, where they say something else than either and stand at paths of the change."""
    texts = merged.offered
    worth = any(each.standing in (states.MERGEABLE, states.CONFLICTING) for each in merged.drift)
    return texts if texts and worth and texts.keys() <= own else None


def _overlap(each: Drifted, sides: Sequence[Mapping[str, str]]) -> Overlap:
    base, ours, theirs = sides
    onto = each.onto[0] if each.onto else ""
    found = [
        place
        for place in places(base.get(each.path, ""), ours.get(onto, ""), theirs.get(each.now, ""))
        if place.who != "ours"
    ]
    return Overlap(
        path=each.path,
        now=each.now,
        onto=onto,
        standing=each.standing,
        words=states.DRIFT_WORDS[each.standing],
        why=WHY_WORDS[each.why],
        rows=[_row(place) for place in found[:PLACES]],
        hidden=len(found[PLACES:]),
    )


def _row(place: Place) -> Row:
    return Row(
        line=place.line,
        base=place.base,
        theirs=_marked(place.base, place.theirs),
        ours=None if place.ours == place.base else _marked(place.base, place.ours),
        clash=place.who == "clash",
        resolved=place.resolved,
    )


def _marked(base: str, text: str) -> Pieces:
    """A text with the words that are not as they were."""
    pieces: list[tuple[str, bool]] = []
    for hunk in text_diff(base, text, context=None).hunks:
        for line in hunk.lines:
            if line.kind != "delete":
                pieces += [*((piece.text, piece.changed) for piece in line.pieces), ("\n", False)]
    return pieces[:-1] or ([(text, False)] if text else [])


def taking_both(change: Change, sheets: Sequence[Sheet]) -> list[Sheet]:
    """The sheets of the editor, started from both edits; as they were where none is offered."""
    clash = clash_of(change)
    if clash is None or clash.offered is None:
        return list(sheets)
    texts = clash.offered
    return [replace(sheet, text=texts.get(sheet.path, sheet.text), stays=sheet.path in texts) for sheet in sheets]
