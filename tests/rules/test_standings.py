"""What is broken about a deployment or a roster, in sentences that say what to do; what is well has none."""

from typing import Any

import pytest

from dreams.rules.standings import (
    Mounted,
    Trouble,
    deployment_troubles,
    mounted_stores,
    other_resources,
    paused_words,
    roster_trouble,
    schedule_words,
    upcoming_runs,
)


def troubles(*stores: Mounted, **more: Any) -> list[Trouble]:
    about: dict[str, Any] = {"agent_name": "Quill", "agent_archived": False, "pinned": 3, "newest": 3}
    return deployment_troubles(stores, **{**about, **more})


FINE = Mounted("notes", "", 1_799, writes=True)


def test_a_deployment_that_is_well_has_none() -> None:
    assert troubles(FINE) == []
    assert troubles() == []
    assert troubles(pinned=None) == troubles(newest=None) == []


@pytest.mark.parametrize(
    ("store", "tone", "words"),
    [
        (Mounted("notes", "archived", 5, writes=True), "bad", "notes is archived"),
        (Mounted("notes", "gone", 5, writes=False), "bad", "notes was deleted"),
        (Mounted("memstore_1", "unknown", 0, writes=True), "warn", "not in the list"),
        (Mounted("notes", "", 1_800, writes=True), "warn", "1,800 of 2,000 memories: soon"),
        (Mounted("notes", "", 2_000, writes=True), "bad", "2,000 of 2,000 memories: agents can add none"),
        (Mounted("notes", "", 5, writes=True, successor="notes 2"), "warn", "that is notes 2"),
    ],
)
def test_a_store_that_fails_or_soon_will_is_named(store: Mounted, tone: str, words: str) -> None:
    (trouble,) = troubles(store)
    assert trouble.tone == tone and words in trouble.text
    assert trouble.advice.endswith(".")


def test_a_full_store_that_is_only_read_is_no_trouble() -> None:
    assert troubles(Mounted("notes", "", 2_000, writes=False)) == []


def test_the_worst_comes_first() -> None:
    found = troubles(*[FINE] * 8, pinned=2, newest=4, agent_archived=False)
    assert [trouble.tone for trouble in found] == ["warn", "warn"]
    assert "version 2 of Quill; the newest is 4" in found[0].text
    assert "8 memory stores" in found[1].text
    found = troubles(*[FINE] * 7, Mounted("old", "archived", 1, writes=True), agent_archived=True)
    assert [trouble.tone for trouble in found] == ["bad", "bad", "warn"]


def test_a_member_of_a_roster_that_cannot_be_called_is_named() -> None:
    fine: dict[str, Any] = {"archived": False, "known": True, "pinned": 2, "newest": 2}
    assert roster_trouble("Quill", **fine) is None
    for change, words in (
        ({"known": False}, "not among"),
        ({"archived": True}, "archived"),
        ({"newest": 3}, "version 2; the newest is 3"),
    ):
        trouble = roster_trouble("Quill", **{**fine, **change})
        assert trouble and words in trouble.text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("manual", "Somebody paused it"),
        ("error: memory_store_archived_error", "a memory store that it mounts is archived"),
        ("error: brand_new_error", "the vendor says: error: brand new error."),
        ("", "It is paused."),
    ],
)
def test_why_it_is_paused_is_said(reason: str, words: str) -> None:
    assert words in paused_words(reason)


def test_a_schedule_is_told_as_it_is() -> None:
    cron = {"type": "cron", "expression": "0 4 * * *", "timezone": "UTC", "upcoming_runs_at": ["2026-11-01", 5]}
    assert schedule_words(cron) == "0 4 * * * in UTC"
    assert schedule_words({"type": "lunar"}) == "lunar"
    assert schedule_words({}) == ""
    assert upcoming_runs(cron) == ["2026-11-01"]


def test_resources_of_any_kind_are_told_apart() -> None:
    resources: list[Any] = [
        {"type": "memory_store", "memory_store_id": "memstore_1"},
        {"type": "memory_store", "memory_store_id": "memstore_2", "access": "read_only", "instructions": "Read."},
        {"type": "memory_store", "memory_store_id": None},
        {"type": "github_repository", "url": "https://example.com/x"},
        {},
        None,
    ]
    assert mounted_stores(resources) == [("memstore_1", "read_write", ""), ("memstore_2", "read_only", "Read.")]
    assert other_resources(resources) == ["github repository https://example.com/x", "something", "something"]
