"""The shape of what people decide in a review."""

from collections.abc import Sequence
from typing import Any

from django import forms

from dreams.forms.memories import ContentField
from dreams.queries.changes import Sheet
from dreams.rules import review_states as states

MAX_REASON = 1000


class ReasonField(forms.CharField):
    """Why, in a few words."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_REASON, **options)

    def to_python(self, value: object) -> str:
        """`undone` is what an undo writes there; a person's own word must not read as one."""
        text = str(super().to_python(value))
        return "Undone." if text == "undone" else text


class SeenForm(forms.Form):
    """What the person had in front of them: the number of the last decision."""

    seen_seq = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class OverForm(SeenForm):
    """The same with the digest of what the decision is about."""

    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)


class DecideForm(OverForm):
    """Accept or keep the original."""

    outcome = forms.ChoiceField(choices=[(states.ACCEPTED, "Accept"), (states.KEPT, "Keep original")])
    reason = ReasonField(required=False)


class WhereForm(forms.Form):
    """Which sentence is put back, and where to; nothing chosen is where its neighbours went."""

    finding = forms.RegexField(r"^(lost|altered)-[0-9]{1,5}$", widget=forms.HiddenInput)
    into = forms.CharField(required=False, max_length=1024, label="Into the memory", strip=False)
    where = forms.CharField(required=False, max_length=20, label="At this place", widget=forms.Select)


class PutBackForm(WhereForm, OverForm):
    """The same with what the person had in front of them; `target_seq` where that was another change, too."""

    target_seq = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)


class DiscardForm(forms.Form):
    """Why a review is discarded."""

    reason = ReasonField(
        label="Why is it discarded?",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why, in a few words: the next reader will want to know."},
    )


class EditForm(OverForm):
    """A text for each path of a change that stays."""

    reason = ReasonField(required=False, label="Reason")

    def __init__(self, sheets: Sequence[Sheet], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sheets = sheets
        for number, sheet in enumerate(sheets):
            self.fields[f"stays-{number}"] = forms.BooleanField(
                required=False, initial=sheet.stays, label=f"Keep {sheet.path}"
            )
            field = ContentField()
            field.label, field.initial = sheet.path, sheet.text
            self.fields[f"text-{number}"] = field

    @property
    def rows(self) -> list[tuple[Sheet, forms.BoundField, forms.BoundField]]:
        """Each path with its two fields."""
        return [(sheet, self[f"stays-{n}"], self[f"text-{n}"]) for n, sheet in enumerate(self.sheets)]

    def texts(self) -> dict[str, str]:
        """{path: text} of what stays, once valid. A text that had CRLF line ends throughout keeps them."""
        kept = {
            sheet.path: (self.cleaned_data[f"text-{n}"], sheet.text)
            for n, sheet in enumerate(self.sheets)
            if len(self.sheets) == 1 or self.cleaned_data[f"stays-{n}"]
        }
        return {path: text.replace("\n", "\r\n") if _crlf(was) else text for path, (text, was) in kept.items()}


def _crlf(text: str) -> bool:
    return "\r\n" in text and text.count("\n") == text.count("\r\n")
