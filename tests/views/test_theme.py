"""The theme: a cookie, kept for a year, and back to the page one came from."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_it_is_remembered(theme: str) -> None:
    client = Client()
    answer = client.post("/theme/", {"theme": theme, "next": "/account/login/?next=/acme/"})
    assert answer["Location"] == "/account/login/?next=/acme/"
    assert f'data-theme="{theme}"' in client.get("/account/login/").content.decode()
    assert client.cookies["theme"]["httponly"]


@pytest.mark.parametrize("theme", ["", "pink", '"><script>'])
def test_any_other_is_the_systems(theme: str) -> None:
    client = Client()
    client.post("/theme/", {"theme": theme})
    assert 'data-theme="auto"' in client.get("/account/login/").content.decode()


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.com"])
def test_it_leads_nowhere_else(away: str) -> None:
    assert Client().post("/theme/", {"theme": "dark", "next": away})["Location"] == "/"


def test_a_forged_cookie_is_escaped() -> None:
    client = Client()
    client.cookies["theme"] = "x'onload='alert(1)"
    assert "x'onload" not in client.get("/account/login/").content.decode()


def test_only_by_post() -> None:
    assert Client().get("/theme/").status_code == 405
