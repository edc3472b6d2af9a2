"""The shape of a search: any words, and filters that may be left open."""

from typing import Any

from django import forms

from dreams.queries.search import Narrow


class SearchForm(forms.Form):
    """What is no day is said at its field; of the words nothing is refused, since whoever searches is not filling in
    a form."""

    store = forms.CharField(required=False, max_length=100)
    path = forms.CharField(required=False, max_length=1024, strip=False)
    author = forms.CharField(required=False, max_length=255)
    since = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    removed = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        """A day before the first one of our calendar or after the last one is none."""
        found = super().clean() or self.cleaned_data
        for name in ("since", "until"):
            day = found.get(name)
            if day is not None and not 1970 <= day.year <= 2100:
                self.add_error(name, "Enter a day between 1970 and 2100.")
        return found

    @property
    def narrow(self) -> Narrow:
        """The filters, when the form is valid."""
        return Narrow(**self.cleaned_data)
