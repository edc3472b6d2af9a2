"""Reads of a plan of writes: its steps and how far they got, what each does to the bytes, who reads the store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils.safestring import SafeString

from dreams import render
from dreams.models import (
    ApplyRun,
    ApplyStep,
    Deployment,
    Entry,
    Memory,
    MemoryVersion,
    Snapshot,
    Store,
    Text,
    Workspace,
)
from dreams.rules.words import text_diff

# Differences that the page of a drifted store shows; the rest is listed by path.
DRIFT_SHOWN = 20
ACTIVE = (ApplyRun.State.CONFIRMED, ApplyRun.State.RUNNING)
_State = ApplyStep.State
# The glyph of what a step does to its memory.
KINDS = {"create": "added", "update": "modified", "delete": "removed"}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many steps a plan has: by what they do, and by how far they are. `left`: memories of a manifest that cannot
    be made, since their text was purged or is not known; whatever stands there stays."""

    total: int
    creates: int
    updates: int
    deletes: int
    done: int
    blocked: int
    left: int

    @property
    def open(self) -> int:
        """Steps that were not done."""
        return self.total - self.done

    @property
    def writes(self) -> int:
        """Memories that are written, new or old."""
        return self.creates + self.updates


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step as the list shows it. `memory_id` leads to the memory as it stands now ("" when there is none),
    `diff` is what it does to the bytes, for the one step that was asked for."""

    step: ApplyStep
    memory_id: str
    version_id: str
    diff: SafeString | None

    @property
    def kind(self) -> str:
        """The glyph of what it does."""
        return KINDS[self.step.op]


def find_runs(workspace: Workspace) -> QuerySet[ApplyRun]:
    """Runs with what their page reads of them."""
    return ApplyRun.objects.filter(target__workspace=workspace).select_related(
        *("review", "review__workspace", "review__line", "target__workspace", "planned_by", "confirmed_by"),
        *("snapshot__store", "manifest"),
    )


def newest_of(run: ApplyRun) -> ApplyRun | None:
    """The newest plan for the same end: of the same review, or for the same store."""
    same = run.review.runs if run.review else ApplyRun.objects.filter(target=run.target_id, review=None)
    return same.order_by("-planned_at", "-pk").first()


def before_of(run: ApplyRun) -> Snapshot | None:
    """What a store held before a plan without a review was made for it."""
    kept = Snapshot.objects.filter(store=run.target_id, why=Snapshot.Why.BEFORE_RESTORE, taken_at__lte=run.planned_at)
    return kept.order_by("-taken_at", "-pk").first() if run.review_id is None else None


def tally(run: ApplyRun) -> Tally:
    """Counted in two queries."""
    ops = {f"{op}s": Count("pk", filter=Q(op=op)) for op in KINDS}
    ends = {state: Count("pk", filter=Q(state=state)) for state in (_State.DONE, _State.BLOCKED)}
    purged = Entry.objects.filter(manifest=run.manifest_id, text__body=None).count() if run.manifest_id else 0
    unsure = len(run.snapshot.uncertain_paths) if run.snapshot else 0
    return Tally(**run.steps.aggregate(total=Count("pk"), **ops, **ends), left=purged + unsure)


def steps_of(run: ApplyRun, *, only_open: bool = False) -> QuerySet[ApplyStep]:
    """The steps in their order; `only_open` leaves out those that were done."""
    return run.steps.exclude(state=_State.DONE) if only_open else run.steps.all()


def step_rows(run: ApplyRun, steps: Iterable[ApplyStep], shown: int | None) -> list[StepRow]:
    """Rows for these steps; the one at position `shown` with its difference. Four queries at most."""
    steps = list(steps)
    ids = memory_ids(run.target, [step.path for step in steps])
    gone = _deletions(run, [step.memory_id for step in steps if step.op == "delete" and step.state == _State.DONE])
    return [
        StepRow(
            step=step,
            memory_id=ids.get(step.path, ""),
            version_id=step.version_id or gone.get(step.memory_id, ""),
            diff=_difference(run, step) if step.position == shown else None,
        )
        for step in steps
    ]


def memory_ids(store: Store, paths: Sequence[str]) -> dict[str, str]:
    """{path: the vendor's id} of those paths that the mirror holds now."""
    rows = Memory.objects.filter(store=store, path__in=paths)
    return dict(rows.values_list("path", "remote_id"))


def _deletions(run: ApplyRun, ids: Sequence[str]) -> dict[str, str]:
    """{memory id: id of the version that records its end}: deleting answers with none, the next reading brings it."""
    rows = MemoryVersion.objects.filter(store=run.target, memory_id__in=ids, operation="deleted")
    return dict(rows.values_list("memory_id", "remote_id"))


def _difference(run: ApplyRun, step: ApplyStep) -> SafeString | None:
    texts = texts_of(run.target.workspace, [step.expected_sha, step.target_sha])
    return _shown(texts, step.path, step.expected_sha, step.target_sha)


def _shown(texts: Mapping[str, str], path: str, old_sha: str, new_sha: str) -> SafeString | None:
    """From one text to another; None when one of them is no longer kept here."""
    if old_sha not in texts or new_sha not in texts:
        return None
    return render.unified(text_diff(texts[old_sha], texts[new_sha]), caption=f"What changes in {path}")


@dataclass(frozen=True, slots=True)
class DriftRow:
    """A path that others wrote: what the review saw, what stands there now ("" for nothing), and the difference of
    the first ones."""

    path: str
    seen_sha: str
    now_sha: str
    memory_id: str
    diff: SafeString | None


def drift_rows(store: Store, drift: Sequence[tuple[str, str, str]]) -> list[DriftRow]:
    """Rows for these (path, sha256 seen, sha256 now); two queries whatever their number."""
    ids = memory_ids(store, [path for path, _, _ in drift])
    texts = texts_of(store.workspace, [sha for _, *shas in drift[:DRIFT_SHOWN] for sha in shas])
    return [
        DriftRow(path, seen, now, ids.get(path, ""), _shown(texts, path, seen, now) if n < DRIFT_SHOWN else None)
        for n, (path, seen, now) in enumerate(drift)
    ]


def texts_of(workspace: Workspace, shas: Iterable[str]) -> Mapping[str, str]:
    """{sha256: text} of those that are kept; "" stands for no memory."""
    rows = Text.objects.filter(workspace=workspace, sha256__in={sha for sha in shas if sha}, purged_at=None)
    return {"": "", **{text.sha256: text.text for text in rows}}


def readers_of(store: Store) -> list[str]:
    """The names of the deployments whose agents read the store already, from the mirror."""
    rows = Deployment.objects.filter(workspace=store.workspace_id, archived_at=None, gone_at=None).order_by("name")
    return [row.name for row in rows if row.mounts(store.remote_id)]
