"""The gateway against the stand-in: every method for real, every kind of fault it can be ordered to make."""

from collections.abc import Iterator

import pytest

from dreams.remote import errors
from dreams.remote.gateway import Gateway
from dreams.remote.parsing import sha256
from dreams.remote.records import Dream, Identity
from tests.sandbox_server import Sandbox


@pytest.fixture(scope="module")
def world() -> Iterator[Sandbox]:
    """The demo world, at rest: tests only read it, and no dream writes meanwhile."""
    with Sandbox(demo=True) as server:
        gateway = Gateway("k", base_url=server.url)
        while gateway.dreams(statuses=["pending", "running"]):
            pass
        yield server


@pytest.fixture
def demo(world: Sandbox) -> Gateway:
    return Gateway("demo-key", base_url=world.url)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """An empty stand-in for tests that write."""
    with Sandbox() as server:
        yield server


@pytest.fixture
def gateway(sandbox: Sandbox) -> Gateway:
    return Gateway("test-key@red", base_url=sandbox.url)


# -- reading the demo world -----------------------------------------------------------------------------------


def test_the_whole_demo_world_is_read(demo: Gateway) -> None:
    stores = demo.stores()
    assert len(stores) >= 5
    for store in stores:
        assert demo.store(store.id) == store
        newest = demo.newest_version(store.id)
        memories = [memory for page in demo.memory_pages(store.id) for memory in page]
        versions = [version for page in demo.version_pages(store.id) for version in page]
        assert all(memory.content is not None for memory in memories)
        assert newest == (versions[0] if versions else None)
        assert {memory.version_id for memory in memories} <= {version.id for version in versions}
        if memories:
            assert demo.memory(store.id, memories[0].id) == memories[0]
            assert demo.version(store.id, memories[0].version_id).content == memories[0].content


def test_versions_since_are_those_after_the_known_one(demo: Gateway) -> None:
    store = max(demo.stores(), key=lambda store: len(next(demo.version_pages(store.id))))
    versions = [version for page in demo.version_pages(store.id) for version in page]
    assert len(versions) > 25
    since = demo.versions_since(store.id, versions[25].id)
    assert [version.id for version in since] == [version.id for version in versions[:25]][::-1]
    assert all(version.content is not None or version.operation == "deleted" for version in since)
    assert demo.versions_since(store.id, versions[0].id) == []


def test_dreams_sessions_threads_and_events_are_read(demo: Gateway) -> None:
    dreams = demo.dreams()
    completed = [dream for dream in dreams if dream.status == "completed"]
    assert completed
    assert {dream.id for dream in demo.dreams(statuses=["completed"])} == {dream.id for dream in completed}
    newest = max(dream.created_at for dream in dreams)
    assert demo.dreams(created_after=newest) == []
    for dream in completed:
        assert dream.output_store_id and dream.usage.output_tokens
        assert demo.dream(dream.id) == dream
        assert dream.session_id and demo.session(dream.session_id)
        events = [event for page in demo.event_pages(dream.session_id) for event in page]
        assert events
        assert demo.newest_events(dream.session_id) == events[-100:]
    sessions = [session for page in demo.session_pages() for session in page]
    assert len(sessions) > 20
    assert [s.created_at for s in sessions] == sorted((s.created_at for s in sessions), reverse=True)
    mounted = next(session for session in sessions if session.mounts)
    store_id = mounted.mounts[0].store_id
    of_store = [session for page in demo.session_pages(store_id=store_id) for session in page]
    assert mounted.id in {session.id for session in of_store}
    assert demo.session(mounted.id) == mounted
    threads = {session.id: demo.threads(session.id) for session in sessions[:10]}
    assert all(found for found in threads.values())
    child = next((thread for session in sessions for thread in demo.threads(session.id) if thread.parent_id), None)
    assert child
    assert [e for page in demo.event_pages(child.session_id, thread_id=child.id) for e in page]


def test_agents_and_deployments_are_read(demo: Gateway) -> None:
    agents = {agent.id: agent for agent in demo.agents()}
    assert {agent.multiagent.get("type") for agent in agents.values()} == {None, "coordinator", "multiagent_20261001"}
    deployments = demo.deployments()
    assert len(deployments) >= 4
    for deployment in deployments:
        assert demo.deployment(deployment.id) == deployment
        assert deployment.agent_id in agents


# -- writing --------------------------------------------------------------------------------------------------


