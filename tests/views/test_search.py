"""The page of search: what it finds and says, and that nothing typed into it does harm."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import MemoryVersion, Store
from dreams.services import search_index, stores
from tests.factories import NOTES, agent_deletes, agent_writes, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_fragment, assert_members_only, assert_only

URL = "/acme/search/"
HOSTILE = [
    *('"', '""""', '"a', "*", "-", "-- -", "AND OR NOT", "a AND b", "NEAR(a b)", "words:a", "^a", "(", "')"),
    *("a' OR 1=1 --", "%", "_", "%_%", "\\", "{a}", "a:*", "!a", "<->", "'a'", "$$", "{{ x }}", "-a -b", '-"a b"'),
    *("<script>alert(1)</script>", "\u202e", "🙂", "日", "日本語", "\ue000live1", "\ue001deploy"),
    *("a" * 10_000, "a " * 5_000, '"' * 10_000, "日" * 500),
]  # fmt: skip


@pytest.fixture
def store(people: People, sandbox: Sandbox) -> Store:
    return store_with(people, sandbox)


def page(people: People, **query: object) -> str:
    return browser_of(people.carol).get(URL, query).content.decode()


def found(people: People, q: str, **narrow: object) -> list[str]:
    heads = re.findall(r'<span class="path">(.*?)</span></a></h2>', page(people, q=q, **narrow))
    return [re.sub("<[^>]*>", "", head) for head in heads]


def test_members_read_it_and_nobody_else(people: People) -> None:
    assert_members_only(people, URL)
    assert_only(people, URL, "get")
    assert_fragment(people, URL, "results")


def test_every_page_has_the_box_and_the_link_for_narrow_ones(people: People) -> None:
    body = browser_of(people.carol).get("/acme/dreams/").content.decode()
    assert f'<form class="seek" role="search" action="{URL}">' in body
    assert f'<a class="seek-link" href="{URL}"' in body
    assert body.count('data-key="/"') == 2
    assert page(people).count('data-key="/"') == 1


def test_a_word_is_found_in_text_and_path_and_marked(people: People, store: Store) -> None:
    assert found(people, "Lisbon") == found(people, "LISBÓN") != []
    assert "works from <mark>Lisbon</mark>." in page(people, q="lisbon")
    assert found(people, "rollback") == ["/runbooks/rollback.md"]
    assert '/runbooks/<mark>rollback</mark>.md</span></a>' in page(people, q="rollback")


def test_all_words_must_stand_wherever_they_stand(people: People, store: Store) -> None:
    assert found(people, "runbooks fridays") == ["/runbooks/deploy.md"]
    assert found(people, "lisbon fridays") == []
    assert "Nothing holds all of that" in page(people, q="lisbon fridays")


def test_phrases_prefixes_and_exclusions(people: People, store: Store) -> None:
    assert found(people, '"nightly build"') == ["/runbooks/deploy.md"]
    assert found(people, '"build nightly"') == []
    assert found(people, "snapsh*") == ["/runbooks/rollback.md"]
    assert found(people, "snapsh") == []
    assert found(people, "runbooks -queue") == ["/runbooks/deploy.md"]
    assert found(people, 'runbooks -"the queue"') == ["/runbooks/deploy.md"]
    assert found(people, "one-off") == ["/scratch/today.md"]


def test_a_path_ranks_before_a_phrase_before_mere_words(people: People, store: Store, sandbox: Sandbox) -> None:
    for path, text in {"/z.md": "blue, then a whale", "/y.md": "a blue whale", "/blue/whale.md": "no"}.items():
        agent_writes(sandbox, store, path, text)
    stores.sync_store(store)
    assert found(people, "blue whale") == ["/blue/whale.md", "/y.md", "/z.md"]


def test_nothing_found_offers_to_leave_the_last_word_open(people: People, store: Store) -> None:
    assert 'href="?q=restore+snapsh%2A"' in page(people, q="restore snapsh")
    assert found(people, "restore snapsh*") == ["/runbooks/rollback.md"]
    for typed in ("zzz*", '"zzz"', "zzz -yyy*", "zz%", "q"):
        assert "Look for what begins" not in page(people, q=typed)


def test_of_equal_ones_the_newest_comes_first(people: People, store: Store, sandbox: Sandbox) -> None:
    for number in range(3):
        agent_writes(sandbox, store, f"/{number}.md", "a whale")
        stores.sync_store(store)
    assert found(people, "whale") == ["/2.md", "/1.md", "/0.md"]


def test_a_write_of_a_person_or_an_agent_is_found_at_once_and_what_it_replaced_no_more(
    people: People, store: Store, sandbox: Sandbox
) -> None:
    agent_writes(sandbox, store, "/runbooks/rollback.md", "Call the walrus.")
    stores.sync_store(store)
    assert found(people, "walrus") == ["/runbooks/rollback.md"]
    assert found(people, "restore") == []


def test_what_is_gone_is_found_on_request_with_where_and_until_when(
    people: People, store: Store, sandbox: Sandbox
) -> None:
    agent_writes(sandbox, store, "/runbooks/rollback.md", "Call the walrus.")
    agent_deletes(sandbox, store, "/scratch/today.md")
    stores.sync_store(store)
    assert found(people, "8081") == []
    body = page(people, q="8081", removed=1)
    assert "/scratch/today.md" in body
    assert ">deleted <time" in body
    assert store.name in body
    assert ">replaced <time" in page(people, q="restore snapshot", removed=1)


