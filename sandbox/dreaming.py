"""What a dream of the stand-in decides: a pure function from memories and transcripts to a list of edits.

This is a small tidy-up by plain rules. It is not Claude, it understands nothing, and what it writes says so.
It does no I/O, reads no clock, gives the same answer for the same input, and takes any text.

Instructions have a small, real effect, by these words only (anything else is ignored):
    keep /some/prefix     notes below the prefix are neither changed nor dropped
    only /some/prefix     nothing outside of the prefix is changed or dropped
    do not merge          near copies stay
    no index              no index note is written
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from rapidfuzz.distance import Indel

from sandbox import reading

SIGNATURE = "Made by the sandbox stand-in, not by Claude."
MAX_BYTES, MAX_NOTES = 102_400, 2_000  # the API's limits: what is written must fit
NEAR_COPY = 0.8  # share of the shorter note's words that the other holds in the same order
FORM_FIELD = 5  # a subject that so many notes state is a field of a form, not one fact told twice
RECURS, RECURRING_ITEMS = 3, 10


@dataclass(frozen=True)
class Note:
    """A memory as the dream sees it; `updated_at` is an API time and is only compared."""

    path: str
    content: str
    updated_at: str


@dataclass(frozen=True)
class Transcript:
    """A session as the dream sees it: what was said, turn by turn."""

    session_id: str
    title: str
    turns: tuple[str, ...]


@dataclass(frozen=True)
class Edit:
    """One write; `content` is None for a delete. `sources`: the notes it was decided from, with its own."""

    kind: Literal["create", "update", "delete"]
    path: str
    content: str | None
    reason: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Wishes:
    """What was understood of the instructions."""

    keep: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    merge: bool = True
    index: bool = True

    def allow(self, path: str) -> bool:
        """Whether the note at `path` may be changed or dropped."""
        return not path.startswith(self.keep) and (not self.only or path.startswith(self.only))


def read_instructions(text: str | None) -> Wishes:
    """The few words of the module's docstring that have an effect; a prefix may be quoted."""

    def prefixes(verb: str) -> tuple[str, ...]:
        return tuple(re.findall(rf"\b{verb}\b[ \"'`]*(/[^\s\"'`,;]*[^\s\"'`,;.])", text or "", re.I))

    merge = not re.search(r"\b(?:do not|don't|never|no) merg", text or "", re.I)
    index = not re.search(r"\b(?:no|without(?: an)?) index", text or "", re.I)
    return Wishes(prefixes("keep"), prefixes("only"), merge, index)


def plan(notes: Iterable[Note], transcripts: Sequence[Transcript], instructions: str | None = None) -> list[Edit]:
    """The edits of a dream, in the order to apply them: a merged text is written before its copy is dropped.

    At most one edit per path, all within the API's limits; 2,000 notes of 1 kB take about a second.
    """
    draft = _Draft(notes, read_instructions(instructions))
    draft.drop_exact_copies()
    if draft.wishes.merge:
        draft.fold_near_copies()
    draft.let_newest_value_win()
    draft.drop_one_offs()
    return [*draft.edits(), *draft.own_notes(transcripts)]


