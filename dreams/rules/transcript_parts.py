"""What a transcript is made of once it is read: turns of one speaker, and the parts they have."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from dreams.rules.transcript_words import outcome_badge


@dataclass(frozen=True, slots=True)
class _Part:
    """`id` is that of the event it was read from, "" for all but the first part of an event: where links lead."""

    id: str = field(default="", compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Text(_Part):
    """Words of a person or of the system, as typed; `more` characters are left out."""

    kind: ClassVar[str] = "text"
    text: str
    more: int = 0


@dataclass(frozen=True, slots=True)
class Prose(_Part):
    """Words of an agent, in Markdown; `more` characters are left out."""

    kind: ClassVar[str] = "prose"
    text: str
    more: int = 0


@dataclass(frozen=True, slots=True)
class Tool(_Part):
    """A tool's call with its answer. `subject` is what it was about in one line, `memory` is (store id, memory id)
    when that is a memory we know; `answer` is None while there is none."""

    kind: ClassVar[str] = "tool"
    name: str
    server: str
    subject: str
    asked: tuple[tuple[str, Text], ...]
    answer: Text | None
    error: bool
    seconds: float | None
    verdict: str
    memory: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Note(_Part):
    """One line about what happened; `bad` when somebody should look."""

    kind: ClassVar[str] = "note"
    text: str
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Outcome(_Part):
    """An outcome asked for (`result` is "asked") or one evaluation of it; `round` counts from 1, 0 where not told."""

    kind: ClassVar[str] = "outcome"
    result: str
    text: Text
    round: int = 0
    rubric: Text = Text("")
    outcome_id: str = ""

    @property
    def badge(self) -> tuple[str, str]:
        """(slug, word) of the result."""
        return outcome_badge(self.result)


@dataclass(frozen=True, slots=True)
class Message(_Part):
    """Something sent to another thread, received from it, or that thread's beginning (`way`: to, from, opened)."""

    kind: ClassVar[str] = "thread"
    way: str
    name: str
    thread_id: str
    text: Text = Text("")


Part = Text | Prose | Tool | Note | Outcome | Message


@dataclass(slots=True)
class Turn:
    """What one speaker (`who`: user, agent, system, outcome) did in a row, from `at` on."""

    who: str
    at: datetime | None
    parts: list[Part] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The id of the event it begins with."""
        return self.parts[0].id if self.parts else ""
