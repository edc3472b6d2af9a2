"""A text that is purged while something else is made of it: no quote of it is saved afterwards."""

import pytest

from dreams.models import Change, Review, Snapshot, Text
from dreams.services import purging, reviews, stores
from dreams.services.comparing import Piece, pieces_of
from dreams.services.texts import digest_of
from tests.factories import NOTES, agent_deletes, dream_completed, put_session, store_with, sweep_now
from tests.people import People
from tests.sandbox_server import Sandbox


def test_a_review_drawn_up_while_a_text_is_purged_quotes_none_of_it(
    people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_with(people, sandbox)

    def pieces_then_a_purge(*sides: Snapshot, dreamt: bool) -> list[Piece]:
        pieces = pieces_of(*sides, dreamt=dreamt)
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
