"""The changes feed over very many versions, measured in turn with the emptiest signed-in page."""

import random
import statistics
import time
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from dreams.models import Membership, MemoryVersion, Session, Store, StoreLine, User, Workspace
from dreams.services.texts import keep_texts

STORES, MEMORIES, SESSIONS = 5, 2_000, 5_000


def many_versions(workspace: Workspace, count: int) -> Store:
    """That many versions of 2,000 memories in five stores of one line, each changing a line of the text before it, by
    5,000 sessions; returns one of the stores."""
    now, dice = timezone.now(), random.Random(11)
    line = StoreLine.objects.create(workspace=workspace, name="Many")
    # Not to be looked at again while this measures.
    fresh = {"workspace": workspace, "line": line, "name": "Many", "created_at": now, "checked_at": now + timedelta(1)}
    stores = [Store.objects.create(**fresh, remote_id=f"memstore_many{number}") for number in range(STORES)]
    StoreLine.objects.filter(pk=line.pk).update(current_store=stores[0])
    session = {"workspace": workspace, "status": "idle", "created_at": now, "updated_at": now}
    Session.objects.bulk_create(
        [
            Session(**session, remote_id=f"sesn_{number}", title=f"Talk {number}", agent_name=f"Agent {number % 9}")
            for number in range(SESSIONS)
        ],
        batch_size=500,
    )
    lines = [" ".join(dice.choices(["deploy", "queue", "ledger", "harbour", "Friday"], k=12)) for _ in range(10)]
    bodies = ["\n".join([*lines[:5], f"{number} {dice.choice(lines)}", *lines[5:]]) for number in range(500)]
    texts = list(keep_texts(workspace, bodies).values())
    begin = now - timedelta(days=100)

    def version(number: int) -> MemoryVersion:
        text, memory = dice.choice(texts), number % MEMORIES
        return MemoryVersion(
            store=stores[memory % STORES],
            workspace=workspace,
            remote_id=f"memver_{number}",
            memory_id=f"mem_{memory}",
            operation="modified",
            path=f"/topic-{memory % 40}/note-{memory}.md",
            sha256=text.sha256,
            size=text.size,
            created_at=begin + number * timedelta(days=100) / count,
            actor_kind="session",
            actor_id=f"sesn_{number * SESSIONS // count}",
        )

    MemoryVersion.objects.bulk_create(map(version, range(count)), batch_size=1_000)
    return stores[0]


def feed_over(count: int, client: Client, user: User) -> list[str]:
    """One line per page of the feed: p50 and p95 as multiples of those of the emptiest page, which is asked for in
    between, since the machine may be busier at one time than at another."""
    vast = Workspace.objects.create(slug="vast", name="Vast")
    Membership.objects.create(user=user, workspace=vast, role="reviewer")
    store = many_versions(vast, count)
    middle = MemoryVersion.objects.filter(workspace=vast).order_by("created_at")[count // 2].pk
    pages = {
        "Changes": "/vast/changes/?unused=on",
        "Changes of stores in use": "/vast/changes/",
        "Changes, half-way": f"/vast/changes/?unused=on&before={middle}",
        "Changes of a store": f"/vast/stores/{store.remote_id}/changes/",
        "Changes of a line": f"/vast/stores/{store.remote_id}/changes/?scope=line&unused=on",
    }
    said = []
    for name, url in pages.items():
        times: dict[str, list[float]] = {url: [], "/empty/attachments/": []}
        for turn in range(65):
            for each, spent in times.items():
                start = time.perf_counter()
                assert client.get(each).status_code == 200, each
                if turn >= 5:
                    spent.append((time.perf_counter() - start) * 1000)
        (p50, base), (p95, base95) = (
            map(statistics.median, times.values()),
            (statistics.quantiles(spent, n=20)[18] for spent in times.values()),
        )
        said.append(f"{name} of {count:,}: p50 {p50 / base:.2f}   p95 {p95 / base95:.2f}")
    return said
