"""Moments for the tests of comparing: a store at the vendor that agents wrote to since, and the task that compares."""

from datetime import datetime

from django.utils import timezone

from dreams.models import Comparison, Store
from dreams.rules.moments import spell_time
from dreams.services import moments, stores
from tests.factories import agent_deletes, agent_writes, store_with
from tests.people import People
from tests.sandbox_server import Sandbox

WRONG = "# Deploy\n\nThe nightly build starts at 04:00 UTC.\nDo not deploy on Fridays.\n"


def written_since(people: People, sandbox: Sandbox) -> tuple[Store, datetime]:
    """A store, and a moment after which agents changed, added and removed a memory; in sync."""
    store = store_with(people, sandbox)
    then = timezone.now()
    agent_writes(sandbox, store, "/runbooks/deploy.md", WRONG)
    agent_writes(sandbox, store, "/people/bo.md", "Bo likes tea.\n")
    agent_deletes(sandbox, store, "/scratch/today.md")
    return stores.sync_store(store), then


def since(store: Store, then: datetime) -> tuple[str, str]:
    """That moment and now, as addresses spell them."""
    return f"at:{store.remote_id}:{spell_time(then)}", f"now:{store.remote_id}"


def url_of(before: str, after: str, more: str = "") -> str:
    """The address of what differs."""
    return f"/acme/compare/?before={before}&after={after}{more}"


def compared(store: Store, before: str, after: str) -> Comparison | None:
    """Runs the task that a page wakes; what it kept last."""
    moments.compare_moments(store.workspace, before, after)
    return Comparison.objects.order_by("-pk").first()
