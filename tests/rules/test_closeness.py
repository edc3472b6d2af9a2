"""Where one spot of a sentence changed, what changed there is named; another spelling is no change."""

import pytest

from dreams.rules.change_types import Changes
from dreams.rules.changes import compare
from dreams.rules.closeness import changed_at, frame, spot
from dreams.rules.meaning import meaning


def kind(old: str, new: str) -> str:
    place = spot(old, new)
    return changed_at(place, meaning(old), meaning(new)) if place else ""


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("The entry will just be added to the list", "The entry will not just be added to the list", "negation"),
        ("The last file in the list is the licence", "The last file in the list isn't the licence", "negation"),
        ("Files that should never be tracked", "Files that may never be tracked", "modal"),
        ("We may not name the whole address", "We should not name the whole address", "modal"),
        ("> (type '(1 2 3))", "> (type '(1 2 7))", "number"),
        ("The gateway refuses anything above 900 MB", "The gateway refuses anything above 900 GB", "unit"),
        ("Due on the month's last working day", "Due on the week's last working day", "unit"),
        ("Not in the office on Mondays", "Not in the office on Thursdays", "date"),
        ("The claim lapses on 31 January 2027", "The claim lapses on 31 March 2027", "date"),
        ("Firmware is updated at 6 am each day", "Firmware is updated at 6 pm each day", "date"),
        ("Never put Helga in copy of a mail", "Always put Helga in copy of a mail", "negation"),
        ("Deploys of the shop are run by Mara alone", "Deploys of the shop are run by Ilse alone", "name"),
        ("Install node 14.4.0 on the runner", "Install node 14.4.6 on the runner", "version"),
        ("See [the docs](https://pkg.example/a) for it", "See [the docs](https://pkg-old.example/a) for it", "url"),
        ("The invoice prefix for Norway is NO-", "The invoice prefix for Norway is NOR-", "name"),
    ],
)
def test_one_changed_spot_is_named_by_its_kind(old: str, new: str, what: str) -> None:
    assert kind(old, new) == what


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("It holds 1,000 rows of the shop", "It holds 1000 rows of the shop"),
        ("Do not open the lower gate", "Don't open the lower gate"),
        ("The build starts at 16:30 each day", "The build starts at 4:30 pm each day"),
        ("For example the lower gate is closed", "For instance the lower gate is closed"),
        ("Two short words", "Of another kind"),
    ],
)
def test_another_spelling_or_another_sentence_is_no_spot_of_any_kind(old: str, new: str) -> None:
    assert kind(old, new) == ""


def test_a_frame_keeps_all_but_numbers_and_duties() -> None:
    assert frame("It must not exceed 40 rows at 10:30") == frame("It exceed 50 rows at 11") == "It exceed # rows at #"
    assert frame("It holds 40 rows") != frame("It holds 40 columns")


def code(*lines: str) -> str:
    return "```\n" + "\n".join(lines) + "\n```\n"


def altered(changes: Changes) -> list[tuple[str, str]]:
    return [(each.old.text, each.new.text) for each in changes.altered]


def test_lines_of_one_frame_are_paired_in_their_order_though_they_share_no_word() -> None:
    changes = compare({"/a": code("a = [1]", "a = [2]")}, {"/a": code("a = [7]", "a = [8]")})
    assert altered(changes) == [("a = [1]", "a = [7]"), ("a = [2]", "a = [8]")]
    assert changes.lost == ()


def test_a_case_dropped_beside_its_twin_is_lost() -> None:
    cases = "- A reply in time has the status 403.\n- A reply in time has the status 500.\n"
    changes = compare({"/a": cases}, {"/a": cases.splitlines()[1] + "\n"})
    assert [place.text for place in changes.lost] == ["A reply in time has the status 403."]
    assert changes.altered == ()


def test_a_dropped_sentence_is_lost_though_its_words_are_all_around() -> None:
    kept = "The tide gauge in the harbour is read by Mara. The harbour master has the key of the gauge house.\n"
    dropped = "The master of the house reads the tide.\n"
    assert [place.text for place in compare({"/a": kept + dropped}, {"/a": kept}).lost] == [dropped.strip()]


def test_a_line_of_code_is_there_when_it_lost_its_fence() -> None:
    lines = ("make build --all", "make sign --key ops")
    changes = compare({"/a": code(*lines)}, {"/a": "> " + "\n> ".join(lines) + "\n"})
    assert changes.lost == ()
