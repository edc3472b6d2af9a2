"""The shape of what admins type about their workspace."""

from typing import Any

from django import forms

from dreams.rules.scans import BLOCK, KIND_WORDS, WARN

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
    """The workspace's name and rules, one field for each kind of warning among them."""

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
    loss_alarm = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=100,
        label="Alarm when a dream loses more than this, in percent",
        help_text="The share of the statements before, headings aside, that nobody says any more after. Above it the "
        "review opens with a red notice, and the inbox says so; nothing is blocked by it. 0: at any loss.",
    )
    dream_models = ModelsField(
        required=False,
        label="Models for dreams",
        help_text="One a line, the first is offered first. Any other can still be typed when a dream is started. "
        "Empty: those of this installation.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, words in KIND_WORDS.items():
            self.fields[f"scan_{kind}"] = forms.ChoiceField(
                label=words, choices=[(WARN, "Warn"), (BLOCK, "Block")], initial=WARN, required=False
            )

    @property
    def scan_fields(self) -> list[forms.BoundField]:
        """The fields of the warnings."""
        return [self[f"scan_{kind}"] for kind in KIND_WORDS]

    def clean(self) -> dict[str, Any]:
        """What the service takes: the choices for all kinds of warning as one `scan_policy`."""
        said = super().clean() or {}
        policy = {kind: said.pop(f"scan_{kind}", "") or WARN for kind in KIND_WORDS}
        return said | {"scan_policy": policy}


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
