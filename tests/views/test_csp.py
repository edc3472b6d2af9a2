"""The content security policy: on every answer, with a nonce of its own, and pages that need nothing it forbids."""

import re

import pytest
from django.test import Client

from tests.factories import review_open
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox

PAGES = [f"/acme/{page}" for page in ("", "stores/", "dreams/", "members/", "settings/", "import/", "audit/")]
FORBIDDEN = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:|https?://(?!testserver|127\.0\.0\.1)", re.IGNORECASE)
pytestmark = pytest.mark.django_db


def pages(people: People, sandbox: Sandbox) -> dict[str, str]:
    review_open(people, sandbox)
    client = browser_of(people.alice)
    found = {url: client.get(url).content.decode() for url in PAGES}
    return {**found, "/account/login/": Client().get("/account/login/").content.decode()}


def test_every_answer_carries_it() -> None:
    for url in ("/account/login/", "/nowhere/", "/healthz", "/setup/x/"):
        answer = Client().get(url)
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_each_answer_has_its_own_nonce_and_scripts_carry_it() -> None:
    first, second = Client().get("/account/login/"), Client().get("/account/login/")
    nonces = [re.findall(r"'nonce-([^']+)'", a["Content-Security-Policy"])[0] for a in (first, second)]
    assert nonces[0] != nonces[1]
    page = first.content.decode()
    for script in re.findall(r"<script[^>]*>", page):
        assert f'nonce="{nonces[0]}"' in script or "src=" in script


def test_no_page_holds_what_it_forbids(people: People, sandbox: Sandbox) -> None:
    for url, page in pages(people, sandbox).items():
        assert not FORBIDDEN.findall(page), url
        for script in re.findall(r"<script[^>]*>[^<]*", page):
            assert "src=" in script, f"an inline script in {url}"
