"""Reads of attachments and of what is around one: words for its state, exact resources side by side, who runs it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from dreams import render
from dreams.models import Agent, Attachment, Deployment, MemoryVersion, Review, Store, Workspace
from dreams.rules.resources import sendable, session_resource_entry
from dreams.rules.words import text_diff

_State = Attachment.State
ACTIVE = (_State.WAITING, _State.DOING, _State.UNKNOWN)
Resources = Sequence[Mapping[str, Any]]
# Slug of the badge and words, for an attachment and for a rollback. Waiting is on the machine here, not on a person.
_WORDS = {
    _State.WAITING: ("confirmed", "Waiting", "Waiting"),
    _State.DOING: ("doing", "Attaching", "Rolling back"),
    _State.DONE: ("attached", "Attached", "Rolled back"),
    _State.UNKNOWN: ("unknown", "Unconfirmed", "Unconfirmed"),
    _State.REFUSED: ("refused", "Not attached", "Not rolled back"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """An attachment with its state in words; `undo` is the rollback that was asked for, if any."""

    attachment: Attachment
    undo: Attachment | None

    @property
    def active(self) -> bool:
        """Whether it is still being carried out, or taken back."""
        return self.attachment.state in ACTIVE or (self.undo is not None and self.undo.state in ACTIVE)

    @property
    def undone(self) -> bool:
        """Whether it was taken back."""
        return self.undo is not None and self.undo.state == _State.DONE

    @property
    def slug(self) -> str:
        """The state as the badge knows it."""
        if self.undone or (self.attachment.undoes_id and self.attachment.state == _State.DONE):
            return "rolled_back"
        return _WORDS[_State(self.attachment.state)][0]

    @property
    def words(self) -> str:
        """The state as people read it."""
        return (
            "Rolled back"
            if self.undone
            else _WORDS[_State(self.attachment.state)][2 if self.attachment.undoes_id else 1]
        )


def find_attachments(workspace: Workspace) -> QuerySet[Attachment]:
    """Attachments with what their pages read of them, newest first."""
    rows = Attachment.objects.filter(workspace=workspace).order_by("-asked_at", "-pk")
    return rows.select_related(
        "from_store", "to_store", "by", "review", "line", "undoes", "undone_by__by", "workspace"
    )


def row(attachment: Attachment) -> Row:
    """One found by `find_attachments`, in words; no query."""
    return Row(attachment, getattr(attachment, "undone_by", None))


def side_by_side(before: Resources, after: Resources, heads: tuple[str, str]) -> SafeString:
    """Two lists of `resources` as JSON, every line of both shown."""
    diff = text_diff(pretty(before), pretty(after), context=None)
    return render.side_by_side(diff, caption="The deployment's resources", heads=heads)


def pretty(value: object) -> str:
    """JSON as people read it; keys in one order, since PostgreSQL keeps none."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def entry_snippets(store: Store) -> tuple[str, str]:
    """What mounts the store in a new session: the entry as JSON, and the call in Python."""
    entry = session_resource_entry(store.remote_id)
    lines = "".join(f"            {json.dumps(key)}: {json.dumps(value)},\n" for key, value in entry.items())
    python = (
        "session = client.beta.sessions.create(\n"
        '    agent="agent_…",\n'
        '    environment_id="env_…",\n'
        f"    resources=[\n        {{\n{lines}        }},\n    ],\n)\n"
    )
    return json.dumps(entry, indent=2) + "\n", python


def agent_names(workspace: Workspace, deployments: Sequence[Deployment]) -> dict[str, str]:
    """{agent's id: name} of those that run these deployments."""
    ids = {deployment.agent_id for deployment in deployments}
    return dict(Agent.objects.filter(workspace=workspace, remote_id__in=ids).values_list("remote_id", "name"))


def busy_deployments(workspace: Workspace) -> set[str]:
    """The deployments that are being changed by us at this moment."""
    rows = Attachment.objects.filter(workspace=workspace, state__in=ACTIVE)
    return set(rows.values_list("deployment_id", flat=True))


def read_at(review: Review) -> datetime | None:
    """How old the page's knowledge is: the older of the deployments and the dream's input; None when one was never
    read. An input that no longer exists does not age."""
    listed, store = review.workspace.agents_listed_at, review.before.store
    checked = store.checked_at if store.readable else listed
    return min(listed, checked) if listed and checked else None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the mirror says about an attachment now: the deployment, and how many paths of the store that a rollback
    leaves were written since."""

    deployment: Deployment | None
    agent: str
    written: int

    def holds(self, resources: Resources) -> bool:
        """Whether the deployment, as last read, holds these resources."""
        return self.deployment is not None and sendable(self.deployment.resources) == sendable(resources)


def standing(attachment: Attachment) -> Standing:
    """Three queries."""
    found = Deployment.objects.filter(workspace=attachment.workspace, remote_id=attachment.deployment_id).first()
    names = agent_names(attachment.workspace, [found]) if found else {}
    since = attachment.done_at
    versions = MemoryVersion.objects.filter(store=attachment.to_store_id, created_at__gt=since) if since else None
    written = versions.values("memory_id").distinct().count() if versions is not None else 0
    return Standing(found, names.get(found.agent_id, "") if found else "", written)
