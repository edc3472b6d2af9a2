"""What a dream's session tells of its work is kept when it ends, helps the comparison, and never stands in its way."""

import pytest

from dreams.models import Change, Dream, MemoryVersion, Review
from dreams.rules.evidence import Step
from dreams.services import evidence
from tests.factories import NOTES, dream_completed, put_session, store_with
from tests.people import People
from tests.sandbox_server import Sandbox


def dreamt(people: People, sandbox: Sandbox) -> Dream:
    store = store_with(people, sandbox)
    return dream_completed(people, sandbox, store, [put_session(sandbox, store)])


def asked_again(dream: Dream) -> Dream:
    Dream.objects.filter(pk=dream.pk).update(evidence=None)
    dream.refresh_from_db()
    evidence.gather_evidence(dream)
    dream.refresh_from_db()
    return dream


def test_a_duplicate_that_the_dream_dropped_is_known_to_be_in_the_other(people: People, sandbox: Sandbox) -> None:
    dream = dreamt(people, sandbox)
    dropped = Dream.objects.get(pk=dream.pk).evidence
    assert dropped is not None
    (merged,) = Change.objects.filter(review__dream=dream, kind="merged")
    assert set(merged.paths.filter(side="before").values_list("path", flat=True)) == {
        "/people/ana.md",
        "/people/ana-copy.md",
    }
    assert all(set(olds) <= NOTES.keys() for olds in dropped.values())


def test_a_rename_is_told_by_the_versions_where_the_session_says_nothing(people: People, sandbox: Sandbox) -> None:
    dream = dreamt(people, sandbox)
    version = MemoryVersion.objects.filter(store=dream.output_store, path="/runbooks/rollback.md").latest("pk")
    MemoryVersion.objects.create(
        store=version.store,
        workspace=version.workspace,
        remote_id="memver_moved",
        memory_id=version.memory_id,
        operation="modified",
        path="/guides/rollback.md",
        sha256=version.sha256,
        created_at=version.created_at,
        actor_kind="session",
        actor_id=dream.pipeline_session_id,
    )
    assert asked_again(dream).evidence["/guides/rollback.md"] == ["/runbooks/rollback.md"]


@pytest.mark.parametrize(
    "fault",
    [{"kind": "status", "status": 404}, {"kind": "status", "status": 500}, {"kind": "malformed", "body": "html"}],
    ids=["gone", "failing", "odd"],
)
def test_a_session_that_cannot_be_read_does_not_keep_the_review_from_opening(
    people: People, sandbox: Sandbox, fault: dict[str, object]
) -> None:
    sandbox.faults([{**fault, "path": "/v1/sessions/*/events", "times": None}])
    dream = dreamt(people, sandbox)
    assert dream.evidence is None
    assert Review.objects.filter(dream=dream).exists()


def test_a_fault_of_ours_over_its_events_does_not_either(
    people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*given: object) -> list[Step]:
        raise ValueError("an event nobody thought of")

    monkeypatch.setattr(evidence, "steps_of", fails)
    dream = dreamt(people, sandbox)
    assert dream.evidence is None
    assert Review.objects.filter(dream=dream).exists()
    assert "could not be taken as evidence" in caplog.text


def test_it_is_read_once(people: People, sandbox: Sandbox) -> None:
    dream = dreamt(people, sandbox)
    sandbox.requests(clear=True)
    evidence.gather_evidence(dream)
    assert sandbox.requests() == []


def test_evidence_of_paths_that_are_not_there_is_left_out(people: People, sandbox: Sandbox) -> None:
    dream = dreamt(people, sandbox)
    from dreams.services.comparing import pieces_of

    assert dream.base and dream.output_snapshot
    said = {"/not/there.md": ["/people/ana.md"], "/people/ana.md": ["/nowhere.md"]}
    plain = pieces_of(dream.base, dream.output_snapshot, dreamt=True)
    told = pieces_of(dream.base, dream.output_snapshot, dreamt=True, evidence=said)
    assert [piece.change.key for piece in plain] == [piece.change.key for piece in told]
