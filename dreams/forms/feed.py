"""The shape of the filters over the changes, and of how far somebody has seen them."""

import re
from datetime import date

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

# The day after the last one of the calendar is none.
DAYS = [MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(2100, 12, 31))]
OPERATIONS = {
    "created": "Created",
    "modified": "Changed or renamed",
    "deleted": "Deleted",
    "redacted": "Redacted",
}


class FeedFilters(forms.Form):
    """Each filter may be left open; what is not a day is said at its field. `path` finds paths that begin with it when
    it begins with a slash, else those that contain it; `author` is the vendor's id of a session or key, or
    "agent:<name>", or "kind:<kind>"; with `unused` the stores nobody reads are there too."""

    path = forms.CharField(required=False, max_length=1024, strip=False)
    author = forms.CharField(required=False, max_length=300)
    operation = forms.ChoiceField(required=False, choices=[("", "Any change"), *OPERATIONS.items()])
    since = forms.DateField(required=False, validators=DAYS)
    until = forms.DateField(required=False, validators=DAYS)
    unread = forms.BooleanField(required=False)
    unused = forms.BooleanField(required=False)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class SeenForm(forms.Form):
    """How far each store was seen, as "store:version store:version"; given back as {store: version}."""

    seen = forms.RegexField(re.compile(r"\A\d{1,18}:\d{1,18}(?: \d{1,18}:\d{1,18})*\Z", re.ASCII), max_length=60_000)

    def clean_seen(self) -> dict[int, int]:
        """The numbers."""
        pairs = (pair.split(":") for pair in self.cleaned_data["seen"].split())
        return {int(store): int(version) for store, version in pairs}
