"""Faults on demand: what each kind does to the client, and to the state behind it."""

import re
import threading
from typing import Any

import anthropic
import httpx2
import pytest

from tests.sandbox import seeds
from tests.sandbox.conftest import Connect
from tests.sandbox_server import Sandbox


def names(sandbox: Sandbox) -> list[str]:
    return [store["name"] for store in sandbox.state.all("store")]


def test_a_status_fault_answers_instead_of_the_handler(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    sandbox.faults(
        [{"method": "POST", "path": "/v1/memory_stores", "kind": "status", "status": 429, "retry_after": 7}]
    )
    with pytest.raises(anthropic.RateLimitError) as error:
        client.beta.memory_stores.create(name="A")
    assert error.value.type == "rate_limit_error"
    assert error.value.response.headers["retry-after"] == "7"
    assert "x-should-retry" not in error.value.response.headers
    assert names(sandbox) == []
    client.beta.memory_stores.create(name="B")  # times is 1
    assert names(sandbox) == ["B"]


def test_a_reset_cuts_the_connection_before_anything_was_done(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    sandbox.faults([{"kind": "reset", "times": 2}])
    for _ in range(2):
        with pytest.raises(anthropic.APIConnectionError) as error:
            client.beta.memory_stores.create(name="A")
        assert isinstance(error.value.__cause__, httpx2.NetworkError | httpx2.RemoteProtocolError)
    assert names(sandbox) == []
    assert [entry["status"] for entry in sandbox.requests()] == [None, None]


def test_drop_after_commit_cuts_the_connection_when_all_is_done(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    sandbox.faults([{"method": "POST", "kind": "drop_after_commit"}])
    with pytest.raises(anthropic.APIConnectionError):
        client.beta.memory_stores.create(name="A")
    assert names(sandbox) == ["A"]


def test_slow_answers_late_and_acts_even_when_nobody_waits(connect: Connect, sandbox: Sandbox) -> None:
    acted = threading.Event()
    put = sandbox.state.put

    def seen(*args: Any, **more: Any) -> None:
        put(*args, **more)
        acted.set()

    sandbox.state.put = seen  # type: ignore[method-assign]
    try:
        sandbox.faults([{"kind": "slow", "seconds": 0.5}])
        with pytest.raises(anthropic.APITimeoutError):
            connect(timeout=0.1).beta.memory_stores.create(name="A")
        assert names(sandbox) == []
        assert acted.wait(10)
    finally:
        del sandbox.state.put
    assert connect().beta.memory_stores.list().data[0].name == "A"


def test_a_malformed_answer_comes_after_the_work(connect: Connect, sandbox: Sandbox) -> None:
    sandbox.faults([{"kind": "malformed", "body": body} for body in ("empty_object", "html", "bad_json")])
    headers = {"x-api-key": "k", "anthropic-beta": "agent-memory-2026-07-22"}

    def create() -> httpx2.Response:
        return httpx2.post(f"{sandbox.url}/v1/memory_stores", json={"name": "A"}, headers=headers)

    empty, html, bad = create(), create(), create()
    assert (empty.status_code, empty.text) == (200, "{}")
    assert (html.status_code, html.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (bad.status_code, bad.headers["content-type"]) == (200, "application/json")
    with pytest.raises(ValueError):
        bad.json()
    assert len(names(sandbox)) == 3


def test_a_repeated_cursor_leads_to_the_same_page_for_ever(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    for _ in range(3):
        seeds.store(sandbox.state)
    sandbox.faults([{"path": "/v1/memory_stores", "kind": "malformed", "body": "repeat_cursor", "times": None}])
    first = client.beta.memory_stores.list(limit=2)
    second = client.beta.memory_stores.list(limit=2, page=first.next_page or "")
    third = client.beta.memory_stores.list(limit=2, page=second.next_page or "")
    assert first.next_page == second.next_page == third.next_page
    assert first.data == second.data == third.data


def test_the_first_rule_that_matches_is_used_up_first(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    rules = [
        {"path": "/v1/agents*", "kind": "status", "status": 503},
        {"path": "/v1/*", "kind": "status", "status": 529, "times": 2},
    ]
    sandbox.faults(rules)
    seen = []
    for _ in range(4):
        try:
            client.beta.agents.list()
            seen.append(200)
        except anthropic.APIStatusError as error:
            seen.append(error.status_code)
    assert seen == [503, 529, 529, 200]
    assert [entry["status"] for entry in sandbox.requests()] == seen


def test_a_new_list_replaces_the_old_one(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    sandbox.faults([{"kind": "status", "times": None}])
    sandbox.faults([])
    client.beta.agents.list()


@pytest.mark.parametrize(
    "rules",
    [
        {"kind": "reset"},
        [{"kind": "explode"}],
        [{}],
        [{"kind": "reset", "time": 1}],
        [{"kind": "slow", "seconds": "x"}],
    ],
)
def test_an_illegal_rule_is_refused_and_the_old_list_stays(sandbox: Sandbox, rules: Any) -> None:
    sandbox.faults([{"kind": "status", "status": 418}])
    reply = httpx2.post(f"{sandbox.url}/_sandbox/faults", json=rules)
    assert reply.status_code == 400
    assert reply.json()["error"]["message"].startswith("faults")
    assert httpx2.get(f"{sandbox.url}/v1/agents").status_code == 418


def test_the_log_says_what_was_asked_and_can_be_cleared(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    client.beta.agents.list(limit=3)
    assert sandbox.requests(clear=True) == [{"method": "GET", "path": "/v1/agents", "query": "limit=3", "status": 200}]
    assert sandbox.requests() == []


def test_a_reset_forgets_state_faults_and_log(client: anthropic.Anthropic, sandbox: Sandbox) -> None:
    store = seeds.store(sandbox.state)
    sandbox.state.write_memory(store["id"], "/a", "", actor={"type": "user_actor"})
    client.beta.agents.list()
    sandbox.faults([{"kind": "status", "times": None}])
    sandbox.reset()
    assert sandbox.requests() == []
    assert client.beta.memory_stores.list(include_archived=True).data == []
    assert sandbox.state.memories(store["id"]) == sandbox.state.versions(store["id"]) == []


def test_the_control_page_knows_nothing_else(sandbox: Sandbox) -> None:
    reply = httpx2.get(f"{sandbox.url}/_sandbox/secrets")
    assert reply.status_code == 404
    assert re.search("Not found", reply.text)
