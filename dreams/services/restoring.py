"""Making a store hold what was kept: the same store as it was, a new one like a snapshot, a new one from files."""

from datetime import timedelta
from io import BytesIO
from uuid import uuid4

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from dreams.access import check_can
from dreams.enqueue import enqueue
from dreams.models import ApplyRun, Manifest, Snapshot, Store, StoreDraft, Text, User, Workspace
from dreams.remote.errors import RemoteError
from dreams.remote.gateway import Gateway
from dreams.remote.records import Store as RemoteStore
from dreams.rules.archives import Part, Reading, Refused, read_zip, write
from dreams.rules.paths import check_paths
from dreams.rules.plan import Step, plan_digest, plan_writes
from dreams.services import audit
from dreams.services.applying import held_by, keep_steps, restorable
from dreams.services.claims import LEASE, claim, release, renew
from dreams.services.refusals import Busy, Invalid, Refusal, Stale, Unsettled
from dreams.services.snapshots import freeze, keep_manifest
from dreams.services.stores import note_store, sync_store
from dreams.services.texts import digest_of, keep_texts, storable
from dreams.services.vendor import watched

State, Mode = ApplyRun.State, ApplyRun.Mode
# Our clock and the vendor's may differ by so much.
SKEW = timedelta(minutes=2)


# -- the same store, as it was ----------------------------------------------------------------------------


def plan_restore(snapshot: Snapshot, *, by: User) -> ApplyRun:
    """Plans the writes that make a snapshot's store hold again what it held. The store is read first and frozen as it
    is, so that the way back is open. Raises Refusal, Busy, RemoteError."""
    check_can(by, snapshot.store.workspace, "restore_store")
    return _plan(snapshot.store, snapshot.manifest, snapshot, Mode.RESTORE, by)


def plan_again(run: ApplyRun, *, by: User) -> ApplyRun:
    """Plans anew what a plan without a review was to leave, from what its store holds now. Raises as plan_restore."""
    check_can(by, run.target.workspace, "restore_store")
    if run.manifest is None or run.state not in (State.PLANNED, State.BLOCKED, State.ABANDONED):
        raise Stale("This plan is being carried out, or was.")
    return _plan(run.target, run.manifest, run.snapshot, Mode(run.mode), by)


def _plan(store: Store, manifest: Manifest, snapshot: Snapshot | None, mode: ApplyRun.Mode, by: User) -> ApplyRun:
    if store.readable:
        store = sync_store(store)
    if not store.writable:
        raise Refusal("The vendor takes no writes to this store any more. Restore the snapshot into a new store.")
    with transaction.atomic():
        # Frozen first, and under the same lock: what the plan expects to find is in the snapshot to the byte.
        freeze(store, Snapshot.Why.BEFORE_RESTORE, by=by)
        wanted = restorable(manifest.pk, store, leave=snapshot.uncertain_paths if snapshot else ())
        if impossible := check_paths(wanted):
            raise Refusal(f"This cannot be restored here: {impossible[0]}")
        steps = plan_writes(held_by(store), wanted)
        ApplyRun.objects.filter(target=store, review=None, state=State.PLANNED).update(
            state=State.ABANDONED, ended_at=timezone.now()
        )
        run = _run(store, manifest, snapshot, mode, steps, by)
        audit.record(store.workspace, by, "planned restoring", run, digest=run.plan_digest, steps=len(steps))
    return run


def _run(
    store: Store, manifest: Manifest, snapshot: Snapshot | None, mode: ApplyRun.Mode, steps: list[Step], by: User
) -> ApplyRun:
    run = ApplyRun.objects.create(
        target=store,
        manifest=manifest,
        snapshot=snapshot,
        mode=mode,
        plan_digest=plan_digest(steps),
        approved_digest=manifest.digest,
        planned_by=by,
        planned_at=timezone.now(),
    )
    keep_steps(run, steps)
    return run


# -- a new store ------------------------------------------------------------------------------------------


def create_store(workspace: Workspace, *, name: str, description: str, by: User, token: str = "") -> Store:
    """Creates an empty store at the vendor, one for each `token` (of the form), however often that is sent. Raises
    Invalid, Stale while another process makes it, Unsettled when nobody can say, RemoteError."""
    check_can(by, workspace, "manage_store")
    draft = _draft(workspace, token, name=name, description=description, by=by)
    rows = StoreDraft.objects.filter(pk=draft.pk)
    rows.update(next_check_at=timezone.now() + LEASE)  # by when a process that is killed here is missed
    try:
        return make_store(draft)
    finally:
        rows.update(next_check_at=None)


