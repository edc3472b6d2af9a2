"""The demo as a person would start it, and a Chromium to look at it with: for the tests and for the screenshots."""

import json
import os
import shutil
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from dreams.management.commands.seed_demo import PASSWORD
from memorydash.processes import free_port
from tests.servers import missing, running

ROOT = Path(__file__).resolve().parents[2]
READY = "Ctrl-C stops everything"
# Chromium asks nobody but us.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
PEOPLE = ("alice", "bob", "carol", "dave")
PATIENCE = 30_000  # milliseconds: what one waits for comes in one or two, on a quiet machine


@dataclass(frozen=True)
class Demo:
    """A running demo: where its pages are, and where the stand-in of the vendor's API listens."""

    url: str
    vendor_url: str

    def ask_vendor(self, path: str) -> dict[str, Any]:
        """What the stand-in answers to GET `path`: the truth that pages are held against."""
        beta = "agent-memory-2026-07-22" if path.startswith("/v1/memory") else "managed-agents-2026-04-01"
        headers = {"x-api-key": "any", "anthropic-version": "2023-06-01", "anthropic-beta": beta}
        with urllib.request.urlopen(urllib.request.Request(self.vendor_url + path, headers=headers)) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


@contextmanager
def launched(folder: Path, **env: str) -> Iterator[Demo]:
    """`make demo` on free ports with its data in `folder`, ready, until the block is left."""
    port, sandbox_port = free_port(), free_port()
    given = {"PORT": str(port), "SANDBOX_PORT": str(sandbox_port), "DATA_DIR": str(folder / "data")}
    screen = folder / "screen"
    screen.touch()
    with running(
        [sys.executable, "-m", "memorydash.launcher", "demo"],
        screen,
        lambda: READY in screen.read_text(),
        env=os.environ | given | env,
        cwd=ROOT,
        seconds=150,
    ):
        yield Demo(f"http://localhost:{port}", f"http://127.0.0.1:{sandbox_port}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The Chromium of this machine; without one the test is skipped with a sentence (a failure with CI=true)."""
    names = ("chromium", "chromium-browser", "google-chrome", "/usr/bin/chromium")
    found = next(filter(None, map(shutil.which, names)), None) or missing(
        "There is no Chromium on this machine. On Debian: sudo apt install chromium; elsewhere put a chromium,"
        " chromium-browser or google-chrome on the PATH."
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*ARGUMENTS])
        yield browser
        browser.close()


def sign_in(page: Page, demo: Demo, person: str) -> None:
    """Type in the address and the password that the launcher prints, and wait for the first page."""
    page.goto(demo.url)
    page.get_by_label("Email").fill(f"{person}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Workspace")).to_be_visible(timeout=PATIENCE)
