"""The whole product with a key that may not dream: everything else works, and no page offers what cannot be done."""

import re
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import resolve

from dreams.models import Change, Memory, MemoryVersion, Review, Snapshot, Store, Workspace
from dreams.rules import review_states
from dreams.services import stores, sweeps, workspaces
from tests.factories import NOTES, agent_writes, put_session, put_store
from tests.people import People, browser_of
from tests.sandbox import seeds
from tests.sandbox_server import Sandbox

KEY = "sk-test-nodreams-not-a-real-key"
pytestmark = pytest.mark.django_db(transaction=True)  # what is queued runs at its commit, as in a worker


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    """A store with a session and a deployment, read with that key."""
    workspace = workspaces.connect_key(people.workspace, KEY, by=people.alice)
    store_id = put_store(sandbox, NOTES)
    stores.refresh_stores(workspace)
    store = Store.objects.get(remote_id=store_id)
    mounted = {"type": "memory_store", "memory_store_id": store_id, "access": "read_write", "instructions": None}
    seeds.deployment(sandbox.state, name="triage", resources=[mounted])
    put_session(sandbox, store)
    sweeps.attempt(sweeps.refresh_workspace, workspace)
    return stores.sync_store(store)


def shown(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return answer.content.decode()


def test_the_workspace_says_that_dreams_are_refused_and_how_to_ask(people: People, store: Store) -> None:
    assert Workspace.objects.get(slug="acme").dreams_refused_at is not None
    client, base = browser_of(people.dave), f"/acme/stores/{store.remote_id}/"
    for url in (f"{base}dream/", "/acme/dreams/", f"{base}health/", "/acme/settings/"):
        page = shown(client, url)
        assert "Ask for access" in page, url
        assert "Look again" in page, url
        assert "Everything else works without" in page, url
    new = shown(client, f"{base}dream/")
    assert re.search(r"<button[^>]*disabled[^>]*>(?:(?!</button>).)*Start the dream", new)
    head = shown(client, base)
    assert "Review what was written" in head
    assert "New dream" not in head
    answer = client.post("/acme/dreams/recheck/", follow=True)
    assert "still offers no dreams" in answer.content.decode()


def test_a_wrong_write_is_seen_compared_reviewed_and_taken_back(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    bob, dave, base = browser_of(people.bob), browser_of(people.dave), f"/acme/stores/{store.remote_id}/"
    assert dave.post(f"{base}snapshots/take/").status_code == 302
    before = Snapshot.objects.filter(store=store).latest("pk")
    agent_writes(sandbox, store, "/people/ana.md", NOTES["/people/ana.md"].replace("short", "endless"))
    stores.sync_store(store)

    assert "endless" in shown(bob, f"{base}changes/")
    assert "endless" in shown(bob, "/acme/changes/")
    assert "/people/ana.md" in shown(bob, "/acme/search/?q=endless")
    pair = {"before": f"snapshot:{before.pk}", "after": f"now:{store.remote_id}"}
    shown(bob, f"/acme/compare/?before={pair['before']}&after={pair['after']}")
    assert dave.post("/acme/compare/review/", pair).status_code == 302
    review = Review.objects.get(dream=None)
    assert "endless" in shown(bob, f"/acme/reviews/{review.pk}/")
    for change in Change.objects.filter(review=review, state=review_states.UNDECIDED):
        answer = bob.post(
            f"/acme/reviews/{review.pk}/changes/{change.pk}/decide/", {"outcome": "kept", "seen_seq": change.seq}
        )
        assert answer.status_code in (200, 302)
    assert bob.post(f"/acme/reviews/{review.pk}/approve/").status_code == 302
    review.refresh_from_db()
    assert review.state == review_states.APPROVED
    assert dave.post(f"/acme/reviews/{review.pk}/plan/").status_code == 302
    run = review.runs.get()
    assert dave.post(f"/acme/runs/{run.pk}/confirm/", {"digest": run.plan_digest}).status_code == 302
    memory = sandbox.state.memory_at(store.remote_id, "/people/ana.md")
    assert memory is not None
    assert memory["content"] == NOTES["/people/ana.md"]


def test_one_memory_is_restored_from_its_versions(people: People, sandbox: Sandbox, store: Store) -> None:
    client, base = browser_of(people.dave), f"/acme/stores/{store.remote_id}/"
    agent_writes(sandbox, store, "/people/ana.md", "Wrong.")
    stores.sync_store(store)
    memory = Memory.objects.get(store=store, path="/people/ana.md")
    first = MemoryVersion.objects.filter(store=store, memory_id=memory.remote_id).order_by("created_at", "pk")[0]
    shown(client, f"{base}memories/{memory.remote_id}/versions/")
    page = shown(client, f"{base}versions/{first.remote_id}/restore/")
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)"[^>]*value="([^"]*)"', page))
    fields.pop("csrfmiddlewaretoken", None)
    answer = client.post(f"{base}versions/{first.remote_id}/restore/", fields)
    assert answer.status_code == 302, answer.content.decode()
    restored = sandbox.state.memory_at(store.remote_id, "/people/ana.md")
    assert restored is not None
    assert restored["content"] == NOTES["/people/ana.md"]


def test_every_link_and_every_form_of_every_page_leads_somewhere(
    people: People, sandbox: Sandbox, store: Store
) -> None:
    """Walks the product by its links from the inbox on: one address of each shape."""
    client, seen, waiting, names = browser_of(people.alice), set(), ["/acme/"], set()
    while waiting:
        url = waiting.pop()
        answer = client.get(url)
        assert answer.status_code in (200, 302), (url, answer.status_code)
        if answer.status_code == 302 or answer.streaming or "html" not in answer["Content-Type"]:
            continue
        foreign = r"<(pre|code|q)\b.*?</\1>|<div class=\"prose\">.*?</div>"
        body = re.sub(foreign, "", answer.content.decode(), flags=re.DOTALL)
        for action in re.findall(r'<form[^>]* (?:action|formaction)="([^"]+)"', body):
            resolve(urlsplit(action.replace("&amp;", "&")).path)
        for href in re.findall(r'<a[^>]* href="(/[^"]*)"', body):
            path, _, query = href.replace("&amp;", "&").partition("?")
            shape = (resolve(path.partition("#")[0]).url_name, tuple(sorted(re.findall(r"(\w+)=", query))))
            if shape not in seen and not path.startswith("/account/"):
                seen.add(shape)
                names.add(shape[0])
                waiting.append(href.replace("&amp;", "&").partition("#")[0])
    wanted = {"inbox", "store-list", "store-detail", "store-feed", "store-health", "store-sessions", "snapshot-list"}
    wanted |= {"store-compare", "feed", "dream-list", "session-list", "agent-list", "attachment-list", "search"}
    wanted |= {"memory-detail", "memory-versions", "session-detail", "dream-create", "budget", "workspace-settings"}
    assert wanted <= names
