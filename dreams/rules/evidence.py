"""What a dream's own session shows of its work: which memories it renamed, and which it wrote from others it then took
away. What it only read says nothing."""

import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dreams.rules.loose import items, mapping, string
from dreams.rules.sentences import split
from dreams.rules.terms import terms

# So much of what a memory said must stand in what was written, before its end is called a merge into it.
HELD = 1 / 3
# A longer command is a script: what it does is not guessed.
MOST_COMMAND = 20_000
_USE, _RESULT = "agent.tool_use", "agent.tool_result"
_READ = frozenset({"read", "view"})
_WRITE = frozenset({"write", "create"})
_EDIT = frozenset({"edit", "str_replace", "insert"})
# What keeps a command from being a row of plain calls: pipes, redirections, substitutions, variables, patterns.
_UNCLEAR = re.compile(r"[|<>`$*?{}()\n]|&(?!&)(?<!&&)")
_MOUNT = re.compile(r"(?<![\w.-])/mnt/memory/[\w.-]+(?=/)")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done to the store, by paths in it: `text` is what was read or written, `new` where it was moved to."""

    does: Literal["read", "write", "edit", "move", "remove"]
    path: str
    text: str = ""
    new: str = ""


def steps_of(events: Iterable[Mapping[str, Any]], mounts: Iterable[str]) -> list[Step]:
    """What the tools did below one of the `mounts`, in order; failed calls, and those not understood, are left out."""
    listed = [event for event in events if isinstance(event, Mapping)]
    answers = {string(event.get("tool_use_id")): event for event in listed if event.get("type") == _RESULT}
    roots = [mount.rstrip("/") + "/" for mount in mounts if mount.strip("/")]
    found: list[Step] = []
    for event in listed:
        answer = answers.get(string(event.get("id")))
        if event.get("type") == _USE and answer is not None and answer.get("is_error") is not True:
            told = "\n".join(string(mapping(block).get("text")) for block in items(answer.get("content")))
            found += _steps(string(event.get("name")), mapping(event.get("input")), told, roots)
    return found


def _steps(name: str, asked: Mapping[str, Any], told: str, roots: list[str]) -> Iterator[Step]:
    does = string(asked.get("command")) if name == "memory" else name
    if name == "bash":
        yield from _commands(string(asked.get("command")), told, roots)
        return
    path = _inside(string(asked.get("file_path")) or string(asked.get("path")), roots)
    old, new = (_inside(string(asked.get(f"{side}_path")), roots) for side in ("old", "new"))
    if does == "rename" and old and new:
        yield Step("move", old, new=new)
    elif does in _READ and path:
        yield Step("read", path, told)
    elif does in _WRITE and path:
        yield Step("write", path, string(asked.get("content")) or string(asked.get("file_text")))
    elif does in _EDIT and path:
        given = (string(asked.get(key)) for key in ("new_string", "new_str", "insert_text"))
        yield Step("edit", path, "\n".join(filter(None, given)))
    elif does == "delete" and path:
        yield Step("remove", path)


def _commands(line: str, told: str, roots: list[str]) -> Iterator[Step]:
    """The plain calls of mv, rm and cat in a line, joined by && or ;."""
    if len(line) > MOST_COMMAND or _UNCLEAR.search(line):
        return
    try:
        words = shlex.split(line.replace(";", " ; "))
    except ValueError:
        return
    call: list[str] = []
    for word in [*words, ";"]:
        if word not in (";", "&&"):
            call.append(word)
            continue
        yield from _call(call, told, roots)
        call = []


def _call(call: list[str], told: str, roots: list[str]) -> Iterator[Step]:
    name, given = (call[0], [word for word in call[1:] if not word.startswith("-")]) if call else ("", [])
    paths = [_inside(word, roots) for word in given]
    if name == "mv" and len(paths) == 2 and paths[0] and paths[1]:
        into = paths[0].rpartition("/")[2] if given[1].endswith("/") else ""  # in a folder it keeps its name
        yield Step("move", paths[0], new=paths[1] + into)
    elif name == "rm":
        yield from (Step("remove", path) for path in paths if path)
    elif name == "cat" and len(paths) == 1 and paths[0]:
        yield Step("read", paths[0], told)


def _inside(file_path: str, roots: list[str]) -> str:
    """The path in the store; "" for a file elsewhere."""
    root = next((root for root in roots if file_path.startswith(root) and len(file_path) > len(root)), "")
    return file_path[len(root) - 1 :] if root else ""


def evidence(steps: Iterable[Step], renamed: Mapping[str, str] | None = None) -> dict[str, set[str]]:
    """{path at the end: paths at the beginning that it was made of}, where the steps show it: it was moved there, or
    it was read, then others written that hold a good part of it, then it was taken away. `renamed` is {new: old} as
    the store's versions tell, certain by itself."""
    book = _Book()
    for step in steps:
        getattr(book, step.does)(step)
    found = {path: olds - {path} for path, olds in book.made.items() if path not in book.gone}
    for new, old in (renamed or {}).items():
        found.setdefault(new, set()).add(old)
    return {path: olds for path, olds in sorted(found.items()) if olds}


