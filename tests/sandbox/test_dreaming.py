"""What a dream decides, as a pure function: notes and transcripts in, edits out."""

import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.dreaming import MAX_BYTES, MAX_NOTES, SIGNATURE, Edit, Note, Transcript, plan, read_instructions

RUNBOOK = """# Deploy runbook

Ask in the release channel before you begin, and wait for two people to agree.

- Build the image from the main branch
- Run the smoke tests against the canary
- Watch the error rate for ten minutes
- Announce the end in the channel
"""


def note(path: str, content: str, day: int = 1) -> Note:
    return Note(path, content, f"2026-10-{day:02}T09:00:00.000000Z")


def decided(*notes: Note, transcripts: list[Transcript] | None = None, wish: str | None = None) -> dict[str, Edit]:
    """The edits by path, without the index."""
    edits = plan(notes, transcripts or [], wish)
    assert len({edit.path for edit in edits}) == len(edits)
    return {edit.path: edit for edit in edits if edit.path != "/_index.md"}


def store_after(notes: list[Note], edits: list[Edit]) -> list[Note]:
    store = {item.path: item for item in notes}
    for edit in edits:
        assert (edit.path in store) == (edit.kind != "create")
        if edit.content is None:
            del store[edit.path]
        else:
            store[edit.path] = note(edit.path, edit.content, 28)
    return list(store.values())


def spoken(number: int, *turns: str) -> Transcript:
    return Transcript(f"sesn_{number}", f"Session {number}", turns)


# Copies


def test_of_exact_copies_the_one_with_the_shortest_path_stays() -> None:
    edits = decided(note("/deploy.md", RUNBOOK), note("/old/deploy.md", RUNBOOK + "\n", 2), note("/other.md", "else"))
    assert list(edits) == ["/old/deploy.md"]
    assert edits["/old/deploy.md"].kind == "delete"
    assert edits["/old/deploy.md"].reason == "exact copy of /deploy.md"
    assert edits["/old/deploy.md"].sources == ("/deploy.md", "/old/deploy.md")


def test_of_near_copies_the_newest_stays_and_takes_over_what_only_the_other_says() -> None:
    older = RUNBOOK + "- Page the database team when the migration takes longer than an hour\n"
    newer = RUNBOOK.replace("ten minutes", "20 minutes")
    edits = decided(note("/deploy-old.md", older, 1), note("/deploy.md", newer, 5))
    assert edits["/deploy-old.md"].kind == "delete"
    merged = edits["/deploy.md"].content or ""
    assert merged.startswith(newer.rstrip())
    assert "Also noted in /deploy-old.md" in merged
    assert "Page the database team" in merged


def test_a_merged_text_is_written_before_its_copy_is_dropped() -> None:
    older = RUNBOOK + "- Page the database team when the migration takes longer than an hour\n"
    edits = plan([note("/z.md", RUNBOOK, 5), note("/a.md", older, 1)], [])
    kinds = [(edit.kind, edit.path) for edit in edits]
    assert kinds == [("update", "/z.md"), ("delete", "/a.md"), ("create", "/_index.md")]


def test_a_line_that_differs_only_in_a_number_is_not_carried_over() -> None:
    edits = decided(
        note("/deploy.md", RUNBOOK + "\nWe keep 30 days of logs\n", 1),
        note("/deploy-2.md", RUNBOOK + "\nWe keep 14 days of logs\n", 5),
    )
    assert {path: edit.kind for path, edit in edits.items()} == {"/deploy.md": "delete"}


