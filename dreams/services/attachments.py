"""Attaching: deployments are pointed at a reviewed store, with exact before and after, and one click back."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from dreams.access import check_can
from dreams.enqueue import enqueue
from dreams.models import Attachment, Deployment, Review, Store, StoreLine, User
from dreams.queries.reviews import standing_attachments
from dreams.remote.errors import NotFound, Refused, RemoteError
from dreams.remote.records import Deployment as RemoteDeployment
from dreams.rules import review_states as states
from dreams.rules.resources import Swap, digest, sendable, swap_store
from dreams.rules.review_states import REVIEW_STATES
from dreams.services import audit
from dreams.services.claims import claim, release, renew
from dreams.services.deployments import note_deployment, refresh_deployments
from dreams.services.refusals import Invalid, Refusal, Stale
from dreams.services.snapshots import shas_now, shas_of
from dreams.services.stores import sync_store
from dreams.services.vendor import watched

State = Attachment.State

CHANGED_SINCE = "Somebody changed this deployment since you saw it. Nothing was written."
OVERTAKEN = "Somebody else changed this deployment in the same moment; it now holds other resources than were sent."
LOST_SIGHT = (
    "It is not known whether this was written: before that could be looked up, somebody else changed the deployment, "
    "and it now holds neither the old resources nor the new ones. It is left as it is."
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A deployment of the line and what attaching would do to it."""

    deployment: Deployment
    from_store: Store
    swap: Swap
    before_digest: str
    attached: bool


@dataclass(frozen=True, slots=True)
class Written:
    """A path that agents or people wrote in the input store since the dream's base was taken."""

    path: str
    kind: str  # added, changed or removed


def prepare_attachment(review: Review) -> None:
    """Reads again what an attachment depends on: the deployments and the dream's input store. Raises Busy,
    RemoteError."""
    refresh_deployments(review.workspace)
    if review.before.store.readable:
        # One that vanished is marked so and keeps what it last held; its deployments may still be switched.
        with suppress(NotFound):
            sync_store(review.before.store)


def offers_for(review: Review) -> list[Offer]:
    """Every deployment that mounts a store of the line, from the mirror, with the exact before and after."""
    target = review.target
    stores = {store.remote_id: store for store in review.line.stores.all()}
    rows = Deployment.objects.filter(workspace=review.workspace, archived_at=None, gone_at=None).order_by("name")
    offers = []
    for deployment in rows:
        mounted = [stores[id] for id in stores if deployment.mounts(id)]
        if not mounted:
            continue
        source = next((store for store in mounted if store.pk != target.pk), target)
        offers.append(_offer(deployment, source, target))
    return offers


def _offer(deployment: Deployment, source: Store, target: Store) -> Offer:
    swap = swap_store(
        deployment.resources, source.remote_id, target.remote_id, old_name=source.name, new_name=target.name
    )
    return Offer(deployment, source, swap, digest(deployment.resources), attached=source.pk == target.pk)


def written_since(review: Review) -> list[Written]:
    """What the input store holds now and did not when the dream took its base: attaching leaves it behind."""
    base, now = shas_of(review.before), shas_now(review.before.store)
    kinds = {(False, True): "added", (True, False): "removed", (True, True): "changed"}
    return [
        Written(path, kinds[path in base, path in now])
        for path in sorted(base.keys() | now.keys())
        if base.get(path) != now.get(path)
    ]


def drift_digest(written: Sequence[Written], review: Review) -> str:
    """Names exactly what `written_since` showed, so that a later write asks the person again."""
    now = shas_now(review.before.store)
    return states.result_digest((w.path, now.get(w.path, "")) for w in written)


