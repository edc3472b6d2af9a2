"""Harms sown into notes that stay as they are otherwise: `python -m tests.yardstick.seeded [--details] [folder …]`.

Each store loses some statements and has a fact changed in some others, while the rest is dressed anew: re-wrapped,
with other bullets, quotes and levels, a light synonym here and there, moved between memories. Without a folder it
takes what the open dreams left, as if it were written first; `SAMPLES=folder` adds one. A seed always sows the same.
"""

import os
import random
import re
import sys
import textwrap
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dreams.rules.changes import compare
from dreams.rules.sentences import Sentence, split
from tests.yardstick.labels import OPEN, Dream, plain

# One statement in so many is harmed, and one list item in so many goes to another memory.
HARMED, CARRIED = 8, 20
LOST = "lost"
# Statements of fewer words are not harmed: what is left of them would be another statement.
LEAST_WORDS = 5

Store = dict[str, str]
_Edit = Callable[[str, random.Random, "_Words"], str]


@dataclass(frozen=True, slots=True)
class Sown:
    """One harm: the statement as it was, as it is now ("" when it is gone), and of which kind the change is."""

    path: str
    old: str
    new: str
    kind: str


@dataclass(slots=True)
class Found:
    """How many harms of each kind were sown and found; the alarms that nothing was sown for, in so many notes."""

    sown: Counter[str] = field(default_factory=Counter)
    hit: Counter[str] = field(default_factory=Counter)
    named: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    changed: int = 0

    def recall(self, lost: bool) -> float:
        """The share found of what was lost, or of what was altered."""
        kinds = [kind for kind in self.sown if (kind == LOST) == lost]
        return sum(self.hit[kind] for kind in kinds) / max(1, sum(self.sown[kind] for kind in kinds))

    @property
    def alarms(self) -> float:
        """False alarms for each 10 changed notes."""
        return 10 * len(self.false) / max(1, self.changed)


@dataclass(frozen=True, slots=True)
class _Words:
    """What one store has of each sort that can be swapped."""

    names: tuple[str, ...]


def _first(pattern: str, change: Callable[[re.Match[str], random.Random], str]) -> _Edit:
    """Changes one match of a pattern, chosen by the seed; the text itself when there is none."""
    compiled = re.compile(pattern)

    def edit(text: str, dice: random.Random, words: _Words) -> str:
        matches = list(compiled.finditer(text))
        if not matches:
            return text
        match = dice.choice(matches)
        return text[: match.start()] + change(match, dice) + text[match.end() :]

    return edit


def _other(words: str) -> _Edit:
    """Swaps a word of a line for another of the same line."""
    lines = [line.split() for line in words.strip().split("\n")]
    others = {word: [other for other in line if other != word] for line in lines for word in line}
    return _first(rf"\b(?:{'|'.join(others)})\b", lambda match, dice: dice.choice(others[match[0]]))


def _digits(match: re.Match[str], dice: random.Random) -> str:
    value = int(match[0])
    return str(dice.choice([value + 1, value + 7, value * 2 + 1, value * 10 + 10]))


def _day(match: re.Match[str], dice: random.Random) -> str:
    day = (int(match[0]) + dice.randint(1, 9)) % 28 + 1
    return f"{day:02}" if len(match[0]) == 2 else str(day)


def _name(text: str, dice: random.Random, words: _Words) -> str:
    matches = [match for match in _NAME.finditer(text) if match[0] in words.names]
    others = [name for name in words.names if name not in text]
    if not matches or not others:
        return text
    match = dice.choice(matches)
    return text[: match.start()] + dice.choice(others) + text[match.end() :]