def draft_from_snapshot(snapshot: Snapshot, *, name: str, by: User, token: str = "") -> StoreDraft:
    """Asks for a new store that holds what a snapshot holds; `fill_store` makes and fills it. Raises Invalid."""
    workspace = snapshot.store.workspace
    check_can(by, workspace, "restore_store")
    if snapshot.manifest.count == 0:
        raise Invalid("This snapshot holds no memory.")
    with transaction.atomic():
        draft = _draft(workspace, token, name=name, description=snapshot.store.description, by=by)
        if draft.manifest is None:
            _ask(draft, by, manifest=snapshot.manifest, snapshot=snapshot)
    return draft


def draft_from_files(workspace: Workspace, reading: Reading, *, name: str, by: User) -> StoreDraft:
    """Keeps what somebody sent in until they have seen what would become of it; nothing is made yet, and what is not
    confirmed is forgotten after a day. Raises Invalid when no memory can be made of it."""
    check_can(by, workspace, "restore_store")
    _refuse_purged(workspace, reading)
    if not reading.files:
        first = f" {reading.refused[0].name}: {reading.refused[0].why}" if reading.refused else ""
        raise Invalid(f"No memory can be made of this: it holds no file that the vendor would take.{first}")
    parts = [Part(path, digest_of(body.decode()), body) for path, body in sorted(reading.files.items())]
    archive = b"".join(write(parts, [part.path for part in parts], {}))
    report = {
        "files": [[part.path, len(part.body or b"")] for part in parts],
        "refused": [[refused.name, refused.why] for refused in reading.refused],
        "notes": reading.notes,
    }
    return StoreDraft.objects.create(
        workspace=workspace,
        token=uuid4().hex,
        name=storable(name or reading.name or "imported")[:255],
        description=storable(reading.description)[:1024],
        archive=archive,
        report=storable(report),
        by=by,
        at=timezone.now(),
    )


def _refuse_purged(workspace: Workspace, reading: Reading) -> None:
    """What was purged here is not kept again, so no memory can be made of it; that is said before anything is made."""
    gone = set(Text.objects.filter(workspace=workspace, body=None).values_list("sha256", flat=True))
    for path in [path for path, body in reading.files.items() if gone and digest_of(body.decode()) in gone]:
        del reading.files[path]
        reading.refused.append(Refused(path.removeprefix("/"), "These very bytes were purged here for good."))


def confirm_draft(draft: StoreDraft, *, name: str, by: User) -> StoreDraft:
    """Lets a new store be made of what was sent in; from here on its texts are kept. Twice is once. After a failure it
    asks anew. Raises Invalid."""
    check_can(by, draft.workspace, "restore_store")
    _check_names(name, draft.description)
    with transaction.atomic():
        draft = StoreDraft.objects.select_for_update(of=("self",)).get(pk=draft.pk)
        if draft.archive is not None:
            files = read_zip(BytesIO(bytes(draft.archive))).files
            texts = keep_texts(draft.workspace, [body.decode() for body in files.values()])
            entries = [(path, texts[digest_of(body.decode())]) for path, body in files.items()]
            _ask(draft, by, name=name, manifest=keep_manifest(draft.workspace, entries), archive=None)
        elif draft.run_id is None and draft.next_check_at is None:
            _ask(draft, by)  # it failed, somebody has looked, and asks again
    return draft


def _ask(draft: StoreDraft, by: User, **sets: object) -> None:
    """Wakes the making of it; to be called inside a transaction."""
    now = timezone.now()
    StoreDraft.objects.filter(pk=draft.pk).update(confirmed_at=now, next_check_at=now, problem="", by=by, **sets)
    draft.refresh_from_db()
    count = draft.manifest.count if draft.manifest else 0
    audit.record(draft.workspace, by, "asked for store", draft, memories=count)
    enqueue("fill_store", draft.pk)


def _draft(workspace: Workspace, token: str, *, name: str, description: str, by: User) -> StoreDraft:
    """The row of this form; what was typed may change until the vendor was asked."""
    _check_names(name, description)
    now = timezone.now()
    typed = {"name": name, "description": description}
    draft, _ = StoreDraft.objects.get_or_create(
        workspace=workspace, token=token or uuid4().hex, defaults={**typed, "by": by, "at": now, "confirmed_at": now}
    )
    StoreDraft.objects.filter(pk=draft.pk, store=None, sent_at=None, claim="").update(**typed)
    draft.refresh_from_db()
    return draft


def _check_names(name: str, description: str) -> None:
    if not name.strip() or len(name) > 255 or any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise Invalid("A store needs a name of 1 to 255 characters without control characters.")
    if len(description) > 1024:
        raise Invalid("A description has at most 1,024 characters.")


