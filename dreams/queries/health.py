"""Reads for the page of a store's health: its limits, what was found in it, its growth, and the sessions that wait."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from dreams.models import HealthReport, Memory, Store
from dreams.queries.offers import MOST_NEW, Offers, offers_for
from dreams.rules.health import MOST_BYTES, MOST_MEMORIES, NEAR, tone

COLD_DAYS, COLD_LISTED, LARGE_LISTED = 30, 10, 10
# The picture of the growth is drawn on this grid.
WIDTH, HEIGHT = 600, 80


@dataclass(frozen=True, slots=True)
class Limits:
    """The vendor's limits and how near the store is to them; `large` are the memories near the limit of one."""

    memories_most: int
    memories_tone: str
    largest: Memory | None
    bytes_most: int
    bytes_tone: str
    large: list[Memory]
    large_count: int


@dataclass(frozen=True, slots=True)
class Place:
    """A path and the vendor's id of its memory, None when it is gone since."""

    path: str
    memory_id: str | None


@dataclass(frozen=True, slots=True)
class Curve:
    """A series drawn as a line on WIDTH × HEIGHT: the points of its line, and what it goes from and to."""

    points: str
    area: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class GrownDay:
    """One row of the table beside the picture."""

    day: date
    memories: int
    bytes: int
    writes: int


@dataclass(frozen=True, slots=True)
class Growth:
    """How the store grew, as far as its versions are known; `days` newest first."""

    days: list[GrownDay]
    memories: Curve
    bytes: Curve
    writes: int


@dataclass(frozen=True, slots=True)
class HotPath:
    """A memory written often lately, by how many sessions."""

    place: Place
    writes: int
    sessions: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Near:
    """Two memories that are alike: `likeness` of the smaller one in percent."""

    one: Place
    other: Place
    percent: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One side of a contradiction."""

    place: Place
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Clash:
    """Two statements that cannot both hold, and what they differ in, in words."""

    one: Claim
    other: Claim
    about: str

    @property
    def sides(self) -> tuple[Claim, Claim]:
        """Both, in the order of their paths."""
        return self.one, self.other


@dataclass(frozen=True, slots=True)
class Warning:
    """What a scan found; a secret is shortened already."""

    place: Place
    line: int
    kind: str
    why: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found when the store was looked over; the lists hold the worst, `counts` count all."""

    made_at: datetime
    version_id: str
    counts: dict[str, int]
    left_out: int
    same: list[list[Place]]
    near: list[Near]
    clashes: list[Clash]
    warnings: list[Warning]
    growth: Growth | None
    hot: list[HotPath]

    @property
    def more_warnings(self) -> int:
        """How many a scan found beside those listed."""
        found = self.counts["secrets"] + self.counts["invisible"] + self.counts["injections"]
        return found - len(self.warnings)


