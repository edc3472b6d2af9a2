"""The map of what became of what: every end once, each a link to its change, inert whatever the paths hold."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from dreams.render.map import Strand, draw_map

STRANDS = [
    Strand(1, "merged", "/ana.md", "/people/ana.md", 2),
    Strand(1, "merged", "/ana-more.md", "/people/ana.md", 2),
    Strand(2, "split", "/all.md", "/one.md"),
    Strand(2, "split", "/all.md", "/two.md"),
    Strand(3, "moved", "/old.md", "/new.md"),
    Strand(4, "removed", "/gone.md", "", 1),
    Strand(5, "added", "", "/fresh.md"),
]
SVG = "{http://www.w3.org/2000/svg}"


def drawn(strands: list[Strand]) -> ElementTree.Element:
    """The drawing as XML, which it must be to the letter."""
    html = draw_map(strands, lambda change: f"/changes/{change}/?a=1&b=2")
    return ElementTree.fromstring(html.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def links(svg: ElementTree.Element) -> list[tuple[str, str, str]]:
    """(address, title, words) of each end in order."""
    return [
        (str(link.get("href")), str(link.findtext(f"{SVG}title")), "".join(link.find(f"{SVG}text").itertext()))  # type: ignore[union-attr]
        for link in svg.iter(f"{SVG}a")
    ]


def test_every_path_stands_once_and_leads_to_its_change() -> None:
    found = links(drawn(STRANDS))
    assert [(address[9], words) for address, _, words in found] == [
        ("1", "/ana-more.md"),
        ("1", "/ana.md"),
        ("1", "/people/ana.md 2 lost"),
        ("2", "/all.md"),
        ("2", "/one.md"),
        ("2", "/two.md"),
        ("3", "/old.md"),
        ("3", "/new.md"),
        ("4", "/gone.md 1 lost"),
        ("5", "/fresh.md"),
    ]
    assert [title for _, title, _ in found][-2:] == ["/gone.md, gone", "/fresh.md, new"]


def test_every_strand_is_a_line_of_its_kind() -> None:
    kinds = [path.get("data-kind") for path in drawn(STRANDS).iter(f"{SVG}path")]
    assert kinds == ["merged", "merged", "split", "split", "moved", "removed", "added"]


def test_old_paths_end_at_the_left_and_new_ones_begin_at_the_right() -> None:
    anchors = {text.text: text.get("text-anchor") for text in drawn(STRANDS).iter(f"{SVG}text")}
    assert (anchors["/old.md"], anchors["/new.md"]) == ("end", "start")


def test_it_has_a_name_and_says_where_its_words_are() -> None:
    svg = drawn(STRANDS)
    assert svg.get("role") == "group"
    assert svg.findtext(f"{SVG}title") and "list below" in str(svg.findtext(f"{SVG}desc"))
    assert {svg.get("aria-labelledby"), svg.get("aria-describedby")} == {
        svg.find(f"{SVG}title").get("id"),  # type: ignore[union-attr]
        svg.find(f"{SVG}desc").get("id"),  # type: ignore[union-attr]
    }


def test_a_long_path_keeps_its_end_and_tells_the_whole_as_title() -> None:
    path = "/a" * 40 + "/the-name.md"
    ((_, title, words), *_) = links(drawn([Strand(1, "moved", path, "/b.md")]))
    assert title == path
    assert words.startswith("…") and words.endswith("/the-name.md") and len(words) == 50


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_path_is_never_markup_and_equal_strands_give_equal_bytes(old: str, new: str) -> None:
    strands = [Strand(1, "moved", f"/{old}", f"/{new}")]
    svg = drawn(strands)
    assert {element.tag.removeprefix(SVG) for element in svg.iter()} <= {
        *("svg", "title", "desc", "path", "circle", "a", "text")
    }
    assert all(not name.startswith("on") and name != "style" for element in svg.iter() for name in element.attrib)
    assert draw_map(strands, str) == draw_map(list(strands), str)
    assert "\u202e" not in draw_map(strands, str)
