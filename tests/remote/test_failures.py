"""Which error each failure becomes, for reads and for writes, and that nothing is ever sent twice."""

import socket

import pytest

from dreams.remote import errors, transport
from dreams.remote.gateway import Gateway
from tests.remote import examples as e
from tests.remote.calls import ALL, SOME, WRITES, Case
from tests.remote.conftest import KEY
from tests.remote.scripted import (
    Script,
    Scripted,
    answer,
    drip,
    error,
    half_an_answer,
    hang_up,
    head,
    reset,
)

each_call = pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
some_calls = pytest.mark.parametrize("case", SOME, ids=lambda case: case.name)


def failure(case: Case, gateway: Gateway) -> errors.RemoteError:
    with pytest.raises(errors.RemoteError) as caught:
        case.call(gateway)
    return caught.value


@some_calls
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (reset, errors.Dropped),
        (hang_up, errors.Dropped),
        (half_an_answer, errors.Dropped),
        (answer(error("api_error"), 500), errors.ServerFailed),
        (answer(b"<html>bad gateway</html>", 502, content_type="text/html"), errors.ServerFailed),
        (answer(error("overloaded_error"), 529, retry_after="7"), errors.ServerFailed),
        (answer(error("timeout_error"), 408), errors.TimedOut),
        (answer(b"<html>hello</html>", content_type="text/html"), errors.Malformed),
        (answer(b'{"data": ['), errors.Malformed),
        (answer(b"\xff\xfe"), errors.Malformed),
        (answer(b"[" * 100_000), errors.Malformed),
        (answer({}), errors.Malformed),
        (answer([]), errors.Malformed),
        (answer(None), errors.Malformed),
        (answer(b"", 204), errors.Malformed),
        (answer(b"never gzip", content_encoding="gzip"), errors.Malformed),
        (answer(b"", 302, location="http://127.0.0.1:9/elsewhere"), errors.Malformed),
        (answer(b"<html>blocked by your company</html>", 403, content_type="text/html"), errors.Malformed),
        (answer(b"<html>no such page</html>", 404, content_type="text/html"), errors.Malformed),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_without_a_usable_answer_a_write_may_be_done_and_a_read_is_not(
    case: Case, script: Script, expected: type[errors.RemoteError], vendor: Scripted, gateway: Gateway
) -> None:
    vendor.script = script
    lost = failure(case, gateway)
    assert type(lost) is expected
    assert lost.maybe_done is case.writes
    assert not lost.permanent and not lost.never_sent
    assert len(vendor.asked) == 1
    assert ("looked up before anything is sent again" in lost.words) is case.writes


@each_call
def test_each_call_is_known_as_a_read_or_a_write_when_the_connection_is_cut(
    case: Case, vendor: Scripted, gateway: Gateway
) -> None:
    vendor.script = reset
    lost = failure(case, gateway)
    assert type(lost) is errors.Dropped
    assert lost.maybe_done is case.writes
    assert len(vendor.asked) == 1


@some_calls
@pytest.mark.parametrize(
    ("status", "type", "expected"),
    [
        (400, "invalid_request_error", errors.BadRequest),
        (401, "authentication_error", errors.KeyRefused),
        (402, "billing_error", errors.NotAllowed),
        (403, "permission_error", errors.NotAllowed),
        (404, "not_found_error", errors.NotFound),
        (405, "invalid_request_error", errors.BadRequest),
        (409, "conflict_error", errors.Conflict),
        (409, "memory_path_conflict_error", errors.PathConflict),
        (409, "memory_precondition_failed_error", errors.PreconditionFailed),
        (409, "an_error_of_tomorrow", errors.Conflict),
        (412, "invalid_request_error", errors.PreconditionFailed),
        (413, "request_too_large", errors.TooLarge),
        (422, "invalid_request_error", errors.BadRequest),
    ],
)
def test_a_refusal_is_permanent_and_changed_nothing(
    case: Case, status: int, type: str, expected: type[errors.RemoteError], vendor: Scripted, gateway: Gateway
) -> None:
    vendor.script = answer(error(type), status)
    refused = failure(case, gateway)
    if status == 404 and case.name in ("create_dream", "dreams"):
        expected = errors.NotEnrolled
    assert refused.__class__ is expected
    assert refused.permanent and not refused.maybe_done and not refused.never_sent
    assert (refused.status, refused.type, refused.request_id) == (status, type, "req_1")
    assert len(vendor.asked) == 1


