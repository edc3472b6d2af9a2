"""States move only along their tables, and the drawing of the tables is current."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from dreams.rules.dream_states import DREAM_STATES
from dreams.rules.review_states import REVIEW_STATES
from dreams.rules.states import StateTable
from tests.faults.ground import Ground, do, prepared, restored
from tests.faults.operations import OPERATIONS

TABLES = [DREAM_STATES, REVIEW_STATES]
TRIGGER = """CREATE TRIGGER log_{noun} AFTER UPDATE OF state ON dreams_{noun} WHEN OLD.state <> NEW.state
BEGIN INSERT INTO moves VALUES ('{noun}', OLD.state, NEW.state); END"""


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.noun)
def test_a_table_names_only_states_it_has_and_leaves_no_state_without_a_way(table: StateTable) -> None:
    states = set(table.words)
    used = {state for step in table.steps for state in (*step.sources, step.target)}
    assert used == states
    assert table.final <= states
    assert not any(step.sources & table.final for step in table.steps)
    assert {state for step in table.steps for state in step.sources} | table.final == states
    assert len({step.name for step in table.steps}) == len(table.steps)


def test_the_drawing_is_current() -> None:
    call_command("draw_states", check=True)


def test_a_stale_drawing_is_noticed(tmp_path: Any, settings: Any) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs").mkdir()
    with pytest.raises(CommandError, match="draw_states"):
        call_command("draw_states", check=True)
    call_command("draw_states")
    call_command("draw_states", check=True)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["launch", "follow", "cancel", "apply"])
def test_no_row_takes_a_step_that_is_not_in_its_table(name: str) -> None:
    """The database itself writes every move down, with a lost answer and without."""
    if connection.vendor != "sqlite":
        pytest.skip("The trigger is written for SQLite.")
    (operation,) = [each for each in OPERATIONS if each.name == name]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE moves (noun, old, new)")
        for table in TABLES:
            cursor.execute(TRIGGER.format(noun=table.noun).replace("CREATE", "CREATE TEMP"))
        with prepared(operation) as ground:
            for faults in ([], [{"kind": "drop_after_commit"}], [{"kind": "status", "status": 401}]):
                moves = seen(ground, operation, faults)
                allowed = {
                    (table.noun, source, step.target)
                    for table in TABLES
                    for step in table.steps
                    for source in step.sources
                }
                assert moves
                assert moves <= allowed
        for table in TABLES:
            cursor.execute(f"DROP TRIGGER log_{table.noun}")
        cursor.execute("DROP TABLE moves")


def seen(ground: Ground, operation: Any, faults: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """The moves of one run, from the preparation on."""
    with restored(ground), connection.cursor() as cursor:
        ground.sandbox.faults(faults)
        do(operation, ground)
        ground.sandbox.state.speed = 1000
        ground.settle()
        cursor.execute("SELECT noun, old, new FROM moves")
        return set(cursor.fetchall())
