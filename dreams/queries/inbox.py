"""What waits on a person, what waits on others, what goes on by itself, and what was done lately."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from django.core.paginator import Page, Paginator
from django.db.models import BooleanField, Case, Count, Exists, F, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from dreams.access import eligible_approvers
from dreams.models import ApplyRun, ApplyStep, Attachment, Change, Dream, Membership, Review, StoreDraft, Workspace
from dreams.queries import inbox_items as items
from dreams.queries.inbox_items import About, Item
from dreams.rules import dream_states, roles
from dreams.rules import review_states as states

PER_PAGE, RECENT = 50, 10
# How long an end nobody expected is brought to the person who asked for the dream.
REMIND = timedelta(days=7)
FALLEN = (dream_states.FAILED, dream_states.NOT_CREATED, dream_states.CANCELED)
MOVING = (Attachment.State.WAITING, Attachment.State.DOING, Attachment.State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Inbox:
    """The page: `yours` (a page of Items) and `others` oldest first, the rest newest first."""

    yours: Page
    others: Sequence[Item]
    going: Sequence[Item]
    recent: Sequence[Item]

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to tell at all."""
        return not (self.yours.paginator.count or self.others or self.going or self.recent)


def count_waiting(membership: Membership) -> int:
    """How many things wait on this person: the number in the top bar and in the page's title. Two queries."""
    waiting = (reviews_waiting, dreams_waiting, runs_waiting, drafts_waiting)
    first, *others = (things(membership).filter(mine=True).order_by().values("pk") for things in waiting)
    return first.union(*others, all=True).count()


def reviews_waiting(membership: Membership) -> QuerySet[Review]:
    """Every review whose next step is somebody's; `mine` says whether it is this person's: open ones for who may
    approve and did not start the dream (or may approve alone), approved ones for who may apply, applied ones that
    nobody attached yet for who may attach."""
    mine = Q(pk__in=[])
    if roles.allows(membership.role, "approve_review"):
        mine |= Q(state=states.OPEN) & ~_not_by(membership)
    if roles.allows(membership.role, "apply_review"):
        mine |= Q(state=states.APPROVED)
    if roles.allows(membership.role, "attach_store"):
        mine |= Q(state=states.APPLIED)
    attached = Attachment.objects.filter(review=OuterRef("pk")).exclude(state=Attachment.State.REFUSED)
    newer = Review.objects.filter(line=OuterRef("line"), state=states.APPLIED, dream__isnull=False)
    newer = newer.filter(pk__gt=OuterRef("pk"))
    usable = Q(state=states.APPLIED, dream__isnull=False, target__gone_at=None, target__archived_at=None)
    unused = usable & ~Q(line__current_store=F("target")) & ~Exists(attached) & ~Exists(newer)
    rows = Review.objects.filter(workspace=membership.workspace_id)
    return rows.filter(Q(state__in=[states.OPEN, states.APPROVED]) | unused).annotate(mine=_flag(mine))


def _not_by(membership: Membership) -> Q:
    """The reviews that this person may not approve because of having started them, as `approval_requirements` says."""
    dreamt, opened = Q(dream__requested_by=membership.user_id), Q(dream=None, opened_by=membership.user_id)
    if not membership.workspace.allow_self_approval:
        return dreamt | opened
    return Q(pk__in=[]) if eligible_approvers(membership.workspace) <= 1 else dreamt


