"""What the vendor allows as a memory's path and content, where a store is mounted, and paths as a tree."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_MEMORIES = 2_000
MAX_CONTENT_BYTES = 102_400
MAX_PATH_BYTES = 1_024
MAX_SEGMENTS = 20

# Control, format, line and paragraph separators: refused by the vendor anywhere in a path.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp"})
_SURROGATE = re.compile("[\ud800-\udfff]")


def check_path(path: str) -> str | None:
    """A sentence saying what is wrong with a memory's path, or None when the vendor accepts it."""
    if not path.startswith("/"):
        return "A path starts with a slash."
    if path == "/":
        return "A path needs a name after the slash."
    if _SURROGATE.search(path):
        return "The path holds half a character (a lone surrogate), which cannot be sent."
    for character in path:
        if unicodedata.category(character) in _REFUSED_CATEGORIES:
            return f"The path holds the invisible character U+{ord(character):04X}, which is not allowed."
    segments = path[1:].split("/")
    if "" in segments:
        return "The path has an empty part: two slashes in a row, or one at the end."
    if "." in segments or ".." in segments:
        return "A part of the path may not be “.” or “..”."
    if len(segments) > MAX_SEGMENTS:
        return f"The path has {len(segments)} parts; {MAX_SEGMENTS} are allowed."
    if unicodedata.normalize("NFC", path) != path:
        return "The path's accents are written as separate characters; it has to be in Unicode form NFC."
    size = len(path.encode())
    if size > MAX_PATH_BYTES:
        return f"The path has {size:,} bytes; {MAX_PATH_BYTES:,} are allowed."
    return None


def check_content(text: str) -> str | None:
    """A sentence saying what is wrong with a memory's text, or None when the vendor accepts it."""
    if found := _SURROGATE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        return f"Line {line} holds half a character (a lone surrogate), which cannot be stored."
    size = len(text.encode())
    if size > MAX_CONTENT_BYTES:
        return f"The text has {size:,} bytes; {MAX_CONTENT_BYTES:,} are allowed."
    return None


def ancestors(path: str) -> Iterator[str]:
    """The paths above `path` that no memory may hold beside it: `/a/b/c` gives `/a`, `/a/b`."""
    at = path.find("/", 1)
    while at != -1:
        yield path[:at]
        at = path.find("/", at + 1)


def check_paths(paths: Iterable[str]) -> list[str]:
    """Sentences saying why these paths cannot live in one store together; empty when they can."""
    together = set(paths)
    problems = [f"{path}: {problem}" for path in sorted(together) if (problem := check_path(path))]
    problems += [
        f"{above} and {path} cannot both be memories: one would be a folder of the other."
        for path in sorted(together)
        for above in ancestors(path)
        if above in together
    ]
    if len(together) > MAX_MEMORIES:
        problems.append(f"{len(together):,} memories are more than the {MAX_MEMORIES:,} a store may hold.")
    return problems


def mount_slug(name: str) -> str:
    """The folder name a store with this name gets: lower case, each run of other characters one dash."""
    return re.sub("[^a-z0-9]+", "-", name.lower())


def mount_path(name: str) -> str:
    """Where an agent's sandbox sees a store with this name."""
    return f"/mnt/memory/{mount_slug(name)}"


@dataclass(frozen=True, slots=True)
class File:
    """A memory in a tree: the last part of its path, and the whole path."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of a tree; `path` ends in a slash, `count` is the number of memories anywhere below."""

    name: str
    path: str
    folders: tuple["Folder", ...]
    files: tuple[File, ...]
    count: int


def tree(paths: Iterable[str]) -> Folder:
    """The paths as nested folders, both sorted by name; any text is taken, each path appears once.

    What lies deeper than the vendor allows stays one name, so that a hostile path cannot nest for ever.
    """
    return _folder("", "/", [(path.removeprefix("/"), path) for path in sorted(set(paths))], MAX_SEGMENTS)


def _folder(name: str, path: str, inside: list[tuple[str, str]], depth: int) -> Folder:
    files: list[File] = []
    below: dict[str, list[tuple[str, str]]] = {}
    for rest, full in inside:
        head, slash, tail = rest.partition("/")
        if slash and depth > 1:
            below.setdefault(head, []).append((tail, full))
        else:
            files.append(File(rest, full))
    folders = tuple(_folder(head, f"{path}{head}/", below[head], depth - 1) for head in sorted(below))
    return Folder(name, path, folders, tuple(files), len(files) + sum(folder.count for folder in folders))