class _Draft:
    """The store as it will be, with the reason for all that is no longer as it was."""

    def __init__(self, notes: Iterable[Note], wishes: Wishes) -> None:
        self.wishes = wishes
        self.before = {note.path: note for note in sorted(notes, key=lambda note: note.path)}
        self.now = {path: note.content for path, note in self.before.items() if SIGNATURE not in note.content[:400]}
        self.words = {path: reading.words_of(content) for path, content in self.now.items()}
        self.topics = {path: reading.topic_of(path, content) for path, content in self.now.items()}
        self.old = {path for path, content in self.now.items() if reading.calls_itself_old(path, content)}
        self.reasons: dict[str, list[str]] = defaultdict(list)
        self.sources: dict[str, set[str]] = defaultdict(set)

    def explain(self, path: str, reason: str, *sources: str) -> None:
        self.reasons[path].append(reason)
        self.sources[path] |= {path, *sources}

    def drop(self, path: str, reason: str, *sources: str) -> None:
        del self.now[path]
        self.explain(path, reason, *sources)

    def drop_exact_copies(self) -> None:
        groups: dict[str, list[str]] = defaultdict(list)
        for path, content in self.now.items():
            groups[content.strip()].append(path)
        for paths in groups.values():
            keeper = min(paths, key=lambda path: (self.wishes.allow(path), len(path)))
            for path in paths:
                if path != keeper and self.wishes.allow(path):
                    self.drop(path, f"exact copy of {keeper}", keeper)

    def fold_near_copies(self) -> None:
        """Of near copies on one topic the newest stays and takes over the lines that only the others hold; so
        does the note of the same topic and folder for one that calls itself old."""
        ranked = sorted(self.now, key=lambda path: self.before[path].updated_at, reverse=True)
        rank = {path: (self.wishes.allow(path), path in self.old, place) for place, path in enumerate(ranked)}
        into: dict[str, str] = {}

        def kept(path: str) -> str:
            while path in into:
                path = into[path]
            return path

        places = {path: (path.rpartition("/")[0], self.topics[path]) for path in self.now}
        superseded = {(old, new) for old in self.old & places.keys() for new in places if places[new] == places[old]}
        copies = reading.likely_copies({path: self.words[path] for path in self.now})
        for pair in sorted(superseded.union(copies), key=lambda pair: sorted(rank[path] for path in pair)):
            keeper, path = sorted(map(kept, pair), key=rank.__getitem__)
            if keeper != path and self.wishes.allow(path) and self.near(path, keeper) and self.fold(path, keeper):
                into[path] = keeper

    def near(self, one: str, other: str) -> bool:
        """Two notes on one topic that say mostly the same, or two texts that differ in nothing but the heading."""
        first, second = self.words[one], self.words[other]
        shorter, both = min(len(first), len(second)), len(first) + len(second)
        if self.topics[one] == self.topics[other]:
            alike = (both - Indel.distance(first, second)) / 2 >= NEAR_COPY * shorter > 0
            return alike or (one in self.old) != (other in self.old)
        titles = [len(reading.words_of(reading.heading_of(self.before[path].content))) for path in (one, other)]
        return min(titles) > 0 and first[titles[0] :] == second[titles[1] :]

    def fold(self, path: str, keeper: str) -> bool:
        """Move what only `path` says into `keeper`, then drop it; False when that cannot be done line by line."""
        extra = reading.unsaid(self.now[path], self.now[keeper])
        how = "calls itself old, and is on the topic of" if path in self.old else "near copy of"
        code = set(self.now[path].split("\n")) - {line for _, line, _ in reading.prose_lines(self.now[path])}
        merged = f"{self.now[keeper].rstrip()}\n\n## Also noted in {path}\n\n" + "\n".join(extra) + "\n"
        fits = not extra or (self.wishes.allow(keeper) and _fits(merged))
        if not fits or not code <= set(self.now[keeper].split("\n")):
            return False
        if extra:
            self.now[keeper] = merged
            self.explain(keeper, f"took over {len(extra)} line(s) that only {path} held", path)
        self.drop(path, f"{how} {keeper}, which is kept", keeper)
        return True

    def let_newest_value_win(self) -> None:
        """Where several notes give one subject different values, the newest note's value replaces the others."""
        told: dict[tuple[str, ...], dict[str, tuple[int, str]]] = defaultdict(dict)
        for path, content in self.now.items():
            here = [
                (number, fact)
                for number, line, alone in reading.prose_lines(content)
                if (fact := reading.fact_in(line, alone))
            ]
            often = Counter(subject for _, (subject, _) in here)
            for number, (subject, value) in here:
                if often[subject] == 1:
                    told[subject][path] = number, value
        clashes = [
            (path, newest, subject)
            for subject, places in sorted(told.items())
            if 2 <= len(places) < FORM_FIELD
            for newest in [max(sorted(places), key=lambda path: self.before[path].updated_at)]
            for path in sorted(places)
            if reading.contradict(places[path][1], places[newest][1])
        ]
        pairs = Counter((path, newest) for path, newest, _ in clashes)
        for path, newest, subject in clashes:
            if not self.wishes.allow(path) or self.twins(path, newest, pairs[path, newest]):
                continue
            (number, old), (_, value) = told[subject][path], told[subject][newest]
            lines = self.now[path].split("\n")
            lines[number] = value.join(lines[number].rsplit(old, 1))
            if _fits("\n".join(lines)):
                self.now[path] = "\n".join(lines)
                says = f'"{reading.clean(" ".join(subject), 60)}" was {reading.clean(old, 80)} here'
                self.explain(path, f"{says}; {newest} is newer and says {reading.clean(value, 80)}", newest)

    def twins(self, one: str, other: str, clashes: int) -> bool:
        """Two notes of one form about different things: their values differ because the things do."""
        (folder, _, name), (folder2, _, name2) = one.rpartition("/"), other.rpartition("/")
        alike = clashes > 2 or name == name2 or folder == folder2 != ""
        return alike and self.topics[one] != self.topics[other]

    def drop_one_offs(self) -> None:
        """Dated or scratch-like notes that call themselves passing, and empty ones, unless another note names them."""
        passing = {path: why for path, content in self.now.items() if (why := reading.passing_mark(path, content))}
        names = {path: path.rpartition("/")[2] for path in passing}
        wanted = set(names.values())
        naming = {path: wanted & reading.names_in(content) for path, content in self.now.items()}
        named = Counter(name for path in naming for name in naming[path] if names.get(path) != name)
        for path, why in passing.items():
            if self.wishes.allow(path) and not named[names[path]]:
                self.drop(path, f"{why}, and no other note names it")

    def edits(self) -> list[Edit]:
        """What differs from before, side by side what belongs together, a write before the drops it makes safe."""
        found = []
        for path, reasons in self.reasons.items():
            about = "; ".join(reasons), tuple(sorted(self.sources[path]))
            if path not in self.now:
                spot = min(self.sources[path] - {path}, default=path), 1, path
                found.append((spot, Edit("delete", path, None, *about)))
            elif self.now[path] != self.before[path].content:
                found.append(((path, 0, path), Edit("update", path, self.now[path], *about)))
        return [edit for _, edit in sorted(found, key=lambda item: item[0])]

    def own_notes(self, transcripts: Sequence[Transcript]) -> list[Edit]:
        """The dream's own notes: what recurs in the transcripts, then the index; nothing when they are the same."""
        found: list[Edit] = []
        titles = {path: reading.clean(reading.heading_of(text) or text, 80) for path, text in self.now.items()}

        def write(name: str, title: str, body: str, reason: str) -> None:
            path = next((p for p in (f"/{name}.md", f"/{name}-of-sandbox.md") if self.free(p, len(found))), None)
            text = f"# {title}\n\n{SIGNATURE}\n\n{body}\n"
            if path and (path not in self.before or self.before[path].content != text):
                found.append(Edit("update" if path in self.before else "create", path, text, reason, (path,)))
            if path:
                titles[path] = title

        if items := _recurring(transcripts):
            write("recurring", "What recurs in the sessions", "\n".join(items), f"said in {RECURS} sessions or more")
        if self.wishes.index and titles:
            write("_index", "Index", _index(titles), f"index of {len(titles)} notes")
        return found

    def free(self, path: str, added: int) -> bool:
        """Whether the dream may write its own note here: over its earlier one, or where nothing is or would clash."""
        if path in self.before:
            return path not in self.now and path not in self.reasons
        left = self.before.keys() - (self.reasons.keys() - self.now.keys())
        return len(left) + added < MAX_NOTES and not any(p.startswith(path + "/") for p in self.before)


