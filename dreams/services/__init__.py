"""services by noun."""
