"""Reads of one change of a review: its texts on both sides, what was found in it, and every decision on it."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from dreams.models import Change, ChangePath, Decision, Difference, Text, Workspace
from dreams.render import Look, Mark, Panel, panels
from dreams.render.panels import pairs
from dreams.rules import review_states as states

FEW = 40
_ALTERED = {
    "number": "a number",
    "unit": "a unit",
    "date": "a date or time",
    "negation": "a negation",
    "modal": "how binding it is (must, may)",
    "name": "a name",
    "path": "a path",
    "version": "a version",
    "url": "an address",
    "order": "the order, and with it who does what",
    "value": "another word where everything else stayed",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One memory on one side; `size` in bytes, `text` "" when it was `purged` (how, in a sentence)."""

    path: str
    sha: str
    size: int
    text: str
    purged: str


@dataclass(frozen=True, slots=True)
class Found:
    """One sentence a reader must see. `was` and `now` are quoted, either may be empty; `words` say what it is;
    `anchor` names its row in the difference, "" when it is not drawn there."""

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

    change: Change | Difference
    before: Sequence[Side]
    after: Sequence[Side]
    edited: Sequence[Side]
    findings: Findings
    panels: Sequence[Panel]
    decisions: Sequence[tuple[Decision, str]]
    dreamt: bool

    @property
    def explained(self) -> str:
        """What kind of change it is, in a sentence."""
        return _explained(self.change.kind, len(self.before), len(self.after), dreamt=self.dreamt)

    @property
    def folder(self) -> str:
        """The path up to the last slash."""
        return self.change.title[: self.change.title.rfind("/") + 1]

    @property
    def name(self) -> str:
        """The path behind the last slash."""
        return self.change.title[self.change.title.rfind("/") + 1 :]

    @property
    def sizes(self) -> tuple[int, int]:
        """Bytes before and after."""
        return sum(side.size for side in self.before), sum(side.size for side in self.after)

    @property
    def purged(self) -> str:
        """What became of the first text that is not kept any more; "" when all are kept."""
        return next((side.purged for side in (*self.before, *self.after, *self.edited) if side.purged), "")

    @property
    def words(self) -> str:
        """Its state as people read it."""
        return states.CHANGE_WORDS[self.change.state]


def change_page(change: Change, look: Look | None = None, more: str = "") -> ChangePage:
    """One change ready to draw, in three queries. An edited one is drawn as it was edited. `more` is the address that
    shows what is capped here."""
    look = look or Look()
    decisions = list(change.decisions.select_related("by").order_by("-seq")) if change.seq else []
    result = decisions[0].result if decisions and change.state == states.EDITED else {}
    paths = list(change.paths.all())
    held = _held(change.review.workspace, [*(path.sha256 for path in paths), *result.values()])
    before = [_side(path.path, path.sha256, held) for path in paths if path.side == ChangePath.Side.BEFORE]
    after = [_side(path.path, path.sha256, held) for path in paths if path.side == ChangePath.Side.AFTER]
    edited = [_side(path, sha, held) for path, sha in sorted(result.items())]
    page = _drawn(change, before, after, edited, look, more, dreamt=change.review.dream_id is not None)
    return replace(page, decisions=[(each, _said(each)) for each in decisions])


def difference_page(difference: Difference, workspace: Workspace, look: Look, more: str) -> ChangePage:
    """One difference between two moments, drawn as a change of a review is; one query."""
    held = _held(workspace, [*difference.olds.values(), *difference.news.values()])
    before = [_side(path, sha, held) for path, sha in sorted(difference.olds.items())]
    after = [_side(path, sha, held) for path, sha in sorted(difference.news.items())]
    return _drawn(difference, before, after, [], look, more, dreamt=False)


def _drawn(
    change: Change | Difference,
    before: Sequence[Side],
    after: Sequence[Side],
    edited: Sequence[Side],
    look: Look,
    more: str,
    *,
    dreamt: bool,
) -> ChangePage:
    drawn = {side.path: side.text for side in edited or after}
    olds = {side.path: side.text for side in before}
    gone, doubts, marks = _found(change.findings, olds.keys(), edited=bool(edited), dreamt=dreamt)
    sheets = panels(olds, drawn, marks.rows, look, more)
    ids = "".join(sheet.html for sheet in sheets if not look.rendered)
    return ChangePage(
        change=change,
        before=before,
        after=after,
        edited=edited,
        findings=_findings(gone, doubts, ids, FEW if not look.whole else None),
        panels=sheets,
        decisions=[],
        dreamt=dreamt,
    )


@dataclass(frozen=True, slots=True)
class Sheet:
    """One path of a change in the editor: the text to start from, whether it stays, and the text it came from (None
    when there was none) with its path."""

    path: str
    text: str
    stays: bool
    was: str | None
    came_from: str


