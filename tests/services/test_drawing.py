"""Differences drawn ahead: found again, never after a purge, and forgotten in time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dreams.models import Drawn, Review, Text
from dreams.queries.changes import change_page
from dreams.render import Look
from dreams.services import drawing, purging
from dreams.services.texts import digest_of
from tests.people import People
from tests.views.reviewing import change_at, review_of

OLD, NEW = "The gate opens at nine with key 8081.\n", "The gate opens at ten with key 8081.\n"


@pytest.fixture
def review(people: People) -> Review:
    same = {"/same.md": "It stays.\n"}
    return review_of(people, {"/gate.md": OLD, **same}, {"/gate.md": NEW, **same})


def test_a_review_is_drawn_once_ahead_of_its_readers(review: Review) -> None:
    drawing.draw_review(review)
    assert Drawn.objects.count() == 1
    kept = dict(Drawn.objects.values_list("key", "html"))
    drawing.draw_review(review)
    assert dict(Drawn.objects.values_list("key", "html")) == kept
    change = change_at(review, "/gate.md")
    change.review = review
    assert drawing.drawn_page(change, Look()).fresh == {}


def test_what_a_worker_has_no_time_for_is_drawn_for_its_first_reader(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "SECONDS", -1)
    drawing.draw_review(review)
    assert not Drawn.objects.exists()
    drawing.drawn_page(change_at(review, "/gate.md"), Look())
    assert Drawn.objects.count() == 1


def test_each_look_is_another_drawing(review: Review) -> None:
    change = change_at(review, "/gate.md")
    for look in (Look(), Look(split=True), Look(rendered=True), Look(whole=True)):
        drawing.drawn_page(change, look)
    assert Drawn.objects.count() == 4


def test_a_purge_takes_what_was_drawn_with_it(people: People, review: Review) -> None:
    drawing.draw_review(review)
    purging.purge_text(Text.objects.get(sha256=digest_of(OLD)), by=people.alice)
    assert not Drawn.objects.exists()


def test_nothing_is_kept_that_was_read_before_a_purge_and_drawn_after_it(people: People, review: Review) -> None:
    change = change_at(review, "/gate.md")
    page = change_page(change, Look(), drawing.more_of(change))
    assert "nine" in "".join(page.fresh.values())
    purging.purge_text(Text.objects.get(sha256=digest_of(OLD)), by=people.alice)
    drawing.keep_drawn(review.workspace, page)
    assert not Drawn.objects.exists()
    assert "nine" not in drawing.drawn_page(change_at(review, "/gate.md"), Look()).panels[0].html
    assert not Drawn.objects.exists(), "a change with a purged text is never kept"


def test_drawings_are_forgotten_after_a_month(review: Review) -> None:
    drawing.draw_review(review)
    drawing.forget_drawn(review.workspace)
    assert Drawn.objects.exists()
    Drawn.objects.update(made_at=timezone.now() - drawing.KEPT - timedelta(minutes=1))
    drawing.forget_drawn(review.workspace)
    assert not Drawn.objects.exists()


def test_another_workspace_never_meets_what_this_one_drew(people: People, review: Review) -> None:
    drawing.draw_review(review)
    Drawn.objects.update(workspace=people.mallory.memberships.get().workspace)
    assert drawing.drawn_page(change_at(review, "/gate.md"), Look()).fresh
