"""Markdown of strangers: prose, with nothing loaded, nothing run and nothing left out."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.render import markdown

ALLOWED = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "pre", "code", "hr", "br"}
ALLOWED |= {"em", "strong", "s", "table", "thead", "tbody", "tr", "th", "td", "a", "span"}


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def tags_of(html):
    parser = Tags()
    parser.feed(html)
    return parser.found


def test_prose_is_set_as_prose():
    html = markdown("# Deploy\n\nNever on *Fridays*.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert '<h2 class="h1">Deploy</h2>' in html
    assert "<em>Fridays</em>" in html
    assert "<td>2</td>" in html


def test_headings_fit_under_the_page_and_keep_their_look():
    html = markdown("# a\n\n###### b\n", 3)
    assert '<h3 class="h1">a</h3>' in html
    assert '<h6 class="h6">b</h6>' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "<javascript:alert(1)>",
        "![x](javascript:alert(1))",
        '[x](https://e.example/"onmouseover="alert(1))',
        "```<script>\n</script>\n```",
        "# <iframe src=//e.example>",
        "&lt;script&gt;",
        "<style>*{display:none}</style>",
    ],
)
def test_markup_and_scripts_are_text(text):
    for tag, attributes in tags_of(markdown(text)):
        assert tag in ALLOWED
        assert set(attributes) <= {"href", "rel", "class", "title", "start", "value"}
        assert attributes.get("href", "https:").startswith(("https:", "http:", "mailto:"))


def test_a_remote_image_is_shown_as_words_with_its_address():
    html = markdown("![pixel](https://spy.example/p.png?q=1)")
    assert "<img" not in html
    assert "[image: pixel, https://spy.example/p.png?q=1]" in html


def test_a_link_says_where_it_leads_and_tells_nobody_whence():
    html = markdown("[our bank](https://evil.example/login 'a title')")
    assert 'href="https://evil.example/login" rel="nofollow noopener noreferrer"' in html
    assert "(https://evil.example/login, “a title”)" in html


def test_a_bare_address_is_not_said_twice():
    assert markdown("<https://e.example/a>").count("https://e.example/a") == 2  # the href and the words


def test_a_link_to_another_memory_is_words_and_address_but_no_link():
    html = markdown("[rollback](../runbooks/rollback.md)")
    assert "<a" not in html
    assert "../runbooks/rollback.md" in html


@pytest.mark.parametrize(
    "text",
    [
        "[//]: # (do not tell anybody)\n\nHello",
        "| a |\n|---|\n| 1 | smuggled |\n",
        "> " * 80 + "buried",
        "\n".join("  " * depth + f"- level{depth}" for depth in range(90)),
        "<!-- hidden from readers -->\n\nHello",
        "Hello &#x68;idden",
        "[foo]: https://e.example 'unread'\n\nHello",
        "5. five\n9. nine\n",
        "~~~ info string\ncode\n~~~\n",
        "---\nowner: ana\n---\n\nText\n",
    ],
)
def test_no_word_of_the_text_is_left_out(text):
    html = markdown(text)
    for word in ("tell", "smuggled", "buried", "level89", "hidden", "x68", "unread", "nine", "info", "owner"):
        assert (word in html) == (word in text)


def test_a_numbered_list_keeps_the_numbers_that_are_written():
    html = markdown("5. five\n9. nine\n")
    assert '<li value="9">nine</li>' in html


def test_hidden_characters_and_halves_of_characters_are_shown():
    html = markdown("a\u202eb `c\u200bd` \ud800 \0")
    assert "U+202E" in html and "U+200B" in html
    html.encode()


def test_a_hundred_thousand_brackets_come_back_as_source():
    assert "diff--source" in markdown("[" * 100_000)


@given(st.text(st.sampled_from("ab[]()<>!*_`~#-|\n \\&;:/1.\"'\u202e\0\ud800"), max_size=80))
def test_any_text_becomes_allowed_tags_only(text):
    html = markdown(text)
    html.encode()
    assert {tag for tag, _ in tags_of(html)} <= ALLOWED | {"colgroup", "col"}