def attach_store(review: Review, *, chosen: Mapping[str, str], seen_drift: str, by: User) -> list[Attachment]:
    """Asks for the chosen deployments ({id: digest of the resources the person saw}) to mount the reviewed store.
    The input is read again first; when agents wrote something the person was not shown, nothing happens (Stale)."""
    check_can(by, review.workspace, "attach_store")
    review.refresh_from_db(fields=["state"])
    if review.state not in (states.APPLIED, states.ROLLED_BACK):
        raise Refusal("Only an applied review can be attached.")
    if review.dream_id is None:
        raise Refusal("This review was applied to the store itself: there is no other store to attach.")
    if not chosen:
        raise Invalid("Choose at least one deployment.")
    if not review.target.writable:
        raise Refusal("The reviewed store was archived or deleted meanwhile: it cannot be mounted.")
    prepare_attachment(review)
    if drift_digest(written_since(review), review) != seen_drift:
        raise Stale("Agents wrote to the store since this page was made. Read the list again before attaching.")
    offers = {offer.deployment.remote_id: offer for offer in offers_for(review)}
    made = []
    with transaction.atomic():
        for deployment_id, seen in chosen.items():
            offer = offers.get(deployment_id)
            if offer is None or offer.before_digest != seen:
                raise Stale("A chosen deployment was changed since this page was made. Look at it again.")
            if offer.attached:
                continue
            if offer.swap.problems:
                raise Refusal(f"{offer.deployment.name}: {offer.swap.problems[0]}")
            made.append(_ask(review, offer, by))
    return made


def _ask(review: Review, offer: Offer, by: User) -> Attachment:
    return _create(
        by,
        workspace=review.workspace,
        line=review.line,
        review=review,
        deployment_id=offer.deployment.remote_id,
        deployment_name=offer.deployment.name,
        from_store=offer.from_store,
        to_store=review.target,
        before=offer.swap.before,
        after=offer.swap.after,
    )


def undo_attachment(attachment: Attachment, *, by: User) -> Attachment:
    """Asks for the deployment's exact previous `resources` again. One that the vendor or a change refused may be asked
    for another time. Raises Refusal, Stale."""
    check_can(by, attachment.workspace, "attach_store")
    if attachment.state != State.DONE:
        raise Refusal("Only what was attached can be taken back.")
    if attachment.undoes_id:
        raise Refusal("A rollback is not taken back: attach the store again from its review.")
    if not attachment.from_store.writable:
        raise Refusal("The previous store was archived or deleted meanwhile: it cannot be mounted any more.")
    earlier = Attachment.objects.filter(undoes=attachment).first()
    if earlier is not None and earlier.state != State.REFUSED:
        raise Stale("This attachment was taken back already.")
    with transaction.atomic():
        if earlier is not None:
            return _ask_again(earlier, by)
        return _create(
            by,
            workspace=attachment.workspace,
            line=attachment.line,
            review=attachment.review,
            deployment_id=attachment.deployment_id,
            deployment_name=attachment.deployment_name,
            from_store=attachment.to_store,
            to_store=attachment.from_store,
            before=attachment.after,
            after=sendable(attachment.before),
            undoes=attachment,
        )


def _ask_again(refused: Attachment, by: User) -> Attachment:
    """To be called inside a transaction."""
    now = timezone.now()
    try:
        with transaction.atomic():
            asked = Attachment.objects.filter(pk=refused.pk, state=State.REFUSED).update(
                state=State.WAITING, by=by, asked_at=now, next_check_at=now, problem=""
            )
    except IntegrityError as error:
        raise _in_use(refused.deployment_name) from error
    if not asked:
        raise Stale("Somebody else is taking this attachment back at this moment.")
    refused.refresh_from_db()
    _asked(refused)
    return refused


def _create(by: User, **fields: object) -> Attachment:
    """To be called inside a transaction."""
    now = timezone.now()
    try:
        with transaction.atomic():
            attachment = Attachment.objects.create(
                by=by,
                asked_at=now,
                next_check_at=now,
                before_digest=digest(fields["before"]),  # type: ignore[arg-type]
                after_digest=digest(fields["after"]),  # type: ignore[arg-type]
                **fields,
            )
    except IntegrityError as error:
        raise _in_use(fields["deployment_name"]) from error
    _asked(attachment)
    return attachment


def _in_use(deployment_name: object) -> Stale:
    return Stale(f"{deployment_name} is being changed at this moment; look again shortly.")


def _asked(attachment: Attachment) -> None:
    verb = "asked to roll back" if attachment.undoes_id else "asked to attach"
    digests = {"before": attachment.before_digest, "after": attachment.after_digest}
    audit.record(attachment.workspace, attachment.by, verb, attachment, **digests)
    enqueue("attach_one", attachment.pk)


