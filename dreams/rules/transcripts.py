"""Raw events of a session as turns one can read; whatever shape an event has, it never raises."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from dreams.rules.loose import items, mapping, moment, string
from dreams.rules.transcript_parts import Message, Note, Outcome, Part, Prose, Text, Tool, Turn
from dreams.rules.transcript_words import failure_words, idle_words, usage_words

MAX_TEXT = 20_000  # characters of one text or one value shown; the rest is counted
MAX_ASKED = 20  # fields of a tool's input shown
MAX_SHOWN = 2_000_000  # characters of a whole transcript
MAX_PROSE = 100_000  # characters of it set as Markdown, which takes about 20 µs each; the rest is shown as typed
_RESULT_KEYS = ("tool_use_id", "mcp_tool_use_id", "custom_tool_use_id")
_USES = frozenset({"agent.tool_use", "agent.mcp_tool_use", "agent.custom_tool_use"})
_RESULTS = frozenset({"agent.tool_result", "agent.mcp_tool_result", "user.custom_tool_result", "user.tool_result"})
# What only says that work began: implied by what follows, so it is shown only when nothing does.
_BEGINNINGS = {
    "session.status_running": "Working…",
    "session.thread_status_running": "A thread is working…",
    "span.model_request_start": "Waiting for the model…",
    "span.outcome_evaluation_start": "The outcome is being evaluated…",
    "span.outcome_evaluation_ongoing": "The outcome is being evaluated…",
    "workflow_run.status_running": "A workflow is running…",
}


def turns_of(
    events: Iterable[Mapping[str, Any]], *, memories: Mapping[str, tuple[str, str]] | None = None
) -> list[Turn]:
    """The turns of one thread's events in their order; `memories` says which tool paths are memories we know."""
    listed = [event for event in events if isinstance(event, Mapping)]
    reader = _Reader(listed, memories or {})
    turns: list[Turn] = []
    shown = prose = 0
    for position, event in enumerate(listed):
        last = position == len(listed) - 1
        id = string(event.get("id"))
        for who, part in reader.parts(event, last=last):
            part, id = replace(part, id=id), ""  # an event of several parts is found at its first
            if isinstance(part, Prose):
                prose += len(part.text)
                part = part if prose <= MAX_PROSE else Text(part.text, part.more, id=part.id)
            _append(turns, who, part, moment(event.get("processed_at")))
            shown += _size(part)
        if shown > MAX_SHOWN and not last:
            rest = Note(f"The page is full: {len(listed) - position - 1:,} more events are not shown.", bad=True)
            _append(turns, "system", rest, None)
            break
    return turns


def _append(turns: list[Turn], who: str, part: Part, at: datetime | None) -> None:
    """To the last turn when the same speaker goes on; what the system notes in passing stays with the agent's."""
    aside = isinstance(part, Note) and not part.bad and who == "system"
    if not turns or (turns[-1].who != who and not (aside and turns[-1].who == "agent")):
        turns.append(Turn(who, at))
    turns[-1].parts.append(part)


def _size(part: Part) -> int:
    """How many characters of foreign text a part shows."""
    if isinstance(part, Tool):
        return sum(len(text.text) for _, text in part.asked) + len(part.answer.text if part.answer else "")
    if isinstance(part, Outcome | Message):
        return len(part.text.text) + (len(part.rubric.text) if isinstance(part, Outcome) else 0)
    return len(part.text)


def latest(turns: Sequence[Turn], count: int) -> list[Turn]:
    """The last turns with together at most `count` parts; the first of them may have lost its beginning."""
    kept: list[Turn] = []
    for turn in reversed(turns):
        room = count - sum(len(later.parts) for later in kept)
        if room > 0:
            kept.append(Turn(turn.who, turn.at, turn.parts[-room:]))
    return kept[::-1]


def evaluations_of(turns: Iterable[Turn]) -> dict[str, list[Outcome]]:
    """{outcome's id: it as asked for, then each evaluation of it}, in the order of the transcript."""
    found: dict[str, list[Outcome]] = {}
    for part in (part for turn in turns for part in turn.parts):
        if isinstance(part, Outcome):
            found.setdefault(part.outcome_id, []).append(part)
    return found


def with_names(turns: Sequence[Turn], names: Mapping[str, str]) -> None:
    """Names the threads that messages come from or go to where the event does not: {thread's id: who works in it}."""
    for turn in turns:
        turn.parts = [
            replace(part, name=names.get(part.thread_id, ""))
            if isinstance(part, Message) and not part.name
            else part
            for part in turn.parts
        ]


