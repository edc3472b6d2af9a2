"""The list of a review in a browser: walked with keys, filtered by words, and never a complaint in the console."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Window
from tests.browser.test_waiting_review import open_review

pytestmark = pytest.mark.browser


def shown(page: Page) -> str:
    return (page.locator("#memory-title .path").text_content() or "").strip()


def test_keys_walk_the_list_and_its_mark_follows(window: Window) -> None:
    page = window("carol")
    open_review(page)
    page.locator("#changes li a").first.click()
    first = shown(page)
    for key, back in (("j", "k"), ("]", "[")):
        page.keyboard.press(key)
        expect(page.locator("#memory-title .path")).not_to_have_text(first)
        expect(page.locator("#changes li a[aria-current] .name")).to_have_text(shown(page))
        page.keyboard.press(back)
        expect(page.locator("#memory-title .path")).to_have_text(first)
        expect(page.locator("#changes li a[aria-current] .name")).to_have_text(first)


def test_typing_an_old_path_finds_where_it_went_and_what_follows_stays_within_it(window: Window) -> None:
    page = window("carol")
    open_review(page)
    page.keyboard.press("f")
    page.keyboard.type("kettle_vane_old")
    expect(page.locator("#changes li")).to_have_count(1)
    expect(page.locator("#changes .was").last).to_contain_text("kettle_vane_old.md")
    expect(page.locator("#review-filters")).to_contain_text("All 1")
    page.locator("#changes li a").click()
    expect(page).to_have_url(re.compile("q=kettle_vane_old"))
    page.reload()
    expect(page.locator("#changes li")).to_have_count(1)


def test_what_stayed_unfolds_and_each_end_of_the_map_leads_to_its_change(window: Window) -> None:
    page = window("carol")
    open_review(page)
    before = page.locator("#changes li").count()
    page.locator("#changes .further a").focus()
    page.locator("details.folded summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("details.folded li").first).to_be_visible()
    assert page.locator("#changes li").count() > before
    page.get_by_role("link", name="Summary and map").click()
    page.locator(".lineage-map a").first.click()
    expect(page.locator("#memory-title")).to_be_visible()


def test_a_decision_made_while_another_memory_is_on_its_way_holds_for_what_was_seen(window: Window) -> None:
    page = window("bob")
    open_review(page)
    page.locator("#changes li a").filter(has_text="tienda-olmo").first.click()
    expect(page.locator("#memory-title .path")).to_have_text(re.compile("tienda-olmo"))
    on_its_way: list[Route] = []
    given_up: list[str] = []
    page.route("**/changes/*/", lambda route: on_its_way.append(route))
    page.on("requestfailed", lambda request: given_up.append(request.url))
    page.locator("#changes li a").filter(has_text="maison-aubrac").first.click()
    page.get_by_label("go on after a decision").uncheck()
    page.get_by_role("button", name="Keep original").click()
    expect(page.locator(".memory-head")).to_contain_text("Kept original")
    expect(page.locator("#memory-title .path")).to_have_text(re.compile("tienda-olmo"))
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".memory-head")).to_contain_text("Undecided")
    page.get_by_label("go on after a decision").check()
    assert given_up == [route.request.url for route in on_its_way]


def test_a_narrow_page_has_the_list_instead_of_the_map(window: Window) -> None:
    page = window("carol", viewport={"width": 380, "height": 800})
    open_review(page)
    page.get_by_role("link", name="Summary and map").click()
    expect(page.locator(".lineage-map")).to_be_hidden()
    expect(page.locator("#map .lineage").first).to_be_visible()


@pytest.mark.parametrize("width", [380, 1000, 1280])
def test_no_name_in_the_list_is_cut(window: Window, width: int) -> None:
    page = window("carol", viewport={"width": width, "height": 800})
    open_review(page)
    names = page.locator("#changes .file")
    assert names.count() >= 10
    cut = "all => all.filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.textContent)"
    assert names.evaluate_all(cut) == []


@pytest.mark.parametrize("width", [380, 1280])
def test_the_list_opens_at_the_change_that_is_shown(window: Window, width: int) -> None:
    page = window("carol", viewport={"width": width, "height": 800})
    open_review(page)
    page.goto(page.locator("#changes li a").nth(25).get_attribute("href") or "")
    row = page.locator("#changes a[aria-current]")
    expect(row).to_have_count(1)
    inside = """(row) => {
        const [here, list] = [row, row.closest("nav")].map((each) => each.getBoundingClientRect());
        return here.top >= list.top && here.bottom <= list.bottom;
    }"""
    page.wait_for_function(inside, arg=row.element_handle())
    assert page.evaluate("() => scrollY") == 0
