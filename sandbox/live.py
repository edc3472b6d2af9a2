"""A session that happens now: a deployment's agent is given a transcript to play, and writes what it says."""

import json
from datetime import datetime
from typing import Any

from sandbox import agents
from sandbox.playback import Mount, Recording, Step, parse_steps
from sandbox.resources import mounted
from sandbox.state import Json, State
from sandbox.wire import refused
from sandbox.world import World

CENTS = 300.0  # per million input tokens


class Live(Recording):
    """A recording whose clock is the wall's: what it writes is newer than everything written before."""

    def emit(self, type: str, *, pause: float = 0.4, parent: str = "", **fields: Any) -> str:
        """As `Recording.emit`, now."""
        self.clock = self.state.now()
        return super().emit(type, pause=0, parent=parent, **fields)

    def call(self, name: str, input: Json, result: str, *, error: bool = False) -> datetime:
        """As `Recording.call`; the change follows it at once."""
        super().call(name, input, result, error=error)
        return self.state.now()


def play(state: State, raw: bytes) -> Json:
    """One session of `deployment` (its name), titled `title`, that plays `transcript` (see sandbox/world/README.md)
    from start to end: {"session_id"}. Nothing happens when a step cannot be played."""
    try:
        asked = json.loads(raw)
        name, title = str(asked["deployment"]), str(asked["title"])
        steps = parse_steps(str(asked["transcript"]))
    except (ValueError, KeyError, TypeError) as error:
        raise refused('give {"deployment": name, "title": …, "transcript": …}') from error
    with state.transaction():
        deployment = next((d for d in state.all("deployment") if d["name"] == name and not d["archived_at"]), None)
        if deployment is None:
            raise refused(f"there is no deployment {name!r}")
        return {"session_id": _played(state, deployment, title, steps)}


def _played(state: State, deployment: Json, title: str, steps: list[Step]) -> str:
    resources = mounted(state, deployment["resources"])
    mounts = [
        Mount(item["name"], item["memory_store_id"], item["mount_path"])
        for item in resources
        if item["type"] == "memory_store"
    ]
    session = state.new_id("sesn")
    actor = {"type": "session_actor", "session_id": session}
    recording = Live(state, state.now(), actor, mounts, session, CENTS)
    for step in steps:
        try:
            recording.play(step)
        except (KeyError, ValueError, StopIteration) as error:
            raise refused(f"@{step.verb} {step.arg}: {error}") from error
    world = World(state, {})
    world.environment, world.deployments = deployment["environment_id"], {deployment["name"]: deployment["id"]}
    agent: Any = state.get("agent", deployment["agent"]["id"])
    head = {"title": title, "deployment": deployment["name"]}
    world.put_session(recording, agents.snapshot(state, agent), head, resources)
    return session
