"""Writing single memories at the vendor: always with a precondition, and looked up when no answer came."""

from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from dreams.access import check_can
from dreams.models import Memory, Store, User
from dreams.remote.errors import NotFound, PathConflict, PreconditionFailed, RemoteError
from dreams.remote.gateway import Gateway
from dreams.remote.records import Memory as RemoteMemory
from dreams.rules.paths import check_content, check_path
from dreams.services import audit, search_index
from dreams.services.refusals import Busy, Invalid, Refusal, Stale, Unsettled
from dreams.services.stores import sync_store
from dreams.services.texts import digest_of, keep_texts
from dreams.services.vendor import watched


def create_memory(
    store: Store, *, path: str, content: str, by: User, verb: str = "created memory", **detail: str
) -> Memory:
    """Creates a memory; the path must be free. `verb` and `detail` go into the record. Raises Invalid, Stale,
    RemoteError."""
    _check(store, by, path=path, content=content)
    sha = digest_of(content)

    def write(gateway: Gateway) -> RemoteMemory:
        return gateway.create_memory(store.remote_id, path, content)

    remote = _written(store, write, lambda found: found.path == path and found.sha256 == sha)
    return _mirrored(store, remote, content, by, verb, sha256=sha, **detail)


def edit_memory(
    memory: Memory,
    *,
    content: str,
    seen_sha: str,
    by: User,
    path: str | None = None,
    verb: str = "edited memory",
    **detail: str,
) -> Memory:
    """Replaces the text, and moves it to a free `path` when given, provided that the vendor still holds the bytes the
    person saw (`seen_sha`). `verb` and `detail` go into the record."""
    store = memory.store
    _check(store, by, path=path, content=content)
    sha = digest_of(content)

    def write(gateway: Gateway) -> RemoteMemory:
        return gateway.update_memory(
            store.remote_id, memory.remote_id, content=content, path=path, expected_sha256=seen_sha
        )

    def is_it(found: RemoteMemory) -> bool:
        return found.id == memory.remote_id and found.sha256 == sha and path in (None, found.path)

    remote = _written(store, write, is_it)
    return _mirrored(store, remote, content, by, verb, before=seen_sha, sha256=sha, **detail)


def rename_memory(memory: Memory, *, path: str, seen_sha: str, by: User) -> Memory:
    """Moves a memory to a free path; its id and history stay. The precondition guards its text; the vendor offers
    none for the path, and refuses an occupied one by itself."""
    store = memory.store
    _check(store, by, path=path)

    def write(gateway: Gateway) -> RemoteMemory:
        return gateway.update_memory(store.remote_id, memory.remote_id, path=path, expected_sha256=seen_sha)

    remote = _written(store, write, lambda found: found.id == memory.remote_id and found.path == path)
    return _mirrored(store, remote, None, by, "renamed memory", was=memory.path)


def delete_memory(memory: Memory, *, seen_sha: str, by: User) -> None:
    """Deletes a memory that still holds the bytes the person saw; its versions stay at the vendor."""
    store = memory.store
    check_can(by, store.workspace, "write_memory")
    if not store.readable:
        raise Refusal("This store no longer exists at the vendor.")
    with watched(store.workspace) as gateway:
        try:
            gateway.delete_memory(store.remote_id, memory.remote_id, expected_sha256=seen_sha)
        except PreconditionFailed as error:
            raise _stale(store) from error
        except RemoteError as error:
            # No answer, or "there is none": a second look says which.
            if not (error.maybe_done or isinstance(error, NotFound)):
                raise
            if _look(gateway, store, error, lambda found: found.id == memory.remote_id):
                raise _unsettled(store, error, "the memory is still there") from error
    with transaction.atomic():
        _lock(store)
        Memory.objects.filter(pk=memory.pk).delete()
        _recount(store)
        search_index.follow(store)
        audit.record(store.workspace, by, "deleted memory", store, path=memory.path, sha256=seen_sha)


def _check(store: Store, by: User, *, path: str | None = None, content: str | None = None) -> None:
    check_can(by, store.workspace, "write_memory")
    if not store.writable:
        raise Refusal("This store is archived or gone: the vendor takes no writes to it.")
    problem = (path is not None and check_path(path)) or (content is not None and check_content(content))
    if problem:
        raise Invalid(problem)


def _written(
    store: Store, write: Callable[[Gateway], RemoteMemory], is_it: Callable[[RemoteMemory], bool]
) -> RemoteMemory:
    """Writes once. When no answer comes, the store is read and what is there decides; nothing is sent again."""
    with watched(store.workspace) as gateway:
        try:
            return write(gateway)
        except PreconditionFailed as error:
            raise _stale(store) from error
        except PathConflict as error:
            where = error.conflicting_path or "another memory"
            raise Stale(f"Nothing was written: {where} is in the way of this path.") from error
        except NotFound as error:
            _catch_up(store)
            raise Stale("It was deleted at the vendor meanwhile. Nothing was written.") from error
        except RemoteError as error:
            if not error.maybe_done:
                raise
            found = _look(gateway, store, error, is_it)
            if found is None:
                raise _unsettled(store, error, "what you wrote is not there") from error
            return found


def _stale(store: Store) -> Stale:
    _catch_up(store)
    return Stale("Somebody changed this memory since you opened it. Nothing was written.")


def _catch_up(store: Store) -> None:
    """So that the page shows what is there now; failing at this costs freshness only."""
    try:
        sync_store(store)
    except (Busy, Refusal, RemoteError):
        return


def _look(
    gateway: Gateway, store: Store, lost: RemoteError, is_it: Callable[[RemoteMemory], bool]
) -> RemoteMemory | None:
    """The memory that a write without a clear answer was to leave, looked for in the whole store."""
    try:
        return next((found for page in gateway.memory_pages(store.remote_id) for found in page if is_it(found)), None)
    except RemoteError as error:
        raise _unsettled(store, lost, "and the store cannot be read now either") from error


def _unsettled(store: Store, lost: RemoteError, seen: str) -> Unsettled:
    """What came too late is mirrored by the next sync, which is due at once."""
    Store.objects.filter(pk=store.pk).update(next_check_at=timezone.now())
    return Unsettled(f"{lost.sentence} Looked up a moment later: {seen}. Look at the store again before repeating it.")


def _mirrored(store: Store, remote: RemoteMemory, content: str | None, by: User, verb: str, **detail: str) -> Memory:
    """Shows the write at once; the version id that the next sync compares is left alone, so it reads the rest."""
    with transaction.atomic():
        _lock(store)
        texts = keep_texts(store.workspace, [content] if content is not None else [])
        head = {"path": remote.path, "version_id": remote.version_id, "updated_at": remote.updated_at}
        if content is not None:
            head["text"] = texts[remote.sha256]
        Memory.objects.filter(store=store, path=remote.path).exclude(remote_id=remote.id).delete()
        memory, _ = Memory.objects.update_or_create(
            store=store,
            remote_id=remote.id,
            defaults=head,
            create_defaults={**head, "created_at": remote.created_at},
        )
        _recount(store)
        search_index.follow(store)
        audit.record(store.workspace, by, verb, memory, store=store.remote_id, **detail)
    return memory


def _lock(store: Store) -> None:
    """So that a sync which saves at this moment comes before or after, not in between."""
    Store.objects.select_for_update().get(pk=store.pk)


def _recount(store: Store) -> None:
    sizes = list(Memory.objects.filter(store=store).values_list("text__size", flat=True))
    Store.objects.filter(pk=store.pk).update(
        memory_count=len(sizes), memory_bytes=sum(sizes), next_check_at=timezone.now()
    )
