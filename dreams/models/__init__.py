"""What is stored, one noun per file."""

from dreams.models.agent import Agent, Deployment
from dreams.models.apply_run import ApplyRun, ApplyStep
from dreams.models.attachment import Attachment
from dreams.models.audit_event import AuditEvent
from dreams.models.comparison import Comparison, Difference
from dreams.models.draft import SnapshotWish, StoreDraft
from dreams.models.drawn import Drawn
from dreams.models.dream import Dream, DreamSession
from dreams.models.provenance import Provenance, Source
from dreams.models.review import Approval, Change, ChangePath, Decision, Drift, Review
from dreams.models.search import SearchDue, SearchEntry
from dreams.models.session import Session, SessionMount
from dreams.models.snapshot import Entry, Manifest, Snapshot
from dreams.models.store import HealthReport, Memory, MemoryVersion, Store, StoreLine, VersionGap, Visit
from dreams.models.text import Text
from dreams.models.user import User
from dreams.models.workspace import Membership, Workspace

__all__ = [
    "Agent",
    "ApplyRun",
    "ApplyStep",
    "Approval",
    "Attachment",
    "AuditEvent",
    "Change",
    "ChangePath",
    "Comparison",
    "Decision",
    "Deployment",
    "Difference",
    "Drawn",
    "Dream",
    "DreamSession",
    "Drift",
    "Entry",
    "HealthReport",
    "Manifest",
    "Membership",
    "Memory",
    "MemoryVersion",
    "Provenance",
    "Review",
    "SearchDue",
    "SearchEntry",
    "Session",
    "SessionMount",
    "Snapshot",
    "SnapshotWish",
    "Source",
    "Store",
    "StoreDraft",
    "StoreLine",
    "Text",
    "User",
    "VersionGap",
    "Visit",
    "Workspace",
]
