"""The review page: losses first, every change in its order, what blocks the approval, the next step."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dreams.models import Dream, Membership, Review, Store
from dreams.queries.change_list import PAGE
from dreams.services import reviews
from tests.people import People, browser_of
from tests.views.pages import assert_members_only, assert_only
from tests.views.reviewing import AFTER, BEFORE, change_at, decide_all, review_of, url_of


@pytest.fixture
def review(people: People) -> Review:
    return review_of(people)


def page_of(review: Review, user: object, query: str = "") -> str:
    answer = browser_of(user).get(url_of(review) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_members_read_it_and_nobody_else(people: People, review: Review) -> None:
    assert_members_only(people, url_of(review))
    assert_only(people, url_of(review), "get")


def test_a_review_that_is_not_there_is_a_404(people: People, review: Review) -> None:
    assert browser_of(people.bob).get("/acme/reviews/999999/").status_code == 404


def test_another_workspace_does_not_show_it_under_its_own_address(people: People, review: Review) -> None:
    mallory = browser_of(people.mallory)
    change = change_at(review, "/index.md")
    for address in ("", f"changes/{change.pk}/", f"changes/{change.pk}/edit/", "discard/"):
        assert mallory.get(f"/acme-rival/reviews/{review.pk}/{address}").status_code == 404, address
    for address in ("approve/", f"changes/{change.pk}/decide/", f"changes/{change.pk}/undo/", "accept/moved/"):
        data = {"outcome": "accepted", "seen_seq": "0"}
        assert mallory.post(f"/acme-rival/reviews/{review.pk}/{address}", data).status_code == 404, address


def test_what_is_lost_stands_first_in_a_full_sentence_with_its_place(people: People, review: Review) -> None:
    page = page_of(review, people.bob)
    lost = page.index("Ask Tomasz Nowak before touching the load balancer.")
    assert "Gone: was in /runbooks/deploy.md, line 5, found nowhere in the output." in page
    assert lost < page.index('<table class="diff')
    assert page.index("<span>Lost</span>") < page.index("<span>Added</span>") < page.index("<span>Moved only</span>")


def test_an_altered_sentence_shows_both_and_says_what_changed(people: People, review: Review) -> None:
    page = page_of(review, people.bob)
    assert "The nightly build starts at 02:00 UTC." in page
    assert "The nightly build starts at 04:00 UTC." in page
    assert re.search(r"Changed: a (date or time|number)\. Was in /runbooks/deploy\.md, line 3", page)


def test_an_injected_instruction_is_pointed_out_with_the_reason(people: People, review: Review) -> None:
    page = page_of(review, people.bob)
    assert "tells the agent to set its instructions aside" in page
    assert "https://evil.example/collect" in page
    assert 'href="https://evil.example' not in page


def test_a_finding_links_to_its_row_of_the_difference(people: People, review: Review) -> None:
    page = page_of(review, people.bob)
    anchors = re.findall(r'<a href="#(found-\d+)">show</a>', page)
    assert anchors
    for anchor in anchors:
        assert page.count(f' id="{anchor}"') == 1


def test_the_list_shows_each_change_once_in_the_order_of_its_risk(people: People, review: Review) -> None:
    page = page_of(review, people.bob)
    shown = [int(pk) for pk in re.findall(r'<li id="row-(\d+)"', page)]
    wanted = review.changes.exclude(state="unchanged").order_by("position").values_list("pk", flat=True)
    assert shown == list(wanted)
    assert "Unchanged 1" in page


@pytest.mark.parametrize(
    ("show", "path", "other"),
    [
        ("lost", "/runbooks/deploy.md", "/glossary.md"),
        ("flagged", "/runbooks/deploy.md", "/index.md"),
        ("unchanged", "/README.md", "/runbooks/deploy.md"),
    ],
)
def test_a_filter_shows_only_its_changes(people: People, review: Review, show: str, path: str, other: str) -> None:
    page = page_of(review, people.bob, f"?show={show}")
    rows = re.findall(r'<li id="row-(\d+)"', page)
    assert str(change_at(review, path).pk) in rows
    assert str(change_at(review, other).pk) not in rows


def test_the_undecided_filter_forgets_what_is_decided(people: People, review: Review) -> None:
    change = change_at(review, "/index.md")
    reviews.decide_change(change, "accepted", by=people.bob, seen_seq=0)
    assert f'id="row-{change.pk}"' not in page_of(review, people.bob, "?show=undecided")


def test_nonsense_in_the_address_is_read_as_the_plain_page(people: People, review: Review) -> None:
    for query in ("?show=x", "?change=abc", "?change=99999999999999999999", "?page=x", "?view=x&text=%FF"):
        assert "Ask Tomasz Nowak" in page_of(review, people.bob, query), query


def test_a_viewer_sees_every_button_disabled_with_the_reason(people: People, review: Review) -> None:
    page = page_of(review, people.carol)
    assert "To decide changes you need the role reviewer; yours is viewer." in page
    assert "To approve reviews you need the role reviewer; yours is viewer." in page
    for word in ("Accept", "Keep original", "Edit", "Undo", "Approve", "Discard"):
        assert re.search(rf"<button[^>]* disabled[^>]*>{word}", page), word
    assert 'method="post" action="/acme/reviews' not in page


def test_approve_waits_for_the_last_decision_and_says_so(people: People, review: Review) -> None:
    page = page_of(review, people.bob)
    total = review.changes.filter(state="undecided").count()
    assert f"0 of {total} decided" in page
    assert f"{total} changes are undecided." in page
    assert f'id="why">{total} changes are undecided.</span>' in page, "what holds already is no reason"
    assert re.search(r"<button[^>]* disabled[^>]*>Approve", page)
    decide_all(review, people.bob)
    page = page_of(review, people.bob)
    assert "Every change is decided" in page
    assert f'action="{url_of(review, verb="approve/")}"' in page


def test_when_all_is_decided_it_sums_up_what_an_approval_lets_go(people: People, review: Review) -> None:
    decide_all(review, people.bob)
    page = page_of(review, people.bob)
    summed = page[page.index("Accepted although something is lost or altered") :]
    assert "deploy.md" in summed
    assert "1 lost" in summed


def test_whoever_started_the_dream_cannot_approve_it_while_others_can(people: People, review: Review) -> None:
    decide_all(review, people.bob)
    page = page_of(review, people.dave)
    assert "You started this dream: one of the other reviewers has to approve it." in page
    assert url_of(review, verb="approve/") not in page


def test_a_lone_starter_may_approve_under_a_visible_banner(people: People, review: Review) -> None:
    Membership.objects.exclude(user=people.dave).update(active=False)
    decide_all(review, people.dave)
    page = page_of(review, people.dave)
    assert "You started this dream and approve it yourself: nobody else here may approve." in page
    reviews.approve_review(review, by=people.dave)
    assert "Self-approved: Dave started this dream and approved it alone." in page_of(review, people.dave)


def test_an_approved_review_says_by_whom_and_offers_the_plan(people: People, review: Review) -> None:
    decide_all(review, people.bob)
    reviews.approve_review(review, by=people.bob)
    page = page_of(review, people.dave)
    assert "Approved by Bob" in page
    assert f'action="{url_of(review, verb="plan/")}"' in page
    assert f'action="{url_of(review, verb="reopen/")}"' in page
    at_one = page_of(review, people.dave, f"?change={change_at(review, '/index.md').pk}")
    assert "This review is approved: reopen it to change a decision." in at_one
    assert "To apply reviews you need the role operator; yours is reviewer." in page_of(review, people.bob)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("applying", "The decisions are being written into the dream's output store."),
        ("applied", "Attach to deployments…"),
        ("superseded", "a newer dream over the same store is reviewed instead"),
        ("rolled_back", "Rolled back: the deployments mount the store they mounted before."),
    ],
)
def test_each_state_says_what_it_is_and_what_comes_next(
    people: People, review: Review, state: str, words: str
) -> None:
    Review.objects.filter(pk=review.pk).update(state=state)
    assert words in page_of(review, people.dave).replace("&#x27;", "'")


def test_a_discarded_review_shows_who_and_why(people: People, review: Review) -> None:
    reviews.discard_review(review, reason="It drops <the> policies.", by=people.bob)
    page = page_of(review, people.carol)
    assert "Discarded by Bob" in page
    assert "It drops &lt;the&gt; policies." in page


def test_a_dream_that_changed_nothing_says_so(people: People) -> None:
    page = page_of(review_of(people, BEFORE, BEFORE), people.bob)
    assert "The dream changed nothing" in page


def test_an_uncertain_base_is_said_with_the_paths(people: People, review: Review) -> None:
    Dream.objects.update(base_quality="uncertain", uncertain_paths=["/people/ana.md", "/x<b>.md"])
    page = page_of(review, people.bob)
    assert "What the dream read of 2 paths is not certain" in page
    assert "/x&lt;b&gt;.md" in page


def test_writes_into_the_output_since_then_are_drift(people: People, review: Review) -> None:
    readme = review.before.manifest.entries.get(path="/README.md").text
    for number, entry in enumerate(review.after.manifest.entries.all()):
        review.target.memories.create(
            remote_id=f"mem_{number}",
            path=entry.path,
            text=readme if entry.path == "/runbooks/deploy.md" else entry.text,
            version_id=f"memver_{number}",
            created_at=review.opened_at,
            updated_at=review.opened_at,
        )
    Store.objects.filter(pk=review.target_id).update(last_version_id="memver_new")
    page = page_of(review, people.bob)
    assert "The output moved 1 memory since" in page
    assert "/runbooks/deploy.md" in page[page.index("The output moved") :][:600]


def test_it_needs_as_many_queries_for_thirty_changes_as_for_three(people: People) -> None:
    client = browser_of(people.bob)

    def queries(review: Review) -> int:
        client.get(url_of(review))  # whose differences are kept
        with CaptureQueriesContext(connection) as seen:
            assert client.get(url_of(review)).status_code == 200
        return len(seen)

    few = review_of(people, {f"/a/{n}.md": f"The answer number {n} is long.\n" for n in range(3)}, {}, name="few")
    many = review_of(people, {f"/a/{n}.md": f"The answer number {n} is long.\n" for n in range(30)}, {}, name="many")
    assert queries(few) == queries(many)
    assert queries(many) <= 18


def test_hundreds_of_changes_are_listed_a_screen_at_a_time(people: People) -> None:
    texts = {f"/a/{n:03}.md": f"The shelf number {n} holds parcels.\n" for n in range(130)}
    review = review_of(people, texts, {f"/b{path}": text + "And a new line.\n" for path, text in texts.items()})
    page = page_of(review, people.bob)
    assert page.count('<li id="row-') == PAGE
    assert "All 130" in page
    further = re.search(r'class="further"><a href="([^"]+)"', page)
    assert further and further[1] == f"{url_of(review)}?page=2"
    last = review.changes.order_by("-position").first()
    at_last = page_of(review, people.bob, f"?change={last.pk}")
    assert f'id="row-{last.pk}"' in at_last
    assert f'<a href="{url_of(review)}?page={130 // PAGE}" hx-boost="false">Earlier changes</a>' in at_last


HOSTILE = {
    "/a/<script>alert(1)<.md": "<script>alert(1)</script>\n![p](https://spy.example/p.png)\n[x](javascript:alert(1))\n",
    "/a/quote\"'.md": "Nothing \u202e hidden \0 here\u200b.\n",
    "/a/long.md": "x" * 90_000 + "\n",
}


def test_findings_hold_nothing_that_a_database_refuses(people: People) -> None:
    review = review_of(
        people, {"/a.md": "The \0 vault key hangs behind the second door.\n"}, {"/b.md": "Other words.\n"}
    )
    lost = change_at(review, "/a.md").findings["lost"]
    assert [each["text"] for each in lost] == ["The \ufffd vault key hangs behind the second door."]


@pytest.mark.parametrize("look", ["", "&view=split", "&text=rendered", "&text=rendered&view=split", "&all=1"])
def test_hostile_texts_and_paths_are_shown_as_data(people: People, look: str) -> None:
    review = review_of(people, HOSTILE, {path: f"{text}More {text[:300]}" for path, text in HOSTILE.items()})
    for change in review.changes.all():
        page = page_of(review, people.bob, f"?change={change.pk}{look}")
        assert "<script>alert" not in page
        assert "\u202e" not in page and "\0" not in page and "\u200b" not in page
        assert "<img" not in page
        assert 'href="javascript' not in page


def test_the_look_is_kept_from_page_to_page(people: People, review: Review) -> None:
    client = browser_of(people.bob)
    change = change_at(review, "/runbooks/deploy.md")
    assert "diff--split" in client.get(url_of(review, change) + "?view=split").content.decode()
    assert "diff--split" in client.get(url_of(review, change)).content.decode()
    assert 'class="prose"' in client.get(url_of(review, change) + "?text=rendered").content.decode()
    assert "diff--unified" in client.get(url_of(review, change) + "?text=source&view=unified").content.decode()


def test_the_original_texts_are_all_there(people: People, review: Review) -> None:
    for text in (*BEFORE.values(), *AFTER.values()):
        first = next(line for line in text.split("\n") if len(line) > 20)
        path = next(
            path for path in (*BEFORE, *AFTER) if {**BEFORE, **AFTER}[path] == text or BEFORE.get(path) == text
        )
        words = first.split()[-2].strip("*")
        assert words in page_of(review, people.bob, f"?change={change_at(review, path).pk}&text=rendered&view=split")
