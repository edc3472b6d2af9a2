"""Pages of a review in which everything is: drift, sources, checks that block and a batch; however many changes it
has, they ask the database as often."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import Change, Provenance, Review, Session, Source
from dreams.rules.provenance import fingerprint
from dreams.services import together
from tests.drifting import base_becomes
from tests.people import People, browser_of
from tests.views.reviewing import review_of, url_of

FRAGMENT = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "memory"}


def full(people: People, count: int) -> Review:
    """A review of so many changes: each lost a sentence, with a source; each base moved; and two that only moved."""
    holds = "The shelf {} of {} holds blue parcels.\nIt is cleaned by hand.\n"
    before = {f"/a/{n:04}.md": holds.format(n, count) for n in range(count)}
    after = {path: text.split("\n")[0] + "\n" for path, text in before.items()}
    moved = {f"/m/{n}.md": f"Atlas page {n} shows the harbour of the town {n}.\n" for n in range(2)}
    after |= {path.replace("/m/", "/n/"): text for path, text in moved.items()}
    review = review_of(people, {**before, **moved}, after, name=f"store-{count}")
    seen = together.together(review, "moved").seen
    together.accept_together(review, "moved", seen=seen, by=people.bob)
    base_becomes(review, {**{path: f"# New\n{text}" for path, text in before.items()}, **moved}, f"memver_{count}")
    session = Session.objects.create(
        workspace=people.workspace, remote_id=f"sesn_{count}", created_at=timezone.now(), updated_at=timezone.now()
    )
    assert review.dream is not None
    review.dream.session_links.create(session_id=session.remote_id)
    Provenance.objects.create(review=review, sessions=1, read=1, made_at=timezone.now())
    Source.objects.bulk_create(
        Source(
            change=change, finding="lost", path=place["path"], line=place["line"], sentence=fingerprint(place["text"]),
            session=session, event_id="sevt_1", who="user", says="supports", score=0.9, excerpt="By hand.",
        )
        for change in review.changes.all()
        for place in change.findings.get("lost", [])
    )  # fmt: skip
    return review


@pytest.fixture
def client(people: People) -> Client:
    people.workspace.scan_policy = {"secret": "blocking"}
    return browser_of(people.bob)


def test_pages_and_decisions_ask_as_often_for_ten_changes_as_for_hundreds(people: People, client: Client) -> None:
    def queries(review: Review) -> dict[str, int]:
        change = review.changes.filter(lost_count__gt=0).first()
        assert change is not None
        page = {**FRAGMENT}
        seq = Change.objects.get(pk=change.pk).seq
        decide = {"outcome": "accepted", "seen_seq": seq}
        back = {"finding": "lost-0", "seen_seq": seq + 2}
        asked = {
            "page": lambda: client.get(url_of(review)),
            "page at a change": lambda: client.get(url_of(review, change)),
            "fragment": lambda: client.get(url_of(review, change), **page),
            "origins": lambda: client.get(url_of(review, change, "origins/"), **page),
            "rows": lambda: client.get(f"{url_of(review)}?page=1", HTTP_HX_REQUEST="true"),
            "drift": lambda: client.get(url_of(review, None, "drift/")),
            "decide": lambda: client.post(url_of(review, change, "decide/"), decide, **page),
            "undo": lambda: client.post(url_of(review, change, "undo/"), {"seen_seq": seq + 1}, **page),
            "put back": lambda: client.post(url_of(review, change, "put-back/"), back, **page),
            "edit": lambda: client.get(url_of(review, change, "edit/?both=1"), **page),
        }
        for verb in ("", "edit/"):  # whose differences are kept
            client.get(url_of(review, change, verb))
        client.get(url_of(review, review.changes.filter(lost_count__gt=0)[1]))
        counts = {}
        for name, ask in asked.items():
            with CaptureQueriesContext(connection) as seen:
                status = ask().status_code
            assert status == 200, name
            counts[name] = len(seen)
        return counts

    few, many = queries(full(people, 10)), queries(full(people, 300))
    assert few == many
    assert few["decide"] <= 26, "two of them are the test's own savepoint"
