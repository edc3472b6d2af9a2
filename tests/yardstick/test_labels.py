"""The labels hold together: every statement stands where it is said to, is labelled once, with words of the lists."""

import re
from collections import Counter

import pytest

from tests.yardstick import labels
from tests.yardstick.labels import OPEN, PUT_ASIDE, Dream, Statement, plain

# A statement that more memories hold than this says nothing of their lineage.
BOILERPLATE = 4
# What may stand between two statements: list markers, heading marks, quotes, table rules, fences and blanks.
MARKUP = re.compile(r"(?:\s|[-#>*+|:`]|\d{1,3}[.)](?=\s)|(?<=```)\w+)*")


@pytest.fixture(scope="module", params=[*OPEN, *PUT_ASIDE])
def dream(request: pytest.FixtureRequest) -> Dream:
    return Dream(request.param)


def by_path(statements: dict[str, Statement]) -> dict[str, list[Statement]]:
    found: dict[str, list[Statement]] = {}
    for statement in statements.values():
        found.setdefault(statement.path, []).append(statement)
    return found


def uncovered(text: str, statements: list[Statement]) -> list[str]:
    """What of a text is in no statement, and statements that are not where they should be."""
    wrong = []
    at = 0
    for statement in statements:
        found = re.compile(r"\s+".join(map(re.escape, statement.text.split()))).search(text, at)
        if not found:
            wrong.append(f"not there: {statement.text}")
            continue
        if not MARKUP.fullmatch(text, at, found.start()):
            wrong.append(f"unlabelled: {text[at : found.start()]!r}")
        if text.count("\n", 0, found.start()) + 1 != statement.line:
            wrong.append(f"on another line: {statement.text}")
        at = found.end()
    if not MARKUP.fullmatch(text, at):
        wrong.append(f"unlabelled: {text[at:]!r}")
    return wrong


@pytest.mark.parametrize("side", ["before", "after"])
def test_the_statements_of_a_memory_are_its_whole_text_in_their_order(dream: Dream, side: str) -> None:
    texts = dream.before if side == "before" else dream.after
    statements = by_path(dream.olds if side == "before" else dream.news)
    assert statements.keys() == texts.keys()
    assert {path: wrong for path, text in texts.items() if (wrong := uncovered(text, statements[path]))} == {}


def test_every_statement_has_one_label_and_every_word_is_of_its_list(dream: Dream) -> None:
    assert len(dream.olds) == sum(len(file["statements"]) for file in dream.labels["before"])
    assert len(dream.news) == sum(len(file["statements"]) for file in dream.labels["after"])
    assert {old.fate for old in dream.olds.values()} <= set(labels.FATES)
    assert {old.why for old in dream.olds.values() if old.fate == "gone"} <= set(labels.WHYS)
    assert {new.origin for new in dream.news.values()} <= set(labels.ORIGINS)
    for link in dream.links.values():
        assert link.band in labels.BANDS
        assert {*link.kinds, *link.may} <= set(labels.KINDS)
        assert link.trap in ("", *labels.TRAPS)
        assert link.drops in ("", *labels.DROPS)


def test_a_fate_is_what_the_links_say(dream: Dream) -> None:
    sources = Counter()
    for link in {(plain(dream.olds[old].text), new) for old, new in dream.links}:
        sources[link[1]] += 1
    for old in dream.olds.values():
        verbatim = [dream.news[link.new] for link in old.to if link.band == "verbatim"]
        if any(new.path == old.path for new in verbatim):
            expected = "kept"
        elif verbatim:
            expected = "moved"
        elif any(sources[link.new] > 1 for link in old.to):
            expected = "merged"
        else:
            expected = "reworded" if old.to else "gone"
        assert old.fate == expected, old


def test_what_is_gone_says_why_and_only_what_is_superseded_says_by_what(dream: Dream) -> None:
    for old in dream.olds.values():
        assert bool(old.why) == (old.fate == "gone"), old
        assert old.harmful == (old.why == "harm"), old
        assert bool(old.instead) == (old.why == "superseded"), old
        assert set(old.instead) <= dream.news.keys(), old


def test_a_new_statement_has_sources_or_says_why_it_has_none(dream: Dream) -> None:
    assert {new for _, new in dream.links} == {new.id for new in dream.news.values() if new.origin == "sourced"}


