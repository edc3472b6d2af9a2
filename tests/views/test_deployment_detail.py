"""One deployment: when it runs, what it mounts with which access, and each thing that is broken or about to break."""

from html import unescape

import pytest
from django.utils import timezone

from dreams.models import Agent, Deployment, Store
from tests.factories import store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.agenting import agent_row, deployment_row
from tests.views.dreaming import session_row
from tests.views.pages import assert_members_only, assert_only


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


@pytest.fixture
def desk(people: People, store: Store) -> Deployment:
    return deployment_row(people.workspace, "desk", agent_row(people.workspace, "Quill"), store.remote_id)


def page(people: People, deployment: Deployment) -> str:
    answer = browser_of(people.carol).get(f"/acme/deployments/{deployment.remote_id}/")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_members_read_it_and_nobody_else(people: People, desk: Deployment) -> None:
    url = f"/acme/deployments/{desk.remote_id}/"
    assert_members_only(people, url)
    assert_only(people, url, "get")
    assert browser_of(people.alice).get("/acme/deployments/depl_none/").status_code == 404
    assert browser_of(people.mallory).get(f"/acme-rival/deployments/{desk.remote_id}/").status_code == 404


def test_one_that_is_well_says_what_it_mounts_and_warns_of_nothing(
    people: People, store: Store, desk: Deployment
) -> None:
    session_row(store, deployment_id=desk.remote_id)
    body = page(people, desk)
    for words in (
        f'href="/acme/stores/{store.remote_id}/"',
        "reads and writes",
        "1 of 8 memory stores",
        "it has no schedule",
        "?deployment=depl_desk",
        "Quill</a>, version 3",
    ):
        assert words in body
    assert 'class="notice"' not in body


def test_its_schedule_and_next_runs_are_told(people: People, desk: Deployment) -> None:
    runs = ["2027-01-02T03:04:00Z", "soon", None]
    schedule = {"type": "cron", "expression": "4 3 * * *", "timezone": "Europe/Lisbon", "upcoming_runs_at": runs}
    Deployment.objects.filter(pk=desk.pk).update(schedule=schedule)
    body = page(people, desk)
    assert "4 3 * * * in Europe/Lisbon" in body
    assert "next: 2 January 2027, 03:04 UTC" in body
    assert body.count("next: ") == 1


def test_a_paused_one_says_why(people: People, desk: Deployment) -> None:
    Deployment.objects.filter(pk=desk.pk).update(status="paused", paused_reason="error: memory_store_archived_error")
    assert "The vendor paused it: a memory store that it mounts is archived." in page(people, desk)


def test_every_broken_or_breaking_thing_has_a_sentence_and_an_advice(
    people: People, store: Store, desk: Deployment
) -> None:
    now = timezone.now()

    def another(name: str, **head: object) -> str:
        row = {"workspace": store.workspace, "remote_id": f"memstore_{name}", "name": name, "created_at": now}
        return Store.objects.create(**{**row, "line": store.line, **head}).remote_id

    ids = [another("shelved", archived_at=now), another("erased", gone_at=now), "memstore_never_seen", another("old")]
    many = [{"type": "memory_store", "memory_store_id": id} for id in (store.remote_id, *ids, "m6", "m7", "m8")]
    many[0]["access"] = "read_write"
    Store.objects.filter(pk=store.pk).update(memory_count=1_950)
    Agent.objects.update(version=5)
    repository = {"type": "github_repository", "url": "https://git.example/x"}
    Deployment.objects.filter(pk=desk.pk).update(resources=[*many, repository])
    body = page(people, desk)
    for words in (
        "The store shelved is archived: sessions with it fail to start.",
        "The store erased was deleted",
        "The store memstore_never_seen is not in the list",
        f"The store old is not the current one of its line; that is {store.name}.",
        f"The store {store.name} holds 1,950 of 2,000 memories: soon agents can add none.",
        "It mounts 8 memory stores, as many as a session may (8).",
        "It runs version 3 of Quill; the newest is 5.",
        "Besides: github repository https://git.example/x.",
    ):
        assert words in body
    assert body.index('data-tone="bad"') < body.index('data-tone="warn"')
    assert "Attach the current one" in body


def test_one_that_ended_is_no_trouble_any_more(people: People, desk: Deployment) -> None:
    Agent.objects.update(archived_at=timezone.now())
    assert "Its agent Quill is archived" in page(people, desk)
    Deployment.objects.filter(pk=desk.pk).update(gone_at=timezone.now())
    body = page(people, desk)
    assert "no longer lists this deployment" in body
    assert "Its agent Quill is archived" not in body


def test_hostile_instructions_are_text(people: People, desk: Deployment) -> None:
    attack = '"><script>alert(1)</script>'
    entry = {"type": "memory_store", "memory_store_id": attack, "access": attack, "instructions": attack}
    Deployment.objects.filter(pk=desk.pk).update(resources=[entry], status=attack, name=attack)
    answer = browser_of(people.carol).get(f"/acme/deployments/{desk.remote_id}/").content.decode()
    assert "<script>alert" not in answer
