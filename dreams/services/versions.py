"""Versions of a memory: their bytes, the call that wrote one, the way back to one, and blanking one for good."""

from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from django.db import transaction

from dreams.access import check_can
from dreams.models import Memory, MemoryVersion, Session, Store, Text, User
from dreams.queries.sessions import find_session
from dreams.remote.errors import BadRequest, NotFound, RemoteError
from dreams.remote.gateway import Gateway
from dreams.remote.records import Version
from dreams.rules.paths import mount_path
from dreams.rules.writes import SKEW, Wanted, Write, find_write
from dreams.services import audit
from dreams.services.memories import create_memory, edit_memory
from dreams.services.mirror import keep_versions
from dreams.services.refusals import Busy, Refusal, Stale, Unsettled
from dreams.services.search_index import keep_old_text
from dreams.services.sessions import Transcript, read_transcript
from dreams.services.stores import sync_store
from dreams.services.texts import texts_by_sha
from dreams.services.vendor import watched

MAX_THREADS = 8  # of a session, looked through for one write
MAX_SECONDS = 30  # for all of them: a person waits for it
_LOOK_AGAIN = "It may still be: read the memory's history again to see."


def read_text(version: MemoryVersion) -> Text:
    """The bytes of a version: as kept here, else read from the vendor in one call and kept. Refusal for what never
    held any or was purged here, Stale when it was redacted or expired meanwhile; RemoteError."""
    store = version.store
    if version.redacted_at:
        raise Refusal("This version was redacted: its text is gone, here and at the vendor.")
    if version.operation == "deleted":
        raise Refusal("This is a deletion: it holds no text. Take the version before it.")
    kept = texts_by_sha(store.workspace, [version.sha256]).get(version.sha256)
    if kept is None:
        if not store.readable:
            raise Refusal("This text was not read while the store existed, and the store is gone at the vendor.")
        with watched(store.workspace) as gateway:
            try:
                remote = gateway.version(store.remote_id, version.remote_id)
            except NotFound as error:
                raise Stale("The vendor no longer keeps this version: its retention time is over.") from error
        if remote.content is None:
            keep_versions(store, [remote])
            raise Stale("This version was redacted at the vendor meanwhile: its text is gone.")
        kept = keep_old_text(store.workspace, remote.content)
    if kept.purged_at:
        raise Refusal(f"{kept.tombstone} It is not read again.")
    return kept


def refresh_history(store: Store, memory_id: str) -> int:
    """Reads who wrote what to one memory, all the vendor still lists, 100 a call: what was never read, and what was
    redacted since. Returns how many versions there are. Raises Busy, Refusal, RemoteError."""
    sync_store(store)
    count = 0
    with watched(store.workspace) as gateway:
        for page in gateway.version_pages(store.remote_id, memory_id=memory_id):
            keep_versions(store, page)
            count += len(page)
    return count


def restore_version(version: MemoryVersion, *, seen_sha: str, by: User, old_path: bool = False) -> Memory:
    """Writes a version's text back into its living memory, provided that it still holds the bytes the person saw
    (`seen_sha`); with `old_path` it also moves back to where that version stood. Raises Refusal (Invalid, Stale,
    Unsettled) and RemoteError."""
    check_can(by, version.store.workspace, "write_memory")
    memory = Memory.objects.filter(store=version.store, remote_id=version.memory_id).select_related("text").first()
    if memory is None:
        raise Stale("This memory is deleted. Choose a path to bring it back to.")
    memory.store = version.store
    text = read_text(version)
    path = version.path if old_path and version.path != memory.path else None
    if text.sha256 == memory.text.sha256 and path is None:
        raise Refusal("Nothing to restore: the memory holds exactly this text now.")
    return edit_memory(
        memory,
        content=text.text,
        seen_sha=seen_sha,
        by=by,
        path=path,
        verb="restored memory",
        version=version.remote_id,
    )


def undelete_memory(version: MemoryVersion, *, path: str, by: User) -> Memory:
    """Creates a memory anew from a version of a deleted one, at a path that must be free; it gets a new id and history
    at the vendor. Raises Invalid, Refusal, Stale, RemoteError."""
    check_can(by, version.store.workspace, "write_memory")
    if Memory.objects.filter(store=version.store, remote_id=version.memory_id).exists():
        raise Stale("This memory is not deleted. Restore the version into it instead.")
    text = read_text(version)
    return create_memory(
        version.store, path=path, content=text.text, by=by, verb="undeleted memory", version=version.remote_id
    )


def redact_version(version: MemoryVersion, *, by: User) -> list[Text]:
    """Blanks a version's text and path at the vendor, for good, and here; returns the texts that were purged with it,
    since nothing else holds them. Refused for what a memory holds now. Raises Refusal (Stale, Unsettled) and
    RemoteError."""
    store = version.store
    check_can(by, store.workspace, "redact_version")
    if version.redacted_at:
        raise Stale("This version is redacted already.")
    if not store.readable:
        raise Refusal("The vendor deleted this store with all its versions: there is nothing left to redact.")
    if Memory.objects.filter(store=store, version_id=version.remote_id).exists():
        raise Refusal("This is what the memory holds now. Edit or delete the memory first, then redact this version.")
    # The act cannot be undone, so that it was asked for is on record before it happens. Never with the path.
    told = {"version": version.remote_id, "sha256": version.sha256}
    audit.record(store.workspace, by, "asked to redact version", store, **told)
    try:
        with watched(store.workspace) as gateway:
            remote = _redacted(gateway, store, version)
    except (Refusal, RemoteError) as error:
        why = error.words if isinstance(error, RemoteError) else str(error)
        lost = isinstance(error, Unsettled)
        verb = "lost the answer to redacting version" if lost else "could not redact version"
        audit.record(store.workspace, by, verb, store, **told, why=why)
        raise
    with transaction.atomic():
        purged = keep_versions(store, [remote], by=by)
        audit.record(store.workspace, by, "redacted version", store, **told, purged=len(purged))
    return purged


