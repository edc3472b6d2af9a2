"""The score gives each answer what it deserves: a perfect one, a silent one, a careless one, one cut differently."""

from typing import Any

import pytest

from tests.yardstick.labels import OPEN, PUT_ASIDE, Dream, Statement
from tests.yardstick.score import ROWS, Score, main, score, table


@pytest.fixture(scope="module", params=[*OPEN, *PUT_ASIDE])
def dream(request: pytest.FixtureRequest) -> Dream:
    return Dream(request.param)


def place(statement: Statement) -> dict[str, Any]:
    return {"path": statement.path, "line": statement.line, "text": statement.text}


def altered(dream: Dream, old: str, new: str, kinds: list[str]) -> dict[str, Any]:
    return {"old": place(dream.olds[old]), "new": place(dream.news[new]), "kinds": kinds}


def silent() -> dict[str, Any]:
    return {row: [] for row in ("moved", "merged", "split", "lost", "altered", "unsourced")}


def perfect(dream: Dream) -> dict[str, Any]:
    """What an engine without a flaw would answer."""
    return {
        **dream.lineage,
        "lost": [place(old) for old in dream.olds.values() if old.harmful],
        "altered": [altered(dream, *pair, [*link.kinds]) for pair, link in dream.links.items() if link.harmful],
        "unsourced": [place(new) for new in dream.news.values() if new.origin in ("invented", "injected")],
        "contradictions": [
            {"one": place(dream.news[one]), "other": place(dream.news[other])} for one, other in dream.contradictions
        ],
    }


def falls(found: Score) -> int:
    return sum(many for row, (many, _) in found.shares.items() if row.startswith(("fell for", "called lost")))


def test_a_perfect_answer_has_every_figure_perfect(dream: Dream) -> None:
    found = score(dream, perfect(dream))
    assert {row: found.counts[row].f1 for row in ROWS} == dict.fromkeys(ROWS, 1.0)
    assert found.missed == found.false == []
    assert falls(found) == found.shares["false alarms / 10 changed notes"][0] == 0
    for row, (many, all_of_them) in found.shares.items():
        if row.startswith(("shown: lost", "shown: alt", "shown: f", "shown: in", "lineage found")):
            assert many == all_of_them, row


def test_a_silent_answer_finds_nothing_and_alarms_nobody(dream: Dream) -> None:
    found = score(dream, silent())
    assert all(found.counts[row].recall == 0 for row in ROWS if row in found.counts and found.counts[row].truth)
    assert found.false == []
    assert falls(found) == 0


def test_an_answer_that_calls_everything_lost_falls_for_every_trap(dream: Dream) -> None:
    found = score(dream, {**silent(), "lost": [place(old) for old in dream.olds.values()]})
    traps = {row: share for row, share in found.shares.items() if row.startswith("fell for")}
    assert all(many == all_of_them for many, all_of_them in traps.values())
    assert found.counts["lost"].recall == 1
    assert found.counts["lost"].precision < 0.2
    assert found.shares["called lost but there, verbatim"][0] > 0


def test_a_harm_under_the_wrong_head_is_shown_but_not_found_and_no_false_alarm(dream: Dream) -> None:
    harmed = [old for old in dream.olds.values() if any(link.harmful for link in old.to)]
    found = score(dream, {**silent(), "lost": [place(old) for old in harmed]})
    assert found.false == []
    assert found.counts["altered"].hit == 0
    assert found.shares["shown: altered, medium"][0] == found.shares["shown: altered, medium"][1] > 0


def test_a_change_that_is_right_may_be_said_and_a_trap_may_not(dream: Dream) -> None:
    right = next(pair for pair, link in dream.links.items() if link.kinds and not link.harmful)
    trap = next(pair for pair, link in dream.links.items() if link.trap)
    replaced = next(old for old in dream.olds.values() if old.instead)
    may = [altered(dream, *right, ["date"]), altered(dream, replaced.id, replaced.instead[0], ["number"])]
    assert score(dream, {**silent(), "altered": may}).false == []
    found = score(dream, {**silent(), "altered": [altered(dream, *trap, ["number"])]})
    assert len(found.false) == falls(found) == 1


def test_the_kinds_are_counted_apart_from_the_pairs(dream: Dream) -> None:
    pair, link = next(
        (pair, link)
        for pair, link in dream.links.items()
        if link.harmful and link.may and len(link.kinds) == 1 and not {"value", "path"} & {*link.kinds, *link.may}
    )
    found = score(dream, {**silent(), "altered": [altered(dream, *pair, [*link.kinds, "path", *link.may])]})
    assert found.counts["altered"].hit == 1
    assert found.counts["kinds of altered"].recall == 1
    assert found.counts["kinds of altered"].precision == 0.5


def test_two_statements_reported_as_one_are_both_found(dream: Dream) -> None:
    one, other = next(
        (one, other)
        for one, other in zip(dream.olds.values(), list(dream.olds.values())[1:], strict=False)
        if one.path == other.path and one.line == other.line
    )
    joined = {"path": one.path, "line": one.line, "text": f"{one.text} {other.text}"}
    apart = score(dream, {**silent(), "lost": [place(one), place(other)]})
    assert score(dream, {**silent(), "lost": [joined]}) == apart


def test_paths_count_with_and_without_a_leading_slash(dream: Dream) -> None:
    old = next(old for old in dream.olds.values() if old.harmful)
    found = score(dream, {**silent(), "lost": [{**place(old), "path": old.path.removeprefix("/")}]})
    assert found.counts["lost"].hit == 1


def test_the_table_has_a_column_a_dream_and_the_sentences_put_aside_are_never_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["--details", OPEN[0]])
    printed = capsys.readouterr().out
    assert OPEN[0] in printed
    assert "lost, " in printed or "lost (" in printed
    with pytest.raises(SystemExit):
        main(["--details", OPEN[0], "another"])
    dream = Dream(OPEN[0])
    columns = table({"one": score(dream, silent()), "two": score(dream, perfect(dream))}).splitlines()
    assert columns[0].split() == ["one", "two"]
