"""Objects at named moments of their life, made through the real services against the stand-in."""

from collections.abc import Callable, Mapping

from dreams.models import Change, Dream, Review, Store, Workspace
from dreams.rules import dream_states, review_states
from dreams.services import applying, dreams, reviews, sessions, stores, sweeps, workspaces
from tests.people import People
from tests.sandbox_server import Sandbox

KEY = "sk-test-not-a-real-key"
AGENT_WRITES = {"type": "session_actor", "session_id": "sesn_writer"}
NOTES = {
    "/people/ana.md": "# Ana\n\n- Ana prefers short answers.\n- Ana works from Lisbon.\n",
    "/people/ana-copy.md": "# Ana\n\n- Ana prefers short answers.\n- Ana works from Lisbon.\n",
    "/runbooks/deploy.md": "# Deploy\n\nThe nightly build starts at 02:00 UTC.\nDo not deploy on Fridays.\n",
    "/runbooks/rollback.md": "# Rollback\n\n1. Stop the queue.\n2. Restore the snapshot.\n",
    "/scratch/today.md": "One-off, temporary: try port 8081 today only.\n",
}


def connect(people: People) -> Workspace:
    """The workspace with a key that the stand-in lets in; nothing imported yet."""
    return workspaces.connect_key(people.workspace, KEY, by=people.alice)


def store_with(people: People, sandbox: Sandbox, notes: Mapping[str, str] = NOTES, name: str = "support") -> Store:
    """A store with these memories at the vendor, imported and in sync."""
    workspace = connect(people)
    store_id = put_store(sandbox, notes, name)
    stores.refresh_stores(workspace)
    return stores.sync_store(Store.objects.get(workspace=workspace, remote_id=store_id))


def put_store(sandbox: Sandbox, notes: Mapping[str, str], name: str = "support") -> str:
    """A store at the vendor only; its id."""
    with sandbox.state.transaction():
        now = sandbox.state.stamp()
        store_id = sandbox.state.new_id("memstore")
        head = {"id": store_id, "type": "memory_store", "name": name, "description": "", "metadata": {}}
        sandbox.state.put("store", {**head, "created_at": now, "updated_at": now, "archived_at": None})
        for path, content in notes.items():
            sandbox.state.write_memory(store_id, path, content, actor=AGENT_WRITES)
    return store_id


def agent_writes(sandbox: Sandbox, store: Store, path: str, content: str) -> None:
    """An agent writes a memory behind our back."""
    with sandbox.state.transaction():
        sandbox.state.write_memory(store.remote_id, path, content, actor=AGENT_WRITES)


def agent_deletes(sandbox: Sandbox, store: Store, path: str) -> None:
    """An agent deletes a memory behind our back."""
    with sandbox.state.transaction():
        memory = sandbox.state.memory_at(store.remote_id, path)
        assert memory is not None
        sandbox.state.delete_memory(store.remote_id, memory["id"], actor=AGENT_WRITES)


def until(done: Callable[[], bool], work: Callable[[], object], seconds: float = 30) -> None:
    """Repeats `work` until `done`; fails when that takes too long."""
    import time

    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "waited too long"
        work()
        time.sleep(0.02)


def sweep_now(workspace: Workspace) -> None:
    """One sweep in which everything waiting is due."""
    Dream.objects.filter(workspace=workspace, next_check_at__isnull=False).update(next_check_at="2000-01-01T00:00Z")
    sweeps.sweep_workspace(Workspace.objects.get(pk=workspace.pk))


def dream_requested(people: People, sandbox: Sandbox, store: Store, session_ids: list[str]) -> Dream:
    """Dave asked for a dream over these sessions; nothing was sent yet."""
    sessions.refresh_sessions(store.workspace)
    return dreams.request_dream(
        store, session_ids=session_ids, model="claude-opus-4-8", instructions="", by=people.dave
    )


def dream_completed(people: People, sandbox: Sandbox, store: Store, session_ids: list[str]) -> Dream:
    """That dream, launched, followed and completed, its output read and its review open."""
    dream = dream_requested(people, sandbox, store, session_ids)
    until(
        lambda: Dream.objects.filter(pk=dream.pk, state__in=dream_states.FINAL, next_check_at=None).exists(),
        lambda: sweep_now(store.workspace),
    )
    sweep_now(store.workspace)
    dream.refresh_from_db()
    return dream


def review_open(people: People, sandbox: Sandbox, notes: Mapping[str, str] = NOTES) -> Review:
    """A review that waits: Dave's dream over one session completed."""
    store = store_with(people, sandbox, notes)
    dream = dream_completed(people, sandbox, store, [put_session(sandbox, store)])
    return Review.objects.get(dream=dream)


def review_decided(people: People, sandbox: Sandbox, outcome: str = review_states.ACCEPTED) -> Review:
    """The same with every change decided by Bob."""
    review = review_open(people, sandbox)
    for change in Change.objects.filter(review=review, state=review_states.UNDECIDED):
        reviews.decide_change(change, outcome, by=people.bob, seen_seq=change.seq)
    return review


def review_approved(people: People, sandbox: Sandbox, outcome: str = review_states.ACCEPTED) -> Review:
    """The same, approved by Bob."""
    return reviews.approve_review(review_decided(people, sandbox, outcome), by=people.bob)


def review_applied(people: People, sandbox: Sandbox, outcome: str = review_states.ACCEPTED) -> Review:
    """The same, planned, confirmed and applied by Dave."""
    review = review_approved(people, sandbox, outcome)
    run, drift = applying.plan_review(review, by=people.dave)
    assert run is not None, drift
    applying.confirm_run(run, digest=run.plan_digest, by=people.dave)
    applying.apply_run(run)
    review.refresh_from_db()
    assert review.state == review_states.APPLIED
    return review


def put_session(sandbox: Sandbox, store: Store, title: str = "A talk with Ana") -> str:
    """A finished session that mounts the store, at the vendor only; its id. Its transcript is one exchange."""
    state = sandbox.state
    with state.transaction():
        now, session_id = state.stamp(), state.new_id("sesn")
        usage = {"input_tokens": 900, "output_tokens": 120, "cache_read_input_tokens": 0}
        creation = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}
        mount = {
            "type": "memory_store",
            "memory_store_id": store.remote_id,
            "access": "read_write",
            "instructions": "",
            "name": store.name,
            "description": "",
            "mount_path": f"/mnt/memory/{store.name}",
        }
        state.put(
            "session",
            {
                "id": session_id,
                "type": "session",
                "agent": {"type": "agent", "id": "agent_test", "name": "Helper", "version": 1},
                "environment_id": "env_test",
                "title": title,
                "status": "idle",
                "metadata": {},
                "resources": [mount],
                "vault_ids": [],
                "outcome_evaluations": [],
                "stats": {"active_seconds": 12.0, "duration_seconds": 30.0},
                "usage": {**usage, "cache_creation": creation},
                "budget": None,
                "deployment_id": None,
                "created_at": now,
                "updated_at": now,
                "archived_at": None,
            },
        )
        for number, (kind, words) in enumerate(
            [("user.message", "How do I deploy?"), ("agent.message", "Never on Fridays.")]
        ):
            content = [{"type": "text", "text": words}]
            event = {"type": kind, "id": f"sevt_{session_id}_{number}", "content": content, "processed_at": now}
            state.put("event", event, parent=session_id)
    return session_id
