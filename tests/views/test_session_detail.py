"""A transcript: read from the vendor each time, readable by turns, and only a sentence when the vendor fails."""

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.models import Memory, Session, Store, User
from dreams.queries.session_page import thread_rows
from dreams.remote.records import Thread
from dreams.services import sessions
from tests.factories import dream_completed, put_session, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.dreaming import session_row, wrote
from tests.views.pages import assert_members_only, assert_only


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


@pytest.fixture
def session(sandbox: Sandbox, store: Store) -> Session:
    """A mirrored session of one exchange that the vendor has."""
    session_id = put_session(sandbox, store)
    sessions.refresh_sessions(store.workspace)
    return Session.objects.get(remote_id=session_id)


def url(session: Session) -> str:
    return f"/acme/sessions/{session.remote_id}/"


def page(user: User, address: str) -> str:
    answer = browser_of(user).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def say(sandbox: Sandbox, parent: str, *events: dict[str, Any]) -> None:
    """Events at the end of a session's (or a thread's) transcript, at the vendor."""
    with sandbox.state.transaction():
        for event in events:
            head = {"id": sandbox.state.new_id("sevt"), "processed_at": sandbox.state.stamp()}
            sandbox.state.put("event", head | event, parent=parent)


def text(words: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": words}]


def test_members_read_it_and_nobody_else(people: People, session: Session) -> None:
    assert_members_only(people, url(session))
    assert_only(people, url(session), "get")
    assert browser_of(people.alice).get("/acme/sessions/sesn_gone/").status_code == 404
    assert browser_of(people.mallory).get(f"/acme-rival/sessions/{session.remote_id}/").status_code == 404


def test_both_speakers_are_read_in_turns_and_the_agent_as_markdown(
    people: People, sandbox: Sandbox, session: Session
) -> None:
    say(sandbox, session.remote_id, {"type": "agent.message", "content": text("**Never** on <b>Fridays</b>.")})
    body = page(people.carol, url(session))
    assert re.findall(r'data-who="(\w+)"', body) == ["user", "agent"]
    assert "How do I deploy?" in body
    assert "<strong>Never</strong> on &lt;b&gt;Fridays&lt;/b&gt;." in body


def test_a_tool_stands_with_its_answer_and_leads_to_the_memory(
    people: People, sandbox: Sandbox, store: Store, session: Session
) -> None:
    path = f"/mnt/memory/{store.name}/people/ana.md"
    say(
        sandbox,
        session.remote_id,
        {"type": "agent.tool_use", "id": "sevt_use", "name": "read", "input": {"file_path": path}},
        {"type": "agent.tool_result", "tool_use_id": "sevt_use", "content": text("<i>short</i>"), "is_error": True},
    )
    memory = Memory.objects.get(store=store, path="/people/ana.md")
    body = page(people.carol, url(session))
    assert '<dl id="sevt_use">' in body, "a link to the call opens it"
    assert f'href="/acme/stores/{store.remote_id}/memories/{memory.remote_id}/"' in body
    assert '<details class="tool" data-error>' in body
    assert "<pre>&lt;i&gt;short&lt;/i&gt;</pre>" in body


def test_outcomes_failures_and_unknown_kinds_are_told(people: People, sandbox: Sandbox, session: Session) -> None:
    outcome = {"iteration": 0, "result": "needs_revision", "explanation": "No sums yet."}
    refusal = {"stop_reason": {"type": "refusal"}, "stop_details": {"category": "cyber", "explanation": "no"}}
    say(
        sandbox,
        session.remote_id,
        {"type": "user.define_outcome", "description": "A model", "rubric": {"type": "text", "content": "# Sums"}},
        {"type": "span.outcome_evaluation_end", **outcome},
        {"type": "session.error", "error": {"type": "model_overloaded_error", "message": "busy <now>"}},
        {"type": "session.status_idle", **refusal},
        {"type": "agent.levitated"},
    )
    body = unescape(page(people.carol, url(session)))
    for words in (
        "A model",
        ">Sums</h",
        "Needs revision",
        "iteration 1",
        "No sums yet.",
        "Error, model overloaded: busy <now>",
        "Refused to go on (cyber: no).",
        "a kind that this page does not know: agent.levitated",
    ):
        assert words in body


def test_each_iteration_of_an_outcome_stands_beside_its_final_result(
    people: People, sandbox: Sandbox, session: Session
) -> None:
    say(
        sandbox,
        session.remote_id,
        {"type": "user.define_outcome", "outcome_id": "outc_1", "description": "A model", "rubric": {}},
        *(
            {
                "type": "span.outcome_evaluation_end",
                "id": f"sevt_round_{number}",
                "outcome_id": "outc_1",
                "iteration": number,
                "result": result,
                "explanation": f"Because {number}.",
            }
            for number, result in enumerate(["needs_revision", "satisfied"])
        ),
        {"type": "user.define_outcome", "outcome_id": "outc_2", "description": "Another", "rubric": {}},
    )
    final = {"result": "satisfied", "iteration": 1, "explanation": "Because 1.", "description": "A model"}
    for id in ("outc_1", ""):  # mirrored before ids were kept: matched by the order
        Session.objects.filter(pk=session.pk).update(outcomes=[{"id": id, **final}])
        aside = unescape(page(people.carol, url(session))).split("<aside", 1)[1]
        assert aside.count('<ol class="rounds">') == 1
        assert aside.count('class="outcome"') == 2, "each outcome once"
        assert re.findall(r'href="#(sevt_round_\d)">iteration (\d)<', aside) == [
            ("sevt_round_0", "1"),
            ("sevt_round_1", "2"),
        ]
        told = ("2 iterations", "Because 0.", "Because 1.", "Needs revision", "Satisfied", "Another", "Not begun")
        assert all(words in aside for words in told)
    sandbox.faults([{"method": "GET", "path": "/v1/sessions/*", "times": 1, "kind": "status", "status": 529}])
    aside = page(people.carol, url(session)).split("<aside", 1)[1]
    assert "Because 1." in aside and "rounds" not in aside, "the final result stays when the vendor fails"


def test_refusals_and_errors_are_named_at_the_side_and_lead_to_their_place(
    people: People, sandbox: Sandbox, session: Session
) -> None:
    error = {"type": "model_overloaded_error", "message": "<busy>", "retry_status": {"type": "retrying"}}
    say(
        sandbox,
        session.remote_id,
        {"type": "session.error", "id": "sevt_error", "error": error},
        {"type": "session.status_idle", "id": "sevt_no", "stop_reason": {"type": "refusal"}},
    )
    body = page(people.carol, url(session))
    assert '<a class="bad" href="#sevt_error">Error, model overloaded: &lt;busy&gt; It is tried again.</a>' in body
    assert '<a class="bad" href="#sevt_no">Refused to go on.</a>' in body
    assert '<p class="bad" id="sevt_no">' in body


def test_what_was_used_is_drawn_and_told(people: People, session: Session) -> None:
    used = {"input_tokens": 100, "output_tokens": 0, "cache_read_input_tokens": 300, "cache_creation_input_tokens": 0}
    Session.objects.filter(pk=session.pk).update(**used, cost_cents=187, currency="USD", active_seconds=90)
    body = page(people.carol, url(session))
    assert re.findall(r'<rect data-part="(\w+)" x="(\d+)" y="0" width="(\d+)"', body) == [
        ("fresh", "0", "60"),
        ("cached", "60", "180"),
    ]
    assert "1.87 USD" in body
    assert "1 min 30 s at work" in body


def test_who_works_in_a_thread_is_told_by_roster_model_or_that_it_was_made_up(
    people: People, sandbox: Sandbox, session: Session
) -> None:
    def thread(id: str, parent: str | None, agent: dict[str, str], status: str = "idle") -> None:
        now = sandbox.state.stamp()
        head = {"id": id, "type": "session_thread", "session_id": session.remote_id, "parent_thread_id": parent}
        times = {"created_at": now, "updated_at": now, "archived_at": None}
        sandbox.state.put("thread", {**head, "agent": agent, "status": status, **times}, parent=session.remote_id)

    with sandbox.state.transaction():
        thread("sthr_1", None, {"type": "agent", "id": "a", "name": "Helper"})
        thread("sthr_2", "sthr_1", {"type": "agent", "id": "b", "name": "<i>Quill</i>"}, "dreaming_up")
        thread("sthr_3", "sthr_2", {"type": "inline", "name": "Summer"})
        thread("sthr_4", "sthr_1", {"type": "advisor", "model": "claude-opus-5"})
    body = page(people.carol, url(session))
    nav = body[body.index('<nav aria-label="Threads">') :]
    nav = nav[: nav.index("</nav>")]
    assert [int(depth) for depth in re.findall(r'data-depth="(\d)"', nav)] == [0, 1, 2, 1]
    for words in ("&lt;i&gt;Quill&lt;/i&gt;", "Dreaming up", "Summer", "made up for this session", "claude-opus-5"):
        assert words in nav
    assert nav.count('aria-current="page"') == 1


def test_a_hostile_transcript_is_text_and_nothing_else(people: People, sandbox: Sandbox, session: Session) -> None:
    attack = "<script>alert(1)</script> ![x](https://evil.example/x.png) \x00\u202e"
    say(
        sandbox,
        session.remote_id,
        {"type": "user.message", "content": text(attack)},
        {"type": "agent.message", "content": text(attack)},
        {"type": "agent.tool_use", "id": "u", "name": attack, "input": {attack: attack}},
        {"type": "session.thread_created", "session_thread_id": '"><script>', "agent_name": attack},
    )
    body = page(people.carol, url(session))
    assert "<script>alert" not in body
    assert '"><script>' not in body
    assert "<img" not in body
    assert "evil.example" in body
    assert "U+202E" in body


def test_threads_are_listed_below_their_parent_and_read_one_by_one(
    people: People, sandbox: Sandbox, store: Store, session: Session
) -> None:
    dream = dream_completed(people, sandbox, store, [session.remote_id])
    own = sandbox.state.all("thread", parent=dream.pipeline_session_id)
    child = next(thread for thread in own if thread["parent_thread_id"])
    sessions.refresh_sessions(store.workspace)
    address = f"/acme/sessions/{dream.pipeline_session_id}/"
    body = page(people.carol, address)
    assert [int(depth) for depth in re.findall(r'data-depth="(\d)"', body)] == [0, 1]
    assert f"?thread={child['id']}" in body
    body = page(people.carol, f"{address}?thread={child['id']}")
    assert "You are reading one thread." in body
    assert "turns, " in body
    assert "The API does not find it" in page(people.carol, f"{address}?thread=sthr_gone")
    assert Session.objects.get(remote_id=dream.pipeline_session_id).gone_at is None


def test_the_session_of_a_dream_is_read_even_before_it_is_listed(
    people: People, sandbox: Sandbox, store: Store, session: Session
) -> None:
    dream = dream_completed(people, sandbox, store, [session.remote_id])
    Session.objects.filter(remote_id=dream.pipeline_session_id).delete()
    body = page(people.carol, f"/acme/sessions/{dream.pipeline_session_id}/")
    assert "the session of a dream, not in the list of sessions" in body
    assert f'href="/acme/dreams/{dream.pk}/"' in body
    assert 'class="turn"' in body
    assert browser_of(people.mallory).get(f"/acme-rival/sessions/{dream.pipeline_session_id}/").status_code == 404


def test_the_head_tells_mounts_memories_written_and_dreams_that_read_it(
    people: People, sandbox: Sandbox, store: Store, session: Session
) -> None:
    memory = Memory.objects.get(store=store, path="/people/ana.md")
    wrote(session, store, "/gone.md")
    session.workspace.stores.get().versions.filter(memory_id=memory.remote_id).update(
        actor_kind="session", actor_id=session.remote_id
    )
    dream = dream_completed(people, sandbox, store, [session.remote_id])
    body = page(people.carol, url(session))
    for words in (f"/mnt/memory/{store.name}", "reads and writes", "/people/ana.md", f'"/acme/dreams/{dream.pk}/"'):
        assert words in body
    assert "/gone.md" in body and "1 version, removed since" in body
    wrote(session, store, *(f"/more/{number}.md" for number in range(20)))
    assert "22 memories in all; the 20 written last are listed." in page(people.carol, url(session))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "status", "status": 529}, "The API had an internal failure."),
        ({"kind": "malformed", "body": "html"}, "does not look like the API"),
        ({"kind": "reset"}, "The connection to the API was lost"),
    ],
)
def test_when_the_vendor_fails_the_head_stays_with_a_sentence(
    people: People, sandbox: Sandbox, session: Session, fault: dict[str, object], words: str
) -> None:
    sandbox.faults([{"method": "GET", "path": "/v1/sessions/*", "times": 9, **fault}])
    body = page(people.carol, url(session))
    assert words in body
    assert "A talk with Ana" in body
    assert "Nothing was said yet" not in body


