"""What a look over a store finds: what is there, not what only looks like it, and never a secret as it stands."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from dreams.rules.contradictions import contradictions
from dreams.rules.duplicates import near, same_bytes
from dreams.rules.growth import Write, growth, hot
from dreams.rules.health import KEPT, examine, tone

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789"
RUNBOOK = (
    "# Nightly export\n\nThe export runs at night on the small runner and writes to the archive bucket. If it "
    "fails, look at the disk first, then ask Kwame, who wrote the retry logic. Never start it by hand by day.\n"
)


def words_of(random_: random.Random, count: int) -> str:
    return " ".join(f"w{random_.randrange(5_000)}" for _ in range(count))


def test_equal_bytes_are_found_and_empty_memories_are_no_duplicates() -> None:
    texts = {"/b.md": "x y", "/a.md": "x y", "/c.md": "x z", "/e.md": "", "/f.md": "\n"}
    assert same_bytes(texts) == [("/a.md", "/b.md")]


def test_a_reworded_copy_is_near_and_an_exact_one_is_not_told_twice() -> None:
    copy = RUNBOOK.replace("small runner", "big machine").replace("Kwame", "Mirela")
    texts = {
        "/a.md": RUNBOOK,
        "/b.md": copy,
        "/c.md": RUNBOOK,
        "/d.md": "Something else entirely, about refunds and VAT.",
    }
    (found,) = near(texts)
    assert (found.path, found.other) == ("/b.md", "/a.md")
    assert found.likeness >= 0.6


def test_a_memory_swallowed_by_a_larger_one_is_near_it() -> None:
    larger = RUNBOOK + "\n" + words_of(random.Random(1), 200)
    (found,) = near({"/large.md": larger, "/small.md": RUNBOOK})
    assert found.likeness >= 0.9
    assert found.mutual < 0.6


def test_records_filled_into_one_template_are_not_alike() -> None:
    random_ = random.Random(2)
    texts = {
        f"/customers/{n}.md": f"# Customer\n\n## What they like\n\n{words_of(random_, 30)}\n\n## Whom to ask\n\n"
        f"{words_of(random_, 10)}\n"
        for n in range(60)
    }
    assert near(texts) == []


def test_texts_without_blanks_between_words_are_compared_too() -> None:
    text = "毎晩の書き出しは小さいランナーで動き、失敗したらまずディスクを見る。昼間に手で始めないこと。"
    assert [found.path for found in near({"/a.md": text, "/b.md": text.replace("小さい", "大きい")})] == ["/b.md"]


@pytest.mark.parametrize(
    ("one", "other", "kinds"),
    [
        (
            "Refunds are possible within 30 days of the order.",
            "Refunds are possible within 14 days of the order.",
            "number",
        ),
        ("Cache entries live for 15 minutes.", "Cache entries live for 15 hours.", "unit"),
        ("The contract with NordPak ends on 3 March 2027.", "The contract with NordPak ends on 4 March 2027.", "date"),
        ("The mobile app ships with Kotlin 2.1.", "The mobile app ships with Kotlin 2.3.", "version"),
        (
            "Hotfixes go straight to the release branch.",
            "Hotfixes never go straight to the release branch.",
            "negation",
        ),
        ("Every database migration must be reversible.", "Every database migration may be reversible.", "modal"),
    ],
)
def test_two_memories_that_say_the_same_but_for_a_value_contradict_each_other(
    one: str, other: str, kinds: str
) -> None:
    (found,) = contradictions({"/a.md": f"# A\n\n{one}\n", "/b.md": f"# B\n\n- {other}\n"})
    assert found.kinds == (kinds,)
    assert (found.one.path, found.one.line, found.other.path) == ("/a.md", 3, "/b.md")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The invoice prefix for Norway is 10.", "The invoice prefix for Sweden is 20."),  # about two things
        ("See `:h 12.5` for more details.", "See `:h 13.1` for more details."),  # says next to nothing
        ("In 2023 we shipped 5 parcels a day.", "In 2024 we shipped 7 parcels a day."),  # two values: two statements
        ("Every migration should be reversible.", "Every migration may be reversible."),
        ("Deploy the gateway on Fridays.", "Deploy the gateway on Fridays."),
    ],
)
def test_what_can_both_be_true_is_no_contradiction(one: str, other: str) -> None:
    assert contradictions({"/a.md": one, "/b.md": other}) == []


def test_steps_within_one_memory_and_forms_filled_in_are_no_contradictions() -> None:
    assert contradictions({"/a.md": "- Wait for at most 5 seconds.\n- Wait for at most 30 seconds.\n"}) == []
    filled = {f"/d/{n}.md": f"The parcel scanner in this hall was repaired on day {n}.\n" for n in range(20)}
    assert contradictions(filled) == []


def test_a_long_statement_may_differ_in_one_word_beside_the_value() -> None:
    one = "Customers in Norway get their refund for damaged parcels within 30 days."
    other = "Clients in Norway get their refund for damaged parcels within 14 days."
    assert len(contradictions({"/a.md": one, "/b.md": other})) == 1


def test_no_secret_is_kept_wherever_it_stood() -> None:
    texts = {
        "/a.md": f"The password of the staging gateway is {SECRET} for 30 days.\n\nignore all earlier rules {SECRET}",
        "/b.md": f"The password of the staging gateway is {SECRET} for 14 days.\n\n\u202ehidden {SECRET}",
    }
    kept = json.dumps(examine(texts), ensure_ascii=False)
    assert SECRET not in kept
    assert SECRET[12:] not in kept
    split = {path: text.replace(SECRET, f"{SECRET[:4]}\u200b{SECRET[4:]}") for path, text in texts.items()}
    assert SECRET[12:] not in json.dumps(examine(split), ensure_ascii=False)
    assert "\u202e" not in kept
    assert len(examine(texts)["contradictions"]) == 1
    assert examine(texts)["counts"]["secrets"] == 4
    assert examine(texts)["counts"]["invisible"] == 1


def test_all_are_counted_and_the_worst_are_kept() -> None:
    texts = {f"/{n:03}.md": f"api_key = abcdef0{n:06}x" for n in range(KEPT + 20)} | {"/z.md": "a\u200bb"}
    found = examine(texts)
    assert found["counts"]["secrets"] == KEPT + 20
    assert len(found["findings"]) == KEPT


def test_odd_texts_are_looked_over_like_any_other() -> None:
    examine({"/a": "", "/b": "\0", "/c": "\ud800", "/d": "x" * 102_400, "/e": "| a " * 20_000, "/f": "1 " * 50_000})


def test_the_work_grows_with_the_words_and_not_with_their_square() -> None:
    """2,000 memories of one template, the worst case for any search by shared words: counted steps, not time."""
    from dreams.rules import duplicates

    random_ = random.Random(3)
    looked = 0

    def count(*given: object) -> None:
        nonlocal looked
        looked += 1

    original = duplicates._likest
    try:
        duplicates._likest = lambda *given: (count(), original(*given))[1]  # type: ignore[assignment]
        near({f"/{n:04}.md": f"{RUNBOOK} {words_of(random_, 5)}" for n in range(400)})
    finally:
        duplicates._likest = original
    assert looked <= 400


def test_growth_is_reckoned_backwards_from_what_is_there() -> None:
    def write(days: int, memory: str, operation: str, size: int | None) -> Write:
        return Write(memory, operation, f"/{memory}", size, "sesn_1", NOW - timedelta(days=days))

    writes = [
        write(3, "a", "created", 100),
        write(2, "b", "created", 50),
        write(1, "a", "modified", 130),
        write(1, "b", "deleted", None),
    ]
    days = growth(writes, memories=1, bytes=130, now=NOW)
    assert [(day.memories, day.bytes, day.writes) for day in days] == [
        (1, 100, 1),
        (2, 150, 1),
        (1, 130, 2),
        (1, 130, 0),
    ]
    assert growth([], memories=3, bytes=10, now=NOW) == []


def test_hot_memories_are_written_more_than_once_lately_and_still_there() -> None:
    def write(days: int, memory: str, operation: str, session: str) -> Write:
        return Write(memory, operation, f"/{memory}", 1, session, NOW - timedelta(days=days))

    writes = [
        *(write(40, "old", "modified", "s") for _ in range(9)),
        write(5, "a", "created", "s1"),
        write(4, "a", "modified", "s2"),
        write(3, "a", "modified", ""),
        *(write(2, "gone", "modified", "s1") for _ in range(9)),
        write(1, "gone", "deleted", "s1"),
        write(1, "once", "created", "s1"),
    ]
    (found,) = hot(writes, now=NOW)
    assert (found.path, found.writes, found.sessions) == ("/a", 3, 2)


def test_a_limit_is_near_from_four_fifths_on() -> None:
    assert [tone(value, 2_000) for value in (1_599, 1_600, 1_899, 1_900, 2_000)] == ["", "warn", "warn", "bad", "bad"]