def test_twins_about_different_things_are_not_merged() -> None:
    staging = RUNBOOK.replace("# Deploy runbook", "# Deploy to staging") + "- Use the key of staging\n"
    production = RUNBOOK.replace("# Deploy runbook", "# Deploy to production") + "- Use the key of production\n"
    assert decided(note("/staging.md", staging), note("/production.md", production, 2)) == {}


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/deploy_old.md", "Deploy runbook"),
        ("/steps.md", "Deploy runbook (notes from 2024)"),
        ("/x.md", "Old deploy runbook"),
    ],
)
def test_a_note_that_calls_itself_old_goes_into_the_one_on_its_topic(path: str, heading: str) -> None:
    old = f"# {heading}\n\n- Releases happen on Thursdays\n- Ask in the release channel before you begin, and wait.\n"
    edits = decided(note(path, old, 9), note("/deploy.md", RUNBOOK, 1))  # whichever was touched last
    assert {name: edit.kind for name, edit in edits.items()} == {"/deploy.md": "update", path: "delete"}
    assert "Releases happen on Thursdays" in (edits["/deploy.md"].content or "")
    assert "calls itself old" in edits[path].reason
    assert decided(note(path, f"# {heading}\n\n- Thursdays\n"), note("/elsewhere/deploy.md", RUNBOOK)) == {}


def test_a_copy_with_code_that_the_newer_lacks_is_left_alone() -> None:
    older = RUNBOOK + "\n```\nmake rollback\n```\n"
    assert decided(note("/deploy.md", RUNBOOK, 5), note("/deploy-old.md", older, 1)) == {}


def test_a_note_copied_a_hundred_times_leaves_one() -> None:
    copies = [note(f"/copies/{n}.md", RUNBOOK + f"- Seen {n}\n", 1 + n % 20) for n in range(100)]
    kinds = [edit.kind for edit in decided(*copies).values()]
    assert kinds == ["delete"] * 99


def test_near_copies_too_large_together_stay_apart() -> None:
    def lines(kind: str, size: int) -> str:
        codes = ("".join(code) for code in product("abcdefghij", repeat=4))
        return "".join(f"- {kind}{code} {code}{kind} {kind}\n" for code in codes)[:size] + "\n"

    shared = "# Big\n\n" + lines("zu", 72_000)
    older, newer = shared + lines("vo", 17_000), shared + lines("wi", 17_000)
    assert decided(note("/big-old.md", older, 1), note("/big.md", newer, 2)) == {}
    assert len(decided(note("/big-old.md", older[:-9_000], 1), note("/big.md", newer, 2))) == 2


# Contradictions


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("- Staging DB: db-3", "- Staging DB: db-7", "- Staging DB: db-7"),
        ("- **Staging DB:** db-3.", "- staging db: db-7", "- **Staging DB:** db-7."),
        ("- The release day is Tuesday", "* Release day is now Thursday", "- The release day is Thursday"),
        ("The log retention is 30 days.", "The log retention is 14 days.", "The log retention is 14 days."),
        ("Contract end = 2026-03-31", "Contract end: 2027-03-31", "Contract end = 2027-03-31"),
        ("- 数据库 主机: db-3", "- 数据库 主机: db-7", "- 数据库 主机: db-7"),
    ],
)
def test_the_newest_of_two_values_wins(old: str, new: str, changed: str) -> None:
    edits = decided(
        note("/infra/databases.md", f"# Databases\n\n{old}\n\nSomething else.\n", 1),
        note("/notes/standup.md", f"# Standup\n\n{new}\n", 9),
    )
    assert list(edits) == ["/infra/databases.md"]
    assert edits["/infra/databases.md"].content == f"# Databases\n\n{changed}\n\nSomething else.\n"
    assert "/notes/standup.md is newer" in edits["/infra/databases.md"].reason


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("- Staging DB: db-3", "- Staging DB: db-3 (read only)"),  # says more, not otherwise
        ("- Owner: Ana", "- Owner: Bo"),  # one word could be about anything
        ("- This thing: 1", "- This thing: 2"),
        ("```\nstaging db: db-3\n```", "```\nstaging db: db-7\n```"),  # code
        ("The best way is to try it.", "The best way is to ask first."),  # prose
    ],
)
def test_what_only_looks_like_a_contradiction_is_left(one: str, other: str) -> None:
    assert decided(note("/a.md", f"# A\n\n{one}\n", 1), note("/b.md", f"# B\n\n{other}\n", 2)) == {}


