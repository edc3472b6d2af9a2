"""What the engine finds as rows of a review: counts, lineage, contradictions, and headings."""

from dreams.models import Change, Review
from tests.people import People
from tests.views.reviewing import change_at, review_of

PORT = "The staging proxy listens on port 8081 behind the office network.\n"
BEFORE = {
    "/port.md": "# Proxy\n\n## Old quirks\n\n" + PORT,
    "/team/ana.md": "- Ana Duarte prefers short answers in Portuguese.\n- Ana Duarte works from Lisbon.\n",
    "/team/tom.md": "- Tomasz Nowak owns the load balancer.\n- Tomasz Nowak works from Gdansk.\n",
    "/long.md": "Deploys go out on Tuesday\nat noon. Ask Priya for the signing key.\n",
}
AFTER = {
    "/port.md": "# Proxy\n\n" + PORT,
    "/net.md": PORT.replace("8081", "8443"),
    "/team.md": BEFORE["/team/ana.md"] + BEFORE["/team/tom.md"].replace("- Tomasz Nowak works from Gdansk.\n", ""),
    "/long.md": "Deploys go out on Tuesday at noon. Ask Priya for the signing key.\n",
}


def found(change: Change, name: str) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = change.findings[name]
    return listed


def test_a_review_knows_how_many_statements_there_were_and_how_many_are_gone(people: People) -> None:
    review = review_of(people, BEFORE, AFTER)
    assert (review.statements, review.statements_lost) == (7, 1)


def test_a_merge_says_which_memory_became_which_and_where_each_statement_was(people: People) -> None:
    change = change_at(review_of(people, BEFORE, AFTER), "/team.md")
    assert change.edges == [["/team/ana.md", "/team.md"], ["/team/tom.md", "/team.md"]]
    assert [place["text"] for place in found(change, "lost")] == ["Tomasz Nowak works from Gdansk."]
    assert found(change, "carried") == [
        {"old": {"path": "/team/ana.md", "line": 1}, "new": {"path": "/team.md", "line": 1}},
        {"old": {"path": "/team/ana.md", "line": 2}, "new": {"path": "/team.md", "line": 2}},
        {"old": {"path": "/team/tom.md", "line": 1}, "new": {"path": "/team.md", "line": 3}},
    ]


def test_a_contradiction_flags_both_memories_but_asks_only_where_something_changed(people: People) -> None:
    review = review_of(people, {"/port.md": PORT}, {"/port.md": PORT, "/z-net.md": AFTER["/net.md"]})
    new = change_at(review, "/z-net.md")
    (clash,) = found(new, "contradictions")
    assert {clash["one"]["path"], clash["other"]["path"]} == {"/port.md", "/z-net.md"}  # type: ignore[index]
    assert new.flag_count == 1
    old = change_at(review, "/port.md")
    assert (old.state, found(old, "contradictions")) == ("unchanged", [clash])
    assert old.position > new.position


def test_a_heading_that_went_is_told_but_is_no_loss(people: People) -> None:
    change = change_at(review_of(people, BEFORE, AFTER), "/port.md")
    assert [(place["text"], place["heading"]) for place in found(change, "lost")] == [("Old quirks", True)]
    assert change.lost_count == 0


def test_broken_into_other_lines_is_told_apart(people: People) -> None:
    review = review_of(people, BEFORE, AFTER)
    assert [c.title for c in Review.objects.get(pk=review.pk).changes.filter(rewrapped=True)] == ["/long.md"]