@dataclass(frozen=True, slots=True)
class Cold:
    """Memories that nobody wrote for COLD_DAYS: how many, how many bytes, and the largest of them."""

    days: int
    count: int
    largest: list[Memory]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The sessions since the last dream, as a new dream is offered them, and their tokens; `counted` of how many."""

    offers: Offers
    tokens: int
    counted: int


def limits_of(store: Store) -> Limits:
    """Three queries."""
    rows = Memory.objects.filter(store=store).select_related("text").defer("text__body")
    rows = rows.order_by("-text__size", "path")
    large = list(rows.filter(text__size__gte=NEAR * MOST_BYTES)[:LARGE_LISTED])
    found = Memory.objects.filter(store=store).aggregate(
        largest=Max("text__size"), large=Count("pk", filter=Q(text__size__gte=NEAR * MOST_BYTES))
    )
    return Limits(
        memories_most=MOST_MEMORIES,
        memories_tone=tone(store.memory_count, MOST_MEMORIES),
        largest=rows.first(),
        bytes_most=MOST_BYTES,
        bytes_tone=tone(found["largest"] or 0, MOST_BYTES),
        large=large,
        large_count=found["large"],
    )


def findings_of(store: Store, report: HealthReport) -> Findings:
    """A report of the store, with the memories that its paths lead to now; one query."""
    kept = report.findings
    ids = dict(Memory.objects.filter(store=store).values_list("path", "remote_id"))

    def place(path: str) -> Place:
        return Place(path, ids.get(path))

    def claim(side: dict[str, Any]) -> Claim:
        return Claim(place(side["path"]), side["line"], side["text"])

    return Findings(
        made_at=report.made_at,
        version_id=report.version_id,
        counts=kept["counts"],
        left_out=kept["left_out"],
        same=[[place(path) for path in paths] for paths in kept["same"]],
        near=[
            Near(place(each["path"]), place(each["other"]), round(100 * each["likeness"])) for each in kept["near"]
        ],
        clashes=[
            Clash(claim(each["one"]), claim(each["other"]), _about(each["kinds"])) for each in kept["contradictions"]
        ],
        warnings=[
            Warning(place(each["path"]), each["line"], each["kind"], each["why"], each["excerpt"])
            for each in kept["findings"]
        ],
        growth=_growth(kept["growth"]),
        hot=[
            HotPath(place(each["path"]), each["writes"], each["sessions"], parse_datetime(each["last"]))
            for each in kept["hot"]
        ],
    )


_KIND_WORDS = {
    "number": "a number",
    "unit": "a unit",
    "date": "a date",
    "version": "a version",
    "negation": "a “not”",
    "modal": "must or may",
}


def _about(kinds: list[str]) -> str:
    return " and ".join(_KIND_WORDS.get(kind, kind) for kind in kinds)


def _growth(days: list[dict[str, Any]]) -> Growth | None:
    """None when there is but one day: that is a size, no growth."""
    if len(days) < 2:
        return None
    rows = [GrownDay(date.fromisoformat(d["day"]), d["memories"], d["bytes"], d["writes"]) for d in days]
    return Growth(
        days=rows[::-1],
        memories=_curve([row.memories for row in rows]),
        bytes=_curve([row.bytes for row in rows]),
        writes=sum(row.writes for row in rows),
    )


def _curve(values: list[int]) -> Curve:
    """From zero up to the largest value, so that a slope is not made steeper than it is."""
    most, step = max(values) or 1, WIDTH / (len(values) - 1)
    points = [f"{at * step:.1f},{HEIGHT - value * (HEIGHT - 4) / most:.1f}" for at, value in enumerate(values)]
    line = " ".join(points)
    return Curve(line, f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}", values[0], values[-1])


def cold_of(store: Store) -> Cold:
    """Two queries."""
    old = Memory.objects.filter(store=store, updated_at__lt=timezone.now() - timedelta(days=COLD_DAYS))
    rows = old.select_related("text").defer("text__body").order_by("-text__size", "path")
    return Cold(COLD_DAYS, old.count(), list(rows[:COLD_LISTED]))


def waiting_for(store: Store) -> Waiting:
    """What a new dream over the store would be offered; the tokens are of at most MOST_NEW sessions."""
    offers = offers_for(store)
    sessions = [offer.session for offer in offers.new[:MOST_NEW]]
    return Waiting(offers, sum(s.input_tokens + s.output_tokens for s in sessions), len(sessions))



@dataclass(frozen=True, slots=True)
class Carries:
    """What the checks found in a store that a dream would read and may carry on, as of `made_at`."""

    words: str
    made_at: datetime


def carries_of(store: Store) -> Carries | None:
    """The warnings of the newest report; None when there are none, or nobody looked yet."""
    report = HealthReport.objects.filter(store=store).first()
    counts = report.findings.get("counts", {}) if report else {}
    nouns = {
        "secrets": ("secret", "secrets"),
        "injections": ("instruction aimed at the agent", "instructions aimed at the agent"),
        "invisible": ("line with hidden characters", "lines with hidden characters"),
    }
    told = [f"{count} {words[count > 1]}" for name, words in nouns.items() if (count := counts.get(name, 0))]
    return Carries(" and ".join(told), report.made_at) if report and told else None
