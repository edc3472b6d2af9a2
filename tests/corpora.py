"""Synthetic stores and what a dream did to them, with the truth: for benches and tests, the same for the same seed.

Words are made of syllables, common ones common as in any language; statements are made by a small grammar, so that
there are headings, items, rows, code and facts to change.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

_Item = TypeVar("_Item")

_ONSETS = "b br c ch d dr f fl g gr h j k kl l m n p pl qu r s sh st t tr v w z".split()
_VOWELS = "a e i o u ai ea oo".split()
_ENDS = " n r s t l m nd rt sk ck".split(" ")
_GLUE = "the a of to in and for is on that with as by at from when after before under each".split()
_UNITS = "minutes hours days rows euros percent megabytes seats".split()
_DUTIES = ["must", "may", "should", "must not", "never"]

# Of 1,000 memories so many are touched, each way; a merge takes two to four in, a split makes two or three.
MOVED, EDITED, MERGES, SPLITS, REMOVED, ADDED = 120, 150, 45, 35, 50, 40


@dataclass(slots=True)
class Dreamt:
    """Both stores as {path: text}, and the lineage as (old, new) pairs and as whole groups.

    `levels` tells for each memory that was told anew which share of its words became others.
    """

    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    moved: set[tuple[str, str]] = field(default_factory=set)
    merged: set[tuple[frozenset[str], str]] = field(default_factory=set)
    split: set[tuple[str, frozenset[str]]] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    added: set[str] = field(default_factory=set)
    levels: dict[str, float] = field(default_factory=dict)

    def edges(self) -> set[tuple[str, str]]:
        """The lineage as (old, new) pairs of two paths."""
        found = set(self.moved)
        found |= {(old, new) for olds, new in self.merged for old in olds}
        found |= {(old, new) for old, news in self.split for new in news}
        return {(old, new) for old, new in found if old != new}


class Writer:
    """Makes words, statements and memories out of one random source."""

    def __init__(self, seed: int, words: int = 6_000) -> None:
        self.random = random.Random(seed)
        made = {self._made() for _ in range(2 * words)}
        self.words = sorted(made)[:words]
        self.random.shuffle(self.words)
        # The n-th word comes about 1 / n of the time.
        self.weights = [0.0]
        for rank in range(1, len(self.words) + 1):
            self.weights.append(self.weights[-1] + 1 / (rank + 20))
        self.weights = self.weights[1:]

    def _made(self) -> str:
        pick = self.random.choice
        return "".join(pick(_ONSETS) + pick(_VOWELS) + pick(_ENDS) for _ in range(self.random.choice((1, 2, 2, 3))))

    def some(self, count: int) -> list[str]:
        """So many words, common ones more often."""
        return self.random.choices(self.words, cum_weights=self.weights, k=count)

    def statement(self, subject: Sequence[str]) -> str:
        """A sentence about one of some words, often with a value or a duty."""
        pick = self.random.choice
        words: list[str] = []
        for word in self.some(self.random.randint(6, 14)):
            words += [pick(_GLUE), word] if self.random.random() < 0.5 else [word]
        words[self.random.randrange(len(words))] = pick(subject)
        if self.random.random() < 0.35:
            words += ["takes", str(self.random.randint(2, 900)), pick(_UNITS)]
        if self.random.random() < 0.2:
            words.insert(1, pick(_DUTIES))
        return " ".join(words).capitalize() + "."

    def memory(self, statements: int) -> str:
        """A heading, and items, rows, code or prose about two or three words."""
        subject = self.some(3)
        lines = [f"# {' '.join(subject).title()}", ""]
        for at in range(statements):
            said = self.statement(subject)
            style = self.random.random()
            if style < 0.7:
                lines.append(f"- {said}")
            elif style < 0.9:
                lines += [said, ""]
            elif style < 0.95:
                lines.append(f"| {subject[0]} | {said.rstrip('.')} |")
            else:
                lines += ["```", f"{subject[0]} --{subject[1]} {at}", "```"]
        return "\n".join(lines) + "\n"

    def retold(self, text: str, level: float) -> str:
        """The text with such a share of its words replaced by any others, as no sane rewriting would do it."""
        if not level:
            return text
        lines = []
        for line in text.split("\n"):
            pieces = line.split(" ")
            for at, piece in enumerate(pieces):
                if piece.strip(".").isalpha() and self.random.random() < level:
                    (new,) = self.some(1)
                    pieces[at] = (new.title() if piece[0].isupper() else new) + "." * piece.endswith(".")
            lines.append(" ".join(pieces))
        return "\n".join(lines)

    def path(self) -> str:
        """A path that says what the memory is about, or nothing of the sort."""
        return f"/{self.words[self.random.randrange(12)]}/{'-'.join(self.some(2))}-{self.random.randrange(10_000)}.md"


def dream(
    notes: int,
    *,
    seed: int = 1,
    statements: tuple[int, int] = (6, 14),
    levels: Sequence[float] = (0.0, 0.1, 0.2, 0.35),
) -> Dreamt:
    """A store of so many memories, each of so many statements, and the same after a dream; `levels` of rewording are
    dealt out evenly among all that was touched."""
    return _Dream(notes, seed, statements, levels).made


class _Dream:
    def __init__(self, notes: int, seed: int, statements: tuple[int, int], levels: Sequence[float]) -> None:
        self.writer, self.made, self.levels, self.statements = Writer(seed), Dreamt(), levels, statements
        self.random = self.writer.random
        for _ in range(notes):
            self.made.before[self._free()] = self._memory()
        self.left = sorted(self.made.before)
        self.random.shuffle(self.left)
        acts: list[tuple[int, Callable[[], None]]] = [
            (REMOVED, self._remove),
            (MERGES, self._merge),
            (SPLITS, self._split),
            (MOVED, self._move),
            (EDITED, self._edit),
            (ADDED, self._add),
        ]
        for of_thousand, act in acts:
            for _ in range(round(notes * of_thousand / 1000)):
                act()
        for path in self.left:
            self.made.after[path] = self.made.before[path]

    def _memory(self) -> str:
        return self.writer.memory(self.random.randint(*self.statements))

    def _free(self) -> str:
        while (path := self.writer.path()) in self.made.before or path in self.made.after:
            pass
        return path

    def _told(self, text: str, path: str) -> str:
        level = self.made.levels[path] = self.random.choice(list(self.levels))
        return self.writer.retold(text, level)

    def _remove(self) -> None:
        self.made.removed.add(self.left.pop())

    def _add(self) -> None:
        path = self._free()
        self.made.after[path] = self._memory()
        self.made.added.add(path)

    def _move(self) -> None:
        old, new = self.left.pop(), self._free()
        self.made.after[new] = self._told(self.made.before[old], new)
        self.made.moved.add((old, new))

    def _edit(self) -> None:
        path = self.left.pop()
        lines = self.made.before[path].split("\n")
        at = self.random.randrange(2, len(lines))
        lines[at] = self.writer.retold(lines[at], 0.3)
        lines.insert(at, f"- {self.writer.statement(self.writer.some(2))}")
        self.made.after[path] = self._told("\n".join(lines), path)

    def _merge(self) -> None:
        olds = [self.left.pop() for _ in range(self.random.choice((2, 2, 3, 4)))]
        new = olds[0] if self.random.random() < 0.4 else self._free()
        self.made.after[new] = self._told("\n".join(self.made.before[old] for old in olds), new)
        self.made.merged.add((frozenset(olds), new))

    def _split(self) -> None:
        old = self.left.pop()
        count = self.random.choice((2, 2, 3))
        # What is split was long.
        self.made.before[old] = text = "\n".join(self._memory() for _ in range(count))
        sections = text.split("\n# ")
        parts = [sections[0], *(f"# {section}" for section in sections[1:])]
        news = [self._free() for _ in parts]
        if self.random.random() < 0.4:
            news[0] = old
        for new, part in zip(news, parts, strict=True):
            self.made.after[new] = self._told(part, new)
        self.made.split.add((old, frozenset(news)))
