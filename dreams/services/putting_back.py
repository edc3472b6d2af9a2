"""Putting back what a dream lost: a lost sentence, or the old wording of an altered one, as an edit of a change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dreams.access import check_can
from dreams.models import Change, ChangePath, User
from dreams.queries.drift import seen_now
from dreams.rules import review_states as states
from dreams.rules.putting_back import (
    PUT_BACK,
    Lost,
    Spot,
    end_of,
    keys_in,
    put_in,
    put_instead,
    says,
    sections,
    spot_for,
)
from dreams.services.purging import BLANK
from dreams.services.refusals import Invalid, Refusal, Stale
from dreams.services.reviews import decide_change
from dreams.services.texts import texts_by_sha

NEAR, TOP, END = "", "top", "end"
REASON = 300


@dataclass(frozen=True, slots=True)
class Plan:
    """What putting back would do: `target` is the change it edits, `seq` the decision it goes on from; `path` with its
    text before and after; `why` there. `texts`: all of the target as it would be decided. `places`: where else in that
    memory it could stand, as (name, words)."""

    target: Change
    seq: int
    statement: str
    path: str
    before: str
    after: str
    why: str
    texts: Mapping[str, str]
    places: Sequence[tuple[str, str]] = field(default=())

    @property
    def line(self) -> int:
        """The first line that differs."""
        old, new = self.before.split("\n"), self.after.split("\n")
        same = next((n for n, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), len(old))
        return next((n for n, line in enumerate(new[same:], same + 1) if line.strip()), same + 1)


def plan_back(change: Change, key: str, *, into: str = "", where: str = NEAR) -> Plan:
    """What would come of putting back the finding `key` ("lost-0", "altered-2"): a lost sentence `into` a memory that
    this review decides ("": where its neighbours went), at the `where` of `Plan.places`. Raises Refusal, Invalid."""
    name, found = _finding(change, key)
    if name == "altered":
        return _old_wording(change, found["old"], found["new"])
    lost = _lost(change, found)
    own = texts_now(change)
    spot = _spot(change, lost, own, into)
    target = change if spot.path in own or _holds(change, spot.path) else _change_at(change, spot.path)
    texts = own if target.pk == change.pk else texts_now(target)
    text = texts.get(spot.path, "")
    if any(says(keys_in(each), lost.text) for each in texts.values()):
        raise Refusal("This sentence stands there already: nothing to put back.")
    spot = _chosen(spot, text, where)
    after = put_in(lost, text, spot.line)
    places = [(END, "at the end"), *_sections(text), (TOP, "at the top")] if text else []
    return Plan(
        target, target.seq, lost.text, spot.path, text, after, spot.why, {**texts, spot.path: after}, places
    )


def put_back(
    change: Change,
    key: str,
    *,
    by: User,
    seen_seq: int,
    into: str = "",
    where: str = NEAR,
    target_seq: int | None = None,
    seen: str = "",
) -> Plan:
    """Does it, as an edited decision of the change it goes into, and tells what was done. `seen_seq` is the decision
    number of this change that the person saw, `target_seq` that of the target where that is another one and was looked
    at, `seen` the digest of what was looked at (`queries.drift.seen_now`): an edit that nobody looked at must not
    stand for a look at what the base did there. Raises Forbidden, Stale, Refusal, Invalid; nothing is saved then."""
    check_can(by, change.review.workspace, "decide_change")
    if change.seq != seen_seq:
        raise Stale("Somebody decided on this change while you were reading.")
    plan = plan_back(change, key, into=into, where=where)
    if target_seq is not None and plan.seq != target_seq:
        raise Stale("Somebody decided on the memory it goes into while you were reading.")
    if plan.target.pk != change.pk and target_seq is None:
        if seen_now(plan.target, change.review) != plan.target.key:
            raise Stale(f"The base moved under {plan.path}: choose the place, and look at it there.")
        seen = plan.target.key
    short = plan.statement if len(plan.statement) <= REASON else f"{plan.statement[:REASON]}…"
    decide_change(
        plan.target, states.EDITED, by=by, seen_seq=plan.seq, texts=plan.texts, reason=f"{PUT_BACK}{short}", seen=seen
    )
    return plan


def texts_now(change: Change) -> dict[str, str]:
    """{path: text} of a change as it stands: as decided, else as it was found. Refusal where one of them is gone."""
    last = change.decisions.filter(seq=change.seq).first()
    if last and last.outcome in (states.EDITED, states.KEPT):
        shas = dict(last.result)
    else:
        shas = dict(change.paths.filter(side=ChangePath.Side.AFTER).values_list("path", "sha256"))
    return _bodies(change, shas)


def _bodies(change: Change, shas: Mapping[str, str]) -> dict[str, str]:
    held = texts_by_sha(change.review.workspace, shas.values())
    if any(sha not in held or held[sha].body is None for sha in shas.values()):
        raise Refusal("A text of this change was purged, so nothing can be put into it. Edit it instead.")
    return {path: held[sha].text for path, sha in sorted(shas.items())}


def _finding(change: Change, key: str) -> tuple[str, dict[str, Any]]:
    name, _, number = key.partition("-")
    listed = change.findings.get(name, []) if name in ("lost", "altered") else []
    if not (number.isdecimal() and len(number) < 6 and int(number) < len(listed)):
        raise Invalid("That is no sentence of this change to put back.")
    found: dict[str, Any] = listed[int(number)]
    return name, found


def _lost(change: Change, place: Mapping[str, Any]) -> Lost:
    if place["text"] == BLANK:
        raise Refusal("The text this sentence stood in was purged: there is nothing to put back.")
    sha = change.paths.filter(side=ChangePath.Side.BEFORE, path=place["path"]).values_list("sha256", flat=True)[:1]
    (memory,) = _bodies(change, {place["path"]: sha[0]}).values()
    return Lost(place["path"], place["line"], place["text"], memory)


def _spot(change: Change, lost: Lost, own: Mapping[str, str], into: str) -> Spot:
    """Where it goes: into the memory chosen, else where its neighbours went, in other changes too."""
    became: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for each in (*change.findings.get("carried", []), *change.findings.get("altered", [])):
        became.setdefault((each["old"]["path"], each["old"]["line"]), []).append(
            (each["new"]["path"], each["new"]["line"])
        )
    wanted = {path for places in became.values() for path, _ in places} - own.keys()
    if into:
        now = dict(own) if into in own else {} if _holds(change, into) else texts_now(_change_at(change, into))
        now = {into: now[into]} if into in now else {}
    else:
        now = {**own, **_standing(change, wanted)}
    found = _found(change, now.keys())
    spot = spot_for(lost, now, found, became)
    return spot if not into or spot.path == into else Spot(into, 0, "as its first words")


def _standing(change: Change, paths: set[str]) -> dict[str, str]:
    """Those of these memories that other changes, open to a decision, hold by now."""
    others = change.review.changes.filter(paths__path__in=paths).exclude(state=states.UNCHANGED).distinct()
    found = {path: text for each in others for path, text in texts_now(_with_review(each, change)).items()}
    return {path: text for path, text in found.items() if path in paths}


def _found(change: Change, paths: Any) -> dict[str, str]:
    rows = change.review.paths.filter(side=ChangePath.Side.AFTER, path__in=list(paths))
    return _bodies(change, dict(rows.values_list("path", "sha256")))


def _holds(change: Change, path: str) -> bool:
    return change.paths.filter(path=path).exists()


def _change_at(change: Change, path: str) -> Change:
    """The change of the review that decides a path."""
    found = change.review.changes.filter(paths__path=path).first()
    if found is None:
        raise Invalid(f"No memory of this review stands at {path}.")
    if found.state == states.UNCHANGED:
        raise Invalid(f"Nothing changed in {path}, so this review does not write it. Choose a memory that changed.")
    return _with_review(found, change)


def _with_review(found: Change, change: Change) -> Change:
    found.review = change.review
    return found


def _chosen(spot: Spot, text: str, where: str) -> Spot:
    if where == NEAR or not text:
        return spot
    if where == END:
        return end_of(spot.path, text)
    if where == TOP:
        return Spot(spot.path, 0, "at the top")
    words = dict(_sections(text)).get(where)
    if words is None:
        raise Stale("That memory has no such place any more. Choose another one.")
    return Spot(spot.path, int(where), words)


def _sections(text: str) -> list[tuple[str, str]]:
    return [(str(line), f"at the end of “{name}”") for line, name in sections(text)][:60]


def _old_wording(change: Change, old: Mapping[str, Any], new: Mapping[str, Any]) -> Plan:
    if BLANK in (old["text"], new["text"]):
        raise Refusal("The text of this sentence was purged: there is nothing to put back.")
    target = change if _holds(change, new["path"]) else _change_at(change, new["path"])
    texts = texts_now(target)
    text = texts.get(new["path"], "")
    after = put_instead(text, new["line"], new["text"], old["text"])
    if after is None:
        raise Refusal("The new wording does not stand there in one piece any more. Edit the text instead.")
    why = f"instead of “{new['text']}”"
    return Plan(target, target.seq, old["text"], new["path"], text, after, why, {**texts, new["path"]: after})
