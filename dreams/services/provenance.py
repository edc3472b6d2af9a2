"""Where a review's sentences come from: the sessions its dream read, gone through one after the other in a task."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from dreams.models import Change, Provenance, Review, Session, SessionMount, Source, Workspace
from dreams.remote.errors import BadRequest, Malformed, NotFound, RemoteError
from dreams.rules import provenance as rules
from dreams.rules import review_states as states
from dreams.rules.transcripts import turns_of
from dreams.services.claims import LEASE, claim, release, renew
from dreams.services.comparing import purged_in
from dreams.services.purging import BLANK
from dreams.services.sessions import read_events
from dreams.services.snapshots import texts_of
from dreams.services.texts import fitted, storable
from dreams.services.vendor import bucket_of, watched

log = logging.getLogger(__name__)

# Of our share of the vendor's rate limit this much is left to pages and to what people wait for.
SPARED = 0.5
PAUSE = timedelta(seconds=20)
# Of a session; a page for readers shows fewer.
MOST_EVENTS = 20_000
FORGOTTEN_AFTER = timedelta(days=1)


class _Interrupted(Exception):
    """The claim is somebody else's, the budget is wanted elsewhere, or a text it asks about was purged: what was read
    so far is kept."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One sentence of one change as it was asked about: finding, where it stands, and the digest of its text."""

    change: int
    finding: str
    path: str
    line: int
    sentence: str


def reviews_due(workspace: Workspace) -> QuerySet[Review]:
    """The workspace's open reviews of dreams over sessions that were not all read, are due, and are nobody's now."""
    now = timezone.now()
    waiting = Q(provenance=None) | Q(provenance__made_at=None, provenance__next_check_at__lte=now)
    free = Q(provenance=None) | Q(provenance__claim="") | Q(provenance__claimed_at__lt=now - LEASE)
    rows = Review.objects.filter(waiting, free, workspace=workspace, state__in=states.ACTIVE)
    return rows.filter(dream__session_links__isnull=False).distinct().order_by("opened_at", "pk")


def trace_review(review: Review) -> Provenance | None:
    """Reads the sessions of the review's dream that were not read yet, and keeps the nearest turns for each sentence
    that came, went or was altered. Every session is kept by itself: a killed process goes on where it was. None when
    there is nothing to read, or somebody is at it. What fails stands on the row with when it is tried again."""
    dream = review.dream
    ids = list(dream.session_links.order_by("session_id").values_list("session_id", flat=True)) if dream else []
    if not ids:
        return None
    new = {"sessions": len(ids), "next_check_at": timezone.now()}
    row, _ = Provenance.objects.get_or_create(review=review, defaults=new)
    token = claim(Provenance.objects.filter(made_at=None), row.pk)
    if token is None:
        return None
    row.refresh_from_db()
    try:
        _read_on(row, token, ids)
    except _Interrupted:
        release(row, token, next_check_at=timezone.now() + PAUSE)
    except RemoteError as error:
        wait = error.retry_after or (300 if error.permanent else 30)
        release(row, token, problem=error.words[:500], next_check_at=timezone.now() + timedelta(seconds=wait))
    except BaseException:
        release(row, token)
        raise
    else:
        release(row, token, made_at=timezone.now(), next_check_at=None, problem="")
    row.refresh_from_db()
    return row


def forget_deleted(workspace: Workspace) -> None:
    """Forgets what was quoted from sessions that the vendor no longer has; a day later, since one 404 may be a slip.
    Until then it is not shown."""
    gone = timezone.now() - FORGOTTEN_AFTER
    Source.objects.filter(session__workspace=workspace, session__gone_at__lt=gone).delete()


