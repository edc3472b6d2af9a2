"""What changed between two folders, stores or snapshots, and what was written meanwhile: the engine for scripts."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from dreams.rules.change_types import Changes, Place
from dreams.rules.changes import compare
from dreams.rules.merge import StoreMerge, merge_stores
from dreams.rules.review_states import DRIFT_WORDS

VERSION_CONTROL = {".git", ".hg", ".svn", ".jj", ".bzr"}
STANDING_WORDS = {"dream_only": "Changed by the dream only", **DRIFT_WORDS}
WHY_WORDS = {
    "edited": "edited since",
    "deleted_since": "deleted since",
    "deleted_by_dream": "edited since, removed by the dream",
    "added": "added since",
    "both_added": "added by both",
    "moved_since": "moved since",
}


class Command(BaseCommand):
    """Folders need no database; the texts of stores are those of the mirror."""

    help = (
        "Compare two stores as a review does: which memories moved, merged or split, and which statements were lost, "
        "altered or came from nowhere. Each side is a folder of text files, a memory store (its id, or its name with "
        "--workspace) or a snapshot (its number)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("before", metavar="BEFORE", help="a folder, memstore_…, a store's name, or a snapshot")
        parser.add_argument("after", metavar="AFTER", help="the same")
        parser.add_argument("--now", metavar="DIR", help="what BEFORE has become meanwhile: adds how both merge")
        parser.add_argument("--json", action="store_true", help="print nothing but the changes as JSON")
        parser.add_argument("--workspace", metavar="SLUG", help="where a store's name is looked up")

    def handle(self, *args: Any, **options: Any) -> None:
        before, after = (self.texts(options[side], options["workspace"]) for side in ("before", "after"))
        now = None if options["now"] is None else self.texts(options["now"], options["workspace"])
        changes = compare(before, after)
        merge = None if now is None else merge_stores(before, after, now)
        if options["json"]:
            drift = {"drift": merge.as_dict()} if merge else {}
            lines = iter([json.dumps({**changes.as_dict(), **drift})])
        else:
            lines = chain(lines_of(changes), drift_lines(merge) if merge else ())
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            for line in lines:
                self.stdout.write(line)
            self.stdout.flush()
        except BrokenPipeError:
            # Whoever reads has read enough (`… | head`); Python would complain again at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise CommandError(f"The answer cannot be written: {error.strerror}.") from None

    def texts(self, name: str, workspace: str | None) -> dict[str, str]:
        """{path: text} of what `name` names."""
        if not name:
            raise CommandError("One of the names is empty: give . for the folder you are in.")
        folder = Path(name)
        try:
            if folder.is_dir():
                texts, broken = read_folder(folder)
                for path in broken:
                    at = f"{name.rstrip('/')}{path}"
                    self.stderr.write(seen(f"{at} is not UTF-8: bytes that are no character are shown as \\udc…."))
                return texts
            if folder.exists():
                raise CommandError(seen(f"{name} is a file: give the folder that it is in."))
        except OSError as error:
            raise CommandError(seen(f"{error.filename or name} cannot be read: {error.strerror}.")) from None
        except ValueError:
            raise CommandError(seen(f"{name} cannot be the name of a folder.")) from None
        try:
            return stored(name, workspace)
        except DatabaseError as error:
            raise CommandError(
                seen(f"There is no folder {name}, and the database cannot be read: {str(error).splitlines()[0]}.")
            ) from None


def read_folder(folder: Path) -> tuple[dict[str, str], list[str]]:
    """{path: text} of every file under a folder, paths begin with "/"; and the paths of those that are not UTF-8."""
    texts, broken = {}, []
    for at, folders, files in os.walk(folder, onerror=_fail):
        folders[:] = sorted(set(folders) - VERSION_CONTROL)
        for file in sorted(Path(at, name) for name in files if name not in VERSION_CONTROL):
            if not file.is_file():
                continue  # a socket, a pipe, a link to nowhere
            path, body = f"/{file.relative_to(folder).as_posix()}", file.read_bytes()
            # Each byte that is no character stays another one: files that differ in these alone are not the same.
            texts[path] = body.decode("utf-8", "surrogateescape")
            if texts[path] != body.decode("utf-8", "replace"):
                broken.append(path)
    return dict(sorted(texts.items())), sorted(broken)


def _fail(error: OSError) -> None:
    raise error


def stored(name: str, workspace: str | None) -> dict[str, str]:
    """{path: text} of a store's mirror or of a snapshot; a purged text reads as ""."""
    from dreams.models import Memory, Snapshot, Store
    from dreams.services.snapshots import texts_of

    within = {"workspace__slug": workspace} if workspace else {}
    if name.isdecimal() and len(name) < 19:
        snapshots = Snapshot.objects.filter(pk=int(name))
        snapshot = snapshots.filter(store__workspace__slug=workspace).first() if workspace else snapshots.first()
        if snapshot:
            return texts_of(snapshot)
    known = {"remote_id": name} if name.startswith("memstore_") else {"name": name}
    stores = list(Store.objects.filter(**known, **within)[:2])
    if not stores:
        where = f" in {workspace}" if workspace else ""
        raise CommandError(seen(f"There is no folder, store or snapshot {name}{where}."))
    if len(stores) > 1:
        raise CommandError(seen(f"Several stores are called {name}: give the id, or --workspace."))
    memories = Memory.objects.filter(store=stores[0]).select_related("text")
    return {memory.path: memory.text.text for memory in memories.iterator(chunk_size=500)}