def test_the_key_tells_its_workspace(gateway: Gateway, sandbox: Sandbox) -> None:
    assert gateway.identity() == Identity("org_sandbox", "wrkspc_red")
    assert len(sandbox.requests()) == 1


def test_a_store_lives_and_dies(gateway: Gateway) -> None:
    store = gateway.create_store("Notes", "For notes.")
    assert (store.name, store.description, store.archived_at) == ("Notes", "For notes.", None)
    assert gateway.newest_version(store.id) is None
    assert gateway.update_store(store.id, description="").description == ""
    assert gateway.update_store(store.id, name="Papers").name == "Papers"
    assert gateway.archive_store(store.id).archived_at
    assert [found.id for found in gateway.stores()] == [store.id]
    assert gateway.stores(include_archived=False) == []
    with pytest.raises(errors.BadRequest):
        gateway.create_memory(store.id, "/a.md", "x")
    gateway.delete_store(store.id)
    with pytest.raises(errors.NotFound):
        gateway.store(store.id)


def test_a_memory_is_written_only_over_what_was_seen(gateway: Gateway) -> None:
    store = gateway.create_store("Notes")
    text = "naïve 😀\r\n\x00 <script>alert(1)</script> \u202e\n"
    memory = gateway.create_memory(store.id, "/a/b.md", text)
    assert (memory.content, memory.sha256) == (text, sha256(text))
    assert gateway.memory(store.id, memory.id) == memory
    with pytest.raises(errors.PathConflict) as taken:
        gateway.create_memory(store.id, "/a", "x")
    assert (taken.value.conflicting_memory_id, taken.value.conflicting_path) == (memory.id, "/a/b.md")
    with pytest.raises(errors.PreconditionFailed):
        gateway.update_memory(store.id, memory.id, content="new", expected_sha256=sha256("stale"))
    written = gateway.update_memory(store.id, memory.id, content="new", expected_sha256=memory.sha256)
    moved = gateway.update_memory(store.id, memory.id, path="/c.md", expected_sha256=written.sha256)
    assert (moved.id, moved.path, moved.sha256) == (memory.id, "/c.md", sha256("new"))
    assert [version.path for version in gateway.versions_since(store.id, memory.version_id)] == [
        "/a/b.md",
        "/c.md",
    ]
    with pytest.raises(errors.PreconditionFailed):
        gateway.delete_memory(store.id, memory.id, expected_sha256=memory.sha256)
    gateway.delete_memory(store.id, memory.id, expected_sha256=moved.sha256)
    with pytest.raises(errors.NotFound):
        gateway.memory(store.id, memory.id)
    newest = gateway.newest_version(store.id)
    assert newest and (newest.operation, newest.content) == ("deleted", None)
    assert newest.actor and newest.actor.kind == "api_key"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/a/../b", "x"),
        ("a", "x"),
        ("/a\x07", "x"),
        ("/e\u0301", "x"),
        ("/" + "x" * 1024, "x"),
        ("/big", "x" * 102_401),
    ],
)
def test_what_the_vendor_refuses_comes_back_as_a_sentence(path: str, content: str, gateway: Gateway) -> None:
    store = gateway.create_store("Notes")
    with pytest.raises(errors.BadRequest) as caught:
        gateway.create_memory(store.id, path, content)
    assert caught.value.status == 400 and caught.value.detail and not caught.value.never_sent
    assert gateway.newest_version(store.id) is None


def launched(gateway: Gateway, sandbox: Sandbox, **given: bool) -> Dream:
    """A dream over an empty store; its session is put in as a fixture would."""
    store = gateway.create_store("Notes")
    gateway.create_memory(store.id, "/a.md", "Anna likes tea.\n")
    with Sandbox(demo=True) as other:
        session = next(s for s in other.state.all("session") if s["status"] == "idle" and not s["archived_at"])
    sandbox.state.put("session", session)
    return gateway.create_dream(store_id=store.id, session_ids=[session["id"]], model="claude-opus-4-8", **given)


def test_a_dream_is_launched_canceled_and_archived(gateway: Gateway, sandbox: Sandbox) -> None:
    sandbox.state.speed = 0.001
    dream = launched(gateway, sandbox, update_existing=True)
    assert (dream.status, dream.updates_existing, dream.model) == ("pending", True, "claude-opus-4-8")
    with pytest.raises(errors.BadRequest):
        gateway.archive_dream(dream.id)
    with pytest.raises(errors.Conflict):
        gateway.create_dream(store_id=dream.store_id, session_ids=dream.session_ids, model="m", update_existing=True)
    assert gateway.cancel_dream(dream.id).status == "canceled"
    assert gateway.archive_dream(dream.id).archived_at
    assert [found.id for found in gateway.dreams()] == [dream.id]


