"""A change with more findings and memories than anybody reads: its page stays small, and deciding it stays quick."""

from dreams.services import reviews
from tests.people import People, browser_of
from tests.views.reviewing import review_of, url_of

WORDS = "invoice parcel truck depot driver waybill manifest pallet scanner customs".split()


def sentence(number: int) -> str:
    words = " ".join(WORDS[(number * step) % len(WORDS)] for step in (1, 3, 7))
    return f"Rule {number} of chapter {number % 97} says the {words} number {number * 7919} waits at gate {number}."


def test_a_change_of_1400_sentences_nobody_said_before_is_capped(people: People) -> None:
    invented = "\n".join(sentence(number) for number in range(1_400))
    review = review_of(people, {"/a.md": "One.\n"}, {"/a.md": f"One.\n{invented}\n"})
    change = review.changes.get()
    assert len(change.findings["unsourced"]) > 1_000
    page = browser_of(people.bob).get(url_of(review, change))
    assert page.status_code == 200
    assert len(page.content) < 300_000
    assert page.content.decode().count("no memory said this before") <= 40


def test_a_merge_of_many_memories_is_capped(people: People) -> None:
    before = {f"/notes/{n}.md": f"{sentence(n)}\n{sentence(n + 5000)}\n" for n in range(400)}
    review = review_of(people, before, {"/all.md": "".join(before.values())})
    change = review.changes.order_by("-lines_added").first()
    for verb in ("", "edit/"):
        page = browser_of(people.bob).get(url_of(review, change, verb))
        assert page.status_code == 200
        assert len(page.content) < 900_000
    reviews.decide_change(change, "accepted", by=people.bob, seen_seq=0)