class _Book:
    """What is known while the steps are followed. `made`: of which first paths a path consists."""

    def __init__(self) -> None:
        self.made: dict[str, set[str]] = defaultdict(set)
        self.gone: set[str] = set()
        self.texts: dict[str, str] = {}  # as read or written last
        self.read_at: dict[str, int] = {}
        # Writes since the last ones that were followed by removals: those whose work the removals finish.
        self.written: dict[str, int] = {}
        self.removing = False
        self.now = 0

    def read(self, step: Step) -> None:
        self.now += 1
        self.texts[step.path] = step.text
        self.read_at.setdefault(step.path, self.now)

    def write(self, step: Step) -> None:
        self._wrote(step, step.text)

    def edit(self, step: Step) -> None:
        self._wrote(step, f"{self.texts.get(step.path, '')}\n{step.text}")

    def _wrote(self, step: Step, text: str) -> None:
        self.now += 1
        if self.removing:
            self.written, self.removing = {}, False
        self.texts[step.path] = text
        self.written[step.path] = self.now
        self.gone.discard(step.path)

    def move(self, step: Step) -> None:
        self.now += 1
        self.made[step.new] |= self.made.pop(step.path, set()) or {step.path}
        self.gone.add(step.path)
        self.gone.discard(step.new)
        if step.path in self.texts:
            self.texts[step.new] = self.texts.pop(step.path)
        for held in (self.read_at, self.written):
            if step.path in held:
                held[step.new] = held.pop(step.path)

    def remove(self, step: Step) -> None:
        self.now += 1
        self.removing = True
        read_at, text = self.read_at.get(step.path), self.texts.get(step.path, "")
        firsts = self.made.pop(step.path, set()) or {step.path}
        for path, at in self.written.items():
            if path != step.path and read_at is not None and read_at < at and _holds(self.texts[path], text):
                self.made[path] |= firsts
        self.gone.add(step.path)
        self.written.pop(step.path, None)


def _holds(text: str, other: str) -> bool:
    """Whether a good part of what the other one says stands in a text."""
    wanted = _terms(other)
    return bool(wanted) and len(wanted & _terms(text)) >= HELD * len(wanted)


def _terms(text: str) -> set[str]:
    return {term for each in split("", text) for term in terms(each.key)}


def renames(versions: Iterable[tuple[str, str, bool]]) -> dict[str, str]:
    """{last path: first path} of the memories that the session gave another one, from (memory's id, path, whether the
    session wrote it) of their versions, the oldest first; what others wrote later does not count."""
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    for memory, path, own in versions:
        if own and path:
            first.setdefault(memory, path)
            last[memory] = path
        elif path and memory not in last:
            first[memory] = path
    return {path: first[memory] for memory, path in last.items() if first[memory] != path}


def roots_of(events: Iterable[Mapping[str, Any]]) -> set[str]:
    """The mounts below /mnt/memory that the tools were called with, whatever they are called."""
    asked = (str(value) for event in events for value in mapping(mapping(event).get("input")).values())
    return {found for text in asked for found in _MOUNT.findall(text)}
