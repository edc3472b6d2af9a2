"""Every vendor call of every operation, answered wrongly in every way: done once or a sentence, and nothing lost."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.factories import until
from tests.faults.ground import Ground, Operation, do, must_hold, prepared, restored, vendor_calls
from tests.faults.operations import OPERATIONS

pytestmark = pytest.mark.django_db

SLOW = {"kind": "slow", "seconds": 0.4}
KINDS: dict[str, dict[str, Any]] = {
    "429": {"kind": "status", "status": 429, "retry_after": 7},
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503, "retry_after": 2},
    "529": {"kind": "status", "status": 529},
    "401": {"kind": "status", "status": 401},
    "404": {"kind": "status", "status": 404},
    "reset": {"kind": "reset"},
    "drop after commit": {"kind": "drop_after_commit"},
    "slow": SLOW,
    "html": {"kind": "malformed", "body": "html"},
    "bad json": {"kind": "malformed", "body": "bad_json"},
    "{}": {"kind": "malformed", "body": "empty_object"},
    "repeated cursor": {"kind": "malformed", "body": "repeat_cursor", "times": 2},
}
# The gateway answers these with the same error class (tests/remote): one of each kin is enough for mere reads.
KIN = {"503", "529", "html", "bad json", "slow", "drop after commit"}


@pytest.fixture(scope="module", params=OPERATIONS, ids=lambda operation: operation.name.replace(" ", "-"))
def operation(request: pytest.FixtureRequest) -> Operation:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def ground(operation: Operation, django_db_setup: None, django_db_blocker: Any) -> Iterator[Ground]:
    with django_db_blocker.unblock(), prepared(operation) as ground:
        ground.kept["calls"] = vendor_calls(operation, ground)
        yield ground


@pytest.mark.parametrize("kind", KINDS)
def test_an_operation_survives_each_of_its_calls_going_wrong(
    operation: Operation, ground: Ground, kind: str, settings: Any
) -> None:
    for number, call in enumerate(ground.kept["calls"], start=1):
        if call.startswith("GET") and (kind in KIN and number > 1):
            continue
        with restored(ground):
            settings.VENDOR_DEADLINE_SECONDS = 0.2 if kind == "slow" else 20
            # A delay of no seconds lets the calls before the one that is meant pass.
            pass_by = {"kind": "slow", "seconds": 0, "times": number - 1}
            ground.sandbox.faults([pass_by, KINDS[kind]])
            try:
                said = do(operation, ground)
                settings.VENDOR_DEADLINE_SECONDS = 20
                ground.sandbox.faults([])
                if kind == "slow":
                    ground.sweep(lists=False)  # looked for before it is there
                    arrived(ground)
                ended(ground)
                ground.settle()
                must_hold(operation, ground, said)
            except BaseException as error:
                error.add_note(f"{operation.name}: {kind} at call {number}, {call}")
                raise


def arrived(ground: Ground) -> None:
    """What was given up on has come in after all."""
    until(lambda: all(asked["status"] for asked in ground.sandbox.requests()), lambda: time.sleep(0.01))


def ended(ground: Ground) -> None:
    """What runs at the vendor has come to its end."""
    from tests.faults.operations import ended_at_vendor

    ground.sandbox.state.speed = 1000
    ended_at_vendor(ground)
