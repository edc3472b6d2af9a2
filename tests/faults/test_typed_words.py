"""What a person typed survives every answer of the vendor: the form comes back with it and with a sentence."""

import pytest

from dreams.models import Memory, Store
from tests.factories import store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox

TYPED = "Half an hour of typing, kept."
WRITES = "/v1/memory_stores/*/memories*"
FAULTS = [
    ({"kind": "status", "status": 429, "retry_after": 9}, 503, "slow down"),
    ({"kind": "status", "status": 500}, 409, "is not there"),
    ({"kind": "reset"}, 409, "is not there"),
    ({"kind": "status", "status": 401}, 409, "key"),
    ({"kind": "status", "status": 413}, 409, "too large"),
]


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox, {"/a.md": "First\n"})


@pytest.mark.parametrize(("fault", "status", "words"), FAULTS, ids=lambda value: str(value)[:24])
@pytest.mark.parametrize("page", ["create", "edit", "rename"])
def test_a_write_that_fails_shows_the_form_again_with_what_was_typed(
    people: People, sandbox: Sandbox, store: Store, page: str, fault: dict[str, object], status: int, words: str
) -> None:
    memory = Memory.objects.select_related("text").get(store=store)
    base = f"/acme/stores/{store.remote_id}/memories/"
    seen = {"seen_sha": memory.text.sha256}
    url, form = {
        "create": (f"{base}new/", {"path": "/new.md", "content": TYPED}),
        "edit": (f"{base}{memory.remote_id}/edit/", {"content": TYPED, **seen}),
        "rename": (f"{base}{memory.remote_id}/rename/", {"path": "/half-an-hour-of-typing.md", **seen}),
    }[page]
    sandbox.faults([{"method": "POST", "path": WRITES, **fault}])
    answer = browser_of(people.alice).post(url, form)
    shown = answer.content.decode()
    assert answer.status_code == status
    assert form.get("content", form.get("path")) in shown
    assert words in shown
    assert {m["path"]: m["content"] for m in sandbox.state.memories(store.remote_id)} == {"/a.md": "First\n"}
