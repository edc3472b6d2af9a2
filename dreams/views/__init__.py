"""views by noun."""