def test_a_dream_refused_tells_why(gateway: Gateway, sandbox: Sandbox) -> None:
    dream = launched(gateway, sandbox)
    given = {"store_id": dream.store_id, "session_ids": dream.session_ids, "model": "m"}
    for spoiled in (
        {"session_ids": [f"sesn_{n}" for n in range(101)]},
        {"instructions": "x" * 4097},
        {"session_ids": []},
    ):
        with pytest.raises(errors.BadRequest):
            gateway.create_dream(**{**given, **spoiled})
    for spoiled in ({"store_id": "memstore_none"}, {"session_ids": ["sesn_none"]}):
        with pytest.raises(errors.NotFound):
            gateway.create_dream(**{**given, **spoiled})


def test_a_key_without_the_preview_is_told_apart_and_all_else_works(sandbox: Sandbox) -> None:
    gateway = Gateway("nodreams", base_url=sandbox.url)
    with pytest.raises(errors.NotEnrolled):
        gateway.dreams()
    with pytest.raises(errors.NotEnrolled):
        gateway.create_dream(store_id="memstore_1", session_ids=["sesn_1"], model="m")
    assert gateway.stores() == []


def test_a_deployment_gets_other_resources_and_keeps_the_rest() -> None:
    with Sandbox(demo=True) as sandbox:
        gateway = Gateway("k", base_url=sandbox.url)
        deployment = next(
            found
            for found in gateway.deployments()
            if not found.archived_at and [r["type"] for r in found.resources].count("memory_store")
            and not any(r["type"] == "github_repository" for r in found.resources)
        )  # fmt: skip
        store = gateway.create_store("Other")
        resources = [
            {**r, "memory_store_id": store.id} if r["type"] == "memory_store" else r for r in deployment.resources
        ][:1]
        changed = gateway.update_deployment_resources(deployment.id, resources)
        assert changed.resources[0]["memory_store_id"] == store.id
        assert gateway.deployment(deployment.id).name == deployment.name


# -- faults on order ------------------------------------------------------------------------------------------

FAULTS = [
    ({"kind": "reset"}, errors.Dropped),
    ({"kind": "drop_after_commit"}, errors.Dropped),
    ({"kind": "slow", "seconds": 2}, errors.TimedOut),
    ({"kind": "malformed", "body": "empty_object"}, errors.Malformed),
    ({"kind": "malformed", "body": "html"}, errors.Malformed),
    ({"kind": "malformed", "body": "bad_json"}, errors.Malformed),
    ({"kind": "status", "status": 429, "retry_after": 9}, errors.RateLimited),
    ({"kind": "status", "status": 500}, errors.ServerFailed),
    ({"kind": "status", "status": 529}, errors.ServerFailed),
    ({"kind": "status", "status": 401}, errors.KeyRefused),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("fault", "expected"), FAULTS, ids=lambda value: str(value))
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
def test_a_fault_of_the_stand_in_is_the_right_error_and_sent_once(
    fault: dict[str, object], expected: type[errors.RemoteError], writes: bool, sandbox: Sandbox
) -> None:
    gateway = Gateway("k", base_url=sandbox.url, deadline=1.0)
    gateway.stores()
    sandbox.requests(clear=True)
    sandbox.faults([fault])
    with pytest.raises(errors.RemoteError) as caught:
        gateway.create_store("Notes") if writes else gateway.stores()
    assert type(caught.value) is expected
    assert caught.value.maybe_done is (writes and issubclass(expected, errors.Unclear))
    assert len(sandbox.requests()) == 1
    if expected is errors.RateLimited:
        assert caught.value.retry_after == 9.0
    # "maybe done" is no exaggeration: what the vendor did before the line was cut is there.
    if writes and fault["kind"] in ("drop_after_commit", "malformed"):
        assert [store.name for store in gateway.stores()] == ["Notes"]
    elif writes and fault["kind"] != "slow":
        assert gateway.stores() == []


def test_a_cursor_that_the_stand_in_repeats_ends_the_walk(demo: Gateway, world: Sandbox) -> None:
    store = demo.stores()[0]
    world.faults([{"kind": "malformed", "body": "repeat_cursor", "times": None}])
    try:
        with pytest.raises(errors.Malformed, match="repeats"):
            list(demo.memory_pages(store.id))
    finally:
        world.faults([])
