"""Reads for the page of the budget: calls to the vendor by minute and by who spent them, and the work that waits."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from dreams.models import ApplyRun, Attachment, Dream, Membership, Store, Workspace
from dreams.remote.spending import SLOT, Spender, Spent
from dreams.rules import dream_states

WORK_WORDS = {
    "page": "a page or a button",
    "sync": "keeping a store current",
    "import": "first reading of a store",
    "lists": "the lists of stores, sessions and deployments",
    "dream": "starting and following dreams",
    "apply": "applying",
    "attach": "attaching",
    "restore": "filling a new store",
    "snapshot": "snapshots",
    "sources": "reading sessions for where a dream's sentences come from",
    "compare": "reading earlier moments to compare",
}
OTHER = "a command, or other work"
# The picture: so many minutes side by side on a grid of this size.
MINUTES, STEP, BAR, HEIGHT = 60, 10, 8, 60


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of the picture and its bar."""

    at: datetime
    calls: int
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Spending:
    """One row of the table: what work, for which store, caused by whom ("" for nobody), and its calls."""

    work: str
    store: Store | None
    person: str
    minute: int
    hour: int


@dataclass(frozen=True, slots=True)
class Spendings:
    """What was spent, most first, and in all; `elsewhere` are the organisation's other workspaces together."""

    rows: list[Spending]
    elsewhere_minute: int
    elsewhere_hour: int
    minute: int
    hour: int
    minutes: list[Minute]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Work that is due, in words, how much of it, and where it is seen."""

    words: str
    count: int
    url: str


def spendings(workspace: Workspace, spent: Spent) -> Spendings:
    """Who spent what, in two queries. Only this workspace's own work is told apart."""
    now = timezone.now().timestamp()
    hour = _by_label(spent, 0)
    minute = _by_label(spent, now - 60 - SLOT)
    mine = {label: Spender.of(label) for label in hour if Spender.of(label).workspace == workspace.pk}
    stores = Store.objects.filter(workspace=workspace).in_bulk({each.store for each in mine.values()})
    members = Membership.objects.filter(workspace=workspace, user__in={each.person for each in mine.values()})
    names = {member.user_id: str(member.user) for member in members.select_related("user")}
    rows = [
        Spending(
            WORK_WORDS.get(each.work, OTHER),
            stores.get(each.store),
            names.get(each.person, ""),
            minute[label],
            hour[label],
        )
        for label, each in mine.items()
    ]
    return Spendings(
        rows=sorted(rows, key=lambda row: (-row.hour, row.work, row.person)),
        elsewhere_minute=sum(calls for label, calls in minute.items() if label not in mine),
        elsewhere_hour=sum(calls for label, calls in hour.items() if label not in mine),
        minute=sum(minute.values()),
        hour=sum(hour.values()),
        minutes=_minutes(spent, now),
    )


def _by_label(spent: Spent, since: float) -> Counter[str]:
    found: Counter[str] = Counter()
    for slot, calls in spent.items():
        if slot >= since:
            found.update(calls)
    return found


def _minutes(spent: Mapping[int, Mapping[str, int]], now: float) -> list[Minute]:
    """The last hour, the running minute at the end; drawn against the busiest one."""
    calls: Counter[int] = Counter()
    for slot, by_label in spent.items():
        calls[slot // 60] += sum(by_label.values())
    last = int(now) // 60
    shown = [(minute, calls[minute]) for minute in range(last - MINUTES + 1, last + 1)]
    most = max((count for _, count in shown), default=0) or 1
    return [
        Minute(
            datetime.fromtimestamp(minute * 60, UTC),
            count,
            x=at * STEP,
            y=round(HEIGHT - HEIGHT * count / most, 1),
            height=round(HEIGHT * count / most, 1),
        )
        for at, (minute, count) in enumerate(shown)
    ]


def waiting_work(workspace: Workspace) -> list[Waiting]:
    """What is due and was not done yet, in five queries; what is not there is left out."""
    slug, due = workspace.slug, Q(next_check_at__lte=timezone.now())
    stores = Store.objects.filter(workspace=workspace, gone_at=None)
    unfinished = Dream.objects.filter(workspace=workspace, state__in=dream_states.UNFINISHED)
    runs = ApplyRun.objects.filter(target__workspace=workspace, state__in=["confirmed", "running"])
    swaps = Attachment.objects.filter(due, workspace=workspace)
    rows = [
        Waiting("stores to be read for the first time", stores.filter(walked_at=None).count(), "workspace-import"),
        Waiting("stores due to be asked", stores.filter(due, walked_at__isnull=False).count(), "store-list"),
        Waiting("dreams under way", unfinished.count(), "dream-list"),
        Waiting("runs that write", runs.count(), "inbox"),
        Waiting("deployments to be attached", swaps.count(), "attachment-list"),
    ]
    return [Waiting(row.words, row.count, reverse(row.url, args=[slug])) for row in rows if row.count]
