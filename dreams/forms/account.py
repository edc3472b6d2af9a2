"""The form of the sign-in page."""

from typing import Any

from allauth.account.forms import LoginForm
from django.conf import settings


class SignInForm(LoginForm):
    """Offers to mail a link for a new password only where mail is set up: else it would end in the log."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not settings.MAIL_IS_SET_UP:
            self.fields["password"].help_text = "Forgotten? An admin of your workspace can make you a new link."
