"""A dream: every state in words with what happens next, live while it lasts, and the ways on from each end."""

from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import Dream, Review, Session, Store, User
from dreams.queries.dreams import about
from dreams.rules import dream_states as states
from dreams.rules.dream_words import state_words
from dreams.services import reviews
from tests.factories import dream_completed, dream_requested, put_session, review_open, store_with, sweep_now, until
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.dreaming import dream_row, session_row
from tests.views.pages import assert_fragment, assert_members_only, assert_only

HTMX = {"HX-Request": "true"}


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


def url(dream: Dream) -> str:
    return f"/acme/dreams/{dream.pk}/"


def page(user: User, address: str) -> str:
    answer = browser_of(user).get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def fragment(user: User, address: str) -> str:
    return unescape(browser_of(user).get(address, headers=HTMX).content.decode())


def test_members_read_it_and_nobody_else(people: People, store: Store) -> None:
    dream = dream_row(store, session_row(store))
    assert_members_only(people, url(dream))
    assert_only(people, url(dream), "get")
    assert_fragment(people, url(dream), "dream")
    assert browser_of(people.alice).get("/acme/dreams/99999/").status_code == 404
    assert browser_of(people.mallory).get(f"/acme-rival/dreams/{dream.pk}/").status_code == 404


@pytest.mark.parametrize("state", sorted(states.DREAM_STATES.words))
def test_every_state_is_told_in_words_and_is_live_until_it_is_final(people: People, store: Store, state: str) -> None:
    dream = dream_row(store, session_row(store), state=state, by=people.dave)
    body = page(people.carol, url(dream))
    assert state_words(state) in body
    assert states.DREAM_STATES.words[state] in body
    assert ('hx-trigger="every 2s"' in body) is (state in states.UNFINISHED)


def test_a_failed_start_says_its_problem_and_that_it_is_tried_again(people: People, store: Store) -> None:
    dream = dream_row(store, state=states.REQUESTED, problem="The API did not answer in time.")
    body = page(people.carol, url(dream))
    assert "The API did not answer in time." in body
    assert "It is tried again by itself." in body


def test_a_start_without_an_answer_never_promises_to_be_tried_again(people: People, store: Store) -> None:
    dream = dream_row(store, state=states.UNKNOWN, problem="The connection to the API was lost.")
    body = page(people.carol, url(dream))
    assert "The connection to the API was lost." in body
    assert "never sent a second time" in body
    assert "tried again by itself" not in body


def test_it_is_followed_from_the_request_to_its_review(people: People, sandbox: Sandbox, store: Store) -> None:
    dream = dream_requested(people, sandbox, store, [put_session(sandbox, store)])
    body = fragment(people.carol, url(dream))
    assert "Asked for by Dave" in body
    assert "every 2s" in body
    until(lambda: Review.objects.filter(dream=dream).exists(), lambda: sweep_now(store.workspace))
    body = fragment(people.carol, url(dream))
    assert "every 2s" not in body
    for words in ("The store was kept for comparison", "5 memories", "Sent to the vendor", "Completed", "was read"):
        assert words in body
    assert "tokens read and written anew" in body
    assert "It left the store" in body


def test_looking_again_asks_the_vendor_nothing(people: People, sandbox: Sandbox, store: Store) -> None:
    dream = dream_row(store, session_row(store), state=states.RUNNING, pipeline_session_id="sesn_own")
    sandbox.requests(clear=True)
    page(people.carol, url(dream))
    fragment(people.carol, url(dream))
    assert sandbox.requests() == []


def test_the_head_comes_again_only_when_something_changed(people: People, store: Store) -> None:
    dream = dream_row(store, state=states.RUNNING)
    body = fragment(people.carol, url(dream))
    assert 'id="dream-head" hx-swap-oob="true"' in body
    seen = body.split("?seen=")[1].split('"')[0]
    assert "dream-head" not in fragment(people.carol, f"{url(dream)}?seen={seen}")
    Dream.objects.filter(pk=dream.pk).update(state=states.COMPLETED, ended_at=timezone.now())
    assert "dream-head" in fragment(people.carol, f"{url(dream)}?seen={seen}")


def test_an_output_that_is_still_being_read_keeps_the_page_looking(people: People, store: Store) -> None:
    dream = dream_row(store, next_check_at=timezone.now())
    assert "every 2s" in page(people.carol, url(dream))


def test_a_failure_is_explained_and_its_partial_output_linked(people: People, store: Store) -> None:
    left = Store.objects.create(
        workspace=store.workspace, line=store.line, remote_id="memstore_left", name="left", created_at=timezone.now()
    )
    dream = dream_row(store, state=states.FAILED, error_type="timeout", error_message="late", output_store=left)
    body = page(people.carol, url(dream))
    assert "It took longer than the vendor allows." in body
    assert "partly rewritten. No agent reads it" in body
    assert "/acme/stores/memstore_left/" in body


def test_a_canceled_dream_into_the_store_itself_warns_of_half_rewritten_memories(people: People, store: Store) -> None:
    dream = dream_row(store, state=states.CANCELED, updates_existing=True, output_store=store)
    body = page(people.carol, url(dream))
    assert "the store may be half rewritten" in body
    assert "Nothing that agents read has changed" not in body


