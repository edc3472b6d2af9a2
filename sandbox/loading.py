"""A folder of text files becomes a memory store."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.memories import LARGEST_CONTENT, MOST_MEMORIES, path_problem
from sandbox.state import State

ACTOR = {"type": "user_actor", "user_id": "user_sandbox_load"}


@dataclass
class Loaded:
    """What came of one folder; `skipped` holds (path, reason)."""

    memories: int = 0
    already_there: bool = False
    skipped: list[tuple[str, str]] = field(default_factory=list)


def load_folder(state: State, name: str, folder: Path) -> Loaded:
    """Make a store called `name` of the files below `folder`, unless a store has that name already.

    A memory's path is "/" and the relative path of its file. Hidden files, links, and what the API would not
    take are skipped.
    """
    result = Loaded()
    if any(store["name"] == name for store in state.all("store")):
        result.already_there = True
        return result
    with state.transaction():
        store_id, now = state.new_id("memstore"), state.stamp()
        store = {"id": store_id, "type": "memory_store", "name": name, "archived_at": None}
        about = {"description": f"Loaded from the folder {folder.name}", "metadata": {"source": "sandbox --load"}}
        state.put("store", {**store, **about, "created_at": now, "updated_at": now})
        for file in sorted(files_below(folder)):
            path = "/" + file.relative_to(folder).as_posix()
            content = read_text(file)
            if result.memories == MOST_MEMORIES:
                problem: str | None = f"the store is full ({MOST_MEMORIES} memories)"
            elif content is None:
                problem = f"not UTF-8 text of at most {LARGEST_CONTENT} bytes"
            else:
                problem = name_problem(path)
            if content is None or problem:
                result.skipped.append((path, problem or ""))
            else:
                state.write_memory(store_id, path, content, actor=ACTOR)
                result.memories += 1
    return result


def files_below(folder: Path) -> list[Path]:
    """Every plain file that is not hidden nor below a hidden folder; links are not followed."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = [Path(root, name) for name in names if not name.startswith(".")]
        found += [path for path in paths if path.is_file() and not path.is_symlink()]
    return found


def read_text(file: Path) -> str | None:
    """The content, or None when it is too long or not UTF-8."""
    with file.open("rb") as stream:
        data = stream.read(LARGEST_CONTENT + 1)
    try:
        return data.decode() if len(data) <= LARGEST_CONTENT else None
    except UnicodeDecodeError:
        return None


def name_problem(path: str) -> str | None:
    """Why the API would not take this path; a file name that is not UTF-8 counts too."""
    try:
        return path_problem(path)
    except UnicodeEncodeError:
        return "the name is not UTF-8"


def report(name: str, loaded: Loaded) -> str:
    """What a person is told about one folder."""
    if loaded.already_there:
        return f"store {name!r}: there already, left as it is"
    lines = [f"store {name!r}: {loaded.memories} memories loaded, {len(loaded.skipped)} files skipped"]
    return "\n".join(lines + [f"  skipped {path!r}: {reason}" for path, reason in loaded.skipped])
