"""Every page of the demo: no link leads nowhere, axe finds nothing, nothing sticks out, the console stays empty."""

import io
import re
from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit
from zipfile import ZipFile

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import APIRequestContext, FilePayload, Page, expect

from dreams import urls
from tests.browser.conftest import Window
from tests.browser.demo import Demo
from tests.browser.inspection import assert_in_order, faults_of
from tests.browser.test_waiting_review import open_review

pytestmark = pytest.mark.browser

# They only take POST, or are no pages; /setup/ ends when there is a first admin.
NO_PAGES = {
    *("healthz", "theme", "setup", "store-freshness", "store-refresh", "store-archive", "memory-delete"),
    *("dream-cancel", "dream-review", "change-decide", "change-undo", "review-approve"),
    *("review-reopen", "run-again", "memory-refresh", "version-read", "snapshot-take", "compare-review", "feed-seen"),
    *("run-plan", "run-confirm", "make-current", "attachment-undo", "member-change", "member-link", "workspace-key"),
    "dream-recheck",
}
A_KIND = 4  # so many pages of one kind are asked for: all have links of the same kinds
FILTERS = {"show", "in", "q", "sort", "page"}  # what they let through looks like the rest
LINK = re.compile(r'<a [^>]*?href="([^"#]*)')


def kind_of(address: str) -> str:
    """The name of the URL and what is asked of it: two stores are one kind, a store's tabs are several."""
    parts = urlsplit(address)
    asked = sorted(word.partition("=")[0] for word in parts.query.replace("&amp;", "&").split("&") if word)
    try:
        return "?".join([resolve(parts.path).view_name, *asked])
    except Resolver404:
        return "nothing"


def crawl(asker: APIRequestContext, start: str) -> Iterator[tuple[str, str, int]]:
    """(kind, address, status) of the pages that links lead to from `start`."""
    waiting, seen, count = [start], {start}, defaultdict(int)
    while waiting:
        address = waiting.pop(0)
        kind = kind_of(address)
        count[kind] += 1
        if count[kind] > A_KIND:
            continue
        answer = asker.get(address)
        yield kind, address, answer.status
        for link in LINK.findall(answer.text()):
            found = urljoin(address, link.replace("&amp;", "&"))
            if found.startswith("/") and not found.startswith("/static/") and found not in seen:
                seen.add(found)
                waiting.append(found)


def looked_over(page: Page) -> str:
    """The page of an archive that was sent and of which one file is refused."""
    packed = io.BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("handbook/refunds.md", "# Refunds\n")
        archive.writestr("../outside.md", "Refused.")
    page.goto("/demo/stores/import/")
    files = [FilePayload(name="handbook.zip", mimeType="application/zip", buffer=packed.getvalue())]
    page.get_by_label("A .zip").set_input_files(files)
    page.get_by_role("button", name="Look it over").click()
    expect(page.get_by_role("heading", name="Refused")).to_be_visible()
    return page.url


def purging(page: Page, memory: str) -> str:
    """The page that would make this dashboard forget the text of a memory; a redaction leads there."""
    page.goto(memory)
    said = page.locator(".hash").first.get_attribute("title") or ""
    return f"/demo/texts/{said.removeprefix('sha256 ')}/purge/"


def accept_together(page: Page) -> str:
    """Something is accepted together, unless the review has ended: only then its page is linked from the review, and
    that of what could be, which is returned, is not. Whoever does it takes it back."""
    open_review(page)
    page.goto(address := f"{page.url.partition('?')[0]}accept/moved/")
    if (accept := page.get_by_role("button", name=re.compile("^Accept"))).count():
        accept.click()
        expect(page.get_by_role("heading", name=re.compile("^Accepted: "))).to_be_visible()
    return address


@pytest.mark.timeout(600)  # every kind of page, four times each: long where the machine does other things too
def test_every_page_can_be_reached_read_and_used_by_everybody(window: Window, demo: Demo) -> None:
    page = window("alice")
    found: dict[str, list[str]] = defaultdict(list, {"review-accept": [accept_together(page)]})
    for kind, address, status in crawl(page.request, "/demo/"):
        assert status == 200, f"{address} answered {status}"
        found[kind].append(address)
    found["store-preview"], found["text-purge"] = [looked_over(page)], [purging(page, found["memory-detail"][0])]
    # A dialog asks for the reason; its page is for those without JavaScript who gave none.
    found["review-discard"] = [f"{found['review-detail'][0]}discard/"]
    # One memory by itself is linked where a change has many, or a large one.
    found["change-panel"] = [f"{found['change-detail'][0].partition('?')[0]}memories/0/"]
    names = {kind.partition("?")[0] for kind in found}
    assert {each.name for each in urls.urlpatterns} - names == NO_PAGES
    faults = []
    for kind, addresses in found.items():
        name, *asked = kind.split("?")
        if name.endswith("-download") or (asked and FILTERS.issuperset(asked) and name in found):
            continue
        # Two memories, dreams, reviews differ by what they hold and how they stand; two of the same form do not.
        for address in addresses[: 2 if name.endswith("-detail") and not asked else 1]:
            page.goto(address)
            faults += [f"{address}: {fault}" for fault in faults_of(page)]
    page.goto(found["review-accepted"][0])
    if (back := page.get_by_role("button", name=re.compile("^Take (it|these)"))).count():
        back.click()
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("address", ["/account/login/", "/demo/no-such-page/", "/setup/no-such-token/"])
def test_the_pages_before_and_beside_the_house_are_in_order_too(window: Window, address: str) -> None:
    page = window()
    page.goto(address)
    assert_in_order(page)


def test_a_viewer_sees_why_buttons_are_not_hers(window: Window) -> None:
    page = window("carol")
    page.goto("/demo/dreams/")
    page.get_by_role("link", name="prod-support").first.click()
    page.get_by_role("link", name="Review", exact=True).click()
    expect(page.get_by_role("button", name="Accept")).to_be_disabled()
    assert_in_order(page)
