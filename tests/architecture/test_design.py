"""The design holds together: every drawing, state and token that is named exists, and nothing a strict CSP forbids."""

import re
from pathlib import Path

import pytest

from dreams.models import ApplyRun, ApplyStep, Attachment
from dreams.rules.dream_states import DREAM_STATES
from dreams.rules.review_states import CHANGE_WORDS, REVIEW_STATES

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STYLES = sorted((ROOT / "static/css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static/js").glob("*.js"))
DRAWN = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static/icons/sprite.svg").read_text()))
ENUMS = (ApplyRun.State, ApplyStep.State, Attachment.State)
STATES = {
    *DREAM_STATES.words,
    *REVIEW_STATES.words,
    *CHANGE_WORDS,
    *(state for enum in ENUMS for state in enum.values),
}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("state", sorted(STATES))
def test_every_state_has_a_shape(state: str) -> None:
    assert f"s-{state}" in DRAWN


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_a_template_names_only_drawings_that_exist(path: Path) -> None:
    text = path.read_text()
    named = re.findall(r'_icon\.html" with [^%]*?name="([\w-]+)"', text)
    used = re.findall(r"#([iks]-[\w-]+)", text)
    assert {f"i-{name}" for name in named} | set(used) <= DRAWN


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_a_template_holds_nothing_that_the_content_policy_forbids(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", path.read_text(), flags=re.DOTALL)
    assert not re.search(r"<[^>]+\sstyle=", text)
    assert not re.search(r"<[^>]+\s(on\w+|hx-on[\w:-]*)=", text)
    assert "<style" not in text
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert "javascript:" not in text
    assert not re.search(r"""(src|href|action)=["']https?://""", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_a_comment_of_a_template_ends_on_its_line(path: Path) -> None:
    """Django reads `{# … #}` within one line only; a longer one would be shown to people."""
    assert all(line.count("{#") == line.count("#}") for line in path.read_text().splitlines())


def test_every_token_that_is_used_is_defined() -> None:
    text = "".join(path.read_text() for path in STYLES)
    used = set(re.findall(r"var\((--[\w-]+)\)", text))
    assert used <= set(re.findall(r"(--[\w-]+):", text))


def test_colours_are_named_in_the_tokens_only() -> None:
    for path in STYLES:
        if path.name != "tokens.css":
            raw = re.findall(r"#[0-9a-f]{3,8}\b|(?:oklch|rgb|hsl)a?\([\d.]+ [^)]*\)", path.read_text())
            assert raw == [], relative(path)


@pytest.mark.parametrize("path", [*STYLES, *SCRIPTS], ids=relative)
def test_a_file_of_the_design_stays_short_and_at_home(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400
    assert not re.search(r"url\(|@import|https?://", text)
