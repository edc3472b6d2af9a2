"""What the checks found in one change as a reader meets it: worst first, in sentences, each tied to its row."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from dreams.queries.provenance import Key, SourceLine, Tracing, anchor_of
from dreams.render import Mark
from dreams.rules.provenance import worth_asking

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
# The worst of several marks on one row draws it.
_WEIGHT = {"": 0, "flag": 1, "lost": 2}


@dataclass(frozen=True, slots=True)
class Found:
    """One sentence a reader must see. `was` and `now` are quoted, either may be empty; `words` say what it is;
    `anchor` names its row in the difference, "" when it is not drawn there. `name`, `index`: which of the change's
    findings it is; `path`, `line`: where it stands. `back`: the path where it was put back, else "".
    `said`: what the sessions say of it, "" where that is not known; the turns stand in the `pane` with that id."""

    kind: str
    words: str
    was: str
    now: str
    anchor: str
    name: str
    index: int
    path: str
    line: int
    back: str = ""
    said: str = ""
    pane: str = ""

    @property
    def label(self) -> str:
        """What its drawing says to readers of sound."""
        return {"scans": "suspicious", "contradictions": "contradiction"}.get(self.name, self.name)

    @property
    def key(self) -> str:
        """Which finding it is, for an address."""
        return f"{self.name}-{self.index}"


@dataclass(frozen=True, slots=True)
class Findings:
    """What the checks found, worst first; `hidden` of them are not listed. `headings` went and `uncertain` was taken
    for the same: neither is a loss or an alarm."""

    gone: Sequence[Found] = ()
    doubts: Sequence[Found] = ()
    headings: Sequence[Found] = ()
    uncertain: Sequence[Found] = ()
    hidden: int = 0

    @property
    def next_back(self) -> str:
        """The first lost sentence that can be put back; "" when all were."""
        return next((each.key for each in self.gone if not each.back), "")


@dataclass(frozen=True, slots=True)
class Ground:
    """What findings are tied to: the paths drawn on each side, on which line of the text shown now a line of the new
    text stands (None: it was edited away), and at which path a sentence stands again ("" nowhere)."""

    before: Set[str]
    after: Set[str]
    line_now: Callable[[str, int], int | None]
    stands_at: Callable[[str], str]
    dreamt: bool


class Marks:
    """Where findings stand in the difference: rows that several findings share have one mark and one anchor."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.rows: dict[tuple[str, str, int], Mark] = {}

    def old(self, place: Mapping[str, Any], css: str) -> str:
        """Marks a row of the old side and returns its anchor; "" when it is in no memory of this change."""
        return self._put("old", place["path"], place["line"], css) if place["path"] in self.ground.before else ""

    def new(self, place: Mapping[str, Any], css: str, note: str = "", tone: str = "") -> str:
        """Marks a row of the new side and returns its anchor; "" when it is not drawn or was edited since."""
        line = self.ground.line_now(place["path"], place["line"]) if place["path"] in self.ground.after else None
        return self._put("new", place["path"], line, css, note, tone) if line else ""

    def _put(self, side: str, path: str, line: int, css: str, note: str = "", tone: str = "") -> str:
        under = self.rows.get((side, path, line), Mark(id=f"found-{len(self.rows)}"))
        self.rows[side, path, line] = Mark(
            max(under.css, css, key=lambda name: _WEIGHT[name]),
            under.id,
            " ".join(filter(None, (under.note, note))),
            tone or under.tone,
        )
        return under.id


def findings_of(found: Mapping[str, Any], marks: Marks) -> Findings:
    """All of them, not capped yet; their rows are put into the marks."""
    ground = marks.ground
    gone, headings = [], []
    for n, place in enumerate(found.get("lost", [])):
        (headings if place.get("heading") else gone).append(_lost(place, n, marks))
    doubts = [_altered(pair, n, marks) for n, pair in enumerate(found.get("altered", []))]
    doubts += [_clash(pair, n, marks) for n, pair in enumerate(found.get("contradictions", []))]
    doubts += [_scan(each, n, marks) for n, each in enumerate(found.get("scans", []))]
    doubts += [_unsourced(place, n, marks) for n, place in enumerate(found.get("unsourced", []))]
    uncertain = [_uncertain(pair, n, marks) for n, pair in enumerate(found.get("uncertain", []))]
    return Findings(
        gone=[replace(each, back=ground.stands_at(each.was)) for each in gone],
        doubts=[replace(each, back=ground.stands_at(each.was)) if each.name == "altered" else each for each in doubts],
        headings=headings,
        uncertain=uncertain,
    )


