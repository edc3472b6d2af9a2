"""A folder of text files becomes a store: what is taken, what is left out and why."""

import os
from pathlib import Path

from sandbox.loading import load_folder, report
from sandbox.state import State


def test_text_files_become_memories_and_the_rest_is_named(tmp_path: Path) -> None:
    (tmp_path / "deep" / ".git").mkdir(parents=True)
    (tmp_path / "deep" / "é.md").write_text("text")
    (tmp_path / "empty").write_text("")
    (tmp_path / "full.txt").write_text("x" * 102_400)
    (tmp_path / ".hidden").write_text("no")
    (tmp_path / "deep" / ".git" / "config").write_text("no")
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    (tmp_path / "over.txt").write_text("x" * 102_401)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff")
    (tmp_path / "nfd e\u0301.md").write_text("")
    (tmp_path / "tab\t.md").write_text("")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/latin-\xe9.md")).write_text("")

    state = State(":memory:")
    loaded = load_folder(state, "Team notes", tmp_path)
    store = state.all("store")[0]
    assert store["name"] == "Team notes"
    paths = [memory["path"] for memory in state.memories(store["id"])]
    assert paths == ["/deep/é.md", "/empty", "/full.txt"]
    reasons = dict(loaded.skipped)
    assert sorted(reasons) == sorted(["/over.txt", "/picture.png", "/nfd e\u0301.md", "/tab\t.md", "/latin-\udce9.md"])
    assert "102400 bytes" in reasons["/over.txt"]
    assert "Normalization Form C" in reasons["/nfd e\u0301.md"]
    assert "control" in reasons["/tab\t.md"]
    told = report("Team notes", loaded)
    assert told.startswith("store 'Team notes': 3 memories loaded, 5 files skipped")
    told.encode()  # printable, whatever the file names are
    state.close()


def test_a_second_load_leaves_the_store_alone(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("one")
    state = State(":memory:")
    load_folder(state, "Notes", tmp_path)
    (tmp_path / "a.md").write_text("two")
    assert load_folder(state, "Notes", tmp_path).already_there
    assert [memory["content"] for memory in state.memories(state.all("store")[0]["id"])] == ["one"]
    state.close()


def test_a_folder_of_more_than_2000_files_fills_the_store_and_no_more(tmp_path: Path) -> None:
    for number in range(2001):
        (tmp_path / f"{number:04}").write_text("")
    state = State(":memory:")
    loaded = load_folder(state, "Many", tmp_path)
    assert loaded.memories == 2000
    assert loaded.skipped == [("/2000", "the store is full (2000 memories)")]
    state.close()
