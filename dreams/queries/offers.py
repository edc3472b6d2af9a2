"""Which sessions a new dream over a store is offered, and why each: from the mirror only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from dreams.models import Dream, DreamSession, MemoryVersion, Session, SessionMount, Store, StoreLine
from dreams.rules import dream_states as states
from dreams.rules.cost import Estimate, estimate_tokens
from dreams.rules.transcript_words import STILL_RUNNING, outcome_words

MOST_CHOSEN = 100  # what a dream reads
MOST_NEW = 300  # new sessions listed
STEP = 100  # sessions of the other groups listed, and how many more at a time
MOST_OLDER = 1_000

# Dreams that count as having read their sessions: a failed or canceled one left nothing to keep.
READ = states.UNFINISHED | {states.COMPLETED}


@dataclass(frozen=True, slots=True)
class Offer:
    """A session that a dream may read, and the words why it is offered; `running`: it may still write."""

    session: Session
    why: str
    running: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class Offers:
    """The sessions to choose from, newest first, in groups; the counts are of all there are, not of those listed.

    `new`: since the line's last dream. `older`: before it or read by it. `elsewhere`: those that mounted no store of
    the line, empty unless asked for; a chosen session is always in one of the three.
    """

    new: list[Offer]
    older: list[Offer]
    elsewhere: list[Offer]
    new_count: int
    older_count: int
    elsewhere_count: int
    last_dream: Dream | None
    estimate: Estimate

    @property
    def chosen(self) -> list[Offer]:
        """All that are chosen."""
        return [offer for offer in (*self.new, *self.older, *self.elsewhere) if offer.chosen]


def last_dream(line: StoreLine) -> Dream | None:
    """The newest dream of the line that completed or still may."""
    return Dream.objects.filter(line=line, state__in=READ).order_by("-requested_at").first()


def offers_for(
    store: Store, *, chosen: Sequence[str] | None = None, older: int = STEP, elsewhere: bool = False
) -> Offers:
    """What to choose from for a dream over the store. `chosen` are ids of the vendor; None chooses the newest
    MOST_CHOSEN of the new ones. The number of queries does not depend on how many sessions there are."""
    last = last_dream(store.line)
    line_stores = list(store.line.stores.values_list("remote_id", flat=True))
    everything = _readable(store, line_stores)
    here = Exists(SessionMount.objects.filter(session=OuterRef("pk"), store_id__in=line_stores))
    new, old, foreign = _new_since(store.line, last) & Q(here), ~_new_since(store.line, last) & Q(here), ~Q(here)
    counts = everything.aggregate(
        new=Count("pk", filter=new), old=Count("pk", filter=old), foreign=Count("pk", filter=foreign)
    )
    fresh = list(everything.filter(new)[:MOST_NEW])
    picked = set([s.remote_id for s in fresh[:MOST_CHOSEN]] if chosen is None else chosen)
    rest = list(everything.filter(old)[: min(older, MOST_OLDER)])
    others = list(everything.filter(foreign)[:STEP]) if elsewhere else []
    listed = {session.remote_id for session in (*fresh, *rest, *others)}
    for session in everything.filter(remote_id__in=[each for each in picked - listed if "\0" not in each]):
        (rest if session.mounts_here else others).append(session)
    write = _Why(store, last, [*fresh, *rest, *others])
    groups = [[write.offer(s, chosen=s.remote_id in picked) for s in group] for group in (fresh, rest, others)]
    return Offers(
        *groups,
        new_count=counts["new"],
        older_count=counts["old"],
        elsewhere_count=counts["foreign"],
        last_dream=last,
        estimate=_estimate(store, [offer.session for group in groups for offer in group if offer.chosen]),
    )


def _readable(store: Store, line_stores: list[str]) -> QuerySet[Session]:
    """The workspace's sessions that the vendor still has, without those that ran dreams themselves; those of the
    line's stores carry their mounts in `mounts_here`."""
    own = Dream.objects.filter(workspace=store.workspace).exclude(pipeline_session_id="")
    mounts = Prefetch("mounts", SessionMount.objects.filter(store_id__in=line_stores), to_attr="mounts_here")
    return (
        Session.objects.filter(workspace=store.workspace, gone_at=None)
        .exclude(remote_id__in=own.values("pipeline_session_id"))
        .prefetch_related(mounts)
        .order_by("-created_at", "-pk")
    )


def _new_since(line: StoreLine, last: Dream | None) -> Q:
    """Begun since the last dream, or begun earlier but written into the line since."""
    if last is None:
        return Q(pk__isnull=False)
    writers = MemoryVersion.objects.filter(
        store__line=line, actor_kind="session", created_at__gt=last.requested_at
    ).values("actor_id")
    return Q(created_at__gt=last.requested_at) | Q(remote_id__in=writers)


class _Why:
    """The reasons of all sessions of a page, from two queries."""

    def __init__(self, store: Store, last: Dream | None, sessions: Iterable[Session]) -> None:
        self.store, self.last = store, last
        ids = [session.remote_id for session in sessions]
        since = Q(created_at__gt=last.requested_at) if last else None
        written = MemoryVersion.objects.filter(store__line=store.line, actor_kind="session", actor_id__in=ids)
        self.written = {
            actor: (new, every)
            for actor, new, every in written.values_list("actor_id").annotate(
                new=Count("memory_id", distinct=True, filter=since),
                every=Count("memory_id", distinct=True),
            )
        }
        read = DreamSession.objects.filter(dream__line=store.line, dream__state__in=READ, session_id__in=ids)
        self.read_at = dict(read.order_by("dream__requested_at").values_list("session_id", "dream__requested_at"))

    def offer(self, session: Session, *, chosen: bool) -> Offer:
        reasons = [self._wrote(session), *self._outcomes(session)]
        if read_at := self.read_at.get(session.remote_id):
            reasons.append(f"already read by the dream of {read_at:%-d %B}")
        words = ", ".join(filter(None, reasons))
        running = session.status in STILL_RUNNING
        return Offer(session, words[:1].upper() + words[1:], running=running, chosen=chosen)

    def _wrote(self, session: Session) -> str:
        new, every = self.written.get(session.remote_id, (0, 0))
        if new and self.last:
            return f"wrote {_memories(new)} since the last dream"
        if every:
            return f"wrote {_memories(every)}"
        mounts = session.mounts_here
        if not mounts:
            return "did not mount this store"
        if not any(mount.store_id == self.store.remote_id for mount in mounts):
            return "mounted an earlier store of this line, wrote nothing"
        if all(mount.access == "read_only" for mount in mounts):
            return "mounted this store read-only"
        return "mounted this store, wrote nothing"

    @staticmethod
    def _outcomes(session: Session) -> list[str]:
        return [outcome_words(outcome.get("result", ""), outcome.get("iteration", 0)) for outcome in session.outcomes]


def _memories(count: int) -> str:
    return f"{count:,} memor{'y' if count == 1 else 'ies'}"


def _estimate(store: Store, sessions: Iterable[Session]) -> Estimate:
    """A session whose tokens the vendor has not counted yet is of unknown length."""
    return estimate_tokens(store.memory_bytes, [s.input_tokens + s.output_tokens or None for s in sessions])
