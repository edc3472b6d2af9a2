"""Who wrote a version, in words: sessions by title and agent, keys and people by the id the vendor gives."""

from collections.abc import Iterable
from dataclasses import dataclass

from dreams.models import MemoryVersion, Session, Workspace
from dreams.rules.sizes import id_words

KIND_WORDS = {"api_key": "API key", "user": "Console user", "service_account": "Service account"}


@dataclass(frozen=True, slots=True)
class Author:
    """`icon` is what _person.html draws (person, agent, key); `session_id` leads to a transcript ("" for none)."""

    name: str
    icon: str
    session_id: str = ""


def authors_of(workspace: Workspace, versions: Iterable[MemoryVersion]) -> dict[str, Author]:
    """{version's remote id: Author}; one query whatever the number of versions."""
    versions = list(versions)
    ids = {v.actor_id for v in versions if v.actor_kind == "session"}
    sessions = {
        s.remote_id: s
        for s in Session.objects.filter(workspace=workspace, remote_id__in=ids).only(
            "remote_id", "title", "agent_name"
        )
    }
    return {v.remote_id: _author(v, sessions.get(v.actor_id)) for v in versions}


def _author(version: MemoryVersion, session: Session | None) -> Author:
    if version.actor_kind == "session":
        if session is None:
            return Author(id_words("session", version.actor_id), "agent")
        return Author(f"{session.agent_name or 'Agent'} in “{session}”", "agent", session.remote_id)
    if not version.actor_kind:
        return Author("unknown", "person")
    icon = "person" if version.actor_kind == "user" else "key"
    return Author(id_words(KIND_WORDS.get(version.actor_kind, version.actor_kind), version.actor_id), icon)