def capped(findings: Findings, drawn: str, limit: int | None) -> Findings:
    """The first `limit` of each sort; a finding whose row is not drawn (folded, rendered) links nowhere."""

    def kept(found: Sequence[Found], most: int | None) -> list[Found]:
        return [each if f' id="{each.anchor}"' in drawn else replace(each, anchor="") for each in found[:most]]

    gone = kept(findings.gone, limit)
    doubts = kept(findings.doubts, None if limit is None else max(limit - len(gone), 0))
    hidden = len(findings.gone) + len(findings.doubts) - len(gone) - len(doubts)
    return Findings(gone, doubts, kept(findings.headings, limit), kept(findings.uncertain, limit), hidden)


def with_sources(findings: Findings, sources: Mapping[Key, Sequence[SourceLine]], tracing: Tracing | None) -> Findings:
    """The same, each sentence with what the sessions say of it in a line: the nearest turn, or that none was found."""
    if tracing is None:
        return findings

    def told(each: Found) -> Found:
        key = (each.name, each.path, each.line, each.now or each.was)
        turns = sources.get(key, ())
        asked = each.name in ("lost", "altered", "unsourced") and worth_asking({"text": each.now or each.was})
        if not asked or not (turns or tracing.done):
            return each
        nearest, more = (turns[0], len(turns) - 1) if turns else (None, 0)
        words = f"In “{nearest.session}” {nearest.who} {nearest.words}" if nearest else tracing.nothing
        pane = anchor_of(key) if nearest else ""
        return replace(each, said=f"{words}, and {more} more" if more else words, pane=pane)

    gone, doubts = ([told(each) for each in listed] for listed in (findings.gone, findings.doubts))
    return replace(findings, gone=gone, doubts=doubts)


def _lost(place: Mapping[str, Any], n: int, marks: Marks) -> Found:
    where = "in the output" if marks.ground.dreamt else "in the store after that"
    heading = place.get("heading")
    words = f"Was in {at(place)}" if heading else f"Gone: was in {at(place)}, found nowhere {where}"
    anchor = marks.old(place, "" if heading else "lost")
    return Found("lost", words, place["text"], "", anchor, "lost", n, place["path"], place["line"])


def _altered(pair: Mapping[str, Any], n: int, marks: Marks) -> Found:
    kinds, old, new = ", ".join(_ALTERED.get(kind, kind) for kind in pair["kinds"]), pair["old"], pair["new"]
    there = marks.new(new, "flag", f"Changed here: {kinds}.")
    anchor = marks.old(old, "flag") or there
    words = f"Changed: {kinds}. Was in {at(old)}, now in {at(new)}"
    return Found("altered", words, old["text"], new["text"], anchor, "altered", n, new["path"], new["line"])


def _clash(pair: Mapping[str, Any], n: int, marks: Marks) -> Found:
    one, other = pair["one"], pair["other"]
    anchors = [
        marks.new(here, "flag", f"This cannot hold together with {at(there)}.")
        for here, there in ((other, one), (one, other))
    ]
    words = f"These two cannot both hold: the one is in {at(one)}, the other in {at(other)}"
    anchor = anchors[0] or anchors[1]
    return Found(
        "conflict", words, one["text"], other["text"], anchor, "contradictions", n, other["path"], other["line"]
    )


def _scan(scan: Mapping[str, Any], n: int, marks: Marks) -> Found:
    anchor = marks.new(scan, "flag", f"This line {scan['why']}.", "bad")
    words = f"Line {scan['line']} of {scan['path']} {scan['why']}"
    return Found("conflict", words, "", scan["excerpt"], anchor, "scans", n, scan["path"], scan["line"])


def _unsourced(place: Mapping[str, Any], n: int, marks: Marks) -> Found:
    words = f"New in {at(place)}; no memory said this before"
    words += ": it comes from the sessions, or from nowhere" if marks.ground.dreamt else ""
    anchor = marks.new(place, "flag")
    return Found("unsourced", words, "", place["text"], anchor, "unsourced", n, place["path"], place["line"])


def _uncertain(pair: Mapping[str, Any], n: int, marks: Marks) -> Found:
    old, new = pair["old"], pair["new"]
    words = f"{at(new)}; origin uncertain: taken for the same as the one in {at(old)}"
    anchor = marks.new(new, "") or marks.old(old, "")
    return Found("uncertain", words, old["text"], new["text"], anchor, "uncertain", n, new["path"], new["line"])


def at(place: Mapping[str, Any]) -> str:
    """Where it stands, in words."""
    return f"{place['path']}, line {place['line']}"
