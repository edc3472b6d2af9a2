"""Reads of the record, newest first, page by page without ever counting it."""

from collections.abc import Sequence
from dataclasses import dataclass

from dreams.models import AuditEvent, Membership, Workspace
from dreams.rules.audit_words import DETAILS, NOUNS

PER_PAGE = 100
SYSTEM = "system"
# Things whose page is addressed by our own number.
_PAGES = {
    "dream": "dream-detail",
    "review": "review-detail",
    "applyrun": "run-detail",
    "attachment": "attachment-detail",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader looks for; "" is everything. `person` is the number of a user, or SYSTEM."""

    verb: str = ""
    person: str = ""
    noun: str = ""

    @property
    def on(self) -> bool:
        """Whether any of them narrows."""
        return bool(self.verb or self.person or self.noun)


@dataclass(frozen=True, slots=True)
class Row:
    """An event as the page shows it: `said` before the thing's label, `ending` behind it. `page` and `pk` lead to the
    thing ("" when it has no page of its own); `details` are (name, value) pairs."""

    event: AuditEvent
    said: str
    ending: str
    page: str
    pk: str
    details: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Page:
    """100 events and where the next older ones begin; None when these are the last."""

    rows: Sequence[Row]
    older: int | None


def events_of(workspace: Workspace, filters: Filters, before: int | None = None) -> Page:
    """The events below the id `before`: a walk over the index, as quick on the last page as on the first."""
    events = AuditEvent.objects.filter(workspace=workspace)
    if before is not None:
        events = events.filter(pk__lt=before)
    if filters.verb:
        events = events.filter(verb__icontains=filters.verb)
    if filters.person:
        events = events.filter(actor_id="" if filters.person == SYSTEM else filters.person)
    if filters.noun:
        events = events.filter(noun=filters.noun)
    found = list(events.order_by("-pk")[: PER_PAGE + 1])
    shown = found[:PER_PAGE]
    return Page([_row(event) for event in shown], shown[-1].pk if len(found) > PER_PAGE else None)


def people_of(workspace: Workspace) -> list[tuple[str, str]]:
    """(value, name) of everybody who is or was a member, and the system."""
    members = Membership.objects.filter(workspace=workspace).select_related("user").order_by("user__name")
    return [*((str(member.user_id), str(member.user)) for member in members), (SYSTEM, "Memorydash itself")]


def _row(event: AuditEvent) -> Row:
    page, pk = _PAGES.get(event.noun, ""), event.noun_id
    detail = dict(event.detail)
    if event.noun == "change" and "review" in detail:
        page, pk = "review-detail", str(detail.pop("review"))
    details = [(DETAILS.get(name, name.replace("_", " ")), _value(value)) for name, value in detail.items()]
    said, ending = _sentence(event)
    return Row(event, said, ending, page if pk.isdigit() else "", pk, details)


def _sentence(event: AuditEvent) -> tuple[str, str]:
    """The verb without its noun where the label says that itself: "opened (review 2 of x)", "(dream 4) completed"."""
    noun = NOUNS.get(event.noun, event.noun)
    if not event.label.startswith(f"{noun} "):
        return event.verb, ""
    if event.verb.startswith(f"{noun} "):
        return "", event.verb.removeprefix(f"{noun} ")
    return event.verb.removesuffix(f" {noun}"), ""


def _value(value: object) -> str:
    """A value in a line: what a decision left is told by how many memories, hashes by their first digits."""
    if isinstance(value, dict):
        return f"{len(value)} memor{'y' if len(value) == 1 else 'ies'}"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    hashed = len(text) == 64 and all(digit in "0123456789abcdef" for digit in text)
    return f"{text[:8]}…" if hashed else text
