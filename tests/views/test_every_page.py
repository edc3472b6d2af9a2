"""Every address that can be opened: it says how old what it shows is, and stays readable while the vendor is away."""

import re

import pytest
from django.urls import URLPattern, reverse
from django.utils import timezone
from pytest_django import Settings

from dreams import urls
from dreams.models import (
    Agent,
    Change,
    Membership,
    MemoryVersion,
    Review,
    Snapshot,
    Store,
    StoreDraft,
    Workspace,
)
from dreams.services import applying, stores, sweeps
from dreams.services.snapshots import take_snapshot
from tests.factories import agent_writes, review_approved
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.attaching import attached, deployment
from tests.views.snapshotting import sent, zipped

Parts = dict[str, object]
HERE = [pattern for pattern in urls.urlpatterns if "<slug:ws>" in str(pattern.pattern)]
# Fragments that ask the vendor for one text or one turn, because somebody pressed a button: 503 with a sentence.
# The review has ended: nothing is edited or put back any more; and nothing was ever accepted together in it.
ANSWERS = {"feed-read": {200, 503}, "change-edit": {409}, "change-put-back": {409}, "review-accepted": {404}}


@pytest.fixture
def parts(people: People, sandbox: Sandbox) -> Parts:
    """A world in which every noun exists, and what stands for each part of an address."""
    review = review_approved(people, sandbox)
    deployed = deployment(sandbox, review)
    run, _ = applying.plan_review(review, by=people.dave)
    assert run is not None
    applying.confirm_run(run, digest=run.plan_digest, by=people.dave)
    applying.apply_run(run)
    review = Review.objects.get(pk=review.pk)
    attachment = attached(review, people, deployed)
    store = review.before.store
    agent_writes(sandbox, store, "/people/ana.md", "# Ana\n\n- Ana prefers long answers.\n")
    stores.sync_store(store)
    sweeps.refresh_workspace(Workspace.objects.get(pk=people.workspace.pk))
    Agent.objects.get_or_create(workspace=people.workspace, remote_id="agent_1", defaults={"name": "A", "version": 1})
    assert sent(browser_of(people.dave), zipped({"a.md": "A."}), name="notes.zip", token="t" * 32).status_code == 302
    memory = store.memories.get(path="/people/ana.md")
    version = MemoryVersion.objects.filter(store=store, memory_id=memory.remote_id).order_by("created_at").first()
    assert version is not None
    return {
        "ws": "acme",
        "store_id": store.remote_id,
        "memory_id": memory.remote_id,
        "version_id": version.remote_id,
        "sha": memory.text.sha256,
        "session_id": store.workspace.sessions.order_by("pk")[0].remote_id,
        "agent_id": "agent_1",
        "deployment_id": deployed,
        "change": Change.objects.filter(review=review).order_by("pk")[0].pk,
        "dream": review.dream_id,
        "review": review.pk,
        "panel": 0,
        "kind": "moved",
        "batch": 1,
        "run": run.pk,
        "attachment": attachment.pk,
        "attach": review.pk,
        "member": Membership.objects.get(user=people.bob).pk,
        "snapshot": take_snapshot(store, Snapshot.Why.BY_HAND).pk,
        "feed": version.pk,
        "store": StoreDraft.objects.get().pk,
    }


def address(pattern: URLPattern, parts: Parts) -> str:
    """The address with its parts filled in; `pk` is told by the noun that stands before it."""
    names = re.findall(r"<\w+:(\w+)>", str(pattern.pattern))
    noun = str(pattern.pattern).split("<int:pk>")[0].rstrip("/").rpartition("/")[2] if "pk" in names else ""
    own = {
        "import": "store",
        "changes": "feed",
        "snapshots": "snapshot",
        "dreams": "dream",
        "reviews": "review",
        "runs": "run",
        "attachments": "attachment",
        "members": "member",
    }
    query = f"?before=snapshot:{parts['snapshot']}&after=now:{parts['store_id']}" if pattern.name == "compare" else ""
    kwargs = {name: parts[own[noun] if name == "pk" else name] for name in names}
    return reverse(pattern.name or "", kwargs=kwargs) + query


def test_every_page_says_how_old_it_is_and_is_readable_while_the_vendor_is_away(
    people: People, parts: Parts, settings: Settings
) -> None:
    settings.ANTHROPIC_BASE_URL = "http://127.0.0.1:9"
    words = "The vendor cannot be reached."
    Workspace.objects.filter(slug="acme").update(outage=words, outage_since=timezone.now())
    Store.objects.update(problem=words)
    client = browser_of(people.alice)
    unread, ageless, silent, seen = [], [], [], 0
    for pattern in HERE:
        answer = client.get(address(pattern, parts))
        if answer.status_code == 405:
            continue
        if answer.status_code not in ANSWERS.get(pattern.name or "", {200, 302}):
            unread.append((pattern.name, answer.status_code))
        if answer.status_code != 200 or answer.streaming or "html" not in answer["Content-Type"]:
            continue
        body = answer.content.decode()
        if "<html" not in body:
            continue
        seen += 1
        age = body[body.index('id="mirror-age"') :].partition("</span>")[0]
        if "What you see is the mirror of" not in age:
            ageless.append((pattern.name, age))
        banner = body[body.index('class="banners"') :].partition("</section>")[0]
        if "Since" not in banner or "stays readable" not in banner:
            silent.append(pattern.name)
    assert unread == []
    assert ageless == []
    assert silent == []
    assert seen > 30


def test_it_holds_for_attachments_whose_deployment_is_gone(people: People, parts: Parts) -> None:
    people.workspace.deployments.all().delete()
    body = browser_of(people.alice).get(f"/acme/attachments/{parts['attachment']}/").content.decode()
    assert "What you see is the mirror of" in body
