"""Going through a dream's sessions for where its sentences come from: every session once, whatever fails or dies."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import DreamSession, Provenance, Review, Session, Source, Text
from dreams.remote.errors import KeyRefused, ServerFailed
from dreams.rules.provenance import KEPT
from dreams.services import provenance, sessions
from dreams.services.claims import claim
from dreams.services.purging import purge_text
from tests.factories import connect, put_session
from tests.people import People
from tests.sandbox_server import Sandbox
from tests.views.reviewing import change_at, review_of

BUILD = "The nightly build starts at 02:00 UTC, and nobody asked to change that."
TOMASZ = "Yes, ask Tomasz Nowak before touching the load balancer."


@pytest.fixture
def review(people: People, sandbox: Sandbox) -> Review:
    connect(people)
    review = review_of(people)
    review.workspace.refresh_from_db()
    return review


def talk(sandbox: Sandbox, review: Review, *said: str, title: str = "A talk with Ana") -> str:
    """A session that the dream read, in which a person said this; its id."""
    session_id = put_session(sandbox, review.target, title)
    with sandbox.state.transaction():
        for number, words in enumerate(said):
            content = [{"type": "text", "text": words}]
            event = {"id": f"sevt_{session_id}_{number}", "type": "user.message", "content": content}
            sandbox.state.put("event", {**event, "processed_at": sandbox.state.stamp()}, parent=session_id)
    assert review.dream
    DreamSession.objects.create(dream=review.dream, session_id=session_id)
    return session_id


def traced(review: Review) -> Provenance:
    sessions.refresh_sessions(review.workspace)
    row = provenance.trace_review(review)
    assert row
    return row


def found(review: Review) -> list[tuple[str, str, str]]:
    return [(each.finding, each.says, each.session.title) for each in Source.objects.filter(change__review=review)]


def due(review: Review) -> bool:
    return review in provenance.reviews_due(review.workspace)


def test_what_a_session_says_and_denies_is_kept_with_its_turn(sandbox: Sandbox, review: Review) -> None:
    talk(sandbox, review, BUILD, title="Builds")
    talk(sandbox, review, TOMASZ, title="Balancer")
    row = traced(review)
    assert (row.sessions, row.read, row.unreadable, row.claim) == (2, 2, 0, "")
    assert row.made_at and row.next_check_at is None
    assert sorted(found(review)) == [("altered", "contradicts", "Builds"), ("lost", "supports", "Balancer")]
    (source,) = Source.objects.filter(finding="lost")
    assert source.change == change_at(review, "/runbooks/deploy.md")
    assert (source.path, source.line, source.who) == ("/runbooks/deploy.md", 5, "user")
    assert source.event_id == f"sevt_{source.session.remote_id}_0"
    assert source.excerpt == TOMASZ
    assert not due(review)


def test_a_session_that_says_nothing_of_it_gives_nothing(sandbox: Sandbox, review: Review) -> None:
    talk(sandbox, review, "How do I deploy?")
    assert traced(review).read == 1
    assert found(review) == []


def test_a_session_that_is_gone_or_was_never_listed_is_counted(sandbox: Sandbox, review: Review) -> None:
    gone = talk(sandbox, review, TOMASZ)
    talk(sandbox, review, BUILD, title="Builds")
    sessions.refresh_sessions(review.workspace)
    with sandbox.state.transaction():
        sandbox.state.remove("session", gone)
    DreamSession.objects.create(dream=review.dream, session_id="sesn_never_listed")
    row = provenance.trace_review(review)
    assert row and (row.sessions, row.read, row.unreadable) == (3, 1, 2)
    assert row.made_at
    assert found(review) == [("altered", "contradicts", "Builds")]


def test_a_failing_vendor_is_told_and_asked_again_later_from_where_it_was(sandbox: Sandbox, review: Review) -> None:
    for words in (BUILD, TOMASZ):
        talk(sandbox, review, words)
    last = max(review.dream.session_links.values_list("session_id", flat=True))  # type: ignore[union-attr]
    sandbox.faults([{"kind": "status", "path": f"/v1/sessions/{last}/*", "status": 500, "times": None}])
    row = traced(review)
    assert row.read == 1 and row.made_at is None and row.claim == ""
    assert row.problem == ServerFailed.sentence or row.problem.startswith(ServerFailed.sentence)
    assert row.next_check_at and row.next_check_at > timezone.now()
    assert not due(review)
    sandbox.faults([])
    Provenance.objects.update(next_check_at=timezone.now())
    assert due(review)
    sandbox.requests(clear=True)
    row = traced(review)
    assert (row.read, row.problem) == (2, "") and row.made_at
    assert len(found(review)) == 2
    assert len({each["path"] for each in sandbox.requests() if each["path"].endswith("/events")}) == 1


def test_a_refused_key_says_what_to_do(sandbox: Sandbox, review: Review) -> None:
    talk(sandbox, review, BUILD)
    sessions.refresh_sessions(review.workspace)
    sandbox.faults([{"kind": "status", "path": "/v1/sessions/*", "status": 401, "times": None}])
    row = provenance.trace_review(review)
    assert row and row.problem.startswith(KeyRefused.sentence)
    assert row.made_at is None and row.unreadable == 0


def test_a_killed_process_loses_nothing_and_doubles_nothing(
    sandbox: Sandbox, review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (BUILD, TOMASZ, BUILD):
        talk(sandbox, review, words)
    whole = provenance._keep
    kept: list[int] = []

    def dies(*given: Any) -> None:
        if len(kept) == 1:
            raise KeyboardInterrupt
        kept.append(1)
        whole(*given)

    monkeypatch.setattr(provenance, "_keep", dies)
    with pytest.raises(KeyboardInterrupt):
        traced(review)
    monkeypatch.undo()
    assert Provenance.objects.get().read == 1
    assert due(review)
    assert traced(review).read == 3
    assert len(found(review)) == len({(each.event_id, each.finding) for each in Source.objects.all()}) == 3


def test_two_processes_do_not_read_the_same(sandbox: Sandbox, review: Review) -> None:
    talk(sandbox, review, BUILD)
    row = Provenance.objects.create(review=review, sessions=1, next_check_at=timezone.now())
    assert claim(Provenance.objects.all(), row.pk)
    assert not due(review)
    assert provenance.trace_review(review) is None


def test_only_the_nearest_turns_of_all_sessions_are_kept_and_what_contradicts_goes_first(
    sandbox: Sandbox, review: Review
) -> None:
    for _ in range(KEPT + 1):
        talk(sandbox, review, "The nightly build starts at 04:00 UTC.")
    talk(sandbox, review, BUILD)
    traced(review)
    says = [each.says for each in Source.objects.filter(finding="altered").order_by("says")]
    assert says == ["contradicts"] + ["supports"] * (KEPT - 1)


def test_a_secret_in_a_quote_is_masked(sandbox: Sandbox, review: Review) -> None:
    key = "sk-ant-api03-" + "aB3dE5fG7h" * 9 + "-AA"
    talk(sandbox, review, f"{TOMASZ} My key is {key}.")
    traced(review)
    (source,) = Source.objects.filter(finding="lost")
    assert "Tomasz" in source.excerpt
    assert key not in source.excerpt and key[:60] not in source.excerpt


def test_a_review_without_sessions_has_nothing_to_trace(review: Review) -> None:
    assert not due(review)
    assert provenance.trace_review(review) is None
    assert not Provenance.objects.exists()


def test_the_share_of_the_rate_limit_is_left_to_people(
    sandbox: Sandbox, review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(sandbox, review, BUILD)
    sessions.refresh_sessions(review.workspace)
    monkeypatch.setattr(provenance, "SPARED", 2)
    row = provenance.trace_review(review)
    assert row and row.read == 0 and row.problem == "" and row.claim == ""
    assert row.next_check_at and row.next_check_at > timezone.now()


def test_the_sweep_finds_a_review_that_waits(
    sandbox: Sandbox, review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dreams.services import sweeps

    talk(sandbox, review, BUILD)
    woken: list[tuple[str, int]] = []
    monkeypatch.setattr(sweeps, "enqueue", lambda name, pk: woken.append((name, pk)))
    sweeps.sweep_workspace(review.workspace)
    assert ("trace_review", review.pk) in woken


def test_finding_what_is_due_takes_one_query(review: Review) -> None:
    with CaptureQueriesContext(connection) as queries:
        list(provenance.reviews_due(review.workspace))
    assert len(queries) == 1


def test_an_odd_transcript_does_not_keep_the_others_from_being_read(
    sandbox: Sandbox, review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dreams.remote.errors import Malformed

    for words in (BUILD, TOMASZ):
        talk(sandbox, review, words)
    odd = Session.objects.order_by("remote_id")
    whole = provenance.read_events

    def reads(session: Session, **more: Any) -> Any:
        if session == odd.first():
            raise Malformed("an event is no event")
        return whole(session, **more)

    monkeypatch.setattr(provenance, "read_events", reads)
    assert traced(review).problem
    row = traced(review)
    assert (row.read, row.unreadable, row.problem) == (1, 1, "")


def test_what_quotes_a_purged_sentence_goes_with_it(people: People, sandbox: Sandbox, review: Review) -> None:
    talk(sandbox, review, BUILD)
    talk(sandbox, review, TOMASZ)
    traced(review)
    old = change_at(review, "/runbooks/deploy.md").paths.get(side="before")
    purge_text(Text.objects.get(workspace=review.workspace, sha256=old.sha256), by=people.alice)
    assert found(review) == []  # what an altered sentence said before is no less purged


def test_what_was_quoted_from_a_deleted_session_is_forgotten_a_day_later(sandbox: Sandbox, review: Review) -> None:
    talk(sandbox, review, BUILD)
    traced(review)
    Session.objects.update(gone_at=timezone.now())
    provenance.forget_deleted(review.workspace)
    assert len(found(review)) == 1
    Session.objects.update(gone_at=timezone.now() - timedelta(days=2))
    provenance.forget_deleted(review.workspace)
    assert found(review) == []


def test_a_purge_while_a_session_is_read_leaves_no_quote_behind_it(
    people: People, sandbox: Sandbox, review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(sandbox, review, BUILD)
    talk(sandbox, review, TOMASZ)
    old = change_at(review, "/runbooks/deploy.md").paths.get(side="before")
    whole = provenance.read_events

    def reads_and_somebody_purges(session: Session, **more: Any) -> Any:
        monkeypatch.undo()
        events = whole(session, **more)
        purge_text(Text.objects.get(workspace=review.workspace, sha256=old.sha256), by=people.alice)
        return events

    monkeypatch.setattr(provenance, "read_events", reads_and_somebody_purges)
    row = traced(review)
    assert (row.read, row.claim, row.made_at) == (0, "", None)
    Provenance.objects.update(next_check_at=timezone.now())
    row = traced(review)
    assert row.read == 2 and row.made_at
    assert found(review) == []


def test_a_quote_of_another_sentence_goes_when_it_says_a_purged_one_beside_it(
    people: People, sandbox: Sandbox, review: Review
) -> None:
    said = "The staging proxy listens on port 8081 behind the office network."
    talk(sandbox, review, f"{said} {TOMASZ}")
    traced(review)
    assert Source.objects.filter(finding="lost", excerpt__contains="Tomasz").filter(excerpt__contains="8081").exists()
    old = change_at(review, "/notes/port.md").paths.get(side="before")
    purge_text(Text.objects.get(workspace=review.workspace, sha256=old.sha256), by=people.alice)
    assert not Source.objects.filter(excerpt__contains="8081").exists()


def test_a_fault_of_ours_over_one_transcript_does_not_keep_the_others_from_being_read(
    sandbox: Sandbox, review: Review, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for words in (BUILD, TOMASZ):
        talk(sandbox, review, words)
    whole = provenance.rules.heard

    def breaks_once(*given: Any) -> Any:
        monkeypatch.setattr(provenance.rules, "heard", whole)
        raise ZeroDivisionError

    monkeypatch.setattr(provenance.rules, "heard", breaks_once)
    row = traced(review)
    assert (row.read, row.unreadable) == (1, 1) and row.made_at
    assert "ZeroDivisionError" in caplog.text


def test_what_is_said_behind_two_thousand_events_is_found(sandbox: Sandbox, review: Review) -> None:
    talk(sandbox, review, *["How do I deploy?"] * 2_100, TOMASZ)
    traced(review)
    assert [finding for finding, *_ in found(review)] == ["lost"]


def test_a_session_costs_one_call_for_each_hundred_of_its_events(sandbox: Sandbox, review: Review) -> None:
    talk(sandbox, review, *["How do I deploy?"] * 150)
    sessions.refresh_sessions(review.workspace)
    sandbox.requests(clear=True)
    provenance.trace_review(review)
    assert len(sandbox.requests()) == 2
