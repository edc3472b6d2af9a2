"""What becomes of a review whose store is attached, taken back from every deployment, and attached again."""

import pytest

from dreams.models import Attachment, AuditEvent, Review
from dreams.queries.inbox import reviews_waiting
from dreams.rules import review_states as states
from dreams.services import attachments as service
from tests.factories import review_applied
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.attaching import attached, deployment


@pytest.fixture
def review(people: People, sandbox: Sandbox) -> Review:
    return review_applied(people, sandbox)


def taken_back(attachment: Attachment, people: People) -> None:
    service.attach_one(service.undo_attachment(attachment, by=people.dave))


def badge_of(review: Review, people: People) -> str:
    """The word of its state, on its own page and in the list of dreams, where they must agree."""
    page = browser_of(people.carol).get(f"/acme/reviews/{review.pk}/").content.decode()
    dreams = browser_of(people.carol).get("/acme/dreams/").content.decode()
    state = page.split('class="badge', 1)[1].split('data-state="')[1].split('"')[0]
    listed = dreams.split('data-label="Review"')[1].split('data-state="')[1].split('"')[0]
    assert state == listed
    return state


def test_a_review_is_attached_while_any_deployment_mounts_what_it_decided(
    people: People, sandbox: Sandbox, review: Review
) -> None:
    ids = [deployment(sandbox, review, name) for name in ("triage", "refunds")]
    assert badge_of(review, people) == "applied"
    both = [attached(review, people, id) for id in ids]
    page = browser_of(people.carol).get(f"/acme/reviews/{review.pk}/").content.decode()
    assert "Attached: refunds, triage mount what was decided." in page
    taken_back(both[0], people)
    review.refresh_from_db()
    assert review.state == states.APPLIED
    assert badge_of(review, people) == "attached"


def test_it_is_rolled_back_when_the_last_one_was_taken_back(people: People, sandbox: Sandbox, review: Review) -> None:
    ids = [deployment(sandbox, review, name) for name in ("triage", "refunds")]
    for each in [attached(review, people, id) for id in ids]:
        taken_back(each, people)
    review.refresh_from_db()
    assert (review.state, review.closed_by) == (states.ROLLED_BACK, people.dave)
    assert badge_of(review, people) == "rolled_back"
    assert AuditEvent.objects.filter(verb="rolled back review", actor="Dave").count() == 1
    dave = people.workspace.memberships.get(user=people.dave)
    assert not reviews_waiting(dave).filter(pk=review.pk).exists()


def test_one_that_was_rolled_back_can_be_attached_again(people: People, sandbox: Sandbox, review: Review) -> None:
    id = deployment(sandbox, review)
    taken_back(attached(review, people, id), people)
    review.refresh_from_db()
    page = browser_of(people.dave).get(f"/acme/reviews/{review.pk}/").content.decode()
    assert "Attach again…" in page
    choice = browser_of(people.dave).get(f"/acme/reviews/{review.pk}/attach/").content.decode()
    assert "Attach what is ticked" in choice
    assert attached(review, people, id).state == "done"
    review.refresh_from_db()
    assert (review.state, review.closed_at, review.closed_by) == (states.APPLIED, None, None)
    assert badge_of(review, people) == "attached"