def dreams_waiting(membership: Membership) -> QuerySet[Dream]:
    """Dreams that need a person; `mine` as above, `busy` when a review of the line is open. Completed ones which no
    review was opened for (found elsewhere and not in use yet, or kept waiting by another review), and this person's
    own that ended otherwise than asked for."""
    found = Q(origin=Dream.Origin.FOUND, output_store__gone_at=None, overtaken=False)
    in_use = Q(output_store=F("line__current_store"), updates_existing=False)
    unreviewed = Q(state=dream_states.COMPLETED, output_snapshot__isnull=False, reviews=None)
    to_review = unreviewed & ((found & ~in_use) | Q(origin=Dream.Origin.OURS, busy=True))
    fell = Q(state__in=FALLEN, cancel_requested_at=None, ended_at__gt=timezone.now() - REMIND, overtaken=False)
    empty = Q(state=dream_states.COMPLETED, output_snapshot=None, next_check_at=None, overtaken=False)
    odd = Q(requested_by=membership.user_id) & (fell | empty | Q(state=dream_states.UNKNOWN))
    later = Dream.objects.filter(line=OuterRef("line"), requested_at__gt=OuterRef("requested_at"))
    rows = Dream.objects.filter(workspace=membership.workspace_id).annotate(overtaken=Exists(later), busy=_busy())
    mine = odd | to_review if roles.allows(membership.role, "decide_change") else odd
    return rows.filter(to_review | odd).annotate(mine=_flag(mine))


def runs_waiting(membership: Membership) -> QuerySet[ApplyRun]:
    """Restores and imports that stopped, the newest of each store, while nobody planned it again; `mine` as above.
    (What stopped of a review is told with the review.)"""
    newer = ApplyRun.objects.filter(target=OuterRef("target"), pk__gt=OuterRef("pk"))
    newer = newer.exclude(mode=ApplyRun.Mode.SWAP).exclude(state=ApplyRun.State.ABANDONED)
    stopped = ApplyRun.objects.filter(target__workspace=membership.workspace_id, state=ApplyRun.State.BLOCKED)
    stopped = stopped.exclude(mode=ApplyRun.Mode.SWAP).filter(~Exists(newer), target__gone_at=None)
    return stopped.annotate(mine=_flag(_may_restore(membership)))


def drafts_waiting(membership: Membership) -> QuerySet[StoreDraft]:
    """New stores with something to fill them that could not be made and are not tried again by themselves."""
    stuck = StoreDraft.objects.filter(workspace=membership.workspace_id, store=None, next_check_at=None)
    stuck = stuck.filter(confirmed_at__isnull=False, manifest__isnull=False).exclude(problem="")
    return stuck.annotate(mine=_flag(_may_restore(membership)))


def _may_restore(membership: Membership) -> Q:
    return Q(pk__isnull=not roles.allows(membership.role, "restore_store"))


def _busy() -> Exists:
    return Exists(Review.objects.filter(line=OuterRef("line"), state__in=states.ACTIVE))


def _flag(condition: Q) -> Case:
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())


def inbox_of(membership: Membership, page: str | None = None) -> Inbox:
    """Everything of the page, with a number of queries that does not depend on how much there is."""
    reviews = reviews_waiting(membership).select_related(
        "line", "before__store", "dream__requested_by", "opened_by", "workspace"
    )
    dreams = list(dreams_waiting(membership).select_related("store", "requested_by"))
    runs = runs_waiting(membership).select_related("target", "confirmed_by")
    drafts = drafts_waiting(membership).select_related("by").defer("archive")
    waiting = sorted(chain(reviews, dreams, runs, drafts), key=items.since)
    yours = Paginator([thing for thing in waiting if thing.mine], PER_PAGE).get_page(page)
    others = [thing for thing in waiting if not thing.mine][:PER_PAGE]
    about = _about([thing for thing in chain(yours, others) if isinstance(thing, Review)], membership)
    yours.object_list = [items.waiting_item(thing, about) for thing in yours]
    shown = [dream.pk for dream in dreams if dream.mine]
    return Inbox(
        yours=yours,
        others=[items.waiting_item(thing, about) for thing in others],
        going=_going(membership.workspace, shown),
        recent=_recent(membership.workspace, shown),
    )


