"""How a dream runs: steps on a time line that the wall clock makes due, each done in one transaction.

At speed 1 a dream waits 3 s, starts its pipeline session at 4 s, has its output store at 5 s, works until 88 s
and is completed at 90 s. A step is done exactly once however often the process dies: what is left to do lies in
the state, as a "run" object with numbered "step" objects below it, all gone when nothing is left.

Words in the instructions for tests and demonstrations: "[sandbox:fail]" fails half-way with internal_error,
"[sandbox:timeout]" with timeout; both leave a partial output.

What the vendor does not say and is invented here: the output store is called "<input> (dream <day>)"; its
copies get fresh ids and are written by the pipeline session; a note that somebody changed after the dream read
it is left as it is; the pipeline session mounts no store in its `resources`.
"""

import shlex
import threading
from itertools import takewhile
from weakref import WeakKeyDictionary

from sandbox import dreaming
from sandbox.dream_session import Pipeline
from sandbox.memories import MOST_MEMORIES
from sandbox.resources import mount_path
from sandbox.state import Json, State, parse_time

# Seconds at speed 1.
BEGINNING = ((3.0, "start"), (4.0, "open"), (5.0, "clone"), (6.0, "plan"))
WORK, WORK_END, END = 7.0, 88.0, 90.0
WIND_DOWN = 2.0  # so long a canceled dream may still write
WORKING = ("plan", "look", "listen", "edit")  # what a canceled dream may still do
HELLO = "This is the sandbox stand-in, not Claude: it reads nothing into your notes, it tidies by plain rules."
FAULTS = {"[sandbox:fail]": "internal_error", "[sandbox:timeout]": "timeout"}
_advancing: WeakKeyDictionary[State, threading.Lock] = WeakKeyDictionary()


def begin(state: State, dream: Json, asked_by: Json) -> None:
    """Set a new dream going."""
    state.put("run", {"id": dream["id"], "done": 0, "stop_at": None, "asked_by": asked_by})
    for number, (at, name) in enumerate(BEGINNING):
        _put_step(state, dream["id"], number, at, {"do": name})


def advance(state: State) -> None:
    """Do all that is due by now; safe to call from anywhere at any time, and cheap when no dream runs.

    Returns at once while another thread is at it.
    """
    lock = _advancing.setdefault(state, threading.Lock())
    if not lock.acquire(blocking=False):
        return
    try:
        for run in state.all("run"):
            while step := _due(state, run["id"]):
                # Thinking takes a second or more for a large store, and must not stop the other requests.
                work = _work(state, run["id"]) if step["do"] == "plan" else []
                with state.transaction():
                    if _due(state, run["id"]) == step:  # no cancel came in between
                        _Step(state, run["id"], work).do(step)
    finally:
        lock.release()


def cancel(state: State, dream: Json) -> None:
    """Make a pending or running dream canceled; one that writes already goes on for a moment."""
    state.put("dream", dream | {"status": "canceled", "ended_at": state.stamp()})
    run = state.get("run", dream["id"])
    if run is not None:
        state.put("run", run | {"stop_at": _elapsed(state, dream) + (WIND_DOWN if dream["outputs"] else 0.0)})


def holder(state: State, store_id: str) -> str | None:
    """The `update_existing` dream that has not fully stopped writing to the store, if there is one."""
    for run in state.all("run"):
        dream = state.get("dream", run["id"])
        if dream and dream["output_behavior"].get("memory_store_id") == store_id:
            return str(dream["id"])
    return None


def input_store_id(dream: Json) -> str:
    """The input store."""
    return str(dream["inputs"][0]["memory_store_id"])


def _elapsed(state: State, dream: Json) -> float:
    """Seconds since the dream's creation, at speed 1."""
    return (state.now() - parse_time(dream["created_at"])).total_seconds() * state.speed


def _put_step(state: State, dream_id: str, number: int, at: float, step: Json) -> None:
    state.put("step", {**step, "id": f"{dream_id}.{number}", "at": at}, parent=dream_id)


def _due(state: State, dream_id: str) -> Json | None:
    """The step to do now: the next one whose time has come, or the end that an outside event brings."""
    run, dream = state.get("run", dream_id), state.get("dream", dream_id)
    if run is None or dream is None:
        return None
    if dream["status"] == "running" and (error := _lost_input(state, dream)):
        return {"do": "fail", "error": error}
    clock, stop = _elapsed(state, dream), run["stop_at"]
    step = state.get("step", f"{dream_id}.{run['done']}")
    if stop is not None and (step is None or step["at"] > stop or step["do"] not in WORKING):
        return {"do": "stop"} if clock >= stop else None
    return step if step is not None and step["at"] <= clock else None


