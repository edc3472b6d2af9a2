"""`manage.py probe` from the command line's side: which key, which stand-in, what it prints, how it fails."""

import io
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from dreams.crypto import encrypt
from dreams.models import Workspace
from tests.sandbox_server import Sandbox

KEY = "sk-ant-api03-probing"


def probe(*args: str) -> str:
    out = io.StringIO()
    call_command("probe", *args, stdout=out)
    return out.getvalue()


@pytest.fixture
def stand_in() -> Iterator[Sandbox]:
    with Sandbox(demo=True) as server:
        yield server


def test_two_stand_ins_do_not_differ(sandbox: Sandbox, stand_in: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    said = probe("--write", "--stand-in", stand_in.url)
    assert "organisation org_sandbox, workspace wrkspc_sandbox" in said
    assert "= limit=101\n    API:      400 invalid_request_error" in said
    assert " 0 differs," in said
    assert "No probe settles:" in said
    assert KEY not in said
    assert sandbox.state.all("store") == []


def test_where_they_differ_is_marked(sandbox: Sandbox, stand_in: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "nodreams")
    said = probe("--stand-in", stand_in.url)
    assert "≠ whether dreams are offered\n    API:      404 not_found_error" in said
    assert {asked["method"] for asked in sandbox.requests()} == {"GET"}


@pytest.mark.django_db
def test_a_workspaces_own_key_is_used(sandbox: Sandbox, stand_in: Sandbox) -> None:
    Workspace.objects.create(name="Red", slug="red", key_ciphertext=encrypt(f"{KEY}@red"), key_set_at=timezone.now())
    assert "workspace wrkspc_red" in probe("--workspace", "red", "--stand-in", stand_in.url)
    with pytest.raises(CommandError, match="no workspace 'blue'"):
        probe("--workspace", "blue")


def test_without_a_key_it_says_so(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(CommandError, match="no usable API key"):
        probe()
    assert sandbox.requests() == []


def test_when_the_api_is_away_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with (
        override_settings(ANTHROPIC_BASE_URL="http://127.0.0.1:9"),
        pytest.raises(CommandError, match="could not be reached"),
    ):
        probe()


@pytest.mark.slow
def test_it_starts_a_stand_in_of_its_own_and_ends_it(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    assert " 0 differs," in probe()
