"""Reads of one change of a review: its texts on both sides, what was found in it, and every decision on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dreams.models import Change, ChangePath, Decision, Text, Workspace
from dreams.render import Mark, Panel, panels
from dreams.render.panels import Look, PathMarks
from dreams.rules import review_states as states

FEW = 40
_ALTERED = {
    "number": "a number",
    "unit": "a unit",
    "date": "a date or time",
    "negation": "a negation (not, never, no)",
    "modal": "how binding it is (must, may, should)",
    "name": "a name",
    "path": "a path",
    "version": "a version",
    "url": "an address",
    "order": "the order, and with it who does what",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One memory on one side; `size` in bytes, `text` "" when it was purged."""

    path: str
    sha: str
    size: int
    text: str
    purged: bool


@dataclass(frozen=True, slots=True)
class Found:
    """One sentence a reader must see. `was` and `now` are quoted, either may be empty; `words` say what it is; `anchor`
    names its row in the difference, "" when it is not drawn there."""

    kind: str
    words: str
    was: str
    now: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What the checks found, worst first; `hidden` of them are not listed."""

    gone: Sequence[Found]
    doubts: Sequence[Found]
    hidden: int


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Everything the centre and the right pane show of one change."""

    change: Change
    before: Sequence[Side]
    after: Sequence[Side]
    edited: Sequence[Side]
    findings: Findings
    panels: Sequence[Panel]
    decisions: Sequence[Decision]

    @property
    def explained(self) -> str:
        """What kind of change it is, in a sentence."""
        return _explained(self.change.kind, [side.path for side in self.before], [side.path for side in self.after])

    @property
    def sizes(self) -> tuple[int, int]:
        """Bytes before and after."""
        return sum(side.size for side in self.before), sum(side.size for side in self.after)

    @property
    def purged(self) -> bool:
        """Whether some text is not kept any more."""
        return any(side.purged for side in (*self.before, *self.after, *self.edited))

    @property
    def words(self) -> str:
        """Its state as people read it."""
        return states.CHANGE_WORDS[self.change.state]


def change_page(change: Change, look: Look, more: str) -> ChangePage:
    """One change ready to draw, in three queries. An edited one is drawn as it was edited."""
    decisions = list(change.decisions.select_related("by").order_by("-seq")) if change.seq else []
    result = decisions[0].result if decisions and change.state == states.EDITED else {}
    paths = list(change.paths.all())
    held = _held(change.review.workspace, [*(path.sha256 for path in paths), *result.values()])
    before = [_side(path.path, path.sha256, held) for path in paths if path.side == ChangePath.Side.BEFORE]
    after = [_side(path.path, path.sha256, held) for path in paths if path.side == ChangePath.Side.AFTER]
    edited = [_side(path, sha, held) for path, sha in sorted(result.items())]
    drawn = {side.path: side.text for side in edited or after}
    marks = _marks(change.findings, edited=bool(edited))
    sheets = panels({side.path: side.text for side in before}, drawn, marks, look, more)
    ids = "".join(sheet.html for sheet in sheets if not look.rendered)
    return ChangePage(
        change=change,
        before=before,
        after=after,
        edited=edited,
        findings=_findings(change.findings, ids, FEW if not look.whole else None),
        panels=sheets,
        decisions=decisions,
    )


def texts_to_edit(page: ChangePage) -> list[tuple[str, str, str, bool]]:
    """(path, text, original, stays) of every path of a change: as edited before, else as the dream left it; what the
    dream removed comes last, with its original text, and stays only in a removal (there is nothing else to edit)."""
    was = {side.path: side.text for side in page.before}
    now = {side.path: side.text for side in page.edited or page.after}
    paths = [*now, *(path for path in (*was, *(side.path for side in page.after)) if path not in now)]
    dreamt = {side.path: side.text for side in page.after}
    return [
        (path, now.get(path, was.get(path, dreamt.get(path, ""))), was.get(path, ""), path in now or not now)
        for path in dict.fromkeys(paths)
    ]


def _held(workspace: Workspace, shas: Sequence[str]) -> dict[str, Text]:
    return {text.sha256: text for text in Text.objects.filter(workspace=workspace, sha256__in=set(shas))}


