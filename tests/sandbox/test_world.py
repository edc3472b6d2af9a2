"""The demo world: whole, readable through the real SDK, true to its own labels, and the same story in every part."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import anthropic
import pytest

from sandbox.state import State, parse_time
from sandbox.world import WORLD, load_world, read_tree
from tests.sandbox_server import Sandbox

HARMS = tomllib.loads((WORLD / "dreams/review/harms.toml").read_text("utf-8"))["harm"]
PEOPLE_MADE = {"prod-support", "legal-playbooks", "engineering-conventions", "customer-preferences", "tokyo-pilot"}


@pytest.fixture(scope="module")
def world() -> Iterator[Sandbox]:
    """The demo world behind HTTP; time goes at its own pace, so that the running dream runs."""
    with Sandbox(demo=True, speed=1.0) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def client(world: Sandbox) -> Iterator[anthropic.Anthropic]:
    """The real SDK; an answer that does not fit its models is an error."""
    with anthropic.Anthropic(
        api_key="test-key", base_url=world.url, max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


@pytest.fixture(scope="module")
def state(world: Sandbox) -> State:
    """What lies behind it."""
    return world.state


def dream_with(state: State, store: str, status: str) -> Any:
    """The dream over the store of this name that has this status."""
    for dream in state.all("dream"):
        source: Any = state.get("store", dream["inputs"][0]["memory_store_id"])
        if source["name"] == store and dream["status"] == status:
            return dream
    raise LookupError(f"no {status} dream over {store}")


def texts(state: State, store_id: str) -> dict[str, str]:
    """path -> content of a store as it is now."""
    return {memory["path"]: memory["content"] for memory in state.memories(store_id)}


def texts_at(state: State, store_id: str, at: str) -> dict[str, str]:
    """path -> content of a store as it was at a time, replayed from its versions."""
    last: dict[str, Any] = {}
    for version in reversed(state.versions(store_id, until=parse_time(at))):
        last[version["memory_id"]] = version
    return {v["path"]: v["content"] for v in last.values() if v["operation"] != "deleted"}


def sessions_of_agents(state: State) -> list[Any]:
    """All sessions but the pipeline sessions of dreams."""
    return [session for session in state.all("session") if "dream_id" not in session["metadata"]]


def memory_roots(session: Any) -> dict[str, str]:
    """mount path -> store id of a session."""
    stores = [item for item in session["resources"] if item["type"] == "memory_store"]
    return {item["mount_path"]: item["memory_store_id"] for item in stores}


def review(state: State) -> tuple[dict[str, str], dict[str, str]]:
    """The store when the review dream began, and the dream's output."""
    dream = dream_with(state, "prod-support", "completed")
    before = texts_at(state, dream["inputs"][0]["memory_store_id"], dream["created_at"])
    return before, texts(state, dream["outputs"][0]["memory_store_id"])


def test_the_world_has_what_it_promises(client: anthropic.Anthropic, state: State) -> None:
    dreams = list(client.beta.dreams.list())
    outputs = {output.memory_store_id for dream in dreams for output in dream.outputs}
    stores = list(client.beta.memory_stores.list(include_archived=True))
    assert {store.name for store in stores if store.id not in outputs} == PEOPLE_MADE
    pipelines = {dream.session_id for dream in dreams}
    sessions = [session.id for session in client.beta.sessions.list(limit=100) if session.id not in pipelines]
    assert len(sessions) == len(set(sessions)) == 40
    assert len(list(client.beta.deployments.list())) == 6
    agents = list(client.beta.agents.list(include_archived=True))
    assert {agent.name for agent in agents if agent.archived_at} == {"Almanac"}
    shapes = {agent.name: agent.multiagent.type for agent in agents if agent.multiagent}
    newer = "multiagent_20261001"
    assert shapes == {"Harbourmaster": newer, "Quill": newer, "Tally": "coordinator"}
    assert len(agents) == 5
    assert len(list(client.beta.environments.list())) == 1
    assert Counter(dream.status for dream in dreams) in (
        Counter(completed=2, failed=1, running=1),
        Counter(completed=2, failed=1, pending=1),
    )


def test_every_object_reads_through_the_sdk(client: anthropic.Anthropic) -> None:
    beta = client.beta
    for agent in beta.agents.list():
        assert beta.agents.retrieve(agent.id).system
    for deployment in beta.deployments.list():
        assert beta.deployments.retrieve(deployment.id).initial_events
    for dream in beta.dreams.list():
        assert beta.dreams.retrieve(dream.id).inputs
    for store in beta.memory_stores.list(include_archived=True):
        assert list(beta.memory_stores.memories.list(store.id, view="full", limit=20))
        assert list(beta.memory_stores.memory_versions.list(store.id, view="full", limit=20))
    for session in beta.sessions.list(include_archived=True, limit=100):
        assert beta.sessions.retrieve(session.id).agent.name
        threads = list(beta.sessions.threads.list(session.id))
        assert sum(thread.parent_thread_id is None for thread in threads) == 1
        assert len(list(beta.sessions.events.list(session.id, limit=100))) > 0
        for thread in threads:
            list(beta.sessions.threads.events.list(thread.id, session_id=session.id, limit=100))


