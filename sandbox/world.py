"""The demo world: reads the data files of sandbox/world/ and plays them, oldest first, into an empty State."""

import re
import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from sandbox import agents, dream_session, dreams
from sandbox.playback import Mount, Recording, Step, parse_steps
from sandbox.resources import mount_path, mounted
from sandbox.state import Json, State

WORLD = Path(__file__).parent / "world"
TOOLS = [
    {
        "type": "agent_toolset_20260401",
        "configs": [],
        "default_config": {"enabled": True, "permission_policy": {"type": "always_allow"}},
    }
]


def load_world(state: State) -> None:
    """Put the whole demo world in, in one transaction; all times are relative to now."""
    with state.transaction():
        world = World(state, tomllib.loads((WORLD / "world.toml").read_text("utf-8")))
        world.load()
        world.start_dream(world.plan["running"])


def when(spec: str, now: datetime) -> datetime:
    """ "-3d 14:20" is that time (UTC) three days before `now`; "-2h30m" is so long before it."""
    if day := re.fullmatch(r"-(\d+)d (\d\d):(\d\d)", spec):
        days, hour, minute = map(int, day.groups())
        return (now - timedelta(days=days)).replace(hour=hour, minute=minute, second=0, microsecond=0)
    ago = re.fullmatch(r"-(?:(\d+)h)?(?:(\d+)m)?", spec)
    if ago is None:
        raise ValueError(f"not a time of the demo world: {spec!r}")
    return now - timedelta(hours=int(ago[1] or 0), minutes=int(ago[2] or 0))