def sheets_of(page: ChangePage) -> list[Sheet]:
    """Every path of a change for the editor, by path: as it was edited last, else as the dream left it. A path that
    only stood there before starts with that text and does not stay, unless the dream left nothing at all."""
    was = {side.path: side.text for side in page.before}
    dreamt = {side.path: side.text for side in page.after}
    now = {side.path: side.text for side in page.edited} or dreamt or was
    source = {new: old for old, new in pairs(was, dreamt)} | {path: path for path in was}
    return [
        Sheet(path, {**was, **dreamt, **now}[path], path in now, was.get(source.get(path, "")), source.get(path, ""))
        for path in sorted({*was, *dreamt, *now})
    ]


def _said(decision: Decision) -> str:
    words = states.CHANGE_WORDS[decision.outcome].lower()
    return f"took the decision back: {words} again" if decision.reason == "undone" else words


def _held(workspace: Workspace, shas: Sequence[str]) -> dict[str, Text]:
    return {text.sha256: text for text in Text.objects.filter(workspace=workspace, sha256__in=set(shas))}


def _side(path: str, sha: str, held: Mapping[str, Text]) -> Side:
    text = held.get(sha)
    if text is None:
        return Side(path, sha, 0, "", "A text of this change is not kept here.")
    return Side(path, sha, text.size, text.text, text.tombstone)


class _Marks:
    """Where findings stand in the difference: rows that several findings share have one mark and one anchor."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, int], Mark] = {}

    def put(self, side: str, place: Mapping[str, Any], css: str, note: str = "", tone: str = "") -> str:
        """Marks a row and returns its anchor."""
        key = side, place["path"], place["line"]
        under = self.rows.get(key)
        name = under.id if under else f"found-{len(self.rows)}"
        said = " ".join(filter(None, (under.note if under else "", note)))
        worse = under.css if under and under.css == "lost" else css
        self.rows[key] = Mark(worse, name, said, tone or (under.tone if under else ""))
        return name


def _found(
    findings: Mapping[str, Any], before: Set[str], *, edited: bool, dreamt: bool
) -> tuple[list[Found], list[Found], _Marks]:
    """What is gone, what is doubtful, and the rows they stand in. On the new side they hold for the text found there
    only, so an edited one has no marks there."""
    marks = _Marks()
    gone, doubts = [], []
    for place in findings.get("lost", []):
        anchor = marks.put("old", place, "lost")
        words = f"Gone: was in {_at(place)}, found nowhere {'in the output' if dreamt else 'in the store after that'}"
        gone.append(Found("lost", words, place["text"], "", anchor))
    for pair in findings.get("altered", []):
        kinds, old, new = _kinds(pair), pair["old"], pair["new"]
        anchor = marks.put("old", old, "flag")
        if not edited:
            there = marks.put("new", new, "flag", f"Changed here: {kinds}.")
            anchor = anchor if old["path"] in before else there
        words = f"Changed: {kinds}. Was in {_at(old)}, now in {_at(new)}"
        doubts.append(Found("altered", words, old["text"], new["text"], anchor))
    for scan in findings.get("scans", []):
        why = f"Line {scan['line']} of {scan['path']} {scan['why']}"
        anchor = "" if edited else marks.put("new", scan, "flag", f"This line {scan['why']}.", "bad")
        doubts.append(Found("conflict", why, "", scan["excerpt"], anchor))
    for place in findings.get("unsourced", []):
        words = f"New in {_at(place)}: no memory said this before"
        words += ". It comes from the sessions, or from nowhere" if dreamt else ""
        anchor = "" if edited else marks.put("new", place, "flag")
        doubts.append(Found("unsourced", words, "", place["text"], anchor))
    return gone, doubts, marks


def _findings(gone: list[Found], doubts: list[Found], drawn: str, limit: int | None) -> Findings:
    """The first `limit` of them; a finding whose row is not drawn (folded, rendered) links nowhere."""
    kept = [each if f' id="{each.anchor}"' in drawn else replace(each, anchor="") for each in [*gone, *doubts][:limit]]
    lost = kept[: len(gone)]
    return Findings(lost, kept[len(lost) :], len(gone) + len(doubts) - len(kept))


def _at(place: Mapping[str, Any]) -> str:
    return f"{place['path']}, line {place['line']}"


def _kinds(pair: Mapping[str, Any]) -> str:
    return ", ".join(_ALTERED.get(kind, kind) for kind in pair["kinds"])


def _explained(kind: str, before: int, after: int, *, dreamt: bool) -> str:
    many = f"{before} memories"
    wrote, dropped = ("The dream wrote", "The dream left out") if dreamt else ("Somebody wrote", "Somebody removed")
    return {
        "modified": "The same path before and after; its text changed.",
        "added": f"{wrote} this memory. Nothing stood at this path, and no memory holds most of its sentences.",
        "removed": f"{dropped} this memory, and no other memory took over most of its sentences.",
        "moved": "The same memory under another path.",
        "merged": f"{many} became {'one' if after == 1 else after}; they are decided together.",
        "split": f"{many if before > 1 else 'One memory'} became {after}; they are decided together.",
        "unchanged": "The same bytes under the same path.",
    }.get(kind, "")
