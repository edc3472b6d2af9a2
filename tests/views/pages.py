"""What every page is held to, said once: who may open it, by which method, and that htmx gets only the fragment."""

from django.test import Client

from tests.people import People, browser_of


def assert_members_only(people: People, url: str, *, method: str = "get") -> None:
    """Anonymous people are sent to the sign-in; Mallory of the other workspace meets a 404."""
    anonymous = getattr(Client(), method)(url)
    assert anonymous.status_code == 302
    assert anonymous["Location"].startswith("/account/login/")
    assert getattr(browser_of(people.mallory), method)(url).status_code == 404


def assert_only(people: People, url: str, *methods: str) -> None:
    """Other methods than these are answered with 405."""
    client = browser_of(people.alice)
    for method in {"get", "post", "put", "delete"} - set(methods):
        assert getattr(client, method)(url).status_code == 405, method


def assert_fragment(people: People, url: str, root: str) -> None:
    """htmx gets one element with that id and no frame around it."""
    answer = browser_of(people.alice).get(url, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    body = answer.content.decode().strip()
    assert "<html" not in body
    assert f'id="{root}"' in body[: body.index(">")]
    assert "HX-Request" in answer["Vary"]
