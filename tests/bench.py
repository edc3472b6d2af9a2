"""`make bench [SAMPLES=folder]`: what the vendor is asked for, and what pages cost beside the emptiest signed-in page.

Everything is measured in one run against the stand-in, as ratios of medians where times are compared, since the
machines this runs on are noisy. SAMPLES is a folder of text files to import; without it 1,472 notes are generated.
"""

import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

SAMPLES = Path(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] else None
RUNS = 60

os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="memorydash-bench-")
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django  # noqa: E402

django.setup()

from celery import current_app  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from dreams.models import Membership, Review, Session, Store, User, Workspace  # noqa: E402
from dreams.services import dreams, memories, stores, sweeps  # noqa: E402
from sandbox import loading  # noqa: E402
from tests import bench_engine, bench_feed, bench_fragments, bench_import, bench_merge  # noqa: E402
from tests.factories import connect, sweep_now, until  # noqa: E402
from tests.people import browser_of, make_people  # noqa: E402
from tests.sandbox_server import Sandbox  # noqa: E402
from tests.searching import common_asks, many_memories  # noqa: E402


def generated(folder: Path) -> Path:
    """1,472 notes of about a kilobyte, the same at every run."""
    words, known = random.Random(7), ["deploy", "queue", "ledger", "harbour", "token", "invoice", "Friday"]
    for number in range(1472):
        lines = [" ".join(words.choice(known) for _ in range(12))]
        path = folder / f"topic-{number % 40}" / f"note-{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Note {number}\n\n" + "\n".join(f"{line} {number}" for line in lines * 10))
    return folder


def calls(sandbox: Sandbox) -> int:
    return len([r for r in sandbox.requests(clear=True) if r["path"].startswith("/v1/")])


def median_and_p95(client: Client, url: str) -> tuple[float, float]:
    """Milliseconds of one GET; the first ones, which warm up, are left out."""
    times = []
    for number in range(RUNS + 5):
        start = time.perf_counter()
        assert client.get(url).status_code == 200, url
        if number >= 5:
            times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times), statistics.quantiles(times, n=20)[18]


def search_over(count: int, client: Client, user: User) -> tuple[list[float], list[float]]:
    """Milliseconds of searches over so many memories, each of the common ones ten times, and of the emptiest page in
    between: the machine may be busier at one time than at another."""
    large = Workspace.objects.create(slug="large", name="Large")
    Membership.objects.create(user=user, workspace=large, role="reviewer")
    many_memories(large, count)
    searches, others = [], []
    for turn in range(11):
        for ask in common_asks():
            for times, url, asked in ((searches, "/large/search/", ask), (others, "/empty/attachments/", {})):
                start = time.perf_counter()
                assert client.get(url, asked).status_code == 200, (url, asked)
                if turn:
                    times.append((time.perf_counter() - start) * 1000)
    return searches, others


def main() -> None:
    print(bench_engine.report(SAMPLES) + "\n")
    print(bench_merge.report() + "\n")
    print(bench_fragments.report() + "\n")
    call_command("migrate", verbosity=0)
    current_app.conf.task_always_eager = False
    settings.CELERY_BROKER_URL = "memory://"
    with Sandbox(demo=True, speed=2000) as sandbox:
        settings.ANTHROPIC_BASE_URL = sandbox.url
        folder = SAMPLES or generated(Path(os.environ["DATA_DIR"]) / "notes")
        loading.load_folder(sandbox.state, "samples", folder)
        people = make_people()
        workspace = connect(people)
        sandbox.requests(clear=True)

        stores.refresh_stores(workspace)
        lists = calls(sandbox)
        store = stores.sync_store(Store.objects.get(name="samples"))
        print(f"first import of {store.memory_count}: {lists} call for the list, {calls(sandbox)} for the store")
        stores.sync_store(store)
        print(f"unchanged: {calls(sandbox)} call")
        for memory in list(store.memories.select_related("text", "store__workspace")[:5]):
            memories.edit_memory(
                memory, content=memory.text.text + "\nmore", seen_sha=memory.text.sha256, by=people.dave
            )
        calls(sandbox)
        store = stores.sync_store(store)
        print(f"five memories changed: {calls(sandbox)} calls")

        for _ in range(3):
            sweeps.sweep()
        calls(sandbox)
        Workspace.objects.update(next_check_at=timezone.now())
        sweeps.sweep()
        lists = calls(sandbox)
        live = Store.objects.filter(gone_at=None).count()
        hourly = lists * 6 + live * 3600 / settings.STORE_CHECK_SECONDS
        print(f"idle hour: {lists} calls for the lists every ten minutes, one per store every quarter: {hourly:.0f}")

        session_ids = list(Session.objects.filter(status="idle").values_list("remote_id", flat=True)[:34])
        dream = dreams.request_dream(
            store, session_ids=session_ids, model="claude-opus-4-8", instructions="", by=people.dave
        )
        until(lambda: Review.objects.filter(dream=dream).exists(), lambda: sweep_now(workspace), seconds=120)
        review = Review.objects.get(dream=dream)
        print(f"a dream over it, followed to its review of {review.changes.count()} changes: {calls(sandbox)} calls")

        print(bench_import.report(people, workspace))

        empty = Workspace.objects.create(slug="empty", name="Empty")
        Membership.objects.create(user=people.bob, workspace=empty, role="reviewer")
        client = browser_of(people.bob)
        base, base95 = median_and_p95(client, "/empty/attachments/")
        print(f"\nthe emptiest signed-in page: p50 {base:.1f} ms, p95 {base95:.1f} ms; the others as multiples of it")
        pages = {
            "Inbox": "/acme/",
            "Stores": "/acme/stores/",
            f"Store of {store.memory_count}": f"/acme/stores/{store.remote_id}/",
            "Dreams": "/acme/dreams/",
            f"Review of {review.changes.count()}": f"/acme/reviews/{review.pk}/",
        }
        for name, url in pages.items():
            p50, p95 = median_and_p95(client, url)
            size = len(client.get(url).content) / 1024
            print(f"{name:18} p50 {p50 / base:5.2f}   p95 {p95 / base95:5.2f}   {size:.0f} kB")

        both = search_over(100_000, client, people.bob)
        p50, base = map(statistics.median, both)
        p95, base95 = (statistics.quantiles(times, n=20)[18] for times in both)
        print(f"{len(common_asks())} searches of 100,000 memories: p50 {p50 / base:.2f}   p95 {p95 / base95:.2f}")
        change = review.changes.filter(kind="modified").first() or review.changes.exclude(kind="unchanged")[0]
        print(bench_fragments.fragments(client, change))
        print("\n".join(bench_feed.feed_over(100_000, client, people.bob)))


if __name__ == "__main__":
    main()