def _lost_input(state: State, dream: Json) -> Json | None:
    """The error of a dream whose input or output has gone while it runs."""
    store = state.get("store", input_store_id(dream))
    if store is None or store["archived_at"]:
        how = "archived" if store else "deleted"
        return _error("input_memory_store_unavailable", f"The input memory store was {how} while the dream ran.")
    for session_id in dream["inputs"][1]["session_ids"]:
        if state.parent("session", session_id) is None:
            return _error("input_session_unavailable", f"Session {session_id} was deleted while the dream ran.")
    for output in dream["outputs"]:
        store = state.get("store", output["memory_store_id"])
        if store is None or store["archived_at"]:
            how = "archived" if store else "deleted"
            return _error("internal_error", f"The output memory store was {how} while the dream ran.")
    return None


def _error(kind: str, message: str) -> Json:
    return {"type": kind, "message": f"{message} (Said by the sandbox stand-in.)"}


class _Step:
    """One step of one dream, inside of a transaction; `do` calls the method the step names."""

    def __init__(self, state: State, dream_id: str, work: list[Json]) -> None:
        self.state, self.id, self.work = state, dream_id, work
        self.dream: Json = state.get("dream", dream_id) or {}
        self.run: Json = state.get("run", dream_id) or {}
        self.pipeline = Pipeline(state, self.dream)

    def do(self, step: Json) -> None:
        """Do it, and save what came of it."""
        getattr(self, "do_" + step["do"])(step)
        self.state.put("dream", self.dream)
        if self.dream["status"] in ("completed", "failed") or step["do"] == "stop":
            self.state.remove("run", self.id)
        else:
            self.state.put("run", self.run | {"done": self.run["done"] + 1})
            self.pipeline.save()

    def do_start(self, step: Json) -> None:
        self.dream["status"] = "running"

    def do_open(self, step: Json) -> None:
        store = self.state.get("store", input_store_id(self.dream)) or {}
        self.pipeline.open(store["name"], self.run["asked_by"])
        self.pipeline.say(HELLO)

    def do_clone(self, step: Json) -> None:
        output = source = input_store_id(self.dream)
        if self.dream["output_behavior"]["type"] == "create_new":
            store = self.state.get("store", source) or {}
            suffix = f" (dream {self.dream['created_at'][:10]})"
            name = store["name"][: 255 - len(suffix)] + suffix
            output = self.state.clone_store(source, name=name, actor=self.pipeline.actor)
        self.dream["outputs"] = [{"type": "memory_store", "memory_store_id": output}]

    def do_plan(self, step: Json) -> None:
        total = sum(work["weight"] for work in self.work)
        passed, number = 0, self.run["done"]
        for work in self.work:
            number += 1
            _put_step(self.state, self.id, number, WORK + (WORK_END - WORK) * passed / total, work)
            passed += work["weight"]
        _put_step(self.state, self.id, number + 1, END, {"do": "end"})

    def do_look(self, step: Json) -> None:
        paths = list(self.state.paths(self.output))
        shown = "\n".join([self.mounted(path) for path in paths[:100]] + (["…"] if len(paths) > 100 else []))
        self.pipeline.use("glob", {"pattern": "**/*", "path": self.mounted("")}, shown)
        self.pipeline.say(step["text"])

    def do_listen(self, step: Json) -> None:
        self.pipeline.listen(step["session_id"], step["title"], step["turns"], step["characters"])

    def do_edit(self, step: Json) -> None:
        """Read, say why, write. A note that is no longer as it was read is left alone."""
        path, content = step["path"], step["content"]
        old = self.state.memory_at(self.output, path)
        for source in [path, *step["sources"]][:3]:
            if memory := self.state.memory_at(self.output, source):
                self.pipeline.use("read", {"file_path": self.mounted(source)}, memory["content"])
        self.pipeline.say(f"{step['kind']} {path}: {step['reason']}")
        problem = ""
        if (old["content_sha256"] if old else None) != step["was"]:
            problem = "File has been changed since it was read; it is left as it is."
        elif old is None and len(self.state.paths(self.output)) >= MOST_MEMORIES:
            problem = "No space left on device"
        tool, tool_input, said = _tool_call(self.mounted(path), old["content"] if old else None, content)
        self.pipeline.use(tool, tool_input, problem or said, error=bool(problem))
        if problem:
            return
        if content is not None:
            self.state.write_memory(self.output, path, content, actor=self.pipeline.actor)
        elif old is not None:
            self.state.delete_memory(self.output, old["id"], actor=self.pipeline.actor)

    def do_end(self, step: Json) -> None:
        self.pipeline.say("Done. " + HELLO)
        self.finish("completed")

    def do_fail(self, step: Json) -> None:
        self.dream["error"] = step["error"]
        self.finish("failed")

    def do_stop(self, step: Json) -> None:
        """A canceled dream has come to rest; its status and end were set by the cancel."""
        self.pipeline.close()

    def finish(self, status: str) -> None:
        self.pipeline.close((self.dream["error"] or {}).get("message", ""))
        self.dream |= {"status": status, "ended_at": self.state.stamp()}

    @property
    def output(self) -> str:
        return str(self.dream["outputs"][0]["memory_store_id"])

    def mounted(self, path: str) -> str:
        store = self.state.get("store", self.output) or {"name": ""}
        return mount_path(store["name"]) + path


