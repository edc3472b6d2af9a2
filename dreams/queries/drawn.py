"""Reads of the differences that were drawn before."""

from collections.abc import Mapping, Sequence

from dreams.models import Drawn, Workspace


class Shelf:
    """What a workspace has of drawings, read in one query; `fresh` are those that had to be drawn, to be kept."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.fresh: dict[str, str] = {}

    def fetch(self, keys: Sequence[str]) -> Mapping[str, str]:
        """{key: HTML} of those that are kept."""
        rows = Drawn.objects.filter(workspace=self.workspace, key__in=keys)
        return dict(rows.values_list("key", "html"))

    def put(self, key: str, html: str) -> None:
        """Remembers one for whoever keeps them."""
        self.fresh[key] = html
