"""Reads of where a change's sentences come from: the turns found for each, and how far its sessions were read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dreams.models import Change, Review, Source
from dreams.rules import review_states as states
from dreams.rules.provenance import fingerprint, sentences_of, worth_asking

FEW = 20
Key = tuple[str, str, int, str]
"""(finding: lost, altered or unsourced; path; line; text): a line may hold several; an altered one as it reads now."""

# What a turn says of a sentence, by finding and kind.
_SAYS = {
    "supports": {"altered": "says it as it reads now", "": "says so"},
    "contradicts": {"altered": "says it as it read before", "": "says otherwise"},
}
_WHO = {"user": "a person", "tool": "a tool", "outcome": "an outcome", "system": "the session’s setup"}


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One turn that says a sentence, or otherwise (`contradicts`), in `words`. `excerpt` is "" where the vendor no
    longer has the session; `at` is when that began; `event_id` leads to the turn on its page."""

    excerpt: str
    contradicts: bool
    words: str
    who: str
    session: str
    session_id: str
    event_id: str
    at: datetime


def sources_of(change: Change) -> dict[Key, list[SourceLine]]:
    """{where a sentence stands: its nearest turns, what contradicts first} of one change; one query. What was found
    for words that were purged since is left out."""
    asked = {(*key[:3], fingerprint(key[3])): key for key in _places(change)}
    found: dict[Key, list[SourceLine]] = defaultdict(list)
    rows = Source.objects.filter(change=change).select_related("session").order_by("says", "-score", "pk")
    for source in rows:
        key = asked.get((source.finding, source.path, source.line, source.sentence))
        if key:
            found[key].append(_line(source))
    return dict(found)


def _line(source: Source) -> SourceLine:
    session = source.session
    words = _SAYS[source.says]
    return SourceLine(
        excerpt="" if session.gone_at else source.excerpt,
        contradicts=source.says == Source.Says.CONTRADICTS,
        words=words.get(source.finding, words[""]),
        who=_WHO.get(source.who) or session.agent_name or "the agent",
        session=str(session),
        session_id=session.remote_id,
        event_id=source.event_id,
        at=session.created_at,
    )


@dataclass(frozen=True, slots=True)
class Tracing:
    """How far the sessions of a review's dream were read: `read` and `unreadable` of `sessions`; `again` is when it
    goes on after a `problem`; `live` while somebody will."""

    sessions: int
    read: int
    unreadable: int
    done: bool
    live: bool
    problem: str
    again: datetime | None

    @property
    def words(self) -> str:
        """How far it is, in a sentence."""
        if self.done:
            return f"{_sessions(self.read)} read{self._left_out}."
        if not self.live:
            return f"Only {self.read} of {_sessions(self.sessions)} were read before this review ended."
        return f"Reading {min(self.read + self.unreadable + 1, self.sessions)} of {_sessions(self.sessions)}…"

    @property
    def nothing(self) -> str:
        """What is said of a sentence without a source."""
        if self.done:
            return f"No source found in {_sessions(self.read)}"
        return f"No source found so far, in {self.read} of {_sessions(self.sessions)}"

    @property
    def _left_out(self) -> str:
        if not self.unreadable:
            return ""
        them = "it" if self.unreadable == 1 else "them"
        return f"; {self.unreadable} could not be: the vendor no longer has {them}, or sends what cannot be read"


def tracing_of(review: Review) -> Tracing | None:
    """How far the review's sessions were read; None without a dream or sessions, and where it ended before that
    began. At most two queries."""
    row = getattr(review, "provenance", None)
    active = review.state in states.ACTIVE
    if row is not None:
        done, live = row.made_at is not None, active and row.made_at is None
        again = row.next_check_at if row.problem else None
        return Tracing(row.sessions, row.read, row.unreadable, done, live, row.problem, again)
    count = review.dream.session_links.count() if review.dream and active else 0
    return Tracing(count, 0, 0, False, True, "", None) if count else None


@dataclass(frozen=True, slots=True)
class Origin:
    """One sentence of a change with its sources; `silence` says why there are none. `kind` is its drawing."""

    kind: str
    path: str
    line: int
    text: str
    sources: Sequence[SourceLine]
    silence: str

    @property
    def anchor(self) -> str:
        """The id of its place on the page."""
        return anchor_of((self.kind, self.path, self.line, self.text))


@dataclass(frozen=True, slots=True)
class Origins:
    """What the pane shows: how far the sessions were read, the sentences, how many are `hidden`, and whether all were
    asked for."""

    tracing: Tracing
    sentences: Sequence[Origin]
    hidden: int
    whole: bool


def origins_of(change: Change, *, whole: bool = False) -> Origins | None:
    """Where the sentences of a change come from: contradicted ones first, the first FEW unless `whole`. None where no
    session was asked, or nothing came, went or was altered. At most four queries."""
    tracing = tracing_of(change.review)
    wanted = _places(change)
    if tracing is None or not wanted:
        return None
    found = sources_of(change)
    rows = [_origin(key, place, found.get(key, []), tracing) for key, place in wanted.items()]
    rows.sort(key=lambda row: (not any(each.contradicts for each in row.sources), not row.sources))
    shown = rows if whole else rows[:FEW]
    return Origins(tracing, shown, len(rows) - len(shown), whole)


def _places(change: Change) -> dict[Key, Mapping[str, object]]:
    """What is said of sentences; a heading orders them and says nothing itself."""
    told = (each for each in sentences_of(change.findings) if not each[1].get("heading"))
    return {(finding, p["path"], p["line"], p["text"]): p for finding, p, _ in told}


def _origin(key: Key, place: Mapping[str, object], found: Sequence[SourceLine], tracing: Tracing) -> Origin:
    silence = "" if found else tracing.nothing if worth_asking(place) else "Too short to be looked for"
    return Origin(*key, sources=found, silence=silence)


def anchor_of(key: Key) -> str:
    """The id of a sentence's place in the pane."""
    return f"from-{key[0]}-{fingerprint(f'{key[1]}:{key[2]} {key[3]}')[:12]}"


def _sessions(count: int) -> str:
    return f"{count} session{'' if count == 1 else 's'}"
