"""What the checks found, on the page of a change: worst first, in sentences, tied to rows; and how much is lost."""

import re

import pytest
from django.utils import timezone

from dreams.models import Change, Provenance, Review, Session, Source, Workspace
from dreams.rules.provenance import fingerprint
from dreams.services import reviews
from tests.people import People, browser_of
from tests.views.reviewing import change_at, review_of, url_of

PORT = "The staging proxy listens on port 8081 behind the office network.\n"
ANA = "- Ana Duarte prefers long walks.\n- Ana Duarte never takes calls.\n- Ana Duarte works from Lisbon.\n"
TOM = "- Tomasz Nowak owns the load balancer.\n- Tomasz Nowak hates meetings before noon.\n"
MERGED = ANA.replace("- Ana Duarte never takes calls.\n", "") + TOM


def page_of(people: People, change: Change, more: str = "") -> str:
    return browser_of(people.bob).get(f"{url_of(change.review, change)}{more}").content.decode()


def test_a_contradiction_shows_both_sentences_and_both_places(people: People) -> None:
    review = review_of(people, {"/port.md": PORT}, {"/port.md": PORT, "/net.md": PORT.replace("8081", "8443")})
    page = page_of(people, change_at(review, "/net.md"))
    assert "These two cannot both hold: the one is in /port.md, line 1, the other in /net.md, line 1." in page
    assert "8081" in page and "8443" in page
    assert "This cannot hold together with /port.md, line 1." in page
    assert 'aria-label="contradiction"' in page
    assert "1 contradiction</li>" in page[page.index("<h3>Checks</h3>") :]


def test_headings_that_went_are_folded_and_no_loss(people: People) -> None:
    before = {"/a.md": f"# Proxy\n\n## Old quirks\n\n{PORT}"}
    page = page_of(people, change_at(review_of(people, before, {"/a.md": f"# Proxy\n\n{PORT}"}), "/a.md"))
    assert "1 heading went" in page and "Old quirks" in page
    assert "found nowhere in the output" not in page and "Put it back" not in page


def test_what_is_taken_for_the_same_says_that_its_origin_is_uncertain(people: People) -> None:
    change = change_at(review_of(people, {"/a.md": PORT}, {"/a.md": PORT + "More.\n"}), "/a.md")
    place = {"path": "/a.md", "line": 1, "text": "A doubted sentence."}
    change.findings["uncertain"] = [{"old": {**place, "text": "An older wording."}, "new": place}]
    change.save(update_fields=["findings"])
    page = page_of(people, change)
    assert "Origin uncertain: 1 sentence taken for the same as one before" in page
    assert "An older wording." in page


def test_a_row_without_the_newer_findings_is_still_read(people: People) -> None:
    change = change_at(review_of(people, {"/a.md": PORT}, {"/a.md": "Gone it is.\n"}), "/a.md")
    old = {name: change.findings[name] for name in ("lost", "altered", "unsourced", "scans")}
    Change.objects.filter(pk=change.pk).update(findings=old)
    assert "Put it back" in page_of(people, change)
    Change.objects.filter(pk=change.pk).update(findings={})
    assert "Put it back" not in page_of(people, change)


@pytest.mark.parametrize("look", ["", "?view=split"])
def test_each_line_of_a_merge_says_which_memory_and_line_it_comes_from(people: People, look: str) -> None:
    review = review_of(people, {"/ana.md": ANA, "/tom.md": TOM}, {"/team.md": MERGED})
    page = page_of(people, change_at(review, "/team.md"), look)
    legend = re.findall(r'data-origin="(\w+)">\w+</b> <span class="path">([^<]+)', page)
    assert legend == [("A", "/ana.md"), ("B", "/tom.md"), ("C", "/team.md")]
    signs = re.findall('data-source="([^"]*)"[^>]*>(?:<ins>)?([^<]*)', page)
    assert ("A 1", "- Ana Duarte prefers long walks.") in signs and ("A 3", "- Ana Duarte works from Lisbon.") in signs
    assert ("B 2", "- Tomasz Nowak hates meetings before noon.") in signs


def test_each_line_of_a_split_says_where_it_went(people: People) -> None:
    review = review_of(people, {"/team.md": ANA + TOM}, {"/ana.md": ANA, "/tom.md": TOM})
    page = page_of(people, change_at(review, "/ana.md"))
    assert {"→ B 1", "→ C 2"} <= set(re.findall('data-source="([^"]*)"', page))


def test_a_memory_that_only_changed_has_no_letters(people: People) -> None:
    page = page_of(people, change_at(review_of(people, {"/a.md": PORT}, {"/a.md": PORT + "More.\n"}), "/a.md"))
    assert "data-source" not in page and "data-origin" not in page


