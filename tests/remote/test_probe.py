"""The probe: it only reads unless told, tells differences, and leaves nothing behind."""

from collections.abc import Iterator

import pytest

from dreams.remote import errors, probe, probe_writes
from dreams.remote.gateway import Gateway
from dreams.remote.probe import NOT_SETTLED, Check, NotSettled, Probe, Seen, verdict
from tests.sandbox_server import Sandbox


@pytest.fixture(scope="module")
def world() -> Iterator[Sandbox]:
    with Sandbox(demo=True) as server:
        yield server


@pytest.fixture
def gateway(world: Sandbox) -> Iterator[Gateway]:
    yield Gateway("k", base_url=world.url)
    world.faults([])


def names(world: Sandbox) -> set[str]:
    return {store["name"] for store in world.state.all("store")}


def test_reading_only_reads_and_settles_nearly_all(gateway: Gateway, world: Sandbox) -> None:
    world.requests(clear=True)
    seen = dict(probe.run(Probe(gateway), probe.READS))
    assert {asked["method"] for asked in world.requests()} == {"GET"}
    assert len(seen) == len(probe.READS)
    assert [question for question, what in seen.items() if what.facts.startswith("no ")] == []
    open_ones = {question for question, what in seen.items() if what.facts == NOT_SETTLED}
    assert open_ones <= {"update_existing: how its writes are found"}
    assert seen["limit=101"].facts == "400 invalid_request_error x-should-retry false"
    assert seen["a dream's output: ids of the copies"].facts == "fresh ids"


def test_writing_leaves_nothing_behind(gateway: Gateway, world: Sandbox) -> None:
    before = names(world)
    with probe_writes.scratch_store(gateway) as store_id:
        assert len(names(world) - before) == 1
        seen = dict(probe.run(Probe(gateway), probe_writes.checks(store_id)))
    assert names(world) == before
    assert not any(what.facts == NOT_SETTLED for what in seen.values())
    assert seen["an update that changes nothing"].facts == "200, same id, same version"
    assert seen["a precondition that fails"].facts.startswith("409 memory_precondition_failed_error")


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "POST", "path": "/v1/memory_stores", "kind": "drop_after_commit"},
        {"method": "DELETE", "path": "/v1/memory_stores/*", "kind": "drop_after_commit"},
        {"method": "DELETE", "path": "/v1/memory_stores/*", "kind": "status", "status": 503, "times": 2},
    ],
)
def test_the_scratch_store_goes_even_when_the_line_is_cut(
    fault: dict[str, object], gateway: Gateway, world: Sandbox
) -> None:
    before = names(world)
    world.faults([fault])
    try:
        with probe_writes.scratch_store(gateway):
            pass
    except errors.Dropped:
        assert fault["method"] == "POST"
    assert names(world) == before


def test_the_scratch_store_goes_when_the_probe_itself_fails(gateway: Gateway, world: Sandbox) -> None:
    before = names(world)
    with pytest.raises(ZeroDivisionError), probe_writes.scratch_store(gateway):
        raise ZeroDivisionError
    assert names(world) == before


def test_a_scratch_store_that_cannot_be_deleted_is_named(gateway: Gateway, world: Sandbox) -> None:
    fault = {"method": "DELETE", "path": "/v1/memory_stores/*", "kind": "status", "status": 503, "times": None}
    with pytest.raises(probe_writes.CannotDelete) as caught, probe_writes.scratch_store(gateway) as store_id:
        world.faults([fault])
    assert caught.value.store_ids == [store_id]
    world.faults([])
    gateway.delete_store(store_id)


def test_a_key_without_dreams_settles_the_rest(world: Sandbox) -> None:
    seen = dict(probe.run(Probe(Gateway("nodreams", base_url=world.url)), probe.READS))
    assert seen["whether dreams are offered"].facts.startswith("404 not_found_error")
    assert seen["a dream's output: ids of the copies"].facts == "no usable answer (NotEnrolled)"
    assert seen["order of versions"].facts == "newest first"


def test_an_answer_of_another_shape_is_a_fact_and_the_next_question_is_asked(gateway: Gateway) -> None:
    def raising(error: Exception) -> Check:
        def ask(probe: Probe) -> Seen:
            raise error

        return Check("?", ask)

    failures = [KeyError("data"), NotSettled("nothing there"), errors.Malformed("x"), TypeError()]
    seen = [what for _, what in probe.run(Probe(gateway), [raising(error) for error in failures])]
    assert [what.facts for what in seen] == [
        "an answer of another shape than documented",
        NOT_SETTLED,
        "no usable answer (Malformed)",
        "an answer of another shape than documented",
    ]


def test_only_facts_make_a_difference() -> None:
    assert verdict(Seen("400", "one wording"), Seen("400", "another")) == "same"
    assert verdict(Seen("400"), Seen("404")) == "differs"
    assert verdict(Seen(NOT_SETTLED), Seen("404")) == NOT_SETTLED