def fill_store(draft: StoreDraft) -> ApplyRun | None:
    """Makes the store of a confirmed draft and starts the run that fills it; from wherever it was left. What can be
    tried again by itself is, at `next_check_at`; anything else waits with its `problem` for a person. Raises as
    make_store."""
    if draft.confirmed_at is None or draft.run is not None:
        return draft.run
    rows = StoreDraft.objects.filter(pk=draft.pk)
    if draft.manifest is None and draft.sent_at is None:
        # An empty store whose asking was killed before the vendor heard of it: who asked was told, and asks again.
        rows.filter(Q(claim="") | Q(claimed_at__lt=timezone.now() - LEASE), sent_at=None, store=None).delete()
        return None
    try:
        store = make_store(draft)
    except RemoteError as error:
        wait = timedelta(seconds=error.retry_after or 15)
        rows.update(problem=error.words[:500], next_check_at=None if error.permanent else timezone.now() + wait)
        raise
    except Unsettled as error:
        rows.update(problem=str(error)[:500], next_check_at=None)
        raise
    if draft.manifest is None:
        rows.update(next_check_at=None)
        return None
    wanted = restorable(draft.manifest.pk, store)
    steps = plan_writes({}, wanted)  # it is new, so nothing is expected there; each step is guarded all the same
    with transaction.atomic():
        draft = StoreDraft.objects.select_for_update(of=("self",)).get(pk=draft.pk)
        if draft.run is None and draft.manifest:
            mode = Mode.RESTORE if draft.snapshot else Mode.IMPORT
            run = _run(store, draft.manifest, draft.snapshot, mode, steps, draft.by)
            begun = {"state": State.CONFIRMED, "confirmed_by": draft.by, "confirmed_at": draft.confirmed_at}
            ApplyRun.objects.filter(pk=run.pk).update(**begun, next_check_at=timezone.now())
            rows.update(run=run, next_check_at=None, problem="")
            enqueue("apply_run", run.pk)
    draft.refresh_from_db()
    return draft.run


def make_store(draft: StoreDraft) -> Store:
    """The draft's store, made at the vendor if it is not there yet. Creating cannot be asked twice safely and names
    are not unique: when no answer came, the list is read and the newest store of that name, born since, is it; it is
    sent again only when a person has asked anew since. Raises Stale while another process makes it, Unsettled when
    it was asked for and is not there, RemoteError."""
    if draft.store:
        return draft.store
    token = claim(StoreDraft.objects.filter(store=None, confirmed_at__isnull=False), draft.pk)
    draft.refresh_from_db()
    if token is None:
        if draft.store:
            return draft.store
        raise Stale("This store is being made at this moment; it will be among the stores in a few seconds.")
    try:
        with watched(draft.workspace) as gateway:
            remote = _born(gateway, draft) if draft.sent_at else None
            remote = remote or _made(gateway, draft, token)
        with transaction.atomic():
            store = note_store(draft.workspace, remote)
            if not release(draft, token, store=store, problem=""):
                raise Busy
            audit.record(draft.workspace, draft.by, "created store", store, remote_id=remote.id)
    except RemoteError as error:
        # Certainly not done: it may be sent again.
        release(draft, token, **({} if error.maybe_done or draft.sent_at else {"sent_at": None}))
        raise
    except BaseException:
        release(draft, token)
        raise
    draft.refresh_from_db()
    return store


def _made(gateway: Gateway, draft: StoreDraft, token: str) -> RemoteStore:
    if draft.sent_at and draft.confirmed_at and draft.confirmed_at <= draft.sent_at:
        raise _unsettled(draft)
    now = timezone.now()
    if not renew(draft, token, sent_at=now):
        raise Busy
    try:
        return gateway.create_store(draft.name, draft.description)
    except RemoteError as error:
        if not error.maybe_done:
            raise
        draft.sent_at = now
        remote = _born(gateway, draft)
        if remote is None:
            raise _unsettled(draft, error) from error
        return remote


def _born(gateway: Gateway, draft: StoreDraft) -> RemoteStore | None:
    """The store that a call without an answer has made."""
    since = (draft.sent_at or timezone.now()) - SKEW
    others = StoreDraft.objects.filter(~Q(pk=draft.pk), workspace=draft.workspace, store__isnull=False)
    taken = set(others.values_list("store__remote_id", flat=True))
    born = [store for store in gateway.stores() if store.name == draft.name and store.created_at >= since]
    fresh = [store for store in born if store.id not in taken]
    return max(fresh, key=lambda store: store.created_at) if fresh else None


def _unsettled(draft: StoreDraft, lost: RemoteError | None = None) -> Unsettled:
    words = f"{lost.sentence} " if lost else ""
    return Unsettled(
        f"{words}Whether the store “{draft.name}” was made could not be told: looked up a moment later, it is not "
        "there. Look at the list of stores before asking again."
    )
