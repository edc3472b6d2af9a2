"""Numbers, times, duties and names written in Japanese and Chinese are read as what they are."""

import pytest

from dreams.rules.changes import compare
from dreams.rules.ideographs import people
from dreams.rules.phrasing import plainly

AROUND = "# Notes\n\n- The office has a blue door.\n- {}\n- Rain was expected on the day of the fair.\n"


def kinds(old: str, new: str) -> list[str]:
    changes = compare({"/a": AROUND.format(old)}, {"/a": AROUND.format(new)})
    assert (changes.lost, changes.unsourced) == ((), ())
    return [kind for each in changes.altered for kind in each.kinds]


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("会議室には三十人まで入れる。", "会議室には二十人まで入れる。", "number"),
        ("在庫は百五十個ある。", "在庫は百二十個ある。", "number"),
        ("会议室最多容纳三十人。", "会议室最多容纳二十人。", "number"),
        ("定例会議は火曜日に行う。", "定例会議は木曜日に行う。", "date"),
        ("例会在星期二举行。", "例会在星期四举行。", "date"),
        ("請求書は3月5日に届く。", "請求書は4月5日に届く。", "date"),
        ("締め切りは2026年4月10日です。", "締め切りは2026年5月10日です。", "date"),
        ("店は午前9時に開く。", "店は午後9時に開く。", "date"),
        ("店は九時に開く。", "店は十時に開く。", "date"),
        ("会議は3時間かかる。", "会議は3日かかる。", "unit"),
        ("報告書は二人で確認しなければならない。", "報告書は二人で確認してもよい。", "modal"),
        ("報告書は必ず二人で確認する。", "報告書はできれば二人で確認する。", "modal"),
        ("サーバーはコピーを保存しない。", "サーバーはコピーを保存する。", "negation"),
        ("経理の担当は佐藤さんです。", "経理の担当は高橋さんです。", "name"),
        ("担当者は田中です。", "担当者は鈴木です。", "name"),
    ],
)
def test_a_fact_changed_in_signs_is_named_by_its_kind(old: str, new: str, kind: str) -> None:
    assert kinds(old, new) == kinds(new, old) == [kind]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("会議室には三十人まで入れる。", "会議室には30人まで入れる。"),
        ("会議は午後3時に始まる。", "会議は15:00に始まる。"),
        ("会議は7時半に始まる。", "会議は7:30に始まる。"),
        ("会議は３時間かかる。", "会議は三時間かかる。"),
        ("締め切りは2026年4月10日です。", "締め切りは2026-04-10です。"),
    ],
)
def test_another_spelling_in_signs_is_no_change(old: str, new: str) -> None:
    assert kinds(old, new) == kinds(new, old) == []


@pytest.mark.parametrize("text", ["十分です", "ユーザーは一時停止", "三菱の車", "13月", "99時"])
def test_signs_that_only_look_like_a_number_or_time_stay_as_they_are(text: str) -> None:
    assert plainly(text).replace(" ", "") == text


def test_who_is_named_is_read_from_a_title_or_an_office() -> None:
    assert people("経理の担当は佐藤さんです。窓口はマリアです") == ["佐藤", "マリア"]
