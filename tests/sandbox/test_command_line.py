"""`python -m sandbox` as a process: ready line, state that outlives it, clean end."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import anthropic
import httpx2
import pytest

Start = Callable[..., tuple[subprocess.Popen[str], str, list[str]]]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the command on a free port and waits for its ready line: (process, url, lines before)."""
    processes: list[subprocess.Popen[str]] = []

    def run(*options: str) -> tuple[subprocess.Popen[str], str, list[str]]:
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--state", str(tmp_path / "s.sqlite3")]
        process = subprocess.Popen(
            [*command, *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        processes.append(process)
        assert process.stdout
        before = []
        for line in process.stdout:
            if ready := re.fullmatch(r"sandbox listening on (http://127\.0\.0\.1:\d+)\n", line):
                return process, ready[1], before
            before.append(line.rstrip())
        raise AssertionError(f"no ready line; said: {before}")

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def end(process: subprocess.Popen[str], how: signal.Signals) -> tuple[int, str]:
    process.send_signal(how)
    said, _ = process.communicate(timeout=30)
    return process.returncode, said


def connect(url: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(api_key="k", base_url=url, max_retries=0)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_and_quietly(start: Start, how: signal.Signals) -> None:
    process, url, _ = start()
    with connect(url) as client:
        client.beta.agents.list()
    assert end(process, how) == (0, "")


def test_what_was_written_outlives_a_kill(start: Start) -> None:
    process, url, _ = start()
    with connect(url) as client:
        store = client.beta.memory_stores.create(name="Kept")
        memory = client.beta.memory_stores.memories.create(store.id, path="/a", content="kept")
    end(process, signal.SIGKILL)
    _, url, _ = start()
    with connect(url) as client:
        found = client.beta.memory_stores.memories.retrieve(memory.id, memory_store_id=store.id)
    assert found.content == "kept"


def test_load_is_done_once_and_again_after_a_reset(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.md").write_text("text")
    process, url, said = start("--load", f"Team notes={folder}")
    assert said == ["store 'Team notes': 1 memories loaded, 0 files skipped"]
    with connect(url) as client:
        client.beta.memory_stores.create(name="Other")
        httpx2.post(f"{url}/_sandbox/reset")
        assert [store.name for store in client.beta.memory_stores.list()] == ["Team notes"]
    end(process, signal.SIGTERM)
    process, url, said = start("--load", f"Team notes={folder}")
    assert said == ["store 'Team notes': there already, left as it is"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--load", "Notes=/no/such/folder"],
            "--load Notes=/no/such/folder: must be NAME=DIR with an existing folder",
        ),
        (["--state", "/no/such/folder/file"], "--state /no/such/folder/file: unable to open database file"),
        (["--state", __file__], "file is not a database"),
        (["--port", "70000"], "--port 70000: "),
    ],
)
def test_options_that_cannot_be_met_are_refused_in_words(options: list[str], words: str) -> None:
    command = [sys.executable, "-m", "sandbox", "--state", ":memory:", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_help_says_that_it_is_not_claude() -> None:
    command = [sys.executable, "-m", "sandbox", "--help"]
    assert "It is not Claude" in subprocess.check_output(command, cwd=ROOT, text=True)


def test_it_imports_neither_django_nor_the_dashboard() -> None:
    code = "import sys, sandbox.server; print([m for m in sys.modules if m.split('.')[0] in ('django', 'dreams')])"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True) == "[]\n"
