"""One demo and one Chromium for all browser tests of a process, and windows in which nothing may go wrong unseen.

They belong to this package, not to the session: Playwright keeps an event loop in the main thread, which other tests
must not find there.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect

from tests.browser import demo as demos
from tests.browser.demo import PATIENCE, Demo, chromium, launched, sign_in

expect.set_options(timeout=PATIENCE)
Window = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="package")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, started by the real launcher; its dreams take nine seconds instead of ninety."""
    with launched(tmp_path_factory.mktemp("demo"), SANDBOX_SPEED="10", SWEEP_SECONDS="1") as found:
        yield found


@pytest.fixture(scope="package")
def passes(browser: Browser, demo: Demo) -> dict[str, Any]:
    """Person -> what their browser keeps once they have signed in."""
    kept = {}
    for person in demos.PEOPLE:
        context = browser.new_context()
        sign_in(context.new_page(), demo, person)
        kept[person] = context.storage_state()
        context.close()
    return kept


@pytest.fixture
def window(browser: Browser, demo: Demo, passes: dict[str, Any]) -> Iterator[Window]:
    """`window("bob")` opens a window in which Bob is signed in, `window()` one in which nobody is.

    Further arguments are those of Playwright's `new_context`. What the browser complained of in any window (an error
    of a script, something the content policy forbids, an answer of 5xx, a request to another host) fails the test.
    """
    complaints: list[str] = []
    opened = []

    def open_window(person: str | None = None, **options: Any) -> Page:
        context = browser.new_context(
            base_url=demo.url, storage_state=passes[person] if person else None, reduced_motion="reduce", **options
        )
        context.set_default_timeout(PATIENCE)
        opened.append(context)
        page = context.new_page()
        watch(page, demo, complaints)
        return page

    yield open_window
    for context in opened:
        context.close()
    assert not complaints, "\n".join(complaints)


def watch(page: Page, demo: Demo, complaints: list[str]) -> None:
    """Write down everything that the browser complains of."""

    def on_console(message: ConsoleMessage) -> None:
        # A page that says 404 or 409 is an answer; the console calls every one of them an error.
        refused = "the server responded with a status of 4" in message.text
        # Nor is a request a fault that was given up for what the person did next; one that failed is a sendError.
        given_up = message.text.startswith(("htmx:sendAbort", "htmx:afterRequest"))
        if message.type in ("error", "warning") and not refused and not given_up:
            complaints.append(f"{page.url}: console: {message.text}")

    def on_response(response: Response) -> None:
        if response.status >= 500:
            complaints.append(f"{response.url}: {response.status}")
        if not response.url.startswith((f"{demo.url}/", "data:")):
            complaints.append(f"{page.url} asked {response.url}")

    page.on("console", on_console)
    page.on("response", on_response)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))


@contextmanager
def not_reloaded(page: Page) -> Iterator[None]:
    """Whatever happens inside happens on the page as it stands: it is neither left nor loaded anew."""
    page.evaluate("() => { window.stayed = true; }")
    yield
    assert page.evaluate("() => window.stayed === true"), f"{page.url} was loaded anew"
