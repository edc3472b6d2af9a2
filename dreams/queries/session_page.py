"""Reads for the page of one session: its head, outcomes with every iteration, threads, what it used and wrote."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from django.db.models import Count, Max

from dreams.models import Agent, Deployment, Dream, Memory, MemoryVersion, Session
from dreams.queries.sessions import MountRow, cost_of, mounts_of
from dreams.remote.records import Thread
from dreams.rules.transcript_parts import Outcome
from dreams.rules.transcript_words import outcome_badge, span, status_badge

MOST_WRITTEN = 20
BAR_WIDTH = 240  # units of the drawing of tokens


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """An outcome as it stands last; `rounds` are its evaluations as read in the transcript, none where that is not
    read (the vendor failed, or another thread is shown)."""

    id: str
    badge: str
    label: str
    description: str
    explanation: str
    round: int
    rounds: Sequence[Outcome] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A memory that the session wrote, by the last of its `count` writes to it; `living` when it still exists."""

    version: MemoryVersion
    count: int
    living: bool


@dataclass(frozen=True, slots=True)
class Share:
    """One kind of tokens: its slug for the drawing, and where its piece of the bar stands."""

    slug: str
    label: str
    tokens: int
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class SessionAbout:
    """The mirrored head of a session: what it mounts, wrote and cost, and which dreams read it. `agent`: whether we
    have a page of its agent; `deployment` is the name of the one that began it."""

    badge: str
    status: str
    outcomes: list[OutcomeRow]
    mounts: list[MountRow]
    wrote: list[Written]
    wrote_count: int
    read_by: list[Dream]
    runs: Dream | None
    tokens: int
    shares: list[Share]
    cost: str
    active: str
    agent: bool
    deployment: str


def about(session: Session) -> SessionAbout:
    """Everything the page of a session says beside its transcript."""
    workspace = session.workspace
    written = MemoryVersion.objects.filter(workspace=workspace, actor_kind="session", actor_id=session.remote_id)
    dreams = Dream.objects.filter(workspace=workspace).select_related("store")
    deployments = Deployment.objects.filter(workspace=workspace, remote_id=session.deployment_id)
    badge, status = status_badge(session.status)
    return SessionAbout(
        badge=badge,
        status=status,
        outcomes=[_outcome(outcome) for outcome in session.outcomes],
        mounts=mounts_of(workspace, [session])[session.remote_id],
        wrote=_written(session),
        wrote_count=written.values("memory_id").distinct().count(),
        read_by=list(dreams.filter(session_links__session_id=session.remote_id).order_by("-requested_at")),
        runs=dreams.filter(pipeline_session_id=session.remote_id).first(),
        tokens=session.input_tokens + session.output_tokens,
        shares=_shares(session),
        cost=cost_of(session),
        active=span(session.active_seconds) if session.active_seconds else "",
        agent=Agent.objects.filter(workspace=workspace, remote_id=session.agent_id).exclude(remote_id="").exists(),
        deployment=deployments.values_list("name", flat=True).first() or "",
    )


def _outcome(outcome: Mapping[str, object]) -> OutcomeRow:
    badge, label = outcome_badge(str(outcome.get("result", "")))
    told = (str(outcome.get(key) or "") for key in ("description", "explanation"))
    return OutcomeRow(str(outcome.get("id") or ""), badge, label, *told, round=int(outcome.get("iteration") or 0) + 1)


def with_rounds(outcomes: Sequence[OutcomeRow], evaluations: Mapping[str, Sequence[Outcome]]) -> list[OutcomeRow]:
    """The outcomes with their evaluations from the transcript, those first that the mirror knows; one that began since
    it was last listed comes at the end. Those mirrored before ids were kept are matched by their order."""
    ids = [row.id or id for row, id in zip_longest(outcomes, evaluations, fillvalue=None) if row]
    fresh = [id for id in evaluations if id not in ids]
    begun = [OutcomeRow(id, *outcome_badge("pending"), "", "", 0) for id in fresh]
    found = zip([*outcomes, *begun], [*ids, *fresh], strict=True)
    return [_with_rounds(row, evaluations.get(id or "", ())) for row, id in found]


