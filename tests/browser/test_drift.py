"""An agent goes on writing while a review is open: one decision needs another look, both edits go into the editor.

It leaves the review as undecided as it found it: other tests decide the same one."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Window
from tests.browser.demo import Demo
from tests.browser.inspection import assert_in_order
from tests.browser.test_waiting_review import open_review
from tests.servers import wait_until

pytestmark = pytest.mark.browser

PATH, CONFLICT = "/customers/altamar-cafe.md", "/customers/kettle-and-vane.md"
BOTH = re.compile(r"before her: Douglas Penhale.*Deputy: Osric Penrose", re.DOTALL)
WRITES = """@user
The café is paid on Wednesdays now.
@edit /customers/altamar-cafe.md
- Payouts weekly, Thursdays.
==>
- Payouts weekly, Wednesdays.
@write /carriers/customs-note.md
The customs office wants the tariff number on every label.
@agent
Noted.
"""


def test_what_an_agent_writes_meanwhile_is_shown_beside_the_dream(window: Window, demo: Demo) -> None:
    page = window("bob")
    open_review(page)
    show(page, PATH)
    page.get_by_role("button", name="Accept y").click()
    expect(page.locator("#messages")).to_be_attached()

    agent_works(demo)
    wait_until(lambda: bool(page.reload() and page.get_by_text("needs another look").count()), 60)
    notice = page.locator("#base-drift")
    expect(notice).to_contain_text("changed: no overlapping edits found")
    expect(notice).to_contain_text("/carriers/customs-note.md added: only the base moved")
    expect(page.locator(".topline").first).to_contain_text("the base moved")

    show(page, PATH)
    expect(page.locator("#clash")).to_contain_text("Needs another look: the base moved under it.")
    expect(page.locator("#clash")).to_contain_text("had it accepted.")
    expect(page.locator("#clash ins")).to_have_text("Wednesdays")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".memory-head")).to_contain_text("Undecided")

    show(page, CONFLICT)
    expect(page.locator("#clash")).to_contain_text("Word by word both edits fit")
    page.get_by_role("link", name="Take both").click()
    expect(page.locator("textarea.source").first).to_have_value(BOTH)
    page.get_by_role("link", name="Look at them").or_(page.get_by_role("link", name="All ")).first.click()
    expect(page.get_by_role("heading", name="What the base did meanwhile")).to_be_visible()
    assert_in_order(page)


def show(page: Page, path: str) -> None:
    with page.expect_response(re.compile("/changes/")):
        page.locator("#changes li a", has_text=path.rpartition("/")[2]).first.click()
    expect(page.locator("#memory-title .path")).to_have_text(path)


def agent_works(demo: Demo) -> None:
    asked = json.dumps({"deployment": "support-triage", "title": "Paid on Wednesdays", "transcript": WRITES}).encode()
    with urllib.request.urlopen(f"{demo.vendor_url}/_sandbox/session", asked) as answer:
        assert answer.status == 200
