"""The shape of what people type and pick for a dream."""

from django import forms
from django.http import QueryDict


class PickedSessions(forms.Field):
    """The ids of the sessions picked from the page's list; which ones exist and how many may be is the service's."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: object) -> list[str]:
        """The ids in their order, each once."""
        return list(dict.fromkeys(map(str, value))) if isinstance(value, list) else []

    def validate(self, value: list[str]) -> None:
        """No id of the vendor looks like these, and PostgreSQL does not even look for them."""
        if any("\0" in each for each in value):
            raise forms.ValidationError("Sessions are chosen from the list.")


class DreamForm(forms.Form):
    """A dream over a store: the sessions it reads, the model, the instructions."""

    sessions = PickedSessions(required=False)
    model = forms.CharField(
        help_text="Choose one or type another: whatever the vendor's dreams accept.",
        widget=forms.TextInput(attrs={"list": "models", "autocomplete": "off", "spellcheck": "false"}),
    )
    instructions = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 5}))

    def clean_instructions(self) -> str:
        """Browsers send CRLF for each line end of a text area, which the vendor would count twice."""
        return str(self.cleaned_data["instructions"]).replace("\r\n", "\n")

    @classmethod
    def showing(cls, typed: QueryDict | None, *, model: str, instructions: str = "") -> "DreamForm":
        """A form that shows what was typed so far without judging it; these values where nothing was typed."""
        if typed is None:
            return cls(initial={"model": model, "instructions": instructions})
        return cls(initial={"model": typed.get("model", ""), "instructions": typed.get("instructions", "")})


class ReviewChoiceForm(forms.Form):
    """Whether to end the line's open review in favour of the dream's own; empty waits for it."""

    supersede = forms.IntegerField(required=False)


def form_sessions(typed: QueryDict) -> list[str]:
    """The ids picked in a posted form that is shown again, without those that no database could look for."""
    return [id for id in typed.getlist("sessions") if "\0" not in id]
