"""queries by noun."""
