"""The form of the set-up page."""

from django import forms
from django.contrib.auth.password_validation import validate_password


class SetupForm(forms.Form):
    """Who the first admin is and what the first workspace is called."""

    name = forms.CharField(max_length=100, label="Your name")
    email = forms.EmailField(label="E-mail address")
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), help_text="At least ten characters."
    )
    workspace = forms.CharField(max_length=100, label="Name of the workspace")
    slug = forms.SlugField(
        max_length=50, label="Its address", help_text="Its pages begin with it, as in /support/. It cannot be changed."
    )

    def clean_password(self) -> str:
        """The usual rules for passwords."""
        password: str = self.cleaned_data["password"]
        validate_password(password)
        return password
