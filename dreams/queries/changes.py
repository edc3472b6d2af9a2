"""Reads of one change of a review: its texts on both sides, what was found in it, and every decision on it."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import F

from dreams.models import Change, ChangePath, Decision, Difference, Text, Workspace
from dreams.queries.drawn import Shelf
from dreams.queries.findings import Findings, Ground, Marks, capped, findings_of, with_sources
from dreams.queries.provenance import sources_of, tracing_of
from dreams.render import Look, Panel, panels
from dreams.render.panels import pairs
from dreams.rules import review_states as states
from dreams.rules.putting_back import keys_in, says
from dreams.rules.words import text_diff

FEW = 40
# So many edited changes of the review are looked through for what was put back there.
EDITS_READ = 40


@dataclass(frozen=True, slots=True)
class Side:
    """One memory on one side; `size` in bytes, `text` "" when it was `purged` (how, in a sentence)."""

    path: str
    sha: str
    size: int
    text: str
    purged: str


@dataclass(frozen=True, slots=True)
class Origin:
    """A memory that lines of this change came from or went to: its `letter` beside them, its path, and whether it is
    one of those before, those after, or both."""

    letter: str
    path: str
    before: bool
    after: bool


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
    origins: Sequence[Origin] = ()
    # What had to be drawn for it, by key: to be kept for the next reader.
    fresh: Mapping[str, str] = field(default_factory=dict)

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
    """One change ready to draw, in nine queries at most. An edited one is drawn as it was edited. `more` is the
    address that shows what is capped here."""
    look = look or Look()
    decisions = list(change.decisions.select_related("by").order_by("-seq")) if change.seq else []
    # What was edited stays to be seen, and to go on from, where it needs another look since.
    result = decisions[0].result if decisions and decisions[0].outcome == states.EDITED else {}
    paths = list(change.paths.all())
    held = _held(change.review.workspace, [*(path.sha256 for path in paths), *result.values()])
    before = [_side(path.path, path.sha256, held) for path in paths if path.side == ChangePath.Side.BEFORE]
    after = [_side(path.path, path.sha256, held) for path in paths if path.side == ChangePath.Side.AFTER]
    edited = [_side(path, sha, held) for path, sha in sorted(result.items())]
    others = _edited_elsewhere(change) if change.lost_count or change.altered_count else {}
    sides, dreamt = (change.review.workspace, before, after, edited), change.review.dream_id is not None
    page = _drawn(change, *sides, look, more, dreamt=dreamt, others=others)
    told = page.findings
    # One memory by itself is drawn without the list of findings.
    if look.only is None and dreamt and change.state != states.UNCHANGED and (told.gone or told.doubts):
        begun = hasattr(change.review, "provenance")
        told = with_sources(told, sources_of(change) if begun else {}, tracing_of(change.review))
    return replace(page, decisions=[(each, _said(each)) for each in decisions], findings=told)


def difference_page(difference: Difference, workspace: Workspace, look: Look, more: str) -> ChangePage:
    """One difference between two moments, drawn as a change of a review is; two queries."""
    held = _held(workspace, [*difference.olds.values(), *difference.news.values()])
    before = [_side(path, sha, held) for path, sha in sorted(difference.olds.items())]
    after = [_side(path, sha, held) for path, sha in sorted(difference.news.items())]
    return _drawn(difference, workspace, before, after, [], look, more, dreamt=False)


def _drawn(
    change: Change | Difference,
    workspace: Workspace,
    before: Sequence[Side],
    after: Sequence[Side],
    edited: Sequence[Side],
    look: Look,
    more: str,
    *,
    dreamt: bool,
    others: Mapping[str, str] | None = None,
) -> ChangePage:
    now = {side.path: side.text for side in edited or after}
    olds, found = ({side.path: side.text for side in sides} for sides in (before, after))
    line_now = _lines_now(found, now) if edited else _same_line
    edits = {path: keys_in(text) for path, text in {**(others or {}), **(now if edited else {})}.items()}
    ground = Ground(olds.keys(), now.keys(), line_now, lambda text: _stands_at(text, edits), dreamt)
    marks = Marks(ground)
    findings = findings_of(change.findings, marks)
    origins = origins_of(change)
    signs = _signs(change.findings.get("carried", []), origins, line_now)
    shelf = Shelf(workspace)
    sheets = panels(olds, now, marks.rows, look, more, signs, shelf)
    ids = "".join(sheet.html for sheet in sheets if not look.rendered)
    return ChangePage(
        change=change,
        before=before,
        after=after,
        edited=edited,
        findings=capped(findings, ids, FEW if not look.whole else None),
        panels=sheets,
        decisions=[],
        dreamt=dreamt,
        origins=origins if not look.rendered else [],
        fresh=shelf.fresh,
    )


def origins_of(change: Change | Difference) -> list[Origin]:
    """The memories of a merge or split by letter; none where there is only one on each side. A path that lives on has
    one letter."""
    olds, news = ({edge[side] for edge in change.edges} for side in (0, 1))
    if len(olds) + len(news) < 3 or not change.findings.get("carried"):
        return []
    paths = sorted(olds) + sorted(news - olds)
    return [Origin(_letter(n), path, path in olds, path in news) for n, path in enumerate(paths)]


def _letter(n: int) -> str:
    return (_letter(n // 26 - 1) if n > 25 else "") + chr(65 + n % 26)


def _signs(
    carried: Sequence[Mapping[str, Any]], origins: Sequence[Origin], line_now: Callable[[str, int], int | None]
) -> dict[tuple[str, str, int], str]:
    """Beside each new line of a merge the letter and line it comes from, beside each old one of a split where it
    went."""
    letters = {each.path: each.letter for each in origins}
    merges, splits = (sum(side) > 1 for side in ([o.before for o in origins], [o.after for o in origins]))
    froms: dict[tuple[str, str, int], list[str]] = {}
    goes: dict[tuple[str, str, int], str] = {}
    for each in carried:
        old, new = each["old"], each["new"]
        line = line_now(new["path"], new["line"])
        if old["path"] not in letters or new["path"] not in letters or not line:
            continue
        if merges:
            froms.setdefault(("new", new["path"], line), []).append(f"{letters[old['path']]} {old['line']}")
        if splits:
            goes.setdefault(("old", old["path"], old["line"]), f"→ {letters[new['path']]} {line}")
    # Several sentences of one line may come from one place.
    return {key: " · ".join(dict.fromkeys(signs)) for key, signs in froms.items()} | goes


def _same_line(path: str, line: int) -> int | None:
    return line


def _lines_now(found: Mapping[str, str], now: Mapping[str, str]) -> Callable[[str, int], int | None]:
    """Where the lines of the texts as they were found stand in the texts as they were edited."""
    kept = {
        path: {
            line.old_no: line.new_no
            for hunk in text_diff(found[path], now[path], context=None).hunks
            for line in hunk.lines
            if line.kind == "equal"
        }
        for path in found.keys() & now.keys()
        if found[path] != now[path]
    }
    return lambda path, line: kept[path].get(line) if path in kept else line if path in found.keys() & now else None


def _stands_at(text: str, edits: Mapping[str, Set[str]]) -> str:
    return next((path for path, keys in edits.items() if text and says(keys, text)), "")


def _edited_elsewhere(change: Change) -> dict[str, str]:
    """{path: text} of what people edited in other changes of the review: a lost sentence may stand there again."""
    edits = Decision.objects.filter(
        change__review=change.review_id, change__state=states.EDITED, outcome=states.EDITED, seq=F("change__seq")
    ).exclude(change=change)
    results = edits.order_by("-at").values_list("result", flat=True)[:EDITS_READ]
    shas = {path: sha for result in results for path, sha in result.items()}
    held = _held(change.review.workspace, list(shas.values())) if shas else {}
    return {path: held[sha].text for path, sha in shas.items() if sha in held}


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


def writable_paths(change: Change, most: int = 300) -> tuple[list[str], list[str]]:
    """The memories a lost sentence may be put into: those of this change, and some of the others that changed."""
    left = change.review.paths.filter(side=ChangePath.Side.AFTER).exclude(change__state=states.UNCHANGED)
    own = sorted(set(change.paths.values_list("path", flat=True)))
    return own, list(left.exclude(change=change).order_by("path").values_list("path", flat=True)[:most])
