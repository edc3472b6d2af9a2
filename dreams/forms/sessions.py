"""The shape of the filters over the list of sessions."""

from django import forms


class SessionFilters(forms.Form):
    """Each filter may be left open; what is not a day is said at its field."""

    q = forms.CharField(required=False, max_length=200)
    store = forms.CharField(required=False, max_length=100)
    agent = forms.CharField(required=False, max_length=255)
    deployment = forms.CharField(required=False, max_length=100)
    status = forms.CharField(required=False, max_length=40)
    outcome = forms.CharField(required=False, max_length=40)
    since = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    undreamt = forms.BooleanField(required=False)