def _redacted(gateway: Gateway, store: Store, version: MemoryVersion) -> Version:
    """Redacts once. When no answer comes, the version is read and what it is now decides."""
    try:
        return gateway.redact_version(store.remote_id, version.remote_id)
    except NotFound as error:
        raise Stale("The vendor no longer keeps this version: its time is over. Purge its text here.") from error
    except BadRequest as error:
        with suppress(Busy, Refusal, RemoteError):  # so that the page shows what is there now
            sync_store(store)
        raise Stale(f"Nothing was redacted. {error.words}") from error
    except RemoteError as error:
        if not error.maybe_done:
            raise
        try:
            remote = gateway.version(store.remote_id, version.remote_id)
        except RemoteError as second:
            raise Unsettled(f"{error.sentence} The version cannot be read now either. {_LOOK_AGAIN}") from second
        if remote.redacted_at is None:
            raise Unsettled(f"{error.sentence} A moment later it was not redacted. {_LOOK_AGAIN}") from error
        return remote


@dataclass(frozen=True, slots=True)
class WrittenBy:
    """What the transcript tells of a version. `words` is the answer in a sentence; `session` None where there is no
    transcript of ours; `write` None where no call fits; `thread_id` "" for the session's own thread."""

    words: str
    session: Session | None = None
    write: Write | None = None
    thread_id: str = ""
    thread_name: str = ""


_WORDS = {
    "bytes": "This call wrote exactly these bytes.",
    "file": "This call changed the file at the time it was written.",
    "command": "A shell command that names the file ran at that time.",
    "shell": "No call names this file. A shell command ran at that time and may have written it unseen.",
}


def find_turn(version: MemoryVersion) -> WrittenBy:
    """Looks through the transcript of the session that wrote a version for the call that did it; 2 calls to the
    vendor, and 2 for each of up to 8 threads while nothing is found. Never raises for what the vendor fails at."""
    if version.actor_kind != "session":
        return WrittenBy("It was not written in a session, so no transcript tells of it.")
    session = find_session(version.workspace, version.actor_id)
    if session is None:
        return WrittenBy("The session that wrote it is not in the list of sessions here.")
    try:
        return _looked_through(version, session)
    except NotFound:
        return WrittenBy("The session was deleted at the vendor, and its transcript with it.", session)
    except RemoteError as error:
        return WrittenBy(f"The transcript could not be read. {error.words}", session)


def _looked_through(version: MemoryVersion, session: Session) -> WrittenBy:
    wanted = _wanted(version, session)
    late = monotonic() + MAX_SECONDS
    main = read_transcript(session)
    found = _in(main, wanted)
    if found and found.how in ("bytes", "file"):
        return WrittenBy(_WORDS[found.how], session, found)
    children = [t for t in main.threads if t.parent_id is not None and t.created_at <= version.created_at + SKEW]
    children.sort(key=lambda thread: thread.created_at, reverse=True)
    best = WrittenBy(_WORDS[found.how], session, found) if found else None
    looked = 0
    for thread in children[:MAX_THREADS]:
        if monotonic() > late:
            break
        looked += 1
        write = _in(read_transcript(session, thread_id=thread.id), wanted)
        if write and (best is None or best.write is None or _surer(write, best.write)):
            best = WrittenBy(_WORDS[write.how], session, write, thread.id, thread.agent_name)
            if write.how in ("bytes", "file"):
                break
    if best:
        return best
    if main.cut or looked < len(children):
        return WrittenBy("Not found in the part of the transcript that was looked through: it is very long.", session)
    return WrittenBy("No call in the transcript fits: nothing there names this file at that time.", session)


def _in(transcript: Transcript, wanted: Wanted) -> Write | None:
    return find_write((event.raw for event in transcript.events), wanted)


def _surer(one: Write, other: Write) -> bool:
    order = list(_WORDS)
    return order.index(one.how) < order.index(other.how)


def _wanted(version: MemoryVersion, session: Session) -> Wanted:
    """Where the session saw the file, and between which moments it must have been written."""
    store = version.store
    mount = session.mounts.filter(store_id=store.remote_id).first() if session.pk else None
    root = (mount.mount_path if mount else "") or mount_path(store.name)
    older = MemoryVersion.objects.filter(
        store=store, memory_id=version.memory_id, created_at__lt=version.created_at
    ).order_by("-created_at", "-pk")
    before = older.first()
    path = version.path or (before.path if before else "")
    since = before.created_at if before else None
    return Wanted(root.rstrip("/"), path, version.sha256, version.created_at, since)
