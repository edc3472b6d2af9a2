"""What holds on every page, in both themes, on a wide and a narrow screen: axe finds nothing, nothing sticks out."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize

WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 380, "height": 800}
# A theme moves nothing: what is there to see in the dark is told by its colours.
DARK = {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]}
LIGHT = {"resultTypes": ["violations"]}

# The widest things that stick out of the page at the right; what scrolls by itself inside its own box does not.
STICKING_OUT = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > width + 1)
    .slice(0, 3).map((e) => e.outerHTML.slice(0, 160));
}"""


def assert_in_order(page: Page) -> None:
    """The page as it stands has no fault."""
    faults = faults_of(page)
    assert not faults, "\n".join([page.url, *faults])


def faults_of(page: Page) -> list[str]:
    """Everything wrong with the page as it stands, a line each; leaves it wide and light."""
    page.evaluate(AXE_SCRIPT)
    found = []
    for size, name in ((WIDE, "wide"), (NARROW, "narrow")):
        page.set_viewport_size(size)
        found += [f"{name}: sticks out: {each}" for each in page.evaluate(STICKING_OUT)]
        for theme, options in (("light", LIGHT), ("dark", DARK)):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            result = page.evaluate("(options) => axe.run(document, options)", options)
            found += [f"{name}, {theme}: {words}" for words in violations(result)]
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")
    return found


def violations(result: dict[str, Any]) -> list[str]:
    """What axe found, one line for each rule with its first places."""
    lines = []
    for each in result["violations"]:
        places = [f"{node['target']} {node['html'][:160]} ({node['failureSummary'][:300]})" for node in each["nodes"]]
        lines.append(f"{each['id']} ({each['impact']}), {len(places)} times: " + "; ".join(places[:2]))
    return lines