def test_the_labels_are_the_ten_harms() -> None:
    assert Counter(harm["kind"] for harm in HARMS) == Counter(
        lost_fact=3, changed_number=1, changed_date=1, dropped_negation=1, must_to_may=1, false_merge=1,
        invented_sentence=1, injected_instruction=1,
    )  # fmt: skip
    assert len({harm["path_before"] for harm in HARMS}) == 10, "each in a memory of its own"
    assert all(harm["why"] for harm in HARMS)


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: f"{harm['kind']} {harm['path_before']}")
def test_each_harm_is_really_there(state: State, harm: dict[str, str]) -> None:
    before, after = review(state)
    everything_before, everything_after = "\n".join(before.values()), "\n".join(after.values())
    if harm["text_before"]:
        assert harm["text_before"] in before[harm["path_before"]]
        assert harm["text_before"] not in everything_after
    if harm["text_after"]:
        assert harm["text_after"] in after[harm["path_after"]]
        if harm["kind"] != "false_merge":
            assert harm["text_after"] not in everything_before
    if harm["kind"] == "false_merge":
        assert harm["text_after"] in before[harm["twin_before"]]
        assert not {harm["path_before"], harm["twin_before"]} & set(after)


def test_the_invented_sentence_has_no_source_and_the_injected_one_comes_from_a_mail(state: State) -> None:
    spoken = "\n".join(str(event) for event in state.all("event") if event["type"] == "user.message")
    by_kind = {harm["kind"]: harm for harm in HARMS}
    assert by_kind["invented_sentence"]["text_after"] not in spoken
    assert by_kind["injected_instruction"]["text_after"] in spoken


def test_the_review_dream_changes_25_to_40_memories_and_leaves_some_alone(state: State) -> None:
    before, after = review(state)
    same = {path for path in before if after.get(path) == before[path]}
    changed = (set(before) | set(after)) - same
    assert len(same) >= 20
    moved = sum(text in set(before.values()) for path, text in after.items() if path not in before)
    assert 25 <= len(set(before) - same) <= 45, "old memories which are not as they were"
    assert moved >= 4
    assert len(changed - set(before)) >= 6, "new paths"


def test_agents_wrote_into_the_base_after_the_review_dream_began(state: State) -> None:
    dream = dream_with(state, "prod-support", "completed")
    since = state.versions(dream["inputs"][0]["memory_store_id"], since=parse_time(dream["created_at"]))
    assert len(since) >= 2
    assert {version["created_by"]["type"] for version in since} == {"session_actor"}
    harmed = {harm["path_before"] for harm in HARMS}
    assert not harmed & {version["path"] for version in since}, "the labels stay true"


def test_writes_in_transcripts_and_versions_agree(state: State) -> None:
    """Same session, same path, same time, same content; and no version of a session without its tool call."""
    told: Counter[tuple[str, ...]] = Counter()
    for session in sessions_of_agents(state):
        roots = memory_roots(session)
        parents = [session["id"], *(thread["id"] for thread in state.all("thread", parent=session["id"]))]
        events = [event for parent in parents for event in state.all("event", parent=parent)]
        failed = {
            event["tool_use_id"] for event in events if event["type"] == "agent.tool_result" and event["is_error"]
        }
        for event in events:
            if event["type"] != "agent.tool_use" or event["name"] not in ("write", "edit") or event["id"] in failed:
                continue
            target = event["input"]["file_path"]
            root = next((root for root in roots if target.startswith(root + "/")), None)
            if root is not None:
                told[session["id"], roots[root], target.removeprefix(root), event["processed_at"]] += 1
    ids = {session["id"] for session in sessions_of_agents(state)}
    kept: Counter[tuple[str, ...]] = Counter()
    for store in state.all("store"):
        for version in state.versions(store["id"]):
            session_id = version["created_by"].get("session_id")
            if session_id in ids:
                kept[session_id, store["id"], version["path"], version["created_at"]] += 1
    assert told == kept
    assert len(told) >= 15


def test_every_tool_call_has_its_result(state: State) -> None:
    events = state.all("event")
    calls = {event["id"] for event in events if event["type"] == "agent.tool_use"}
    results = Counter(event["tool_use_id"] for event in events if event["type"] == "agent.tool_result")
    assert set(results) == calls
    assert set(results.values()) == {1}


def test_events_and_versions_lie_in_the_past_and_in_order(state: State) -> None:
    now = state.stamp()
    for session in sessions_of_agents(state):
        times = [event["processed_at"] for event in state.all("event", parent=session["id"])]
        assert times == sorted(times)
        assert session["created_at"] <= times[0]
        assert times[-1] <= now, session["title"]
    for store in state.all("store"):
        for version in state.versions(store["id"]):
            assert store["created_at"] <= version["created_at"] <= now


