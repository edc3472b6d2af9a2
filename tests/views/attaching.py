"""What the tests of the attachment pages share: a deployment of the line, and asking for it as a person does."""

from typing import Any

from django.test import Client

from dreams.models import Attachment, Review, Store
from dreams.services import attachments as service
from tests.people import People
from tests.sandbox import seeds
from tests.sandbox_server import Sandbox


def mount(store: Store, **more: Any) -> dict[str, Any]:
    """A store as a deployment's resource."""
    entry = {"type": "memory_store", "memory_store_id": store.remote_id, "access": "read_write", "instructions": None}
    return entry | more


def deployment(sandbox: Sandbox, review: Review, name: str = "triage", **changes: Any) -> str:
    """A deployment at the vendor that mounts the dream's input, mirrored; its id."""
    resources = changes.pop("resources", [mount(review.before.store)])
    made = seeds.deployment(sandbox.state, name=name, resources=resources, **changes)
    service.prepare_attachment(review)
    return str(made["id"])


def form_of(review: Review, *deployment_ids: str) -> dict[str, Any]:
    """What the form sends when these are ticked, over what is mirrored now."""
    seen = {offer.deployment.remote_id: offer.before_digest for offer in service.offers_for(review)}
    return {
        "drift": service.drift_digest(service.written_since(review), review),
        "chosen": [f"{id} {seen[id]}" for id in deployment_ids],
    }


def attached(review: Review, people: People, deployment_id: str) -> Attachment:
    """That deployment asked for by Dave and attached."""
    form = form_of(review, deployment_id)
    chosen = dict(value.split(" ") for value in form["chosen"])
    [made] = service.attach_store(review, chosen=chosen, seen_drift=form["drift"], by=people.dave)
    service.attach_one(made)
    return Attachment.objects.get(pk=made.pk)


def page_of(client: Client, url: str, status: int = 200) -> str:
    """The page's text with single spaces."""
    answer = client.get(url)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())
