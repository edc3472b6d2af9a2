"""Every operation killed at every boundary: before and after each request, each write and each transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from dreams.remote import transport
from tests.faults.ground import Ground, Operation, do, must_hold, prepared, restored
from tests.faults.operations import OPERATIONS, ended_at_vendor

pytestmark = pytest.mark.django_db

WRITES = ("INSERT", "UPDATE", "DELETE", "SAVEPOINT")
TOLD = "The process was killed."


class Killed(BaseException):
    """What no handler of ours catches."""


class Life:
    """Counts the boundaries that a process crosses and ends at the one it was told to.

    `hard`: from then on every statement fails, as for a process that is gone; else handlers still run, as for one
    that is asked to stop.
    """

    def __init__(self, ends_at: int | None, *, hard: bool) -> None:
        self.ends_at, self.hard = ends_at, hard
        self.crossed: list[str] = []
        self.inside: list[str] = []  # requests made inside a transaction
        self.over = False
        self.outside = len(connection.savepoint_ids)

    def cross(self, boundary: str) -> None:
        self.crossed.append(boundary)
        if len(self.crossed) == self.ends_at:
            self.over = self.hard
            raise Killed(boundary)

    def statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        verb = sql.split(maxsplit=1)[0]
        if self.over and verb not in ("ROLLBACK", "RELEASE"):
            raise Killed(sql)
        # A transaction that is killed inside is one that never began.
        if verb in WRITES and len(connection.savepoint_ids) == self.outside:
            self.cross(f"before {verb}")
        return execute(sql, params, many, context)

    def send(self, method: Callable[..., Any], *args: Any, **given: Any) -> Any:
        name = method.__qualname__
        if len(connection.savepoint_ids) > self.outside:
            self.inside.append(name)
        self.cross(f"before {name}")
        answer = SEND(method, *args, **given)
        self.cross(f"after {name}")
        return answer


SEND = transport.send


@contextmanager
def living(ends_at: int | None = None, *, hard: bool = True) -> Iterator[Life]:
    """A process that lives so long."""
    life = Life(ends_at, hard=hard)
    transport.send = life.send
    try:
        with connection.execute_wrapper(life.statement):
            yield life
    finally:
        transport.send = SEND


@pytest.fixture(scope="module", params=OPERATIONS, ids=lambda operation: operation.name.replace(" ", "-"))
def operation(request: pytest.FixtureRequest) -> Operation:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def ground(operation: Operation, django_db_setup: None, django_db_blocker: Any) -> Iterator[Ground]:
    with django_db_blocker.unblock(), prepared(operation) as ground:
        yield ground


@pytest.fixture
def whole(operation: Operation, ground: Ground) -> Life:
    """The operation lived to its end."""
    with restored(ground), living() as life:
        assert do(operation, ground) == ""
    return life


def test_no_request_is_sent_inside_a_transaction(whole: Life) -> None:
    assert whole.crossed
    assert whole.inside == []


def changes_nothing(boundary: str) -> bool:
    """Whether what follows a boundary leaves both sides as they were, so that the next one is the same place again."""
    return boundary.startswith("after") or boundary.endswith((".list", ".retrieve"))


@pytest.mark.parametrize("hard", [True, False], ids=["killed", "stopped"])
def test_an_operation_that_ends_anywhere_is_taken_up_again(
    operation: Operation, ground: Ground, whole: Life, hard: bool
) -> None:
    for number, boundary in enumerate(whole.crossed, start=1):
        if number > 1 and (changes_nothing(whole.crossed[number - 2]) if hard else "before SAVE" in boundary):
            continue
        with restored(ground):
            try:
                with living(number, hard=hard), pytest.raises(Killed):
                    do(operation, ground)
                ground.sandbox.state.speed = 1000
                ended_at_vendor(ground)
                ground.settle()
                must_hold(operation, ground, TOLD)
            except BaseException as error:
                error.add_note(f"{operation.name}: ended at boundary {number}, {boundary}")
                raise