def test_what_a_store_held_that_is_gone_is_among_what_is_gone(people: People, store: Store) -> None:
    Store.objects.filter(pk=store.pk).update(gone_at=timezone.now())
    assert found(people, "lisbon") == []
    assert "its store was deleted at the vendor" in page(people, q="lisbon", removed=1)


def test_each_filter_keeps_what_it_names(people: People, store: Store, sandbox: Sandbox) -> None:
    other = store_with(people, sandbox, {"/people/ana.md": "Ana moved to Porto.", "/ana.md": "Ana"}, name="other")
    assert found(people, "porto") == found(people, "porto", store=other.remote_id) == ["/people/ana.md"]
    assert found(people, "porto", store=store.remote_id) == found(people, "porto", store="memstore_no") == []
    assert found(people, "ana", store=other.remote_id, path="/people/") == ["/people/ana.md"]
    assert found(people, "ana", store=other.remote_id, path="/an") == ["/ana.md"]
    assert found(people, "ana", store=other.remote_id, path="/AN") == []
    assert found(people, "porto", author="sesn_writer") == ["/people/ana.md"]
    assert found(people, "porto", author="apikey_other") == []
    today = timezone.now().date().isoformat()
    assert found(people, "porto", since=today, until=today) == ["/people/ana.md"]
    assert found(people, "porto", until="2020-01-01") == found(people, "porto", since="2100-01-01") == []


def test_a_day_that_is_none_is_said(people: People) -> None:
    for day in ("yesterday", "0001-01-01", "9999-12-31"):
        answer = browser_of(people.carol).get(URL, {"q": "a", "since": day})
        assert answer.status_code == 422
        assert "Enter a" in answer.content.decode()


def test_nothing_of_another_workspace_is_found(people: People, store: Store) -> None:
    assert found(people, "lisbon") != []
    for asked in ({"q": "lisbon"}, {"q": "lisbon", "removed": "1"}, {"q": "lisbon", "store": store.remote_id}):
        answer = browser_of(people.mallory).get("/acme-rival/search/", asked)
        assert "Nothing holds all of that" in answer.content.decode()


@pytest.mark.parametrize("typed", HOSTILE, ids=lambda typed: repr(typed[:12]))
@pytest.mark.parametrize("removed", ["", "1"])
def test_no_query_does_harm(people: People, store: Store, typed: str, removed: str) -> None:
    answer = browser_of(people.carol).get(URL, {"q": typed, "removed": removed, "author": typed[:200]})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


def test_without_a_word_it_says_so_and_too_many_are_cut_with_words(people: People, store: Store) -> None:
    assert "What do you look for?" in page(people)
    assert "There is no word in that" in page(people, q='"" -- *')
    assert "only the first 20 words" in page(people, q="word " * 2_000)
    assert "two letters at least" in page(people, q="a*")


def test_a_nul_is_refused_as_everywhere(people: People) -> None:
    client = browser_of(people.carol)
    client.raise_request_exception = False
    assert client.get(f"{URL}?q=%00").status_code == 400


def test_markup_in_texts_and_paths_is_shown_as_what_it_is(people: People, sandbox: Sandbox) -> None:
    store_with(people, sandbox, {"/<b>bold</b>.md": "needle <img src=x onerror=alert(1)> \u202e end"})
    body = page(people, q="needle")
    assert "<img src=x" not in body
    assert "<b>bold" not in body
    assert "&lt;img src=x" in body
    assert 'class="unseen"' in body


def test_a_store_that_is_not_wholly_indexed_is_said(people: People, store: Store) -> None:
    assert "still being read into the index" not in page(people, q="ana")
    search_index.SearchDue.objects.create(store=store, since=timezone.now())
    assert "1 store is still being read into the index" in page(people, q="ana")


def test_long_results_come_in_pages_that_keep_the_query(people: People, sandbox: Sandbox) -> None:
    store_with(people, sandbox, {f"/{number}.md": "needle" for number in range(30)})
    assert len(found(people, "needle")) == 25
    assert len(found(people, "needle", page=2)) == 5
    assert "q=needle&amp;page=2" in page(people, q="needle")


def test_the_number_of_queries_does_not_grow_with_the_memories(people: People, sandbox: Sandbox) -> None:
    store, client, counts = store_with(people, sandbox), browser_of(people.carol), []
    for more in (1, 40):
        for number in range(more):
            agent_writes(sandbox, store, f"/{more}/{number}.md", f"needle {number}")
        stores.sync_store(store)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL, {"q": "needle hay*", "removed": 1, "author": "sesn_writer"}).status_code == 200
            assert client.get(URL, {"q": "needle"}).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_author_is_told_and_leads_to_the_session(people: People, store: Store) -> None:
    assert MemoryVersion.objects.filter(store=store, actor_id="sesn_writer").exists()
    assert "session writer" in page(people, q="lisbon")
    assert NOTES  # what the fixture wrote