def test_what_a_transcript_read_was_what_the_store_held(state: State) -> None:
    """The replay is in order: no session read a text from later than itself."""
    for session in sessions_of_agents(state):
        roots = memory_roots(session)
        events = state.all("event", parent=session["id"])
        results = {event["tool_use_id"]: event for event in events if event["type"] == "agent.tool_result"}
        for event in events:
            if event["type"] != "agent.tool_use" or event["name"] != "read" or results[event["id"]]["is_error"]:
                continue
            root = next(root for root in roots if event["input"]["file_path"].startswith(root + "/"))
            held = texts_at(state, roots[root], event["processed_at"])
            shown = results[event["id"]]["content"][0]["text"]
            assert held[event["input"]["file_path"].removeprefix(root)] == shown


def test_the_situations_promised_are_there(state: State) -> None:
    sessions, events = sessions_of_agents(state), state.all("event")
    results = {e["result"] for e in events if e["type"] == "span.outcome_evaluation_end"}
    assert results >= {"satisfied", "needs_revision", "max_iterations_reached", "failed"}
    assert all(e["explanation"] for e in events if e["type"] == "span.outcome_evaluation_end")
    stops = {e["stop_reason"]["type"] for e in events if e["type"] == "session.status_idle"}
    assert stops >= {"end_turn", "refusal", "retries_exhausted", "requires_action"}
    assert any(e["type"] == "session.error" for e in events)
    coordinated = [s for s in sessions if len(state.all("thread", parent=s["id"])) > 1]
    assert len(coordinated) >= 4
    threads = [thread for s in sessions for thread in state.all("thread", parent=s["id"])]
    assert {thread["agent"]["type"] for thread in threads} == {"agent", "inline", "advisor"}
    parents = {thread["id"]: thread["parent_thread_id"] for thread in threads}
    assert any(parents.get(parent) for parent in parents.values() if parent), "one that a child opened"
    rounds = Counter((e["outcome_id"]) for e in events if e["type"] == "span.outcome_evaluation_end")
    assert max(rounds.values()) >= 3, "an outcome with several iterations"
    assert all(session["usage"]["list_cost"]["currency"] == "USD" for session in sessions)
    for session in sessions:
        spoken = [e for e in state.all("event", parent=session["id"]) if e["type"].startswith(("user.", "agent."))]
        assert len(spoken) >= 6, session["title"]


def test_deployments_mount_what_the_product_needs_to_show(state: State) -> None:
    deployments = {deployment["name"]: deployment for deployment in state.all("deployment")}
    mounted = {
        name: [r["memory_store_id"] for r in d["resources"] if r["type"] == "memory_store"]
        for name, d in deployments.items()
    }
    support = dream_with(state, "prod-support", "completed")["inputs"][0]["memory_store_id"]
    assert sum(support in stores for stores in mounted.values()) >= 3
    older = dream_with(state, "customer-preferences", "completed")
    assert older["inputs"][0]["memory_store_id"] in mounted["support-triage"]
    outputs = {output["memory_store_id"] for dream in state.all("dream") for output in dream["outputs"]}
    assert not outputs & {store for stores in mounted.values() for store in stores}, "attaching is left to the product"
    paused = {name: d["paused_reason"]["type"] for name, d in deployments.items() if d["status"] == "paused"}
    assert paused == {"contract-desk": "manual", "tokyo-digest": "error"}
    (closed,) = mounted["tokyo-digest"]
    assert (state.get("store", closed) or {})["archived_at"], "what is broken has an example"
    kinds = {r["type"] for r in deployments["code-review"]["resources"]}
    assert "github_repository" in kinds


def test_a_failed_dream_left_a_part_of_its_work(state: State) -> None:
    dream = dream_with(state, "engineering-conventions", "failed")
    assert dream["error"]["message"]
    before = texts_at(state, dream["inputs"][0]["memory_store_id"], dream["created_at"])
    after = texts(state, dream["outputs"][0]["memory_store_id"])
    assert before != after
    assert len(set(before.items()) & set(after.items())) > len(before) / 2


def test_no_file_is_large_and_nothing_looks_like_a_secret() -> None:
    for path, text in read_tree(WORLD).items():
        assert len(text.encode()) < 100_000, path
        assert not re.search(r"sk-[a-z]{3}|AKIA|ghp_|-----BEGIN|xox[bp]-|whsec_|eyJ[A-Za-z0-9]{20}", text), path
        for address in re.findall(r"[\w.+-]+@([\w.-]+\w)", text):
            assert address.endswith(".example") or "." not in address, f"{path}: {address}"


@pytest.mark.parametrize("hour", [0, 5, 12, 23])
def test_the_story_holds_at_any_hour_of_loading(hour: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times like "-1d 18:00" and "-5h" must not overtake each other."""
    state = State(":memory:")
    now = state.now().replace(hour=hour, minute=1) - timedelta(days=1)
    monkeypatch.setattr(state, "now", lambda: now)
    load_world(state)
    before, after = review(state)
    for harm in HARMS:
        assert harm["text_before"] in before[harm["path_before"]]
        assert harm["text_after"] in after.get(harm["path_after"], "")
    state.close()