def test_a_session_that_the_vendor_deleted_keeps_its_head(people: People, sandbox: Sandbox, store: Store) -> None:
    session = session_row(store, title="Long gone")
    body = page(people.carol, url(session))
    assert "Long gone" in body
    assert "its transcript is gone with it" in body
    assert "Nothing was said yet" not in body and "Reload to try again" not in body
    assert Session.objects.get(pk=session.pk).gone_at is not None
    assert "its transcript is gone with it" in page(people.carol, url(session))


def test_a_transcript_that_is_too_long_says_so(
    people: People, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "The transcript goes on" not in page(people.carol, url(session))
    monkeypatch.setattr(sessions, "MAX_EVENTS", 1)
    body = page(people.carol, url(session))
    assert "The transcript goes on: only its beginning is shown here." in body
    assert "How do I deploy?" in body
    assert "Never on Fridays" not in body


def test_one_without_events_says_so(people: People, sandbox: Sandbox, session: Session) -> None:
    for event in sandbox.state.all("event", parent=session.remote_id):
        sandbox.state.remove("event", event["id"])
    assert "Nothing was said yet" in page(people.carol, url(session))


def test_the_number_of_queries_does_not_grow_with_the_transcript(
    people: People, sandbox: Sandbox, store: Store, session: Session
) -> None:
    client, counts = browser_of(people.carol), []
    for more in (3, 30):
        for number in range(more):
            asked = {"file_path": f"/mnt/memory/{store.name}/people/ana.md", "n": number}
            say(sandbox, session.remote_id, {"type": "agent.tool_use", "name": "read", "input": asked})
            wrote(session, store, f"/{more}-{number}.md")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url(session)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_threads_whose_parents_are_missing_or_run_in_circles_stay_in_sight(session: Session) -> None:
    def thread(id: str, parent: str | None) -> Thread:
        return Thread(id, "sesn_1", parent, f"agent {id}", "agent", "idle", session.created_at)

    rows = thread_rows([thread("a", None), thread("b", "a"), thread("c", "b"), thread("d", "gone"), thread("e", "e")])
    assert [(row.thread.id, row.depth) for row in rows] == [("a", 0), ("b", 1), ("c", 2), ("d", 0), ("e", 0)]
    assert {row.thread.id for row in thread_rows([thread("f", "g"), thread("g", "f")])} == {"f", "g"}