def lines_of(changes: Changes) -> Iterator[str]:
    """The changes for people; nothing under a heading without an entry."""
    yield f"{len(changes.unchanged)} unchanged"
    yield from _section("Lost", [_place(each) for each in changes.lost])
    yield from _section(
        "Altered",
        [f"{_place(each.old)}\n    now {_place(each.new)} [{', '.join(each.kinds)}]" for each in changes.altered],
    )
    yield from _section(
        "Contradictions", [f"{_place(each.one)}\n    but {_place(each.other)}" for each in changes.contradictions]
    )
    yield from _section("Without a source", [_place(each) for each in changes.unsourced])
    yield from _section(
        "Origin uncertain", [f"{_place(each.old)}\n    now {_place(each.new)}?" for each in changes.uncertain]
    )
    yield from _section("Merged", [f"{_paths(each.olds)} → {seen(each.new)}" for each in changes.merged])
    yield from _section("Split", [f"{seen(each.old)} → {_paths(each.news)}" for each in changes.split])
    yield from _section(
        "Moved", [f"{seen(each.old)} → {seen(each.new)} ({each.similarity:.0%} alike)" for each in changes.moved]
    )
    for title, paths in (("Modified", changes.modified), ("Added", changes.added), ("Removed", changes.removed)):
        yield from _section(title, [seen(path) for path in paths])


def drift_lines(merge: StoreMerge) -> Iterator[str]:
    """What moved meanwhile, the worst first."""
    if not any(change.drift for change in merge.changes):
        yield "\nNothing was written since."
    for standing in ("conflicting", "mergeable", "both_same", "drift_only", "dream_only"):
        found = [change for change in merge.changes if change.standing == standing]
        yield from _section(
            STANDING_WORDS[standing],
            [
                _paths(change.news or change.olds or [each.path for each in change.drift])
                + "".join(f"\n    {seen(each.path)}: {WHY_WORDS[each.why]}" for each in change.drift)
                for change in found
            ],
        )


def _section(title: str, entries: list[str]) -> Iterator[str]:
    if entries:
        yield f"\n{title} ({len(entries)})"
        yield from (f"  {entry}" for entry in entries)


def _place(place: Place) -> str:
    return seen(f"{place.path}:{place.line} {' '.join(place.text.split())}")


def _paths(paths: Iterable[str]) -> str:
    return " + ".join(map(seen, paths))


def seen(words: str) -> str:
    """Foreign words for a terminal: nothing in them moves its cursor or begins a line, and everything can be
    written."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)
