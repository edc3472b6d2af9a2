"""`make bench`: hunks and words beside git's word diff, the worst pairs, and what a fragment of a difference costs."""

import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import override_settings
from django.urls import include, path
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET

from dreams.models import Change, Drawn
from dreams.queries.changes import ChangePage
from dreams.queries.findings import Findings
from dreams.render import Panel
from dreams.rules.changes import compare
from dreams.rules.words import text_diff
from dreams.views.looks import look_of
from dreams.views.lookup import MemberRequest, in_workspace
from dreams.views.reviews import find_change, find_review
from tests.corpora import dream

NOTES, RUNS, ASKED = 2_000, 7, 60
# The same words as rules.units: addresses, numbers with their signs, runs of letters, single other characters.
WORDS = (
    rb"https?://[^[:space:]]+|[0-9]+([.,:/-][0-9]+)*|[[:alpha:]_][[:alnum:]_]*"
    b"|[^[:space:]]|[\xc0-\xff][\x80-\xbf]+"
)
Stores = tuple[Mapping[str, str], Mapping[str, str]]


def report() -> str:
    """Hunks and words of a whole dream, and the worst pairs, as text."""
    made = dream(NOTES, statements=(12, 30))
    lines = [_beside_git((made.before, made.after))]
    return "\n".join([*lines, *_worst()])


def _beside_git(stores: Stores) -> str:
    """The same pairs for both: left to itself, git pairs few of the memories that a dream merged, split or retold, and
    shows the others as gone and new, with no word of theirs compared."""
    pairs = _pairs(*stores)
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    options = ["--no-index", "-M", "--word-diff=porcelain", b"--word-diff-regex=" + WORDS]
    with_git, ours, cut = [], [], []
    try:
        for number, pair in enumerate(pairs):
            for side, text in zip(("old", "new"), pair, strict=True):
                file = folder / side / f"{number}.md"
                file.parent.mkdir(exist_ok=True)
                file.write_text(text, encoding="utf-8", newline="")
        for _ in range(RUNS):
            with_git.append(_cpu(lambda: _git(folder, ["git", "diff", *options, "old", "new"])))
            ours.append(_cpu(partial(_differences, pairs)))
            cut.append(_cpu(partial(_differences, pairs, pieces=True)))
    finally:
        shutil.rmtree(folder)
    git, mine, drawn = (statistics.median(times) for times in (with_git, ours, cut))
    return (
        f"hunks and words of {len(pairs)} pairs: {mine:.0f} ms of a processor, {mine / git:.2f} of git diff -M"
        f" --word-diff with the same pairs and words (≤ 0.6); cut into pieces too {drawn / git:.2f}"
    )


def _differences(pairs: list[tuple[str, str]], *, pieces: bool = False) -> None:
    """One after the other, as pages ask for them: none is held when the next one is made."""
    for old, new in pairs:
        diff = text_diff(old, new)
        if pieces:
            for line in (line for hunk in diff.hunks for line in hunk.lines):
                assert line.pieces


def _git(folder: Path, command: list[str | bytes]) -> None:
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False, env={**os.environ, "LC_ALL": "C"})


def _pairs(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a page would draw: each modified and moved memory, each source of a merge, each part of a split."""
    found = compare(before, after)
    edges = [(path, path) for path in found.modified] + [(each.old, each.new) for each in found.moved]
    edges += [(old, each.new) for each in found.merged for old in each.olds]
    edges += [(each.old, new) for each in found.split for new in each.news]
    return [(before[old], after[new]) for old, new in edges if old in before and before[old] != after[new]]


def _worst() -> list[str]:
    twins = [f"twin {n} of the same old family" for n in range(1_000)]
    cases = {
        "one character × 100 kB": ("a" * 100_000, "b" * 100_000),
        "one character × 100 kB, one changed": ("a" * 100_000, "a" * 99_999 + "b"),
        "20,000 equal lines, a tenth others": ("x\n" * 20_000, "x\n" * 18_000 + "y\n" * 2_000),
        "20,000 equal lines, all others": ("x\n" * 20_000, "y\n" * 20_000),
        "1,000 near twins": ("\n".join(twins), "\n".join(line.replace("old", "young") for line in twins)),
        "20,000 words in one line, wrapped": ("word " * 20_000, "word\n" * 20_000),
        "20,000 sentences in one line": ("One. " * 20_000, "Two. " * 20_000),
        "32,000 CJK characters": ("日本" * 16_000, "本日" * 16_000),
    }
    works = {name: partial(text_diff, *both) for name, both in cases.items()}
    times = {name: statistics.median(_cpu(work) for _ in range(3)) for name, work in works.items()}
    return [f"  {name}: {spent:.0f} ms (≤ 250)" for name, spent in times.items()]


def _cpu(work: Callable[[], object]) -> float:
    """Milliseconds of processor time, of programs started too: what else the machine does hardly counts."""
    start = _spent()
    work()
    return (_spent() - start) * 1000


def _spent() -> float:
    programs = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + programs.ru_utime + programs.ru_stime


def _ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


@require_GET
@in_workspace
def empty_panel(request: MemberRequest, pk: int, change: int) -> HttpResponse:
    """What any fragment of a change costs: its reader, review and change, and the template with nothing in it."""
    found = find_change(find_review(request, pk), change)
    shown = ChangePage(found, [], [], [], Findings(), [], [], dreamt=True)
    panel = Panel("", "/a.md", 0, mark_safe("<table></table>"))
    context = {"workspace": request.workspace, "review": found.review, "change": found}
    context |= {"shown": shown, "panel": panel, "look": look_of(request)}
    return HttpResponse(render_to_string("reviews/_panel.html", context))


urlpatterns = [path("<slug:ws>/empty/<int:pk>/<int:change>/", empty_panel), path("", include("memorydash.urls"))]


@override_settings(ROOT_URLCONF=__name__)
def fragments(client: Client, change: Change) -> str:
    """A fragment of one memory's difference, kept and drawn anew, as multiples of an empty one; asked for in turn."""
    workspace = change.review.workspace
    url = f"/{workspace.slug}/reviews/{change.review_id}/changes/{change.pk}/memories/0/"
    empty = f"/{workspace.slug}/empty/{change.review_id}/{change.pk}/"
    times: dict[str, list[float]] = {"empty": [], "drawn": [], "kept": []}
    for turn in range(ASKED + 5):
        Drawn.objects.all().delete()
        for name, spent in times.items():
            took = _ms(partial(_asked, client, empty if name == "empty" else url))
            if turn >= 5:
                spent.append(took)
    base, drawn, kept = (statistics.median(times[name]) for name in ("empty", "drawn", "kept"))
    return (
        f"a fragment of {change.title} ({change.lines_added} lines in, {change.lines_removed} out), as multiples of an"
        f" empty one ({base:.1f} ms): kept {kept / base:.2f} (≤ 1.5), drawn {drawn / base:.2f} (≤ 3)"
    )


def _asked(client: Client, url: str) -> None:
    assert client.get(url, headers={"HX-Request": "true"}).status_code == 200, url
