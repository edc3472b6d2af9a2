"""The list of a review: its changes in the order they should be read, under sections, filters and words of paths."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from itertools import groupby
from urllib.parse import urlencode

from django.db.models import Case, OuterRef, QuerySet, Value, When
from django.db.models.functions import Coalesce

from dreams.models import ChangePath, Drift, Review
from dreams.queries.checks import blocked_changes
from dreams.rules import review_states as states

# What the first screen holds: a window shows about thirty rows, the rest comes when it is scrolled to.
PAGE = 30
# How many are accepted at once: as many as somebody can be asked to look over.
MOST = 500
SHOWS = {
    "all": "All",
    "undecided": "Undecided",
    "lost": "Lost",
    "conflicts": "Conflicts",
    "flagged": "Flagged",
    "unchanged": "Unchanged",
}
CONFLICTS, LOST, DOUBTFUL = "Conflicts", "Lost", "Altered, unsourced or suspicious"
LINEAGE, REMOVED, MODIFIED, ADDED = "Merged and split", "Removed", "Modified", "Added"
MOVED, REWRAPPED, UNCHANGED = "Moved only", "Re-wrapped only", "Unchanged"
SECTIONS = (CONFLICTS, LOST, DOUBTFUL, LINEAGE, REMOVED, MODIFIED, ADDED, MOVED, REWRAPPED, UNCHANGED)
_OF_KIND = {
    "merged": LINEAGE,
    "split": LINEAGE,
    "removed": REMOVED,
    "modified": MODIFIED,
    "moved": MODIFIED,
    "added": ADDED,
    "unchanged": UNCHANGED,
}
# The kinds that are accepted together, and what they are.
TOGETHER = {"moved": "only moved", "rewrapped": "were only re-wrapped"}


@dataclass(frozen=True, slots=True)
class Row:
    """One change as the list shows it. `lost`, `altered` and `flags` count findings; `edges` are pairs of an old and a
    new path; `standing` is what the base did meanwhile, "" for nothing; `was` the path that the words were found in,
    when that is not its title; `blocked` says that a check lets nobody accept it."""

    pk: int
    kind: str
    title: str
    state: str
    seq: int
    lost: int
    altered: int
    flags: int
    added: int
    removed: int
    edges: Sequence[Sequence[str]] = ()
    rewrapped: bool = False
    standing: str = ""
    was: str = ""
    blocked: bool = False

    @property
    def folder(self) -> str:
        """The path up to the last slash."""
        return self.title[: self.title.rfind("/") + 1]

    @property
    def name(self) -> str:
        """The path behind the last slash."""
        return self.title[self.title.rfind("/") + 1 :]

    @property
    def gone(self) -> bool:
        """Whether the dream left no memory of it."""
        return self.kind == "removed"

    @property
    def state_words(self) -> str:
        """The state as people read it."""
        return states.CHANGE_WORDS[self.state]

    @property
    def standing_words(self) -> str:
        """What the base did meanwhile, as people read it."""
        return states.DRIFT_WORDS[self.standing]

    @property
    def clashes(self) -> bool:
        """Whether the base and the dream changed the same words."""
        return self.standing == states.CONFLICTING

    @property
    def waits(self) -> bool:
        """Whether it asks for a decision."""
        return self.state in states.WAITING

    @property
    def olds(self) -> list[str]:
        """The paths that it was made of, in order, where it was not made in its place."""
        return sorted({old for old, _ in self.edges} - ({self.title} if len(self.edges) == 1 else set()))

    @property
    def numbers(self) -> str:
        """How many lines came and went: "+7 −14"."""
        counts = (f"{sign}{count}" for sign, count in (("+", self.added), ("−", self.removed)) if count)
        return " ".join(counts)

    @property
    def merges(self) -> bool:
        """Whether it took in several memories."""
        return self.kind == "merged" and len(self.olds) > 1

    @property
    def remarkable(self) -> bool:
        """Whether there is more to say of it than its numbers."""
        found = self.lost or self.altered or self.flags or self.was
        return bool(found) or self.merges or self.state == states.ANOTHER_LOOK

    @property
    def taken(self) -> str:
        """The names of the first memories that a merge took in, for who remembers one of them."""
        names = [old[old.rfind("/") + 1 :] for old in self.olds if old != self.title]
        return ", ".join(names[:3]) + ("…" if len(names) > 3 else "")

    @property
    def together(self) -> str:
        """What it is when it may be accepted with all others of its kind: one of TOGETHER. Else "": never anything
        with a finding, nothing that the base touched, nothing that somebody has looked at already."""
        if self.lost or self.altered or self.flags or self.standing or self.state != states.UNDECIDED:
            return ""
        return {MOVED: "moved", REWRAPPED: "rewrapped"}.get(self.section, "")

    @property
    def section(self) -> str:
        """The heading it stands under: what it loses or alters goes before what it is."""
        if self.clashes:
            return CONFLICTS
        if self.lost:
            return LOST
        if self.altered or self.flags:
            return DOUBTFUL
        if self.rewrapped:
            return REWRAPPED
        return MOVED if self.kind == "moved" and not self.added + self.removed else _OF_KIND[self.kind]

    def fits(self, show: str) -> bool:
        """Whether the filter `show` lets it through."""
        return {
            "undecided": self.waits,
            "lost": self.lost > 0,
            "conflicts": self.clashes,
            "flagged": self.altered + self.flags > 0,
        }.get(show, show == "all")


@dataclass(frozen=True)
class ChangeList:
    """Every change of a review that asks for a decision, in its order, and the filter that is on. With `words` only
    those count as listed that have a path, on either side, which holds them all (`found`). `unchanged` is how many
    memories stayed as they were; they are `folded` rows only under their own filter."""

    rows: Sequence[Row]
    show: str = "all"
    words: str = ""
    found: Collection[int] | None = None
    unchanged: int = 0
    folded: Sequence[Row] = ()

    @cached_property
    def listed(self) -> Sequence[Row]:
        """Those with the words in a path."""
        return self.rows if self.found is None else [row for row in self.rows if row.pk in self.found]

    @cached_property
    def shown(self) -> Sequence[Row]:
        """What the filter lets through."""
        return self.folded if self.show == "unchanged" else [row for row in self.listed if row.fits(self.show)]

    @cached_property
    def filters(self) -> list[tuple[str, str, int]]:
        """(name, words, how many) of each filter; empty ones are left out, but for All and the one that is on."""
        counts = {show: sum(row.fits(show) for row in self.listed) for show in SHOWS} | {"unchanged": self.unchanged}
        return [(show, SHOWS[show], counts[show]) for show in SHOWS if counts[show] or show in ("all", self.show)]

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """How many rows each section has under the filter."""
        sizes: dict[str, int] = {}
        for row in self.shown:
            sizes[row.section] = sizes.get(row.section, 0) + 1
        return sizes

    @cached_property
    def query(self) -> str:
        """Filter and words as an address asks for them: "?show=lost&q=notes", "" for everything."""
        asked = {"show": self.show if self.show != "all" else "", "q": self.words}
        query = urlencode({name: said for name, said in asked.items() if said})
        return f"?{query}" if query else ""

    @cached_property
    def total(self) -> int:
        """How many changes ask for a decision, decided or not."""
        return len(self.rows)

    @cached_property
    def undecided(self) -> int:
        """How many wait, for a first decision or for another look."""
        return sum(row.waits for row in self.rows)

    @cached_property
    def decided(self) -> int:
        """How many do not wait any more."""
        return self.total - self.undecided

    @cached_property
    def outcomes(self) -> list[tuple[str, str, int]]:
        """(state, words, how many) of each state but undecided."""
        counted = [
            (state, states.CHANGE_WORDS[state], sum(row.state == state for row in self.rows))
            for state in (states.ANOTHER_LOOK, *states.OUTCOMES)
        ]
        return [each for each in counted if each[2]]

    @cached_property
    def harmless(self) -> list[tuple[str, str, int]]:
        """(kind, words, how many) of what may be accepted together."""
        counted = [(kind, words, sum(row.together == kind for row in self.rows)) for kind, words in TOGETHER.items()]
        return [each for each in counted if each[2]]

    @cached_property
    def blocked(self) -> int:
        """How many were accepted before a check blocked them."""
        return sum(row.blocked and row.state == states.ACCEPTED for row in self.rows)

    @cached_property
    def accepted_losses(self) -> list[Row]:
        """Accepted changes that lose or alter something: what an approval lets go."""
        return [row for row in self.rows if row.state == states.ACCEPTED and row.lost + row.altered]

    def row(self, pk: int) -> Row | None:
        """The row of one change; None for what stayed as it was."""
        return next((row for row in self.rows if row.pk == pk), None)

    def next_undecided(self, after: int) -> int | None:
        """The next change that waits behind `after`, first within the filter; None when none does."""
        for rows in (self.shown, self.rows):
            at = next((n for n, row in enumerate(rows, 1) if row.pk == after), 0)
            for row in (*rows[at:], *rows[:at]):
                if row.waits and row.pk != after:
                    return row.pk
        return None

    def beside(self, pk: int, by: int) -> int | None:
        """The change `by` rows from this one in any state and whatever the filter; None at either end."""
        at = next((n for n, row in enumerate(self.rows) if row.pk == pk), -1) + by
        return self.rows[at].pk if 0 <= at < len(self.rows) else None

    def page_of(self, pk: int | None) -> int:
        """The page, from 1, on which a change stands under the filter."""
        at = next((n for n, row in enumerate(self.shown) if row.pk == pk), 0)
        return at // PAGE + 1


def change_list(review: Review, show: str = "all", words: str = "") -> ChangeList:
    """The changes of a review in two queries, one more with words and one where checks block; an unknown filter is
    All."""
    show, words = show if show in SHOWS else "all", words.replace("\0", "")[:200].strip()
    holding = _holding(review, words)
    found = _by_change(holding) if words else None
    changes = review.changes.order_by("position").annotate(standing=_worst_drift())
    folded = changes.filter(state=states.UNCHANGED)
    if words:
        folded = folded.filter(pk__in=holding.values("change_id"))
    unchanged = [Row(*values) for values in folded.values_list(*_FIELDS)] if show == "unchanged" else []
    rows = [Row(*values) for values in changes.exclude(state=states.UNCHANGED).values_list(*_FIELDS)]
    blocked = blocked_changes(review, *states.WAITING, states.ACCEPTED)
    rows = in_order(replace(row, was=_other(found, row), blocked=row.pk in blocked) for row in rows)
    return ChangeList(rows, show, words, found, len(unchanged) or folded.count(), unchanged)


_FIELDS = (
    *("pk", "kind", "title", "state", "seq", "lost_count", "altered_count", "flag_count"),
    *("lines_added", "lines_removed", "edges", "rewrapped", "standing"),
)


def _worst_drift() -> Coalesce:
    """The worst that the base did to any path of a change meanwhile, "" for nothing."""
    rank = Case(*(When(standing=standing, then=n) for n, standing in enumerate(states.DRIFT_WORDS)))
    drifts = Drift.objects.filter(change=OuterRef("pk")).order_by(rank.desc())
    return Coalesce(drifts.values("standing")[:1], Value(""))


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Rows by section; inside one they keep the order they come in."""
    return sorted(rows, key=lambda row: SECTIONS.index(row.section))


