"""Search in a browser: reached by its key from any page, answering while one types, and without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Window

pytestmark = pytest.mark.browser


def box(page: Page) -> None:
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search memories")).to_be_focused()


def test_the_key_leads_from_any_page_to_what_is_looked_for(window: Window) -> None:
    page = window("carol", viewport={"width": 1360, "height": 900})
    page.goto("/demo/dreams/")
    box(page)
    page.keyboard.type("escalation level*")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/demo/search/\?q=escalation"))
    expect(page.locator(".hits mark").first).to_be_visible()
    page.locator(".hits h2 a").first.click()
    expect(page).to_have_url(re.compile(r"/memories/"))


def test_it_answers_while_one_types_and_the_way_back_leads_through_the_answers(window: Window) -> None:
    page = window("carol")
    page.goto("/demo/search/")
    words = page.get_by_role("searchbox", name="Words to look for")
    expect(words).to_be_focused()
    words.press_sequentially("payouts")
    expect(page.locator(".hits li").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"q=payouts"))
    words.fill("nowhereatall")
    expect(page.get_by_text("Nothing holds all of that")).to_be_visible()
    page.get_by_label("also what is gone").check()
    expect(page).to_have_url(re.compile(r"removed=1"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"q=nowhereatall(?!.*removed=1)"))


def test_without_javascript_the_box_and_the_filters_work(window: Window) -> None:
    page = window("carol", java_script_enabled=False, viewport={"width": 1360, "height": 900})
    page.goto("/demo/stores/")
    page.get_by_role("searchbox", name="Search memories").fill("payouts")
    page.keyboard.press("Enter")
    expect(page.locator(".hits li").first).to_be_visible()
    page.get_by_label("Path begins with").fill("/runbooks/")
    page.get_by_role("button", name="Search").click()
    for path in page.locator(".hits .path").all_inner_texts():
        assert path.startswith("/runbooks/")


@pytest.mark.parametrize("width", [380, 768, 1024, 1360])
def test_the_bar_fits_and_search_is_one_step_away(window: Window, width: int) -> None:
    page = window("alice", viewport={"width": width, "height": 800})
    page.goto("/demo/agents/")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("/")
    if width < 640:
        expect(page).to_have_url(re.compile(r"/demo/search/$"))
    else:
        expect(page.get_by_role("searchbox", name="Search memories")).to_be_focused()
        nav = page.get_by_role("navigation", name="Workspace")
        assert nav.evaluate("e => e.scrollWidth <= e.clientWidth")
