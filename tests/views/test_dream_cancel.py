"""Canceling a dream: at the vendor when it has it, here when it was not sent yet, and never twice."""

import pytest

from dreams.models import Dream, Store
from dreams.rules import dream_states as states
from tests.factories import dream_requested, put_session, store_with, sweep_now, until
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.dreaming import dream_row
from tests.views.pages import assert_members_only, assert_only


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


def url(dream: Dream) -> str:
    return f"/acme/dreams/{dream.pk}/cancel/"


def test_only_operators_of_the_workspace_may(people: People, store: Store) -> None:
    dream = dream_row(store, state=states.REQUESTED)
    assert_members_only(people, url(dream), method="post")
    assert_only(people, url(dream), "post")
    dream = dream_row(store, state=states.REQUESTED)
    for person in (people.carol, people.bob):
        assert browser_of(person).post(url(dream)).status_code == 403
    dream.refresh_from_db()
    assert dream.state == states.REQUESTED


def test_what_was_not_sent_is_taken_back(people: People, store: Store) -> None:
    dream = dream_row(store, state=states.REQUESTED)
    answer = browser_of(people.dave).post(url(dream), follow=True)
    dream.refresh_from_db()
    assert dream.state == states.NOT_CREATED
    assert "Taken back: nothing was sent to the vendor." in answer.content.decode()


def test_a_running_dream_is_canceled_at_the_vendor(people: People, sandbox: Sandbox, store: Store) -> None:
    sandbox.state.speed = 0.001
    dream = dream_requested(people, sandbox, store, [put_session(sandbox, store)])
    until(
        lambda: Dream.objects.filter(pk=dream.pk, state__in=states.FOLLOWED).exists(),
        lambda: sweep_now(store.workspace),
    )
    answer = browser_of(people.dave).post(url(dream), follow=True)
    dream.refresh_from_db()
    assert dream.state == states.CANCELED
    assert "Canceled. What it had written so far stays in its copy." in answer.content.decode()


def test_one_that_has_ended_is_refused_in_words(people: People, store: Store) -> None:
    answer = browser_of(people.dave).post(url(dream_row(store)))
    assert answer.status_code == 409
    assert "This dream has already ended." in answer.content.decode()


def test_a_vendor_that_is_away_is_said(people: People, sandbox: Sandbox, store: Store) -> None:
    dream = dream_row(store, state=states.RUNNING)
    sandbox.faults([{"method": "*", "path": "/v1/dreams/*", "times": 9, "kind": "status", "status": 529}])
    answer = browser_of(people.dave).post(url(dream))
    assert answer.status_code == 503
    assert "The API had an internal failure." in answer.content.decode()
