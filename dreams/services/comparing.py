"""What changed between two snapshots as rows to be stored: the engine's groups with their bytes and counts."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dreams.models import Change, Entry, Snapshot
from dreams.rules import review_states as states
from dreams.rules.change_types import Group, Place, altered_dict, place_dict
from dreams.rules.changes import compare
from dreams.rules.grouping import groups, key_of
from dreams.rules.sentences import split
from dreams.rules.words import text_diff
from dreams.services.snapshots import shas_of, texts_of
from dreams.services.texts import storable

# What a Change and a Difference have in common.
FIELDS = (
    *("key", "kind", "title", "position", "findings", "edges", "rewrapped"),
    *("lost_count", "altered_count", "flag_count", "lines_added", "lines_removed"),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One connected piece of what changed: a Change that is not saved and belongs to no review yet, and {path: sha256}
    on each side."""

    change: Change
    olds: Mapping[str, str]
    news: Mapping[str, str]


def pieces_of(
    before: Snapshot, after: Snapshot, *, dreamt: bool, evidence: Mapping[str, Collection[str]] | None = None
) -> list[Piece]:
    """Everything that both held, riskiest first, unchanged ones too; seconds for 2,000 memories. Of a dream a sentence
    without a source is a doubt; where agents wrote (`dreamt` False) it is what they learnt, and paths that a snapshot
    cannot tell for sure count as unchanged: nobody should put back, or take away, what is only guessed. `evidence` is
    {new path: old paths it is said to be made of}; what names other paths is left out."""
    old, new = texts_of(before), texts_of(after)
    shas_old, shas_new = shas_of(before), shas_of(after)
    if not dreamt:
        _level(before, old, new, shas_old, shas_new)
        _level(after, new, old, shas_new, shas_old)
    said = {path: [one for one in olds if one in old] for path, olds in (evidence or {}).items() if path in new}
    return [
        Piece(
            _change(group, old, new, position, dreamt=dreamt),
            {path: shas_old[path] for path in group.olds},
            {path: shas_new[path] for path in group.news},
        )
        for position, group in enumerate(groups(compare(old, new, evidence=said), old, new, surprises=dreamt))
    ]


def statements_in(snapshot: Snapshot) -> int:
    """How many statements its memories hold; headings order them and say nothing themselves."""
    return sum(each.kind != "heading" for path, text in texts_of(snapshot).items() for each in split(path, text))


def purged_in(before: Snapshot, after: Snapshot) -> int:
    """How many texts of the two were purged. What is found takes seconds and quotes texts: where this grew meanwhile,
    it must not be saved."""
    return Entry.objects.filter(manifest__in=[before.manifest_id, after.manifest_id], text__body=None).count()


def _level(
    unsure: Snapshot, here: dict[str, str], there: Mapping[str, str], shas: dict[str, str], other: Mapping[str, str]
) -> None:
    """Makes the side of `unsure` equal to the other one where it cannot be told."""
    for path in unsure.uncertain_paths:
        here.pop(path, None)
        shas.pop(path, None)
        if path in there:
            here[path], shas[path] = there[path], other[path]


def _change(group: Group, old: Mapping[str, str], new: Mapping[str, str], position: int, *, dreamt: bool) -> Change:
    added = removed = 0
    if group.kind != states.UNCHANGED:
        before, after = (
            "\n".join(held[path] for path in paths) for held, paths in ((old, group.olds), (new, group.news))
        )
        counted = text_diff(before, after)
        added, removed = counted.added_lines, counted.removed_lines
    # A new memory is read as a whole: that its sentences stood nowhere before is no warning by itself.
    doubts = len(group.unsourced) if dreamt and group.kind != "added" else 0
    lost = sum(not place.heading for place in group.lost)
    return Change(
        key=group.key,
        kind=group.kind,
        title=(group.news or group.olds)[0],
        position=position,
        findings=storable(_findings(group)),
        edges=[list(edge) for edge in group.edges],
        rewrapped=group.rewrapped,
        lost_count=lost,
        altered_count=len(group.altered),
        flag_count=len(group.findings) + len(group.contradictions) + doubts,
        lines_added=added,
        lines_removed=removed,
        state=states.UNCHANGED if group.kind == states.UNCHANGED else states.UNDECIDED,
    )


def _findings(group: Group) -> dict[str, Any]:
    """What `Change.findings` holds; of what was carried only where it stands, the texts are in the snapshots."""
    gone = set(group.lost)
    return {
        "lost": [place_dict(place) | ({"heading": True} if place.heading else {}) for place in group.lost],
        "altered": [altered_dict(altered) for altered in group.altered],
        "contradictions": [
            {"one": place_dict(each.one), "other": place_dict(each.other)} for each in group.contradictions
        ],
        "unsourced": [place_dict(place) for place in group.unsourced],
        "uncertain": [{"old": place_dict(each.old), "new": place_dict(each.new)} for each in group.uncertain],
        "scans": [asdict(finding) for finding in group.findings],
        "carried": [{"old": _at(each.old), "new": _at(each.new)} for each in group.carried if each.old not in gone],
    }


def _at(place: Place) -> dict[str, Any]:
    return {"path": place.path, "line": place.line}


def unchanged_piece(path: str, sha: str, position: int) -> Piece:
    """One memory that is the same on both sides, as `pieces_of` gives it."""
    change = Change(
        key=key_of([path], {"before": {path: sha}, "after": {path: sha}}),
        kind=states.UNCHANGED,
        title=path,
        position=position,
        findings={},
        state=states.UNCHANGED,
    )
    return Piece(change, {path: sha}, {path: sha})
