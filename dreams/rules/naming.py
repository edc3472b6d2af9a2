"""What things and people are called: whether a name stands for another one."""

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from dreams.rules.meaning import Meaning
from dreams.rules.terms import terms

# What is mostly followed by what it is called, what goes on behind a name, and what has no article either.
_CALLED = frozenset(
    "host server service machine bucket queue cluster repo repository branch database db table topic channel "
    "namespace node instance project account vm container volume job pipeline printer runner module package "
    "library".split()
)
_JOINING = frozenset("and or at every each for since with by in then daily nightly".split()).union([""])
_MASSES = frozenset(
    "paper request demand time call duty leave site holiday hold foot purpose top average home school work scratch "
    "memory disk tape commit push merge save start failure success error exit entry release arrival delivery "
    "order".split()
)


class Said(Protocol):
    """A statement: its normal form and what it says."""

    @property
    def key(self) -> str: ...

    @property
    def meaning(self) -> Meaning: ...


def renamed(
    old: Said, new: Said, known: Sequence[str], kept: Sequence[str], light: bool, strange: Callable[[str], bool]
) -> bool:
    """Whether a name is gone and a foreign one stands there. `known`: the texts of all sources of the new statement;
    `kept`: of all that carry the old one."""
    held, holds = " ".join(known), " ".join(kept)
    spelled, spells = _spelled(held), _spelled(holds)
    # Signs are not parted by blanks.
    gone = {name for name in old.meaning.of("name") if not _spelled(name) <= spells and not _signed(name, holds)}
    come = {name for name in new.meaning.of("name") if not _spelled(name) & spelled and not _signed(name, held)}
    if bool(gone) != bool(come):
        return _one_for_one(old.key, new.key)
    return bool(gone and come) and (light or (any(map(strange, gone)) and any(map(strange, come))))


def called(words: Sequence[str], at: int) -> bool:
    """Whether the word there is what something is called: behind what it is ("host turnstone"), or where a word for a
    thing would have an article ("spooled on turnstone")."""
    before, behind = words[at - 1] if at else "", words[at + 1] if at + 1 < len(words) else ""
    return before in _CALLED or (before in ("on", "from", "via") and behind in _JOINING and words[at] not in _MASSES)


def _spelled(text: str) -> set[str]:
    return {word[:5] for word in re.findall(r"[^\W_]+", text.lower())}


def _one_for_one(old: str, new: str) -> bool:
    """Whether in other words, but the same terms, one capital word stands for another; a name at the start is a plain
    word by itself."""
    one, other = _capitals(old), _capitals(new)
    was, says = set(terms(old)), set(terms(new))
    return len(was - says) == len(says - was) == 1 and was - says <= one - other and says - was <= other - one


def _capitals(key: str) -> set[str]:
    return {term for word in re.findall(r"\b[^\W\d_]{3,}\b", key) if word[0].isupper() for term in terms(word)}


def _signed(name: str, text: str) -> bool:
    return name[0] > "\u3000" and name in text
