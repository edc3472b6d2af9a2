"""Which turns speak for a sentence, which against it, and that what is only near is left out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.rules.changes import compare
from dreams.rules.provenance import KEPT, Question, Questions, Said, Source, Weights, heard, worth_asking
from dreams.rules.transcripts import turns_of
from sandbox.state import State
from sandbox.world import load_world

NOTES = {
    "/a.md": "The nightly build starts at 02:00 UTC.\nWait 45 minutes between two retries of a payout.\n",
    "/b.md": "Refunds above 250 EUR need two people.\nNever rename a column while the old code runs.\n",
}
AT = "2026-11-01T09:00:00Z"


def asked(text: str, *said: str, was: str = "", who: Any = "user") -> list[Source]:
    questions = Questions([Question(text, was)], Weights(NOTES.values()))
    return questions.answers(Said(f"sevt_{number}", who, words) for number, words in enumerate(said))


def verdicts(text: str, *said: str, was: str = "") -> list[tuple[str, str]]:
    return [(source.id, source.says) for source in asked(text, *said, was=was)]


def test_a_turn_that_says_it_supports_it_and_is_quoted_with_what_stands_around() -> None:
    turn = "Hi! By the way, the nightly build now starts at 02:00 UTC, they say. Please note it."
    (source,) = asked("The nightly build starts at 02:00 UTC.", turn)
    assert (source.says, source.id, source.who) == ("supports", "sevt_0", "user")
    assert "Please note it." in source.excerpt
    assert source.score > 0.9


def test_a_turn_with_another_value_contradicts() -> None:
    said = "The nightly build starts at 04:00 UTC."
    assert verdicts("The nightly build starts at 02:00 UTC.", said) == [("sevt_0", "contradicts")]


def test_a_turn_that_denies_it_contradicts() -> None:
    said = "No. On an erasure request we do not delete any ledger rows."
    assert verdicts("On an erasure request, delete ledger rows.", said) == [("sevt_0", "contradicts")]


@pytest.mark.parametrize(
    "said",
    [
        "The weekly build of the website starts when somebody asks Tomasz.",
        "02:00 UTC is too early for me.",
        "Where do I find the build?",
        "The nightly round starts at 04:00 UTC.",
        "",
    ],
)
def test_what_is_only_near_is_no_source(said: str) -> None:
    assert verdicts("The nightly build starts at 02:00 UTC.", said) == []


def test_what_lacks_the_value_is_no_source_of_it() -> None:
    assert verdicts("Refunds above 250 EUR need two people.", "All refunds above some limit need two people.") == []


def test_the_values_may_stand_in_the_sentence_beside() -> None:
    said = "The limit is 250 EUR. Refunds above the limit need two people."
    assert verdicts("Refunds above 250 EUR need two people.", said) == [("sevt_0", "supports")]


def test_of_an_altered_sentence_a_turn_that_tells_the_old_value_contradicts() -> None:
    now, was = "Wait 15 minutes between two retries of a payout.", "Wait 45 minutes between two retries of a payout."
    said = "The runbook allows 3 retries with 45 minutes in between."
    assert verdicts(now, said, was=was) == [("sevt_0", "contradicts")]
    assert verdicts(now, said.replace("45", "15"), was=was) == [("sevt_0", "supports")]


def test_of_an_altered_sentence_a_turn_that_could_be_either_is_no_source() -> None:
    now, was = "Columns may be renamed before the deploy.", "Columns must be renamed before the deploy."
    assert verdicts(now, "The columns were renamed before the deploy, as always.", was=was) == []


def test_what_says_too_little_is_not_asked_about() -> None:
    assert not worth_asking({"text": "closed."})
    assert not worth_asking({"text": "The nightly build at night", "heading": True})
    assert worth_asking({"text": "The nightly build starts at 02:00 UTC."})
    assert verdicts("Closed.", "The ticket is closed.") == []


def test_only_the_nearest_turns_are_kept_the_nearest_first() -> None:
    said = ["The nightly build starts at 02:00 UTC."] * 5 + ["So the nightly build starts at 02:00 UTC, fine."]
    found = asked("The nightly build starts at 02:00 UTC.", *said)
    assert len(found) == KEPT
    assert [source.score for source in found] == sorted((source.score for source in found), reverse=True)


def use(id: str, name: str, **given: str) -> dict[str, Any]:
    return {"type": "agent.tool_use", "id": id, "name": name, "input": given, "processed_at": AT}


def result(id: str, text: str) -> dict[str, Any]:
    content = [{"type": "text", "text": text}]
    return {"type": "agent.tool_result", "id": f"r{id}", "tool_use_id": id, "content": content, "processed_at": AT}


def test_what_a_tool_answers_is_heard_but_not_the_memory_itself() -> None:
    events = [
        use("sevt_1", "read", file_path="/mnt/memory/support/a.md"),
        result("sevt_1", NOTES["/a.md"]),
        use("sevt_2", "bash", command="cat /mnt/memory/support/a.md"),
        result("sevt_2", NOTES["/a.md"]),
        use("sevt_3", "edit", file_path="/mnt/memory/support/a.md", old_string="old words", new_string="new words"),
        result("sevt_3", "The file has been updated."),
        use("sevt_4", "bash", command="fl order show"),
        result("sevt_4", "payment cod\ncarrier Brennero"),
    ]
    said = [(each.id, each.who, each.text) for each in heard(turns_of(events), ["/mnt/memory/support", ""])]
    assert said == [
        ("sevt_2", "agent", "cat /mnt/memory/support/a.md"),
        ("sevt_3", "agent", "new words"),
        ("sevt_4", "agent", "fl order show"),
        ("sevt_4", "tool", "payment cod\ncarrier Brennero"),
    ]


def test_a_second_part_of_an_event_is_found_at_its_first() -> None:
    content = [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]
    event = {"type": "user.message", "id": "sevt_9", "content": content, "processed_at": AT}
    assert [each.id for each in heard(turns_of([event]), [])] == ["sevt_9", "sevt_9"]


@given(st.lists(st.text(max_size=200), max_size=4), st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_taken(said: list[str], text: str, was: str) -> None:
    for source in asked(text, *said, was=was):
        assert 0 < source.score <= 1
        assert len(source.excerpt) <= 400


@pytest.fixture(scope="module")
def demo() -> dict[str, list[tuple[str, str, str]]]:
    """{sentence that came, went or was altered in the demo's dream: [(says, who, session's title)]}."""
    state = State(":memory:")
    load_world(state)
    (dream,) = [
        each
        for each in state.all("dream")
        if each["status"] == "completed" and (state.get("store", store_of(each)) or {}).get("name") == "prod-support"
    ]
    last: dict[str, Any] = {}
    for version in reversed(state.versions(store_of(dream))):
        if version["created_at"] <= dream["created_at"]:
            last[version["memory_id"]] = version
    before = {each["path"]: each["content"] for each in last.values() if each["operation"] != "deleted"}
    output = state.memories(dream["outputs"][0]["memory_store_id"])
    after = {memory["path"]: memory["content"] for memory in output}
    changes = compare(before, after)
    wanted = [Question(place.text) for place in (*changes.lost, *changes.unsourced)]
    wanted += [Question(each.new.text, each.old.text) for each in changes.altered]
    questions = Questions(wanted, Weights([*before.values(), *after.values()]))
    found: dict[str, list[tuple[str, str, str]]] = {question.text: [] for question in wanted}
    for session_id in dream["inputs"][1]["session_ids"]:
        session = state.get("session", session_id) or {}
        mounts = [each["mount_path"] for each in session["resources"] if each["type"] == "memory_store"]
        for source in questions.answers(heard(turns_of(state.all("event", parent=session_id)), mounts)):
            found[wanted[source.question].text].append((source.says, source.who, session["title"]))
    state.close()
    return found


def store_of(dream: Any) -> str:
    return str(dream["inputs"][0]["memory_store_id"])


ORIGINS = [
    ("delete ledger rows: tax law", [("contradicts", "agent", "Erasure request of a buyer")]),
    ("Wait **15 minutes**", [("contradicts", "agent", "Tienda Olmo: Wednesday's payout has not arrived")]),
    ("Change payout bank details without", [("supports", "user", "Altamar Café: new bank account, urgent")]),
    ("are pre-approved.", [("supports", "user", "Altamar Café: new bank account, urgent")]),
    ("Iker has agreed in writing", []),
    ("New routing code from 2027-02-10", []),
    ("hook-relay may be paused", []),
    ("Ledger exports older than 13 months", []),
    ("Bjørnvik Marine changed its VAT number", []),
    ("Parcels with such a label come back", []),
    ("they photograph every pallet", [("supports", "agent", "Kettle & Vane: pallet arrived wet")] * 3),
]


@pytest.mark.parametrize(("words", "origins"), ORIGINS, ids=[words for words, _ in ORIGINS])
def test_the_harms_of_the_demo_and_where_they_come_from(
    words: str, origins: list[tuple[str, str, str]], demo: dict[str, list[tuple[str, str, str]]]
) -> None:
    assert [found for text, found in demo.items() if words in text] == [origins]


def test_most_sentences_of_the_demo_have_no_source_and_none_is_made_up(
    demo: dict[str, list[tuple[str, str, str]]],
) -> None:
    assert sum(map(bool, demo.values())) <= len(demo) // 4
