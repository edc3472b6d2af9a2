"""What a comparison of two stores answers with: frozen records, and the one shape they have as data."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dreams.rules.scans import Finding


@dataclass(frozen=True, slots=True)
class Place:
    """A statement and where it begins; lines count from 1."""

    path: str
    line: int
    text: str
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """One memory under another path; `similarity` from 0 to 1, 1 for the same bytes."""

    old: str
    new: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Merged:
    """Several memories that became one; the new path is among the `olds` when it lived before."""

    olds: tuple[str, ...]
    new: str


@dataclass(frozen=True, slots=True)
class Split:
    """One memory that became several; the old path is among the `news` when it lives on."""

    old: str
    news: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Altered:
    """A statement that is still there with another meaning; `kinds` name the facts that changed."""

    old: Place
    new: Place
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clash:
    """Two statements after that are not likely to be true both."""

    one: Place
    other: Place


@dataclass(frozen=True, slots=True)
class Doubt:
    """A statement before and the one taken for its new wording, without being sure: its origin is uncertain."""

    old: Place
    new: Place


@dataclass(frozen=True, slots=True)
class Carried:
    """A statement after that was at another path, or in another memory of a merge or split, before."""

    old: Place
    new: Place


@dataclass(frozen=True, slots=True)
class Changes:
    """What a dream did to a store. Every list is sorted; a path of a lineage is in no list of paths,
    except that a memory which took others in and kept its bytes is also `unchanged`.
    """

    unchanged: tuple[str, ...]
    modified: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[Moved, ...]
    merged: tuple[Merged, ...]
    split: tuple[Split, ...]
    lost: tuple[Place, ...]
    altered: tuple[Altered, ...]
    unsourced: tuple[Place, ...]
    contradictions: tuple[Clash, ...]
    uncertain: tuple[Doubt, ...]
    carried: tuple[Carried, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The same as lists and dicts of text and numbers, in the documented shape; without what was carried."""
        return {
            "unchanged": list(self.unchanged),
            "modified": list(self.modified),
            "added": list(self.added),
            "removed": list(self.removed),
            "moved": [{"old": m.old, "new": m.new, "similarity": m.similarity} for m in self.moved],
            "merged": [{"olds": list(m.olds), "new": m.new} for m in self.merged],
            "split": [{"old": s.old, "news": list(s.news)} for s in self.split],
            "lost": [place_dict(place) for place in self.lost],
            "altered": [altered_dict(altered) for altered in self.altered],
            "unsourced": [place_dict(place) for place in self.unsourced],
            "contradictions": [
                {"one": place_dict(each.one), "other": place_dict(each.other)} for each in self.contradictions
            ],
            "uncertain": [{"old": place_dict(each.old), "new": place_dict(each.new)} for each in self.uncertain],
        }


def place_dict(place: Place) -> dict[str, Any]:
    """A place as data."""
    return {"path": place.path, "line": place.line, "text": place.text}


def altered_dict(altered: Altered) -> dict[str, Any]:
    """An altered statement as data."""
    return {"old": place_dict(altered.old), "new": place_dict(altered.new), "kinds": list(altered.kinds)}


@dataclass(frozen=True, slots=True)
class Group:
    """Paths that are decided together: one connected piece of the lineage, with what was found in it.

    `olds` and `news` are its paths before and after, `edges` which of them became which. What names two places (an
    altered statement that changed its memory, a contradiction) belongs to both memories' groups. `findings` are scan
    warnings about new lines. `rewrapped`: only line breaks, white space and list marks differ. `key` is the digest of
    both sides' paths and bytes. The higher `risk`, the earlier it should be read; 0 for unchanged.
    """

    kind: str
    olds: tuple[str, ...]
    news: tuple[str, ...]
    lost: tuple[Place, ...]
    altered: tuple[Altered, ...]
    unsourced: tuple[Place, ...]
    findings: tuple[Finding, ...]
    key: str
    risk: int
    contradictions: tuple[Clash, ...] = ()
    uncertain: tuple[Doubt, ...] = ()
    carried: tuple[Carried, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    rewrapped: bool = False


def shas_of(texts: Mapping[str, str]) -> dict[str, str]:
    """{path: hex SHA-256} of a store given as {path: text}."""
    # Lone surrogates cannot be stored by the vendor, but a comparison must not die of them.
    return {path: hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest() for path, text in texts.items()}