@pytest.mark.parametrize("state", [states.NOT_CREATED, states.FAILED, states.CANCELED])
def test_a_dream_that_came_to_nothing_can_be_started_again(people: People, store: Store, state: str) -> None:
    dream = dream_row(store, state=state, problem="The vendor refused it.")
    assert f"/acme/stores/{store.remote_id}/dream/?again={dream.pk}" in page(people.dave, url(dream))
    assert "The vendor refused it." in page(people.dave, url(dream))
    assert "?again=" not in page(people.carol, url(dream))


def test_cancel_is_offered_by_role_and_state_with_the_reason(people: People, store: Store) -> None:
    running, lost = dream_row(store, state=states.RUNNING), dream_row(store, state=states.UNKNOWN)
    assert f'action="{url(running)}cancel/"' in page(people.dave, url(running))
    assert "To cancel dreams you need the role operator" in page(people.carol, url(running))
    assert "It can be canceled once the vendor has confirmed it." in page(people.dave, url(lost))


def test_a_completed_dream_found_elsewhere_offers_its_review(people: People, sandbox: Sandbox, store: Store) -> None:
    dream = dream_completed(people, sandbox, store, [put_session(sandbox, store)])
    Review.objects.all().delete()
    Dream.objects.filter(pk=dream.pk).update(origin=Dream.Origin.FOUND)
    assert f'action="{url(dream)}review/"' in page(people.bob, url(dream))
    assert "To decide changes you need the role reviewer" in page(people.carol, url(dream))
    reviews.open_review(Dream.objects.get(pk=dream.pk), by=people.bob)
    assert f"/acme/reviews/{Review.objects.get().pk}/" in page(people.carol, url(dream))


def test_another_open_review_of_the_line_is_to_be_superseded_or_waited_for(people: People, sandbox: Sandbox) -> None:
    review = review_open(people, sandbox)
    store = review.dream.store
    dream = dream_completed(people, sandbox, store, [put_session(sandbox, store)])
    body = page(people.bob, url(dream))
    assert "Another review of this store is open" in body
    assert f"{url(dream)}review/?supersede={review.pk}" in body
    assert "every 2s" not in body
    assert "To discard reviews you need the role reviewer" in page(people.carol, url(dream))


def test_the_latest_events_are_read_from_the_vendor_on_demand(people: People, sandbox: Sandbox, store: Store) -> None:
    dream = dream_completed(people, sandbox, store, [put_session(sandbox, store)])
    assert "Show the latest events" in page(people.carol, url(dream))
    sandbox.requests(clear=True)
    body = page(people.carol, f"{url(dream)}?events=1")
    assert "This is the sandbox stand-in, not Claude" in body
    assert [r["path"] for r in sandbox.requests()] == [f"/v1/sessions/{dream.pipeline_session_id}/events"]
    part = fragment(people.carol, f"{url(dream)}?events=1")
    assert part.strip().startswith('<section class="section section--full" id="events">')
    assert "<html" not in part
    assert part.count('class="tool"') + part.count('class="message"') + part.count('class="prose"') <= 30


def test_whoever_follows_a_dream_from_its_start_may_look_at_its_events_without_reloading(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    dream = dream_row(store, session_row(store), state=states.LAUNCHING, by=people.dave)
    seen = about(dream).mark
    assert "Show the latest events" not in fragment(people.carol, f"{url(dream)}?seen={seen}")
    Dream.objects.filter(pk=dream.pk).update(state=states.RUNNING, remote_id="drm_1")
    assert "Show the latest events" in fragment(people.carol, f"{url(dream)}?seen={seen}")
    dream.refresh_from_db()
    assert "Show the latest events" not in fragment(people.carol, f"{url(dream)}?seen={about(dream).mark}")


def test_events_that_cannot_be_read_are_a_sentence_on_the_page(people: People, sandbox: Sandbox, store: Store) -> None:
    early, late = (
        dream_row(store, state=states.RUNNING, pipeline_session_id=own) for own in ("", "sesn_the_vendor_lost")
    )
    assert "has not begun a session for this dream yet" in page(people.carol, f"{url(early)}?events=1")
    assert "The API does not find it" in page(people.carol, f"{url(late)}?events=1")


def test_its_sessions_are_listed_even_when_the_mirror_does_not_know_them(people: People, store: Store) -> None:
    known, unlisted = session_row(store, title="<b>Known</b>"), Session(remote_id="sesn_unlisted")
    body = browser_of(people.carol).get(url(dream_row(store, known, unlisted))).content.decode()
    assert "&lt;b&gt;Known&lt;/b&gt;" in body
    assert f"/acme/sessions/{known.remote_id}/" in body
    assert "sesn_unlisted" in body


def test_the_number_of_queries_does_not_grow_with_the_sessions(people: People, store: Store) -> None:
    client, counts = browser_of(people.carol), []
    for number in (3, 30):
        dream = dream_row(store, *[session_row(store) for _ in range(number)], state=states.RUNNING)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url(dream)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
