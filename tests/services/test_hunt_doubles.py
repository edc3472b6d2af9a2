"""Asked twice in the same moment: a double click, a form that a browser sends again."""

from dreams.models import Dream
from dreams.services import dreams, sessions
from tests.factories import put_session, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox


def test_the_same_dream_asked_for_twice_is_one_dream(people: People, sandbox: Sandbox) -> None:
    sandbox.state.speed = 0.001
    store = store_with(people, sandbox)
    ids = [put_session(sandbox, store), put_session(sandbox, store)]
    sessions.refresh_sessions(people.workspace)
    form = {"sessions": ids, "model": "claude-opus-4-8", "instructions": ""}
    url = f"/acme/stores/{store.remote_id}/dream/"
    first, second = (browser_of(people.dave).post(url, form) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Dream.objects.filter(store=store).count() == 1
    other = browser_of(people.dave).post(url, form | {"sessions": ids[:1]})
    assert other["Location"] != first["Location"]
    dreams.request_dream(store, session_ids=ids, model="claude-opus-4-8", instructions="", by=people.alice)
    assert Dream.objects.filter(store=store).count() == 3
