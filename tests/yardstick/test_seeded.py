"""Harms sown into notes that are otherwise word for word the same are found, and hardly anything else is an alarm."""

from collections import Counter

import pytest

from tests.yardstick.labels import OPEN, Dream, plain
from tests.yardstick.seeded import LOST, Found, judge, sow

SEEDS = range(4)


@pytest.fixture(scope="module")
def found() -> list[Found]:
    return [judge(Dream(name).after, seed) for name in OPEN for seed in SEEDS]


def total(found: list[Found], lost: bool) -> float:
    sown, hit = (sum((getattr(each, row) for each in found), Counter()) for row in ("sown", "hit"))
    kinds = [kind for kind in sown if (kind == LOST) == lost]
    return sum(hit[kind] for kind in kinds) / sum(sown[kind] for kind in kinds)


def test_nearly_all_that_is_dropped_is_lost(found: list[Found]) -> None:
    assert sum(each.sown[LOST] for each in found) >= 40
    assert total(found, lost=True) >= 0.99, [missed for each in found for missed in each.missed]


def test_nearly_all_that_says_something_else_now_is_altered(found: list[Found]) -> None:
    assert len({kind for each in found for kind in each.sown}) >= 8
    assert total(found, lost=False) >= 0.97, [missed for each in found for missed in each.missed]


def test_another_dress_is_hardly_ever_an_alarm(found: list[Found]) -> None:
    alarms = sum(len(each.false) for each in found)
    assert 10 * alarms <= sum(each.changed for each in found), [false for each in found for false in each.false]


def test_a_seed_sows_the_same_harms_each_time_and_what_it_says_of_them_is_so() -> None:
    before = Dream(OPEN[0]).after
    after, sown = sow(before, 1)
    assert (after, sown) == sow(before, 1)
    text = plain(" ".join(after.values()).replace("’", "'"))
    for harm in sown:
        assert harm.old in before[harm.path]
        assert not harm.new or plain(harm.new.replace("’", "'")) in text
