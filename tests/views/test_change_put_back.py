"""Putting a lost sentence back: at once, or where the reviewer wants it; and the old wording of an altered one."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.models import AuditEvent, Change, Review, Text
from dreams.services import reviews
from dreams.services.putting_back import texts_now
from dreams.services.texts import digest_of
from tests.people import People, browser_of
from tests.views.pages import assert_fragment, assert_members_only, assert_only
from tests.views.reviewing import change_at, decide_all, review_of, url_of

TEAM = "# Team\n\n- Ana Duarte prefers long walks.\n- Ana Duarte never takes calls.\n- Ana Duarte works from Lisbon.\n"
TOM = "- Tomasz Nowak owns the load balancer.\n- Tomasz Nowak hates meetings before noon.\n"
PORT = "The staging proxy listens on port 8081 behind the office network.\n"
BEFORE = {"/ana.md": TEAM, "/tom.md": TOM, "/port.md": PORT, "/same.md": "Wholly untouched words stay here.\n"}
AFTER = {
    "/team.md": "# Team\n\n- Ana Duarte prefers long walks.\n- Ana Duarte works from Lisbon.\n"
    "- Tomasz Nowak owns the load balancer.\n",
    "/port.md": PORT.replace("8081", "8443"),
    "/same.md": BEFORE["/same.md"],
}
CALLS, MEETINGS = "Ana Duarte never takes calls.", "Tomasz Nowak hates meetings before noon."


@pytest.fixture
def review(people: People) -> Review:
    return review_of(people, BEFORE, AFTER)


@pytest.fixture
def team(review: Review) -> Change:
    return change_at(review, "/team.md")


def key_of(change: Change, text: str) -> str:
    return f"lost-{[place['text'] for place in change.findings['lost']].index(text)}"


def now(change: Change, path: str) -> str:
    return texts_now(Change.objects.select_related("review__workspace").get(pk=change.pk))[path]


def post(people: People, change: Change, finding: str, **more: object) -> object:
    data = {"finding": finding, "seen_seq": change.seq, **more}
    return browser_of(people.bob).post(url_of(change.review, change, "put-back/"), data, follow=True)


def page_of(people: People, change: Change) -> str:
    return browser_of(people.bob).get(url_of(change.review, change)).content.decode()


def test_members_only_and_both_methods(people: People, team: Change) -> None:
    url = f"{url_of(team.review, team, 'put-back/')}?finding=lost-0"
    assert_members_only(people, url)
    assert_only(people, url, "get", "post")
    assert_fragment(people, url, "put-back")


def test_a_viewer_may_not_and_is_offered_nothing(people: People, team: Change) -> None:
    client, url = browser_of(people.carol), url_of(team.review, team, "put-back/")
    assert client.get(f"{url}?finding=lost-0").status_code == 403
    assert client.post(url, {"finding": "lost-0", "seen_seq": 0}).status_code == 403
    assert "Put it back" not in client.get(url_of(team.review, team)).content.decode()


def test_one_key_puts_it_back_behind_what_stood_before_it_as_an_edit(people: People, team: Change) -> None:
    page = page_of(people, team)
    assert len(re.findall('data-key="w"', page)) == 1
    answer = post(people, team, key_of(team, CALLS))
    assert "put back into /team.md, line 4" in answer.content.decode()  # type: ignore[attr-defined]
    assert now(team, "/team.md") == (
        "# Team\n\n- Ana Duarte prefers long walks.\n- Ana Duarte never takes calls.\n"
        "- Ana Duarte works from Lisbon.\n- Tomasz Nowak owns the load balancer.\n"
    )
    team.refresh_from_db()
    assert (team.state, team.decided_by) == ("edited", people.bob)
    assert team.decisions.get().reason == f"Put back: {CALLS}"
    assert AuditEvent.objects.filter(verb="edited change").count() == 1
    assert "Stands in" in page_of(people, team)


def test_several_come_back_one_after_the_other_and_undo_takes_the_last_away(people: People, team: Change) -> None:
    for text in (CALLS, MEETINGS):
        post(people, team, key_of(team, text))
        team.refresh_from_db()
    both = now(team, "/team.md")
    assert both.endswith(f"- Tomasz Nowak owns the load balancer.\n- {MEETINGS}\n") and CALLS in both
    assert 'data-key="w"' not in page_of(people, team), "all is back"
    reviews.undo_decision(team, by=people.bob, seen_seq=team.seq)
    assert CALLS in now(team, "/team.md") and MEETINGS not in now(team, "/team.md")


def test_htmx_gets_the_middle_and_what_is_decided(people: People, team: Change) -> None:
    data = {"finding": key_of(team, CALLS), "seen_seq": 0}
    answer = browser_of(people.bob).post(
        url_of(team.review, team, "put-back/"), data, headers={"HX-Request": "true", "HX-Target": "memory"}
    )
    assert answer.content.decode().strip().startswith("<article")
    assert "put back into /team.md, line 4" in answer["HX-Trigger"]


def test_the_reviewer_sees_it_there_before_it_is_saved(people: People, team: Change) -> None:
    client, url = browser_of(people.bob), url_of(team.review, team, "put-back/")
    finding = key_of(team, CALLS)
    page = client.get(f"{url}?finding={finding}").content.decode()
    assert "after “Ana Duarte prefers long walks.”, as it stood" in page
    assert f"<ins>- {CALLS}</ins>" in page
    assert Change.objects.get(pk=team.pk).state == "undecided", "looking decides nothing"
    page = client.get(f"{url}?finding={finding}&into=/team.md&where=top").content.decode()
    assert "at the top" in page
    post(people, team, finding, into="/team.md", where="top", target_seq=0)
    assert now(team, "/team.md").startswith(f"- {CALLS}\n")


def test_it_may_go_into_a_memory_of_another_change(people: People, review: Review, team: Change) -> None:
    port = change_at(review, "/port.md")
    answer = post(people, team, key_of(team, CALLS), into="/port.md", where="end", target_seq=0)
    assert "That is an edit of the change /port.md" in answer.content.decode()  # type: ignore[attr-defined]
    assert now(port, "/port.md") == f"{AFTER['/port.md']}- {CALLS}\n"
    assert Change.objects.get(pk=team.pk).state == "undecided"
    assert 'Stands in <span class="path">/port.md</span> again' in page_of(people, team)


@pytest.mark.parametrize(
    ("into", "words"),
    [("/same.md", "this review does not write it"), ("/nowhere.md", "No memory of this review stands at /nowhere.md")],
)
def test_a_place_that_cannot_be_is_said_beside_the_field(people: People, team: Change, into: str, words: str) -> None:
    url = f"{url_of(team.review, team, 'put-back/')}?finding={key_of(team, CALLS)}&into={into}"
    answer = browser_of(people.bob).get(url)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    saved = post(people, team, key_of(team, CALLS), into=into)
    assert saved.status_code == 422  # type: ignore[attr-defined]


def test_a_memory_that_is_gone_comes_back_with_that_sentence_alone(people: People) -> None:
    review = review_of(people, {"/quota.md": "Exports are limited to forty rows.\nAsk Pia for more.\n"}, {})
    change = change_at(review, "/quota.md")
    post(people, change, "lost-1")
    assert now(change, "/quota.md") == "Ask Pia for more.\n"


def test_the_old_wording_takes_the_place_of_the_new_one(people: People, review: Review) -> None:
    port = change_at(review, "/port.md")
    assert "Put the old wording back" in page_of(people, port)
    post(people, port, "altered-0")
    assert now(port, "/port.md") == PORT
    assert "Put the old wording back" not in page_of(people, port)


def test_whoever_was_faster_is_named_and_nothing_is_saved(people: People, team: Change) -> None:
    reviews.decide_change(team, "accepted", by=people.alice, seen_seq=0)
    team.seq = 0
    answer = post(people, team, key_of(team, CALLS))
    assert answer.status_code == 409  # type: ignore[attr-defined]
    assert "Your choice was not saved" in answer.content.decode()  # type: ignore[attr-defined]
    assert Change.objects.get(pk=team.pk).state == "accepted"


def test_a_target_that_was_decided_meanwhile_is_left_alone(people: People, review: Review, team: Change) -> None:
    port = change_at(review, "/port.md")
    reviews.decide_change(port, "accepted", by=people.alice, seen_seq=0)
    answer = post(people, team, key_of(team, CALLS), into="/port.md", where="end", target_seq=0)
    assert answer.status_code == 409  # type: ignore[attr-defined]
    assert CALLS not in now(port, "/port.md")


def test_twice_is_once(people: People, team: Change) -> None:
    post(people, team, key_of(team, CALLS))
    team.refresh_from_db()
    answer = post(people, team, key_of(team, CALLS))
    assert "stands there already" in answer.content.decode()  # type: ignore[attr-defined]
    assert Change.objects.get(pk=team.pk).seq == 1


def test_a_kept_original_has_nothing_to_put_back(people: People, team: Change) -> None:
    reviews.decide_change(team, "kept", by=people.bob, seen_seq=0)
    assert "Put it back" not in page_of(people, team)


def test_an_ended_review_offers_nothing(people: People, review: Review, team: Change) -> None:
    decide_all(review, people.bob)
    reviews.approve_review(review, by=people.bob)
    assert "Put it back" not in page_of(people, team)
    team.refresh_from_db()
    assert post(people, team, key_of(team, CALLS)).status_code == 409  # type: ignore[attr-defined]


@pytest.mark.parametrize("finding", ["", "lost-99", "scans-0", "lost-x", "lost--1"])
def test_what_is_no_finding_is_refused(people: People, team: Change, finding: str) -> None:
    assert post(people, team, finding).status_code == 422  # type: ignore[attr-defined]


def test_a_purged_text_gives_nothing_back(people: People, team: Change) -> None:
    Text.objects.filter(sha256=digest_of(TEAM)).update(body=None, purged_at="2026-01-01T00:00Z", purged_by="x")
    answer = post(people, team, key_of(team, CALLS))
    assert answer.status_code == 409  # type: ignore[attr-defined]
    assert "purged" in answer.content.decode()  # type: ignore[attr-defined]


def test_hostile_texts_stay_inert(people: People) -> None:
    text = "- <script>alert(1)</script> is what Ana said.\n- Tea is hot here.\n"
    change = change_at(review_of(people, {"/<b>.md": text}, {"/<b>.md": "- Tea is hot here.\n"}), "/<b>.md")
    page = browser_of(people.bob).get(f"{url_of(change.review, change, 'put-back/')}?finding=lost-0").content.decode()
    assert "<script>alert" not in page and "<b>.md" not in page
    post(people, change, "lost-0")
    assert now(change, "/<b>.md") == text


def test_looking_needs_as_many_queries_for_many_changes_as_for_few(people: People) -> None:
    def queries(name: str, many: int) -> int:
        before = {"/a.md": TEAM} | {f"/n/{n}.md": f"Number {n} stands alone in here.\n" for n in range(many)}
        after = {f"/m{path}": text for path, text in before.items() if path != "/a.md"}
        after["/a.md"] = TEAM.replace(f"- {CALLS}\n", "")
        change = change_at(review_of(people, before, after, name=name), "/a.md")
        url = f"{url_of(change.review, change, 'put-back/')}?finding={key_of(change, CALLS)}"
        with CaptureQueriesContext(connection) as seen:
            assert browser_of(people.bob).get(url).status_code == 200
        return len(seen)

    assert queries("few", 2) == queries("many", 30)
