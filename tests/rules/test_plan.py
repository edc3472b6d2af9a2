"""Plans of writes, run against a small store that enforces the vendor's rules."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.rules import plan
from dreams.rules.paths import ancestors
from dreams.rules.plan import Held, Step, counts, plan_digest, plan_writes


class Store:
    """Refuses what the vendor refuses: path conflicts, a wrong precondition, one memory too many."""

    def __init__(self, held: dict[str, Held], limit: int) -> None:
        self.held = dict(held)
        self.limit = limit

    def write(self, step: Step) -> None:
        if step.op == "create":
            assert step.memory_id == step.expected_sha == ""
            assert len(self.held) < self.limit, "the store is full"
            assert step.path not in self.held, "the path is taken"
            assert not any(above in self.held for above in ancestors(step.path)), "below a memory"
            assert not any(step.path in ancestors(path) for path in self.held), "above a memory"
            self.held[step.path] = Held("new", step.target_sha)
            return
        assert self.held[step.path] == Held(step.memory_id, step.expected_sha), "precondition"
        if step.op == "delete":
            assert step.target_sha == ""
            del self.held[step.path]
        else:
            self.held[step.path] = Held(step.memory_id, step.target_sha)


def run(current: dict[str, Held], wanted: dict[str, str], limit: int) -> list[Step]:
    steps = plan_writes(current, wanted)
    store = Store(current, limit)
    for step in steps:
        store.write(step)
    assert {path: held.sha256 for path, held in store.held.items()} == wanted
    assert [step.position for step in steps] == list(range(1, len(steps) + 1))
    return steps


def consistent(paths: Sequence[str]) -> list[str]:
    """The paths, without those that a shorter one shadows."""
    kept: list[str] = []
    for path in sorted(set(paths), key=lambda path: (path.count("/"), path)):
        if not any(above in kept for above in ancestors(path)):
            kept.append(path)
    return kept


PATHS = st.lists(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts)),
    max_size=12,
).map(consistent)


@given(PATHS, PATHS, st.data())
def test_after_all_steps_the_store_holds_what_was_wanted_and_no_rule_was_broken(
    now: list[str], then: list[str], data: st.DataObject
) -> None:
    shas = st.sampled_from(["1" * 64, "2" * 64])
    current = {path: Held(f"mem{number}", data.draw(shas)) for number, path in enumerate(now)}
    wanted = {path: data.draw(shas) for path in then}
    limit = data.draw(st.integers(max(len(now), len(then), 1), 20))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "MAX_MEMORIES", limit)
        run(current, wanted, limit)


def test_nothing_to_do_is_no_step() -> None:
    assert plan_writes({"/a": Held("m", "1")}, {"/a": "1"}) == []


def test_creates_come_first_and_deletes_last() -> None:
    steps = run(
        {"/gone": Held("m1", "1"), "/kept": Held("m2", "2"), "/edit": Held("m3", "3")},
        {"/kept": "2", "/edit": "4", "/new": "5"},
        2_000,
    )
    assert [(step.op, step.path) for step in steps] == [
        ("create", "/new"),
        ("update", "/edit"),
        ("delete", "/gone"),
    ]
    assert counts(steps) == {"create": 1, "update": 1, "delete": 1}


def test_only_the_delete_that_blocks_a_create_goes_before_it() -> None:
    steps = run({"/a": Held("m1", "1"), "/z": Held("m2", "2")}, {"/a/b": "3"}, 2_000)
    assert [(step.op, step.path) for step in steps] == [
        ("delete", "/a"),
        ("create", "/a/b"),
        ("delete", "/z"),
    ]


def test_a_full_store_makes_just_the_room_it_needs() -> None:
    current = {f"/{number:04}": Held(f"m{number}", "1") for number in range(2_000)}
    wanted = {path: held.sha256 for path, held in current.items() if path > "/0004"} | {"/new": "2"}
    steps = run(current, wanted, 2_000)
    assert [step.op for step in steps] == ["delete", "create"] + ["delete"] * 4


def test_the_digest_changes_with_any_member_of_any_step() -> None:
    (step,) = plan_writes({}, {"/a": "1"})
    digests = {
        plan_digest(steps)
        for steps in (
            [],
            [step],
            [step, step],
            [replace(step, target_sha="2")],
            [replace(step, path="/\ud800")],
        )
    }
    assert len(digests) == 5
