"""`manage.py setup_link` says what is missing before somebody can work."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from dreams.models import Membership, User
from tests.factories import connect
from tests.people import People
from tests.sandbox_server import Sandbox


def said() -> str:
    out = StringIO()
    call_command("setup_link", base="https://dash.example/", stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_on_an_empty_installation_its_link_makes_the_first_admin_once() -> None:
    link = next(line for line in said().splitlines() if line.startswith("https://dash.example/setup/"))
    path = link.removeprefix("https://dash.example")
    form = {"name": "Ada", "email": "ada@x.example", "password": "a long enough one", "workspace": "W", "slug": "w1"}
    assert Client().post(path, form).status_code == 302
    assert Membership.objects.get().role == "admin"
    again = Client().post(path, {**form, "email": "eve@x.example", "slug": "w2"})
    assert again.status_code == 409
    assert User.objects.count() == 1


def test_without_a_key_it_names_the_page_where_one_is_connected(people: People) -> None:
    assert "no API key is connected yet" in said()
    assert "https://dash.example/acme/settings/" in said()


def test_with_a_key_it_gives_the_address(people: People, sandbox: Sandbox) -> None:
    connect(people)
    assert "Acme agents: https://dash.example/acme/" in said().splitlines()