def troubles_of(turns: Iterable[Turn]) -> list[Note]:
    """What somebody should look at: refusals, errors, calls that wait for a person."""
    return [part for turn in turns for part in turn.parts if isinstance(part, Note) and part.bad]


def tool_paths(events: Iterable[Mapping[str, Any]]) -> set[str]:
    """The file paths that tools were called with."""
    asked = (mapping(event.get("input")) for event in events if _type(event) in _USES)
    return {path for values in asked for path in (_path(values),) if path}


def memory_path(file_path: str, mounts: Mapping[str, str]) -> tuple[str, str] | None:
    """(store id, path in that store) of a file below one of the mounts {mount path: store id}; else None."""
    for mount, store_id in mounts.items():
        below = mount.rstrip("/") + "/"
        if mount and file_path.startswith(below) and len(file_path) > len(below):
            return store_id, file_path[len(below) - 1 :]
    return None


class _Reader:
    """Reads events one by one, knowing which answers and permissions belong to which call."""

    def __init__(self, events: Sequence[Mapping[str, Any]], memories: Mapping[str, tuple[str, str]]) -> None:
        self.memories = memories
        self.uses = {string(e.get("id")) for e in events if _type(e) in _USES} - {""}
        self.results = {_use_id(e): e for e in events if _type(e) in _RESULTS}
        self.verdicts = {_use_id(e): e for e in events if _type(e) == "user.tool_confirmation"}

    def parts(self, event: Mapping[str, Any], *, last: bool) -> list[tuple[str, Part]]:
        """(who, part) of one event; most bring one, some none."""
        kind = _type(event)
        if kind in _BEGINNINGS:
            return [("system", Note(_BEGINNINGS[kind]))] if last else []
        if kind in _USES:
            return [("agent", self._tool(event))]
        if kind in _RESULTS or kind == "user.tool_confirmation":
            return [] if _use_id(event) in self.uses else [("system", self._stray(event, kind))]
        if kind in ("user.message", "system.message"):
            who = kind.split(".")[0]
            return [(who, part) for part in _blocks(event.get("content"), Text)]
        if kind == "agent.message":
            return [("agent", part) for part in _blocks(event.get("content"), Prose)]
        return _told(kind, event)

    def _tool(self, use: Mapping[str, Any]) -> Tool:
        asked, use_id = mapping(use.get("input")), string(use.get("id"))
        result = self.results.get(use_id) if use_id else None
        path = _path(asked)
        began, ended = moment(use.get("processed_at")), moment((result or {}).get("processed_at"))
        return Tool(
            name=string(use.get("name")) or "a tool without a name",
            server=string(use.get("mcp_server_name")),
            subject=path or _subject(asked),
            asked=tuple((string(key)[:200], _cut(_shown(value))) for key, value in list(asked.items())[:MAX_ASKED]),
            answer=None if result is None else _cut(_joined(result.get("content"))),
            error=bool(result and result.get("is_error") is True),
            seconds=round((ended - began).total_seconds(), 1) if began and ended and ended >= began else None,
            verdict=_verdict(self.verdicts.get(use_id) if use_id else None),
            memory=self.memories.get(path),
        )

    @staticmethod
    def _stray(event: Mapping[str, Any], kind: str) -> Part:
        if kind == "user.tool_confirmation":
            return Note(_verdict(event).capitalize() or "Decided about a call that is not shown here.")
        answer = _cut(_joined(event.get("content")))
        error = event.get("is_error") is True
        return Tool("an answer to a call that is not shown here", "", "", (), answer, error, None, "")


def _told(kind: str, event: Mapping[str, Any]) -> list[tuple[str, Part]]:
    """Everything beside words and tools."""
    outcome = string(event.get("outcome_id"))
    if kind == "user.define_outcome":
        rubric = mapping(event.get("rubric"))
        words = string(rubric.get("content")) or string(rubric.get("file_id"))
        asked = Outcome("asked", _cut(string(event.get("description"))), 0, _cut(words), outcome)
        return [("outcome", asked)]
    if kind == "span.outcome_evaluation_end":
        turn = event.get("iteration")
        round = turn + 1 if isinstance(turn, int) and not isinstance(turn, bool) else 0
        result = string(event.get("result")) or "unknown"
        told = Outcome(result, _cut(string(event.get("explanation"))), round, outcome_id=outcome)
        return [("outcome", told)]
    if kind in ("agent.thread_message_sent", "agent.thread_message_received"):
        way = "to" if kind.endswith("sent") else "from"
        thread, name = (string(event.get(f"{way}_{what}")) for what in ("session_thread_id", "agent_name"))
        return [("agent", Message(way, name, thread, _cut(_joined(event.get("content")))))]
    if kind == "session.thread_created":
        thread, name = (string(event.get(what)) for what in ("session_thread_id", "agent_name"))
        return [("agent", Message("opened", name, thread))]
    note = _note(kind, event)
    speaker = kind.split(".", 1)[0]
    return [] if note is None else [(speaker if speaker in ("user", "agent") else "system", note)]


