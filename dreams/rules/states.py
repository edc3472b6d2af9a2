"""What a table of states is: names, words for people, and which step leads from where to where."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One allowed transition: its name, the states it may start from, the state it leads to."""

    name: str
    sources: frozenset[str]
    target: str


@dataclass(frozen=True, slots=True)
class StateTable:
    """The states of one noun with the words people read, and every allowed step between them."""

    noun: str
    words: Mapping[str, str]
    steps: tuple[Step, ...]
    final: frozenset[str]

    def sources(self, name: str) -> frozenset[str]:
        """The states the step `name` may start from; KeyError for an unknown step."""
        return self._step(name).sources

    def target(self, name: str) -> str:
        """The state the step `name` leads to; KeyError for an unknown step."""
        return self._step(name).target

    def allows(self, name: str, state: str) -> bool:
        """Whether the step `name` may be taken from `state`."""
        return state in self.sources(name)

    def _step(self, name: str) -> Step:
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)


def step(name: str, sources: Iterable[str], target: str) -> Step:
    """A transition, written shortly in the tables."""
    return Step(name, frozenset(sources), target)
