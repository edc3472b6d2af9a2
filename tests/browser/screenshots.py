"""`python -m tests.browser.screenshots`: makes the pictures of README.md from a demo that was just started."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, expect

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from tests.browser.demo import ROOT, Demo, chromium, launched, sign_in  # noqa: E402
from tests.servers import wait_until  # noqa: E402

# A rule that forbade something and now orders it: what the product is for, on one screen.
CHANGE = "/policies/data-requests.md"


def shoot(browser: Browser, demo: Demo, theme: str, file: Path) -> None:
    """The waiting review at CHANGE, as Bob sees it."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme=theme, reduced_motion="reduce"  # type: ignore[arg-type]
    )
    page = context.new_page()
    sign_in(page, demo, "bob")
    page.get_by_role("link", name="Review", exact=True).first.click()
    page.locator("#changes li a").filter(has_text=CHANGE).click()
    expect(page.locator("#memory-title .path")).to_have_text(CHANGE)
    wait_until(lambda: settled(page), 120)
    page.evaluate("() => document.fonts.ready")
    page.screenshot(path=file)
    context.close()
    print(f"{file.relative_to(ROOT)}, {file.stat().st_size // 1000} kB")


def settled(page: Page) -> bool:
    """Whether what is read behind the page is there: what the base did meanwhile, and what the sessions say."""
    page.reload(wait_until="networkidle")
    said = page.locator("#about").get_by_text("sessions read.")
    return bool(page.locator("#base-drift").count() and said.count())


def main() -> None:
    """Write docs/review.png and docs/review-dark.png."""
    with TemporaryDirectory() as folder, chromium() as browser, launched(Path(folder), SANDBOX_SPEED="10") as demo:
        shoot(browser, demo, "light", ROOT / "docs/review.png")
        shoot(browser, demo, "dark", ROOT / "docs/review-dark.png")


if __name__ == "__main__":
    main()
