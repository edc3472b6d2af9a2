"""The review that waits in the demo: its page points at all ten harms, and it is carried out without JavaScript."""

import re
import tomllib

import pytest
from playwright.sync_api import Page, expect

from sandbox.world import WORLD
from tests.browser.conftest import Window
from tests.servers import wait_until

pytestmark = pytest.mark.browser

STORE = "prod-support"
HARMS = tomllib.loads((WORLD / "dreams/review/harms.toml").read_text("utf-8"))["harm"]


def open_review(page: Page) -> None:
    page.goto("/demo/dreams/")
    page.get_by_role("row").filter(has_text=STORE).get_by_role("link", name=STORE, exact=True).click()
    # "Open the review" once it was applied: these tests come in any order.
    page.get_by_role("link", name=re.compile("^(Review|Open the review)$")).click()
    expect(page.get_by_role("heading", name=f"Review of {STORE}")).to_be_visible()


def plain(text: str) -> str:
    return text.replace("*", "").rstrip(".")


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: f"{harm['kind']} {harm['path_before']}")
def test_the_page_points_at_each_harm(window: Window, harm: dict[str, str]) -> None:
    page = window("carol")
    open_review(page)
    paths = {harm["path_before"], harm["path_after"]} - {""}
    listed = page.locator("#changes li a").all()
    # A memory that was merged away is listed under the one that took it in.
    rows = [row for row in listed if row.locator(".name").text_content() in paths] or listed
    pointed_out: list[str] = []
    for row in rows:
        row.click()
        expect(page.locator("#memory-title .path")).to_have_text(row.locator(".name").text_content() or "")
        pointed_out += page.locator(".losses q").all_inner_texts()
    said = plain(" ".join(pointed_out))
    assert plain(harm["text_before"]) in said
    if harm["kind"] != "false_merge":  # the twin's facts are lost, which is what raises the alarm
        assert plain(harm["text_after"]) in said


def test_it_is_decided_approved_planned_and_applied_without_javascript(window: Window) -> None:
    page = window("alice", java_script_enabled=False)
    open_review(page)
    page.get_by_role("link", name="Edit e", exact=True).click()
    page.locator("textarea.source").first.fill("# Written without a script\n")
    page.get_by_role("button", name="Save as edited").click()
    total = still_undecided(page)
    page.get_by_role("button", name="Keep original").click()
    assert still_undecided(page) == total - 1
    page.get_by_role("link", name="that only moved").click()
    page.get_by_role("button", name=re.compile("^Accept (it|these)")).click()
    page.get_by_role("link", name="On with the review").click()
    while left := still_undecided(page):
        page.get_by_role("button", name="Accept y", exact=True).click()
        expect(page.locator("#messages")).to_contain_text(f"{left - 1} left" if left > 1 else "every change")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#review-bar")).to_contain_text("Approved by Alice Reyes")

    page.get_by_role("button", name="Plan the writes").click()
    page.get_by_role("link", name="Show what changes in").first.click()
    expect(page.locator(".plan .diff").first).to_be_visible()
    page.get_by_role("button", name="Confirm and make").click()
    wait_until(lambda: look_again(page), 60)
    expect(page.locator(".run-state")).to_contain_text("exactly what was decided")


def still_undecided(page: Page) -> int:
    decided, total = re.findall(r"\d+", page.locator("#review-bar .progress span").inner_text())
    return int(total) - int(decided)


def look_again(page: Page) -> bool:
    """Whether there is nothing more to wait for; else one more look."""
    more = page.get_by_role("link", name="Look again")
    if more.count() == 0:
        return True
    more.click()
    return False
