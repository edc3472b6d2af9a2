"""Every method of the gateway as one table, so that a rule can be asked of all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dreams.remote.gateway import Gateway
from tests.remote import examples as e


@dataclass(frozen=True)
class Case:
    """How to call it, whether it writes, and a good answer."""

    name: str
    call: Callable[[Gateway], Any]
    good: Any
    writes: bool = False

    @property
    def lists(self) -> bool:
        return isinstance(self.good, dict) and "data" in self.good


def drained(name: str, *args: Any, **given: Any) -> Callable[[Gateway], Any]:
    """A method that gives pages, read to the end."""
    return lambda gateway: [item for page in getattr(gateway, name)(*args, **given) for item in page]


READS = [
    Case("identity", lambda g: g.identity(), e.page(e.STORE)),
    Case("stores", lambda g: g.stores(), e.page(e.STORE)),
    Case("store", lambda g: g.store("memstore_1"), e.STORE),
    Case("newest_version", lambda g: g.newest_version("memstore_1"), e.page(e.VERSION)),
    Case("versions_since", lambda g: g.versions_since("memstore_1", "memver_1"), e.page(e.VERSION)),
    Case("version_pages", drained("version_pages", "memstore_1", memory_id="mem_1"), e.page(e.VERSION)),
    Case("version", lambda g: g.version("memstore_1", "memver_1"), e.VERSION),
    Case("memory_pages", drained("memory_pages", "memstore_1"), e.page(e.MEMORY)),
    Case("memory", lambda g: g.memory("memstore_1", "mem_1"), e.MEMORY),
    Case("dream", lambda g: g.dream("drm_1"), e.DREAM),
    Case("dreams", lambda g: g.dreams(), e.page(e.DREAM)),
    Case("session_pages", drained("session_pages", store_id="memstore_1"), e.page(e.SESSION)),
    Case("session", lambda g: g.session("sesn_1"), e.SESSION),
    Case("event_pages", drained("event_pages", "sesn_1"), e.page(e.EVENT)),
    Case("thread_events", drained("event_pages", "sesn_1", thread_id="sthr_1"), e.page(e.EVENT)),
    Case("newest_events", lambda g: g.newest_events("sesn_1"), e.page(e.EVENT)),
    Case("threads", lambda g: g.threads("sesn_1"), e.page(e.THREAD)),
    Case("agents", lambda g: g.agents(), e.page(e.AGENT)),
    Case("deployments", lambda g: g.deployments(), e.page(e.DEPLOYMENT)),
    Case("deployment", lambda g: g.deployment("depl_1"), e.DEPLOYMENT),
]
WRITES = [
    Case("create_store", lambda g: g.create_store("User Preferences"), e.STORE, True),
    Case("update_store", lambda g: g.update_store("memstore_1", description=""), e.STORE, True),
    Case("archive_store", lambda g: g.archive_store("memstore_1"), e.STORE, True),
    Case(
        "delete_store",
        lambda g: g.delete_store("memstore_1"),
        {"id": "memstore_1", "type": "memory_store_deleted"},
        True,
    ),
    Case("create_memory", lambda g: g.create_memory("memstore_1", "/travel.md", e.TEXT), e.MEMORY, True),
    Case(
        "update_memory",
        lambda g: g.update_memory("memstore_1", "mem_1", content=e.TEXT, expected_sha256="0" * 64),
        e.MEMORY,
        True,
    ),
    Case(
        "delete_memory",
        lambda g: g.delete_memory("memstore_1", "mem_1", expected_sha256=e.SHA),
        {"id": "mem_1", "type": "memory_deleted"},
        True,
    ),
    Case("redact_version", lambda g: g.redact_version("memstore_1", "memver_1"), e.REDACTED, True),
    Case(
        "create_dream",
        lambda g: g.create_dream(store_id="memstore_1", session_ids=["sesn_1"], model="claude-opus-4-8"),
        e.DREAM,
        True,
    ),
    Case("cancel_dream", lambda g: g.cancel_dream("drm_1"), e.DREAM, True),
    Case("archive_dream", lambda g: g.archive_dream("drm_1"), e.DREAM, True),
    Case(
        "update_deployment_resources",
        lambda g: g.update_deployment_resources("depl_1", e.DEPLOYMENT["resources"]),
        e.DEPLOYMENT,
        True,
    ),
]
ALL = READS + WRITES

SOME = [
    case
    for case in ALL
    if case.name in ("identity", "memory_pages", "dream", "dreams", "create_memory", "delete_memory", "create_dream")
]
"""One of each kind, where the whole table would only take time."""
