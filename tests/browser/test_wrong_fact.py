"""Living with memory, without a dream: an agent writes a wrong fact, a person finds the turn and undoes it."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Window
from tests.browser.demo import Demo
from tests.browser.inspection import assert_in_order
from tests.servers import wait_until

pytestmark = pytest.mark.browser

STORE, PATH, TITLE = "prod-support", "/carriers/brennero.md", "A pallet waits at the ramp"
WRONG = """@user
The driver says that he may wait for an hour and a half. Is that so?
@read /carriers/brennero.md
@edit /carriers/brennero.md
at the ramp is 30 minutes
==>
at the ramp is 90 minutes
@agent
Noted: 90 minutes are free.
"""


def test_a_wrong_fact_is_seen_in_the_feed_traced_to_its_turn_and_undone(window: Window, demo: Demo) -> None:
    before = text_at_vendor(demo)
    agent_works(demo)
    assert text_at_vendor(demo) == before.replace("30 minutes", "90 minutes")

    page = window("dave")
    see_it_in_the_feed(page)
    find_the_turn(page)
    restore(page)
    assert text_at_vendor(demo) == before


def text_at_vendor(demo: Demo) -> str:
    stores = demo.ask_vendor("/v1/memory_stores?limit=100")["data"]
    store = next(each["id"] for each in stores if each["name"] == STORE)
    found = demo.ask_vendor(f"/v1/memory_stores/{store}/memories?path_prefix=/carriers/&view=full&limit=20")["data"]
    return next(str(memory["content"]) for memory in found if memory["path"] == PATH)


def agent_works(demo: Demo) -> None:
    asked = json.dumps({"deployment": "support-triage", "title": TITLE, "transcript": WRONG}).encode()
    with urllib.request.urlopen(f"{demo.vendor_url}/_sandbox/session", asked) as answer:
        assert answer.status == 200


def see_it_in_the_feed(page: Page) -> None:
    page.goto("/demo/stores/")
    page.get_by_role("link", name=STORE, exact=True).first.click()
    page.get_by_role("button", name="Refresh").click()
    page.get_by_role("link", name="Changes", exact=True).last.click()
    write = page.locator(".feed li[id^=write-]").first
    expect(write).to_have_attribute("data-unread", "")
    expect(write.locator("del")).to_have_text("30")
    expect(write.locator("ins")).to_have_text("90")
    assert_in_order(page)
    page.goto("/demo/changes/")
    wait_until(lambda: bool(page.reload() and page.get_by_role("link", name=TITLE).count()), 30)
    page.get_by_role("link", name=PATH).first.click()


def find_the_turn(page: Page) -> None:
    page.get_by_role("link", name=re.compile("versions", re.I)).first.click()
    expect(page.locator("#compare ins").first).to_have_text("90")
    assert_in_order(page)
    page.get_by_role("link", name="Open the turn").click()
    call = page.locator(f"[id='{page.url.partition('#')[2]}']")
    expect(call).to_be_in_viewport()
    expect(call).to_contain_text("90 minutes")
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    assert_in_order(page)
    page.go_back()


def restore(page: Page) -> None:
    page.get_by_role("link", name="Restore…").first.click()
    expect(page.locator(".diff ins").first).to_have_text("30")
    assert_in_order(page)
    page.get_by_role("button", name="Restore it").click()
    expect(page.locator("#messages")).to_contain_text("holds the text of")
