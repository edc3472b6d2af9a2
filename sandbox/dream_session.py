"""The pipeline session of a dream: its transcript, its threads, and the tokens it claims to have used."""

from typing import Any

from sandbox import agents, transcript
from sandbox.state import Json, State, parse_time

USAGE = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
NAME = "Dreaming (sandbox stand-in, not Claude)"
CONTEXT = 200_000  # tokens that one request can have read from the cache
CHARACTERS_PER_TOKEN = 4
MOST_SHOWN = 4_000  # characters of a tool result


class Pipeline:
    """The session that runs `dream`; usage is added to `dream["usage"]`, and the caller saves the dream.

    One exists per step: everything that lasts lies in the state.
    """

    def __init__(self, state: State, dream: Json) -> None:
        self.state, self.dream = state, dream
        self.id: str = dream["session_id"] or ""

    @property
    def actor(self) -> Json:
        """Who writes into the memory store."""
        return {"type": "session_actor", "session_id": self.id}

    def open(self, store_name: str, asked_by: Json) -> None:
        """Make the session, running."""
        now, agent = self.state.stamp(), self._agent(NAME)
        self.id = self.dream["session_id"] = self.state.new_id("sesn")
        who = next((value for member, value in asked_by.items() if member != "type"), "")
        session: Json = {
            "id": self.id,
            "type": "session",
            "agent": agent | {"multiagent": None},
            "environment_id": "env_sandbox_dreams",
            "title": f"Dream over {store_name} (sandbox stand-in)",
            "status": "running",
            "metadata": {"dream_id": self.dream["id"], "asked_by": who},
            "resources": [],
            "vault_ids": [],
            "outcome_evaluations": [],
            "stats": {"active_seconds": 0.0, "duration_seconds": 0.0},
            "usage": self._usage(0.0),
            "budget": None,
            "deployment_id": None,
            "created_at": now,
            "updated_at": now,
            "archived_at": None,
        }
        self.state.put("session", session)
        transcript.add_primary_thread(self.state, session, agent)
        for thread in self.state.all("thread", parent=self.id):
            self.state.put("thread", thread | {"status": "running"})
        self._emit("session.status_running")

    def say(self, text: str) -> None:
        """A message of the "agent"."""
        self._respond("agent.message", len(text), content=text_content(text))

    def use(self, tool: str, tool_input: Json, result: str, *, error: bool = False) -> None:
        """A tool call with its result."""
        allowed = {"evaluated_permission": "allow", "evaluation": {"type": "always_allow"}}
        use = self._respond("agent.tool_use", len(str(tool_input)), name=tool, input=tool_input, **allowed)
        cut = result if len(result) <= MOST_SHOWN else result[:MOST_SHOWN] + "\n… (cut by the stand-in)"
        self._emit("agent.tool_result", tool_use_id=use["id"], content=text_content(cut), is_error=error)
        self._spend(read=len(result))

    def listen(self, session_id: str, title: str, turns: int, characters: int) -> None:
        """A child thread that reads one input session; all of its short life at once."""
        primary = self.state.all("thread", parent=self.id)[0]
        agent = self._agent(f"Reader of {title or session_id}"[:256])
        now = self.state.stamp()
        self._spend(read=characters)
        thread = {**primary, "id": self.state.new_id("sthr"), "parent_thread_id": primary["id"], "agent": agent}
        times = {"created_at": now, "updated_at": now}
        self.state.put("thread", thread | times | {"status": "idle", "usage": None}, parent=self.id)
        child = {"session_thread_id": thread["id"], "agent_name": agent["name"]}
        task, found = f"Read session {session_id}.", f"{session_id}: {turns} turns, {characters} characters of text."
        ended: Json = {"stop_reason": {"type": "end_turn"}, "stop_details": None}
        self._emit("session.thread_created", **child, workflow_run_id=None)
        to_child = {"to_session_thread_id": thread["id"], "to_agent_name": agent["name"]}
        self._respond("agent.thread_message_sent", len(task), **to_child, content=text_content(task))
        self._emit("session.thread_status_running", **child)
        from_parent = {"from_session_thread_id": primary["id"], "from_agent_name": NAME}
        below = str(thread["id"])
        self._emit("agent.thread_message_received", parent=below, **from_parent, content=text_content(task))
        self._emit("agent.message", parent=below, content=text_content(found))
        self._emit("session.thread_status_idle", parent=below, **child, **ended)
        from_child = {"from_session_thread_id": thread["id"], "from_agent_name": agent["name"]}
        self._emit("agent.thread_message_received", **from_child, content=text_content(found))
        self._emit("session.thread_status_idle", **child, **ended)

    def save(self, *, status: str = "running") -> None:
        """Bring the session's own figures up to date."""
        session = self.state.get("session", self.id)
        if session is not None:
            seconds = (self.state.now() - parse_time(session["created_at"])).total_seconds()
            stats = {"active_seconds": round(seconds, 1), "duration_seconds": round(seconds, 1)}
            new = {"status": status, "usage": self._usage(seconds), "stats": stats, "updated_at": self.state.stamp()}
            ended = {"archived_at": new["updated_at"]} if status == "terminated" else {}
            self.state.put("session", {**session, **new, **ended})

    def close(self, problem: str = "") -> None:
        """End and archive the session, with an error event when there was a problem; nothing if it never began."""
        if not self.id:
            return
        if problem:
            error = {"type": "unknown_error", "message": problem, "retry_status": {"type": "terminal"}}
            self._emit("session.error", error=error)
        session = self.state.get("session", self.id) or {"stats": {"active_seconds": 0.0}}
        self._emit("session.usage", usage=self._usage(session["stats"]["active_seconds"]), budget=None)
        reason = {"type": "retries_exhausted" if problem else "end_turn"}
        self._emit("session.status_idle", stop_reason=reason, stop_details=None)
        self._emit("session.status_terminated")
        self.save(status="terminated")
        for thread in self.state.all("thread", parent=self.id):
            self.state.put("thread", thread | {"status": "terminated", "archived_at": self.state.stamp()})

    def _emit(self, kind: str, *, parent: str = "", **members: Any) -> Json:
        return transcript.emit(self.state, parent or self.id, kind, **members)

    def _respond(self, kind: str, written: int, **members: Any) -> Json:
        """An event that a model request brings forth."""
        start = self._emit("span.model_request_start")
        event = self._emit(kind, **members)
        spent = self._spend(written=written)
        self._emit("span.model_request_end", model_request_start_id=start["id"], is_error=False, model_usage=spent)
        return event

    def _spend(self, *, read: int = 0, written: int = 0) -> Json:
        """Add what so many characters cost; a real model's figures differ."""
        usage = self.dream["usage"]
        context = min(CONTEXT, sum(usage[name] for name in USAGE if name != "cache_read_input_tokens"))
        fresh, out = read // CHARACTERS_PER_TOKEN, written // CHARACTERS_PER_TOKEN + 20 if written else 0
        spent = dict(zip(USAGE, (fresh // 3, out, context if written else 0, fresh - fresh // 3), strict=True))
        for name in USAGE:
            usage[name] += spent[name]
        return spent

    def _usage(self, seconds: float) -> Json:
        """The dream's token counts in the shape of a session's."""
        usage = self.dream["usage"]
        created = {"ephemeral_5m_input_tokens": usage["cache_creation_input_tokens"], "ephemeral_1h_input_tokens": 0}
        counts = {name: usage[name] for name in USAGE if name != "cache_creation_input_tokens"}
        return counts | {"cache_creation": created, "active_seconds": round(seconds, 1)}

    def _agent(self, name: str) -> Json:
        return agents.definition(
            {
                "id": "agent_sandbox_dreaming",
                "type": "agent",
                "version": 1,
                "name": name,
                "description": "Not Claude: a stand-in that tidies by plain rules.",
                "system": None,
                "model": self.dream["model"],
                "tools": [],
                "skills": [],
                "mcp_servers": [],
                "execution_identity": {"type": "service_account"},
            }
        )


def text_content(text: str) -> list[Json]:
    """Message content that is one text."""
    return [{"type": "text", "text": text}]