def _about(reviews: Sequence[Review], membership: Membership) -> About:
    changes = Change.objects.filter(review__in=[review.pk for review in reviews if review.state == states.OPEN])
    counted = (
        changes.exclude(state=states.UNCHANGED)
        .values("review_id")
        .annotate(
            total=Count("pk"),
            undecided=Count("pk", filter=Q(state__in=states.WAITING)),
            lost=Sum("lost_count"),
            altered=Sum("altered_count"),
            flagged=Sum("flag_count"),
        )
    )
    past = [review.pk for review in reviews if review.state != states.OPEN]
    runs = ApplyRun.objects.filter(review__in=past, state=ApplyRun.State.BLOCKED).order_by("planned_at")
    refused = Attachment.objects.filter(review__in=past, state=Attachment.State.REFUSED).order_by("asked_at")
    problems = dict(runs.values_list("review_id", "problem"))
    for review_id, name, problem in refused.values_list("review_id", "deployment_name", "problem"):
        problems[review_id] = f"{name}: {problem}"
    four_eyes, of_opener = _four_eyes(membership, dreamt=True), _four_eyes(membership, dreamt=False)
    return About({row["review_id"]: row for row in counted}, problems, four_eyes, of_opener)


def _four_eyes(membership: Membership, *, dreamt: bool) -> str:
    """Why a starter does not approve, by the rule that the approval itself asks; "" for who may not approve at all."""
    if not roles.allows(membership.role, "approve_review"):
        return ""
    approvers = eligible_approvers(membership.workspace)
    rule = states.approval_requirements(
        undecided=0,
        starter_approves=True,
        self_approval_allowed=membership.workspace.allow_self_approval,
        eligible_approvers=approvers,
        dreamt=dreamt,
    )
    nobody = " Nobody else here may approve: an admin can add a reviewer." if approvers <= 1 else ""
    return f"{rule[-1].words}{nobody}"


def _going(workspace: Workspace, shown: Iterable[int]) -> list[Item]:
    """What moves by itself, newest first."""
    read = Q(state__in=dream_states.FINAL, next_check_at__isnull=False)
    left = Q(state=dream_states.COMPLETED, output_snapshot__isnull=False, reviews=None)
    opening = left & Q(origin=Dream.Origin.OURS, busy=False)
    dreams = Dream.objects.filter(workspace=workspace).annotate(busy=_busy())
    dreams = dreams.filter(Q(state__in=dream_states.UNFINISHED) | read | opening).exclude(pk__in=shown)
    dreams = dreams.select_related("store", "requested_by").order_by("-requested_at")
    runs = ApplyRun.objects.filter(target__workspace=workspace, state__in=["confirmed", "running"])
    runs = runs.select_related("target", "confirmed_by").order_by("-confirmed_at")
    done = Count("steps", filter=Q(steps__state=ApplyStep.State.DONE))
    attachments = Attachment.objects.filter(workspace=workspace, state__in=MOVING)
    attachments = attachments.select_related("by").order_by("-asked_at")
    return _newest(
        *(items.dreaming_item(dream) for dream in dreams[:PER_PAGE]),
        *(items.applying_item(run) for run in runs.annotate(total=Count("steps"), done=done)[:PER_PAGE]),
        *(items.attaching_item(attachment) for attachment in attachments[:PER_PAGE]),
    )


def _recent(workspace: Workspace, shown: Iterable[int]) -> list[Item]:
    """The last things that ended, newest first."""
    dreams = Dream.objects.filter(workspace=workspace, state__in=FALLEN, ended_at__isnull=False)
    dreams = dreams.exclude(pk__in=shown).select_related("store", "requested_by").order_by("-ended_at")
    closed = Review.objects.filter(workspace=workspace, closed_at__isnull=False)
    closed = closed.select_related("before__store", "closed_by").order_by("-closed_at")
    runs = ApplyRun.objects.filter(target__workspace=workspace, state=ApplyRun.State.DONE)
    runs = runs.select_related("review__before__store", "target", "confirmed_by").order_by("-ended_at")
    attached = Attachment.objects.filter(workspace=workspace, state__in=["done", "refused"])
    attached = attached.select_related("by").order_by(Coalesce("done_at", "asked_at").desc())
    return _newest(
        *(items.ended_item(dream) for dream in dreams[:RECENT]),
        *(items.closed_item(review) for review in closed[:RECENT]),
        *(items.applied_item(run) for run in runs[:RECENT]),
        *(items.attached_item(attachment) for attachment in attached[:RECENT]),
    )[:RECENT]


def _newest(*found: Item) -> list[Item]:
    return sorted(found, key=lambda item: item.at, reverse=True)
