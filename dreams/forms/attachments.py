"""The shape of what is sent to attach: which deployments, over which bytes the person saw."""

from django import forms


class AttachForm(forms.Form):
    """`chosen` holds one "<deployment id> <digest of its resources>" per ticked box; `drift` names what was listed."""

    drift = forms.RegexField(r"^[0-9a-f]{64}$")

    def chosen(self) -> dict[str, str]:
        """{deployment id: digest} of the ticked boxes; what is malformed matches no digest later on."""
        ticked = self.data.getlist("chosen") if hasattr(self.data, "getlist") else []
        return dict((*value.split(" ", 1), "")[:2] for value in ticked[:500])