def _with_rounds(row: OutcomeRow, parts: Sequence[Outcome]) -> OutcomeRow:
    asked = next((part.text.text for part in parts if part.result == "asked"), "")
    rounds = [part for part in parts if part.result != "asked"]
    last = rounds[-1] if rounds else None
    badge, label = last.badge if last and not row.round else (row.badge, row.label)
    return OutcomeRow(
        row.id, badge, label, row.description or asked, row.explanation, row.round or len(rounds), rounds
    )


def _written(session: Session) -> list[Written]:
    """The memories written last, by the newest version of each; three queries. A redacted one has no path."""
    mine = MemoryVersion.objects.filter(
        workspace=session.workspace, actor_kind="session", actor_id=session.remote_id
    )
    groups = mine.values("store", "memory_id").annotate(last=Max("pk"), count=Count("pk"), at=Max("created_at"))
    counts = {group["last"]: group["count"] for group in groups.order_by("-at", "-last")[:MOST_WRITTEN]}
    versions = MemoryVersion.objects.select_related("store").in_bulk(list(counts))
    ids = [version.memory_id for version in versions.values()]
    held = Memory.objects.filter(store__workspace=session.workspace, remote_id__in=ids)
    living = set(held.values_list("remote_id", flat=True))
    return [
        Written(version, count, version.memory_id in living)
        for pk, count in counts.items()
        if (version := versions.get(pk))
    ]


def _shares(session: Session) -> list[Share]:
    """The four kinds of tokens as pieces of one bar, none narrower than can be seen; [] for no tokens."""
    kinds = [
        ("fresh", "read anew", session.input_tokens),
        ("written", "written", session.output_tokens),
        ("cached", "read from the cache", session.cache_read_input_tokens),
        ("caching", "kept in the cache", session.cache_creation_input_tokens),
    ]
    whole, x, shares = sum(tokens for *_, tokens in kinds), 0, []
    for slug, label, tokens in kinds:
        if tokens:
            width = max(2, round(BAR_WIDTH * tokens / whole))
            shares.append(Share(slug, label, tokens, x, width))
            x += width
    return shares


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A thread in the list of threads; `depth` says how far it is indented, `kind` what it is if not an agent that
    exists by itself."""

    thread: Thread
    name: str
    kind: str
    badge: str
    status: str
    depth: int


_KINDS = {"agent": "", "inline": "made up for this session", "advisor": "advisor"}


def thread_name(thread: Thread) -> str:
    """Who works in it, by the name in the roster; advisors only have a model."""
    return thread.agent_name or (thread.model if thread.agent_type == "advisor" else "") or "a thread"


def thread_rows(threads: Iterable[Thread]) -> list[ThreadRow]:
    """The threads below their parents, each level in the order of their beginning; those without a known parent, and
    those that only hang on each other, at the top."""
    left = {thread.id: thread for thread in sorted(threads, key=lambda thread: thread.created_at)}
    tops = [id for id, thread in left.items() if thread.parent_id not in left]
    found: list[ThreadRow] = []
    while left:
        waiting = [(id, 0) for id in reversed(tops or list(left)[:1])]
        while waiting:
            id, depth = waiting.pop()
            if thread := left.pop(id, None):
                found.append(_thread_row(thread, depth))
                below = [other.id for other in left.values() if other.parent_id == id]
                waiting.extend((child, depth + 1) for child in reversed(below))
        tops = []
    return found


def _thread_row(thread: Thread, depth: int) -> ThreadRow:
    kind = _KINDS.get(thread.agent_type, thread.agent_type.replace("_", " "))
    return ThreadRow(thread, thread_name(thread), kind, *status_badge(thread.status), depth=depth)
