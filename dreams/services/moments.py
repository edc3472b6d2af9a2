"""Any two moments side by side, found in a task; and a review of what was written to a store since a moment."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from dreams.access import check_can
from dreams.models import Change, Comparison, Difference, Review, Snapshot, User, Workspace
from dreams.queries.moments import End, comparisons, end_of
from dreams.remote.errors import RemoteError
from dreams.rules import review_states as states
from dreams.rules.moments import NOW, Moment, parse_moment
from dreams.services.claims import claim, release, renew
from dreams.services.comparing import FIELDS, Piece, pieces_of, purged_in, unchanged_piece
from dreams.services.refusals import Busy, Refusal, Stale
from dreams.services.reviews import Ready, store_review
from dreams.services.snapshots import freeze, replay_snapshot, shas_of
from dreams.services.stores import sync_store

log = logging.getLogger(__name__)

KEPT = 50  # comparisons of a workspace, newest first: they can be made again
BUSY = "The store is being read by another process at this moment."
NOT_COMPARED = "Memorydash failed at comparing these two moments; the log says why. It is tried again in a minute."


def compare_moments(workspace: Workspace, before: str, after: str) -> None:
    """Finds what lies between two moments (as rules.moments spells them) and keeps it. Whoever waits for it wakes it
    again; two workers do it once. What keeps it from going on stands in the row's `problem`."""
    ends = _ends(workspace, before, after)
    if ends is None:
        return
    keys = {"workspace": workspace, "before": ends[0].key, "after": ends[1].key}
    row, new = Comparison.objects.get_or_create(**keys, defaults={"asked_at": timezone.now()})
    if new:
        kept = Comparison.objects.filter(workspace=workspace).order_by("-asked_at").values_list("pk", flat=True)[:KEPT]
        Comparison.objects.filter(workspace=workspace).exclude(pk__in=list(kept)).delete()
    due = Q(next_check_at=None) | Q(next_check_at__lte=timezone.now())
    token = claim(Comparison.objects.filter(due, made_at=None), row.pk)
    if token is None:
        return
    try:
        if _caught_up(ends):
            _drop(row, token)
            compare_moments(workspace, before, after)
        else:
            _compare(row, token, *ends)
    except (RemoteError, Busy, Refusal) as error:
        wait = (error.retry_after or 15) if isinstance(error, RemoteError) else 2
        words = error.words if isinstance(error, RemoteError) else str(error) or BUSY
        release(row, token, problem=words[:500], next_check_at=timezone.now() + timedelta(seconds=wait))
    except _Moved:
        _drop(row, token)
    except Exception:
        log.exception("comparing %s failed", row)
        release(row, token, problem=NOT_COMPARED, next_check_at=timezone.now() + timedelta(minutes=1))
    except BaseException:
        release(row, token)
        raise


class _Moved(Exception):
    """The store is no longer what was to be compared, one of its texts was purged meanwhile, or somebody else does
    it: the page asks anew."""


def _ends(workspace: Workspace, before: str, after: str) -> tuple[End, End] | None:
    moments = [parse_moment(said) for said in (before, after)]
    ends = [end_of(workspace, moment) if moment else None for moment in moments]
    return (ends[0], ends[1]) if ends[0] and ends[1] else None


def _caught_up(ends: tuple[End, End]) -> bool:
    """Reads stores again that were not looked at since the time that is asked for; whether it read any."""
    stale = [end.store for end in ends if end.at and end.store.readable and _unseen(end.store.checked_at, end.at)]
    for store in stale:
        sync_store(store)
    return bool(stale)


def _unseen(checked_at: datetime | None, at: datetime) -> bool:
    return checked_at is None or checked_at < at


def _drop(row: Comparison, token: str) -> None:
    Comparison.objects.filter(pk=row.pk, claim=token).delete()


