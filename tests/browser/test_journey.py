"""The whole job once, as people do it: dream, follow, review with the keyboard, approve, apply, attach, roll back.

The journey is one test: each step stands on the one before, and a browser shows what only a whole journey can.
"""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Window, not_reloaded
from tests.browser.demo import Demo, sign_in
from tests.browser.inspection import assert_in_order

pytestmark = pytest.mark.browser

STORE = "engineering-conventions"
DEPLOYMENT = "night-watch"
NEEDS_TOKEN = "code-review"  # mounts a repository, whose token the vendor never hands out again


def test_a_dream_is_asked_for_followed_reviewed_applied_attached_and_rolled_back(window: Window, demo: Demo) -> None:
    dave = window()
    sign_in(dave, demo, "dave")
    ask_for_a_dream(dave)
    watch_it_live(dave)

    bob = window()
    sign_in(bob, demo, "bob")
    review_with_the_keyboard(bob)

    before = mounted(demo)
    output = apply_the_plan(dave)
    attach(dave)
    after = mounted(demo)
    changed = [new | {"memory_store_id": old["memory_store_id"]} for old, new in zip(before, after, strict=True)]
    assert changed == before, "more than the store was changed"
    assert [each["memory_store_id"] for each in after if each not in before] == [output]
    assert {memory["path"] for memory in demo.ask_vendor(f"/v1/memory_stores/{output}/memories?limit=100")["data"]}

    roll_back(dave)
    assert mounted(demo) == before


def mounted(demo: Demo) -> list[dict[str, Any]]:
    """What the deployment mounts, as the vendor has it."""
    found = demo.ask_vendor("/v1/deployments")["data"]
    resources: list[dict[str, Any]] = next(each["resources"] for each in found if each["name"] == DEPLOYMENT)
    return resources


def ask_for_a_dream(page: Page) -> None:
    page.get_by_role("navigation", name="Workspace").get_by_role("link", name="Stores").click()
    page.get_by_role("link", name=STORE, exact=True).click()
    page.get_by_role("link", name="New dream").click()
    chosen = page.locator("#picks li:has(input:checked) small")
    count = chosen.count()
    assert count > 0
    assert all(re.match("Mounted this store|Wrote", why) for why in chosen.all_inner_texts()), "each says why"
    expect(page.locator("[data-tally]")).to_have_text(f"{count} of at most 100 sessions")
    page.get_by_label("Instructions").fill("Keep every rule with its reason.")
    page.get_by_role("button", name="Start the dream").click()


def watch_it_live(page: Page) -> None:
    with not_reloaded(page):
        expect(page.locator(".dreaming")).to_contain_text("Dreaming")
        expect(page.locator("#dream")).to_contain_text("tokens so far")
        assert_in_order(page)
        expect(page.locator("#dream-head")).to_contain_text("Ready to review")
        expect(page.locator(".dreaming")).to_have_count(0)
    page.get_by_role("link", name="Show the latest events").click()
    expect(page.locator("#events .turn").first).to_be_visible()


def decided(page: Page, count: int) -> None:
    expect(page.locator("#review-bar .progress span")).to_have_text(re.compile(rf"^{count} of \d+ decided$"))


def review_with_the_keyboard(page: Page) -> None:
    mine = page.get_by_role("listitem").filter(has_text=f"Review the dream of {STORE}")
    mine.get_by_role("link", name="Review", exact=True).click()
    decided(page, 0)
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()
    expect(page.get_by_role("list", name="Lost").get_by_role("listitem").first).to_contain_text("Gone: was in")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("keep the original")
    page.keyboard.press("Escape")
    walk = page.locator("#changes li a")
    total = walk.count()
    assert total >= 4
    with not_reloaded(page):
        title = page.locator("#memory-title")
        first = title.inner_text()
        page.keyboard.press("y")
        decided(page, 1)
        expect(title).not_to_have_text(first)
        page.keyboard.press("x")
        decided(page, 2)
        write_another_text(page)
        decided(page, 3)
        fourth = title.inner_text()
        page.keyboard.press("k")
        expect(title).not_to_have_text(fourth)
        page.keyboard.press("z")
        decided(page, 2)
        for count in range(3, total + 1):
            page.keyboard.press("y")
            decided(page, count)
    expect(page.get_by_role("heading", name="Every change is decided")).to_be_visible()
    assert_in_order(page)
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#review-bar")).to_contain_text("Approved by Bob Okafor")


def write_another_text(page: Page) -> None:
    page.keyboard.press("e")
    text = page.locator("textarea.source").first
    text.fill("# Edited by Bob\n\nRebase before you ask for a review.\n")
    text.press("Control+Enter")


def apply_the_plan(page: Page) -> str:
    """The id of the store that was written to."""
    page.goto("/demo/")
    mine = page.get_by_role("listitem").filter(has_text=f"Apply what was approved for {STORE}")
    mine.get_by_role("link", name="Apply", exact=True).click()
    page.get_by_role("button", name="Plan the writes").click()
    expect(page.get_by_role("heading", name="Plan of writes")).to_be_visible()
    page.get_by_role("link", name="Show what changes in").first.click()
    expect(page.locator(".plan .diff").first).to_be_visible()
    assert_in_order(page)
    page.get_by_role("button", name="Confirm and make").click()
    with not_reloaded(page):
        expect(page.locator(".run-state")).to_contain_text("exactly what was decided")
    assert_in_order(page)
    address = page.get_by_role("link", name="Open the store").get_attribute("href")
    page.get_by_role("link", name="Attach to deployments").click()
    return str(address).split("/")[3]


def attach(page: Page) -> None:
    expect(page.get_by_text("the store still held what the dream read")).to_be_visible()
    expect(page.get_by_role("checkbox", name=NEEDS_TOKEN)).to_be_disabled()
    expect(page.locator(".cards > li").filter(has_text=NEEDS_TOKEN)).to_contain_text("token")
    page.get_by_role("checkbox", name=DEPLOYMENT).check()
    assert_in_order(page)
    page.get_by_role("button", name="Attach what is ticked").click()
    made = page.locator("#made").get_by_role("listitem").filter(has_text=DEPLOYMENT)
    expect(made).to_contain_text("Attached")
    made.get_by_role("link").click()
    expect(page.get_by_role("region", name="Resources before and after").locator("del, ins").first).to_be_visible()


def roll_back(page: Page) -> None:
    page.get_by_role("button", name="Roll back…").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back", exact=True).click()
    with not_reloaded(page):
        expect(page.locator("#attachment")).to_contain_text("read back and found as sent")
    assert_in_order(page)
