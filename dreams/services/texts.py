"""Keeping foreign texts: the bodies of memories once per workspace and sha256, other words as a column takes them."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from django.db.models import CharField, Model

from dreams.models import Text, Workspace


def keep_texts(workspace: Workspace, bodies: Iterable[str]) -> dict[str, Text]:
    """Stores what is not stored yet and returns {sha256: Text} of all of them. A purged text stays purged."""
    wanted = {digest_of(body): body.encode() for body in bodies}
    known = texts_by_sha(workspace, wanted)
    missing = [sha for sha in wanted if sha not in known]
    if missing:
        Text.objects.bulk_create(
            [Text(workspace=workspace, sha256=sha, body=wanted[sha], size=len(wanted[sha])) for sha in missing],
            ignore_conflicts=True,  # another process may be keeping the same text at this moment
            batch_size=100,
        )
        known.update(texts_by_sha(workspace, missing))
    return known


def texts_by_sha(workspace: Workspace, shas: Iterable[str]) -> dict[str, Text]:
    """{sha256: Text} of those that are stored; batched, since SQLite bounds the variables of a query."""
    wanted, found = sorted(set(shas)), {}
    for start in range(0, len(wanted), 500):
        rows = Text.objects.filter(workspace=workspace, sha256__in=wanted[start : start + 500])
        found.update({text.sha256: text for text in rows})
    return found


def digest_of(body: str) -> str:
    """The vendor's content_sha256 of a text: lower-case hex over its UTF-8 bytes, nothing normalised."""
    return sha256(body.encode()).hexdigest()


def fitted(model: type[Model], values: Mapping[str, Any]) -> dict[str, Any]:
    """The same with texts cut to the length of their columns: PostgreSQL refuses longer ones, and one odd name must
    not keep a whole list from being mirrored."""
    most = {f.name: f.max_length for f in model._meta.concrete_fields if isinstance(f, CharField)}
    return {name: value[: most.get(name)] if isinstance(value, str) else value for name, value in values.items()}


def storable(found: Any) -> Any:
    """The same without NULs and halves of characters, which jsonb refuses; they are shown as U+FFFD and ?."""
    if isinstance(found, str):
        return found.replace("\0", "\ufffd").encode(errors="replace").decode()
    if isinstance(found, Mapping):
        return {storable(name): storable(value) for name, value in found.items()}
    return [storable(each) for each in found] if isinstance(found, list | tuple) else found