@some_calls
@pytest.mark.parametrize("headers", [{"x_should_retry": "true"}, {"retry_after": "4"}])
def test_not_now_is_neither_permanent_nor_done_and_is_not_waited_for(
    case: Case, headers: dict[str, str], vendor: Scripted, gateway: Gateway
) -> None:
    vendor.script = answer(error("rate_limit_error"), 429, **headers)
    later = failure(case, gateway)
    assert type(later) is errors.RateLimited
    assert not later.permanent and not later.maybe_done and not later.never_sent
    assert later.retry_after == (4.0 if "retry_after" in headers else None)
    assert len(vendor.asked) == 1


@each_call
def test_a_refused_connection_was_never_sent(case: Case) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    never = failure(case, Gateway(KEY, base_url=f"http://127.0.0.1:{port}"))
    assert type(never) is errors.Unreachable
    assert never.never_sent and not never.maybe_done and not never.permanent


@pytest.mark.parametrize("url", ["", "no-url", "ftp://127.0.0.1", "http://127.0.0.1:notaport", "http://[::1"])
def test_a_base_url_that_is_none_is_a_sentence_and_not_a_crash(url: str) -> None:
    with pytest.raises(errors.Unreachable):
        Gateway(KEY, base_url=url or "http://").stores()


@pytest.mark.parametrize("key", ["", "  ", "sk ant", "sk-ant-ключ", "sk-ant-\nx-api-key: other", "sk\x00"])
def test_a_key_that_cannot_be_one_is_missing_and_never_sent(key: str, vendor: Scripted) -> None:
    with pytest.raises(errors.KeyMissing) as caught:
        Gateway(key, base_url=vendor.url).stores()
    assert caught.value.never_sent and caught.value.permanent
    assert vendor.asked == []


# -- deadlines ------------------------------------------------------------------------------------------------

JSON_HEAD = {"content-type": "application/json", "content-length": "100000000"}
LIST = next(case for case in ALL if case.name == "stores")


@pytest.mark.timeout(30)
@pytest.mark.parametrize("case", [LIST, *WRITES[:1]], ids=lambda case: case.name)
@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (head(200, JSON_HEAD) + b'{"data": [', b" "),
        (head(200, {"content-type": "application/json", "transfer-encoding": "chunked"}), b"1\r\n \r\n"),
        (head(500, JSON_HEAD), b" "),
        (b"HTTP/1.1 200 OK\r\nx-slow: ", b"a"),
        (b"HTTP/1.1 200 OK\r\n", b"x-one-more: header\r\n"),
        (b"", b""),
    ],
    ids=["body", "chunked body", "error body", "one header", "many headers", "silence"],
)
def test_an_answer_that_drips_for_ever_ends_at_the_deadline(
    case: Case, first: bytes, drop: bytes, vendor: Scripted
) -> None:
    vendor.script = drip(vendor, first, drop)
    late = failure(case, Gateway(KEY, base_url=vendor.url, deadline=0.5))
    assert type(late) in (errors.TimedOut, errors.Dropped)  # h11 gives up on endless headers by itself
    assert late.maybe_done is case.writes


@pytest.mark.timeout(30)
def test_the_deadline_holds_behind_a_proxy_too(vendor: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", vendor.url)
    vendor.script = drip(vendor, head(200, JSON_HEAD), b" ")
    with pytest.raises(errors.TimedOut):
        Gateway(KEY, base_url="http://vendor.invalid", deadline=0.5).stores()
    assert vendor.asked[0].target.startswith("http://vendor.invalid/v1/memory_stores")


@pytest.mark.timeout(30)
def test_a_server_that_never_accepts_ends_at_the_deadline() -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as deaf,
        pytest.raises((errors.TimedOut, errors.Unreachable)),
    ):
        Gateway(KEY, base_url=f"http://127.0.0.1:{deaf.getsockname()[1]}", deadline=0.5).stores()


def test_no_single_wait_is_longer_than_what_is_left_of_the_deadline() -> None:
    with transport.deadline(1.0):
        assert (transport._left(30.0, TimeoutError) or 0) <= 1.0
        assert (transport._left(None, TimeoutError) or 0) <= 1.0
        assert transport._left(0.01, TimeoutError) == 0.01
    assert transport._left(30.0, TimeoutError) == 30.0
    with transport.deadline(0.0), pytest.raises(TimeoutError):
        transport._left(30.0, TimeoutError)


