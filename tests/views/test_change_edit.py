"""Editing what the dream wrote: every path of the change, byte for byte, and nothing typed is thrown away."""

import pytest

from dreams.models import Change, Review, Text
from dreams.services import reviews
from dreams.services.texts import digest_of
from tests.people import People, browser_of
from tests.views.pages import assert_fragment, assert_members_only, assert_only
from tests.views.reviewing import AFTER, BEFORE, change_at, decide_all, review_of, url_of

TYPED = "# Deploy\n\nThe nightly build starts at 02:00 UTC.\nNo trailing blank  \n"


@pytest.fixture
def review(people: People) -> Review:
    return review_of(people)


@pytest.fixture
def change(review: Review) -> Change:
    return change_at(review, "/runbooks/deploy.md")


def test_members_only(people: People, review: Review, change: Change) -> None:
    assert_members_only(people, url_of(review, change, "edit/"))
    assert_only(people, url_of(review, change, "edit/"), "get", "post")
    assert_fragment(people, url_of(review, change, "edit/"), "memory")


def test_it_shows_the_original_beside_the_text_of_the_dream(people: People, review: Review, change: Change) -> None:
    page = browser_of(people.bob).get(url_of(review, change, "edit/")).content.decode()
    assert "Ask Tomasz Nowak before touching the load balancer." in page[: page.index("<textarea")]
    assert "starts at 04:00 UTC" in page[page.index("<textarea") :]


def test_what_is_typed_is_kept_as_lf_and_shown_as_what_will_be_written(
    people: People, review: Review, change: Change
) -> None:
    client = browser_of(people.bob)
    data = {"seen_seq": "0", "text-0": TYPED.replace("\n", "\r\n"), "reason": "The hour was right."}
    answer = client.post(url_of(review, change, "edit/"), data)
    assert answer.status_code == 302
    change.refresh_from_db()
    assert change.state == "edited"
    assert change.decisions.get().result == {"/runbooks/deploy.md": digest_of(TYPED)}
    assert Text.objects.get(workspace=people.workspace, sha256=digest_of(TYPED)).text == TYPED
    page = client.get(url_of(review, change)).content.decode()
    assert "below is what will be written" in page
    assert "No trailing blank" in page
    assert "No trailing blank" in client.get(url_of(review, change, "edit/")).content.decode()


def test_a_text_with_crlf_keeps_it(people: People) -> None:
    review = review_of(people, {"/a.md": "One sentence here.\r\n"}, {"/a.md": "One sentence there.\r\nAnd more.\r\n"})
    change = change_at(review, "/a.md")
    browser_of(people.bob).post(
        url_of(review, change, "edit/"), {"seen_seq": "0", "text-0": "One sentence here.\r\nMore.\r\n"}
    )
    assert change.decisions.get().result == {"/a.md": digest_of("One sentence here.\r\nMore.\r\n")}


def test_a_removed_memory_can_be_kept_in_another_wording(people: People, review: Review) -> None:
    change = change_at(review, "/notes/port.md")
    client = browser_of(people.bob)
    assert BEFORE["/notes/port.md"].strip() in client.get(url_of(review, change, "edit/")).content.decode()
    client.post(url_of(review, change, "edit/"), {"seen_seq": "0", "text-0": "Port 8081.\n"})
    assert change.decisions.get().result == {"/notes/port.md": digest_of("Port 8081.\n")}


def test_of_a_move_either_path_may_stay(people: People, review: Review) -> None:
    change = change_at(review, "/glossary.md")
    text = AFTER["/glossary.md"]
    data = {"seen_seq": "0", "text-0": text, "text-1": text, "stays-1": "on"}
    browser_of(people.bob).post(url_of(review, change, "edit/"), data)
    assert change.decisions.get().result == {"/old/glossary.md": digest_of(text)}


def test_nothing_that_stays_is_refused_and_the_text_is_still_there(people: People, review: Review) -> None:
    change = change_at(review, "/glossary.md")
    data = {"seen_seq": "0", "text-0": "Typed for an hour.", "text-1": ""}
    answer = browser_of(people.bob).post(url_of(review, change, "edit/"), data)
    assert answer.status_code == 422
    assert "An edit that leaves nothing is a removal" in answer.content.decode()
    assert "Typed for an hour." in answer.content.decode()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_somebody_who_was_faster_does_not_cost_the_typed_text(
    people: People, review: Review, change: Change, headers: dict[str, str]
) -> None:
    reviews.decide_change(change, "kept", by=people.alice, seen_seq=0)
    client = browser_of(people.bob)
    answer = client.post(url_of(review, change, "edit/"), {"seen_seq": "0", "text-0": TYPED}, headers=headers)
    body = answer.content.decode()
    assert answer.status_code == 409
    assert "Alice decided this while you were reading: kept original." in body
    assert "No trailing blank" in body
    assert 'name="seen_seq" value="1"' in body
    change.refresh_from_db()
    assert change.state == "kept"
    assert client.post(url_of(review, change, "edit/"), {"seen_seq": "1", "text-0": TYPED}).status_code == 302


def test_a_text_that_is_too_long_comes_back_with_a_sentence(people: People, review: Review, change: Change) -> None:
    data = {"seen_seq": "0", "text-0": "x" * 102_401}
    answer = browser_of(people.bob).post(url_of(review, change, "edit/"), data)
    assert answer.status_code == 422
    assert "102,401 bytes; 102,400 are allowed" in answer.content.decode()


def test_a_viewer_may_not_even_open_it(people: People, review: Review, change: Change) -> None:
    assert browser_of(people.carol).get(url_of(review, change, "edit/")).status_code == 403
    answer = browser_of(people.carol).post(url_of(review, change, "edit/"), {"seen_seq": "0", "text-0": "x"})
    assert answer.status_code == 403


def test_an_approved_review_opens_no_editor_but_keeps_what_was_typed(
    people: People, review: Review, change: Change
) -> None:
    decide_all(review, people.bob)
    reviews.approve_review(review, by=people.bob)
    client = browser_of(people.bob)
    assert client.get(url_of(review, change, "edit/")).status_code == 409
    answer = client.post(url_of(review, change, "edit/"), {"seen_seq": "1", "text-0": TYPED})
    assert answer.status_code == 409
    assert "No trailing blank" in answer.content.decode()


def test_foreign_fields_cannot_smuggle_a_path_in(people: People, review: Review, change: Change) -> None:
    data = {"seen_seq": "0", "text-0": TYPED, "text-1": "x", "stays-1": "on", "path-1": "/evil.md"}
    browser_of(people.bob).post(url_of(review, change, "edit/"), data)
    assert list(change.decisions.get().result) == ["/runbooks/deploy.md"]
