"""Raw events become turns one can read, and no event, however broken or hostile, breaks the page."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.rules.transcript_parts import Message, Note, Outcome, Part, Prose, Text, Tool
from dreams.rules.transcript_words import (
    failure_words,
    idle_words,
    outcome_badge,
    outcome_words,
    span,
    status_badge,
    usage_words,
)
from dreams.rules.transcripts import MAX_SHOWN, MAX_TEXT, latest, memory_path, tool_paths, turns_of, with_names

Event = dict[str, Any]
AT = "2026-11-01T09:00:00Z"
KNOWN = [
    *("user.message", "user.interrupt", "user.tool_confirmation", "user.custom_tool_result", "user.tool_result"),
    *("user.define_outcome", "system.message", "agent.message", "agent.thinking", "agent.tool_use"),
    *("agent.tool_result", "agent.mcp_tool_use", "agent.mcp_tool_result", "agent.custom_tool_use"),
    *("agent.thread_message_sent", "agent.thread_message_received", "agent.thread_context_compacted"),
    *("session.status_running", "session.status_idle", "session.status_rescheduled", "session.status_terminated"),
    *("session.error", "session.updated", "session.usage", "session.thread_created", "session.deleted"),
    *("session.thread_status_idle", "session.thread_status_terminated", "span.model_request_start"),
    *("span.model_request_end", "span.outcome_evaluation_start", "span.outcome_evaluation_end"),
    *("workflow_run.created", "workflow_run.status_ended", "workflow_run.error"),
]


def said(kind: str, *words: str, **more: Any) -> Event:
    return {"type": kind, "content": [{"type": "text", "text": word} for word in words], "processed_at": AT, **more}


def use(id: str = "sevt_1", name: str = "read", at: str = AT, **asked: Any) -> Event:
    return {"type": "agent.tool_use", "id": id, "name": name, "input": asked, "processed_at": at}


def result(id: str = "sevt_1", text: str = "- aisle seat", at: str = AT, **more: Any) -> Event:
    return said("agent.tool_result", text, tool_use_id=id, **more) | {"processed_at": at}


def parts(*events: Event) -> list[Part]:
    return [part for turn in turns_of(events) for part in turn.parts]


def test_every_part_is_found_by_its_event_and_a_turn_by_its_first() -> None:
    spoken = said("user.message", "a", "b", id="sevt_u"), said("agent.message", "c", id="sevt_a")
    turns = turns_of([*spoken, use("sevt_t")])
    assert [turn.id for turn in turns] == ["sevt_u", "sevt_a"]
    assert [[part.id for part in turn.parts] for turn in turns] == [["sevt_u", ""], ["sevt_a", "sevt_t"]]


def test_a_message_is_named_by_its_thread_where_the_event_names_nobody() -> None:
    received = {"type": "agent.thread_message_received", "from_session_thread_id": "sthr_1", "from_agent_name": None}
    turns = turns_of([received, {**received, "from_agent_name": "Quill"}, {**received, "from_session_thread_id": "x"}])
    with_names(turns, {"sthr_1": "Harbourmaster"})
    assert [part.name for turn in turns for part in turn.parts] == ["Harbourmaster", "Quill", ""]


def test_a_talk_reads_as_turns_of_its_speakers() -> None:
    turns = turns_of(
        [
            said("user.message", "Plan it.", "Please."),
            said("agent.message", "**Booked.**"),
            said("agent.message", "Bye"),
        ]
    )
    assert [turn.who for turn in turns] == ["user", "agent"]
    assert turns[0].parts == [Text("Plan it."), Text("Please.")]
    assert turns[1].parts == [Prose("**Booked.**"), Prose("Bye")]
    assert turns[0].at is not None
    assert turns[0].at.hour == 9


def test_a_tool_call_stands_with_its_answer_and_the_time_between() -> None:
    call = use(file_path="/mnt/memory/prefs/travel.md", view_range=[1, 2])
    (tool,) = parts(call, result(at="2026-11-01T09:00:02.5Z"))
    assert isinstance(tool, Tool)
    assert (tool.name, tool.subject, tool.seconds) == ("read", "/mnt/memory/prefs/travel.md", 2.5)
    assert tool.asked == (("file_path", Text("/mnt/memory/prefs/travel.md")), ("view_range", Text("[1, 2]")))
    assert tool.answer == Text("- aisle seat")
    assert not tool.error


def test_answers_find_their_calls_of_every_kind_and_in_any_order() -> None:
    mcp = {"type": "agent.mcp_tool_use", "id": "m", "mcp_server_name": "github", "name": "create_issue", "input": {}}
    custom = {"type": "agent.custom_tool_use", "id": "c", "name": "lookup_order", "input": {"id": "1234"}}
    found = parts(
        said("agent.mcp_tool_result", "made", mcp_tool_use_id="m"),
        mcp,
        custom,
        said("user.custom_tool_result", "shipped", custom_tool_use_id="c", is_error=True),
    )
    assert [(p.server, p.name, p.answer, p.error) for p in found if isinstance(p, Tool)] == [
        ("github", "create_issue", Text("made"), False),
        ("", "lookup_order", Text("shipped"), True),
    ]
    assert len(found) == 2


def test_an_answer_without_its_call_is_shown_all_the_same() -> None:
    (tool,) = parts(result("sevt_gone", "left over"))
    assert isinstance(tool, Tool)
    assert tool.answer == Text("left over")


def test_a_call_without_an_answer_says_none() -> None:
    (tool,) = parts(use(command="ls\nrm"))
    assert isinstance(tool, Tool)
    assert tool.answer is None
    assert tool.subject == "ls"


def test_a_permission_stands_at_its_call() -> None:
    deny = {"type": "user.tool_confirmation", "tool_use_id": "sevt_1", "result": "deny", "deny_message": "not now"}
    (tool,) = parts(use(), deny)
    assert isinstance(tool, Tool)
    assert tool.verdict == "denied by a person: not now"


def test_a_memory_that_is_known_is_named_at_the_call() -> None:
    call = use(file_path="/mnt/memory/prefs/travel.md")
    assert tool_paths([call, {}, {"type": "agent.tool_use"}]) == {"/mnt/memory/prefs/travel.md"}
    (turn,) = turns_of([call], memories={"/mnt/memory/prefs/travel.md": ("memstore_1", "mem_1")})
    assert isinstance(turn.parts[0], Tool)
    assert turn.parts[0].memory == ("memstore_1", "mem_1")


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("/mnt/memory/prefs/a/b.md", ("memstore_1", "/a/b.md")),
        ("/mnt/memory/prefs-old/a.md", ("memstore_2", "/a.md")),
        ("/mnt/memory/prefs", None),
        ("/mnt/memory/prefs/", None),
        ("/etc/passwd", None),
    ],
)
def test_a_file_below_a_mount_is_a_path_of_that_store(file: str, found: tuple[str, str] | None) -> None:
    mounts = {"": "memstore_0", "/mnt/memory/prefs": "memstore_1", "/mnt/memory/prefs-old": "memstore_2"}
    assert memory_path(file, mounts) == found


def test_outcomes_are_told_round_by_round() -> None:
    asked = {"type": "user.define_outcome", "description": "Model", "rubric": {"type": "text", "content": "- sums"}}
    end = {
        "type": "span.outcome_evaluation_end",
        "iteration": 0,
        "result": "needs_revision",
        "explanation": "No sums.",
    }
    start = {"type": "span.outcome_evaluation_start", "iteration": 0}
    assert parts(asked, start, end) == [
        Outcome("asked", Text("Model"), rubric=Text("- sums")),
        Outcome("needs_revision", Text("No sums."), 1),
    ]
    assert parts(start) == [Note("The outcome is being evaluated…")]


def test_threads_are_told_by_name_and_id() -> None:
    created = {"type": "session.thread_created", "session_thread_id": "sthr_2", "agent_name": "Researcher"}
    sent = said("agent.thread_message_sent", "Fares?", to_session_thread_id="sthr_2", to_agent_name="Researcher")
    back = said("agent.thread_message_received", "40", from_session_thread_id="sthr_2", from_agent_name="Researcher")
    idle = {"type": "session.thread_status_idle", "agent_name": "Researcher", "stop_reason": {"type": "end_turn"}}
    assert parts(created, sent, back, idle) == [
        Message("opened", "Researcher", "sthr_2"),
        Message("to", "Researcher", "sthr_2", Text("Fares?")),
        Message("from", "Researcher", "sthr_2", Text("40")),
    ]


def test_the_end_of_a_turn_stays_with_the_agent_and_a_failure_stands_alone() -> None:
    idle = {"type": "session.status_idle", "stop_reason": {"type": "end_turn"}}
    broken = {"type": "session.error", "error": {"type": "model_overloaded_error", "message": "busy"}}
    turns = turns_of([said("agent.message", "Done."), idle, broken])
    assert [(turn.who, turn.parts[-1]) for turn in turns] == [
        ("agent", Note("Ended its turn.")),
        ("system", Note("Error, model overloaded: busy", bad=True)),
    ]


def test_what_only_says_that_work_began_is_shown_while_it_is_the_last_word() -> None:
    running = {"type": "session.status_running"}
    assert parts(running) == [Note("Working…")]
    assert parts(running, said("agent.message", "Hi")) == [Prose("Hi")]


def test_a_refusal_and_a_wait_for_a_person_stand_out() -> None:
    refusal = {"stop_reason": {"type": "refusal"}, "stop_details": {"category": "cyber", "explanation": "no"}}
    waits = {"stop_reason": {"type": "requires_action", "event_ids": ["sevt_10"]}}
    assert parts({"type": "session.status_idle", **refusal}, {"type": "session.status_idle", **waits}) == [
        Note("Refused to go on (cyber: no).", bad=True),
        Note("Waits for a person: 1 tool call to answer.", bad=True),
    ]


def test_an_unknown_kind_is_shown_by_its_name() -> None:
    assert parts({"type": "agent.levitated"}, {}) == [
        Note("An event of a kind that this page does not know: agent.levitated."),
        Note("An event of a kind that this page does not know: without a type."),
    ]


def test_what_is_no_text_is_named_and_never_loaded() -> None:
    content = [
        {"type": "image", "source": {"type": "url", "url": "https://evil.example/x.png"}},
        {"type": "document", "title": "plan.pdf"},
        {"type": "redacted"},
    ]
    assert parts({"type": "user.message", "content": content}) == [
        Note("Image (not shown here)."),
        Note("Document: plan.pdf (not shown here)."),
        Note("Redacted by the vendor."),
    ]


def test_a_long_text_is_cut_and_says_by_how_much() -> None:
    (tool,) = parts(use(), result(text="x" * (MAX_TEXT + 7)))
    assert isinstance(tool, Tool)
    assert tool.answer == Text("x" * MAX_TEXT, 7)


def test_a_huge_transcript_ends_with_a_sentence_and_not_with_a_page_of_a_hundred_megabytes() -> None:
    turns = turns_of([result(f"sevt_{n}", "x" * MAX_TEXT) for n in range(150)])
    assert sum(len(part.answer.text) for t in turns for part in t.parts if isinstance(part, Tool) and part.answer) < (
        MAX_SHOWN + 2 * MAX_TEXT
    )
    assert turns[-1].parts[-1] == Note("The page is full: 49 more events are not shown.", bad=True)


def test_only_so_much_is_set_as_markdown() -> None:
    found = parts(*[said("agent.message", "x" * MAX_TEXT) for _ in range(7)])
    assert [part.kind for part in found] == ["prose"] * 5 + ["text"] * 2


def test_the_latest_parts_are_kept_with_their_turns() -> None:
    talk = turns_of([said("user.message", "a", "b"), said("agent.message", "c"), said("user.message", "d")])
    assert [turn.parts for turn in latest(talk, 3)] == [[Text("b")], [Prose("c")], [Text("d")]]
    assert [len(turn.parts) for turn in latest(talk, 9)] == [2, 1, 1]
    assert latest(talk, 0) == []


def test_a_value_without_a_bottom_does_not_break_the_page() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    (tool,) = parts(use(pattern="x", path=None, deep=deep))
    assert isinstance(tool, Tool)
    assert tool.asked[-1] == ("deep", Text("a value too deep to be shown"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        *("id", "content", "input", "name", "processed_at", "tool_use_id", "mcp_tool_use_id", "is_error", "result"),
        *("explanation", "iteration", "rubric", "error", "usage", "stop_reason", "stop_details", "description"),
        *("agent_name", "session_thread_id", "deny_message", "mcp_server_name"),
    ]
)
VALUES = JSON | st.sampled_from(["sevt_1", "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", AT])
EVENTS = st.builds(
    lambda kind, fields: {"type": kind, **fields},
    st.sampled_from(KNOWN) | JSON,
    st.dictionaries(FIELDS, VALUES, max_size=8),
)


@given(st.lists(EVENTS, max_size=8))
def test_no_shape_of_an_event_ever_raises(events: list[Event]) -> None:
    for turn in turns_of(events):
        assert turn.parts
        assert turn.at is None or turn.at.utcoffset() is not None
    assert all(tool_paths(events))


@pytest.mark.parametrize("kind", KNOWN)
def test_every_known_kind_says_something_when_it_is_all_there_is(kind: str) -> None:
    event = said(
        kind, "words", usage={"output_tokens": 7}, stop_reason={"type": "end_turn"}, is_error=True, agent_name="Ana"
    )
    silent = kind == "session.thread_status_idle"  # told by the message that the thread sent back
    assert bool(parts(event)) is not silent
    assert not any("does not know" in part.text for part in parts(event) if isinstance(part, Note))


def test_words_for_states_that_nobody_knows_yet_pass_through() -> None:
    assert outcome_badge("half_done") == ("unknown", "Half done")
    assert status_badge("") == ("unknown", "Unknown")
    assert outcome_words("half_done", 2) == "outcome half done"
    assert idle_words({"type": "coffee"}, {}) == ("Went idle (coffee).", False)
    assert failure_words({}) == "Error."
    assert usage_words({"input_tokens": "many"}) == ""


def test_outcomes_count_their_rounds_from_one() -> None:
    assert outcome_words("satisfied", 0) == "satisfied after 1 iteration"
    assert outcome_words("max_iterations_reached", 2) == "not satisfied: gave up after 3 iterations"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3, "0 s"), (42.4, "42 s"), (60, "1 min"), (250, "4 min 10 s"), (4_320, "1 h 12 min"), (183_600, "2 d 3 h")],
)
def test_a_length_of_time_is_said_in_two_units_at_most(seconds: float, words: str) -> None:
    assert span(seconds) == words
