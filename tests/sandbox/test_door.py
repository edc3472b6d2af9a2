"""What every request meets: credentials, headers, betas, unknown paths, the error envelope."""

import re
from typing import Any

import anthropic
import httpx2
import pytest

from sandbox.server import Server
from sandbox.state import State
from tests.sandbox.conftest import Connect
from tests.sandbox_server import Sandbox

MANAGED = "managed-agents-2026-04-01"
MEMORY = "agent-memory-2026-07-22"
KEY = {"x-api-key": "k"}


def get(sandbox: Sandbox, path: str, beta: str = MANAGED, method: str = "GET", **headers: str) -> httpx2.Response:
    """A bare request, for what the SDK cannot be made to send."""
    sent = {**KEY, **({"anthropic-beta": beta} if beta else {}), **headers}
    return httpx2.request(method, sandbox.url + path, headers={k: v for k, v in sent.items() if v})


def message(reply: httpx2.Response) -> str:
    """The message of an error that is wrapped as the vendor wraps them."""
    body = reply.json()
    assert body["type"] == "error"
    assert body["request_id"] == reply.headers["request-id"]
    return str(body["error"]["message"])


def test_a_key_may_come_as_bearer_or_as_x_api_key(sandbox: Sandbox) -> None:
    assert get(sandbox, "/v1/agents").status_code == 200
    by_bearer = {"x-api-key": "", "authorization": "Bearer k"}
    assert get(sandbox, "/v1/agents", **by_bearer).status_code == 200


def test_no_key_is_401(sandbox: Sandbox) -> None:
    reply = get(sandbox, "/v1/agents", **{"x-api-key": ""})
    assert reply.status_code == 401
    assert reply.json()["error"]["type"] == "authentication_error"
    assert reply.headers["x-should-retry"] == "false"


def test_every_answer_names_request_organisation_and_workspace(connect: Connect) -> None:
    store = connect(api_key="k@blue").beta.memory_stores.create(name="A")
    assert re.fullmatch("req_01[0-9A-Z]{22}", store._request_id or "")
    assert store._workspace_id == "wrkspc_blue"
    with pytest.raises(anthropic.NotFoundError) as error:
        connect().beta.memory_stores.retrieve("memstore_none")
    assert error.value.workspace_id == "wrkspc_sandbox"
    assert error.value.response.headers["anthropic-organization-id"] == "org_sandbox"


def test_an_unknown_path_is_a_plain_404(sandbox: Sandbox) -> None:
    for path in ("/v1/vaults", "/v1/agents/a/b/c", "/", "/v1/messages"):
        reply = get(sandbox, path)
        assert (reply.status_code, message(reply)) == (404, "Not found")
        assert reply.headers["x-should-retry"] == "false"
    assert message(get(sandbox, "/v1/dreams/drm_x/nothing", "")) == "Not Found"


def test_a_wrong_verb_is_405(sandbox: Sandbox) -> None:
    reply = get(sandbox, "/v1/agents", method="DELETE")
    assert (reply.status_code, message(reply)) == (405, "Method Not Allowed")


def test_a_key_without_dreams_gets_the_plain_404(sandbox: Sandbox) -> None:
    reply = get(sandbox, "/v1/dreams", "dreaming-2026-04-21", **{"x-api-key": "nodreams"})
    assert (reply.status_code, message(reply)) == (404, "Not found")


@pytest.mark.parametrize(
    ("path", "beta", "status", "words"),
    [
        ("/v1/agents", "", 400, MANAGED),
        ("/v1/sessions", MEMORY, 400, MANAGED),
        ("/v1/memory_stores", "", 400, MEMORY),
        ("/v1/memory_stores", f"{MEMORY},{MANAGED}", 400, "cannot be used together"),
        ("/v1/memory_stores", MANAGED, 200, ""),
        ("/v1/agents", f"{MANAGED},foo-2020-01-01", 400, "Unexpected value(s) `foo-2020-01-01`"),
    ],
)
def test_each_resource_needs_its_beta(sandbox: Sandbox, path: str, beta: str, status: int, words: str) -> None:
    reply = get(sandbox, path, beta)
    assert reply.status_code == status
    assert words == "" or words in message(reply)


def test_the_check_of_betas_can_be_switched_off(sandbox: Sandbox) -> None:
    with Sandbox(any_beta=True) as lenient:
        assert get(lenient, "/v1/agents", "").status_code == 200


def test_old_versions_and_the_beta_query_are_let_through(sandbox: Sandbox) -> None:
    reply = get(sandbox, "/v1/agents?beta=true", **{"anthropic-version": "2023-06-01"})
    assert reply.status_code == 200


def test_an_unknown_query_parameter_is_refused(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="order_by: unknown query parameter"):
        client.beta.memory_stores.list(extra_query={"order_by": "path"})


@pytest.mark.parametrize("limit", [0, 101, -1, "ten", "9" * 5000])
def test_a_limit_outside_1_to_100_is_refused(client: anthropic.Anthropic, limit: Any) -> None:
    with pytest.raises(anthropic.BadRequestError, match="limit: must be an integer between 1 and 100"):
        client.beta.memory_stores.list(limit=limit)


@pytest.mark.parametrize("cursor", ["x", "page_!!", "page_e30=", "page_bnVsbA==", "page_MjAyNS0wNS0xNFQwMDowMDowMFo="])
def test_a_cursor_we_did_not_make_is_refused(client: anthropic.Anthropic, cursor: str) -> None:
    with pytest.raises(anthropic.BadRequestError, match="page: invalid cursor"):
        client.beta.memory_stores.list(page=cursor)


@pytest.mark.parametrize("time", ["yesterday", "2026-13-01", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_is_none_is_refused_even_when_there_is_nothing_to_list(
    client: anthropic.Anthropic, time: str
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=re.escape("created_at[gte]: must be")):
        client.beta.memory_stores.list(created_at_gte=time)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b'{"name": 5}',
        b'{"naam": "x"}',
        b'{"name": "x", "metadata": []}',
        b'{"name": "x", "metadata": {"a": null}}',
    ],
)
def test_a_body_that_is_not_what_it_should_be_is_refused(sandbox: Sandbox, body: bytes) -> None:
    headers = {**KEY, "anthropic-beta": MEMORY}
    reply = httpx2.post(f"{sandbox.url}/v1/memory_stores", content=body, headers=headers)
    assert reply.status_code == 400
    assert reply.headers["x-should-retry"] == "false"
    assert sandbox.state.all("store") == []


def test_an_unknown_member_is_refused(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="colour: Extra inputs are not permitted"):
        client.beta.memory_stores.create(name="A", extra_body={"colour": "red"})


def test_a_body_above_32_megabytes_is_413(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.APIStatusError) as error:
        client.beta.memory_stores.create(name="A", description="x" * (33 * 1024 * 1024))
    assert (error.value.status_code, error.value.type) == (413, "request_too_large")


def test_a_bug_of_the_stand_in_is_a_500_in_the_envelope(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.state.put("agent", {"id": "agent_broken"})
    reply = get(sandbox, "/v1/agents")
    assert (reply.status_code, message(reply)) == (500, "Internal server error")
    assert "KeyError" in capsys.readouterr().err


def test_a_taken_port_is_an_error_at_once(sandbox: Sandbox) -> None:
    with pytest.raises(OSError, match="in use"):
        Server(State(":memory:"), port=int(sandbox.url.rpartition(":")[2]))
