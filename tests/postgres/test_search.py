"""Search gives the same answers in the same order on PostgreSQL and on SQLite, and those worked out by hand."""

import shutil
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from dreams.models import SearchEntry, Text
from dreams.queries.search import find
from dreams.rules.search_words import LONG, parse, words_of
from dreams.services import search_index
from dreams.services.texts import keep_texts
from tests import searching
from tests.faults.databases import in_place, postgres_at, sqlite_at
from tests.people import make_people
from tests.postgres.conftest import copy_of

pytestmark = pytest.mark.slow


def answers() -> tuple[list[list[int]], list[list[int]]]:
    """What the database at hand finds for each query, and what it should."""
    workspace, elsewhere = make_people().workspace, make_people("else").workspace
    searching.corpus(workspace)
    searching.corpus(elsewhere, seed=6, count=20)
    entries = list(SearchEntry.objects.filter(workspace=workspace).select_related("store", "text"))
    found, right = [], []
    for typed, narrow in searching.asks(600):
        query = parse(typed)
        asked = query.parts or query.without
        found.append(find(workspace, query, narrow).keys if asked else [])
        right.append(searching.expected(entries, typed, narrow))
    return found, right


def test_both_databases_find_the_same_in_the_same_order(
    migrated_postgres: str, migrated_sqlite: Path, tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> None:
    path = Path(shutil.copy(migrated_sqlite, tmp_path / "search.sqlite3"))
    with django_db_blocker.unblock():
        with in_place(**postgres_at(copy_of(migrated_postgres, "search_test"))):
            assert connection.vendor == "postgresql"
            on_postgres, right = answers()
        with in_place(**sqlite_at(path)):
            assert connection.vendor == "sqlite"
            on_sqlite, right_again = answers()
    for (typed, narrow), one, other, should in zip(searching.asks(600), on_postgres, on_sqlite, right, strict=True):
        assert one == should, (typed, narrow)
        assert other == should, (typed, narrow)
    assert right == right_again
    assert sum(map(bool, right)) > 150


def test_the_largest_texts_are_indexed_whole(database: str) -> None:
    """PostgreSQL takes a megabyte of distinct words at most, and no position beyond 16,383. Where pairs of words would
    be too many, phrases are found as well."""
    workspace = make_people().workspace
    texts = {
        "every word another": " ".join(f"{number:x}" for number in range(20_000))[:102_400],
        "one letter each": "a b c d " * 12_800,
        "signs in pairs": "".join(chr(0x4E00 + number % 20_000) for number in range(34_000)),
        "signs that grow": " ".join(f"㌀{number}" for number in range(11_000)),
        "signs that grow most": "".join(f"ﷺ{number:x}" for number in range(0x1000, 0x1000 + 14_500)),
    }
    (store,) = searching.corpus(workspace, count=len(texts) + 1, stores=1)  # which deletes one
    for memory, body in zip(store.memories.order_by("pk"), texts.values(), strict=False):
        assert len(body.encode()) <= 104_000
        memory.text = next(iter(keep_texts(workspace, [body + " thelastword"]).values()))
        memory.save()
    search_index.follow(store)
    living = SearchEntry.objects.filter(live=True).count()
    assert len(find(workspace, parse("thelastword"), searching.Narrow()).keys) == living
    last = " ".join(words_of(f"ﷺ{0x1000 + 14_499:x} thelast")[2:])
    for phrase in ('"d thelastword"', f'"{chr(0x4E00 + 13_999)} thelast"*', f'"{last}"*'):
        assert len(find(workspace, parse(phrase), searching.Narrow()).keys) == 1, phrase
    if database == "postgres":
        (row,) = SearchEntry.objects.extra(where=["tokens @@ %s::tsquery"], params=[f"'{LONG}'"])
        assert len(row.words.encode()) > 340_000


def test_a_purged_text_leaves_no_word(database: str) -> None:
    workspace = make_people().workspace
    searching.corpus(workspace, count=5, stores=1)
    text = Text.objects.exclude(search_entries=None).order_by("-size").first()
    assert text is not None
    search_index.forget_text(text)
    assert not SearchEntry.objects.filter(text=text, live=False).exists()
    for entry in SearchEntry.objects.filter(text=text):
        assert "\ue002 \ue002" in entry.words
