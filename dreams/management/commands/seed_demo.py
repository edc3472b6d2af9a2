"""The demo's people and workspace, connected to the stand-in and imported; a second call changes nothing."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dreams.models import Dream, Membership, Store, User, Workspace
from dreams.remote.errors import RemoteError
from dreams.rules import dream_states, review_states, roles
from dreams.services import applying, attachments, following, reviews, stores, sweeps, workspaces
from dreams.services.refusals import Refusal

# A demo on loopback over made-up data: this password protects nothing and is printed at every start.
PASSWORD = "dream-review"  # noqa: S105
PEOPLE = [
    ("alice", "Alice Reyes", roles.ADMIN),
    ("bob", "Bob Okafor", roles.REVIEWER),
    ("carol", "Carol Lindqvist", roles.VIEWER),
    ("dave", "Dave Moretti", roles.OPERATOR),
]
KEY = "sk-sandbox-demo"


class Command(BaseCommand):
    help = "Make the demo's people and workspace and import the stand-in's world (needs a running stand-in)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This command is for the demo only: set DEMO=1.")
        workspace = Workspace.objects.filter(slug="demo").first() or self._make()
        try:
            self._import(workspace)
        except RemoteError as error:
            raise CommandError(error.words) from error
        self.stdout.write(f"Sign in as {', '.join(f'{name}@example.com' for name, _, _ in PEOPLE)}")
        self.stdout.write(f"with the password {PASSWORD}")

    def _make(self) -> Workspace:
        users = {}
        for short, name, _ in PEOPLE:
            address = f"{short}@example.com"
            users[short] = User.objects.filter(email=address).first() or User.objects.create_user(
                address, PASSWORD, name=name
            )
        workspace = workspaces.create_workspace(name="Demo", slug="demo", admin=users["alice"])
        for short, _, role in PEOPLE[1:]:
            Membership.objects.create(user=users[short], workspace=workspace, role=role)
        return workspace

    def _import(self, workspace: Workspace) -> None:
        """Each step is skipped when an earlier start has done it."""
        alice, dave = (User.objects.get(email=f"{name}@example.com") for name in ("alice", "dave"))
        if not workspace.connected:
            workspace = workspaces.connect_key(workspace, KEY, by=alice)
        if workspace.stores_listed_at is None:
            sweeps.refresh_workspace(workspace)
        for store in Store.objects.filter(workspace=workspace, walked_at=None, gone_at=None):
            stores.sync_store(store)
        following.refresh_dreams(workspace)
        ended = Dream.objects.filter(workspace=workspace, state__in=dream_states.FINAL, next_check_at__isnull=False)
        for dream in ended:
            following.finish_dream(dream)
        for dream in self._unreviewed(workspace):
            self._review(dream, dave)

    @staticmethod
    def _unreviewed(workspace: Workspace) -> list[Dream]:
        completed = Dream.objects.filter(workspace=workspace, output_snapshot__isnull=False, reviews=None)
        return list(completed.order_by("requested_at"))

    def _review(self, dream: Dream, dave: User) -> None:
        """The demo's newest completed dream waits for its review; older ones are reviewed, applied and attached for
        real, by the same services that the pages call."""
        review = reviews.open_review(dream, by=dave)
        newest = Dream.objects.filter(output_snapshot__isnull=False).latest("requested_at")
        if review is None or dream == newest:
            return
        bob = User.objects.get(email="bob@example.com")
        for change in review.changes.filter(state=review_states.UNDECIDED):
            reviews.decide_change(change, review_states.ACCEPTED, by=bob, seen_seq=change.seq)
        reviews.approve_review(review, by=bob)
        run, _ = applying.plan_review(review, by=dave)
        if run is None:
            return
        applying.apply_run(applying.confirm_run(run, digest=run.plan_digest, by=dave))
        review.refresh_from_db()
        attachments.prepare_attachment(review)
        chosen = {
            offer.deployment.remote_id: offer.before_digest
            for offer in attachments.offers_for(review)
            if not offer.attached and not offer.swap.problems
        }
        if not chosen:
            return
        seen = attachments.drift_digest(attachments.written_since(review), review)
        try:
            made = attachments.attach_store(review, chosen=chosen, seen_drift=seen, by=dave)
        except Refusal as error:
            self.stderr.write(str(error))
            return
        for attachment in made:
            attachments.attach_one(attachment)