def _side(path: str, sha: str, held: Mapping[str, Text]) -> Side:
    text = held.get(sha)
    if text is None:
        return Side(path, sha, 0, "", True)
    return Side(path, sha, text.size, text.text, text.purged_at is not None)


def _marks(findings: Mapping[str, Any], *, edited: bool) -> PathMarks:
    """Where the findings stand in the difference; those on the new side hold for the dream's text only."""
    marks: dict[tuple[str, str, int], Mark] = {}
    for number, place in enumerate(findings.get("lost", [])):
        marks["old", place["path"], place["line"]] = Mark("lost", f"lost-{number}")
    for number, pair in enumerate(findings.get("altered", [])):
        old, new = pair["old"], pair["new"]
        marks["old", old["path"], old["line"]] = Mark("flag", f"altered-{number}")
        if not edited:
            marks["new", new["path"], new["line"]] = Mark("flag", "", f"Changed here: {_kinds(pair)}.")
    if edited:
        return marks
    for number, place in enumerate(findings.get("unsourced", [])):
        marks.setdefault(("new", place["path"], place["line"]), Mark("flag", f"unsourced-{number}"))
    for number, scan in enumerate(findings.get("scans", [])):
        key = "new", scan["path"], scan["line"]
        under = marks.get(key, Mark())
        marks[key] = Mark("flag", under.id or f"scan-{number}", _sentence(scan["why"]), "bad")
    return marks


def _findings(findings: Mapping[str, Any], drawn: str, limit: int | None) -> Findings:
    gone = [
        Found(
            "lost",
            f"Gone: was in {_at(place)}, found nowhere in the output",
            place["text"],
            "",
            _anchor(f"lost-{number}", drawn),
        )
        for number, place in enumerate(findings.get("lost", []))
    ]
    doubts = [
        Found(
            "altered",
            f"Changed: {_kinds(pair)}. Was in {_at(pair['old'])}, now in {_at(pair['new'])}",
            pair["old"]["text"],
            pair["new"]["text"],
            _anchor(f"altered-{number}", drawn),
        )
        for number, pair in enumerate(findings.get("altered", []))
    ]
    doubts += [
        Found(
            "conflict", f"{_sentence(scan['why'])} {_at(scan)}", "", scan["excerpt"], _anchor(f"scan-{number}", drawn)
        )
        for number, scan in enumerate(findings.get("scans", []))
    ]
    doubts += [
        Found(
            "unsourced",
            f"New in {_at(place)}: no memory said this before. It comes from the sessions, or from nowhere",
            "",
            place["text"],
            _anchor(f"unsourced-{number}", drawn),
        )
        for number, place in enumerate(findings.get("unsourced", []))
    ]
    if limit is None or len(gone) + len(doubts) <= limit:
        return Findings(gone, doubts, 0)
    kept = doubts[: max(0, limit - len(gone))]
    return Findings(gone[:limit], kept, max(0, len(gone) - limit) + len(doubts) - len(kept))


def _anchor(name: str, drawn: str) -> str:
    return name if f' id="{name}"' in drawn else ""


def _at(place: Mapping[str, Any]) -> str:
    return f"{place['path']}, line {place['line']}"


def _kinds(pair: Mapping[str, Any]) -> str:
    return ", ".join(_ALTERED.get(kind, kind) for kind in pair["kinds"])


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _explained(kind: str, before: Sequence[str], after: Sequence[str]) -> str:
    many = f"{len(before)} memories"
    return {
        "modified": "The same path before and after; its text changed.",
        "added": "The dream wrote this memory. Nothing stood at this path, and no memory holds most of its sentences.",
        "removed": "The dream left this memory out, and no other memory took over most of its sentences.",
        "moved": "The same memory under another path.",
        "merged": f"{many} became {'one' if len(after) == 1 else len(after)}; they are decided together.",
        "split": f"{many if len(before) > 1 else 'One memory'} became {len(after)}; they are decided together.",
        "unchanged": "The same bytes under the same path.",
    }.get(kind, "")