def _compare(row: Comparison, token: str, before: End, after: End) -> None:
    old, new = _frozen(row, token, before), _frozen(row, token, after)
    purged = purged_in(old, new)
    pieces = [p for p in pieces_of(old, new, dreamt=False) if p.change.kind != states.UNCHANGED]
    made = {"before_snapshot": old, "after_snapshot": new, "made_at": timezone.now()}
    changed = {path for piece in pieces for path in piece.news}
    with transaction.atomic():
        if purged_in(old, new) != purged:
            raise _Moved
        same = new.manifest.count - len(changed)
        if not release(row, token, problem="", next_check_at=None, unchanged=same, **made):
            return
        Difference.objects.bulk_create([_difference(row, piece) for piece in pieces], batch_size=200)


def _frozen(row: Comparison, token: str, end: End) -> Snapshot:
    if end.snapshot:
        return end.snapshot
    if end.at is None:
        snapshot = freeze(end.store, Snapshot.Why.MOMENT)
        if not end.key.endswith(snapshot.manifest.digest):
            raise _Moved
        return snapshot

    def on_read(read: int, to_read: int) -> None:
        if not renew(row, token, read=read, to_read=to_read):
            raise _Moved

    return replay_snapshot(end.store, end.at, Snapshot.Why.MOMENT, on_read=on_read)


def _difference(row: Comparison, piece: Piece) -> Difference:
    told = {name: getattr(piece.change, name) for name in FIELDS}
    return Difference(comparison=row, olds=dict(piece.olds), news=dict(piece.news), **told)


def open_review(workspace: Workspace, before: Moment, after: Moment, *, by: User) -> Review:
    """Opens a review of what was written to a store between a moment and now, exactly as it was compared: applying it
    writes into that very store. Raises Stale when the store was written to since, Refusal, Busy, RemoteError."""
    check_can(by, workspace, "decide_change")
    start, end = _known(workspace, before), _known(workspace, after)
    why = why_no_review(start, end)
    if why:
        raise Refusal(why)
    sync_store(end.store)
    start, end = _known(workspace, before), _known(workspace, after)
    found = comparisons(start, end).exclude(made_at=None).first()
    if found is None or found.before_snapshot is None or found.after_snapshot is None:
        raise Stale("The store was written to since this page was made. Look at what differs now, then open a review.")
    purged = purged_in(found.before_snapshot, found.after_snapshot)
    if not found.differences.exists():
        raise Refusal("Nothing differs between these two moments, so there is nothing to review.")
    snapshot = freeze(end.store, Snapshot.Why.MOMENT)
    if not end.key.endswith(snapshot.manifest.digest):
        raise Stale("The store was written to in this very moment. Look at what differs now.")
    review = store_review(Ready(found.before_snapshot, snapshot, _pieces(found, snapshot), purged), by)
    if review is None:
        raise Stale("Somebody opened a review of this store meanwhile.")
    return review


def _known(workspace: Workspace, moment: Moment) -> End:
    end = end_of(workspace, moment)
    if end is None:
        raise Refusal("One of these two moments is no longer known here.")
    return end


def why_no_review(before: End, after: End) -> str:
    """Why no review can be opened over these two ends; "" when one can."""
    if after.moment.kind != NOW:
        return "A review writes into a store as it is now: compare with now to open one."
    if before.store.line_id != after.store.line_id:
        return "These are two different memories: a review would write the texts of one into the other."
    if not after.store.writable:
        return "This store is archived or gone: the vendor takes no writes to it."
    if Review.objects.filter(line=after.store.line_id, state__in=states.ACTIVE).exists():
        return "A review of this store is open. One at a time: apply or discard that one first."
    return ""


def _pieces(found: Comparison, after: Snapshot) -> list[Piece]:
    """What was compared, and every memory that is the same on both sides."""
    pieces = []
    for row in found.differences.all():
        told = {name: getattr(row, name) for name in FIELDS}
        pieces.append(Piece(Change(state=states.UNDECIDED, **told), row.olds, row.news))
    shas = shas_of(after)
    same = sorted(shas.keys() - {path for piece in pieces for path in piece.news})
    return pieces + [unchanged_piece(path, shas[path], len(pieces) + n) for n, path in enumerate(same)]
