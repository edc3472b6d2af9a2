"""What is read from a good answer, and what makes an answer bad."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from dreams.remote import errors
from dreams.remote.gateway import Gateway
from dreams.remote.records import (
    Actor,
    Agent,
    Deployment,
    Dream,
    Event,
    Identity,
    Memory,
    Mount,
    Outcome,
    Session,
    Store,
    Thread,
    Usage,
    Version,
)
from tests.remote import examples as e
from tests.remote.calls import ALL, READS, Case
from tests.remote.scripted import Scripted, answer, in_turn

AT = datetime(2026, 11, 1, 9, tzinfo=UTC)
LISTS = [case for case in READS if case.lists]
ONE_PAGE = ("identity", "newest_version", "newest_events", "versions_since")
PAGED = [case for case in LISTS if case.name not in ONE_PAGE]


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_every_call_reads_its_good_answer(case: Case, vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = answer(case.good)
    case.call(gateway)
    assert len(vendor.asked) == 1


def test_each_record_holds_what_the_vendor_said(vendor: Scripted, gateway: Gateway) -> None:
    def read(case: str, good: Any = None) -> Any:
        found = next(one for one in READS if one.name == case)
        vendor.script = answer(good or found.good)
        got = found.call(gateway)
        return got[0] if isinstance(got, list) else got

    assert read("identity") == Identity("org_1", "wrkspc_1")
    assert read("store") == Store(
        "memstore_1", "User Preferences", "Per-user preferences.", {"team": "a"}, AT, AT, None
    )
    assert read("memory") == Memory(
        "mem_1", "memstore_1", "/travel.md", e.TEXT, e.SHA, len(e.TEXT), "memver_1", AT, AT
    )
    assert read("version") == Version(
        "memver_1",
        "memstore_1",
        "mem_1",
        "modified",
        AT,
        Actor("session", "sesn_1"),
        "/travel.md",
        e.TEXT,
        e.SHA,
        len(e.TEXT),
        None,
        None,
    )
    assert read("dream") == Dream(
        id="drm_1",
        status="running",
        store_id="memstore_1",
        session_ids=("sesn_1", "sesn_2"),
        output_store_id="memstore_2",
        updates_existing=False,
        model="claude-opus-4-8",
        instructions=None,
        session_id="sesn_9",
        created_at=AT,
        ended_at=None,
        archived_at=None,
        usage=Usage(5, 4, 3, 2),
        error_type="",
        error_message="",
    )
    assert read("session") == Session(
        id="sesn_1",
        title="Plan the trip",
        status="idle",
        agent_id="agent_1",
        agent_name="Planner",
        agent_version=3,
        deployment_id="depl_1",
        mounts=(
            Mount(
                "memstore_1",
                "read_only",
                "Look here first.",
                "User Preferences",
                "d",
                "/mnt/memory/user-preferences",
            ),
        ),
        outcomes=(Outcome("outc_1", "Book", 1, "satisfied", "done", AT),),
        usage=Usage(5000, 3200, 20000, 15),
        cost_cents=Decimal("187.5"),
        currency="USD",
        active_seconds=342.5,
        created_at=AT,
        updated_at=AT,
        archived_at=None,
    )
    assert read("event_pages") == Event("sevt_1", "agent.message", AT, e.EVENT)
    assert read("threads") == Thread("sthr_1", "sesn_1", None, "Planner", "agent", "idle", AT)
    assert read("agents") == Agent("agent_1", "Planner", 3, "", "claude-opus-5", {}, None, AT, AT)
    assert read("deployment") == Deployment(
        "depl_1", "Nightly", "agent_1", 3, "active", "", {}, tuple(e.DEPLOYMENT["resources"]), None, AT, AT
    )


OPTIONAL = {
    "store": {"type", "description", "metadata", "archived_at"},
    "memory": {"type"},
    "version": {"type", "created_by", "redacted_at", "redacted_by"},
    "dream": {"type", "instructions", "session_id", "ended_at", "archived_at", "error"},
    "session": {
        "type",
        "environment_id",
        "title",
        "metadata",
        "vault_ids",
        "stats",
        "budget",
        "deployment_id",
        "archived_at",
    },
    "event_pages": {"content", "processed_at"},
    "threads": {"type", "parent_thread_id", "updated_at", "archived_at"},
    "agents": {"type", "description", "multiagent", "tools", "archived_at"},
    "deployment": {"type", "paused_reason", "archived_at"},
}
FIELDS = [
    pytest.param(case, name, id=f"{case.name}-{name}")
    for case in READS
    if case.name in OPTIONAL
    for name in (case.good["data"][0] if case.lists else case.good)
]


@pytest.mark.parametrize(("case", "name"), FIELDS)
@pytest.mark.parametrize("spoiled", [None, {"an": "object"}], ids=["missing", "of the wrong kind"])
def test_a_required_field_that_is_missing_or_wrong_is_malformed_others_may_be_absent(
    case: Case, name: str, spoiled: Any, vendor: Scripted, gateway: Gateway
) -> None:
    item = e.without(case.good["data"][0] if case.lists else case.good, name)
    if spoiled is not None:
        item[name] = spoiled
    vendor.script = answer(e.page(item) if case.lists else item)
    if name in OPTIONAL[case.name]:
        if spoiled is None:
            case.call(gateway)
        return
    if spoiled is not None and name in ("usage", "inputs"):
        return  # objects themselves; their insides are tested below
    with pytest.raises(errors.Malformed, match=name):
        case.call(gateway)


@pytest.mark.parametrize("case", LISTS, ids=lambda case: case.name)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda page: {},
        lambda page: e.without(page, "next_page"),
        lambda page: e.without(page, "data"),
        lambda page: {**page, "data": None},
        lambda page: {**page, "data": {}},
        lambda page: {**page, "data": [*page["data"], "text"]},
        lambda page: {**page, "data": [*page["data"], None]},
        lambda page: {**page, "data": [*page["data"], {}]},
        lambda page: {**page, "next_page": 7},
        lambda page: {**page, "next_page": ""},
    ],
)
def test_a_list_that_is_not_whole_is_malformed_and_never_empty(
    case: Case, spoil: Callable[[Any], Any], vendor: Scripted, gateway: Gateway
) -> None:
    vendor.script = answer(spoil(case.good))
    with pytest.raises(errors.Malformed):
        case.call(gateway)


@pytest.mark.parametrize("case", PAGED, ids=lambda case: case.name)
def test_pages_are_followed_to_the_end_with_all_filters(case: Case, vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = in_turn(answer({**case.good, "next_page": "page_2"}), answer(case.good))
    assert len(case.call(gateway)) == 2
    first, second = (asked.target for asked in vendor.asked)
    assert set(second.split("?")[1].split("&")) == {*first.split("?")[1].split("&"), "page=page_2"}


@pytest.mark.parametrize("case", PAGED, ids=lambda case: case.name)
@pytest.mark.parametrize("cursors", [["a", "a"], ["a", "b", "a"]])
def test_a_cursor_that_repeats_is_malformed_and_not_an_endless_loop(
    case: Case, cursors: list[str], vendor: Scripted, gateway: Gateway
) -> None:
    vendor.script = in_turn(*(answer({**case.good, "next_page": cursor}) for cursor in cursors))
    with pytest.raises(errors.Malformed, match="repeats"):
        case.call(gateway)
    assert len(vendor.asked) == len(cursors)


def test_a_list_that_never_ends_is_given_up(
    vendor: Scripted, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dreams.remote.calls.MAX_PAGES", 5)
    vendor.script = lambda connection, asked: answer(e.page(next_page=f"c{len(vendor.asked)}"))(connection, asked)
    with pytest.raises(errors.Malformed, match="never ends"):
        gateway.stores()
    assert len(vendor.asked) == 6


READ_MALFORMED = [
    ("memory", {"content": e.TEXT + " "}, "content_sha256"),
    ("memory", {"content_size_bytes": 3}, "content_size_bytes"),
    ("memory", {"content_size_bytes": True}, "content_size_bytes"),
    ("memory", {"content": None}, "content"),
    ("memory", {"memory_store_id": "memstore_2"}, "memory_store_id"),
    ("memory", {"id": "mem_2"}, "id"),
    ("memory", {"path": ""}, "path"),
    ("memory", {"created_at": "2026-11-01T09:00:00"}, "created_at"),
    ("memory", {"created_at": "yesterday"}, "created_at"),
    ("memory", {"created_at": "0001-01-01T00:00:00+14:00"}, "created_at"),
    ("memory_pages", {"content": "x"}, "content_sha256"),
    ("memory_pages", {"content": None}, "content"),
    ("memory_pages", {"memory_store_id": "memstore_2"}, "memory_store_id"),
    ("version", {"content": "x"}, "content_sha256"),
    ("version", {"content": None}, "content"),
    ("version", {"path": None}, "path"),
    ("version", {"content_sha256": None}, "content_sha256"),
    ("version", {"memory_store_id": "memstore_2"}, "memory_store_id"),
    ("version", {"created_by": {"session_id": "sesn_1"}}, "type"),
    ("newest_version", {"memory_store_id": "memstore_2"}, "memory_store_id"),
    ("store", {"id": "memstore_2"}, "id"),
    ("store", {"metadata": {"a": 1}}, "metadata"),
    ("dream", {"id": "drm_2"}, "id"),
    ("dream", {"inputs": []}, "inputs"),
    ("dream", {"inputs": [e.DREAM["inputs"][0], {"type": "sessions"}]}, "session_ids"),
    ("dream", {"outputs": [{"type": "memory_store"}]}, "memory_store_id"),
    ("dream", {"usage": {"input_tokens": "many"}}, "input_tokens"),
    ("session", {"usage": {"list_cost": {"amount": "a lot", "currency": "USD"}}}, "amount"),
    ("session", {"usage": {"list_cost": {"amount": "NaN", "currency": "USD"}}}, "amount"),
    ("session", {"usage": {"list_cost": {"amount": 187, "currency": "USD"}}}, "amount"),
    ("deployment", {"id": "depl_2"}, "id"),
    ("deployment", {"resources": ["x"]}, "resources"),
]


@pytest.mark.parametrize(("name", "spoiled", "field"), READ_MALFORMED)
def test_what_contradicts_itself_or_is_of_something_else_is_malformed(
    name: str, spoiled: dict[str, Any], field: str, vendor: Scripted, gateway: Gateway
) -> None:
    case = next(case for case in READS if case.name == name)
    item = {**(case.good["data"][0] if case.lists else case.good), **spoiled}
    vendor.script = answer(e.page(item) if case.lists else item)
    with pytest.raises(errors.Malformed, match=field):
        case.call(gateway)


@pytest.mark.parametrize(
    ("name", "spoiled"),
    [
        ("create_memory", {"content_sha256": "0" * 64, "content": None}),
        ("create_memory", {"path": "/other.md"}),
        ("create_memory", {"memory_store_id": "memstore_2"}),
        ("update_memory", {"content_sha256": "0" * 64, "content": None}),
        ("update_memory", {"id": "mem_2"}),
        ("delete_memory", {"id": "mem_2"}),
        ("delete_store", {"id": "memstore_2"}),
        ("create_dream", {"inputs": [{"type": "memory_store", "memory_store_id": "x"}, e.DREAM["inputs"][1]]}),
        ("cancel_dream", {"id": "drm_2"}),
        ("update_deployment_resources", {"id": "depl_2"}),
    ],
)
def test_a_write_answered_with_something_else_is_unclear(
    name: str, spoiled: dict[str, Any], vendor: Scripted, gateway: Gateway
) -> None:
    case = next(case for case in ALL if case.name == name)
    vendor.script = answer({**case.good, **spoiled})
    with pytest.raises(errors.Malformed) as caught:
        case.call(gateway)
    assert caught.value.maybe_done


def test_new_words_of_the_vendor_pass_through(vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = answer({**e.DREAM, "status": "hibernating", "tomorrow": 1})
    assert gateway.dream("drm_1").status == "hibernating"
    vendor.script = answer({**e.DREAM, "error": {"type": "bad_weather", "message": "m"}})
    assert gateway.dream("drm_1").error_type == "bad_weather"
    vendor.script = answer({**e.VERSION, "operation": "renamed", "created_by": {"type": "robot", "robot_id": "r"}})
    version = gateway.version("memstore_1", "memver_1")
    assert (version.operation, version.actor) == ("renamed", Actor("unknown", ""))
    vendor.script = answer(e.page({"id": "sevt_1", "type": "agent.hums"}))
    assert next(gateway.event_pages("sesn_1")) == [
        Event("sevt_1", "agent.hums", None, {"id": "sevt_1", "type": "agent.hums"})
    ]
    vendor.script = answer({**e.SESSION, "status": "dozing", "resources": [{"type": "new_kind"}]})
    assert (gateway.session("sesn_1").status, gateway.session("sesn_1").mounts) == ("dozing", ())


@pytest.mark.parametrize(
    ("given", "actor"),
    [
        ({"type": "session_actor", "session_id": "sesn_1"}, Actor("session", "sesn_1")),
        ({"type": "api_actor", "api_key_id": "apikey_1"}, Actor("api_key", "apikey_1")),
        ({"type": "user_actor", "user_id": "user_1"}, Actor("user", "user_1")),
        ({"type": "service_account_actor", "service_account_id": "svac_1"}, Actor("service_account", "svac_1")),
        ({"type": "user_actor"}, Actor("user", "")),
        (None, None),
    ],
)
def test_actors_are_told_apart(given: Any, actor: Actor | None, vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = answer({**e.VERSION, "created_by": given})
    assert gateway.version("memstore_1", "memver_1").actor == actor


def test_deleted_redacted_and_basic_versions_have_no_text(vendor: Scripted, gateway: Gateway) -> None:
    gone = {"content": None, "content_sha256": None, "content_size_bytes": None}
    vendor.script = answer({**e.VERSION, **gone, "operation": "deleted"})
    version = gateway.version("memstore_1", "memver_1")
    assert (version.path, version.content, version.sha256, version.size) == ("/travel.md", None, None, None)
    by = {"type": "user_actor", "user_id": "user_1"}
    vendor.script = answer({**e.VERSION, **gone, "path": None, "redacted_at": e.AT, "redacted_by": by})
    version = gateway.version("memstore_1", "memver_1")
    assert (version.path, version.redacted_at, version.redacted_by) == (None, AT, Actor("user", "user_1"))
    vendor.script = answer(e.page({**e.VERSION, "content": None}))
    assert next(gateway.version_pages("memstore_1"))[0].sha256 == e.SHA


def test_times_of_other_zones_become_utc(vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = answer({**e.STORE, "created_at": "2026-11-01T10:00:00.123456789+01:00"})
    assert gateway.store("memstore_1").created_at == datetime(2026, 11, 1, 9, 0, 0, 123456, tzinfo=UTC)


def test_lone_surrogates_from_the_vendor_become_replacement_characters(vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = answer(b'{"data": [{"id": "sevt_1", "type": "x", "\\ud800": ["\\uDfff \\ud83d\\ude00"]}],'
                           b' "next_page": null}')  # fmt: skip
    assert next(gateway.event_pages("sesn_1"))[0].raw["\ufffd"] == ["\ufffd 😀"]


def test_what_an_agent_says_of_its_roster_and_a_deployment_of_its_schedule_comes_as_it_is(
    vendor: Scripted, gateway: Gateway
) -> None:
    shape = {"type": "of_tomorrow", "agents": [{"type": "advisor", "model": "m"}], "more": None}
    vendor.script = answer(e.page({**e.AGENT, "multiagent": shape}, {**e.AGENT, "id": "agent_2"}))
    assert [agent.multiagent for agent in gateway.agents()] == [shape, {}]
    cron = {"type": "cron", "expression": "0 4 * * *", "timezone": "UTC"}
    vendor.script = answer(e.page({**e.DEPLOYMENT, "schedule": cron}, {**e.DEPLOYMENT, "schedule": None}))
    assert [deployment.schedule for deployment in gateway.deployments()] == [cron, {}]


@pytest.mark.parametrize(
    ("agent", "read"),
    [
        ({"type": "agent", "id": "a", "name": "Scout", "model": {"id": "m-1"}}, ("agent", "Scout", "m-1")),
        ({"type": "inline", "name": "Summer"}, ("inline", "Summer", "")),
        ({"type": "advisor", "model": "m-2"}, ("advisor", "", "m-2")),
    ],
)
def test_a_thread_tells_who_works_in_it(
    vendor: Scripted, gateway: Gateway, agent: dict[str, Any], read: tuple[str, str, str]
) -> None:
    vendor.script = answer(e.page({**e.THREAD, "agent": agent}))
    (thread,) = gateway.threads("sesn_1")
    assert (thread.agent_type, thread.agent_name, thread.model) == read


def test_why_a_deployment_is_paused_is_one_word_or_two(vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = answer({**e.DEPLOYMENT, "status": "paused", "paused_reason": {"type": "manual"}})
    assert gateway.deployment("depl_1").paused_reason == "manual"
    why = {"type": "error", "error": {"type": "memory_store_archived_error", "message": "m"}}
    vendor.script = answer({**e.DEPLOYMENT, "status": "paused", "paused_reason": why})
    assert gateway.deployment("depl_1").paused_reason == "error: memory_store_archived_error"


def test_versions_since_come_oldest_first_and_stop_at_the_known_one(vendor: Scripted, gateway: Gateway) -> None:
    def version(number: int) -> dict[str, Any]:
        return {**e.VERSION, "id": f"memver_{number}"}

    vendor.script = in_turn(
        answer(e.page(version(5), version(4), next_page="p2")),
        answer(e.page(version(3), version(2), next_page="p3")),
    )
    assert [v.id for v in gateway.versions_since("memstore_1", "memver_2")] == [
        "memver_3",
        "memver_4",
        "memver_5",
    ]
    assert len(vendor.asked) == 2


def test_a_version_that_is_no_longer_listed_is_a_gap(vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = answer(e.page(e.VERSION))
    with pytest.raises(errors.VersionGap) as caught:
        gateway.versions_since("memstore_1", "memver_old")
    assert not caught.value.permanent and not caught.value.maybe_done


def test_a_store_without_versions_has_no_newest(vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = answer(e.page())
    assert gateway.newest_version("memstore_1") is None


def test_a_key_whose_organisation_is_not_told_is_malformed(vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = answer(e.page(), anthropic_organization_id="")
    with pytest.raises(errors.Malformed, match="organisation"):
        gateway.identity()
