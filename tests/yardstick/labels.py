"""A labelled dream as it lies on disk: both stores, every statement of them, and what became of it."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# The engine is tuned on these.
OPEN = ("clinic-desk", "dockside", "wayfarer")
# Nobody who tunes the engine looks at any other; it is scored when the tuning is over.
PUT_ASIDE = tuple(sorted({path.parent.name for path in HERE.glob("*/labels.toml")} - {*OPEN}))

# The closed lists; README.md says what each word means.
BANDS = ("verbatim", "light", "medium", "heavy", "condensed")
FATES = ("kept", "moved", "reworded", "merged", "gone")
WHYS = ("harm", "stale", "superseded", "noise", "heading")
ORIGINS = ("sourced", "scaffold", "invented", "injected")
KINDS = ("number", "unit", "date", "negation", "modal", "name", "path", "version", "url", "order", "value")
TRAPS = (
    *("number-word", "unit-conversion", "double-negation", "date-format", "time-format"),
    *("voice", "synonym", "word-order", "abbreviation"),
)
DROPS = ("harmful", "harmless")

_MARKS = re.compile(r"[*`_]+")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Link:
    """One old statement's way into one new one.

    `kinds` name what changed on the way; without `harmful` the change is right, or too fine to quarrel over.
    `may` are kinds that are no mistake beside them. `drops`: a part of the old statement is not in the new.
    """

    old: str
    new: str
    band: str
    kinds: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    harmful: bool = False
    false_merge: bool = False
    trap: str = ""
    drops: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of either side; of the old side with its `fate`, of the new side with its `origin`."""

    id: str
    path: str
    line: int
    kind: str
    text: str
    fate: str = ""
    harmful: bool = False
    why: str = ""
    instead: tuple[str, ...] = ()
    origin: str = ""
    adds: bool = False
    to: tuple[Link, ...] = field(default=(), repr=False)


class Dream:
    """One dream of the yardstick, read from its folder."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.before = _store(HERE / name / "before")
        self.after = _store(HERE / name / "after")
        self.labels: dict[str, Any] = tomllib.loads((HERE / name / "labels.toml").read_text("utf-8"))
        self.olds = {old.id: old for old in _statements(self.labels["before"])}
        self.news = {new.id: new for new in _statements(self.labels["after"])}

    @cached_property
    def links(self) -> dict[tuple[str, str], Link]:
        """All ways from an old statement to a new one, by both ids."""
        return {(link.old, link.new): link for old in self.olds.values() for link in old.to}

    @cached_property
    def lineage(self) -> dict[str, Any]:
        """`moved`, `merged` and `split` in the shape of a comparison's result."""
        return dict(self.labels["lineage"])

    @cached_property
    def contradictions(self) -> list[frozenset[str]]:
        """Pairs of new statements, by id, that cannot both be true."""
        return [frozenset((pair["one"], pair["other"])) for pair in self.labels.get("contradiction", ())]

    @cached_property
    def changed(self) -> set[str]:
        """The paths on either side that are not the same bytes on the other."""
        return {
            path for path in self.before.keys() | self.after.keys() if self.before.get(path) != self.after.get(path)
        }


def plain(text: str) -> str:
    """A statement without what only dresses it: emphasis, code marks, blanks, the full stop at its end."""
    return _BLANKS.sub(" ", _MARKS.sub("", text)).strip(" .;,:。、|")


def _store(folder: Path) -> dict[str, str]:
    # Read as bytes: a line ending is part of a text.
    return {
        "/" + path.relative_to(folder).as_posix(): path.read_bytes().decode()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _statements(files: list[dict[str, Any]]) -> Iterator[Statement]:
    for file in files:
        for given in file["statements"]:
            values = {**given, "path": file["path"], "instead": tuple(given.get("instead", ()))}
            values["to"] = tuple(_link(given["id"], way) for way in given.get("to", ()))
            yield Statement(**values)


def _link(old: str, given: dict[str, Any]) -> Link:
    values = {**given, "kinds": tuple(given.get("kinds", ())), "may": tuple(given.get("may", ()))}
    return Link(old=old, new=values.pop("id"), **values)
