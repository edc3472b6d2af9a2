"""Where a text is, and forgetting it: the same on PostgreSQL and SQLite, edits in decisions included."""

import threading
from typing import Any

import pytest
from django.db import connections

from dreams.models import Change, SearchEntry, Text
from dreams.queries.versions import holders_of
from dreams.services import purging, reviews, search_index, stores
from dreams.services.texts import digest_of
from tests import factories
from tests.faults.ground import Ground
from tests.people import browser_of

pytestmark = pytest.mark.slow

READ = "/scratch/today.md"
EDITED = "# Ana\n\nEdited by Bob.\n"


def test_every_place_of_a_text_is_named_and_all_of_it_is_forgotten(ground: Ground, database: str) -> None:
    review = factories.review_open(ground.people, ground.sandbox)
    change = Change.objects.get(review=review, title="/people/ana.md")
    reviews.decide_change(
        change, "edited", by=ground.people.bob, seen_seq=change.seq, texts={"/people/ana.md": EDITED}
    )
    held = holders_of(review.workspace, digest_of(EDITED))
    assert (held.edits.count, held.reviews.count, held.at_vendor) == (1, 0, 0)
    note = factories.NOTES["/scratch/today.md"]
    held = holders_of(review.workspace, digest_of(note))
    assert (held.memories.count, held.snapshots.count, held.reviews.count) == (1, 1, 1)
    page = browser_of(ground.people.alice).get(f"/acme/texts/{digest_of(EDITED)}/purge/").content.decode()
    assert "edited by Bob" in page

    factories.agent_deletes(ground.sandbox, review.before.store, "/scratch/today.md")
    stores.sync_store(review.before.store)
    for body in (EDITED, note):
        text = purging.purge_text(Text.objects.get(sha256=digest_of(body)), by=ground.people.alice)
        assert text.body is None
    lost = Change.objects.get(review=review, title="/scratch/today.md").findings["lost"]
    assert [place["text"] for place in lost] == ["[purged]"]


def test_a_text_purged_while_it_is_indexed_is_found_by_nothing(
    ground: Ground, on_postgres: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words are taken, then it is purged, then they are saved."""
    people, store = ground.people, factories.store_with(ground.people, ground.sandbox)
    factories.agent_deletes(ground.sandbox, store, READ)
    stores.sync_store(store)
    text = Text.objects.get(sha256=digest_of(factories.NOTES[READ]))
    search_index.empty(store)
    taken, cut = threading.Event(), search_index.index_words

    def slowly(*about: Any) -> str:
        words = cut(*about)
        if about[0] == READ:
            taken.set()
            purge.join(2)  # without us it would be through by then
        return words

    def forget() -> None:
        taken.wait(10)
        purging.purge_text(text, by=people.alice)
        connections["default"].close()

    purge = threading.Thread(target=forget)
    monkeypatch.setattr(search_index, "index_words", slowly)
    purge.start()
    search_index.index_store(store)
    purge.join(30)
    assert Text.objects.get(pk=text.pk).purged_at is not None
    assert not SearchEntry.objects.filter(words__contains="8081").exists()
