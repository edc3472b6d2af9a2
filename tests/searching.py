"""A corpus of odd texts from a seed, odd queries over it, and what they must find, worked out by hand in Python."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

from dreams.models import Memory, MemoryVersion, SearchEntry, Store, StoreLine, Workspace
from dreams.queries.search import MOST, Narrow
from dreams.rules.search_words import Part, Query, parse, words_of
from dreams.services import search_index
from dreams.services.texts import keep_texts

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = [
    *("deploy", "queue", "Friday", "on-call", "refund", "refunds", "refunding", "a", "b", "Ana", "ANA", "x" * 70),
    *("naïve", "naive", "Straße", "strasse", "日本語", "本語", "日", "한국어", "नमस्ते", "ｶﾞｽ", "½", "ﬁne", "İst"),
    *("e\u0301", "%", "_", "'", "\\", "🙂", "\u202e", "\ue000live1", "\ue001deploy", "10.5", ":*", "|", "&"),
]  # fmt: skip
AUTHORS = ["sesn_1", "sesn_2", "apikey_1", ""]


def corpus(workspace: Workspace, *, seed: int = 5, count: int = 120, stores: int = 3) -> list[Store]:
    """Stores with memories of random words, written by several authors over several days, some of them replaced or
    deleted again; the index follows each step as the mirror lets it."""
    chance, made = random.Random(seed), []
    for number in range(stores):
        name = f"store {number}"
        line = StoreLine.objects.create(workspace=workspace, name=name)
        head = {"workspace": workspace, "line": line, "name": name, "created_at": BEGIN}
        made.append(Store.objects.create(remote_id=f"memstore_{number}", **head))
        for place in range(count):
            _write(made[-1], chance, place)
        search_index.follow(made[-1])
        for place in range(0, count, 7):
            _write(made[-1], chance, place)
        for memory in Memory.objects.filter(store=made[-1], remote_id__endswith="3"):
            memory.delete()
        search_index.follow(made[-1])
    return made


def _write(store: Store, chance: random.Random, place: int) -> None:
    words = chance.choices(WORDS, k=chance.randint(0, 12))
    body = chance.choice([" ", "\n", ", "]).join(words) + "".join(map(chr, chance.choices(range(1, 0x3100), k=4)))
    text = next(iter(keep_texts(store.workspace, [body]).values()))
    folder = chance.choice(["/", "/a/", "/a/b/", "/Ana/", "/日本/"])
    path = f"{folder}{place}-{chance.choice(WORDS[:9])}.md"
    at = BEGIN + timedelta(hours=chance.randint(0, 200))
    version = f"memver_{store.pk}_{place}_{chance.random()}"
    MemoryVersion.objects.create(
        store=store, workspace=store.workspace, remote_id=version, memory_id=f"mem_{place}", operation="modified",
        path=path, sha256=text.sha256, created_at=at, actor_id=chance.choice(AUTHORS), actor_kind="session",
    )  # fmt: skip
    head = {"path": path, "text": text, "version_id": version, "created_at": at, "updated_at": at}
    Memory.objects.update_or_create(store=store, remote_id=f"mem_{place}", defaults=head)


def asks(count: int, seed: int = 9) -> Iterator[tuple[str, Narrow]]:
    """Queries and filters as people type them, and worse."""
    chance = random.Random(seed)
    for _ in range(count):
        typed = []
        for _ in range(chance.randint(1, 3)):
            word = " ".join(chance.choices(WORDS, k=chance.choice([1, 1, 2])))
            shape = chance.choice(["{}", "{}", "{}", '"{}"', "{}*", "-{}", '-"{}"', '"{}"*', '"{}'])
            typed.append(shape.format(word[: chance.randint(1, 8)] if "*" in shape else word))
        yield " ".join(typed), Narrow(
            store=chance.choice(["", "", "", "memstore_1", "memstore_none"]),
            path=chance.choice(["", "", "", "/a/", "/a/b/1", "/Ana/", "/日", "%"]),
            author=chance.choice(["", "", "", *AUTHORS]),
            since=chance.choice([None, None, date(2026, 1, 4)]),
            until=chance.choice([None, None, date(2026, 1, 6)]),
            removed=chance.random() < 0.4,
        )


def expected(entries: Sequence[SearchEntry], typed: str, narrow: Narrow) -> list[int]:
    """The keys that a search must find, best first, among all entries of a workspace (with their store and text)."""
    query = parse(typed)
    if not query.parts and not query.without:
        return []
    ranked = sorted((_tier(entry, query), -entry.pk) for entry in entries if _passes(entry, query, narrow))
    assert len(ranked) <= MOST
    return [-key for _, key in ranked]


def _passes(entry: SearchEntry, query: Query, narrow: Narrow) -> bool:
    path, text = words_of(entry.path), words_of(entry.text.text)
    return (
        (entry.live or narrow.removed)
        and narrow.store in ("", entry.store.remote_id)
        and entry.path.startswith(narrow.path)
        and narrow.author in ("", entry.actor_id)
        and (narrow.since is None or entry.at.date() >= narrow.since)
        and (narrow.until is None or entry.at.date() <= narrow.until)
        and all(_stands(part, path) or _stands(part, text) for part in query.parts)
        and not any(_stands(part, path) or _stands(part, text) for part in query.without)
    )


def _tier(entry: SearchEntry, query: Query) -> int:
    path, text = words_of(entry.path), words_of(entry.text.text)
    if query.parts and all(_stands(part, path) for part in query.parts):
        return 0
    phrase = query.phrase
    return 1 if phrase and (_stands(phrase, path) or _stands(phrase, text)) else 2


def _stands(part: Part, words: list[str]) -> bool:
    size = len(part.words)
    for place in range(len(words) - size + 1):
        here = words[place : place + size]
        last = here[-1].startswith(part.words[-1]) if part.prefix else here[-1] == part.words[-1]
        if last and here[:-1] == list(part.words[:-1]):
            return True
    return False


def many_memories(workspace: Workspace, count: int = 100_000, *, each: int = 2_000, seed: int = 4) -> None:
    """So many living memories of forty words, in stores of `each`, written over a year: words as unevenly frequent as
    in speech, a path of two of them. Indexed."""
    chance, words = random.Random(seed), vocabulary()
    frequent = list(accumulate(1 / place for place in range(1, len(words) + 1)))
    for number in range(count // each):
        name = f"large {number}"
        line = StoreLine.objects.create(workspace=workspace, name=name)
        head = {"workspace": workspace, "line": line, "name": name, "created_at": BEGIN}
        store = Store.objects.create(remote_id=f"memstore_large_{number}", **head)
        bodies = [
            f"note {number} {place}\n{' '.join(chance.choices(words, cum_weights=frequent, k=40))}"
            for place in range(each)
        ]
        texts = list(keep_texts(workspace, bodies).values())
        rows = []
        for place, text in enumerate(texts):
            at = BEGIN + timedelta(seconds=chance.randint(0, 31_000_000))
            path = f"/{words[place % 40]}/{words[place % 977]}-{place}.md"
            own = {"version_id": f"memver_large_{number}_{place}", "created_at": at}
            rows.append(Memory(store=store, remote_id=f"mem_{place}", path=path, text=text, updated_at=at, **own))
        Memory.objects.bulk_create(rows, batch_size=500)
        versions = [
            MemoryVersion(
                store=store, workspace=workspace, remote_id=row.version_id, memory_id=row.remote_id, path=row.path,
                operation="created", sha256=row.text.sha256, size=row.text.size, created_at=row.created_at,
                actor_kind="session", actor_id=f"sesn_{number % 300}",
            )
            for row in rows
        ]  # fmt: skip
        MemoryVersion.objects.bulk_create(versions, batch_size=500)
        search_index.index_store(store)


def vocabulary() -> list[str]:
    """5,000 made-up words, the most frequent first; many share their beginnings."""
    first, second = "ka re mi tos ven du lan cor pi sa", "be na ro ti lu mo xi da fe gu"
    heads = [a + b for a in first.split() for b in second.split()]
    tails = [c + d for c in "ner lic tam sol wen".split() for d in "- s ing ed er al ic or an um".split()]
    return [(head + tail).rstrip("-") for tail in tails for head in heads]


def common_asks() -> list[dict[str, str]]:
    """What people look for, from the most frequent word to none, with each filter once."""
    a, b, c, *_ = words = vocabulary()
    typed = [a, f"{a} {b}", words[2500], f"{words[4000]} {a}", f'"{a} {b}"', f"{a[:4]}*", f"{a[:2]}*", f"{a} -{b}"]
    typed += [f"{words[5]}-{words[6]}", "zzz", "note 7 77", f"{words[10]} {words[20]} {words[30]}"]
    filters = [{"store": "memstore_large_7"}, {"author": "sesn_7"}, {"path": f"/{c}/"}, {"since": "2026-11-01"}]
    return [{"q": each} for each in typed] + [{"q": f"{a} {b}", **each} for each in [*filters, {"removed": "1"}]]
