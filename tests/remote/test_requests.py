"""What leaves the house: the right words to the vendor, nothing from the environment, no secret in any text."""

import json
import logging
import threading
import traceback
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dreams.remote import errors, transport
from dreams.remote.gateway import Gateway
from tests.remote import examples as e
from tests.remote.calls import ALL, Case
from tests.remote.conftest import KEY
from tests.remote.scripted import Scripted, answer, drip, error, reset

SINCE = datetime(2026, 11, 1, 9, tzinfo=UTC)


class CountingBucket:
    """Counts what is taken, and can be empty."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, n: int = 1) -> None:
        if self.left < n:
            raise errors.BudgetSpent(retry_after=3.2)
        self.left -= n


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_every_call_takes_one_token_first_and_with_none_left_nothing_is_sent(case: Case, vendor: Scripted) -> None:
    vendor.script = answer(case.good)
    bucket = CountingBucket(1)
    gateway = Gateway(KEY, base_url=vendor.url, bucket=bucket)
    case.call(gateway)
    assert bucket.left == 0
    with pytest.raises(errors.BudgetSpent) as caught:
        case.call(gateway)
    assert caught.value.never_sent and caught.value.retry_after == 3.2
    assert "in 3 s" in caught.value.words
    assert len(vendor.asked) == 1


def sent(vendor: Scripted) -> tuple[str, str, dict[str, list[str]], Any]:
    """Method, path, query and body of the last request."""
    asked = vendor.asked[-1]
    parts = urlsplit(asked.target)
    return asked.method, parts.path, parse_qs(parts.query), json.loads(asked.body) if asked.body else None


def test_lists_ask_for_all_there_is_in_the_largest_pages(vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = answer(e.page())
    gateway.stores()
    assert sent(vendor)[2] == {"limit": ["100"], "include_archived": ["true"]}
    gateway.newest_version("memstore_1")
    assert sent(vendor)[1:3] == ("/v1/memory_stores/memstore_1/memory_versions", {"limit": ["1"]})
    list(gateway.memory_pages("memstore_1"))
    assert sent(vendor)[1:3] == (
        "/v1/memory_stores/memstore_1/memories",
        {"limit": ["20"], "view": ["full"]},
    )
    list(gateway.version_pages("memstore_1", memory_id="mem_1"))
    assert sent(vendor)[2] == {"limit": ["100"], "memory_id": ["mem_1"]}
    gateway.dreams(statuses=["pending", "running"], created_after=SINCE)
    assert sent(vendor)[2] == {
        "limit": ["100"],
        "include_archived": ["true"],
        "statuses[]": ["pending", "running"],
        "created_at[gt]": ["2026-11-01T09:00:00+00:00"],
    }
    list(gateway.session_pages(store_id="memstore_1", created_after=SINCE, include_archived=False))
    assert sent(vendor)[2] == {
        "limit": ["100"],
        "include_archived": ["false"],
        "memory_store_id": ["memstore_1"],
        "order": ["desc"],
        "created_at[gt]": ["2026-11-01T09:00:00+00:00"],
    }
    list(gateway.event_pages("sesn_1", thread_id="sthr_1"))
    assert sent(vendor)[1] == "/v1/sessions/sesn_1/threads/sthr_1/events"


def test_every_content_write_carries_its_precondition(vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = answer({**e.MEMORY, "path": "/b.md"})
    gateway.update_memory("memstore_1", "mem_1", path="/b.md", expected_sha256=e.SHA)
    assert sent(vendor)[3] == {
        "path": "/b.md",
        "precondition": {"type": "content_sha256", "content_sha256": e.SHA},
    }
    vendor.script = answer({"id": "mem_1", "type": "memory_deleted"})
    gateway.delete_memory("memstore_1", "mem_1", expected_sha256=e.SHA)
    assert sent(vendor)[:3] == (
        "DELETE",
        "/v1/memory_stores/memstore_1/memories/mem_1",
        {"expected_content_sha256": [e.SHA]},
    )


def test_an_empty_memory_is_written_as_empty(vendor: Scripted, gateway: Gateway) -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    vendor.script = answer({**e.MEMORY, "content": None, "content_sha256": empty, "content_size_bytes": 0})
    assert gateway.create_memory("memstore_1", "/travel.md", "").content == ""
    assert sent(vendor)[3] == {"path": "/travel.md", "content": ""}


@pytest.mark.parametrize("update_existing", [True, False])
def test_a_dream_is_asked_for_in_the_vendors_shape(update_existing: bool, vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = answer(e.DREAM)
    gateway.create_dream(store_id="memstore_1", session_ids=("sesn_1",), model="m", update_existing=update_existing)
    method, path, _, body = sent(vendor)
    assert (method, path) == ("POST", "/v1/dreams")
    behavior = {"type": "update_existing", "memory_store_id": "memstore_1"}
    assert body == {
        "inputs": [
            {"type": "memory_store", "memory_store_id": "memstore_1"},
            {"type": "sessions", "session_ids": ["sesn_1"]},
        ],
        "model": "m",
        "output_behavior": behavior if update_existing else {"type": "create_new"},
    }


def test_resources_go_out_exactly_as_given(vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = answer(e.DEPLOYMENT)
    resources = [{"type": "memory_store", "memory_store_id": "x", "access": "read_only", "new_field": [1]}]
    gateway.update_deployment_resources("depl_1", resources)
    assert sent(vendor)[3] == {"resources": resources}


def test_each_resource_goes_out_with_its_own_beta_and_the_key_as_bearer(vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = answer(e.page())
    for call, beta in (
        (gateway.stores, "agent-memory-2026-07-22"),
        (gateway.dreams, "dreaming-2026-04-21"),
        (gateway.deployments, "managed-agents-2026-04-01"),
    ):
        call()
        headers = vendor.asked[-1].headers
        assert headers["anthropic-beta"] == beta
        assert headers["authorization"] == f"Bearer {KEY}"


def test_the_environment_neither_leaks_in_nor_catches_loopback(
    vendor: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "another-token")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "another-key")
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Leak: yes\nAuthorization: Bearer another-key")
    vendor.script = answer(e.page())
    for host in ("127.0.0.1", "localhost"):
        Gateway(KEY, base_url=vendor.url.replace("127.0.0.1", host)).stores()
    for asked in vendor.asked:
        assert "x-leak" not in asked.headers
        assert "another" not in str(asked.headers)
        assert asked.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:80/x", True),
        ("http://LOCALHOST", True),
        ("http://api.localhost", True),
        ("https://api.anthropic.com", False),
        ("http://10.0.0.1", False),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1@example.com", False),
    ],
)
def test_loopback_is_told_from_the_rest(url: str, here: bool) -> None:
    assert transport.is_loopback(url) is here


def test_without_a_base_url_the_environments_one_is_used(vendor: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"{vendor.url}/prefix")
    vendor.script = answer(e.page())
    Gateway(KEY).stores()
    assert vendor.asked[0].target.startswith("/prefix/v1/memory_stores")


# -- secrets --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", ["echo", "reset", "drip", "html", "ok"])
def test_neither_the_key_nor_a_memorys_text_is_ever_said(
    script: str, vendor: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("anthropic").setLevel(logging.NOTSET)
    text = "The patient's diagnosis is a long and private text.\nSecond line of it."
    message = f"content: got {text[:40]!r} … with key {KEY} and sk-ant-admin-other"
    vendor.script = {
        "echo": answer(error("invalid_request_error", message), 400),
        "reset": reset,
        "drip": drip(vendor, b"", b""),
        "html": answer(f"<html>{KEY} {text}</html>".encode()),
        "ok": answer({**e.MEMORY, "content_sha256": "0" * 64, "content": None}),
    }[script]
    gateway = Gateway(KEY, base_url=vendor.url, deadline=0.5)
    with pytest.raises(errors.RemoteError) as caught:
        gateway.create_memory("memstore_1", "/travel.md", text)
    said = "\n".join(
        [
            str(caught.value),
            repr(caught.value),
            caught.value.words,
            repr(gateway),
            str(vars(caught.value)),
            "".join(traceback.format_exception(caught.value)),
            caplog.text,
        ]
    )
    assert KEY not in said and "sk-ant-admin" not in said
    assert "patient" not in said and "diagnosis" not in said
    assert caught.value.__context__ is None


@pytest.mark.parametrize("key", [KEY, "a-key-of-another-form"])
def test_a_key_that_the_vendor_repeats_is_blotted_out(key: str, vendor: Scripted) -> None:
    vendor.script = answer(error("authentication_error", f"invalid key {key}, not sk-ant-admin-1"), 401)
    with pytest.raises(errors.KeyRefused) as caught:
        Gateway(key, base_url=vendor.url).stores()
    assert caught.value.detail == "invalid key …, not …"


def test_the_vendors_reason_is_kept_clean_when_it_repeats_nothing(vendor: Scripted, gateway: Gateway) -> None:
    reason = "path: must not\x00 contain\n`..` \u202e(evil)\u202c" + "x" * 500
    vendor.script = answer(error("invalid_request_error", reason), 400)
    with pytest.raises(errors.BadRequest) as caught:
        gateway.create_memory("memstore_1", "/a/../b", "some text of a memory")
    assert caught.value.detail.startswith("path: must not contain `..` (evil) xxx")
    assert len(caught.value.detail) <= 300
    assert "It said: “path: must not contain" in caught.value.words and "req_1" in caught.value.words


def test_a_request_id_that_is_none_is_dropped(vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = answer(error("not_found_error"), 404, request_id="<script>")
    with pytest.raises(errors.NotFound) as caught:
        gateway.store("memstore_1")
    assert caught.value.request_id == ""


# -- connections ----------------------------------------------------------------------------------------------


def test_gateways_of_one_key_share_a_client_other_keys_do_not(vendor: Scripted) -> None:
    assert transport.client_for(KEY, vendor.url) is transport.client_for(KEY, vendor.url)
    assert transport.client_for(KEY, vendor.url) is not transport.client_for("other", vendor.url)
    transport.close_clients()
    vendor.script = answer(e.page())
    assert Gateway(KEY, base_url=vendor.url).stores() == []


def test_many_threads_may_use_one_gateway(vendor: Scripted, gateway: Gateway) -> None:
    vendor.script = lambda connection, asked: answer({**e.STORE, "id": asked.target.rsplit("/", 1)[1]})(
        connection, asked
    )
    got: dict[str, str] = {}

    def ask(number: int) -> None:
        for again in range(5):
            id = f"memstore_{number}_{again}"
            got[id] = gateway.store(id).id

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 80 and all(id == same for id, same in got.items())