def test_after_a_deadline_the_next_call_works(vendor: Scripted) -> None:
    gateway = Gateway(KEY, base_url=vendor.url, deadline=0.5)
    vendor.script = drip(vendor, head(200, JSON_HEAD), b" ")
    with pytest.raises(errors.TimedOut):
        gateway.stores()
    vendor.script = answer(e.page(e.STORE))
    assert [store.id for store in gateway.stores()] == ["memstore_1"]


# -- details --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "12.5"}, 12.5),
        ({"retry_after": "9", "retry_after_ms": "250"}, 0.25),
        ({"retry_after": "Mon, 01 Jan 2024 00:00:00 GMT"}, 0.0),
        ({"retry_after": "Fri, 01 Jan 2999 00:00:00 GMT"}, 86_400.0),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "-3"}, 0.0),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_from_now(
    headers: dict[str, str], seconds: float | None, vendor: Scripted, gateway: Gateway
) -> None:
    vendor.script = answer(error("rate_limit_error"), 429, **headers)
    with pytest.raises(errors.RateLimited) as caught:
        gateway.stores()
    assert caught.value.retry_after == seconds


def test_a_path_conflict_names_the_memory_in_the_way(vendor: Scripted, gateway: Gateway) -> None:
    where = {"conflicting_memory_id": "mem_7", "conflicting_path": "/a"}
    vendor.script = answer(error("memory_path_conflict_error", **where), 409, x_should_retry="false")
    with pytest.raises(errors.PathConflict) as caught:
        gateway.create_memory("memstore_1", "/a/b", "x")
    assert (caught.value.conflicting_memory_id, caught.value.conflicting_path) == ("mem_7", "/a")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, error("not_found_error", "Not found"), errors.NotEnrolled),
        (404, b"", errors.NotEnrolled),
        (404, error("not_found_error", "Memory store memstore_1 was not found"), errors.NotFound),
        (404, error("not_found_error", "Could not find sesn_2"), errors.NotFound),
        (
            400,
            error("invalid_request_error", details={"error_code": "organization_not_enrolled_in_beta"}),
            errors.NotEnrolled,
        ),
        (400, error("invalid_request_error", "inputs: bad"), errors.BadRequest),
    ],
)
def test_a_plain_404_on_launching_means_no_preview_one_that_names_an_input_does_not(
    status: int, body: object, expected: type, vendor: Scripted, gateway: Gateway
) -> None:
    vendor.script = answer(body, status)
    with pytest.raises(errors.RemoteError) as caught:
        gateway.create_dream(store_id="memstore_1", session_ids=["sesn_1", "sesn_2"], model="m")
    assert type(caught.value) is expected


@pytest.mark.parametrize(
    "call",
    [
        lambda g: g.create_memory("memstore_1", "/a", "half \ud800 a pair"),
        lambda g: g.create_memory("memstore_1", "/\udfff", "x"),
        lambda g: g.update_memory("memstore_1", "mem_1", content="\ud800", expected_sha256="0" * 64),
        lambda g: g.create_store("\udcff"),
        lambda g: g.create_dream(store_id="s", session_ids=["\ud800"], model="m"),
        lambda g: g.update_deployment_resources("depl_1", [{"type": "file", "file_id": "\ud800"}]),
        lambda g: g.store(""),
        lambda g: g.memory("..", "mem_1"),
        lambda g: g.memory("memstore_1", ""),
    ],
)
def test_what_cannot_be_sent_is_refused_before_sending(call: object, vendor: Scripted, gateway: Gateway) -> None:
    with pytest.raises(errors.BadRequest) as caught:
        call(gateway)
    assert caught.value.never_sent and caught.value.permanent and not caught.value.maybe_done
    assert "cannot be sent" in caught.value.words
    assert vendor.asked == []


def test_every_error_has_words_that_end_as_a_sentence() -> None:
    def below(kind: type[errors.RemoteError]) -> list[type[errors.RemoteError]]:
        return [kind, *(one for child in kind.__subclasses__() for one in below(child))]

    for kind in below(errors.RemoteError):
        words = kind("the reason").words
        assert words[0].isupper() and words.rstrip(")").endswith((".", "”")), kind
        assert kind.__name__ in (errors.__doc__ or ""), f"{kind.__name__} is not in the drawing"
