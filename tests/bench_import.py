"""What importing a full store costs beside a bare loop of the same calls: the product's part of `make bench`."""

import statistics
import time

from dreams.models import Workspace
from dreams.rules.archives import Reading
from dreams.rules.paths import MAX_MEMORIES
from dreams.services import applying, restoring
from dreams.services.vendor import gateway_for
from tests.people import People

FILES = {f"/topic-{n % 40}/note-{n:04}.md": f"Note {n} of the import.\n".encode() * 40 for n in range(MAX_MEMORIES)}


def import_ratios(people: People, workspace: Workspace, rounds: int = 3) -> list[float]:
    """Seconds of an import as multiples of the bare loop's, both taken in turns: the machine may be busier at one time
    than at another."""
    return [imported(people, workspace) / bare(workspace) for _ in range(rounds)]


def bare(workspace: Workspace) -> float:
    """The calls alone: a store, its memories, and reading it again with its history as a first sync does."""
    gateway, start = gateway_for(workspace), time.perf_counter()
    store_id = gateway.create_store("bare").id
    for path, body in FILES.items():
        gateway.create_memory(store_id, path, body.decode())
    gateway.newest_version(store_id)
    for pages in (gateway.version_pages(store_id), gateway.memory_pages(store_id)):
        for _ in pages:
            pass
    gateway.newest_version(store_id)
    return time.perf_counter() - start


def imported(people: People, workspace: Workspace) -> float:
    """From the confirmation to the run that is done, the texts, the mirror and a snapshot kept on the way."""
    draft = restoring.draft_from_files(workspace, Reading(files=dict(FILES)), name="imported", by=people.dave)
    start = time.perf_counter()
    run = restoring.fill_store(restoring.confirm_draft(draft, name="imported", by=people.dave))
    assert run is not None
    applying.apply_run(run)
    run.refresh_from_db()
    assert run.state == "done", run.problem
    return time.perf_counter() - start


def report(people: People, workspace: Workspace) -> str:
    """The line that `make bench` prints."""
    ratios = import_ratios(people, workspace)
    told = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    return f"importing {len(FILES):,} memories: {statistics.median(ratios):.2f} × a bare loop of the calls ({told})"
