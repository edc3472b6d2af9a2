"""The shape of what people send about versions."""

from django import forms

from dreams.forms.memories import PathField


class RestoreForm(forms.Form):
    """Into a living memory: the bytes the person saw, and whether it goes back to its old path too."""

    seen_sha = forms.CharField(max_length=64, widget=forms.HiddenInput)
    old_path = forms.BooleanField(required=False, label="Move it back to its old path too")


class UndeleteForm(forms.Form):
    """A deleted memory anew, at a path that is free."""

    path = PathField()


class ReadForm(forms.Form):
    """Which two versions are being compared, to come back to them."""

    a = forms.CharField(max_length=100, required=False)
    b = forms.CharField(max_length=100, required=False)
