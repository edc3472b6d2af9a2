"""Who an agent may call: both shapes of `multiagent` read into one, whatever is missing or new in them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dreams.rules.loose import count, items, mapping, string


@dataclass(frozen=True, slots=True)
class Member:
    """One that may be called. `kind` is agent, self, advisor, or a word of the vendor's that is new here. `version`
    is the one it is pinned to, None for the newest; `uses` says for what: subagents, workflows (none in the older
    shape, where every member is called the same way)."""

    kind: str
    id: str = ""
    version: int | None = None
    model: str = ""
    name: str = ""
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A way to hand work on: whether it is on, and whether agents may be made up on the spot (None: not told)."""

    on: bool
    inline: bool | None


@dataclass(frozen=True, slots=True)
class Roster:
    """What an agent may call. `shape` is the vendor's word for it, "" for one that works alone; in the older shape
    (coordinator) there are no groups."""

    shape: str
    members: tuple[Member, ...] = ()
    subagents: Group | None = None
    workflows: Group | None = None

    @property
    def alone(self) -> bool:
        """Whether it can hand on nothing at all."""
        groups = [group for group in (self.subagents, self.workflows) if group]
        return not self.members and not any(group.on for group in groups)

    @property
    def agent_ids(self) -> frozenset[str]:
        """The other agents in it."""
        return frozenset(member.id for member in self.members if member.kind == "agent")


def roster_of(multiagent: Any) -> Roster:
    """Reads either shape: {"type": "coordinator", "agents": […]} or {"type": "multiagent_…", "advisor", "subagents",
    "workflows"}; never raises. Where the newer shape leaves a group out, the vendor's default holds: on."""
    value = mapping(multiagent)
    if not value:
        return Roster("")
    shape = string(value.get("type")) or "unknown"
    if "agents" in value:
        return Roster(shape, tuple(_member(entry) for entry in items(value.get("agents"))))
    members: dict[tuple[str, int | None], Member] = {}
    for use in ("subagents", "workflows"):
        for entry in _predefined(value.get(use)):
            found = _member(entry)
            known = members.get((found.id, found.version))
            uses = (*(known.uses if known else ()), use)
            members[found.id, found.version] = replace(found, uses=uses)
    advisor = mapping(value.get("advisor"))
    advisors = [Member("advisor", model=_model(advisor))] if advisor.get("type") == "enabled" else []
    groups = [_group(value.get(use)) for use in ("subagents", "workflows")]
    return Roster(shape, (*members.values(), *advisors), *groups)


def _predefined(group: Any) -> list[Any]:
    """The named agents of a group that is on."""
    value = mapping(group)
    return [] if value.get("type") == "disabled" else items(value.get("predefined_agents"))


def _group(group: Any) -> Group:
    value = mapping(group)
    inline = mapping(value.get("inline_agents")).get("type")
    return Group(value.get("type") != "disabled", None if inline is None else inline != "disabled")


def _member(entry: Any) -> Member:
    """One entry: an agent by id alone or as an object, the agent itself, an advisor."""
    if isinstance(entry, str):
        return Member("agent", entry)
    value = mapping(entry)
    kind = string(value.get("type")) or ("agent" if value.get("id") else "unknown")
    return Member(
        kind,
        id=string(value.get("id")),
        version=count(value.get("version")) or None,
        model=_model(value),
        name=string(value.get("name")),
    )


def _model(value: Mapping[str, Any]) -> str:
    """A model by its id, which is a word or an object."""
    model = value.get("model")
    return string(model) or string(mapping(model).get("id"))