def read_tree(folder: Path) -> dict[str, str]:
    """path -> text of every file below the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {f"/{path.relative_to(folder).as_posix()}": path.read_text("utf-8") for path in files}


class World:
    """The plan (world.toml) while it is carried out: which short name has which id so far."""

    def __init__(self, state: State, plan: Json) -> None:
        self.state, self.plan, self.now = state, plan, state.now()
        self.stores: dict[str, str] = {}  # short name -> id of the store that is in use
        self.agents: dict[str, Json] = {}
        self.deployments: dict[str, str] = {}
        self.environment = state.new_id("env")
        self.played: list[tuple[datetime, set[str], str]] = []  # start, stores, id of every session

    def load(self) -> None:
        """Everything but the running dream."""
        self.add_environment()
        for key in self.plan["agents"]:
            self.add_agent(key)
        self.deployments = {key: self.state.new_id("depl") for key in self.plan["deployments"]}
        for _, play in sorted(self.timeline(), key=lambda item: item[0]):
            play()
        for key, plan in self.plan["deployments"].items():
            self.add_deployment(key, plan)
        for key, plan in self.plan["stores"].items():
            if "archived" in plan:
                store = self.state.get("store", self.stores[key]) or {}
                archived = self.at(plan["archived"])
                self.state.put("store", {**store, "archived_at": archived, "updated_at": archived})

    def at(self, spec: str) -> str:
        """`when`, as API text."""
        return self.state.stamp(when(spec, self.now))

    def timeline(self) -> list[tuple[datetime, Callable[[], None]]]:
        """What happened, with its time: stores and their first files, people's edits, sessions, dreams."""
        items: list[tuple[datetime, Callable[[], None]]] = []
        for key, plan in self.plan["stores"].items():
            items.append((when(plan["start"], self.now), lambda k=key, p=plan: self.add_store(k, p)))  # type: ignore[misc]
            items += self.first_files(key, plan["origin"])
        played: dict[str, Callable[[Json, list[Step]], None]] = {
            "session": self.play_session,
            "by": self.play_edits,
            "dream": self.play_dream,
        }
        for file in sorted(WORLD.glob("*/**/*.txt")):
            block: list[Step] = []
            for step in [*parse_steps(file.read_text("utf-8")), Step("session", "", "")]:
                if step.verb in played:
                    if block:
                        head = {**tomllib.loads(block[0].body), "key": block[0].arg}
                        play = played[block[0].verb]
                        items.append((when(head["start"], self.now), lambda p=play, h=head, b=block[1:]: p(h, b)))  # type: ignore[misc]
                    block = []
                block.append(step)
        return items

    def first_files(self, key: str, origin: list[list[str]]) -> list[tuple[datetime, Callable[[], None]]]:
        """The files of stores/<key>/, each by the first pattern of `origin` that fits, a minute apart."""
        items: list[tuple[datetime, Callable[[], None]]] = []
        for number, (path, text) in enumerate(read_tree(WORLD / "stores" / key).items()):
            spec, who = next((spec, who) for pattern, spec, who in origin if fnmatch(path[1:], pattern))
            at = when(spec, self.now) + timedelta(seconds=41 * number)

            def write(path: str = path, text: str = text, who: str = who, at: datetime = at) -> None:
                self.state.write_memory(self.stores[key], path, text, actor=self.plan["actors"][who], at=at)

            items.append((at, write))
        return items

    # Things

    def add_environment(self) -> None:
        """The one environment."""
        plan = self.plan["environment"]
        packages = {"type": "packages"} | {
            name: plan.get(name, []) for name in ("apt", "cargo", "gem", "go", "npm", "pip")
        }
        self.state.put("environment", {
            "id": self.environment, "type": "environment", "name": plan["name"], "description": plan["description"],
            "config": {"type": "cloud", "networking": {"type": "unrestricted"}, "packages": packages},
            "metadata": {}, "scope": "organization", "created_at": self.at(plan["start"]),
            "updated_at": self.at(plan["start"]), "archived_at": None,
        })  # fmt: skip

    def add_agent(self, key: str) -> None:
        """An agent; a roster, or `inline` (it may make agents up), lets it call others: those added before."""
        plan = self.plan["agents"][key]
        self.agents[key] = {
            "id": self.state.new_id("agent"), "type": "agent", "version": plan["version"], "name": plan["name"],
            "description": plan["description"], "system": plan["system"].strip(), "tools": TOOLS, "skills": [],
            "model": {"id": plan["model"], "speed": "standard"}, "mcp_servers": [], "metadata": {},
            "multiagent": self.multiagent(plan), "execution_identity": {"type": "service_account"},
            "created_at": self.at(plan["start"]), "updated_at": self.at(plan["start"]),
            "archived_at": self.at(plan["archived"]) if "archived" in plan else None,
        }  # fmt: skip
        self.state.put("agent", self.agents[key])

    def multiagent(self, plan: Json) -> Json | None:
        """Its roster in the shape that the plan names, the newer one if none; "agent 3" is called at version 3."""
        crew: list[Json] = []
        for entry in plan.get("roster", []):
            key, _, version = entry.partition(" ")
            agent = self.agents[key]
            crew.append({"id": agent["id"], "type": "agent", "version": int(version or agent["version"])})
        if plan.get("shape") == "coordinator":
            return {"type": "coordinator", "agents": [*crew, {"type": "advisor", "model": plan["advisor"]}]}
        if not crew and not plan.get("inline"):
            return None
        advisor = {"type": "enabled", "model": plan["advisor"]} if "advisor" in plan else {"type": "disabled"}
        team = {"type": "enabled", "inline_agents": {"type": "enabled"}, "predefined_agents": crew}
        off = {"type": "disabled"}
        return {"type": "multiagent_20261001", "advisor": advisor, "subagents": team, "workflows": off}

    def add_store(self, key: str, plan: Json) -> None:
        """An empty memory store."""
        self.stores[key] = self.state.new_id("memstore")
        self.state.put("store", {
            "id": self.stores[key], "type": "memory_store", "name": plan["name"], "description": plan["description"],
            "metadata": plan["metadata"], "created_at": self.at(plan["start"]), "updated_at": self.at(plan["start"]),
            "archived_at": None,
        })  # fmt: skip

    def resources(self, plan: Json) -> list[Json]:
        """What a deployment or session mounts, with the stores that are in use at this point of time."""
        found: list[Json] = [
            {
                "type": "memory_store",
                "memory_store_id": self.stores[key],
                "access": access,
                "instructions": words or None,
            }
            for key, access, words in plan["stores"]
        ]
        if "repository" in plan:
            checkout = {"type": "branch", "name": plan["branch"]}
            found.append(
                {"type": "github_repository", "url": plan["repository"], "checkout": checkout, "mount_path": None}
            )
        return found

    def add_deployment(self, key: str, plan: Json) -> None:
        """A deployment, with the stores that are in use at the end."""
        agent = self.agents[plan["agent"]]
        paused, cron = plan.get("paused"), plan.get("cron")
        reason = {"type": "manual"} if paused == "manual" else {"type": "error", "error": {"type": paused}}
        self.state.put("deployment", {
            "id": self.deployments[key], "type": "deployment", "name": plan["name"],
            "description": plan["description"],
            "agent": {"id": agent["id"], "type": "agent", "version": plan.get("version", agent["version"])},
            "environment_id": self.environment,
            "initial_events": [{"type": "user.message", "content": dream_session.text_content(plan["message"])}],
            "resources": self.resources(plan), "vault_ids": [], "metadata": {}, "budget": None,
            "schedule": {"type": "cron", "expression": cron, "timezone": plan["timezone"]} if cron else None,
            "status": "paused" if paused else "active", "paused_reason": reason if paused else None,
            "created_at": self.at(plan["start"]), "updated_at": self.at(plan["updated"]), "archived_at": None,
        })  # fmt: skip

    # What happened

    def play_edits(self, head: Json, steps: list[Step]) -> None:
        """ "@by <actor>": a person's or a key's own edits of one store."""
        mount = Mount(head["store"], self.stores[head["store"]], "")
        hand = Recording(self.state, when(head["start"], self.now), self.plan["actors"][head["key"]], [mount])
        for step in steps:
            hand.play(step)

    def play_session(self, head: Json, steps: list[Step]) -> None:
        """ "@session <key>": a session of a deployment, or of an agent alone with its own `stores`."""
        plan = self.plan["deployments"].get(head.get("deployment")) or head
        resources = mounted(self.state, self.resources(plan))
        stores = [item for item in resources if item["type"] == "memory_store"]
        mounts = [
            Mount(names[0], item["memory_store_id"], item["mount_path"])
            for names, item in zip(plan["stores"], stores, strict=True)
        ]
        agent = self.agents[plan["agent"]]
        recording = self.record(head, steps, mounts, agent["model"]["id"], when(head["start"], self.now))
        for item in resources[len(stores) :]:
            item |= {
                "created_at": self.state.stamp(recording.started),
                "updated_at": self.state.stamp(recording.started),
            }
        self.put_session(recording, agents.snapshot(self.state, agent), head, resources)
        self.played.append((recording.started, {mount.store_id for mount in mounts}, recording.session))

    def record(self, head: Json, steps: list[Step], mounts: list[Mount], model: str, at: datetime) -> Recording:
        """Play the steps as a new session that starts at `at`."""
        cents = self.plan["cents_per_million_input_tokens"][model]
        session = head.get("session") or self.state.new_id("sesn")
        actor = {"type": "session_actor", "session_id": session}
        recording = Recording(self.state, at, actor, mounts, session, cents)
        recording.crew = {key: agents.definition(agent) for key, agent in self.agents.items()}
        recording.texts = read_tree(WORLD / "dreams" / head["key"] / "output")
        for step in steps:
            try:
                recording.play(step)
            except (KeyError, ValueError) as error:
                raise ValueError(f"{head['key']}: @{step.verb} {step.arg}: {error}") from error
        return recording

    def put_session(self, recording: Recording, agent: Json, head: Json, resources: list[Json]) -> None:
        """Close the recording: the session and its threads as the API shows them."""
        live, archived = head.get("live", False), None
        if not live:
            recording.rest(recording.stop, recording.stop_details)
        if head.get("archive"):
            recording.emit("session.status_terminated")
            archived = recording.stamp()
        seconds = (recording.clock - recording.started).total_seconds()
        times = {
            "created_at": self.state.stamp(recording.started),
            "updated_at": recording.stamp(),
            "archived_at": archived,
        }
        usage = recording.total()
        figures = {
            "usage": usage,
            "stats": {"active_seconds": usage["active_seconds"], "duration_seconds": round(seconds, 1)},
        }
        status = "running" if live else "terminated" if archived else "idle"
        self.state.put("session", {
            "id": recording.session, "type": "session", "agent": agent, "title": head["title"], "status": status,
            "environment_id": self.environment, "metadata": head.get("metadata", {}), "resources": resources,
            "vault_ids": [], "outcome_evaluations": recording.outcomes, "budget": None, **figures, **times,
            "deployment_id": self.deployments.get(head.get("deployment", "")),
        })  # fmt: skip
        main = {"id": recording.primary, "agent": agents.definition(agent), **figures, **times, "status": status}
        child = {"usage": None, "stats": None, "status": "idle", "archived_at": None, "parent_thread_id": main["id"]}
        common = {"type": "session_thread", "session_id": recording.session, "workflow_run_id": None}
        for thread in [{**main, "parent_thread_id": None}, *({**child, **thread} for thread in recording.threads)]:
            self.state.put("thread", {**common, **thread}, parent=recording.session)

    def sessions_over(self, store_id: str, since: str) -> list[str]:
        """Ids of the sessions so far that mounted the store, sorted."""
        first = when(since, self.now)
        return sorted(id for at, stores, id in self.played if at >= first and store_id in stores)

    def play_dream(self, head: Json, steps: list[Step]) -> None:
        """ "@dream <key>": a dream that has ended; the steps are its pipeline session, over a clone of its input."""
        source: Any = self.state.get("store", self.stores[head["input"]])
        at = when(head["start"], self.now)
        dream, session = self.state.new_id("drm"), self.state.new_id("sesn")
        actor = {"type": "session_actor", "session_id": session}
        name = f"{source['name']} (dream {at:%Y-%m-%d})"
        clone = self.state.clone_store(source["id"], name=name, actor=actor, at=at + timedelta(seconds=5))
        mount = Mount(head["input"], clone, mount_path(name))
        recording = self.record({**head, "session": session}, steps, [mount], head["model"], at + timedelta(seconds=5))
        agent = {**self.agents["quill"], "name": dream_session.NAME, "description": None, "system": None}
        about = {
            "title": f"Dream over {source['name']} (sandbox stand-in)",
            "metadata": {"dream_id": dream},
            "archive": True,
        }
        self.put_session(recording, agent | {"multiagent": None}, about, [])
        self.state.put("dream", {
            "id": dream, "type": "dream", "status": head["status"],
            "inputs": [
                {"type": "memory_store", "memory_store_id": source["id"]},
                {"type": "sessions", "session_ids": self.sessions_over(source["id"], head["since"])},
            ],
            "outputs": [{"type": "memory_store", "memory_store_id": clone}], "output_behavior": {"type": "create_new"},
            "model": {"id": head["model"], "speed": "standard"}, "instructions": head.get("instructions"),
            "session_id": session, "created_at": self.state.stamp(at), "ended_at": recording.stamp(),
            "archived_at": None, "error": head.get("error"),
            "usage": dict(zip(dream_session.USAGE, head["usage"], strict=True)),
        })  # fmt: skip

    def start_dream(self, plan: Json) -> None:
        """The dream that runs from now on: asked for as anybody would."""
        store = self.stores[plan["input"]]
        body = {
            "inputs": [
                {"type": "memory_store", "memory_store_id": store},
                {"type": "sessions", "session_ids": self.sessions_over(store, plan["since"])},
            ],
            "model": plan["model"],
            "instructions": plan["instructions"],
        }
        dreams.create_dream(self.state, body, self.plan["actors"][plan["by"]])