def test_the_fields_of_a_form_are_no_contradictions() -> None:
    forms = [
        note(f"/customers/{name}.md", f"# {name}\n\n- Contact person: {name}son\n- Renewal date: 2026-0{n}-01\n", n)
        for n, name in enumerate(["Alder", "Birch", "Cedar", "Elder", "Hazel"], 1)
    ]
    assert decided(*forms) == {}
    pair = [
        note(f"/customers/{name}.md", f"# {name}\n\n- Monthly limit: {n}00 EUR\n", n)
        for n, name in enumerate("ABC", 1)
    ]
    assert decided(*pair) == {}
    two = [note(f"/{name}/info.md", f"# {name}\n\n- Main language: lang {name}\n") for name in ("Go", "Ada")]
    assert decided(*two) == {}


# One-offs


def test_passing_notes_are_dropped_unless_a_note_names_them() -> None:
    scratch = note("/misc/scratch.md", "Temporary list for the retest, delete after Friday")
    assert decided(scratch, note("/a.md", "alpha"))["/misc/scratch.md"].kind == "delete"
    assert decided(scratch, note("/a.md", "see misc/scratch.md.")) == {}
    assert list(decided(note("/tmp/x.md", "# Retest"), note("/tmpl/x.md", "# Form"))) == ["/tmp/x.md"]  # by its place
    assert decided(note("/misc/plan.md", "A temporary plan")) == {}  # its name says nothing of the kind
    assert decided(note("/log/2026-10-01.md", "We met and agreed")) == {}  # it does not call itself passing
    assert list(decided(note("/log/2026-10-01.md", "One-off fix of the importer"))) == ["/log/2026-10-01.md"]


def test_empty_notes_are_dropped() -> None:
    assert decided(note("/empty.md", " \n"), note("/a.md", "alpha"))["/empty.md"].kind == "delete"


# What the dream writes itself


def test_the_index_lists_every_note_by_folder_and_says_who_made_it() -> None:
    (index,) = plan([note("/b/two.md", "# Second\n"), note("/one.md", "first line"), note("/b.md", "x")], [])
    assert (index.kind, index.path) == ("create", "/_index.md")
    assert index.content == (
        f"# Index\n\n{SIGNATURE}\n\n## /\n\n- b.md: x\n- one.md: first line\n\n## /b/\n\n- two.md: Second\n"
    )


def test_what_three_sessions_say_is_noted_with_the_sessions() -> None:
    sessions = [
        spoken(1, "Hello.\nThe billing export fails on Mondays again."),
        spoken(2, "We saw that the billing export fails, why?"),
        spoken(3, "Nothing new here."),
        spoken(4, "Customers say: Billing export FAILS for them."),
    ]
    recurring = decided(note("/a.md", "alpha"), transcripts=sessions)["/recurring.md"].content or ""
    assert SIGNATURE in recurring
    assert "**billing export**, in 3 sessions" in recurring
    assert "sesn_1 (Session 1): “The billing export fails on Mondays again.”" in recurring
    assert "sesn_3" not in recurring
    assert decided(note("/a.md", "alpha"), transcripts=sessions[:3]) == {}


def test_a_second_dream_over_the_result_changes_nothing() -> None:
    older = RUNBOOK + "- Page the database team when the migration takes longer than an hour\n"
    sessions = [spoken(n, "The billing export fails on Mondays again.") for n in range(3)]
    notes = [note("/deploy.md", RUNBOOK, 5), note("/deploy-old.md", older), note("/tmp.md", "temporary")]
    after = store_after(notes, plan(notes, sessions))
    assert {item.path for item in after} == {"/deploy.md", "/_index.md", "/recurring.md"}
    assert plan(after, sessions) == []


def test_a_note_of_somebody_else_at_the_paths_of_the_dream_is_not_overwritten() -> None:
    edits = plan([note("/_index.md", "# My own index\n"), note("/recurring.md/x.md", "deeper")], [])
    assert [(edit.kind, edit.path) for edit in edits] == [("create", "/_index-of-sandbox.md")]


