"""The way to the vendor for one workspace: its gateway, the shared budget, and what the vendor last complained of."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from dreams.crypto import CannotDecrypt, decrypt
from dreams.models import Workspace
from dreams.remote.bucket import Bucket, LocalBucket, RedisBucket
from dreams.remote.errors import (
    BudgetSpent,
    KeyMissing,
    KeyRefused,
    Later,
    NeverSent,
    NotAllowed,
    RemoteError,
    Unclear,
)
from dreams.remote.gateway import Gateway
from dreams.remote.spending import spending


@lru_cache(maxsize=8)
def bucket(organization: str) -> Bucket:
    """The one token bucket of an organisation, shared by all processes through Valkey."""
    rate = settings.VENDOR_READS_PER_MINUTE
    if settings.REDIS_URL:
        return RedisBucket(settings.REDIS_URL, f"memorydash:vendor:{organization}", rate_per_minute=rate)
    return LocalBucket(rate_per_minute=rate)


def bucket_of(workspace: Workspace) -> Bucket:
    """The bucket that the workspace shares with the others of its organisation."""
    return bucket(workspace.organization_id or workspace.slug)


def gateway_for(workspace: Workspace) -> Gateway:
    """The gateway with the workspace's key; KeyMissing when there is none that can be read."""
    if workspace.key_ciphertext is None:
        raise KeyMissing
    try:
        key = decrypt(bytes(workspace.key_ciphertext))
    except CannotDecrypt as error:
        raise KeyMissing("the stored key cannot be decrypted") from error
    return gateway_with(key, workspace.organization_id or workspace.slug)


def gateway_with(key: str, organization: str) -> Gateway:
    """A gateway with a key that is not stored (yet)."""
    return Gateway(
        key,
        base_url=settings.ANTHROPIC_BASE_URL,
        bucket=bucket(organization),
        deadline=settings.VENDOR_DEADLINE_SECONDS,
    )


@contextmanager
def watched(workspace: Workspace) -> Iterator[Gateway]:
    """The gateway, with the outage line kept: an error that speaks of the vendor as a whole (not of one object)
    is noted on the workspace, and the first good end clears it. Errors go on to the caller. Calls made inside are
    counted for the workspace."""
    try:
        with spending(workspace=workspace.pk):
            yield gateway_for(workspace)
    except BudgetSpent:
        raise  # our own limit, not the vendor's failure
    except (KeyRefused, NotAllowed, NeverSent, Later, Unclear) as error:
        note_outage(workspace, error)
        raise
    else:
        if workspace.outage:
            Workspace.objects.filter(pk=workspace.pk).update(outage="", outage_since=None)
            workspace.outage, workspace.outage_since = "", None


def note_outage(workspace: Workspace, error: RemoteError) -> None:
    """Keeps the sentence for the line on every page; since when stays the first moment."""
    since = workspace.outage_since or timezone.now()
    Workspace.objects.filter(pk=workspace.pk).update(outage=error.words[:500], outage_since=since)
    workspace.outage, workspace.outage_since = error.words[:500], since
