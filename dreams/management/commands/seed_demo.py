"""The demo's people and workspace, connected to the stand-in and imported, one dream taken through the whole job."""

from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from dreams.models import ApplyRun, Attachment, Dream, Membership, Review, Store, User, Workspace
from dreams.remote.errors import RemoteError
from dreams.rules import dream_states, review_states, roles
from dreams.services import applying, attachments, following, reviews, stores, sweeps, workspaces

# A demo on loopback over made-up data: this password protects nothing and is printed at every start.
PASSWORD = "dream-review"  # noqa: S105
PEOPLE = [
    ("alice", "Alice Reyes", roles.ADMIN),
    ("bob", "Bob Okafor", roles.REVIEWER),
    ("carol", "Carol Lindqvist", roles.VIEWER),
    ("dave", "Dave Moretti", roles.OPERATOR),
]
KEY = "sk-sandbox-demo"
# The stores whose completed dreams of the stand-in are reviewed here: one to the end, one left for whoever signs in.
TO_ATTACH, TO_REVIEW = "customer-preferences", "prod-support"


class Command(BaseCommand):
    help = "Make the demo's people and workspace and import the stand-in's world (needs a running stand-in)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Each step may be cut off and done again; the last one, the review that waits, says that all are done."""
        if not settings.DEMO:
            raise CommandError("This command is for the demo only: set DEMO=1.")
        workspace = Workspace.objects.filter(slug="demo").first() or make_people()
        if not Review.objects.filter(workspace=workspace, before__store__name=TO_REVIEW).exists():
            try:
                seed(workspace)
            except RemoteError as error:
                raise CommandError(error.words) from error
        self.stdout.write(f"Sign in as {', '.join(f'{name}@example.com' for name, _, _ in PEOPLE)}")
        self.stdout.write(f"with the password {PASSWORD}")


@transaction.atomic
def make_people() -> Workspace:
    """Everybody and their workspace."""
    hashed = make_password(PASSWORD)  # once: each hash takes a third of a second
    users = [
        User.objects.get_or_create(email=f"{short}@example.com", defaults={"name": name, "password": hashed})[0]
        for short, name, _ in PEOPLE
    ]
    workspace = workspaces.create_workspace(name="Demo", slug="demo", admin=users[0])
    for user, (_, _, role) in zip(users[1:], PEOPLE[1:], strict=True):
        Membership.objects.create(user=user, workspace=workspace, role=role)
    return workspace


def seed(workspace: Workspace) -> None:
    """Imports the stand-in's world and reviews its completed dreams, by the services that the pages call.
    Raises RemoteError."""
    free_claims(workspace)
    alice, bob, dave = (User.objects.get(email=f"{name}@example.com") for name in ("alice", "bob", "dave"))
    if not workspace.connected:
        workspace = workspaces.connect_key(workspace, KEY, by=alice)
    sweeps.refresh_workspace(workspace)
    for store in Store.objects.filter(workspace=workspace, walked_at=None, gone_at=None):
        stores.sync_store(store)
    for dream in Dream.objects.filter(
        workspace=workspace, state__in=dream_states.FINAL, next_check_at__isnull=False
    ):
        following.finish_dream(dream)
    take_through(completed_over(workspace, TO_ATTACH), bob, dave)
    reviews.open_review(completed_over(workspace, TO_REVIEW), by=dave)


def free_claims(workspace: Workspace) -> None:
    """A seed that was killed holds claims for a while yet; whoever else may hold one notices when it is gone."""
    for rows in (
        Store.objects.filter(workspace=workspace),
        Dream.objects.filter(workspace=workspace, state__in=dream_states.FINAL),
        ApplyRun.objects.filter(review__workspace=workspace),
        Attachment.objects.filter(workspace=workspace),
    ):
        rows.exclude(claim="").update(claim="", claimed_at=None)


def completed_over(workspace: Workspace, store: str) -> Dream:
    """The dream of the stand-in's world that completed over this store."""
    return Dream.objects.get(
        workspace=workspace, store__name=store, origin=Dream.Origin.FOUND, state=dream_states.COMPLETED
    )


def take_through(dream: Dream, bob: User, dave: User) -> None:
    """Reviewed and approved by Bob, applied and attached by Dave, from wherever an earlier start stopped."""
    review = dream.reviews.first() or reviews.open_review(dream, by=dave)
    if review is None:
        raise CommandError(f"The review of {dream} could not be opened. Start again.")
    if review.state == review_states.OPEN:
        for change in review.changes.filter(state__in=review_states.WAITING):
            reviews.decide_change(change, review_states.ACCEPTED, by=bob, seen_seq=change.seq)
        review = reviews.approve_review(review, by=bob)
    if review.state == review_states.APPROVED:
        run, drift = applying.plan_review(review, by=dave)
        if run is None:
            raise CommandError(f"Somebody wrote to {review.target}, first {drift[0].path}.")
        applying.confirm_run(run, digest=run.plan_digest, by=dave)
    for run in review.runs.filter(state__in=[ApplyRun.State.CONFIRMED, ApplyRun.State.RUNNING]):
        applying.apply_run(run)
    review.refresh_from_db()
    if review.state == review_states.APPLIED and not review.attachments.exists():
        attach(review, dave)
    for attachment in review.attachments.all():
        attachments.attach_one(attachment)


def attach(review: Review, dave: User) -> None:
    """Every deployment of the line is pointed at the reviewed store."""
    attachments.prepare_attachment(review)
    offers = attachments.offers_for(review)
    chosen = {offer.deployment.remote_id: offer.before_digest for offer in offers if not offer.swap.problems}
    seen = attachments.drift_digest(attachments.written_since(review), review)
    attachments.attach_store(review, chosen=chosen, seen_drift=seen, by=dave)