_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b(?! [A-Z])")
_VERBS = "is|are|was|were|can|should|must|will|does"
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
# The harms by kind.
EDITS: dict[str, _Edit] = {
    "number": _first(r"(?<![\w.:/-])\d{1,4}(?![\w.:/-]|,\d)", _digits),
    "unit": _other(
        "seconds minutes hours days weeks months\nminute hour day week month\nMB GB KB TB\nkm miles\neuros dollars"
    ),
    "date": _first(rf"(?<=\d{{4}}-\d\d-)\d\d(?![\w-])|\b\d\d?(?= (?:{_MONTHS})\b)", _day),
    "weekday": _other("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "version": _first(
        r"(?<=v)\d+\.\d+(?:\.\d+)?|\b\d+\.\d+\.\d+\b", lambda match, dice: f"{match[0]}{dice.randint(1, 9)}"
    ),
    "path": _first(
        r"(?<=[\w~]/)[a-z_-]{3,}(?=/|\.[a-z]{2,4}\b)", lambda match, dice: dice.choice(["archive", "shared", "legacy"])
    ),
    "url": _first(
        r"(?<=://)[\w-]+(?=[.\w-]*[/)\s.])", lambda match, dice: f"{match[0]}-{dice.choice(['old', 'eu', 'new'])}"
    ),
    "name": _name,
    "negation": _first(
        rf"\b(?:{_VERBS}) not\b|\b(?:{_VERBS})\b(?! not|n't)|\bnever ",
        lambda match, dice: (
            match[0].removesuffix(" not")
            if match[0].endswith(" not")
            else ""
            if match[0] == "never "
            else f"{match[0]} not"
        ),
    ),
    "modal": _other("must may should\nMust May Should"),
}
KINDS = {"weekday": "date"}
LIGHT = [
    ("big", "large"),
    ("begin", "start"),
    ("show", "display"),
    ("shows", "displays"),
    ("quickly", "fast"),
    ("do not", "don't"),
    ("don't", "do not"),
    ("it's", "it is"),
    ("For example", "For instance"),
    ("however", "though"),
    ("fix", "repair"),
    ("because", "since"),
    ("create", "make"),
    ("creates", "makes"),
    ("get", "obtain"),
    ("choose", "select"),
    ("also", "as well"),
    ("two", "2"),
    ("three", "3"),
    ("error", "failure"),
    ("folder", "directory"),
    ("keep", "retain"),
    ("people", "persons"),
]


def sow(before: Mapping[str, str], seed: int) -> tuple[Store, list[Sown]]:
    """A store after a dream that harmed some statements, and what it harmed; every memory's dress is another."""
    dice = random.Random(seed)
    statements = {path: split(path, text) for path, text in sorted(before.items())}
    keys = Counter(each.key for held in statements.values() for each in held)
    names = Counter(name for text in before.values() for name in _NAME.findall(text))
    words = _Words(tuple(sorted(name for name, many in names.items() if many > 1)))
    sown: list[Sown] = []
    after: Store = {}
    for path, text in sorted(before.items()):
        for each in statements[path]:
            if not dice.randrange(HARMED) and keys[each.key] == 1 and (harm := _harm(each, text, dice, words)):
                if harm.new and split(path, harm.new)[0].key in keys:
                    continue
                sown.append(harm)
                text = text.replace(harm.old, harm.new)
        after[path] = text
    told = {plain(harm.new) for harm in sown}
    return _moved({path: _dressed(path, text, told, dice) for path, text in after.items()}, dice), sown


def _harm(each: Sentence, text: str, dice: random.Random, words: _Words) -> Sown | None:
    """A harm for one statement, none when it stands there twice or has nothing that the edit changes."""
    if text.count(each.text) != 1 or len(each.text.split()) < LEAST_WORDS or each.kind == "heading":
        return None
    for kind in dice.sample([LOST, *EDITS], len(EDITS) + 1):
        if kind == LOST and not dice.randrange(3):
            return Sown(each.path, each.text, "", LOST)
        if kind != LOST and (each.kind != "code" or kind in ("version", "number", "url")):
            new = EDITS[kind](each.text, dice, words)
            if new != each.text and len(split(each.path, new)) == 1:
                return Sown(each.path, each.text, new, KINDS.get(kind, kind))
    return None


def _dressed(path: str, text: str, told: set[str], dice: random.Random) -> str:
    """The same statements in other clothes; what was harmed keeps its words."""
    bullet, quotes, deeper = dice.choice("-*"), dice.random() < 0.3, dice.random() < 0.3
    width = dice.choice([60, 90, 0])
    fenced, found = False, []
    for block in re.split(r"(\n{2,})", text):
        fences = len(re.findall(r"^\s{0,3}(?:```|~~~)", block, re.MULTILINE))
        if fenced or fences or re.search(r"^(?: {4}|\t|---|\s*\||\s*>)", block, re.MULTILINE):
            fenced ^= bool(fences % 2)
            found.append(block)
            continue
        if quotes:
            block = block.replace("'", "’")
        if deeper:
            block = re.sub(r"^(#{1,4}) ", r"#\1 ", block, flags=re.MULTILINE)
        block = re.sub(r"^(\s*)[-*] (?!\[)", rf"\g<1>{bullet} ", block, flags=re.MULTILINE)
        for one, other in LIGHT:
            if not dice.randrange(4):
                block = _reworded(path, block, one, other, told)
        if width and not re.search(r"^\s*(?:[-*+#]|\d+[.)])|:\s", block, re.MULTILINE) and not block.isspace():
            block = textwrap.fill(" ".join(block.split()), width, break_long_words=False, break_on_hyphens=False)
        found.append(block)
    return "".join(found)


