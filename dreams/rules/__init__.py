"""Pure rules: no Django, no network, no clock."""
