"""What is written for strangers holds: links lead somewhere, the demo's people and password are the real ones."""

import re
from pathlib import Path

import pytest

from dreams.management.commands.seed_demo import PASSWORD, PEOPLE

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("sandbox/**/README.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_lead_to_files_that_exist(page: Path) -> None:
    named = re.findall(r"\]\(([^)#]+)[^)]*\)|(?:src|srcset)=\"([^\"]+)\"", page.read_text())
    local = [place for pair in named for place in pair if place and ":" not in place]
    assert [place for place in local if not (page.parent / place).exists()] == []


def test_the_people_of_the_demo_are_those_of_the_readme() -> None:
    told = re.findall(r"^\| `(\w+)@example\.com` \| (\w+) \|", README, re.MULTILINE)
    assert sorted(told) == sorted((name, role) for name, _, role in PEOPLE)
    assert f"`{PASSWORD}`" in README


def test_the_readme_is_short_and_its_pictures_are_small() -> None:
    assert README.count("\n") <= 130
    assert all(picture.stat().st_size < 300_000 for picture in ROOT.glob("docs/*.png"))
