"""The shape of what admins type about their workspace."""

from django import forms

MAX_MODELS, MAX_MODEL = 30, 256


class ModelsField(forms.CharField):
    """Names of models, one a line."""

    widget = forms.Textarea

    def clean(self, value: object) -> list[str]:
        """The lines that say something, each once, in their order."""
        lines = [line.strip() for line in str(super().clean(value)).splitlines()]
        models = list(dict.fromkeys(line for line in lines if line))
        if len(models) > MAX_MODELS:
            raise forms.ValidationError(f"At most {MAX_MODELS} models; these are {len(models)}.")
        for model in models:
            if len(model) > MAX_MODEL or any(not sign.isprintable() or sign == " " for sign in model):
                raise forms.ValidationError(f"“{model[:60]}” cannot be the name of a model.")
        return models


class SettingsForm(forms.Form):
    """The workspace's name and rules."""

    name = forms.CharField(max_length=100, label="Name")
    allow_self_approval = forms.BooleanField(
        required=False,
        label="Somebody alone may approve their own dreams",
        help_text="Only while nobody else here may approve. As soon as a second person may, whoever started a dream "
        "needs another to approve it, whatever is chosen here.",
    )
    daily_snapshots = forms.BooleanField(
        required=False,
        label="A snapshot of each store every day that something was written",
        help_text="Taken from what is mirrored here: it costs no call to the API; equal ones share what they hold.",
    )
    dream_models = ModelsField(
        required=False,
        label="Models for dreams",
        help_text="One a line, the first is offered first. Any other can still be typed when a dream is started. "
        "Empty: those of this installation.",
    )


class KeyForm(forms.Form):
    """An API key; what was typed is never sent back."""

    key = forms.CharField(
        max_length=500,
        label="API key",
        error_messages={"required": "Paste the key."},
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Made in the Claude Console, in the workspace whose memory stores you want to see. It is tried with "
        "one call, then kept encrypted, and never shown again.",
    )