def _read_on(row: Provenance, token: str, ids: Sequence[str]) -> None:
    sides = row.review.before, row.review.after
    purged = purged_in(*sides)
    asked = _asked(row.review)
    questions = rules.Questions(list(asked), _weights(row.review)) if asked else None
    places = list(asked.values())
    sessions = Session.objects.filter(workspace=row.review.workspace, remote_id__in=ids)
    known = {each.remote_id: each for each in sessions}
    for number in range(row.read + row.unreadable, len(ids)):
        session = known.get(ids[number])
        if session:
            session.workspace = row.review.workspace
        found = _answers(row, session, questions) if session and questions else [] if session else None
        with transaction.atomic():
            _keep(row, token, places, session, found)
            if purged_in(*sides) != purged:  # a purge holds the row: it came before this, or will see it
                raise _Interrupted
        row.refresh_from_db()


def _answers(row: Provenance, session: Session, questions: rules.Questions) -> list[rules.Source] | None:
    """What one session says; None when it cannot be read at all, whoever asks. Raises RemoteError for what passes."""
    bucket = bucket_of(session.workspace)
    if bucket.left() < bucket.burst * SPARED:
        raise _Interrupted
    try:
        events = read_events(session, most=MOST_EVENTS)
    except (NotFound, BadRequest) as error:
        log.info("session %s is not read for review %s: %s", session.pk, row.review_id, error)
        return None
    except Malformed as error:
        # Once may be a page of some proxy. Twice, while the session's head can be read, it is this transcript.
        if row.problem != error.words[:500] or not _has_head(session):
            raise
        return None
    mounts = SessionMount.objects.filter(session=session).values_list("mount_path", flat=True)
    try:
        return questions.answers(rules.heard(turns_of(event.raw for event in events), mounts))
    except Exception:  # a fault of ours over foreign events must not keep the other sessions from being read
        log.exception("session %s could not be searched for review %s", session.pk, row.review_id)
        return None


def _has_head(session: Session) -> bool:
    with watched(session.workspace) as gateway:
        return bool(gateway.session(session.remote_id).id)


def _weights(review: Review) -> rules.Weights:
    return rules.Weights([*texts_of(review.before).values(), *texts_of(review.after).values()])


def _asked(review: Review) -> dict[rules.Question, list[Asked]]:
    """Each sentence to ask about once, with every place where it is wanted; headings, and what says too little to be
    told from other talk, are not asked about."""
    found: dict[rules.Question, list[Asked]] = defaultdict(list)
    for change in Change.objects.filter(review=review).only("findings"):
        for finding, place, was in rules.sentences_of(change.findings):
            if rules.worth_asking(place) and was != BLANK:
                one = Asked(change.pk, finding, place["path"], place["line"], rules.fingerprint(place["text"]))
                found[rules.Question(place["text"], was)].append(one)
    return found


def _keep(
    row: Provenance,
    token: str,
    places: Sequence[Sequence[Asked]],
    session: Session | None,
    found: Sequence[rules.Source] | None,
) -> None:
    """Saves what one session said, and that it was read, or could not be. To be called inside a transaction."""
    counted = "unreadable" if found is None else "read"
    if not renew(row, token, problem="", **{counted: F(counted) + 1}):
        raise _Interrupted
    wanted = [(asked, source) for source in found or [] for asked in places[source.question]]
    Source.objects.bulk_create(_row(asked, source, session) for asked, source in wanted if session)
    _forget_farther({asked.change for asked, _ in wanted})


def _row(asked: Asked, source: rules.Source, session: Session) -> Source:
    told = {"event_id": source.id, "who": source.who, "excerpt": source.excerpt, "path": asked.path}
    return Source(
        change_id=asked.change,
        finding=asked.finding,
        line=asked.line,
        sentence=asked.sentence,
        session=session,
        says=source.says,
        score=source.score,
        **fitted(Source, storable(told)),
    )


def _forget_farther(changes: set[int]) -> None:
    """Of each sentence only the nearest few are kept; what speaks against it goes before what speaks for it."""
    ranked: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    rows = Source.objects.filter(change__in=changes).order_by("says", "-score", "pk")
    for pk, *place in rows.values_list("pk", "change", "finding", "path", "line", "sentence"):
        ranked[tuple(place)].append(pk)
    Source.objects.filter(pk__in=[pk for held in ranked.values() for pk in held[rules.KEPT :]]).delete()
