"""What people do to versions, each with what must be true of it once it ended: done once, or not at all."""

from dreams.models import AuditEvent, Memory, MemoryVersion, Text
from dreams.services import stores, versions
from dreams.services.texts import digest_of
from tests import factories
from tests.faults.ground import Ground, Operation

OLD, NEW = "Deploy at 02:00.\n", "Deploy at 03:00.\n"


def written_twice(ground: Ground) -> None:
    """/a.md holds NEW and held OLD, whose bytes are not kept here."""
    store = factories.store_with(ground.people, ground.sandbox, {"/a.md": OLD})
    factories.agent_writes(ground.sandbox, store, "/a.md", NEW)
    ground.kept["store"] = stores.sync_store(store)
    ground.kept["version"] = MemoryVersion.objects.filter(store=store).earliest("created_at", "pk")
    ground.kept["versions"] = len(ground.versions(store.remote_id))


def not_kept(ground: Ground) -> None:
    written_twice(ground)
    Text.objects.filter(sha256=digest_of(OLD)).delete()


def deleted(ground: Ground) -> None:
    written_twice(ground)
    factories.agent_deletes(ground.sandbox, ground.state("store"), "/a.md")
    ground.kept["store"] = stores.sync_store(ground.state("store"))
    ground.kept["versions"] += 1


def restore(ground: Ground) -> None:
    seen = digest_of(NEW)
    versions.restore_version(ground.state("version"), seen_sha=seen, by=ground.people.dave)


def undelete(ground: Ground) -> None:
    versions.undelete_memory(ground.state("version"), path="/a.md", by=ground.people.dave)


def redact(ground: Ground) -> None:
    versions.redact_version(ground.state("version"), by=ground.people.alice)


def restored_once(ground: Ground, said: str) -> None:
    store_id = ground.kept["store"].remote_id
    now, new = ground.contents(store_id), len(ground.versions(store_id)) - ground.kept["versions"]
    done = now == {"/a.md": OLD}
    assert new == (1 if done else 0)
    assert done or said
    assert not (done and "nothing was" in said.lower()), said
    assert AuditEvent.objects.filter(verb__in=["restored memory", "undeleted memory"]).count() == (0 if said else 1)


def redacted_or_told(ground: Ground, said: str) -> None:
    version: MemoryVersion = ground.state("version")
    there = ground.sandbox.state.version(ground.kept["store"].remote_id, version.remote_id)
    assert there is not None
    blank, known = there["redacted_at"] is not None, version.redacted_at is not None
    assert ground.contents(ground.kept["store"].remote_id) == {"/a.md": NEW}
    assert Memory.objects.get().text.text == NEW
    assert blank or not known
    assert known or said
    assert not (blank and "nothing was" in said.lower()), said
    assert AuditEvent.objects.filter(verb="redacted version").count() == (1 if known else 0)
    assert Text.objects.filter(sha256=digest_of(OLD), purged_at=None).exists() == (not known)
    if not known and blank:  # asked again, or its history read again: then it is known
        versions.refresh_history(ground.state("store"), version.memory_id)
        assert ground.state("version").redacted_at is not None


VERSION_OPERATIONS = [
    Operation("restore version", not_kept, restore, restored_once),
    Operation("undelete memory", deleted, undelete, restored_once),
    Operation("redact version", written_twice, redact, redacted_or_told),
]
