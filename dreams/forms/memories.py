"""The shape of what people type about memories."""

from django import forms

from dreams.models import Text


class ContentField(forms.CharField):
    """A memory's text: kept as typed, only with the line ends that browsers force on text areas undone."""

    widget = forms.Textarea

    def __init__(self) -> None:
        super().__init__(required=False, strip=False, label="Text")
        self.widget.attrs.update({"rows": 24, "class": "source", "spellcheck": "false"})

    def to_python(self, value: object) -> str:
        """Browsers send CRLF for every line end of a text area, whatever it held."""
        return str(super().to_python(value)).replace("\r\n", "\n")


class PathField(forms.CharField):
    """A memory's path; what is wrong with it is said by rules.paths."""

    def __init__(self) -> None:
        super().__init__(max_length=1024, strip=False, help_text="Starts with a slash, as in /people/ana.md.")
        self.widget.attrs.update({"class": "mono", "autocomplete": "off"})


def not_by_form(text: Text) -> str:
    """Why this text cannot be edited in a form without harm; "" when it can. A browser shows a NUL as another
    character and sends that back, so that saving would replace it unseen."""
    if text.purged_at:
        return f"{text.tombstone} There is nothing here to edit."
    if "\0" in text.text:
        return "This text holds NUL characters, which no form can carry: saved from here they would be replaced."
    return ""


class NewMemoryForm(forms.Form):
    """A new memory."""

    path = PathField()
    content = ContentField()


class EditMemoryForm(forms.Form):
    """A memory's new text, and the bytes the person saw."""

    content = ContentField()
    seen_sha = forms.CharField(max_length=64, widget=forms.HiddenInput)


class RenameMemoryForm(forms.Form):
    """A memory's new path, and the bytes the person saw."""

    path = PathField()
    seen_sha = forms.CharField(max_length=64, widget=forms.HiddenInput)


class SeenForm(forms.Form):
    """The bytes the person saw, for a deletion."""

    seen_sha = forms.CharField(max_length=64, widget=forms.HiddenInput)
