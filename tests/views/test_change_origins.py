"""Where a change's sentences come from: the quote, who said it and where, what contradicts, how far it was read."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import Change, DreamSession, Provenance, Review, Session, Source
from dreams.queries.provenance import sources_of
from dreams.rules.provenance import fingerprint, sentences_of
from tests.people import People, browser_of
from tests.views.pages import assert_fragment, assert_members_only, assert_only
from tests.views.reviewing import change_at, decide_all, review_of, url_of

QUOTE = "Hi! <b>Ask Tomasz</b> Nowak before touching the load balancer."


@pytest.fixture
def review(people: People) -> Review:
    return review_of(people)


@pytest.fixture
def change(review: Review) -> Change:
    return change_at(review, "/runbooks/deploy.md")


def session_of(review: Review, number: int = 0) -> Session:
    now = timezone.now()
    session = Session.objects.create(
        workspace=review.workspace,
        remote_id=f"sesn_{number}",
        title=f"A <i>talk</i> with Ana, {number}",
        status="idle",
        agent_name="support-triage",
        created_at=now,
        updated_at=now,
    )
    DreamSession.objects.create(dream=review.dream, session_id=session.remote_id)
    return session


def read(review: Review, **sets: object) -> Provenance:
    count = DreamSession.objects.filter(dream=review.dream).count()
    told = {"sessions": count, "read": count, "made_at": timezone.now(), **sets}
    return Provenance.objects.update_or_create(review=review, defaults=told)[0]


def source(change: Change, session: Session, finding: str = "lost", says: str = "supports", **sets: object) -> Source:
    place = next(place for name, place, _ in sentences_of(change.findings) if name == finding)
    told = {"event_id": "sevt_1", "who": "user", "score": 0.9, "excerpt": QUOTE, **sets}
    return Source.objects.create(
        change=change,
        finding=finding,
        path=place["path"],
        line=place["line"],
        sentence=fingerprint(place["text"]),
        session=session,
        says=says,
        **told,
    )


def page(people: People, change: Change, query: str = "") -> str:
    answer = browser_of(people.carol).get(url_of(change.review, change, "origins/") + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_members_only_by_get_and_a_fragment_for_htmx(people: People, review: Review, change: Change) -> None:
    url = url_of(review, change, "origins/")
    assert_members_only(people, url)
    assert_only(people, url, "get")
    assert_fragment(people, url, "origins")
    rival = browser_of(people.mallory)
    assert rival.get(f"/acme-rival/reviews/{review.pk}/changes/{change.pk}/origins/").status_code == 404


def test_a_turn_is_quoted_with_who_where_and_a_link_to_it(people: People, review: Review, change: Change) -> None:
    source(change, session_of(review))
    read(review)
    html = page(people, change)
    assert "&lt;b&gt;Ask Tomasz&lt;/b&gt;" in html and "<b>Ask" not in html
    assert "<b>a person</b> says so in" in html
    assert 'href="/acme/sessions/sesn_0/#sevt_1"' in html
    assert "A &lt;i&gt;talk&lt;/i&gt; with Ana, 0" in html
    assert "1 session read." in html
    assert "hx-trigger" not in html.split('id="origins"')[1]


def test_a_contradicting_turn_stands_first_is_amber_and_says_so(
    people: People, review: Review, change: Change
) -> None:
    session = session_of(review)
    source(change, session)
    source(change, session, "altered", "contradicts", who="agent", excerpt="It starts at 02:00 UTC.")
    read(review)
    html = page(people, change)
    assert '<blockquote data-tone="warn">' in html
    assert "<b>support-triage</b> says it as it read before in" in html
    assert html.index("It starts at 02:00 UTC.") < html.index("&lt;b&gt;Ask Tomasz")


def test_a_sentence_without_a_source_says_in_how_many_sessions_it_was_looked_for(
    people: People, review: Review, change: Change
) -> None:
    for number in range(34):
        session_of(review, number)
    read(review, read=32, unreadable=2)
    html = page(people, change)
    assert "No source found in 32 sessions." in html
    assert "32 sessions read; 2 could not be: the vendor no longer has them, or sends what" in html


def test_while_it_reads_it_says_how_far_and_looks_again(people: People, review: Review, change: Change) -> None:
    for number in range(34):
        session_of(review, number)
    assert "Reading 1 of 34 sessions…" in page(people, change)
    read(review, read=10, unreadable=1, made_at=None, next_check_at=timezone.now())
    html = page(people, change)
    assert "Reading 12 of 34 sessions…" in html
    assert "No source found so far, in 10 of 34 sessions." in html
    assert 'hx-trigger="every 3s"' in html


def test_what_fails_is_said_with_what_becomes_of_it(people: People, review: Review, change: Change) -> None:
    session_of(review)
    words = "The API could not be reached, so nothing was sent; check the network and the base URL."
    read(review, read=0, made_at=None, next_check_at=timezone.now(), problem=words)
    html = page(people, change)
    assert words in html
    assert "It goes on by itself; what was read so far is kept." in html


def test_a_review_that_ended_does_not_look_on(people: People, review: Review, change: Change) -> None:
    session_of(review)
    read(review, read=0, made_at=None)
    Review.objects.filter(pk=review.pk).update(state="superseded", closed_at=timezone.now())
    html = page(people, change)
    assert "Only 0 of 1 session were read before this review ended." in html
    assert "hx-trigger" not in html.split('id="origins"')[1]


def test_a_review_whose_dream_read_nothing_says_so(people: People, review: Review, change: Change) -> None:
    assert "or no session was read for it" in page(people, change)


def test_what_the_vendor_deleted_is_not_quoted_any_more(people: People, review: Review, change: Change) -> None:
    session = session_of(review)
    source(change, session)
    read(review)
    Session.objects.update(gone_at=timezone.now())
    html = page(people, change)
    assert "Ask Tomasz&lt;" not in html
    assert "The vendor no longer has this session" in html


def test_what_was_found_for_purged_words_is_not_shown(people: People, review: Review, change: Change) -> None:
    source(change, session_of(review))
    change.findings["lost"][0]["text"] = "[purged]"
    change.save(update_fields=["findings"])
    read(review)
    assert sources_of(change) == {}
    assert "&lt;b&gt;Ask Tomasz" not in page(people, change)


def test_two_sentences_of_one_line_keep_their_sources_apart(
    people: People, review: Review, change: Change
) -> None:
    lost = change.findings["lost"][0]
    change.findings["lost"] = [lost, {**lost, "text": "He is on leave until Monday, they say."}]
    change.save(update_fields=["findings"])
    source(change, session_of(review))
    read(review)
    assert [key[3] for key in sources_of(change)] == [lost["text"]]
    assert page(people, change).count("No source found in 1 session.") == 3


def test_many_sentences_are_folded_and_all_are_a_link_away(people: People, review: Review, change: Change) -> None:
    lost = change.findings["lost"][0]
    change.findings["lost"] = [{**lost, "line": line, "text": f"{lost['text']} {line}"} for line in range(1, 60)]
    change.save(update_fields=["findings"])
    session_of(review)
    read(review)
    assert "Show 41 more sentences" in page(people, change)
    assert page(people, change, "?all=1").count("<q>") == 61


def test_the_query_count_does_not_grow_with_sources(people: People, review: Review, change: Change) -> None:
    source(change, session_of(review))
    read(review)
    client, url = browser_of(people.bob), url_of(review, change, "origins/")
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for number in range(1, 30):
        source(change, session_of(review, number))
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(many) == len(few)


def test_the_right_pane_of_the_review_leads_to_it(people: People, review: Review, change: Change) -> None:
    html = browser_of(people.bob).get(url_of(review, change)).content.decode()
    assert f'hx-get="{url_of(review, change, "origins/")}"' in html
    assert 'data-key="b"' in html
    decide_all(review, people.bob)
    unchanged = change_at(review, "/README.md")
    html = browser_of(people.bob).get(url_of(review, unchanged)).content.decode()
    assert "origins/" not in html