def _note(kind: str, event: Mapping[str, Any]) -> Note | None:
    """The line for a status, a failure, a count of tokens; None for what says nothing new."""
    if kind in ("session.status_idle", "session.thread_status_idle"):
        words, bad = idle_words(mapping(event.get("stop_reason")), mapping(event.get("stop_details")))
        if kind == "session.thread_status_idle":
            who = string(event.get("agent_name")) or "a thread"
            return Note(f"{who}: {words}", bad) if bad else None
        return Note(words, bad)
    if kind == "session.error" or kind == "workflow_run.error":
        return Note(failure_words(mapping(event.get("error"))), bad=True)
    if kind == "span.model_request_end":
        return Note("A request to the model failed.", bad=True) if event.get("is_error") is True else None
    if kind == "session.usage":
        words = usage_words(mapping(event.get("usage")))
        return Note(words) if words else None
    if kind == "user.interrupt":
        return Note("Interrupted the session.")
    known = {
        "agent.thinking": "Thought, without words to show.",
        "agent.thread_context_compacted": "The thread grew long: what was said before is summed up from here on.",
        "session.status_rescheduled": "Put back in the queue; it goes on by itself.",
        "session.status_terminated": "The session ended.",
        "session.updated": "The session's settings were changed.",
        "session.deleted": "The session was deleted.",
    }
    if kind in known:
        return Note(known[kind])
    named = string(event.get("name")) or string(mapping(event.get("result")).get("type"))
    if kind.startswith(("workflow_run.", "session.thread_status_")):
        return Note(f"{_plain(kind)}{f': {named}' if named else ''}.")
    return Note(f"An event of a kind that this page does not know: {kind or 'without a type'}.")


def _plain(kind: str) -> str:
    """`session.status_running` as "Session status running"."""
    return " ".join(kind.replace(".", " ").replace("_", " ").split()).capitalize()


def _verdict(event: Mapping[str, Any] | None) -> str:
    if event is None:
        return ""
    result, why = string(event.get("result")), string(event.get("deny_message"))
    words = {"allow": "allowed by a person", "deny": "denied by a person"}.get(result, result)
    return f"{words}: {why}" if words and why else words


def _blocks(content: Any, made: type[Text] | type[Prose]) -> list[Part]:
    """The parts of a message's content; what is no text is named."""
    found: list[Part] = []
    for block in items(content):
        words = _block(block)
        if isinstance(block, Mapping) and block.get("type") not in ("text", None):
            found.append(Note(words))
        elif words:
            cut = _cut(words)
            found.append(made(cut.text, cut.more))
    return found


def _joined(content: Any) -> str:
    return "\n".join(filter(None, map(_block, items(content))))


def _block(block: Any) -> str:
    """One block of content as text."""
    if isinstance(block, str):
        return block
    values = mapping(block)
    kind, title = string(values.get("type")), string(values.get("title"))
    if kind == "redacted":
        return "Redacted by the vendor."
    if kind in ("", "text"):
        return string(values.get("text"))
    if kind == "search_result":
        below = (string(mapping(inner).get("text")) for inner in items(values.get("content")))
        return "\n".join(filter(None, [f"Search result: {title}", *below]))
    named = f"{_plain(kind)}{f': {title}' if title else ''}"
    return f"{named} (not shown here)."


def _subject(asked: Mapping[str, Any]) -> str:
    """What a call is about, in one short line."""
    for key in ("command", "pattern", "query", "url", "id"):
        if words := string(asked.get(key)).strip():
            line = words.split("\n", 1)[0]
            return line if len(line) <= 120 else f"{line[:119]}…"
    return ""


def _path(asked: Mapping[str, Any]) -> str:
    return string(asked.get("file_path")) or string(asked.get("path"))


def _use_id(event: Mapping[str, Any]) -> str:
    return next(filter(None, (string(event.get(key)) for key in _RESULT_KEYS)), "")


def _cut(text: str) -> Text:
    return Text(text[:MAX_TEXT], max(0, len(text) - MAX_TEXT))


def _shown(value: Any) -> str:
    """A value of a tool's input: text as it is, everything else as JSON."""
    try:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, ValueError):
        return "a value too deep to be shown"


def _type(event: Any) -> str:
    return string(mapping(event).get("type"))