def test_verbatim_means_the_same_words_and_every_other_band_does_not(dream: Dream) -> None:
    for (old, new), link in dream.links.items():
        same = plain(dream.olds[old].text) == plain(dream.news[new].text)
        assert same == (link.band == "verbatim"), (dream.olds[old].text, dream.news[new].text)


def test_a_harm_names_its_kinds_and_a_trap_is_no_harm(dream: Dream) -> None:
    for link in dream.links.values():
        assert not (link.harmful and not link.kinds), link
        assert not (link.trap and (link.kinds or link.band == "verbatim")), link
        assert not (link.false_merge and not link.harmful), link
        assert not set(link.kinds) & set(link.may), link


def test_the_lineage_is_one_that_the_statements_bear_out(dream: Dream) -> None:
    flows = {(dream.olds[old].path, dream.news[new].path) for old, new in dream.links}
    removed, added = dream.before.keys() - dream.after.keys(), dream.after.keys() - dream.before.keys()
    gone, come = set(), set()
    for each in dream.lineage["moved"]:
        assert (each["old"], each["new"]) in flows
        gone.add(each["old"])
        come.add(each["new"])
    for each in dream.lineage["merged"]:
        assert len(each["olds"]) > 1
        assert {(old, each["new"]) for old in each["olds"]} <= flows
        assert (each["new"] in each["olds"]) == (each["new"] in dream.before)
        gone.update(set(each["olds"]) - {each["new"]})
        come.update({each["new"]} - dream.before.keys())
    for each in dream.lineage["split"]:
        assert len(each["news"]) > 1
        assert {(each["old"], new) for new in each["news"]} <= flows
        assert (each["old"] in each["news"]) == (each["old"] in dream.after)
        gone.update({each["old"]} - dream.after.keys())
        come.update(set(each["news"]) - {each["old"]})
    assert gone <= removed
    assert come == added


def test_a_lineage_follows_the_half_of_a_memory_and_every_half_is_followed(dream: Dream) -> None:
    """Headings and boilerplate aside, as README.md says."""
    held = Counter(old.text for old in dream.olds.values())
    telling = [old for old in dream.olds.values() if old.kind != "heading" and held[old.text] <= BOILERPLATE]
    size = Counter(old.path for old in telling)
    flow = Counter((old.path, path) for old in telling for path in {dream.news[link.new].path for link in old.to})
    into: Counter[str] = Counter()
    for (_, path), count in flow.items():
        into[path] += count
    one = {(each["old"], each["new"]) for each in dream.lineage["moved"]}
    one |= {(old, each["new"]) for each in dream.lineage["merged"] for old in each["olds"] if old not in dream.after}
    parts = {(each["old"], new) for each in dream.lineage["split"] for new in each["news"] if new != each["old"]}
    for old, new in one:
        assert 2 * flow[old, new] >= size[old], (old, new)
    for old, new in parts:
        assert 2 * flow[old, new] >= into[new], (old, new)
    for (old, new), count in flow.items():
        if old not in dream.after and 2 * count >= size[old]:
            assert (old, new) in one | parts


def test_contradictions_are_between_two_statements_of_the_output(dream: Dream) -> None:
    assert dream.contradictions
    assert all(len(pair) == 2 and pair <= dream.news.keys() for pair in dream.contradictions)


def test_together_they_are_many_and_hold_every_harm_and_every_trap() -> None:
    dreams = [Dream(name) for name in (*OPEN, *PUT_ASIDE)]
    assert len(dreams) >= 4
    assert sum(len(dream.before) for dream in dreams) >= 230
    links = [link for dream in dreams for link in dream.links.values()]
    assert {kind for link in links if link.harmful for kind in link.kinds} == set(labels.KINDS)
    assert {link.band for link in links if link.harmful} == set(labels.BANDS) - {"verbatim"}
    assert {link.trap for link in links} == {"", *labels.TRAPS}
    assert any(link.false_merge for link in links)
    for dream in dreams:
        assert {"invented", "injected"} <= {new.origin for new in dream.news.values()}
        assert any(old.harmful for old in dream.olds.values())
        assert all(1 <= len(found) <= 16 for found in by_path(dream.olds).values())
