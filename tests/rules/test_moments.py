"""Moments: spelt in addresses, and a store as it was, told only as far as its versions tell it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.rules.moments import Gap, Head, Moment, Written, as_of, parse_moment, spell_time

T0 = datetime(2026, 11, 20, 10, tzinfo=UTC)


def at(minute: float) -> datetime:
    return T0 + timedelta(minutes=minute)


@pytest.mark.parametrize(
    "said",
    [
        "now:memstore_x",
        "snapshot:12",
        "at:memstore_x:2026-11-20T10:00Z",
        "at:memstore_x:2026-11-20T10:00:07Z",
        "at:memstore_x:2026-11-20T10:00:07.000120Z",
    ],
)
def test_a_moment_is_spelt_as_it_was_read(said: str) -> None:
    assert str(parse_moment(said)) == said


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("at:x:2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("at:x:2026-11-20T10:00", T0),
        ("at:x:2026-11-20T12:00+02:00", T0),
        ("at:x:2026-11-20T12:00 02:00", T0),  # a plus that was not escaped
    ],
)
def test_times_are_read_in_every_zone(said: str, moment: datetime) -> None:
    assert parse_moment(said) == Moment("at", "x", moment)


@pytest.mark.parametrize(
    "said",
    [
        *("", "now", "now:", "then:x", "at:x", "at::2026-11-20", "at:x:", "at:x:soon", "at:x:99999-01-01"),
        *("at:x:0001-01-01T00:00+14:00", "snapshot:", "snapshot:-1", "snapshot:1.5", "snapshot:" + "9" * 19),
        *("now:memstore\0x", "at:memstore\0x:2026-11-20"),  # PostgreSQL takes no NUL
    ],
)
def test_what_is_no_moment_is_none(said: str) -> None:
    assert parse_moment(said) is None


def test_what_was_not_touched_since_is_as_it_is_now() -> None:
    then = as_of(at(5), [Head("m", "/a.md", "s1", at(0), at(1))], [])
    assert (then.held, then.told_by, then.uncertain, then.whole) == ({"/a.md": "s1"}, {}, [], True)


def test_a_memory_that_changed_and_moved_since_is_told_by_its_last_version_before() -> None:
    heads = [Head("m", "/new.md", "s3", at(0), at(9))]
    versions = [
        Written("v1", "m", "created", "/a.md", "s1", at(0)),
        Written("v2", "m", "modified", "/a.md", "s2", at(3)),
        Written("v3", "m", "modified", "/new.md", "s3", at(9)),
    ]
    then = as_of(at(5), heads, versions)
    assert (then.held, then.told_by) == ({"/a.md": "s2"}, {"/a.md": "v2"})


def test_what_was_born_since_is_not_there_and_what_died_since_is() -> None:
    versions = [
        Written("v1", "born", "created", "/born.md", "s1", at(6)),
        Written("v2", "died", "created", "/died.md", "s2", at(1)),
        Written("v3", "died", "deleted", "/died.md", "", at(7)),
        Written("v4", "dead", "created", "/dead.md", "s3", at(1)),
        Written("v5", "dead", "deleted", "/dead.md", "", at(2)),
    ]
    then = as_of(at(5), [Head("born", "/born.md", "s1", at(6), at(6))], versions)
    assert (then.held, then.uncertain) == ({"/died.md": "s2"}, [])


def test_a_redacted_or_forgotten_version_makes_its_path_uncertain() -> None:
    heads = [Head("m", "/a.md", "s2", at(0), at(9)), Head("n", "/b.md", "s4", at(0), at(9))]
    versions = [
        Written("v1", "m", "created", "", "", at(0)),
        Written("v2", "m", "modified", "/a.md", "s2", at(9)),
        Written("v4", "n", "modified", "/b.md", "s4", at(9)),
    ]
    assert as_of(at(5), heads, versions).uncertain == ["/a.md", "/b.md"]


@pytest.mark.parametrize("old", ["", "/was.md"])
def test_a_memory_that_moved_since_is_uncertain_where_it_stands_now_as_well(old: str) -> None:
    """Else restoring the moment would remove it there without putting it back anywhere."""
    heads = [Head("m", "/now.md", "s2", at(0), at(9))]
    versions = [
        Written("v1", "m", "created", old, "", at(0)),
        Written("v2", "m", "modified", "/now.md", "s2", at(9)),
    ]
    assert as_of(at(5), heads, versions).uncertain == sorted({"/now.md", old} - {""})
    gap = [Gap(at(2), at(8))]
    known = [Written("v1", "m", "created", "/was.md", "s1", at(0)), versions[1]]
    assert as_of(at(5), heads, known, gap).uncertain == ["/now.md", "/was.md"]


def test_a_gap_hides_only_what_it_may_have_changed() -> None:
    heads = [Head("calm", "/calm.md", "c", at(0), at(1)), Head("busy", "/busy.md", "b3", at(0), at(9))]
    versions = [
        Written("v1", "busy", "created", "/busy.md", "b1", at(0)),
        Written("v3", "busy", "modified", "/busy.md", "b3", at(9)),
        Written("v4", "lost", "created", "/lost.md", "l", at(1)),  # gone now, its end is not known
    ]
    gap = [Gap(at(3), at(7))]
    before, within, behind = (as_of(at(minute), heads, versions, gap) for minute in (2, 5, 8))
    assert before.held == {"/busy.md": "b1", "/calm.md": "c", "/lost.md": "l"}
    assert (before.whole, within.whole, behind.whole) == (True, False, True)
    assert within.held == behind.held == {"/calm.md": "c"}
    assert within.uncertain == behind.uncertain == ["/busy.md", "/lost.md"]


def test_before_the_known_history_begins_something_may_be_missing() -> None:
    assert not as_of(at(1), [], [], known_from=at(2)).whole
    assert as_of(at(2), [], [], known_from=at(2)).whole


writes = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["write", "move", "delete"]), st.integers(0, 5)), max_size=30
)


@given(writes, st.integers(0, 31))
def test_a_known_history_tells_every_moment_exactly(history: list[tuple[int, str, int]], when: int) -> None:
    """Plays random writes forward and compares each moment with what stood there."""
    live: dict[str, Head] = {}
    versions: list[Written] = []
    states = [dict[str, str]()]
    born = 0
    names: dict[int, str] = {}
    for minute, (number, act, value) in enumerate(history, start=1):
        id = names.get(number, "")
        if act == "delete" and id:
            gone = live.pop(id)
            versions.append(Written(f"v{minute}", id, "deleted", gone.path, "", at(minute)))
            del names[number]
        elif act != "delete":
            new = not id
            if new:
                born += 1
                id = names[number] = f"mem{born}"
            old = live.get(id)
            path = f"/{number}/{value}.md" if act == "move" or old is None else old.path
            created = at(minute) if old is None else old.created_at
            live[id] = Head(id, path, f"sha{minute}", created, at(minute))
            operation = "created" if new else "modified"
            versions.append(Written(f"v{minute}", id, operation, path, f"sha{minute}", at(minute)))
        states.append({head.path: head.sha for head in live.values()})
    then = as_of(at(min(when, len(history)) + 0.5), live.values(), reversed(versions))
    assert then.held == states[min(when, len(history))]
    assert (then.uncertain, then.whole) == ([], True)


def test_times_are_spelt_in_utc() -> None:
    assert spell_time(T0) == "2026-11-20T10:00Z"
