"""The sign-in page."""

import pytest
from django.test import Client
from pytest_django import Settings

from tests.people import PASSWORD, People

pytestmark = pytest.mark.django_db
URL = "/account/login/"


@pytest.mark.parametrize("mail", [True, False])
def test_a_link_by_mail_is_offered_only_where_mail_is_set_up(settings: Settings, mail: bool) -> None:
    settings.MAIL_IS_SET_UP = mail
    page = Client().get(URL).content.decode()
    assert ("/account/password/reset/" in page) is mail
    assert ("An admin of your workspace" in page) is not mail


def test_the_right_password_leads_to_the_inbox(people: People) -> None:
    answer = Client().post(URL, {"login": people.bob.email, "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == "/acme/"


def test_a_wrong_one_says_so_and_tells_nothing_else(people: People) -> None:
    wrong = Client().post(URL, {"login": people.bob.email, "password": "x"}).content.decode()
    unknown = Client().post(URL, {"login": "nobody@acme.example", "password": "x"}).content.decode()
    for page in (wrong, unknown):
        assert "not correct" in page