def sections(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """Rows that stand together, under their headings."""
    return [(section, list(group)) for section, group in groupby(rows, key=lambda row: row.section)]


def _holding(review: Review, words: str) -> QuerySet[ChangePath]:
    """The paths of a review, before and after, that hold every word."""
    paths = ChangePath.objects.filter(review=review)
    for word in words.split():
        paths = paths.filter(path__icontains=word)
    return paths


def _by_change(paths: QuerySet[ChangePath]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for change, path in paths.values_list("change_id", "path"):
        found.setdefault(change, []).append(path)
    return found


def _other(found: Mapping[int, Sequence[str]] | None, row: Row) -> str:
    paths = found.get(row.pk, ()) if found else ()
    return "" if row.title in paths or not paths else paths[0]


@dataclass(frozen=True)
class Together:
    """The changes of one harmless kind as somebody sees them; `seen` is the digest of exactly these."""

    kind: str
    rows: Sequence[Row] = field(default_factory=list)

    @property
    def words(self) -> str:
        """What they are: "only moved"."""
        return TOGETHER[self.kind]

    @property
    def seen(self) -> str:
        """Hex SHA-256 over which changes these are and the number of the last decision on each."""
        return sha256(" ".join(f"{row.pk}:{row.seq}" for row in self.rows).encode()).hexdigest()


def together(review: Review, kind: str) -> Together:
    """What may be accepted at once of this kind (one of TOGETHER), at most MOST of them."""
    return Together(kind, [row for row in change_list(review).rows if row.together == kind][:MOST])
