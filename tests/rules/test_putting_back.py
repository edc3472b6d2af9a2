"""Putting a lost statement back: where its neighbours went, with the marks and blank lines that suit the place."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dreams.rules.putting_back import Lost, end_of, keys_in, put_in, put_instead, says, sections, spot_for
from dreams.rules.sentences import split

NOTE = (
    "# Deploys\n\nDeploys go out on Tuesday. Ask Priya first.\n\n## Never\n\n- Never on Fridays.\n"
    "- Never without the signing key.\n- Never during the freeze.\n\nThe freeze is in May.\n"
)


def lost(text: str, memory: str = NOTE, path: str = "/a.md") -> Lost:
    line = next(each.line for each in split(path, memory) if each.text == text)
    return Lost(path, line, text, memory)


def put(gone: Lost, now: dict[str, str], became: dict[tuple[str, int], list[tuple[str, int]]] | None = None) -> str:
    spot = spot_for(gone, now, now, became or {})
    return put_in(gone, now[spot.path], spot.line)


@pytest.mark.parametrize(
    "text",
    [
        "Never without the signing key.",
        "Never on Fridays.",
        "Never during the freeze.",
        "The freeze is in May.",
    ],
)
def test_a_statement_that_alone_is_missing_comes_back_byte_for_byte(text: str) -> None:
    line = next(each for each in NOTE.split("\n") if text in each)
    now = NOTE.replace(f"{line}\n", "").replace("\n\n\n", "\n\n")
    assert put(lost(text), {"/a.md": now.rstrip("\n") + "\n"}) == NOTE


def test_it_goes_where_its_neighbour_went_under_the_mark_that_is_used_there() -> None:
    now = {"/a.md": "# Deploys\n", "/b.md": "# Rules\n\n1. Fridays: no deploys, ever.\n2. Rest well.\n"}
    gone = lost("Never without the signing key.")
    became = {("/a.md", 7): [("/b.md", 3)]}
    assert put(gone, now, became).split("\n")[3] == "2. Never without the signing key."
    assert spot_for(gone, now, now, became).why == "after “Never on Fridays.”, as it stood"


def test_the_neighbour_is_found_again_when_the_memory_was_edited_since() -> None:
    found = {"/b.md": "Fridays: no deploys, ever.\n"}
    now = {"/b.md": "A new first line.\nFridays: no deploys, ever.\n"}
    assert spot_for(lost("Never without the signing key."), now, found, {("/a.md", 7): [("/b.md", 1)]}).line == 2


def test_the_second_of_two_goes_behind_the_first_that_was_put_back() -> None:
    now = {"/a.md": "# Deploys\n\n## Never\n\n- Never on Fridays.\n"}
    now["/a.md"] = put(lost("Never without the signing key."), now)
    now["/a.md"] = put(lost("Never during the freeze."), now)
    assert now["/a.md"].endswith("- Never on Fridays.\n- Never without the signing key.\n- Never during the freeze.\n")


def test_a_reworded_neighbour_of_the_same_section_counts_too() -> None:
    now = {"/a.md": "Shipping is fun.\n\n- Never ever on Fridays!\n- Eat well.\n"}
    assert put(lost("Never without the signing key."), now).split("\n")[3] == "- Never without the signing key."


def test_without_a_neighbour_it_goes_to_the_end_of_its_memory_or_to_its_old_path() -> None:
    gone = lost("The freeze is in May.")
    assert put(gone, {"/a.md": "Wholly other words stand here.\n"}) == (
        "Wholly other words stand here.\n\nThe freeze is in May.\n"
    )
    spot = spot_for(gone, {}, {}, {})
    assert (spot.path, spot.line) == ("/a.md", 0)
    assert put_in(gone, "", 0) == "The freeze is in May.\n"


def test_a_sentence_out_of_an_item_goes_on_in_the_item() -> None:
    memory = "- Ana likes tea. She hates calls.\n- Tom drives.\n"
    assert put(lost("She hates calls.", memory), {"/a.md": "- Ana likes tea.\n- Tom drives.\n"}) == (
        "- Ana likes tea.\n  She hates calls.\n- Tom drives.\n"
    )


@pytest.mark.parametrize(
    ("statement", "memory", "now"),
    [
        ("Ask Priya", "Ask Priya\n", "- never\n"),  # would go on in the item
        ("Ask Priya", "- Ask Priya\n", "---\nFive queues.\n"),
        ("Ask Priya", "Ask Priya\n", "```\nmake\n"),  # a block that nobody closed
        ("make", "```\nmake\n```\n", "Deploys go out\non Tuesday\n"),
    ],
)
def test_wherever_it_is_put_it_is_one_statement_more_and_none_less(statement: str, memory: str, now: str) -> None:
    for line in range(now.count("\n") + 1):
        text = put_in(lost(statement, memory), now, line)
        assert [each.key for each in split("", text) if each.key != statement] == [e.key for e in split("", now)]
        assert says(keys_in(text), statement)


def test_it_never_breaks_a_sentence_that_runs_over_lines() -> None:
    memory = "Deploys go out\non Tuesday. Ask Priya.\nThen wait.\n"
    now = "Deploys go out\non Tuesday. Then wait.\n"
    assert put(lost("Ask Priya.", memory), {"/a.md": now}) == "Deploys go out\non Tuesday. Then wait.\nAsk Priya.\n"


def test_a_row_goes_into_the_table_and_code_into_its_block() -> None:
    table = "| Port | Use |\n| --- | --- |\n| 80 | web |\n| 22 | ssh |\n"
    row = lost("| 80 | web |", table)
    assert put(row, {"/a.md": table.replace("| 80 | web |\n", "")}) == table
    told = lost("She hates calls.", "Ana likes tea. She hates calls.\n")
    became = {("/a.md", 1): [("/t.md", 3)]}
    now = {"/t.md": "| Who | What |\n| --- | --- |\n| Ana | tea |\n| Tom | gate |\n"}
    assert put(told, now, became) == f"{now['/t.md']}\nShe hates calls.\n"
    code = "Run:\n\n```\nmake\nmake test\n```\n"
    assert put(lost("make test", code), {"/a.md": code.replace("make test\n", "")}) == code
    assert put(lost("make test", code), {"/a.md": "Run:\n"}).endswith("```\nmake test\n```\n")
    words = lost("Then rest.", "make\n\nThen rest.\n")
    assert put(words, {"/a.md": code}).endswith("```\n\nThen rest.\n")


def test_line_ends_stay_as_they_are() -> None:
    now = "# Deploys\r\n\r\n## Never\r\n\r\n- Never on Fridays.\r\n"
    assert put(lost("Never without the signing key."), {"/a.md": now}).count("\r\n") == 6


def test_the_ends_of_sections_are_places_too() -> None:
    assert sections(NOTE) == [(3, "Deploys"), (11, "Never")]
    assert end_of("/a.md", NOTE).line == 11
    assert sections("No heading.\n") == []


def test_the_old_wording_takes_the_place_of_the_new_one() -> None:
    now = "- Backups are\n  kept for *forty*\n  days. Tested monthly.\n"
    told = put_instead(now, 1, "Backups are kept for *forty* days.", "Backups are kept for thirty days.")
    assert told == "- Backups are kept for thirty days. Tested monthly.\n"
    assert put_instead(now, 1, "Nobody says this.", "x") is None


STATEMENTS = st.lists(
    st.sampled_from(
        ["- Ask Pia.", "Tea is hot.", "# Head", "", "```", "| a | b |", "  - deep one", "> said so.", "1. One.", "x\r"]
    ),
    min_size=1,
    max_size=9,
).map("\n".join)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STATEMENTS, STATEMENTS, st.data())
def test_whatever_the_texts_it_stands_there_and_every_line_stays(
    memory: str, now: str, data: st.DataObject
) -> None:
    statements = split("/a.md", memory)
    if not statements:
        return
    each = data.draw(st.sampled_from(statements))
    gone = Lost("/a.md", each.line, each.text, memory)
    spot = spot_for(gone, {"/b.md": now}, {"/b.md": now}, {})
    text = put_in(gone, now, spot.line)
    assert each.text.strip("| ") in text
    rest = iter(text.split("\n"))
    assert all(line in rest for line in now.split("\n"))


def test_says_looks_for_the_normal_form() -> None:
    assert says(keys_in("- *Never* on Fridays\n"), "Never on Fridays.")
    assert not says(keys_in("Never on Mondays.\n"), "Never on Fridays.")
