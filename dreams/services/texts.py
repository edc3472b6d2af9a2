"""Keeping the bodies of memories: once per workspace and sha256."""

from collections.abc import Iterable
from hashlib import sha256

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
