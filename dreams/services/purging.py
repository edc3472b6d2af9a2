"""Forgetting a text: its bytes, the quotes of it and the words to find it by go; a tombstone stays everywhere."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from dreams.access import check_can
from dreams.models import (
    Change,
    ChangePath,
    Comparison,
    Decision,
    Drawn,
    HealthReport,
    Memory,
    MemoryVersion,
    Provenance,
    Source,
    Store,
    Text,
    User,
    Workspace,
)
from dreams.rules.provenance import fingerprint, sentences_of
from dreams.rules.putting_back import PUT_BACK
from dreams.rules.sentences import normal, split
from dreams.services import audit, search_index
from dreams.services.refusals import Refusal, Stale

BLANK = "[purged]"
AT_THE_VENDOR = "a redaction at the vendor"


def purge_text(text: Text, *, by: User) -> Text:
    """Blanks a text for good wherever it is held here. Refused while a living memory holds it at the vendor: agents
    would go on reading what no person could look at here. A sync never brings it back."""
    check_can(by, text.workspace, "purge_text")
    with transaction.atomic():
        # Whoever indexes a store, looks it over or saves its memories holds it: nobody may have this text in hand.
        stores = Store.objects.select_for_update().filter(workspace=text.workspace).order_by("pk")
        list(stores.values_list("pk"))
        living = list(living_memories(text.workspace, text.sha256).values_list("store__name", "path")[:3])
        if living:
            where = ", ".join(f"{path} in {store}" for store, path in living)
            raise Refusal(f"These bytes are what agents read now: {where}. Edit or delete it there first, then purge.")
        if not _blank(text, str(by)):
            raise Stale("Somebody purged this text meanwhile.")
        audit.record(text.workspace, by, "purged text", text, sha256=text.sha256, bytes=text.size)
    text.refresh_from_db()
    return text


def purge_redacted(workspace: Workspace, shas: Iterable[str], *, by: User | None = None) -> list[Text]:
    """Purges those of the texts that nothing at the vendor holds any more, as far as is known here: after a version
    was redacted there, by `by` or by somebody outside. To be called inside the transaction that blanked the version.
    """
    purged = []
    for text in Text.objects.filter(workspace=workspace, sha256__in=set(shas), purged_at=None).defer("body"):
        if living_memories(workspace, text.sha256).exists() or open_versions(workspace, text.sha256).exists():
            continue
        if _blank(text, str(by) if by else AT_THE_VENDOR):
            audit.record(workspace, by, "purged text", text, sha256=text.sha256, bytes=text.size, why="redacted")
            purged.append(text)
    return purged


def living_memories(workspace: Workspace, sha256: str) -> QuerySet[Memory]:
    """The memories that hold these bytes in stores that the vendor still has."""
    return Memory.objects.filter(store__workspace=workspace, store__gone_at=None, text__sha256=sha256)


def open_versions(workspace: Workspace, sha256: str) -> QuerySet[MemoryVersion]:
    """The versions known here that hold these bytes in stores that the vendor still has."""
    return MemoryVersion.objects.filter(workspace=workspace, sha256=sha256, store__gone_at=None)


def _blank(text: Text, who: str) -> bool:
    """Everything that quotes the text goes with it; False when somebody was faster."""
    words = text.text if text.body is not None else ""
    rows = Text.objects.filter(pk=text.pk, purged_at=None)
    if not rows.update(body=None, purged_at=timezone.now(), purged_by=who[:200]):
        return False
    # Who reads sessions renews this row as it saves: it sees the purge, or its quotes are here to be found.
    list(Provenance.objects.select_for_update().filter(review__workspace=text.workspace_id).values_list("pk"))
    _blank_quotes(text)
    _forget_said(text.workspace_id, {each.key for each in split("", words) if " " in each.key})
    search_index.forget_text(text)
    # What was found in stores quotes their texts; it is found anew from what is left.
    HealthReport.objects.filter(store__workspace=text.workspace_id).delete()
    Drawn.objects.filter(workspace=text.workspace_id).delete()
    quoting = Q(before_snapshot__manifest__entries__text=text) | Q(after_snapshot__manifest__entries__text=text)
    Comparison.objects.filter(pk__in=Comparison.objects.filter(quoting).values("pk")).delete()
    return True


def _blank_quotes(text: Text) -> None:
    """The findings of reviews quote sentences of a text by its side and path."""
    places: dict[int, set[tuple[str, str]]] = defaultdict(set)
    rows = ChangePath.objects.filter(review__workspace=text.workspace_id, sha256=text.sha256)
    for review, side, path in rows.values_list("review", "side", "path"):
        places[review].add((side, path))
    for change in Change.objects.filter(review__in=list(places)).only("findings", "review"):
        findings = _without_quotes(change.findings, places[change.review_id]) if change.findings else {}
        if findings != change.findings:
            Change.objects.filter(pk=change.pk).update(findings=findings)
            # Turns of sessions that say the same go with it.
            kept = {fingerprint(place["text"]) for _, place, was in sentences_of(findings) if was != BLANK}
            change.sources.exclude(sentence__in=kept).delete()


def _forget_said(workspace: int, keys: set[str]) -> None:
    """Turns of sessions and reasons of decisions that say, word for word, what these sentences said."""
    sources = Source.objects.filter(change__review__workspace=workspace)
    told = sources.values_list("pk", "excerpt").iterator()
    Source.objects.filter(pk__in=[pk for pk, excerpt in told if _says(excerpt, keys)]).delete()
    put_back = Decision.objects.filter(change__review__workspace=workspace, reason__startswith=PUT_BACK)
    for pk, reason in put_back.values_list("pk", "reason"):
        if _says(reason.removeprefix(PUT_BACK), keys):
            Decision.objects.filter(pk=pk).update(reason=f"{PUT_BACK}{BLANK}")


def _says(quote: str, keys: set[str]) -> bool:
    """Whether a quote holds one of these sentences, or the beginning of one, where it was cut."""
    held = {normal(quote), *(each.key for each in split("", quote)), *map(normal, quote.split("\n"))}
    if not held.isdisjoint(keys):
        return True
    return quote.endswith("…") and any(
        key.startswith(cut) for one in held if (cut := one.rstrip("….").rstrip()) for key in keys
    )


def _without_quotes(findings: dict[str, Any], places: set[tuple[str, str]]) -> dict[str, Any]:
    """The same with BLANK for every quote from one of these (side, path)."""

    def gone(place: dict[str, Any], side: str, key: str = "text") -> dict[str, Any]:
        return {**place, key: BLANK} if (side, place["path"]) in places else place

    before, after = ChangePath.Side.BEFORE.value, ChangePath.Side.AFTER.value
    return {
        **findings,
        "lost": [gone(place, before) for place in findings.get("lost", [])],
        **{
            name: [
                {**pair, "old": gone(pair["old"], before), "new": gone(pair["new"], after)}
                for pair in findings.get(name, [])
            ]
            for name in ("altered", "uncertain")
        },
        "contradictions": [
            {"one": gone(pair["one"], after), "other": gone(pair["other"], after)}
            for pair in findings.get("contradictions", [])
        ],
        "unsourced": [gone(place, after) for place in findings.get("unsourced", [])],
        "scans": [gone(place, after, "excerpt") for place in findings.get("scans", [])],
    }
