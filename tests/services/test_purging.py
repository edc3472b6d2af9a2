"""A text that is purged while something else is made of it: no quote of it is saved afterwards."""

from typing import Any

import pytest

from dreams.models import Change, Review, Snapshot, Text
from dreams.services import purging, putting_back, reviews, stores
from dreams.services.comparing import Piece, pieces_of
from dreams.services.texts import digest_of
from tests.factories import NOTES, agent_deletes, dream_completed, put_session, store_with, sweep_now
from tests.people import People
from tests.sandbox_server import Sandbox
from tests.views.reviewing import change_at, review_of


def test_a_review_drawn_up_while_a_text_is_purged_quotes_none_of_it(
    people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_with(people, sandbox)

    def pieces_then_a_purge(*sides: Snapshot, **more: Any) -> list[Piece]:
        pieces = pieces_of(*sides, **more)
        monkeypatch.undo()
        agent_deletes(sandbox, store, "/scratch/today.md")
        stores.sync_store(store)
        purging.purge_text(Text.objects.get(sha256=digest_of(NOTES["/scratch/today.md"])), by=people.alice)
        return pieces

    monkeypatch.setattr(reviews, "pieces_of", pieces_then_a_purge)
    dream_completed(people, sandbox, store, [put_session(sandbox, store)])
    sweep_now(store.workspace)  # the sweep draws it up anew
    assert Review.objects.count() == 1
    assert not Change.objects.filter(findings__icontains="port 8081").exists()


def test_contradictions_and_doubts_lose_their_quotes_too(people: People) -> None:
    port = "The staging proxy listens on port 8081 behind the office network.\n"
    review = review_of(people, {"/old.md": port}, {"/old.md": port, "/new.md": port.replace("8081", "8443")})
    change = change_at(review, "/new.md")
    assert "8443" in change.findings["contradictions"][0]["other"]["text"]
    purging.purge_text(Text.objects.get(sha256=digest_of(port.replace("8081", "8443"))), by=people.alice)
    change.refresh_from_db()
    (clash,) = change.findings["contradictions"]
    assert (clash["one"]["text"], clash["other"]["text"]) == (port.strip(), "[purged]")
    assert not Change.objects.filter(findings__icontains="8443").exists()


def test_the_reason_of_putting_a_sentence_back_does_not_quote_it_any_longer(people: People) -> None:
    review = review_of(people)
    change = change_at(review, "/runbooks/deploy.md")
    putting_back.put_back(change, "lost-0", by=people.bob, seen_seq=0)
    decision = change.decisions.get()
    assert "Tomasz Nowak" in decision.reason
    old = change.paths.get(side="before")
    purging.purge_text(Text.objects.get(workspace=review.workspace, sha256=old.sha256), by=people.alice)
    decision.refresh_from_db()
    assert decision.reason == "Put back: [purged]"
