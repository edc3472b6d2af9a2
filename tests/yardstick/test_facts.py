"""The small labelled cases hold together, and their score gives each answer what it deserves."""

import re
from typing import Any

import pytest

from tests.yardstick.facts import PARTS, Figures, count, main, read, table
from tests.yardstick.labels import KINDS

# What stands before a statement on its first line, and what parts two statements on one line.
MARKER = re.compile(r"\s*(?:#{1,6} |[-*+] (?:\[[ x]\] )?|\d+\. |> )?")
ENDS = re.compile(r"(?<=[.!?]) |(?<=。)")
LEAST = {"open": 6, "aside": 5}


@pytest.fixture(scope="module", params=PARTS)
def part(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def statements(text: str) -> set[str]:
    lines = [line[MARKER.match(line).end() :] for line in text.splitlines()]  # type: ignore[union-attr]
    whole = {line.strip() for line in lines}
    return whole | {sentence for line in whole for sentence in ENDS.split(line)}


def silent() -> dict[str, Any]:
    return {"lost": [], "altered": []}


def figures(part: str, answer: Any) -> Figures:
    found = Figures()
    for case in read(part):
        count(found, case, answer(case))
    return found


def test_every_labelled_text_is_a_statement_of_its_memory(part: str) -> None:
    for case in read(part):
        assert case.keys() == {"name", "before", "after", "lost", "altered"}
        olds = [*case["lost"], *(each["old"] for each in case["altered"])]
        for place, store in [(old, "before") for old in olds] + [(each["new"], "after") for each in case["altered"]]:
            # Not `in` bare: a failure would print the text of a case put aside.
            known = place["text"] in statements(case[store][place["path"]])
            assert known, f"{case['name']}: a labelled text is no statement of {place['path']} {store}"


def test_no_old_statement_has_two_labels(part: str) -> None:
    for case in read(part):
        olds = [(old["path"], old["text"]) for old in [*case["lost"], *(each["old"] for each in case["altered"])]]
        assert len(olds) == len(set(olds)), case["name"]


def test_every_kind_of_the_list_is_there_often_enough(part: str) -> None:
    sown = figures(part, lambda case: silent()).sown
    kinds = set(KINDS) - {"order", "value"}
    assert sown.keys() == kinds
    assert min(sown.values()) >= LEAST[part]


def test_no_case_is_in_both_parts() -> None:
    cases = [case for part in PARTS for case in read(part)]
    assert len({case["name"] for case in cases}) == len(cases)
    assert len({repr(case["before"]) for case in cases}) == len(cases)


def test_a_perfect_answer_is_wholly_right(part: str) -> None:
    found = figures(part, lambda case: case)
    assert (found.right, found.wrong) == (found.cases, [])
    assert {row.f1 for row in (found.lost, found.altered, found.kinds)} == {1.0}


def test_a_silent_answer_finds_nothing_and_alarms_nobody(part: str) -> None:
    found = figures(part, lambda case: silent())
    assert (found.lost.recall, found.altered.recall, found.lost.false + found.altered.false) == (0.0, 0.0, 0)
    assert found.right == sum(not case["lost"] and not case["altered"] for case in read(part))


def test_a_wrong_kind_and_a_needless_alarm_cost_their_case() -> None:
    old, new, other = (
        {"path": "/a.md", "text": text} for text in ("It runs 4 hours.", "It runs 5 hours.", "Nobody knows.")
    )
    case = {"name": "one", "lost": [], "altered": [{"old": old, "new": new, "kinds": ["number"]}]}
    found = Figures()
    count(found, case, {"lost": [], "altered": [{"old": old, "new": new, "kinds": ["unit"]}]})
    count(found, case, {"lost": [other], "altered": case["altered"]})
    assert (found.right, found.altered.hit, found.kinds.hit, found.kinds.false, found.lost.false) == (0, 2, 1, 1, 1)


def test_the_table_of_a_part_holds_no_text_of_a_case(part: str) -> None:
    printed = table(figures(part, lambda case: silent()))
    assert not any(case["name"] in printed for case in read(part))


def test_the_sentences_put_aside_are_never_printed() -> None:
    with pytest.raises(SystemExit, match="put aside"):
        main(["--details", "aside"])
