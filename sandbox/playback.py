"""Plays a written transcript (sandbox/world/**/*.txt) as one session: its API events, and its writes to memory.

A line "@verb argument" starts a step, the lines below it are its body; a body line that starts with "@" is
written "\\@". `Recording.do_<verb>` says what each verb becomes. A Recording without a session leaves no events:
that is how a person's edits in the console are played.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sandbox.dream_session import USAGE, text_content
from sandbox.state import Json, State

PROMPT = 31_000  # characters of system prompt and tool definitions
THOUGHT = 140  # tokens of thinking in a request
PRICE_FACTORS = (1.0, 5.0, 0.1, 1.25)  # of the input price, in the order of USAGE


class Step(NamedTuple):
    """One "@verb argument" with the lines below it."""

    verb: str
    arg: str
    body: str


@dataclass(frozen=True)
class Mount:
    """A memory store as a session sees it: its short name in the texts, its id, and where it is mounted."""

    key: str
    store_id: str
    root: str


def parse_steps(text: str) -> list[Step]:
    """The steps of a transcript file; lines before the first step are remarks."""
    steps = []
    for part in re.split(r"^@(?=[a-z])", text, flags=re.M)[1:]:
        head, _, body = part.partition("\n")
        verb, _, arg = head.partition(" ")
        steps.append(Step(verb, arg.strip(), re.sub(r"^\\@", "@", body, flags=re.M).strip("\n")))
    return steps


class Recording:
    """One session being played: its clock, its events, its totals. Steps are played in order with `play`."""

    def __init__(
        self, state: State, at: datetime, actor: Json, mounts: list[Mount], session: str = "", cents: float = 300
    ) -> None:
        self.state, self.started, self.clock, self.actor = state, at, at, actor
        self.mounts, self.session, self.cents = mounts, session, cents  # cents per million input tokens
        self.thread = ""  # the child thread that speaks now; "" is the session's own
        self.primary = state.new_id("sthr")
        self.threads: list[Json] = []
        self.open: list[tuple[Json, str]] = []  # those that were handed work and have not answered, with their names
        self.crew: dict[str, Json] = {}  # agents that may be given a thread, by short name
        self.texts: dict[str, str] = {}  # what "@put" may write, by path
        self.usage = dict.fromkeys(USAGE, 0)
        self.active, self.unread, self.context = 0.0, PROMPT, 0  # seconds; characters; tokens
        self.running = False
        self.outcomes: list[Json] = []
        self.stop: Json = {"type": "end_turn"}
        self.stop_details: Json | None = None

    def play(self, step: Step) -> None:
        """Play one step; ValueError when its verb or its path is not known here."""
        known = getattr(self, "do_" + step.verb.removesuffix("!"), None)
        if known is None:
            raise ValueError("no such step")
        known(step)

    def emit(self, type: str, *, pause: float = 0.4, parent: str = "", **fields: Any) -> str:
        """Write one event `pause` seconds later, into the thread that speaks; returns its id."""
        self.clock += timedelta(seconds=pause)
        if not self.session:
            return ""
        event = {"type": type, "id": self.state.new_id("sevt"), **fields, "processed_at": self.stamp()}
        self.state.put("event", event, parent=parent or self.thread or self.session)
        return str(event["id"])

    def stamp(self) -> str:
        """The recording's clock as API text."""
        return self.state.stamp(self.clock)

    def respond(self, type: str, size: int, **fields: Any) -> str:
        """One model request that ends in this event; `size` is the number of characters written."""
        start = self.emit("span.model_request_start")
        seconds = 2.9 + size / 45
        self.active += seconds
        event = self.emit(type, pause=seconds, **fields)
        fresh, written = self.unread // 4 + 20, size // 4 + THOUGHT
        spent = dict(zip(USAGE, (fresh // 3, written, self.context, fresh - fresh // 3), strict=True))
        self.emit("span.model_request_end", model_request_start_id=start, is_error=False, model_usage=spent)
        self.usage = {name: self.usage[name] + spent[name] for name in USAGE}
        self.context, self.unread = self.context + fresh + written, 0
        return event

    def call(self, name: str, input: Json, result: str, *, error: bool = False) -> datetime:
        """A tool call and its result; returns the time of the call, which is the time of what it changed."""
        use = self.respond(
            "agent.tool_use", len(str(input)), name=name, input=input, evaluated_permission="allow",
            evaluation={"type": "always_allow"},
        )  # fmt: skip
        # The call's own time: the closing span came 0.4 s after it.
        at = self.clock - timedelta(seconds=0.4)
        self.unread += len(result)
        self.active += 0.7
        self.emit(
            "agent.tool_result",
            pause=0.7,
            tool_use_id=use,
            content=text_content(result) if result else [],
            is_error=error,
        )
        return at

    def where(self, arg: str) -> tuple[Mount, str]:
        """ "/path" in the first mounted store, "key:/path" in another."""
        key, _, path = arg.rpartition(":")
        return next(mount for mount in self.mounts if key in ("", mount.key)), path

    def content(self, mount: Mount, path: str) -> str | None:
        """The memory's text as it is now, or None."""
        memory = self.state.memory_at(mount.store_id, path)
        return None if memory is None else str(memory["content"])

    # The turns of a conversation

    def wake(self) -> None:
        """The session runs (again)."""
        if not self.running:
            self.running = True
            self.emit("session.status_running")

    def rest(self, reason: Json, details: Json | None = None) -> None:
        """The session says what it has used so far and waits."""
        if self.running:
            self.running = False
            self.emit("session.usage", usage=self.total(), budget=None)
            self.emit("session.status_idle", stop_reason=reason, stop_details=details)

    def total(self) -> Json:
        """Usage so far, in the shape of a session's `usage`."""
        cost = sum(self.usage[name] * factor for name, factor in zip(USAGE, PRICE_FACTORS, strict=True))
        return {
            **{name: self.usage[name] for name in USAGE[:3]},
            "cache_creation": {"ephemeral_5m_input_tokens": self.usage[USAGE[3]], "ephemeral_1h_input_tokens": 0},
            "server_tool_use": {"web_fetch_requests": 0, "web_search_requests": 0},
            "active_seconds": round(self.active, 1),
            "list_cost": {"amount": str(max(1, round(cost * self.cents / 1e6))), "currency": "USD"},
        }

    def do_user(self, step: Step) -> None:
        """A person's message; it ends the agent's turn before it."""
        self.rest({"type": "end_turn"})
        self.unread += len(step.body)
        self.emit("user.message", pause=35 + len(step.body) / 6, content=text_content(step.body))
        self.wake()

    def do_agent(self, step: Step) -> None:
        """The agent's message."""
        self.respond("agent.message", len(step.body), content=text_content(step.body))

    def do_think(self, step: Step) -> None:
        """The agent thinks; the API shows that it did, never what."""
        self.active += 6
        self.emit("agent.thinking", pause=6)

    def do_wait(self, step: Step) -> None:
        """So many minutes pass."""
        self.clock += timedelta(minutes=float(step.arg))

    def do_interrupt(self, step: Step) -> None:
        """A person stops the agent."""
        self.emit("user.interrupt", session_thread_id=None, pause=3)

    def do_error(self, step: Step) -> None:
        """ "@error <type> <retry status>"."""
        kind, retry = step.arg.split()
        self.emit(
            "session.error", error={"type": kind, "message": step.body, "retry_status": {"type": retry}}, pause=9
        )
        if retry != "retrying":
            self.stop = {"type": "retries_exhausted"}

    def do_refuse(self, step: Step) -> None:
        """The model refuses; the body is the explanation, the argument the category."""
        self.stop = {"type": "refusal"}
        self.stop_details = {"type": "refusal", "category": step.arg or None, "explanation": step.body}

    # Tools

    def do_bash(self, step: Step) -> None:
        """ "@bash command" with its output; "@bash!" when it fails. $M is the first mount."""
        root = self.mounts[0].root
        self.call(
            "bash",
            {"command": step.arg.replace("$M", root)},
            step.body.replace("$M", root),
            error=step.verb[-1] == "!",
        )

    def do_confirm(self, step: Step) -> None:
        """ "@confirm allow|deny command": a command that a person must let through; body: output, or the reason."""
        answer, _, command = step.arg.partition(" ")
        use = self.respond(
            "agent.tool_use", len(command), name="bash", input={"command": command}, evaluated_permission="ask",
            evaluation={"type": "always_ask"},
        )  # fmt: skip
        self.rest({"type": "requires_action", "event_ids": [use]})
        deny = step.body if answer == "deny" else None
        self.emit("user.tool_confirmation", pause=95, tool_use_id=use, result=answer, deny_message=deny)
        self.wake()
        said = f"The user denied this tool call: {deny}" if deny else step.body
        self.unread += len(said)
        self.emit("agent.tool_result", tool_use_id=use, content=text_content(said), is_error=bool(deny))

    def do_ls(self, step: Step) -> None:
        """List a folder of the mounted memory."""
        mount, path = self.where(step.arg or "/")
        inside = path.rstrip("/") + "/"
        names = {p[len(inside) :].split("/")[0] for p in self.state.paths(mount.store_id) if p.startswith(inside)}
        self.call("bash", {"command": f"ls {mount.root}{path}"}, "\n".join(sorted(names)))

    def do_grep(self, step: Step) -> None:
        """ "@grep word": every line of the first mount that holds it."""
        mount, needle = self.mounts[0], step.arg.lower()
        hits = [
            f"{mount.root}{memory['path']}:{number}:{line}"
            for memory in self.state.memories(mount.store_id)
            for number, line in enumerate(memory["content"].split("\n"), 1)
            if needle in line.lower()
        ]
        self.call("grep", {"pattern": step.arg, "path": mount.root}, "\n".join(hits) or "No matches found")

    def do_read(self, step: Step) -> None:
        """Read a memory; one that is not there gives a tool error."""
        mount, path = self.where(step.arg)
        found = self.content(mount, path)
        gone = "File does not exist." if found is None else found
        self.call("read", {"file_path": mount.root + path}, gone, error=found is None)

    def do_file(self, step: Step) -> None:
        """Write a file outside the memory."""
        self.call("write", {"file_path": step.arg, "content": step.body + "\n"}, f"File created: {step.arg}")

    def do_denied(self, step: Step) -> None:
        """Try to write into a store that is mounted read-only."""
        mount, path = self.where(step.arg)
        target = mount.root + path
        said = f"EROFS: read-only file system, open '{target}'"
        self.call("write", {"file_path": target, "content": step.body + "\n"}, said, error=True)

    def do_write(self, step: Step) -> None:
        """Create or replace a memory."""
        self.save(step.arg, step.body + "\n")

    def do_put(self, step: Step) -> None:
        """Like "@write", for several paths, with the texts kept in files of their own."""
        for path in step.arg.split():
            self.save(path, self.texts[path])

    def save(self, arg: str, content: str) -> None:
        """The write tool, on a memory."""
        mount, path = self.where(arg)
        target = mount.root + path
        at = self.call("write", {"file_path": target, "content": content}, f"The file {target} has been written.")
        self.state.write_memory(mount.store_id, path, content, actor=self.actor, at=at)

    def do_edit(self, step: Step) -> None:
        """Exchange a text of a memory: the old one, a line "==>", the new one. ValueError when not found once."""
        mount, path = self.where(step.arg)
        old, _, new = step.body.partition("\n==>\n")
        content = self.content(mount, path) or ""
        if content.count(old) != 1:
            raise ValueError(f"the old text is there {content.count(old)} times: {old!r}")
        target = mount.root + path
        input = {"file_path": target, "old_string": old, "new_string": new, "replace_all": False}
        at = self.call("edit", input, f"The file {target} has been updated.")
        self.state.write_memory(mount.store_id, path, content.replace(old, new), actor=self.actor, at=at)

    def do_move(self, step: Step) -> None:
        """ "@move /old /new"."""
        old, new = step.arg.split()
        mount, _ = self.where(old)
        folder = new.rpartition("/")[0]
        command = f"mkdir -p {mount.root}{folder} && mv {mount.root}{old} {mount.root}{new}"
        at = self.call("bash", {"command": command}, "")
        memory_id = self.state.paths(mount.store_id)[old]
        self.state.update_memory(mount.store_id, memory_id, path=new, content=None, actor=self.actor, at=at)

    def do_remove(self, step: Step) -> None:
        """Remove memories, all paths in one command."""
        mount, _ = self.where(step.arg)
        paths = step.arg.split()
        at = self.call("bash", {"command": "rm " + " ".join(mount.root + path for path in paths)}, "")
        for path in paths:
            memory_id = self.state.paths(mount.store_id)[path]
            self.state.delete_memory(mount.store_id, memory_id, actor=self.actor, at=at)

    # Outcomes

    def do_outcome(self, step: Step) -> None:
        """ "@outcome description" with the rubric."""
        self.rest({"type": "end_turn"})
        outcome = self.state.new_id("outc")
        self.emit(
            "user.define_outcome", pause=15, outcome_id=outcome, description=step.arg, max_iterations=3,
            rubric={"type": "text", "content": step.body},
        )  # fmt: skip
        self.outcomes.append({
            "type": "outcome_evaluation", "outcome_id": outcome, "description": step.arg, "iteration": -1,
            "result": "pending", "explanation": None, "completed_at": None,
        })  # fmt: skip
        self.wake()

    def do_eval(self, step: Step) -> None:
        """ "@eval result" with the grader's explanation."""
        outcome = self.outcomes[-1]
        outcome["iteration"] += 1
        about = {"outcome_id": outcome["outcome_id"], "iteration": outcome["iteration"]}
        start = self.emit("span.outcome_evaluation_start", **about)
        spent = dict(zip(USAGE, (900 + self.context // 3, len(step.body) // 3, self.context // 2, 0), strict=True))
        self.emit(
            "span.outcome_evaluation_end", pause=14, outcome_evaluation_start_id=start, **about, result=step.arg,
            explanation=step.body, usage=spent,
        )  # fmt: skip
        outcome |= {"result": step.arg, "explanation": step.body, "completed_at": self.stamp()}

    # Threads of a coordinator

    def do_thread(self, step: Step) -> None:
        """ "@thread agent": work is handed over, and what follows happens in the child's thread, which may hand parts
        of it on. "@thread + name" makes an agent up on the spot."""
        if step.arg.startswith("+ "):
            known = next(iter(self.crew.values()))
            shape = {key: value for key, value in known.items() if key not in ("id", "version")}
            agent = {**shape, "type": "inline", "name": step.arg[2:], "description": None, "system": None}
        else:
            agent = self.crew[step.arg]
        self.hand_over(agent, agent["name"], step.body)

    def do_advise(self, step: Step) -> None:
        """ "@advise model": a question to an advisor, a line "==>", its answer."""
        question, _, answer = step.body.partition("\n==>\n")
        self.hand_over({"type": "advisor", "model": step.arg}, "advisor", question)
        self.do_back(Step("back", "", answer))

    def hand_over(self, agent: Json, name: str, words: str) -> None:
        """A new thread below the one that speaks now; it speaks from here on."""
        child, parent, sent = self.state.new_id("sthr"), self.thread or self.primary, text_content(words)
        names: Json = {"session_thread_id": child, "agent_name": name}
        self.emit("session.thread_created", **names, workflow_run_id=None)
        told: Json = {"to_session_thread_id": child, "to_agent_name": name, "content": sent}
        self.respond("agent.thread_message_sent", len(words), **told)
        self.emit("session.thread_status_running", **names)
        thread = {"id": child, "agent": agent, "parent_thread_id": parent, "created_at": self.stamp()}
        self.threads.append(thread)
        self.open.append((thread, name))
        self.thread = child
        asked: Json = {"from_session_thread_id": parent, "from_agent_name": None, "content": sent}
        self.emit("agent.thread_message_received", **asked)

    def do_back(self, step: Step) -> None:
        """The child answers, and the one that asked it goes on."""
        (thread, name), answer = self.open.pop(), text_content(step.body)
        child, parent = thread["id"], thread["parent_thread_id"]
        told: Json = {"to_session_thread_id": parent, "to_agent_name": None, "content": answer}
        self.respond("agent.thread_message_sent", len(step.body), **told)
        stop = {"stop_reason": {"type": "end_turn"}, "stop_details": None}
        ended: Json = {"session_thread_id": child, "agent_name": name, **stop}
        self.emit("session.thread_status_idle", **ended)
        thread["updated_at"] = self.stamp()
        self.thread = "" if parent == self.primary else parent
        self.emit("session.thread_status_idle", **ended)
        self.unread += len(step.body)
        heard: Json = {"from_session_thread_id": child, "from_agent_name": name, "content": answer}
        self.emit("agent.thread_message_received", **heard)