def _tool_call(file: str, old: str | None, new: str | None) -> tuple[str, Json, str]:
    """Name, input and result of the tool call that makes the file `new`; None is no file."""
    if new is None:
        return "bash", {"command": f"rm {shlex.quote(file)}"}, ""
    if old:
        before, after = old.split("\n"), new.split("\n")
        head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
        one_line = head < min(len(before), len(after)) and before[head + 1 :] == after[head + 1 :]
        if one_line and old.count(before[head]) == 1:
            change = {"old_string": before[head], "new_string": after[head], "replace_all": False}
            return "edit", {"file_path": file, **change}, f"The file {file} has been updated."
    return "write", {"file_path": file, "content": new}, f"The file {file} has been written."


def _work(state: State, dream_id: str) -> list[Json]:
    """What there is to do between plan and end, decided from the output store as it is and the transcripts.

    `weight` is a step's share of the time.
    """
    dream = state.get("dream", dream_id) or {}
    # The copies in a new store are all of one moment: how old a text is only the input store knows.
    times: dict[str, str] = {memory["path"]: memory["updated_at"] for memory in state.memories(input_store_id(dream))}
    memories = state.memories(str(dream["outputs"][0]["memory_store_id"]))
    digests = {memory["path"]: memory["content_sha256"] for memory in memories}
    notes = [
        dreaming.Note(memory["path"], memory["content"], times.get(memory["path"]) or memory["updated_at"])
        for memory in memories
    ]
    transcripts = [_transcript(state, session_id) for session_id in dream["inputs"][1]["session_ids"]]
    listens = [
        {
            "do": "listen",
            "weight": 2,
            "session_id": transcript.session_id,
            "title": transcript.title,
            "turns": len(transcript.turns),
            "characters": sum(map(len, transcript.turns)),
        }
        for transcript in transcripts
    ]
    edits = [
        {
            "do": "edit",
            "weight": 3,
            "kind": edit.kind,
            "path": edit.path,
            "content": edit.content,
            "reason": edit.reason,
            "sources": [path for path in edit.sources if path != edit.path],
            "was": digests.get(edit.path),
        }
        for edit in dreaming.plan(notes, transcripts, dream["instructions"])
    ]
    look = {"do": "look", "weight": 1, "text": f"{len(notes)} notes and {len(transcripts)} sessions to read."}
    for word, kind in FAULTS.items():
        if word in (dream["instructions"] or ""):
            error = _error(kind, f"The instructions asked for this with {word}.")
            half = len(edits) // 2
            return [look, *listens, *edits[:half], {"do": "fail", "weight": 3 * half, "error": error}]
    return [look, *listens, *edits]


def _transcript(state: State, session_id: str) -> dreaming.Transcript:
    """What people and agents said in a session and its threads."""
    session = state.get("session", session_id) or {}
    threads = [thread["id"] for thread in state.all("thread", parent=session_id)]
    events = [event for parent in [session_id, *threads] for event in state.all("event", parent=parent)]
    turns = [
        block["text"]
        for event in events
        if event["type"] in ("user.message", "agent.message")
        for block in event.get("content") or []
        if isinstance(block, dict) and isinstance(block.get("text"), str)
    ]
    return dreaming.Transcript(session_id, session.get("title") or "", tuple(turns))