def test_the_limits_of_the_api_are_kept() -> None:
    full = [note(f"/n/{n}.md", f"# {'wide ' * 15}{n}\n{n * 7919}") for n in range(MAX_NOTES)]
    assert plan(full, []) == []  # no room for an index
    with_copy = plan([*full[:-1], note("/copies/0.md", full[0].content)], [])
    assert [edit.path for edit in with_copy] == ["/copies/0.md", "/_index.md"]  # the drop makes room
    (index,) = plan(full[:-1], [])
    assert len((index.content or "").encode()) <= MAX_BYTES
    assert (index.content or "").rstrip().endswith("more notes.")


# Instructions


def test_instructions_have_the_effects_they_promise() -> None:
    wishes = read_instructions('Please keep "/legal/" and only /notes. Do not merge; no index.')
    assert (wishes.keep, wishes.only, wishes.merge, wishes.index) == (("/legal/",), ("/notes",), False, False)
    assert read_instructions("Keep every amount and date. Merge what belongs together.") == read_instructions(None)

    copies = [note("/legal/a.md", RUNBOOK), note("/b.md", RUNBOOK), note("/c.md", RUNBOOK)]
    assert list(decided(*copies)) == ["/c.md", "/legal/a.md"]
    assert list(decided(*copies, wish="keep /legal/")) == ["/b.md", "/c.md"]
    assert list(decided(*copies, wish="only /c")) == ["/c.md"]
    assert plan(copies[:1], [], "no index") == []
    near = [note("/deploy.md", RUNBOOK), note("/deploy-2.md", RUNBOOK + "- More\n", 2)]
    assert list(decided(*near)) == ["/deploy.md"]
    assert decided(*near, wish="Do not merge anything") == {}


# Any input

TEXTS = st.text(st.characters(codec=None), max_size=80) | st.sampled_from(
    ["", "\n", "- Staging DB: db-3", "- Staging DB: db-7", "x is 7.", RUNBOOK, "```", "temporary", "数据库 主机: 一"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(TEXTS, max_size=5), max_size=8), st.lists(TEXTS, max_size=5), st.none() | TEXTS)
def test_any_text_gives_edits_that_can_be_applied(texts: list[list[str]], said: list[str], wish: str | None) -> None:
    folders = ["/", "/tmp/", "/2026-01-01/", "/记/"]
    notes = [note(f"{folders[n % 4]}{n}.md", "\n".join(lines), 1 + n) for n, lines in enumerate(texts)]
    sessions = [spoken(n, *said) for n in range(4)]
    edits = plan(notes, sessions, wish)
    store_after(notes, edits)
    assert edits == plan(list(reversed(notes)), sessions, wish)
    assert all(edit.reason and edit.path in edit.sources for edit in edits)


@pytest.mark.parametrize(
    "unit", ["a", "a-", ". ", "a b ", "=", "x: ", "- a: b\n", "数据", "\x01\x02", "#", "`", "\ud800"]
)
def test_long_monotonous_texts_take_no_time(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    notes = [note(f"/todo {n}.md", text + str(n), n) for n in range(1, 4)]
    plan(notes, [spoken(n, text) for n in range(4)])  # a quadratic step would run into the time limit


def test_two_thousand_notes_are_planned_without_comparing_all_pairs() -> None:
    chance = random.Random(7)
    words = ["".join(pair) for pair in product("bcdfgklmnprst", "aeiou")]
    words = [a + b for a in words for b in words[:20]]

    def text() -> str:
        return "# " + " ".join(chance.choices(words, k=4)) + "\n\n" + " ".join(chance.choices(words, k=150))

    notes = [note(f"/{n % 40}/{n}.md", text(), 1 + n % 20) for n in range(1_900)]
    notes += [note(f"/copy/{n}.md", notes[n].content + " more", 25) for n in range(100)]
    kinds = [edit.kind for edit in plan(notes, [])]
    assert kinds.count("delete") == 100
    assert len(kinds) == 100 + 1