def _fits(content: str) -> bool:
    return len(content.encode("utf-8", "replace")) <= MAX_BYTES


def _index(titles: dict[str, str]) -> str:
    """One line a note, by folder; cut off, with a count, where the API's size limit would be passed."""
    lines, folder, room = list[str](), "", MAX_BYTES - 1_000
    for done, path in enumerate(sorted(titles, key=lambda path: path.rpartition("/"))):
        here, _, name = path.rpartition("/")
        new = ([f"\n## {here}/\n"] if not lines or here != folder else []) + [f"- {name}: {titles[path]}"]
        room -= sum(len(line.encode("utf-8", "replace")) + 1 for line in new)
        if room < 0:
            return "\n".join([*lines, f"\n… and {len(titles) - done} more notes."]).lstrip()
        lines += new
        folder = here
    return "\n".join(lines).lstrip()


def _recurring(transcripts: Sequence[Transcript]) -> list[str]:
    """Markdown items: two telling words in a row that at least three transcripts hold, with the sentences."""
    holders: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for number, transcript in enumerate(transcripts):
        for sentence in (part for turn in transcript.turns for part in reading.sentences(turn)):
            telling = reading.telling_words(sentence)
            for run in pairwise(telling):
                holders[run].setdefault(number, sentence)
    often = [run for run, said in holders.items() if len(said) >= RECURS and reading.is_telling(run)]
    items, quoted = list[str](), set[tuple[int, str]]()
    for run in sorted(often, key=lambda run: (-len(holders[run]), run)):
        said = set(holders[run].items())
        if not quoted & said and sum(item.startswith("- ") for item in items) < RECURRING_ITEMS:
            quoted |= said
            items.append(f"- **{' '.join(run)}**, in {len(said)} sessions:")
            for number, sentence in sorted(said):
                title = reading.clean(transcripts[number].title, 60)
                items.append(f"  - {transcripts[number].session_id} ({title}): “{reading.clean(sentence, 160)}”")
    return items
