"""Markdown as HTML one may look at: no markup of the author's own, no image, no address that hides behind words."""

import re
from collections import Counter
from collections.abc import Sequence
from html import escape, unescape

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from dreams.render.tables import source
from dreams.render.visible import visible

_REL = "nofollow noopener noreferrer"
# The parser looks for the end of each bracket from each bracket: 100,000 of them would take seconds.
_MAX_BRACKETS = 4_000
_SURROGATE = re.compile("[\ud800-\udfff]")
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)\n---[ \t]*(?:\n|$)", re.DOTALL)
_FOLLOWED = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_ITEM_NUMBER, _TAG, _WORD = re.compile(r'<li value="(\d+)">'), re.compile("<[^>]*>"), re.compile(r"[^\W_]+")
_TAGS = {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "pre", "code", "hr", "br"),
    *("em", "strong", "s", "table", "thead", "tbody", "tr", "th", "td", "a", "span"),
}
_ATTRIBUTES = {"a": {"href"}, "span": {"class", "title"}, "ol": {"start"}, "li": {"value"}}
_ATTRIBUTES |= {f"h{level}": {"class"} for level in range(1, 7)}


def markdown(text: str, top: int = 2) -> SafeString:
    """A memory as prose, to stand in an element `.prose`; its first heading level becomes `top`, so that it fits under
    the page's own headings (the class says which it was). HTML in it is shown as text; images are text with their
    address; links show where they lead, and only http, https and mailto can be followed. Where Markdown would leave
    out a word of the text (cells too many, quotes too deep), its numbered source comes back instead."""
    if text.count("[") > _MAX_BRACKETS:
        return source(text)
    text = _SURROGATE.sub("\ufffd", text)
    front = _FRONT_MATTER.match(text)
    head = f"<pre><code>{visible(front[1])}</code></pre>" if front else ""
    html = head + _parser.render(text[front.end() :] if front else text, {"top": top})
    if Counter(_WORD.findall(text)) - Counter(_WORD.findall(_read(html))):
        return source(text)
    # Escaped piece by piece; whatever a mistake above would let through is cleaned away here.
    schemes = {"http", "https", "mailto"}
    clean = nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=schemes, link_rel=_REL)
    return mark_safe(clean)  # noqa: S308


def _read(html: str) -> str:
    """What a reader sees of our own HTML."""
    return unescape(_TAG.sub(" ", _ITEM_NUMBER.sub(r" \1 ", html)))


class _Prose(RendererHTML):
    """Writes every text through `visible`, and links and images as what they are."""

    def text(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return visible(tokens[idx].content)

    def code_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"<code>{visible(tokens[idx].content)}</code>"

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"<pre><code>{visible(tokens[idx].content)}</code></pre>\n"

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        language = f'<span class="faint">{visible(tokens[idx].info.strip())}</span>\n' if tokens[idx].info else ""
        return f"<pre>{language}<code>{visible(tokens[idx].content)}</code></pre>\n"

    def heading_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'<h{_level(tokens[idx], env)} class="{tokens[idx].tag}">'

    def heading_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"</h{_level(tokens[idx], env)}>\n"

    def list_item_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        # The number that is written there: Markdown itself would count on from the first one.
        return f'<li value="{int(tokens[idx].info)}">' if tokens[idx].info else "<li>"

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        words = visible(tokens[idx].content or "without words")
        return f'<span class="address">[image: {words}, {_address(tokens[idx], "src")}]</span>'

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        href = str(tokens[idx].attrs.get("href", ""))
        return f'<a href="{escape(_normal(href))}">' if _FOLLOWED.match(href) else "<span>"

    def link_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        opening = next(t for t in reversed(tokens[:idx]) if t.type == "link_open" and t.level == tokens[idx].level)
        end = "</a>" if _FOLLOWED.match(str(opening.attrs.get("href", ""))) else "</span>"
        if opening.info == "auto":  # <https://…>: its words are its address
            return end
        return f'{end} <span class="address">({_address(opening, "href")})</span>'


def _level(token: Token, env: EnvType) -> int:
    top: int = env["top"]
    return min(6, int(token.tag[1]) + top - 1)


def _address(token: Token, name: str) -> str:
    title = str(token.attrs.get("title", ""))
    return visible(str(token.attrs.get(name, ""))) + (f", “{visible(title)}”" if title else "")


_parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 60}, renderer_cls=_Prose)
_parser.enable(["table", "strikethrough"])
# A definition nobody refers to is Markdown's way to hide a line; an entity shows another letter than is written.
_parser.disable(["reference", "entity"])
_normal = _parser.normalizeLink
_parser.normalizeLink = str  # type: ignore[assignment, method-assign]  # addresses are shown as they are written
_parser.normalizeLinkText = str  # type: ignore[assignment, method-assign]