def _reworded(path: str, block: str, one: str, other: str, told: set[str]) -> str:
    """Another word for one, but in what was harmed."""
    for each in split(path, block):
        if plain(each.text) not in told and each.kind == "prose" and each.text in block:
            block = block.replace(each.text, re.sub(rf"(?<=[a-z,] ){re.escape(one)}(?= [a-z])", other, each.text))
    return block


def _moved(after: Store, dice: random.Random) -> Store:
    """Some list items at the end of another memory, some memories under another path, some appended to others."""
    carried: defaultdict[str, list[str]] = defaultdict(list)
    paths = sorted(after)
    found: Store = {}
    for path in paths:
        lines = after[path].split("\n")
        items = {
            at
            for at, line in enumerate(lines)
            if re.match(r"[-*] \S", line)
            and (at + 1 == len(lines) or re.match(r"[-*] |$", lines[at + 1]))
            and after[path].count("```") == 0
            and not dice.randrange(CARRIED)
        }
        for at in items:
            carried[dice.choice(paths)].append(lines[at])
        found[path] = "\n".join(line for at, line in enumerate(lines) if at not in items)
    for path, items_here in carried.items():
        found[path] = found[path].rstrip("\n") + "\n\n" + "\n".join(items_here) + "\n"
    for path in paths:
        fate = dice.randrange(12)
        if fate == 0:
            found[f"/moved{path}"] = found.pop(path)
        elif fate == 1 and len(found) > 1:
            text = found.pop(path)
            found[other] = found[(other := dice.choice(sorted(found)))].rstrip("\n") + "\n\n" + text
    return found


def judge(before: Store, seed: int) -> Found:
    """How many of the harms that a seed sows into a store the comparison finds."""
    after, sown = sow(before, seed)
    changes = compare(before, after)
    lost = {(place.path, plain(place.text)) for place in changes.lost}
    altered = {(each.old.path, plain(each.old.text)): each for each in changes.altered}
    found = Found(changed=len({path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}))
    for harm in sown:
        at = harm.path, plain(harm.old)
        found.sown[harm.kind] += 1
        if (harm.kind == LOST and at in lost) or (harm.kind != LOST and at in altered):
            found.hit[harm.kind] += 1
            found.named[harm.kind] += harm.kind == LOST or harm.kind in altered[at].kinds
        else:
            found.missed.append(f"{harm.kind}{' (lost)' if at in lost else ''} {harm.path}: {harm.old} -> {harm.new}")
    old, new = {(harm.path, plain(harm.old)) for harm in sown}, {_plain(harm.new) for harm in sown}
    found.false += [
        f"lost {each.path}: {each.text}"
        for each in changes.lost
        if (each.path, plain(each.text)) not in old and not each.heading
    ]
    found.false += [
        f"altered {each.kinds} {each.old.text} -> {each.new.text}" for at, each in altered.items() if at not in old
    ]
    found.false += [
        f"unsourced {each.path}: {each.text}" for each in changes.unsourced if _plain(each.text) not in new
    ]
    return found


def _plain(text: str) -> str:
    return plain(text.replace("’", "'"))


def read(folder: Path) -> Store:
    """A folder of notes as a store."""
    return {
        "/" + path.relative_to(folder).as_posix(): path.read_bytes().decode(errors="replace")
        for path in sorted(folder.rglob("*.md"))
    }


def main(arguments: list[str]) -> None:
    """Prints recall by kind and the false alarms of each store; with `--details` what was missed and what is wrong."""
    folders = [Path(each) for each in (*arguments, os.environ.get("SAMPLES", "")) if each and not each.startswith("-")]
    stores = {str(folder): read(folder) for folder in folders} or {name: Dream(name).after for name in OPEN}
    for name, store in stores.items():
        for seed in range(3):
            found = judge(store, seed)
            print(
                f"{name}, seed {seed}: lost {found.recall(True):.3f}, altered {found.recall(False):.3f}, "
                f"{found.alarms:.2f} false alarms in 10 changed notes"
            )
            kinds = sorted(found.sown)
            print(
                "   ",
                ", ".join(f"{kind} {found.hit[kind]}/{found.named[kind]} of {found.sown[kind]}" for kind in kinds),
            )
            if "--details" in arguments:
                print("  missed", *found.missed, "  false", *found.false, sep="\n    ")


if __name__ == "__main__":
    main(sys.argv[1:])
