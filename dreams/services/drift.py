"""What happened to the store a dream read while its review goes on: noted beside the changes, and decisions that were
about something else by now are asked for again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from dreams.models import Change, ChangePath, Drift, Review, Store, Text, Workspace
from dreams.rules import review_states as states
from dreams.rules.merge import Drifted, merge_stores
from dreams.services import audit
from dreams.services.reviews import reopen_unasked
from dreams.services.snapshots import shas_now, shas_of
from dreams.services.texts import texts_by_sha

WATCHED = (states.OPEN, states.APPROVED)


@dataclass(frozen=True, slots=True)
class Sides:
    """{path: text} of some paths as the dream read them, as it left them, and as they are now."""

    base: Mapping[str, str]
    ours: Mapping[str, str]
    theirs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Piece:
    """A change of a review as `merge_stores` takes it; `pk` is its number."""

    pk: int
    olds: tuple[str, ...]
    news: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]


def reviews_adrift(store: Store) -> list[Review]:
    """The reviews in work whose dream read this store, and which do not know its newest version yet."""
    rows = Review.objects.filter(before__store=store, dream__isnull=False, state__in=WATCHED)
    return list(rows.exclude(drift_version=store.last_version_id).select_related("before__store", "workspace"))


def note_all(store: Store) -> None:
    """Notes the drift of every review that may have some. The mirror's word is taken: nobody is called."""
    for review in reviews_adrift(store):
        note_drift(review)


def note_drift(review: Review) -> bool:
    """Compares the store a dream read, as the mirror has it, with what the dream read, and writes down each path that
    differs and what it means for the changes; decisions about something else are asked for again, and with them an
    approval. Does nothing when the store did not move. False when somebody else was faster."""
    with transaction.atomic():
        # Locked, so that a sync does not save between reading the version and reading the memories.
        store = Store.objects.select_for_update().get(pk=review.before.store_id)
        now, version = shas_now(store), store.last_version_id
    base = shas_of(review.before)
    moved = {path for path in base.keys() | now.keys() if base.get(path) != now.get(path)}
    found = _standings(review, moved, base, now) if moved else {}
    with transaction.atomic():
        mine = Review.objects.filter(pk=review.pk, drift_version=review.drift_version, state__in=WATCHED)
        if not mine.update(drift_version=version, drift_at=timezone.now()):
            return False
        held = Review.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=review.pk)
        Drift.objects.filter(review=held).delete()
        Drift.objects.bulk_create(
            (
                Drift(
                    review=held,
                    change_id=found[path][0],
                    path=path,
                    standing=found[path][1],
                    base_sha256=base.get(path, ""),
                    now_sha256=now.get(path, ""),
                )
                for path in sorted(moved)
            ),
            batch_size=500,
        )
        _settle(held)
    return True


def _standings(
    review: Review, moved: set[str], base: Mapping[str, str], now: Mapping[str, str]
) -> dict[str, tuple[int | None, str]]:
    """{path: (number of the change that it touches, standing)} of what moved."""
    pieces = pieces_touched(review, moved)
    paths = {path for piece in pieces for path in (*piece.olds, *piece.news)}
    after = dict(
        ChangePath.objects.filter(review=review, side=ChangePath.Side.AFTER, change__in=[piece.pk for piece in pieces])
        .values_list("path", "sha256")
    )
    paths |= moved - base.keys()  # where something may have moved to
    shas = [{path: held[path] for path in paths if path in held} for held in (base, after, now)]
    texts = texts_by_sha(review.workspace, {sha for held in shas for sha in held.values()})
    sides = Sides(*({path: words_of(texts.get(sha), sha) for path, sha in held.items()} for held in shas))
    found: dict[str, tuple[int | None, str]] = dict.fromkeys(moved, (None, states.DRIFT_ONLY))
    merged = merge_stores(sides.base, sides.ours, sides.theirs, pieces)
    for piece, change in zip(pieces, merged.changes, strict=False):
        for each in change.drift:
            for path in {each.path, each.now} & moved:
                found[path] = piece.pk, _sure(each, shas, texts)
    return found


def pieces_touched(review: Review, moved: Iterable[str]) -> list[Piece]:
    """The changes of a review that have one of these paths on either side, but for those the dream left alone."""
    rows = ChangePath.objects.filter(review=review).exclude(change__state=states.UNCHANGED)
    wanted = set(moved)
    touched = {change for change, path in rows.values_list("change_id", "path") if path in wanted}
    sides: dict[int, dict[str, list[str]]] = defaultdict(lambda: {"before": [], "after": []})
    edges: dict[int, list[list[str]]] = {}
    held = rows.filter(change__in=touched).order_by("change_id", "path")
    for change, lineage, side, path in held.values_list("change_id", "change__edges", "side", "path"):
        sides[change][side].append(path)
        edges[change] = lineage
    return [
        Piece(
            change, tuple(paths["before"]), tuple(paths["after"]), tuple((old, new) for old, new in edges[change])
        )
        for change, paths in sides.items()
    ]


def words_of(text: Text | None, sha: str) -> str:
    """A text as it is merged; what was purged is like nothing else, so that it is never merged silently."""
    return text.text if text and text.body is not None else f"\0{sha}"


def _sure(each: Drifted, shas: Iterable[Mapping[str, str]], texts: Mapping[str, Text]) -> str:
    """Its standing; a conflict where a text is not kept any more."""
    held = {sides.get(path) for sides in shas for path in (each.path, each.now, *each.onto)} - {None}
    purged = any(sha not in texts or texts[sha].body is None for sha in held if sha)
    return states.CONFLICTING if purged and each.standing == states.MERGEABLE else each.standing


def _settle(review: Review) -> None:
    """Decisions over something else by now wait again; those that fit again hold again. To be called inside a
    transaction that holds the review."""
    moved: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for pk, path, sha in review.drifts.exclude(change=None).values_list("change_id", "path", "now_sha256"):
        moved[pk].append((path, sha))
    doubted = []
    decided = Q(state__in=states.OUTCOMES) | Q(state=states.ANOTHER_LOOK)
    for change in review.changes.filter(decided).prefetch_related("decisions"):
        last = list(change.decisions.all())[-1]
        holds = last.seen_digest == states.seen_digest(change.key, moved[change.pk])
        if holds and change.state == states.ANOTHER_LOOK:
            _move(change, last.outcome, decided_by=last.by_id, decided_at=last.at)
            audit.record(review.workspace, None, "let stand the decision on change", change, review=review.pk)
        elif not holds and change.state != states.ANOTHER_LOOK:
            _move(change, states.ANOTHER_LOOK, decided_by=None, decided_at=None)
            paths = [path for path, _ in moved[change.pk]]
            audit.record(
                review.workspace, None, "asked for another look at change", change, review=review.pk, paths=paths
            )
            doubted.append(change)
    if doubted and review.state == states.APPROVED:
        reopen_unasked(review, changes=len(doubted))


def _move(change: Change, state: str, **sets: object) -> None:
    Change.objects.filter(pk=change.pk, seq=change.seq).update(state=state, **sets)


def due(workspace: Workspace) -> list[Store]:
    """Stores that moved since a review in work last looked."""
    rows = Review.objects.filter(workspace=workspace, state__in=WATCHED, dream__isnull=False)
    late = rows.exclude(drift_version=F("before__store__last_version_id"))
    return list(Store.objects.filter(pk__in=late.values("before__store")))
