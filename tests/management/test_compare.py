"""`manage.py compare`: folders without a database, stores and snapshots by name, JSON, and words for people."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dreams.models import Snapshot
from dreams.rules.changes import compare
from dreams.services import snapshots, stores
from tests.factories import NOTES, agent_writes, store_with
from tests.people import People
from tests.sandbox_server import Sandbox

ROOT = Path(__file__).resolve().parents[2]
BEFORE = {
    "/x.md": "# Billing\n\n- Refunds take 30 days.\n- Ask Priya about taxes.\n",
    "/deep/er/y.md": "The ledger closes at noon.\n",
}
AFTER = {"/x.md": "# Billing\n\n- Refunds take 14 days.\n", "/z.md": "The ledger closes at noon.\n"}


def folder(at: Path, texts: dict[str, str]) -> Path:
    for path, text in texts.items():
        file = at / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    return at


def run(*args: object) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("compare", *map(str, args), stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


def as_json(*args: object) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run(*args, "--json")[0])
    return answer


def test_a_reader_may_stop_reading(tmp_path: Path) -> None:
    many = {f"/{number}.md": f"Statement {number} is in the first store only.\n" for number in range(2_000)}
    one, other = folder(tmp_path / "one", many), folder(tmp_path / "other", AFTER)
    command = [sys.executable, "manage.py", "compare", str(one), str(other)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_folders_are_compared_without_a_database(tmp_path: Path) -> None:
    one, other = folder(tmp_path / "one", BEFORE), folder(tmp_path / "other", AFTER)
    done = subprocess.run(
        [sys.executable, "manage.py", "compare", str(one), str(other), "--json"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": "sqlite:////nowhere/at/all", "DATA_DIR": str(tmp_path)},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == compare(BEFORE, AFTER).as_dict()
    assert not done.stderr


def test_the_words_name_what_was_lost_altered_and_moved(tmp_path: Path) -> None:
    words, _ = run(folder(tmp_path / "one", BEFORE), folder(tmp_path / "other", AFTER))
    assert "Lost (1)\n  /x.md:4 Ask Priya about taxes." in words
    assert "/x.md:3 Refunds take 30 days.\n    now /x.md:3 Refunds take 14 days. [number]" in words
    assert "/deep/er/y.md → /z.md (100% alike)" in words


def test_what_became_of_the_first_meanwhile_is_merged(tmp_path: Path) -> None:
    now = {**BEFORE, "/x.md": BEFORE["/x.md"].replace("30 days", "60 days"), "/new.md": "New.\n"}
    sides = folder(tmp_path / "one", BEFORE), folder(tmp_path / "other", AFTER), "--now", folder(tmp_path / "now", now)
    drift = as_json(*sides)["drift"]
    assert {standing: len(found) for standing, found in drift.items()} == {
        "dream_only": 1,
        "drift_only": 1,
        "both_same": 0,
        "mergeable": 0,
        "conflicting": 1,
    }
    assert drift["conflicting"][0]["drift"] == [
        {"path": "/x.md", "standing": "conflicting", "why": "edited", "onto": ["/x.md"]}
    ]
    words, _ = run(*sides)
    assert "Conflict (1)\n  /x.md\n    /x.md: edited since" in words


def test_a_repository_keeps_its_history_to_itself(tmp_path: Path) -> None:
    (tmp_path / "one" / ".git").mkdir(parents=True)
    (tmp_path / "one" / ".git" / "HEAD").write_text("ref")
    assert as_json(tmp_path / "one", tmp_path / "one") == compare({}, {}).as_dict()


def test_broken_bytes_and_pipes_and_dead_links_do_not_stop_it(tmp_path: Path) -> None:
    one = folder(tmp_path / "one", BEFORE)
    (one / "bad.md").write_bytes(b"caf\xe9 \x1b[31m")
    os.mkfifo(one / "pipe")
    (one / "link").symlink_to("nowhere")
    (one / os.fsdecode(b"n\xff.md")).write_text("A name of odd bytes.")
    assert sorted(as_json(one, one)["unchanged"]) == sorted([*BEFORE, "/bad.md", "/n\udcff.md"])
    words, problems = run(tmp_path / "one", folder(tmp_path / "other", AFTER))
    assert "/bad.md is not UTF-8" in problems
    assert "/n\\udcff.md" in words
    assert "\x1b" not in words


def test_files_that_differ_in_bytes_that_are_no_characters_are_not_the_same(tmp_path: Path) -> None:
    for side, last in (("one", b"\xfe"), ("other", b"\xfd")):
        (tmp_path / side).mkdir()
        (tmp_path / side / "a.png").write_bytes(b"\x89PNG\0" + last)
    found = as_json(tmp_path / "one", tmp_path / "other")
    assert (found["unchanged"], found["modified"]) == ([], ["/a.png"])
    _, problems = run(tmp_path / "one", f"{tmp_path}/other/")
    assert problems.splitlines()[1].startswith(f"{tmp_path}/other/a.png is not UTF-8")


def test_a_path_with_a_line_break_forges_no_line(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    words, _ = run(folder(tmp_path / "one", {"/a\n\nLost (9).md": "Nine.\n"}), tmp_path / "none")
    assert "  /a\\n\\nLost (9).md:1 Nine." in words.splitlines()
    assert "Lost (9).md" not in words.splitlines()


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_what_cannot_be_written_is_a_sentence_in_any_encoding(tmp_path: Path, more: list[str]) -> None:
    one, other = folder(tmp_path / "one", BEFORE), folder(tmp_path / "other", {**AFTER, "/ü.md": "Ünique.\n"})
    command = [sys.executable, "manage.py", "compare", str(one), str(other), *more]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.stderr == b"CommandError: The answer cannot be written: No space left on device.\n"
    assert done.returncode == 1
    plain = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, check=True)
    assert (b"/\\u00fc.md" if more else b"/\\xfc.md") in done.stdout


def test_what_is_not_there_is_said_in_a_sentence(tmp_path: Path, db: None) -> None:
    with pytest.raises(CommandError, match=r"There is no folder, store or snapshot /nope\."):
        run("/nope", tmp_path)
    with pytest.raises(CommandError, match="names is empty"):
        run("", tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(CommandError, match="is a file: give the folder"):
        run(tmp_path / "file", tmp_path)


def test_stores_and_snapshots_are_found_by_name_and_number(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox)
    before = snapshots.freeze(store, Snapshot.Why.BY_HAND)
    agent_writes(sandbox, store, "/new.md", "Something new.\n")
    stores.sync_store(store)
    expected = compare(NOTES, {**NOTES, "/new.md": "Something new.\n"}).as_dict()
    assert as_json(before.pk, store.remote_id) == expected
    assert as_json(before.pk, store.name, "--workspace", people.workspace.slug) == expected
    with pytest.raises(CommandError, match=f"There is no folder, store or snapshot {before.pk} in acme-rival"):
        run(before.pk, store.name, "--workspace", "acme-rival")
