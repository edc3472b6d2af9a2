"""forms by noun."""
