"""Workspaces: made, connected to the vendor by a key, and set."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from dreams.access import check_can
from dreams.crypto import encrypt
from dreams.enqueue import enqueue
from dreams.models import Membership, User, Workspace
from dreams.remote.errors import KeyMissing, KeyRefused
from dreams.remote.records import Identity
from dreams.rules import roles
from dreams.services import audit
from dreams.services.refusals import Invalid, Refusal, Stale
from dreams.services.vendor import gateway_with

# First parts of addresses that are not workspaces.
RESERVED_SLUGS = frozenset({"account", "static", "setup", "theme", "healthz", "favicon.ico", "api", "w"})


def create_workspace(*, name: str, slug: str, admin: User) -> Workspace:
    """A new workspace with its first admin. Raises Invalid."""
    if slug in RESERVED_SLUGS or Workspace.objects.filter(slug=slug).exists():
        raise Invalid(f"The address “{slug}” is taken.")
    with transaction.atomic():
        workspace = Workspace.objects.create(name=name, slug=slug)
        Membership.objects.create(user=admin, workspace=workspace, role=roles.ADMIN)
        audit.record(workspace, admin, "created workspace", workspace)
    return workspace


def connect_key(workspace: Workspace, key: str, *, by: User) -> Workspace:
    """Tries a key with one call and, when it answers, stores it encrypted and starts the import. The vendor's ids are
    pinned by the first key: a later key of another organisation or workspace is refused, since everything mirrored
    here belongs to the first. Raises Invalid, Refusal, Stale, RemoteError; nothing is changed then."""
    check_can(by, workspace, "change_settings")
    key = key.strip()
    if not key:
        raise Invalid("Paste the key.")
    identity = _identity(workspace, key)
    pinned = {"organization_id": workspace.organization_id, "remote_workspace_id": workspace.remote_workspace_id}
    if _foreign(workspace, identity):
        raise Refusal(
            f"This key belongs to {identity.workspace_id or identity.organization_id}; this workspace is connected to "
            f"{workspace.remote_workspace_id or workspace.organization_id}. "
            "Use a key of the same workspace: what is kept here belongs to it."
        )
    now = timezone.now()
    with transaction.atomic():
        moved = Workspace.objects.filter(pk=workspace.pk, **pinned).update(
            key_ciphertext=encrypt(key),
            key_set_at=now,
            organization_id=identity.organization_id,
            remote_workspace_id=identity.workspace_id or workspace.remote_workspace_id,
            outage="",
            outage_since=None,
            dreams_refused_at=None,
            next_check_at=now,
        )
        if not moved:
            raise Stale("Another admin connected a key a moment ago. Reload the page to see which workspace it is.")
        audit.record(workspace, by, "connected key", workspace, organization=identity.organization_id)
        enqueue("refresh_workspace", workspace.pk)
    workspace.refresh_from_db()
    return workspace


def _identity(workspace: Workspace, key: str) -> Identity:
    """Where the key belongs; what speaks of the key itself is Invalid."""
    try:
        return gateway_with(key, workspace.organization_id or workspace.slug).identity()
    except KeyMissing as error:
        raise Invalid("This cannot be an API key: those have no blanks and only plain letters and signs.") from error
    except KeyRefused as error:
        raise Invalid("The API does not accept this key: it is mistyped, disabled or deleted.") from error


def _foreign(workspace: Workspace, identity: Identity) -> bool:
    """Whether a key belongs elsewhere than this workspace's first one; what the vendor did not tell is not held
    against it."""
    if not workspace.organization_id:
        return False
    known, told = workspace.remote_workspace_id, identity.workspace_id
    return identity.organization_id != workspace.organization_id or bool(known and told and known != told)


def change_settings(
    workspace: Workspace,
    *,
    name: str,
    allow_self_approval: bool,
    dream_models: list[str],
    daily_snapshots: bool = True,
    scan_policy: Mapping[str, str] | None = None,
    loss_alarm: int | None = None,
    by: User,
) -> Workspace:
    """Changes a workspace's name, its rules of self-approval, of daily snapshots and of what blocks ({kind: "warn" or
    "block"}) and of what is too much of a loss (in percent), and its list of models; None leaves a rule as it is."""
    check_can(by, workspace, "change_settings")
    if not name.strip():
        raise Invalid("A workspace needs a name.")
    if loss_alarm is not None and not 0 <= loss_alarm <= 100:
        raise Invalid("The alarm is a share: 0 to 100 percent.")
    rules = {
        "allow_self_approval": allow_self_approval,
        "daily_snapshots": daily_snapshots,
        "dream_models": dream_models,
        "loss_alarm": workspace.loss_alarm if loss_alarm is None else loss_alarm,
        "scan_policy": workspace.scan_policy if scan_policy is None else dict(scan_policy),
    }
    with transaction.atomic():
        Workspace.objects.filter(pk=workspace.pk).update(name=name.strip(), **rules)
        workspace.refresh_from_db()
        audit.record(workspace, by, "changed settings", workspace, **rules)
    return workspace
