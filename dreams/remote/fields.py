"""The vendor's JSON read field by field, with every promise about its shape checked here."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

T = TypeVar("T")

LONE_SURROGATES = re.compile("[\ud800-\udfff]")


class ShapeError(ValueError):
    """The answer has not the promised shape; the text names the field, never its value."""


class Fields:
    """A JSON object read field by field; anything missing or of another kind is a ShapeError."""

    def __init__(self, raw: Any, where: str) -> None:
        if not isinstance(raw, dict):
            raise ShapeError(f"{where} is not an object")
        self.raw: dict[str, Any] = raw
        self.where = where

    def _of(self, name: str, kind: type[T]) -> T:
        value = self.raw.get(name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            state = "missing" if value is None else "of the wrong kind"
            raise ShapeError(f"{self.where}.{name} is {state}")
        return value

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.raw.get(name) is not None

    def text(self, name: str) -> str:
        """Any text, empty or not; a NUL, which no database takes, becomes U+FFFD."""
        return self.exact(name).replace("\0", "\ufffd")

    def exact(self, name: str) -> str:
        """A text as it is: a memory's content, which has a digest."""
        return self._of(name, str)

    def text_or(self, name: str, default: T) -> str | T:
        """A text, `default` where it is missing or null."""
        return self.text(name) if self.has(name) else default

    def id(self, name: str = "id", *, expected: str | None = None) -> str:
        """A non-empty id; when `expected` is given it must be that one."""
        value = self.text(name)
        if not value or (expected is not None and value != expected):
            raise ShapeError(f"{self.where}.{name} is not the one asked for")
        return value

    def integer(self, name: str) -> int:
        """A whole number; true and false are none."""
        return self._of(name, int)

    def count(self, name: str) -> int:
        """A number that the vendor leaves out where it is zero."""
        return self.integer(name) if self.has(name) else 0

    def number(self, name: str) -> float:
        """A number, whole or not, 0 where the vendor leaves it out."""
        value = self.raw.get(name)
        return value if isinstance(value, float) else float(self.count(name))

    def moment(self, name: str) -> datetime:
        """A time with its zone, in UTC."""
        try:
            moment = datetime.fromisoformat(self.text(name))
            if moment.tzinfo is None:
                raise ValueError
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ShapeError(f"{self.where}.{name} is no time with a zone") from None

    def moment_or_none(self, name: str) -> datetime | None:
        """A time, None where it is missing or null."""
        return self.moment(name) if self.has(name) else None

    def child(self, name: str) -> "Fields":
        """The object of that name."""
        return Fields(self.raw.get(name), f"{self.where}.{name}")

    def child_or_none(self, name: str) -> "Fields | None":
        """The object of that name, None where it is missing or null."""
        return self.child(name) if self.has(name) else None

    def items(self, name: str) -> list["Fields"]:
        """A list of objects."""
        return [Fields(item, f"{self.where}.{name}[]") for item in self._of(name, list)]

    def texts(self, name: str) -> dict[str, str]:
        """An object whose values are all texts."""
        values = self._of(name, dict)
        if not all(isinstance(value, str) for value in values.values()):
            raise ShapeError(f"{self.where}.{name} holds something else than text")
        return dict(values)


def decode(body: bytes) -> Fields:
    """The JSON object in `body`. Lone surrogates, which no database takes, become U+FFFD."""
    try:
        raw = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ShapeError("the answer is not JSON") from None
    return Fields(_without_lone_surrogates(raw) if b"\\ud" in body.lower() else raw, "answer")


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _without_lone_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return LONE_SURROGATES.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_lone_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_lone_surrogates(key): _without_lone_surrogates(item) for key, item in value.items()}
    return value


def page(answer: Fields, read: Callable[[Fields], T]) -> tuple[list[T], str | None]:
    """One page of a list and the cursor of the next. Both keys must be there: `{}` is not an empty list, and
    a missing cursor is not the last page."""
    if "next_page" not in answer.raw:
        raise ShapeError("answer.next_page is missing")
    cursor = answer.text_or("next_page", None)
    if cursor == "":
        raise ShapeError("answer.next_page is empty")
    return [read(item) for item in answer.items("data")], cursor