def test_after_an_edit_the_marks_stand_where_their_lines_went(people: People) -> None:
    review = review_of(people, {"/ana.md": ANA, "/tom.md": TOM}, {"/team.md": MERGED})
    change = change_at(review, "/team.md")
    texts = {"/team.md": f"A line of my own.\n{MERGED}"}
    reviews.decide_change(change, "edited", by=people.bob, seen_seq=0, texts=texts)
    signs = re.findall('data-source="([^"]*)"[^>]*>(?:<ins>)?([^<]*)', page_of(people, change))
    assert ("B 2", "- Tomasz Nowak hates meetings before noon.") in signs


@pytest.fixture
def traced(people: People) -> Change:
    """A lost sentence that a person contradicted in the one session that was read."""
    change = change_at(review_of(people, {"/ana.md": ANA}, {"/ana.md": ANA.split("\n")[0] + "\n"}), "/ana.md")
    Provenance.objects.create(review=change.review, sessions=34, read=34, made_at=timezone.now())
    times = {"created_at": timezone.now(), "updated_at": timezone.now()}
    session = Session.objects.create(workspace=people.workspace, remote_id="sesn_1", title="Calls", **times)
    lost = change.findings["lost"][0]
    Source.objects.create(
        change=change,
        finding="lost",
        path=lost["path"],
        line=lost["line"],
        sentence=fingerprint(lost["text"]),
        session=session,
        event_id="sevt_1",
        who="user",
        says="contradicts",
        score=0.9,
        excerpt="Ana takes calls now.",
    )
    return change


def test_a_finding_says_what_the_sessions_say_of_it_and_leads_there(people: People, traced: Change) -> None:
    page = page_of(people, traced)
    assert "In “Calls” a person says otherwise." in page
    anchor = re.search(r'class="js-only" href="#(from-lost-\w+)"', page)
    assert anchor
    pane = browser_of(people.bob).get(url_of(traced.review, traced, "origins/")).content.decode()
    assert f'id="{anchor[1]}"' in pane


def test_a_finding_without_a_source_says_in_how_many_sessions(people: People, traced: Change) -> None:
    assert "No source found in 34 sessions" in page_of(people, traced)


def lossy(people: People, alarm: int) -> Review:
    key = {"key_ciphertext": b"not a key", "key_set_at": timezone.now()}
    Workspace.objects.filter(pk=people.workspace.pk).update(loss_alarm=alarm, **key)
    people.workspace.refresh_from_db()
    return review_of(people, {"/ana.md": ANA, "/tom.md": TOM}, {"/ana.md": ANA})


def test_more_loss_than_the_alarm_allows_is_told_first_in_the_review_and_in_the_inbox(people: People) -> None:
    review = lossy(people, 25)
    client = browser_of(people.bob)
    words = "This dream lost 40 % of what was known (2 of 5 statements); the alarm is at 25 %."
    page = client.get(url_of(review)).content.decode()
    assert words in page
    assert page.index(words) < page.index('class="review"')
    assert "40 % of what was known lost: the alarm is at 25 %" in client.get("/acme/").content.decode()


def test_less_is_a_quiet_figure(people: People) -> None:
    review = lossy(people, 40)
    client = browser_of(people.bob)
    page = client.get(url_of(review)).content.decode()
    assert 'id="loss-alarm"' not in page
    assert 'title="2 of 5 statements; the alarm is at 40 %">40 % of what was known lost' in page
    assert "2 sentences lost" in client.get("/acme/").content.decode()


def test_a_review_from_before_the_counting_says_nothing(people: People) -> None:
    review = lossy(people, 25)
    Review.objects.filter(pk=review.pk).update(statements=0, statements_lost=0)
    page = browser_of(people.bob).get(url_of(review)).content.decode()
    assert "of what was known" not in page


def test_the_alarm_is_set_in_the_settings_by_an_admin(people: People) -> None:
    client, form = browser_of(people.alice), {"name": "Acme", "dream_models": ""}
    assert 'name="loss_alarm" value="25"' in client.get("/acme/settings/").content.decode()
    client.post("/acme/settings/", {**form, "loss_alarm": "10"})
    assert Workspace.objects.get(pk=people.workspace.pk).loss_alarm == 10
    assert client.post("/acme/settings/", {**form, "loss_alarm": "101"}).status_code == 422
    client.post("/acme/settings/", form)
    assert Workspace.objects.get(pk=people.workspace.pk).loss_alarm == 10
