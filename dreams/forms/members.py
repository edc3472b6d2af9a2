"""The shape of what admins type about members."""

from django import forms

from dreams.rules import roles

ROLE_CHOICES = [(role, roles.ROLE_WORDS[role]) for role in roles.ROLES]


class NewMemberForm(forms.Form):
    """Somebody to be added."""

    email = forms.EmailField(label="E-mail address", help_text="They sign in with it. No mail is sent.")
    name = forms.CharField(max_length=100)
    role = forms.ChoiceField(choices=ROLE_CHOICES, initial=roles.REVIEWER, help_text="What each may do stands below.")


class MemberForm(forms.Form):
    """A member's role, and whether they may come in."""

    role = forms.ChoiceField(choices=ROLE_CHOICES)
    active = forms.BooleanField(required=False)