def attach_one(attachment: Attachment) -> None:
    """Changes one deployment. The vendor offers no precondition here, so it is read just before and just after: other
    bytes than those the person saw are refused, and a race that was lost in between is reported with both values.
    An interrupted one is settled by reading; it is sent again only when the deployment still holds the old list."""
    waiting = Attachment.objects.filter(state__in=[State.WAITING, State.DOING, State.UNKNOWN])
    token = claim(waiting, attachment.pk)
    if token is None:
        return
    attachment.refresh_from_db()
    sent = attachment.state in (State.DOING, State.UNKNOWN)
    found: RemoteDeployment | None = None
    try:
        with watched(attachment.workspace) as gateway:
            found = gateway.deployment(attachment.deployment_id)
            if _same(found, attachment.after_digest):
                _done(attachment, token, found)
                return
            if not _same(found, attachment.before_digest):
                _refuse(attachment, token, LOST_SIGHT if sent else CHANGED_SINCE, found)
                return
            sent = False  # it still holds the old list: an earlier try did not arrive
            if not renew(attachment, token, state=State.DOING):
                return
            gateway.update_deployment_resources(attachment.deployment_id, attachment.after)
            sent = True
            found = gateway.deployment(attachment.deployment_id)
            if _same(found, attachment.after_digest):
                _done(attachment, token, found)
            else:
                _refuse(attachment, token, OVERTAKEN, found)
    except RemoteError as error:
        if isinstance(error, NotFound) and found is None:
            _refuse(attachment, token, "This deployment no longer exists.")
            return
        if isinstance(error, Refused) and not sent:
            _refuse(attachment, token, error.words)
            return
        # What may have been written is never called "not attached" before it was read.
        state = State.UNKNOWN if sent or error.maybe_done else State.WAITING
        wait = timedelta(seconds=error.retry_after or (60 if error.permanent else 15))
        release(attachment, token, state=state, problem=error.words[:500], next_check_at=timezone.now() + wait)
    except BaseException:
        release(attachment, token)
        raise


def _same(remote: RemoteDeployment, wanted: str) -> bool:
    return wanted in (digest(remote.resources), digest(sendable(remote.resources)))


def _done(attachment: Attachment, token: str, found: RemoteDeployment) -> None:
    with transaction.atomic():
        done = {"state": State.DONE, "done_at": timezone.now(), "next_check_at": None, "problem": ""}
        if not release(attachment, token, **done):
            return
        note_deployment(attachment.workspace, found)
        StoreLine.objects.filter(pk=attachment.line_id).update(current_store=attachment.to_store)
        if attachment.review:
            _move_review(attachment.review, attachment)
        verb = "rolled back" if attachment.undoes_id else "attached"
        audit.record(
            attachment.workspace,
            attachment.by,
            verb,
            attachment,
            before=attachment.before_digest,
            after=attachment.after_digest,
        )


def _move_review(review: Review, attachment: Attachment) -> None:
    """A review of which nothing is attached any more is rolled back; attaching it again takes that back. To be called
    inside the transaction that ends the attachment."""
    step = "roll_back" if attachment.undoes_id else "attach_again"
    Review.objects.select_for_update().get(pk=review.pk)  # so that the last two rollbacks do not both see the other
    if attachment.undoes_id and standing_attachments(review).exists():
        return
    by = attachment.by if attachment.undoes_id else None
    ended = {"closed_at": timezone.now() if by else None, "closed_by": by}
    rows = Review.objects.filter(pk=review.pk, state__in=REVIEW_STATES.sources(step))
    if rows.update(state=REVIEW_STATES.target(step), **ended) and by:
        audit.record(attachment.workspace, attachment.by, "rolled back review", review)


def _refuse(attachment: Attachment, token: str, words: str, found: RemoteDeployment | None = None) -> None:
    """Ends it as not attached; what was `found` instead is mirrored, so that the page shows it."""
    with transaction.atomic():
        ended = {"state": State.REFUSED, "next_check_at": None, "problem": words[:500]}
        if not release(attachment, token, **ended):
            return
        detail = {"why": words}
        if found is not None:
            note_deployment(attachment.workspace, found)
            detail["found"] = digest(found.resources)
        audit.record(attachment.workspace, attachment.by, "did not attach", attachment, **detail)
