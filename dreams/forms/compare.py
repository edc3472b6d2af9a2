"""The shape of two moments as people choose them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms

from dreams.rules.moments import AT, NOW, Moment

Options = Sequence[tuple[str, str]]
TIME = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class MomentsForm(forms.Form):
    """Two ends: each is one of the offered moments, or the store at a time of its own (UTC)."""

    before = forms.ChoiceField(label="What")
    before_at = forms.DateTimeField(label="Time, UTC", required=False, widget=TIME)
    after = forms.ChoiceField(label="What")
    after_at = forms.DateTimeField(label="Time, UTC", required=False, widget=TIME)

    def __init__(
        self, store_id: str, snapshots: Options, stores: Options, now: datetime, data: Mapping[str, Any] | None
    ) -> None:
        super().__init__(data, initial={"before": AT, "after": f"{NOW}:{store_id}"})
        self.store_id, self.now = store_id, now
        groups = [("Snapshots", list(snapshots)), ("Other stores", list(stores))]
        own = [(f"{NOW}:{store_id}", "This store, now"), (AT, "This store at the time below")]
        for name in ("before", "after"):
            self.fields[name].choices = [*own, *(group for group in groups if group[1])]

    def clean(self) -> dict[str, Any]:
        """Each end as a Moment's words; two equal ends have nothing between them."""
        ends = [self._end(name) for name in ("before", "after")]
        if all(ends) and ends[0] == ends[1]:
            self.add_error("after", "Both sides are the same moment.")
        return {"before": ends[0], "after": ends[1]}

    def _end(self, name: str) -> str:
        said, at = self.cleaned_data.get(name, ""), self.cleaned_data.get(f"{name}_at")
        if said != AT:
            return said
        if at is None:
            if f"{name}_at" not in self.errors:
                self.add_error(f"{name}_at", "Say the date and the time.")
            return ""
        if at > self.now:
            self.add_error(f"{name}_at", "That moment has not come yet.")
        return str(Moment(AT, self.store_id, at))
