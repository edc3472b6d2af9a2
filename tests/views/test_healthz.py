"""The health check: for machines, without a sign-in, and red when the database is away."""

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings


@pytest.mark.django_db
def test_it_answers_anybody() -> None:
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert Client().post("/healthz").status_code == 405


@pytest.mark.django_db
def test_it_answers_over_plain_http_where_pages_do_not(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get("/healthz").status_code == 200
    assert Client().get("/account/login/").status_code == 301


@pytest.mark.django_db
def test_it_fails_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(connection, "cursor", away)
    assert Client(raise_request_exception=False).get("/healthz").status_code == 500
