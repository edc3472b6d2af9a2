"""What Japanese and Chinese write in signs of their own, such as numbers, times and duties, in words the other rules
read."""

import re
from datetime import date

_SIGNS = {sign: value for value, sign in enumerate("〇一二三四五六七八九")} | {"両": 2, "两": 2, "零": 0}
_TENS = {"十": 10, "百": 100, "千": 1_000}
_RUN = "".join((*_SIGNS, *_TENS, "万"))
# What is counted: only before one of these is a sign a number ("三人", but not "三菱").
_COUNTER = (
    "人|名|個|个|つ|本|枚|台|件|冊|部屋|回|階|匹|頭|箱|袋|杯|歳|才|倍|番|号|文字|字|行|ページ|度|点|点半|席|着|室|棟|箇所"
    "|時|时|分(?!の)|秒|日|天|週|周|か月|ヶ月|カ月|个月|箇月|月|年|円|元|割|泊|キロ|メートル|リットル|グラム|ミリ|センチ|トン|パーセント"
)
_NUMBER = re.compile(rf"[{_RUN}]+(?=(?:{_COUNTER}))")
# "Enough", "partly", "thoroughly" and the like are no amounts.
_IDIOM = re.compile("^(?:十分|一部(?!屋)|一番|一度|一つ|一時(?!間|に|から|まで|半)|一回り|千万|万一)")
_CLOCK = re.compile(
    r"(?P<half>午前|午後|上午|下午|朝|夜|早上|晚上)?の?(?P<hour>\d{1,2}) ?(?:時(?!間)|时|点(?=半|\d|[^\d]*$|整|开|到))"
    r"(?P<minutes>半|(?: ?\d{1,2} ?分))?"
)
_MONTHS = "January February March April May June July August September October November December".split()
_DAY = re.compile(r"(?:(?P<year>\d{4}) ?年 ?)?(?P<month>\d{1,2}) ?月(?: ?(?P<day>\d{1,2}) ?[日号])?(?!間)")
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_WEEK = dict(zip("月火水木金土日一二三四五六天", [*_DAYS, *_DAYS], strict=True))
_WEEKDAY = re.compile(r"(?P<ja>[月火水木金土日])曜日?|(?:星期|周|礼拜)(?P<zh>[一二三四五六日天])")
# Each with the words that stand for it, the longer before those it holds.
_PHRASES = [
    (re.compile(pattern), f" {words} ")
    for pattern, words in (
        ("な(?:ければ|くては)(?:ならない|なりません|いけない|いけません)", "must"),
        ("なくても?(?:よい|いい|良い|構わない|構いません)|必要は?(?:ない|ありません)|不必|不用", "may"),
        ("必要が?(?:ある|あります|です)|必ず|必須|义务|必须|务必|義務", "must"),
        ("て?も(?:よい|いい|良い|構わない|構いません)|で(?:よい|いい|良い)(?=$|[。、])|可以|任意", "may"),
        ("できれば|なるべく|望ましい|推奨|たほうがよい|应该|应当|最好", "should"),
        ("以上|至少|最低", "at least"),
        ("以下|以内|至多|最多|最大", "at most"),
        ("(?<=\\d) ?(?:時間|小时)", "hours"),
        ("(?<=\\d) ?(?:分钟|分間?)", "minutes"),
        ("(?<=\\d) ?秒間?", "seconds"),
        ("(?<=\\d) ?(?:か月|ヶ月|カ月|箇月|个月)間?", "months"),
        ("(?<=\\d) ?(?:週間|周(?!年))", "weeks"),
        ("(?<=\\d) ?(?:日間?|天)", "days"),
        ("(?<=\\d) ?年間?(?!生)", "years"),
        ("(?<=\\d) ?円", "yen"),
        ("(?<=\\d) ?(?:パーセント|％)", "%"),
        ("(?<=\\d) ?(?:キロメートル|公里)", "km"),
        ("(?<=\\d) ?(?:リットル)", "litres"),
        ("(?<=\\d) ?(?:グラム|克)", "grams"),
    )
]
_PERSON = re.compile(
    "(?P<called>[\u4e00-\u9fff々]{1,4}|[\u30a1-\u30ff]{2,10})(?:さん|様|氏|先生|ちゃん|くん|女士|老师)"
    "|(?:担当者?|責任者|院長|店長|部長|課長|社長|窓口|連絡先|负责人)(?:は|：|:|是) ?"
    "(?P<held>[\u4e00-\u9fff々]{2,4}|[\u30a1-\u30ff]{2,10})"
    "(?=$|です|で[、す]|[。、（(]|が)"
)
_FULL = {ord("０") + digit: str(digit) for digit in range(10)} | {ord("："): ":"}


def spelled_out(text: str) -> str:
    """The text with "三十人" as "30人", "午後3時半" as "15:30", "3月5日" as a date, "必ず" as "must"."""
    text = _NUMBER.sub(_digits, text.translate(_FULL))
    text = _WEEKDAY.sub(lambda found: f" {_WEEK[found['ja'] or found['zh']]} ", text)
    text = _CLOCK.sub(_time, _DAY.sub(_date, text))
    for pattern, words in _PHRASES:
        text = pattern.sub(words, text)
    return text


def people(text: str) -> list[str]:
    """Who is named in a text: by a title behind the name or by an office before it."""
    return [found["called"] or found["held"] for found in _PERSON.finditer(text)]


def _digits(found: "re.Match[str]") -> str:
    if _IDIOM.match(found.string, found.start()) or _IDIOM.match(found.string[found.start() : found.end() + 2]):
        return found[0]
    if not any(sign in found[0] for sign in (*_TENS, "万")):
        return "".join(str(_SIGNS[sign]) for sign in found[0])
    whole, part, last = 0, 0, 0
    for sign in found[0]:
        if sign == "万":
            whole, part, last = (whole + part + last or 1) * 10_000, 0, 0
        elif sign in _TENS:
            part, last = part + (last or 1) * _TENS[sign], 0
        else:
            last = _SIGNS[sign]
    return str(whole + part + last)


def _date(found: "re.Match[str]") -> str:
    year, month, day = (int(found[part] or 0) for part in ("year", "month", "day"))
    try:
        named = date(year or 2000, month, day or 1)
    except ValueError:
        return found[0]
    if year and day:
        return f" {named:%Y-%m-%d} "
    return f" {day or ''} {_MONTHS[month - 1]} {year or ''} ".replace("  ", " ")


def _time(found: "re.Match[str]") -> str:
    hour, minutes = int(found["hour"]), re.sub(r"\D", "", (found["minutes"] or "").replace("半", "30")) or "00"
    if hour > 24 or int(minutes) > 59:
        return found[0]
    if found["half"] in ("午後", "下午", "夜", "晚上"):
        hour = hour % 12 + 12
    return f" {hour % 24:02}:{minutes:0>2} "
