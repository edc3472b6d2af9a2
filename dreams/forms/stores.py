"""The shape of what people type about stores."""

from django import forms


class StoreForm(forms.Form):
    """A new store."""

    name = forms.CharField(
        max_length=255, help_text="Agents find its memories under /mnt/memory/ and this name in lower case."
    )
    description = forms.CharField(
        max_length=1024,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Goes into the agents' system prompt: say what belongs in here.",
    )
    # The same at every sending of one form, so that a second click makes no second store.
    token = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
